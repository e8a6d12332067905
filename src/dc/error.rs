//! Why no controller gave a verdict, and at which step.

use std::fmt;

use crate::base::fault::Fault;
use crate::base::log::Quoted;
use crate::base::net;
use crate::protocol::rpc::{self, FaultStatus};

/// The step on the way to a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Asking the endpoint mapper, on port 135, for the port of NETLOGON or LSA.
    FindPort,
    /// NetrServerReqChallenge and NetrServerAuthenticate3.
    AgreeOnKey,
    /// The sealed bind, and the check that the negotiation was not changed on the way.
    OpenChannel,
    /// NetrLogonSamLogonEx.
    Logon,
    /// LsarLookupSids3.
    Names,
    /// DsrEnumerateDomainTrusts.
    Domains,
    /// NetrServerPasswordSet2.
    Password,
}

impl Step {
    /// Whether the step's connection is sealed with a session key.
    pub(super) fn is_sealed(self) -> bool {
        match self {
            Self::FindPort | Self::AgreeOnKey => false,
            Self::OpenChannel | Self::Logon | Self::Names | Self::Domains | Self::Password => true,
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
            Self::Password => "setting the machine account's password",
        })
    }
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The network failed, or the controller's host.
    #[error("{peer}, {step}: {error}")]
    Net {
        peer: std::net::SocketAddr,
        step: Step,
        error: net::Error,
    },
    /// The controller took the login and did not answer, and takes no new connection either.
    #[error("{peer}, {step}: no answer, and none on another connection", step = Step::Logon)]
    Unresponsive { peer: std::net::SocketAddr },
    /// The controller refused a step, or its answer is not valid.
    #[error("{peer}, {step}: {error}{}", hint(*.step, .error))]
    Rpc {
        peer: std::net::SocketAddr,
        step: Step,
        error: rpc::Error,
    },
    /// Several controllers were asked, and none gave a verdict.
    #[error("{}", told(.0))]
    AllFailed(Vec<Error>),
    /// The login was sent before this error, and its answer was lost.
    #[error("{0}; the login was sent before, and its answer was lost")]
    AnswerLost(Box<Error>),
    /// No controller answered a moment ago, so none was asked this time.
    #[error("{}", .0.for_the_log())]
    Outage(Fault),
    /// No controller is known, for this reason.
    #[error("looking for a domain controller: {0}")]
    NotFound(String),
    /// All connections were in use until the deadline.
    #[error("every connection was busy until the deadline")]
    Busy,
    /// All logon slots of this host were in use until the deadline.
    #[error("the processes of this host had host_logons logons under way until the deadline")]
    HostBusy,
    /// Too many logins of other domains wait for a connection.
    #[error("too many logins of other domains are waiting for their turn")]
    Crowded,
    /// This domain did not answer our controller a moment ago, so it was not asked this time.
    #[error("the domain {} did not answer a moment ago", Quoted(.0))]
    SilentDomain(String),
    /// The deadline was over before a controller could be asked.
    #[error("deadline exceeded before a controller could be asked")]
    TimeOver,
    /// The machine account's secret cannot be read.
    #[error("{}", .0.for_the_log())]
    Secret(Fault),
}

/// The cure if a bind without credentials is refused: only a port of another service does that.
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
    /// Whether the controller took the login and did not answer in time.
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

    /// Whether the controller refused to set the password. The answer was sealed, so it is
    /// authentic.
    pub(super) fn is_password_refused(&self) -> bool {
        matches!(
            self,
            Self::Rpc {
                step: Step::Password,
                error: rpc::Error::Status(..),
                ..
            }
        )
    }

    /// Whether the password may have been set nevertheless: the request was sent, and no authentic
    /// answer came.
    pub(super) fn may_have_set_password(&self) -> bool {
        match self {
            Self::Net { step, .. } | Self::Rpc { step, .. } => {
                *step == Step::Password && !self.is_password_refused()
            }
            _ => false,
        }
    }

    /// Whether there was no connection.
    pub(super) fn is_no_connection(&self) -> bool {
        matches!(
            self,
            Self::Net {
                error: net::Error::Connect(_),
                ..
            }
        )
    }

    /// Whether this host lacked the means to connect: that says nothing about the controller.
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

    /// Whether another server listens on the port, or none.
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

    /// Whether the controller refused the bind.
    pub(super) fn is_bind_refused(&self) -> bool {
        matches!(
            self,
            Self::Rpc {
                error: rpc::Error::BindRefused(_),
                ..
            }
        )
    }
}
