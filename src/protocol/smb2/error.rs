//! Why a conversation ends early.

use crate::base::wire::DecodeError;
use crate::protocol::rpc::NtStatus;

/// Why there is no valid reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Smb2Error {
    /// A message over the limit, or not of this transport.
    #[error("not an SMB2 message over TCP: {0}")]
    Frame(&'static str),
    /// The server speaks SMB1 only.
    #[error("the server speaks SMB1 only")]
    Smb1,
    /// The reply cannot be read.
    #[error("invalid reply: {0}")]
    Malformed(#[from] DecodeError),
    /// The server refuses a step in which no user takes part.
    #[error("{step} is refused: {status}")]
    Refused {
        /// The command, as in the specification.
        step: &'static str,
        /// The server's status.
        status: NtStatus,
    },
    /// The client's message is too long for a request.
    #[error("the client's message is too long for SMB2")]
    TooLong,
}
