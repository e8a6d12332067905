//! What a controller's status means for the login.

use crate::base::fault::Minor;
use crate::base::log::Quoted;
use crate::login::verify::{Attempt, Refusal};
use crate::protocol::rpc::NtStatus;

/// The refusal for a status of NetrLogonSamLogonEx.
///
/// Which of "unknown user" and "wrong password" it is, is for the log only. That a domain is unknown
/// may be told: it says nothing about names of users.
pub(super) fn refusal(status: NtStatus, authoritative: bool, attempt: &Attempt<'_>) -> Refusal {
    if is_elsewhere(status) && !authoritative && !attempt.domain.units.is_empty() {
        return Refusal::NotMine(Minor::UnknownDomain.because(Quoted(&attempt.domain.meant)));
    }
    let minor = match (status, authoritative) {
        (NtStatus::ACCESS_DENIED, false) => Minor::ControllerNotReady,
        _ => minor_of(status),
    };
    if is_elsewhere(status) {
        Refusal::NotMine(minor.confidentially(status))
    } else if is_about_the_verifier(minor) {
        Refusal::Unavailable(minor.because(status))
    } else {
        Refusal::Denied(minor.confidentially(status))
    }
}

/// No account of that name is here. Without authority, the domain is not known at all.
fn is_elsewhere(status: NtStatus) -> bool {
    matches!(status, NtStatus::NO_SUCH_USER | NtStatus::NO_SUCH_DOMAIN)
}

/// Nothing was found out about the user: the family 05 of the codes, in bits 8 to 15.
fn is_about_the_verifier(minor: Minor) -> bool {
    minor.code() >> 8 & 0xFF == 0x05
}

/// The one table.
fn minor_of(status: NtStatus) -> Minor {
    match status {
        NtStatus::WRONG_PASSWORD | NtStatus::NO_SUCH_USER | NtStatus::NO_SUCH_DOMAIN => {
            Minor::BadUserOrPassword
        }
        NtStatus::ACCOUNT_DISABLED => Minor::AccountDisabled,
        NtStatus::ACCOUNT_LOCKED_OUT => Minor::AccountLockedOut,
        NtStatus::ACCOUNT_EXPIRED => Minor::AccountExpired,
        NtStatus::PASSWORD_EXPIRED => Minor::PasswordExpired,
        NtStatus::PASSWORD_MUST_CHANGE => Minor::PasswordMustChange,
        NtStatus::INVALID_LOGON_HOURS => Minor::InvalidLogonHours,
        NtStatus::INVALID_WORKSTATION => Minor::InvalidWorkstation,
        NtStatus::ACCOUNT_RESTRICTION => Minor::AccountRestriction,
        NtStatus::LOGON_TYPE_NOT_GRANTED | NtStatus::AUTHENTICATION_FIREWALL_FAILED => {
            Minor::LogonNotGranted
        }
        NtStatus::NTLM_BLOCKED => Minor::NtlmBlocked,
        NtStatus::SMARTCARD_LOGON_REQUIRED => Minor::SmartcardRequired,
        NtStatus::NOLOGON_INTERDOMAIN_TRUST_ACCOUNT
        | NtStatus::NOLOGON_WORKSTATION_TRUST_ACCOUNT
        | NtStatus::NOLOGON_SERVER_TRUST_ACCOUNT => Minor::TrustAccount,
        NtStatus::TIME_DIFFERENCE_AT_DC => Minor::TimeDifference,
        // What a controller says before it looks at the password, when the names in the response
        // are not those of the channel (MS-NRPC 3.5.4.5.1).
        NtStatus::LOGON_FAILURE => Minor::NetbiosNamesRefused,
        NtStatus::NO_LOGON_SERVERS
        | NtStatus::NETLOGON_NOT_STARTED
        | NtStatus::INVALID_SERVER_STATE
        | NtStatus::DOMAIN_CONTROLLER_NOT_FOUND => Minor::ControllerNotReady,
        NtStatus::NO_TRUST_LSA_SECRET
        | NtStatus::TRUSTED_DOMAIN_FAILURE
        | NtStatus::TRUSTED_RELATIONSHIP_FAILURE
        | NtStatus::TRUST_FAILURE
        | NtStatus::DOMAIN_TRUST_INCONSISTENT => Minor::TrustBroken,
        NtStatus::NO_TRUST_SAM_ACCOUNT => Minor::MachineAccountUnknown,
        NtStatus::DOWNGRADE_DETECTED => Minor::ChannelDowngraded,
        NtStatus::ACCESS_DENIED | NtStatus::NOT_FOUND | NtStatus::INVALID_COMPUTER_NAME => {
            Minor::ChannelRefused
        }
        _ => Minor::LogonDenied,
    }
}
