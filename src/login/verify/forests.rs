//! Several sections `[[netlogon]]`: untrusted forests, each with controllers of its own.
//!
//! A controller compares the names in an NTLMv2 response with the machine account that asks
//! (MS-NRPC 3.5.4.5.1), and the response has the names of the challenge. So the challenge decides
//! which section can verify a login, before the user is known:
//!
//! ```text
//! NEGOTIATE names a domain of a section ──► challenge of that section
//! NEGOTIATE names none, or an unknown one ─► challenge of the first section
//!
//! AUTHENTICATE, user of the challenge's section ──► its controllers
//! AUTHENTICATE, name alone, or unknown domain ────► its controllers
//! AUTHENTICATE, user of another section ──────────► refused: no controller would accept it
//! ```
//!
//! The section is read from the challenge itself. So a login that another process finishes, or a
//! configuration that changes meanwhile, cannot mix them up.

use std::fmt;
use std::sync::Arc;

use crate::base::fault::Minor;
use crate::base::log::Quoted;
use crate::base::name_case::alike;
use crate::base::typed_name::{Route, TypedName};
use crate::login::verify::netlogon::{Netlogon, SectionNames};
use crate::login::verify::{Account, Attempt, GroupNames, Logon, Refusal, Verifier};
use crate::protocol::ntlm::acceptor;

/// Verifies logins with the controllers of several forests.
pub struct Forests {
    sections: Vec<Netlogon>,
    names: Arc<SectionNames>,
}

impl Forests {
    /// Does no I/O. No section answers about the domains of another.
    pub fn new(sections: Vec<Netlogon>) -> Self {
        let all: Vec<_> = sections.iter().map(Netlogon::as_neighbour).collect();
        let beside = |(this, section): (usize, Netlogon)| {
            let others = all.iter().enumerate().filter(|(at, _)| *at != this);
            section.beside(others.map(|(_, other)| other.clone()).collect())
        };
        Self {
            sections: sections.into_iter().enumerate().map(beside).collect(),
            names: Arc::new(SectionNames(all.clone())),
        }
    }

    /// The section that a login is for.
    fn section(&self, attempt: &Attempt<'_>) -> Result<&Netlogon, Refusal> {
        let challenge = acceptor::dns_domain(attempt.target_info);
        let is_named = |one: &&Netlogon| {
            let challenge = challenge.as_deref();
            challenge.is_some_and(|name| alike(one.domain(), name))
        };
        let Some(named) = self.sections.iter().find(is_named) else {
            return Err(Refusal::Unavailable(
                Minor::OtherForest.confidentially(Unnamed(challenge.as_deref())),
            ));
        };
        match self.of_user(attempt, named) {
            Some(meant) if !std::ptr::eq(meant, named) => Err(other_forest(attempt, meant, named)),
            _ => Ok(named),
        }
    }

    /// The section of the typed domain. `None`: it is not known, or none was typed.
    fn of_user<'a>(&'a self, attempt: &Attempt<'_>, named: &'a Netlogon) -> Option<&'a Netlogon> {
        let typed = TypedName::of(&attempt.user.units, &attempt.asked_domain());
        match typed.route() {
            Route::Domain(name) | Route::Suffix(name) => self.of_domain(name, Some(named)),
            Route::Nowhere => None,
        }
    }

    /// The section that has a domain of this name: in the configuration, or else in the list of its
    /// controllers, as far as this process has it. Of several lists that of `first` counts.
    fn of_domain<'a>(&'a self, name: &str, first: Option<&'a Netlogon>) -> Option<&'a Netlogon> {
        let written = self.sections.iter().find(|one| one.has_name(name));
        let mut sections = first.into_iter().chain(&self.sections);
        written.or_else(|| sections.find(|one| one.has_listed(name)))
    }
}

/// The log text for a challenge of no section, with its domain.
struct Unnamed<'a>(Option<&'a str>);

impl fmt::Display for Unnamed<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(domain) => write!(
                formatter,
                "the challenge named {}, which no [[netlogon]] has: the configuration was changed \
                 meanwhile",
                Quoted(domain)
            ),
            None => formatter.write_str("our challenge names no domain"),
        }
    }
}

/// The refusal of a user of another section than the challenge's. After a default domain, the
/// next one may be of the challenge's section.
fn other_forest(attempt: &Attempt<'_>, meant: &Netlogon, named: &Netlogon) -> Refusal {
    let fault = Minor::OtherForest.confidentially(format_args!(
        "the user is of {meant}, and the challenge had the names of {named}, since the client's \
         first message named no domain of {meant}: give {meant} a virtual host with a \
         configuration of its own (docs/forests.md)",
        meant = Quoted(meant.domain()),
        named = Quoted(named.domain()),
    ));
    match attempt.default_domain {
        Some(_) => Refusal::NotMine(fault),
        None => Refusal::Unavailable(fault),
    }
}

impl Verifier for Forests {
    fn verify(&self, attempt: &Attempt<'_>) -> Result<Logon, Refusal> {
        let logon = self.section(attempt)?.verify(attempt)?;
        Ok(logon.with_group_names(Arc::clone(&self.names) as _))
    }

    fn section_of(&self, domain: &str) -> Option<&str> {
        let section = self.of_domain(domain, None);
        section.map(Netlogon::domain)
    }

    fn group_names(&self, _account: &Account) -> Option<Arc<dyn GroupNames>> {
        Some(Arc::clone(&self.names) as _)
    }
}

#[cfg(test)]
mod tests;
