//! MS-NLMP: the messages, the keys, and the two states of either side. No clock, no randomness, no
//! I/O.
//!
//! ```text
//! acceptor   NEGOTIATE in, CHALLENGE out; AUTHENTICATE in, a Claim out; its MIC checked
//! initiator  NEGOTIATE out; CHALLENGE in, AUTHENTICATE out
//!   ├─► message    the three messages          ─► flags
//!   ├─► response   what AUTHENTICATE answers   ─► av_pair
//!   ├─► keys       the hashes that prove it
//!   ├─► bindings   the channel that a login is bound to
//!   └─► text       names: what hashes run over, and what a person means
//! seal       the messages of an established context: signed and sealed
//! ```

pub mod acceptor;
pub mod av_pair;
pub mod bindings;
mod error;
pub mod flags;
pub mod initiator;
pub mod keys;
pub mod message;
pub mod response;
pub mod seal;
#[cfg(test)]
pub(crate) mod tests;
pub mod text;

pub use error::NtlmError;

/// NTLM's object identifier, without tag and length: 1.3.6.1.4.1.311.2.2.10 (MS-NLMP 1.9)
pub const OBJECT_IDENTIFIER: &[u8] = &[0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0A];
