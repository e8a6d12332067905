//! Why no controller gave a verdict, and at which step.

use std::fmt;

use crate::base::fault::{Fault, Minor};
use crate::base::log::Quoted;
use crate::base::net;
use crate::dc::failure;
use crate::protocol::rpc::{self, FaultStatus, NtStatus};

/// What was being done when something went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Asking on port 135 where NETLOGON or LSA listens.
    FindPort,
    /// NetrServerReqChallenge and NetrServerAuthenticate3.
    AgreeOnKey,
    /// The sealed bind, and the check that nobody changed the negotiation.
    OpenChannel,
    /// NetrLogonSamLogonEx.
    Logon,
    /// LsarLookupSids3.
    Names,
    /// DsrEnumerateDomainTrusts.
    Domains,
}

impl Step {
    /// Whether the step's connection is sealed with a session key.
    pub(super) fn is_sealed(self) -> bool {
        match self {
            Self::FindPort | Self::AgreeOnKey => false,
            Self::OpenChannel | Self::Logon | Self::Names | Self::Domains => true,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::FindPort => "asking for the port of the service",
            Self::AgreeOnKey => "agreeing on a session key",
            Self::OpenChannel => "opening the sealed channel",
            Self::Logon => "asking about the login",
            Self::Names => "asking what groups are called",
            Self::Domains => "asking which domains there are",
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
    /// The controller took the login and fell silent, and takes no new connection either.
    #[error("{peer}, {step}: no answer, and none on another connection", step = Step::Logon)]
    Unresponsive { peer: std::net::SocketAddr },
    /// What was said.
    #[error("{peer}, {step}: {error}{}", hint(*.step, .error))]
    Rpc {
        peer: std::net::SocketAddr,
        step: Step,
        error: rpc::Error,
    },
    /// None of several controllers gave an answer; what each attempt gave.
    #[error("{}", told(.0))]
    AllFailed(Vec<Error>),
    /// The login was sent before this, and its answer was lost.
    #[error("{0}; the login was sent before, and its answer was lost")]
    AnswerLost(Box<Error>),
    /// No controller answered a moment ago: this time, none was asked.
    #[error("{}", .0.for_the_log())]
    Outage(Fault),
    /// No controller is known; why.
    #[error("looking for a domain controller: {0}")]
    NotFound(String),
    /// All connections were in use for as long as there was time.
    #[error("every connection was busy until the time was over")]
    Busy,
    /// As many logons of this host were under way as may be, for as long as there was time.
    #[error("the processes of this host had host_logons logons under way until the time was over")]
    HostBusy,
    /// Enough logins of other domains were waiting for a connection.
    #[error("too many logins of other domains are waiting for their turn")]
    Crowded,
    /// This domain did not answer our controller a moment ago: this time, it was not asked.
    #[error("the domain {} did not answer a moment ago", Quoted(.0))]
    SilentDomain(String),
    /// The time was over before the controller could be asked.
    #[error("the time was over before a controller could be asked")]
    TimeOver,
    /// The machine account's secret cannot be read.
    #[error("{}", .0.for_the_log())]
    Secret(Fault),
}

/// The cure where a bind without credentials is refused: only a port of another service does that.
fn hint(step: Step, error: &rpc::Error) -> &'static str {
    match (step, error) {
        (Step::AgreeOnKey, rpc::Error::BindRefused(_) | rpc::Error::InterfaceNotServed) => {
            "; no netlogon service on this port: check the port in `controllers`, or leave it out"
        }
        _ => "",
    }
}

fn told(errors: &[Error]) -> String {
    let texts: Vec<String> = errors.iter().map(Error::to_string).collect();
    texts.join("; ")
}

impl Error {
    /// Nobody answers who could be asked, or nobody knows our account: the next question would end
    /// the same way, whoever asks.
    pub(super) fn holds_for_all(&self) -> bool {
        match self {
            // It took the question. It may be waiting for a trusted domain, which holds for that
            // domain's users only (and whoever types its name would shut out everybody).
            _ if self.is_logon_timeout() => false,
            Self::Net { error, .. } => !matches!(error, net::Error::Unframed(_)),
            Self::Rpc { step, error, .. } => match error {
                rpc::Error::NotRegistered(_) => true,
                rpc::Error::Status(..) => *step == Step::AgreeOnKey,
                _ => false,
            },
            Self::AllFailed(errors) => errors.iter().all(Self::holds_for_all),
            Self::NotFound(_) | Self::Unresponsive { .. } => true,
            _ => false,
        }
    }

