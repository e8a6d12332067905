//! MS-NLMP: the messages, the keys and the state machines of both sides. No clock, no randomness,
//! no I/O.
//!
//! ```text
//! acceptor   NEGOTIATE in, CHALLENGE out; AUTHENTICATE in, a Claim out; then the MIC is checked
//! initiator  NEGOTIATE out; CHALLENGE in, AUTHENTICATE out
//!   ├─► message    the three messages                      ─► flags
//!   ├─► response   the responses in AUTHENTICATE           ─► av_pair
//!   ├─► keys       the hashes and keys behind the responses and the MIC
//!   ├─► bindings   the channel that a login is bound to
//!   └─► text       names: the units that are hashed, and the meaning
//! seal       session security: signatures and encryption of an established context
//! error      why a message is refused
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
