//! What a controller's status means for the login.

use crate::base::fault::Minor;
use crate::base::log::Quoted;
use crate::dc;
use crate::login::verify::{Attempt, Refusal};
use crate::protocol::rpc::NtStatus;

/// The refusal for a status of NetrLogonSamLogonEx.
///
/// Which of "unknown user" and "wrong password" it is, is for the log only. That a domain is unknown
/// may be told: it says nothing about names of users.
pub(super) fn refusal(status: NtStatus, authoritative: bool, attempt: &Attempt<'_>) -> Refusal {
    if is_elsewhere(status) && !authoritative && !attempt.asked_domain().is_empty() {
        return Refusal::NotMine(Minor::UnknownDomain.because(Quoted(attempt.meant_domain())));
    }
    let minor = dc::minor_of_verdict(status, authoritative);
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
