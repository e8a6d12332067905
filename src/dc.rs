//! The way to a domain controller: find one, open a secure channel, keep it, ask over it.
//!
//! [`pool`] is what the rest of the mechanism uses; `channel` is one connection of it.

mod channel;
mod locate;
pub mod pool;
mod secret;

use std::fmt;

use crate::fault::{Fault, Minor};
use crate::net;
use crate::rpc::{self, FaultStatus, NtStatus};

/// What was being done when something went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Asking on port 135 where NETLOGON listens.
    FindPort,
    /// NetrServerReqChallenge and NetrServerAuthenticate3.
    AgreeOnKey,
    /// The sealed bind, and the check that nobody changed the negotiation.
    OpenChannel,
    /// NetrLogonSamLogonEx.
    Logon,
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::FindPort => "asking for the port of netlogon",
            Self::AgreeOnKey => "agreeing on a session key",
            Self::OpenChannel => "opening the sealed channel",
            Self::Logon => "asking about the login",
        })
    }
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The network, or the controller's host.
    #[error("{peer}, {step}: {error}")]
    Net {
        peer: std::net::SocketAddr,
        step: Step,
        error: net::Error,
    },
    /// What was said.
    #[error("{peer}, {step}: {error}")]
    Rpc {
        peer: std::net::SocketAddr,
        step: Step,
        error: rpc::Error,
    },
    /// No controller is known; why.
    #[error("looking for a domain controller: {0}")]
    NotFound(String),
    /// None of several controllers can be reached; what each attempt gave.
    #[error("{0}")]
    AllUnreachable(String),
    /// All connections were in use for as long as there was time.
    #[error("every connection was busy until the time was over")]
    Busy,
    /// The time was over before the controller could be asked.
    #[error("the time was over before a controller could be asked")]
    TimeOver,
    /// The machine account's secret cannot be read.
    #[error("{}", .0.for_the_log())]
    Secret(Fault),
}

impl Error {
    /// Nobody took the connection: another controller may.
    fn is_unreachable(&self) -> bool {
        let Self::Net { error, .. } = self else {
            return false;
        };
        matches!(error, net::Error::Connect(_))
    }

    /// A handshake of another process for the same account came between: worth trying again.
    fn is_handshake_race(&self) -> bool {
        match self {
            Self::Rpc { step, error, .. } => {
                *step == Step::OpenChannel && (is_loss(error) || is_denied(error))
            }
            _ => false,
        }
    }

    /// The controller has forgotten the channel, or a connection that had been idle is dead: the
    /// question was not answered, and may be asked once more over a fresh channel.
    fn is_channel_loss(&self, was_idle: bool) -> bool {
        match self {
            Self::Rpc { error, .. } => is_loss(error),
            Self::Net { error, .. } => {
                was_idle && matches!(error, net::Error::Closed | net::Error::Broken(_))
            }
            _ => false,
        }
    }
}

fn is_loss(error: &rpc::Error) -> bool {
    matches!(
        error,
        rpc::Error::Fault(FaultStatus::ACCESS_DENIED | FaultStatus::SEC_PKG_ERROR)
    )
}

fn is_denied(error: &rpc::Error) -> bool {
    matches!(error, rpc::Error::Status(_, NtStatus::ACCESS_DENIED))
}

/// The one place where what went wrong on the way to a controller becomes a code.
impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let minor = match &error {
            Error::Net { error, .. } => match error {
                net::Error::Timeout => Minor::ControllerTimeout,
                net::Error::Unframed(_) => Minor::ControllerForged,
                net::Error::Connect(_) | net::Error::Closed | net::Error::Broken(_) => {
                    Minor::ControllerUnreachable
                }
            },
            Error::Rpc { step, error, .. } => minor_of(*step, error),
            Error::AllUnreachable(_) | Error::NotFound(_) => Minor::ControllerUnreachable,
            Error::Busy | Error::TimeOver => Minor::ControllerTimeout,
            Error::Secret(fault) => return fault.clone(),
        };
        minor.because(error)
    }
}

fn minor_of(step: Step, error: &rpc::Error) -> Minor {
    match error {
        rpc::Error::Malformed(_) | rpc::Error::Forged(_) | rpc::Error::Sequence(_) => {
            Minor::ControllerForged
        }
        rpc::Error::Downgraded(_) => Minor::ChannelDowngraded,
        rpc::Error::NotRegistered(_) => Minor::ControllerNotReady,
        rpc::Error::BindRefused(_) | rpc::Error::Fault(_) => Minor::ChannelRefused,
        rpc::Error::Status(_, status) => match (step, *status) {
            (Step::AgreeOnKey, NtStatus::ACCESS_DENIED) => Minor::MachineSecretRefused,
            (_, NtStatus::NO_TRUST_SAM_ACCOUNT) => Minor::MachineAccountUnknown,
            (_, NtStatus::DOWNGRADE_DETECTED) => Minor::ChannelDowngraded,
            (_, NtStatus::NETLOGON_NOT_STARTED | NtStatus::INVALID_SERVER_STATE) => {
                Minor::ControllerNotReady
            }
            _ => Minor::ChannelRefused,
        },
        // Nothing that came in an NTLM message is too long.
        rpc::Error::TooLong(_) => Minor::InternalError,
        rpc::Error::NoRandomBytes(_) => Minor::NoRandomBytes,
    }
}
