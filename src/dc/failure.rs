//! What follows when a controller has been asked: the one table from outcome to action and code.

use crate::base::fault::Minor;
use crate::base::net;
use crate::dc::claim::Claim;
use crate::dc::error::{Error, Step};
use crate::protocol::rpc::netlogon::sam_logon::Verdict;
use crate::protocol::rpc::{self, FaultStatus, NtStatus};

/// What is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// It is the answer. A rejected password, above all, is never tried elsewhere: each try counts
    /// against the user.
    Answer,
    /// The connection died while it was idle: the same controller, over another one.
    Reopen,
    /// The controller has forgotten the channel: the same controller, with another key.
    Reauthenticate,
    /// The controller can answer no login at present: it is left for the next.
    NextController,
    /// Another controller may know more about this login, or about our account: one is asked.
    AskElsewhere,
    /// The controller may have counted the login, or may be about to, whatever it says: the login is
    /// not sent again. The next login is for another controller.
    Leave,
    /// No other controller would do better: it is about us, or about the domain's rules.
    GiveUp,
}

/// Where the channel came from that a login was asked about over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// It had served before.
    Reused,
    /// It was opened for this login with a key from the state directory, which the controller may
    /// have lost since.
    Recalled,
    /// It was opened for this login with a key that was agreed on for the purpose.
    Agreed,
    /// It could not be opened.
    None,
}

/// What follows.
pub(super) fn of(outcome: Result<&Verdict, &Error>, origin: Origin, claim: &Claim) -> Action {
    match outcome {
        Ok(Verdict::Validated(_)) => Action::Answer,
        // A second controller would fill the same domain's channels once more.
        Ok(verdict) if claim.other_domain().is_some() && is_domain_unreachable(verdict, origin) => {
            Action::Answer
        }
        Ok(Verdict::Refused {
            status,
            authoritative,
        }) => row_of(*status, *authoritative).0,
        Err(error) => of_error(error, origin),
    }
}

/// Whether the controller had no answer from a controller of the user's domain, or no slot to ask it
/// in: it waits for either up to 45 s. So it is as well if it refuses a channel whose key was agreed on
/// a moment ago: the other domain's controller has refused it, or says so.
pub(super) fn is_domain_unreachable(verdict: &Verdict, origin: Origin) -> bool {
    let Verdict::Refused { status, .. } = verdict else {
        return false;
    };
    match *status {
        NtStatus::NO_LOGON_SERVERS
        | NtStatus::DOMAIN_CONTROLLER_NOT_FOUND
        | NtStatus::IO_TIMEOUT => true,
        NtStatus::ACCESS_DENIED | NtStatus::NOT_FOUND => origin == Origin::Agreed,
        _ => false,
    }
}