    /// A controller was asked about the login, and may have counted the password as wrong.
    pub(crate) fn may_have_counted(&self) -> bool {
        match self {
            Self::Net { step, .. } => *step == Step::Logon,
            Self::Unresponsive { .. } | Self::AnswerLost(_) => true,
            Self::Rpc { step, error, .. } => {
                let is_sent = !matches!(
                    error,
                    rpc::Error::TooLong(_)
                        | rpc::Error::NoRandomBytes(_)
                        | rpc::Error::HeadersUnsigned(_)
                );
                *step == Step::Logon && is_sent
            }
            Self::AllFailed(errors) => errors.iter().any(Self::may_have_counted),
            _ => false,
        }
    }

    /// A controller that has proven the account's secret has refused the bind under its key: it does
    /// not take the NetBIOS names, say. What a host without the secret says is never that.
    pub(crate) fn is_sealed_bind_refused(&self) -> bool {
        match self {
            Self::Rpc {
                step: Step::OpenChannel,
                ..
            } => self.minor() == Minor::ChannelRefused,
            Self::AllFailed(errors) => errors.iter().any(Self::is_sealed_bind_refused),
            _ => false,
        }
    }

    /// The controller took the login and did not answer in time.
    pub(super) fn is_logon_timeout(&self) -> bool {
        matches!(
            self,
            Self::Net {
                step: Step::Logon,
                error: net::Error::Timeout,
                ..
            }
        )
    }

    /// Nobody was there to talk to.
    pub(super) fn is_no_connection(&self) -> bool {
        matches!(
            self,
            Self::Net {
                error: net::Error::Connect(_),
                ..
            }
        )
    }

    /// This host could not even try: it says nothing about the controller.
    pub(super) fn is_local(&self) -> bool {
        let of_this_host = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
        let Self::Net {
            error: net::Error::Connect(error),
            ..
        } = self
        else {
            return false;
        };
        let code = error.raw_os_error();
        code.is_some_and(|code| of_this_host.contains(&code))
    }

    /// The machine account or its secret was refused.
    pub(super) fn is_account_refused(&self) -> bool {
        failure::is_account_refused(self.minor())
    }

    /// The controller does not know the channel's key, or no longer: it executed nothing.
    pub(super) fn is_channel_loss(&self) -> bool {
        let Self::Rpc { step, error, .. } = self else {
            return false;
        };
        let is_sealed = step.is_sealed();
        match error {
            rpc::Error::BindRefused(_)
            | rpc::Error::Fault(FaultStatus::ACCESS_DENIED | FaultStatus::SEC_PKG_ERROR) => {
                is_sealed
            }
            // NETLOGON says so in an answer, too.
            rpc::Error::Status(_, NtStatus::ACCESS_DENIED) => is_sealed && *step != Step::Names,
            _ => false,
        }
    }

    /// What a controller may do on a sealed connection whose key it no longer has. No specification
    /// says what that is: Samba refuses the bind or faults, and a closed connection or an answer that
    /// does not verify are as likely. Silence is none of it: the call may still be under way.
    pub(super) fn is_doubt_about_key(&self) -> bool {
        match self {
            Self::Net { step, error, .. } => {
                step.is_sealed() && !matches!(error, net::Error::Timeout | net::Error::Connect(_))
            }
            Self::Rpc { step, error, .. } => match error {
                // Ours, or said under a seal that was right.
                rpc::Error::TooLong(_) | rpc::Error::NoRandomBytes(_) | rpc::Error::Status(..) => {
                    self.is_channel_loss()
                }
                // Of a bind, the controller's or an attacker's; of a call, ours.
                rpc::Error::HeadersUnsigned(_) => *step == Step::OpenChannel,
                _ => step.is_sealed(),
            },
            _ => false,
        }
    }

