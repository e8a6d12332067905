//! Checks that an answer is about the domain that was typed, and keeps what is proven.
//!
//! An answer about a user of a trusted domain is written by that domain's controller. Our own
//! controller passes it on. So an answer is believed only as far as our controller's list of
//! domains ([`Domains`]) confirms it: its NetBIOS name, DNS name and SID must be one row of the
//! list, and the typed name must lead to that row. "Ours" is the row of our own domain.
//!
//! | answer | typed | proven |
//! |---|---|---|
//! | our row | our name, a suffix of ours, or the name of the account alone | all |
//! | another row | a name or a suffix of it | all but a UPN of another suffix, and foreign groups |
//! | no row, below a trusted forest's root | one of its names, or a suffix of the root | DNS name |
//! | without a list: our two names | as for our row | all |
//! | without a list: other names | one of them | that name |
//!
//! A user of a domain without a row has no UPN and no SID.
//!
//! With several sections `[[netlogon]]`, no answer is about a domain of another section
//! ([`Stranger`]). Groups are those of our section's domains, and so are the suffixes of our users.

mod answer;
mod home;
mod mismatch;
mod proof;
mod proven_account;
mod sid_filter;
mod stranger;
mod typed;

use crate::base::config::Netlogon;
use crate::base::crypto::Key;
use crate::base::fault::{Fault, Minor};
use crate::base::sid::Sid;
use crate::dc::domains::Domains;
use crate::login::verify::{Account, Attempt};
use crate::protocol::rpc::netlogon::sam_info::SamInfo4;
pub(super) use answer::is_of_row;
pub(super) use home::Rules;
use mismatch::Mismatch;
pub(super) use stranger::{Stranger, domain_of};
use typed::Typed;

/// An account whose details are all proven. Only [`Routed::check`] makes one.
#[derive(Debug)]
pub(super) struct Routed {
    account: Account,
    session_key: Option<Key>,
    lacks_list: bool,
}

impl Routed {
    /// Checks an answer against the typed names and the known domains.
    ///
    /// # Errors
    /// [`Minor::AnsweredForAnother`]. What was typed and answered is for the log only.
    pub(super) fn check(
        rules: &Rules<'_>,
        attempt: &Attempt<'_>,
        mut info: SamInfo4,
    ) -> Result<Self, Fault> {
        let typed = Typed::of(attempt);
        let home = rules.home(&info);
        match home.and_then(|home| rules.proof(&typed, home, &info)) {
            Some(proof) => Ok(Self {
                lacks_list: proof.lacks_list(),
                session_key: info.user_session_key.take(),
                account: proven_account::account(rules, &typed, proof, info),
            }),
            None => Err(Minor::AnsweredForAnother.confidentially(Mismatch {
                config: rules.config,
                typed: &typed,
                info: &info,
                home,
                has_list: rules.domains.is_some(),
                stranger: rules.stranger_of(&info),
            })),
        }
    }

    /// Whether a user of another domain has only the typed name, because there is no list.
    pub(super) fn lacks_list(&self) -> bool {
        self.lacks_list
    }

    /// The account, and `UserSessionKey`.
    pub(super) fn into_parts(self) -> (Account, Option<Key>) {
        (self.account, self.session_key)
    }
}

/// Whether the answer is about a domain of the list. If not, a newer list may have the domain.
pub(super) fn is_listed(domains: &Domains, info: &SamInfo4) -> bool {
    domains.iter().any(|row| answer::is_of_row(info, row))
}

/// Whether a group is one of a domain that only the list has.
pub(super) fn has_listed_group(config: &Netlogon, domains: &Domains, info: &SamInfo4) -> bool {
    let mut groups = info.group_sids.iter().filter_map(Sid::domain);
    groups.any(|sid| {
        let is_written = config.sids().any(|written| *written == sid);
        !is_written && domains.iter().any(|row| row.sid == sid)
    })
}

#[cfg(test)]
mod tests;