/// What each status of NetrLogonSamLogonEx leads to, and what the administrator reads. A code of the
/// family 05 says that nothing was found out about the user: it never counts as a guess.
const STATUSES: &[(Action, Minor, &[NtStatus])] = &[
    (
        Action::Answer,
        Minor::BadUserOrPassword,
        &[
            NtStatus::WRONG_PASSWORD,
            NtStatus::NO_SUCH_USER,
            NtStatus::NO_SUCH_DOMAIN,
        ],
    ),
    (
        Action::Answer,
        Minor::AccountDisabled,
        &[NtStatus::ACCOUNT_DISABLED],
    ),
    (
        Action::Answer,
        Minor::AccountLockedOut,
        &[NtStatus::ACCOUNT_LOCKED_OUT],
    ),
    (
        Action::Answer,
        Minor::AccountExpired,
        &[NtStatus::ACCOUNT_EXPIRED],
    ),
    (
        Action::Answer,
        Minor::PasswordExpired,
        &[NtStatus::PASSWORD_EXPIRED],
    ),
    (
        Action::Answer,
        Minor::PasswordMustChange,
        &[NtStatus::PASSWORD_MUST_CHANGE],
    ),
    (
        Action::Answer,
        Minor::InvalidLogonHours,
        &[NtStatus::INVALID_LOGON_HOURS],
    ),
    (
        Action::Answer,
        Minor::InvalidWorkstation,
        &[NtStatus::INVALID_WORKSTATION],
    ),
    (
        Action::Answer,
        Minor::AccountRestriction,
        &[NtStatus::ACCOUNT_RESTRICTION],
    ),
    (
        Action::Answer,
        Minor::LogonNotGranted,
        &[
            NtStatus::LOGON_TYPE_NOT_GRANTED,
            NtStatus::AUTHENTICATION_FIREWALL_FAILED,
        ],
    ),
    (
        Action::Answer,
        Minor::NtlmBlocked,
        &[NtStatus::NTLM_BLOCKED],
    ),
    (
        Action::Answer,
        Minor::SmartcardRequired,
        &[NtStatus::SMARTCARD_LOGON_REQUIRED],
    ),
    (
        Action::Answer,
        Minor::TrustAccount,
        &[
            NtStatus::NOLOGON_INTERDOMAIN_TRUST_ACCOUNT,
            NtStatus::NOLOGON_WORKSTATION_TRUST_ACCOUNT,
            NtStatus::NOLOGON_SERVER_TRUST_ACCOUNT,
        ],
    ),
    (
        Action::Answer,
        Minor::TimeDifference,
        &[NtStatus::TIME_DIFFERENCE_AT_DC],
    ),
    // What a controller says before it looks at the password, when the names in the response are not
    // those of the channel (MS-NRPC 3.5.4.5.1).
    (
        Action::Answer,
        Minor::NetbiosNamesRefused,
        &[NtStatus::LOGON_FAILURE],
    ),
    (
        Action::Reauthenticate,
        Minor::ChannelRefused,
        &[NtStatus::ACCESS_DENIED, NtStatus::NOT_FOUND],
    ),
    (
        Action::NextController,
        Minor::ControllerNotReady,
        &[
            NtStatus::NETLOGON_NOT_STARTED,
            NtStatus::INVALID_SERVER_STATE,
        ],
    ),
    // Infrastructure: of this controller, or of the one that it forwarded the logon to. A trusted
    // domain's controller can cause each of them, so the controller is not marked as failed.
    (
        Action::AskElsewhere,
        Minor::ControllerNotReady,
        &[
            NtStatus::NO_LOGON_SERVERS,
            NtStatus::DOMAIN_CONTROLLER_NOT_FOUND,
            NtStatus::UNSUCCESSFUL,
            NtStatus::NO_MEMORY,
            NtStatus::INSUFFICIENT_RESOURCES,
            NtStatus::PIPE_DISCONNECTED,
            NtStatus::IO_TIMEOUT,
            NtStatus::REMOTE_NOT_LISTENING,
            NtStatus::BAD_NETWORK_PATH,
            NtStatus::UNEXPECTED_NETWORK_ERROR,
            NtStatus::NETWORK_NAME_DELETED,
            NtStatus::BAD_NETWORK_NAME,
            NtStatus::CANT_ACCESS_DOMAIN_INFO,
            NtStatus::INVALID_DOMAIN_STATE,
            NtStatus::INVALID_DOMAIN_ROLE,
            NtStatus::INTERNAL_DB_CORRUPTION,
            NtStatus::INTERNAL_ERROR,
            NtStatus::PIPE_BROKEN,
            NtStatus::INTERNAL_DB_ERROR,
            NtStatus::INSUFF_SERVER_RESOURCES,
            NtStatus::CONNECTION_DISCONNECTED,
            NtStatus::CONNECTION_RESET,
            NtStatus::CONNECTION_REFUSED,
            NtStatus::NETWORK_UNREACHABLE,
            NtStatus::HOST_UNREACHABLE,
            NtStatus::CONNECTION_ABORTED,
            NtStatus::DS_BUSY,
            NtStatus::DS_UNAVAILABLE,
            // A read-only controller that cannot reach a writable one.
            NtStatus::NO_SECRETS,
            NtStatus::SERVER_UNAVAILABLE,
            NtStatus::CALL_FAILED,
            NtStatus::CALL_CANCELLED,
        ],
    ),
    (
        Action::AskElsewhere,
        Minor::TrustBroken,
        &[
            NtStatus::NO_TRUST_LSA_SECRET,
            NtStatus::TRUSTED_DOMAIN_FAILURE,
            NtStatus::TRUSTED_RELATIONSHIP_FAILURE,
            NtStatus::TRUST_FAILURE,
            NtStatus::DOMAIN_TRUST_INCONSISTENT,
        ],
    ),
    (
        Action::AskElsewhere,
        Minor::MachineAccountUnknown,
        &[NtStatus::NO_TRUST_SAM_ACCOUNT],
    ),
    // The names that `Channel::logon` has tried.
    (
        Action::NextController,
        Minor::LogonServerRefused,
        &[NtStatus::INVALID_COMPUTER_NAME],
    ),
    (
        Action::GiveUp,
        Minor::ChannelDowngraded,
        &[NtStatus::DOWNGRADE_DETECTED],
    ),
    (
        Action::GiveUp,
        Minor::RequestNotUnderstood,
        &[
            NtStatus::INVALID_INFO_CLASS,
            NtStatus::INVALID_PARAMETER,
            NtStatus::BUFFER_TOO_SMALL,
        ],
    ),
];

