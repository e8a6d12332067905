//! Why there is no verdict.

use crate::base::crypto::NoRandomBytes;
use crate::base::net;
use crate::directory;
use crate::protocol::rpc::NtStatus;
use crate::protocol::smb2;
use crate::relay::policy::Policy;

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No controller is known, for this reason.
    #[error("looking for a domain controller: {0}")]
    NotFound(String),
    /// The controllers that were asked, and why none gave a challenge; never empty.
    #[error("{}", told(.0))]
    AllFailed(Vec<(String, Cause)>),
    /// The controller gave a challenge, and then no verdict.
    #[error("{server}: {cause}")]
    NoVerdict {
        /// The controller: its name in `controllers` or in DNS, else its address.
        server: String,
        /// Why.
        cause: Cause,
    },
    /// All connections that this process may have are of handshakes that began a moment ago.
    #[error("this process has `connections` handshakes under way, each for less than a second")]
    Busy,
    /// The same, of all processes of this host.
    #[error("the processes of this host have `host_connections` handshakes under way")]
    HostBusy,
    /// The client took longer than `handshake_timeout`.
    #[error("the client sent its last message after `handshake_timeout`")]
    TooLate,
    /// The connection was closed in favour of another handshake.
    #[error(
        "the connection to the controller was closed in favour of a newer handshake: all \
         `connections` were in use"
    )]
    Evicted,
    /// The handshake was begun by another process, of which this one is a fork.
    #[error("the handshake was begun before a fork of this process")]
    Forked,
}

/// What failed at a controller.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The network failed, or the controller's host.
    #[error("{0}")]
    Net(#[from] net::Error),
    /// A reply of SMB2 is not valid, or refuses a step.
    #[error("{0}")]
    Smb2(#[from] smb2::Smb2Error),
    /// TLS failed, or an answer of LDAP is not valid.
    #[error("{0}")]
    Ldap(directory::Error),
    /// The server refuses, for a reason that is not the user's.
    #[error("the login is refused: {0}")]
    Answer(directory::Refusal),
    /// No user can connect to the share that `share` names.
    #[error("share: {0}")]
    Share(NtStatus),
    /// A policy of the controller is in the way.
    #[error("{0}")]
    Policy(Policy),
    /// DNS, which proves nothing, names a host whose certificate says nothing of the domain.
    #[error("DNS names a host outside of the domain: with tls, list it in controllers")]
    OtherDomain,
    /// The file of `authorities` cannot be used.
    #[error("authorities: {0}")]
    Authorities(String),
    /// See [`NoRandomBytes`].
    #[error("{0}")]
    NoRandomBytes(#[from] NoRandomBytes),
}

impl From<directory::Error> for Cause {
    fn from(error: directory::Error) -> Self {
        match error {
            directory::Error::Net(error) => Self::Net(error),
            error => Self::Ldap(error),
        }
    }
}

impl Cause {
    /// Whether the fault is of this host: no other controller helps.
    pub(super) fn is_local(&self) -> bool {
        match self {
            Self::Net(net::Error::Connect(error)) => {
                let of_this_host = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
                let code = error.raw_os_error();
                code.is_some_and(|code| of_this_host.contains(&code))
            }
            Self::Smb2(error) => *error == smb2::Smb2Error::TooLong,
            Self::Authorities(_) | Self::NoRandomBytes(_) => true,
            _ => false,
        }
    }

    /// Whether the controller works, and refuses: the client's message may be the reason.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Answer(_) | Self::Smb2(smb2::Smb2Error::Refused { .. })
        )
    }

    /// Whether an administrator has to act: the controller works, and refuses every login.
    pub(super) fn is_lasting(&self) -> bool {
        matches!(
            self,
            Self::Policy(_) | Self::Share(_) | Self::OtherDomain | Self::Authorities(_)
        )
    }
}

fn told(errors: &[(String, Cause)]) -> String {
    let texts = errors
        .iter()
        .map(|(server, cause)| format!("{server}: {cause}"));
    texts.collect::<Vec<_>>().join("; ")
}
