//! MS-NLMP: the messages, the keys, and the acceptor's two states. No clock, no randomness, no I/O.
//!
//! ```text
//! acceptor   NEGOTIATE in, CHALLENGE out; AUTHENTICATE in, a Claim out; its MIC checked
//!   ├─► message    the three messages          ─► flags
//!   ├─► response   what AUTHENTICATE answers   ─► av_pair
//!   ├─► keys       the hashes that prove it
//!   └─► text       names: what hashes run over, and what a person means
//! seal       the messages of an established context: signed and sealed
//! ```

pub mod acceptor;
pub mod av_pair;
pub mod flags;
#[cfg(test)]
pub(crate) mod initiator;
pub mod keys;
pub mod message;
pub mod response;
pub mod seal;
pub mod text;