/// The row of a status of NetrLogonSamLogonEx.
fn row_of(status: NtStatus, authoritative: bool) -> (Action, Minor) {
    // Without authority, it says so while it starts.
    if (status, authoritative) == (NtStatus::ACCESS_DENIED, false) {
        return (Action::NextController, Minor::ControllerNotReady);
    }
    let mut rows = STATUSES.iter();
    match rows.find(|(.., statuses)| statuses.contains(&status)) {
        Some((action, minor, _)) => (*action, *minor),
        // The call between two controllers failed: no such status is about a user.
        None if status.is_rpc() => (Action::AskElsewhere, Minor::ControllerNotReady),
        None => (Action::Answer, Minor::LogonDenied),
    }
}

/// What a status of NetrLogonSamLogonEx means.
pub(crate) fn minor_of_verdict(status: NtStatus, authoritative: bool) -> Minor {
    row_of(status, authoritative).1
}

/// What a status of any other call means.
pub(super) fn minor_of_status(step: Step, status: NtStatus) -> Minor {
    match (step, status) {
        (Step::AgreeOnKey, NtStatus::ACCESS_DENIED) => Minor::MachineSecretRefused,
        (Step::AgreeOnKey, NtStatus::DOWNGRADE_DETECTED) => Minor::KerberosChannelRequired,
        _ => match minor_of_verdict(status, true) {
            minor @ (Minor::MachineAccountUnknown
            | Minor::ControllerNotReady
            | Minor::ChannelDowngraded
            | Minor::RequestNotUnderstood) => minor,
            _ => Minor::ChannelRefused,
        },
    }
}

/// Whether the controller rejected the machine account itself: only an administrator can mend that.
pub(super) fn is_account_refused(minor: Minor) -> bool {
    matches!(
        minor,
        Minor::MachineSecretRefused | Minor::MachineAccountUnknown | Minor::KerberosChannelRequired
    )
}

const INVALID_COMPUTER_NAME: u32 = NtStatus::INVALID_COMPUTER_NAME.0;

fn of_error(error: &Error, origin: Origin) -> Action {
    match error {
        // No name of the controller's was right. Faults are not signed: it was a sending all the same.
        Error::Rpc {
            step: Step::Logon,
            error: rpc::Error::Fault(FaultStatus(INVALID_COMPUTER_NAME)),
            ..
        } => Action::NextController,
        // Under a key that the controller has lost it cannot have read the login. An attacker who
        // makes it look so gains a second sending, as by closing the connection.
        _ if origin == Origin::Recalled && error.is_doubt_about_key() => Action::Reauthenticate,
        // A controller that has just agreed on the key has not forgotten it.
        Error::Rpc {
            error: rpc::Error::Fault(_),
            ..
        } if origin == Origin::Agreed => Action::Leave,
        // It took the login, and may be asking another controller about it.
        _ if error.is_logon_timeout() => Action::Leave,
        _ if error.is_channel_loss() => Action::Reauthenticate,
        Error::Net {
            error: net::Error::Closed | net::Error::Broken(_),
            ..
        } if origin == Origin::Reused => Action::Reopen,
        Error::Rpc { step, error, .. } => match error {
            // A password that was just changed, or an account that was just made, may not have come
            // to every controller yet; nor need all have the same policy.
            rpc::Error::Status(_, status)
                if is_account_refused(minor_of_status(*step, *status)) =>
            {
                Action::AskElsewhere
            }
            rpc::Error::Status(..) => Action::NextController,
            rpc::Error::TooLong(_)
            | rpc::Error::NoRandomBytes(_)
            | rpc::Error::HeadersUnsigned(_) => Action::GiveUp,
            // Not there, not ready, or not to be trusted.
            rpc::Error::NotRegistered(_)
            | rpc::Error::InterfaceNotServed
            | rpc::Error::BindRefused(_)
            | rpc::Error::Fault(_)
            | rpc::Error::Malformed(_)
            | rpc::Error::Forged(_)
            | rpc::Error::Sequence(_)
            | rpc::Error::Downgraded(_) => Action::NextController,
        },
        Error::Net { .. } | Error::Unresponsive { .. } | Error::TimeOver => Action::NextController,
        Error::Secret(_)
        | Error::NotFound(_)
        | Error::Busy
        | Error::HostBusy
        | Error::Crowded
        | Error::SilentDomain(_)
        | Error::Outage(_)
        | Error::AnswerLost(_)
        | Error::AllFailed(_) => Action::GiveUp,
    }
}

#[cfg(test)]
mod tests;
