//! The conversation with a domain controller: bytes in, bytes out; no socket and no clock.
//!
//! DCE/RPC (C706, MS-RPCE) carries three interfaces: the endpoint mapper ([`epm`]), NETLOGON
//! (MS-NRPC, [`netlogon`]) and LSA (MS-LSAT, [`lsa`]). A [`client`] connection converts calls to
//! PDUs ([`pdu`]) and back. Each step consumes the state before it, so that a failed connection
//! cannot be used again. [`schannel`] agrees on a session key and seals the PDUs with it.
//!
//! Everything that the peer sends is bounded before it is parsed: a PDU by [`pdu::MAX_FRAGMENT`], a
//! whole answer by [`client::MAX_ANSWER`].

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

/// Why a conversation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The peer's bytes violate the protocol.
    #[error("the answer is malformed: {0}")]
    Malformed(#[from] DecodeError),
    /// The peer does not prove that it knows the key: the answer is forged or was changed.
    #[error("the answer is not authentic: {0}")]
    Forged(&'static str),
    /// The peer's message is not the expected one.
    #[error("the answer is out of sequence: {0}")]
    Sequence(&'static str),
    /// The peer offers or confirms less than what is required.
    #[error("the secure channel is too weak: {0}")]
    Downgraded(&'static str),
    /// The peer does not sign the headers of its PDUs, and this needs them.
    #[error("the controller does not sign headers, and {0}")]
    HeadersUnsigned(&'static str),
    /// The peer refused the connection's interface or its credentials (`bind_nak`, C706 12.6.4.5).
    #[error("the bind was refused, reason {0}")]
    BindRefused(u16),
    /// The server at the port does not have the interface.
    #[error("the port does not serve the interface")]
    InterfaceNotServed,
    /// The peer's endpoint mapper has no port for the interface; the mapper's status.
    #[error("the endpoint mapper has no port for the interface (status {0:#010x})")]
    NotRegistered(u32),
    /// The peer did not execute the call.
    #[error("the call failed with fault {0}")]
    Fault(FaultStatus),
    /// The call of this name was executed and returned an error.
    #[error("{0} was refused with {1}")]
    Status(&'static str, NtStatus),
    /// The caller's value is too long for the protocol's field.
    #[error("{0} is too long")]
    TooLong(&'static str),
    /// The kernel returned no random bytes.
    #[error(transparent)]
    NoRandomBytes(#[from] NoRandomBytes),
}
