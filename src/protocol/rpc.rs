//! What is said to a domain controller: bytes in, bytes out; no socket and no clock.
//!
//! DCE/RPC (C706, MS-RPCE) carries three interfaces: the endpoint mapper ([`epm`]), NETLOGON
//! (MS-NRPC, [`netlogon`]) and LSA (MS-LSAT, [`lsa`]). A [`client`] connection takes a call to PDUs ([`pdu`]) and back; each
//! step consumes the state before it, so that one that failed cannot be used again. [`schannel`]
//! agrees on a session key and seals the PDUs with it.
//!
//! Everything that the peer sends is bounded before it is looked at: a PDU by
//! [`pdu::MAX_FRAGMENT`], a whole answer by [`client::MAX_ANSWER`].

pub mod client;
pub mod epm;
pub mod lsa;
pub mod ndr;
pub mod netlogon;
pub mod pdu;
pub mod schannel;
mod status;

#[cfg(test)]
pub(crate) mod tests;

use crate::base::crypto::NoRandomBytes;
use crate::base::wire::DecodeError;

pub use status::{FaultStatus, NtStatus};

/// Why a conversation ended, by who is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The peer's bytes are none that the protocol allows.
    #[error("the answer is malformed: {0}")]
    Malformed(#[from] DecodeError),
    /// The peer has not shown that it knows the key: somebody else speaks, or changed its words.
    #[error("the answer is not authentic: {0}")]
    Forged(&'static str),
    /// The peer's message is not the one that comes next.
    #[error("the answer is out of sequence: {0}")]
    Sequence(&'static str),
    /// The peer offers, or says that it agreed to, less than what is required.
    #[error("the secure channel is too weak: {0}")]
    Downgraded(&'static str),
    /// The peer does not sign the headers of its PDUs; what would need them.
    #[error("the controller does not sign headers, and {0}")]
    HeadersUnsigned(&'static str),
    /// The peer refused the connection's interface or its credentials (`bind_nak`, C706 12.6.4.5).
    #[error("the bind was refused, reason {0}")]
    BindRefused(u16),
    /// The port belongs to a server that does not have the interface.
    #[error("the port does not serve the interface")]
    InterfaceNotServed,
    /// The peer's endpoint mapper knows no port of the interface; the mapper's status.
    #[error("the endpoint mapper knows no port for it (status {0:#010x})")]
    NotRegistered(u32),
    /// The peer did not execute the call.
    #[error("the call failed with fault {0}")]
    Fault(FaultStatus),
    /// The call of this name was executed and refused.
    #[error("{0} was refused with {1}")]
    Status(&'static str, NtStatus),
    /// What the caller wants to say does not fit into the protocol's field.
    #[error("{0} is too long")]
    TooLong(&'static str),
    /// The kernel gave none.
    #[error(transparent)]
    NoRandomBytes(#[from] NoRandomBytes),
}