    /// The port is not that of the interface, or nothing listens there.
    pub(super) fn is_wrong_port(&self) -> bool {
        match self {
            Self::Net { step, error, .. } => {
                *step != Step::FindPort && matches!(error, net::Error::Connect(_))
            }
            Self::Rpc { step, error, .. } => {
                let is_unknown = matches!(
                    error,
                    rpc::Error::InterfaceNotServed | rpc::Error::Fault(FaultStatus::UNK_IF)
                );
                matches!(step, Step::AgreeOnKey | Step::OpenChannel) && is_unknown
            }
            _ => false,
        }
    }

    /// A handshake of somebody else for the same account came between: worth trying again.
    pub(super) fn is_handshake_race(&self) -> bool {
        let is_refused = matches!(
            self,
            Self::Rpc {
                error: rpc::Error::BindRefused(_),
                ..
            }
        );
        self.is_channel_loss() && !is_refused
    }

    /// The machine account's secret is not what the controller knows.
    pub(super) fn is_secret_refused(&self) -> bool {
        matches!(
            self,
            Self::Rpc {
                step: Step::AgreeOnKey,
                error: rpc::Error::Status(_, NtStatus::ACCESS_DENIED),
                ..
            }
        )
    }
}

/// The one place where what went wrong on the way to a controller becomes a code.
impl From<&Error> for Fault {
    fn from(error: &Error) -> Self {
        match error {
            Error::Secret(fault) | Error::Outage(fault) => fault.clone(),
            error => error.minor().because(error),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl Error {
    pub(super) fn minor(&self) -> Minor {
        match self {
            Self::Net { error, .. } => match error {
                net::Error::Timeout => Minor::ControllerTimeout,
                net::Error::Unframed(_) => Minor::ControllerForged,
                net::Error::Connect(_) | net::Error::Closed | net::Error::Broken(_) => {
                    Minor::ControllerUnreachable
                }
            },
            Self::Rpc { step, error, .. } => minor_of(*step, error),
            Self::AllFailed(errors) => {
                // What one of them said tells more than that others are away.
                let mut minors = errors.iter().map(Self::minor);
                let telling = minors.find(|minor| *minor != Minor::ControllerUnreachable);
                telling.unwrap_or(Minor::ControllerUnreachable)
            }
            Self::AnswerLost(error) => error.minor(),
            Self::NotFound(_) => Minor::ControllerUnreachable,
            Self::Unresponsive { .. } | Self::TimeOver => Minor::ControllerTimeout,
            Self::Busy | Self::HostBusy | Self::Crowded => Minor::TooManyLogons,
            Self::SilentDomain(_) => Minor::DomainSilent,
            Self::Secret(fault) | Self::Outage(fault) => fault.minor(),
        }
    }
}

fn minor_of(step: Step, error: &rpc::Error) -> Minor {
    match error {
        rpc::Error::Malformed(_) | rpc::Error::Forged(_) | rpc::Error::Sequence(_) => {
            Minor::ControllerForged
        }
        rpc::Error::Downgraded(_) | rpc::Error::HeadersUnsigned(_) => Minor::ChannelDowngraded,
        rpc::Error::NotRegistered(_) => Minor::ControllerNotReady,
        rpc::Error::Fault(FaultStatus::ACCESS_DENIED) => match step {
            Step::FindPort => Minor::MapperRefused,
            Step::AgreeOnKey => Minor::UnauthenticatedRpcRefused,
            Step::OpenChannel | Step::Logon | Step::Names | Step::Domains => Minor::ChannelRefused,
        },
        rpc::Error::InterfaceNotServed => Minor::ControllerNotReady,
        rpc::Error::BindRefused(_) | rpc::Error::Fault(_) => Minor::ChannelRefused,
        rpc::Error::Status(_, status) => failure::minor_of_status(step, *status),
        // Nothing that came in an NTLM message is too long.
        rpc::Error::TooLong(_) => Minor::InternalError,
        rpc::Error::NoRandomBytes(_) => Minor::NoRandomBytes,
    }
}
