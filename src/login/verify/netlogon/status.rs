//! The refusal for a status of the controller.

use crate::base::fault::Minor;
use crate::base::log::Quoted;
use crate::dc::{self, About};
use crate::login::verify::{Attempt, Refusal};
use crate::protocol::rpc::NtStatus;

/// The refusal for a status of NetrLogonSamLogonEx.
///
/// The client does not learn whether the user is unknown or the password is wrong. It may learn
/// that the domain is unknown.
pub(super) fn refusal(status: NtStatus, authoritative: bool, attempt: &Attempt<'_>) -> Refusal {
    let names_domain = !attempt.asked_domain().is_empty();
    let (minor, about) = dc::meaning(status, authoritative);
    match about {
        About::NoSuchAccount if !authoritative && names_domain => {
            Refusal::NotMine(Minor::UnknownDomain.because(Quoted(attempt.meant_domain())))
        }
        About::NoSuchAccount => Refusal::NotMine(minor.confidentially(status)),
        About::Account => Refusal::Denied(minor.confidentially(status)),
        About::Controller => Refusal::Unavailable(minor.because(status)),
    }
}
