//! What an outcome leads to: the one table.
//!
//! A controller that answers gives a verdict, and `statuses` has a row for each status that refuses
//! a login. Else there is an [`Error`], and `errors` has a row for what happened at which step.
//! A row says what to do next, which code the administrator reads, whether the controller may have
//! counted the login as a wrong password, and whether the next login would fail in the same way.

mod action;
mod errors;
mod statuses;

use crate::base::fault::{Fault, Minor};
use crate::dc::claim::Claim;
use crate::dc::error::{Error, Step};
use crate::protocol::rpc::netlogon::sam_logon::Verdict;

pub(super) use action::{Action, Origin};
use errors::Consequence;
pub(super) use statuses::is_domain_unreachable;
pub use statuses::minor_of_logon_status;
pub(crate) use statuses::{About, meaning};

/// What to do after a verdict or an error.
pub(super) fn of(outcome: Result<&Verdict, &Error>, origin: Origin, claim: &Claim) -> Action {
    match outcome {
        Ok(Verdict::Validated(_)) => Action::Answer,
        // A second controller would fill the channels of the same domain once more.
        Ok(verdict) if claim.other_domain().is_some() && is_domain_unreachable(verdict, origin) => {
            Action::Answer
        }
        Ok(Verdict::Refused {
            status,
            authoritative,
        }) => statuses::row_of(*status, *authoritative).0,
        Err(error) => of_error(error, origin),
    }
}

/// What to do after an error.
pub(super) fn of_error(error: &Error, origin: Origin) -> Action {
    Consequence::of(error).action(origin)
}

impl Error {
    /// The code that the administrator reads.
    pub(super) fn minor(&self) -> Minor {
        Consequence::of(self).minor
    }

    /// Whether a controller was asked about the login, and may have counted the password as wrong.
    pub(crate) fn may_have_counted(&self) -> bool {
        Consequence::of(self).may_have_counted
    }

    /// Whether every other login would fail in the same way: no controller answers, or none knows
    /// our account.
    pub(super) fn holds_for_all(&self) -> bool {
        Consequence::of(self).holds_for_all
    }

    /// Whether the controller may have lost the channel's key.
    pub(super) fn is_doubt_about_key(&self) -> bool {
        Consequence::of(self).action(Origin::Recalled) == Action::Reauthenticate
    }

    /// Whether the handshake of another process for the same account may have come between.
    pub(super) fn is_handshake_race(&self) -> bool {
        let is_key_lost = Consequence::of(self).action(Origin::None) == Action::Reauthenticate;
        is_key_lost && !self.is_bind_refused()
    }

    /// Whether a controller that has proven the account's secret has refused the bind under its
    /// key, for instance because it does not take the NetBIOS names. What a host without the secret
    /// says is never that.
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

    /// Whether the machine account or its secret was refused.
    pub(super) fn is_account_refused(&self) -> bool {
        is_account_refused(self.minor())
    }

    /// Whether the controller knows another secret of the machine account.
    pub(super) fn is_secret_refused(&self) -> bool {
        self.minor() == Minor::MachineSecretRefused
    }
}

/// Whether the controller rejected the machine account itself: only an administrator can mend that.
pub(super) fn is_account_refused(minor: Minor) -> bool {
    matches!(
        minor,
        Minor::MachineSecretRefused | Minor::MachineAccountUnknown | Minor::KerberosChannelRequired
    )
}

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

#[cfg(test)]
mod tests;
