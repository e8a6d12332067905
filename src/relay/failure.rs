//! The code of each outcome that is no login: the one table.

use crate::base::fault::{Fault, Minor};
use crate::base::net;
use crate::dc;
use crate::directory;
use crate::protocol::rpc::NtStatus;
use crate::protocol::smb2;
use crate::relay::error::{Cause, Error};
use crate::relay::policy::Policy;
use crate::relay::verdict::{Reason, Refusal};

impl Error {
    /// The code that the administrator reads.
    pub fn minor(&self) -> Minor {
        match self {
            Self::NotFound(_) => Minor::ControllerUnreachable,
            Self::AllFailed(failed) => {
                let causes = || failed.iter().map(|(_, cause)| cause);
                let telling = causes().find(|cause| cause.is_lasting());
                let first = telling.or(causes().next());
                first.map_or(Minor::ControllerUnreachable, Cause::minor)
            }
            Self::NoVerdict { cause, .. } => cause.minor(),
            Self::Busy | Self::HostBusy => Minor::TooManyLogons,
            Self::TooLate | Self::Evicted | Self::Forked => Minor::HandshakeClosed,
        }
    }

    /// Whether a controller was asked about the user, and may have counted the password as wrong.
    pub fn may_have_counted(&self) -> bool {
        matches!(self, Self::NoVerdict { .. })
    }
}

impl Cause {
    fn minor(&self) -> Minor {
        match self {
            Self::Net(net::Error::Timeout) => Minor::ControllerTimeout,
            Self::Net(_) => Minor::ControllerUnreachable,
            Self::Smb2(smb2::Smb2Error::Refused { .. }) => Minor::ControllerNotReady,
            Self::Smb2(smb2::Smb2Error::TooLong) => Minor::RequestNotUnderstood,
            Self::Smb2(_) => Minor::ControllerForged,
            Self::Ldap(directory::Error::Untrusted { .. }) | Self::OtherDomain => {
                Minor::ControllerUntrusted
            }
            Self::Ldap(directory::Error::Tls(_)) => Minor::ControllerUnreachable,
            Self::Ldap(directory::Error::Disconnected(_)) => Minor::ControllerNotReady,
            Self::Ldap(directory::Error::TooLong) => Minor::RequestNotUnderstood,
            Self::Ldap(_) => Minor::ControllerForged,
            Self::Answer(_) => Minor::ControllerNotReady,
            Self::Policy(Policy::NtlmBlocked) => Minor::NtlmBlocked,
            Self::Policy(_) | Self::Share(_) => Minor::RelayRefused,
            Self::Authorities(_) => Minor::CertificateUnusable,
            Self::NoRandomBytes(_) => Minor::NoRandomBytes,
        }
    }
}

impl Refusal {
    /// The code that the administrator reads.
    pub fn minor(&self) -> Minor {
        match &self.reason {
            // NETLOGON has a status of its own for each, SMB2 has this one for both.
            Reason::Status(NtStatus::LOGON_FAILURE) => Minor::BadUserOrPassword,
            Reason::Status(status) => dc::minor_of_logon_status(*status),
            Reason::Ldap(refusal) => match refusal.logon_error() {
                None => Minor::BadUserOrPassword,
                Some(_) => Minor::LogonDenied,
            },
            Reason::Guest => Minor::GuestRefused,
            Reason::Anonymous => Minor::AnonymousRefused,
            Reason::Share(..) => Minor::ShareRefused,
        }
    }
}

impl From<&Error> for Fault {
    fn from(error: &Error) -> Self {
        error.minor().because(error)
    }
}

impl From<&Refusal> for Fault {
    fn from(refusal: &Refusal) -> Self {
        refusal.minor().because(refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only the last message has the proof of a password.
    #[test]
    fn a_password_may_have_counted_once_the_last_message_was_sent() {
        let server = || "dc1.example.test".to_owned();
        let cause = || Cause::Net(net::Error::Timeout);
        let no_verdict = Error::NoVerdict {
            server: server(),
            cause: cause(),
        };
        assert!(no_verdict.may_have_counted());
        for error in [
            Error::NotFound("no controller".to_owned()),
            Error::AllFailed(vec![(server(), cause())]),
            Error::Busy,
            Error::HostBusy,
            Error::TooLate,
            Error::Evicted,
            Error::Forked,
        ] {
            assert!(!error.may_have_counted(), "{error}");
        }
    }
}
