//! What each status of NetrLogonSamLogonEx leads to, and what it says of the user.

use crate::base::fault::{Family, Minor};
use crate::dc::failure::action::{Action, Origin};
use crate::protocol::rpc::NtStatus;
use crate::protocol::rpc::netlogon::sam_logon::Verdict;

/// The action, the code that the administrator reads, and the statuses. A code of
/// [`Family::Verifier`] says nothing about the user. Which of the others count as a guess,
/// `login/accept/decision.rs` decides.
pub(super) const STATUSES: &[(Action, Minor, &[NtStatus])] = &[
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
    // What a controller says before it looks at the password, when the names in the response are
    // not those of the channel (MS-NRPC 3.5.4.5.1).
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

/// What a refusal by a controller says of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// The controller knows no such account.
    NoSuchAccount,
    /// The account was refused.
    Account,
    /// Nothing: the controller, or one behind it, could not tell.
    Controller,
}

/// The action and the code of a status.
pub(super) fn row_of(status: NtStatus, authoritative: bool) -> (Action, Minor) {
    // A controller that is starting says so without authority.
    if (status, authoritative) == (NtStatus::ACCESS_DENIED, false) {
        return (Action::NextController, Minor::ControllerNotReady);
    }
    let mut rows = STATUSES.iter();
    match rows.find(|(.., statuses)| statuses.contains(&status)) {
        Some((action, minor, _)) => (*action, *minor),
        // The call between two controllers failed: such a status is never about a user.
        None if status.is_rpc() => (Action::AskElsewhere, Minor::ControllerNotReady),
        None => (Action::Answer, Minor::LogonDenied),
    }
}

/// The code that the administrator reads for a status of NetrLogonSamLogonEx.
pub fn minor_of_logon_status(status: NtStatus) -> Minor {
    meaning(status, true).0
}

/// The code of a status, and what it says of the user.
pub(crate) fn meaning(status: NtStatus, authoritative: bool) -> (Minor, About) {
    let (_, minor) = row_of(status, authoritative);
    let about = match status {
        NtStatus::NO_SUCH_USER | NtStatus::NO_SUCH_DOMAIN => About::NoSuchAccount,
        _ if minor.family() == Family::Verifier => About::Controller,
        _ => About::Account,
    };
    (minor, about)
}

/// Whether the controller had no answer from a controller of the user's domain, or no slot to ask
/// it in: it waits for either up to 45 s. The same holds if it refuses a channel whose key was just
/// agreed on: then the refusal comes from the other domain's controller.
pub(in crate::dc) fn is_domain_unreachable(verdict: &Verdict, origin: Origin) -> bool {
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
