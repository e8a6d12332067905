//! The refusal for a status of the controller.

use crate::base::fault::Minor;
use crate::base::log::Quoted;
use crate::dc;
use crate::login::verify::{Attempt, Refusal};
use crate::protocol::rpc::NtStatus;

/// The refusal for a status of NetrLogonSamLogonEx.
///
/// The client does not learn whether the user is unknown or the password is wrong. It may learn
/// that the domain is unknown.
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

/// Whether the controller has no such account. Without authority, it does not know the domain.
fn is_elsewhere(status: NtStatus) -> bool {
    matches!(status, NtStatus::NO_SUCH_USER | NtStatus::NO_SUCH_DOMAIN)
}

/// Whether the status says nothing about the user: family 05 of the minor codes, in bits 8 to 15.
fn is_about_the_verifier(minor: Minor) -> bool {
    minor.code() >> 8 & 0xFF == 0x05
}
