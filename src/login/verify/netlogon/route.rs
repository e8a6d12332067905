//! Whether the answer fits the way that the question went.
//!
//! Who a user of a trusted domain is, that domain's controller says; ours passes it on. So it is
//! believed about its own users only, and never about ours.

use std::fmt;

use crate::base::config::Netlogon;
use crate::base::fault::{Fault, Minor};
use crate::base::log::Quoted;
use crate::base::name_case::alike;
use crate::base::typed_name::{Route, TypedName};
use crate::login::verify::Attempt;
use crate::protocol::rpc::netlogon::sam_info::SamInfo4;

/// An answer about a user of the domain that was asked: only [`Routed::check`] makes one.
#[derive(Debug)]
pub(super) struct Routed(SamInfo4);

impl Routed {
    /// Compares what was typed with the domain that the answer names.
    ///
    /// # Errors
    /// [`Minor::AnsweredForAnother`]; what was typed and answered is for the log only.
    pub(super) fn check(
        config: &Netlogon,
        attempt: &Attempt<'_>,
        info: SamInfo4,
    ) -> Result<Self, Fault> {
        let typed = TypedName::of(&attempt.user.units, &attempt.domain.units);
        let home = home(config, &info);
        match home.is_some_and(|home| fits(config, &typed, home, &info)) {
            true => Ok(Self(info)),
            false => Err(Minor::AnsweredForAnother.confidentially(Misfit {
                typed: &typed,
                info: &info,
                is_ours: home == Some(Home::Ours),
            })),
        }
    }

    /// The answer.
    pub(super) fn into_info(self) -> SamInfo4 {
        self.0
    }
}

/// Where the answer says that the user is from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Home {
    Ours,
    Another,
}

/// None if only half of what it says is ours: no domain has one of our names and another of its own.
fn home(config: &Netlogon, info: &SamInfo4) -> Option<Home> {
    let netbios = info.logon_domain_name.as_str();
    let dns = dns_name(info);
    let is_ours = alike(netbios, config.netbios_domain.as_str())
        && dns.is_none_or(|name| alike(name, &config.domain));
    if is_ours {
        Some(Home::Ours)
    } else if config.is_called(netbios) || dns.is_some_and(|name| config.is_called(name)) {
        None
    } else {
        Some(Home::Another)
    }
}

fn dns_name(info: &SamInfo4) -> Option<&str> {
    Some(info.dns_logon_domain_name.as_str()).filter(|name| !name.is_empty())
}

fn fits(config: &Netlogon, typed: &TypedName, home: Home, info: &SamInfo4) -> bool {
    match (typed.route(), home) {
        (Route::Domain(domain), Home::Ours) => config.is_called(domain),
        (Route::Domain(domain), Home::Another) => {
            alike(domain, &info.logon_domain_name)
                || dns_name(info).is_some_and(|name| alike(domain, name))
        }
        (Route::Suffix(suffix), Home::Ours) => config.is_suffix(suffix),
        // Which suffixes another domain has is its own affair, and so is who is asked about a name
        // alone our controller's.
        (Route::Suffix(_), Home::Another) | (Route::Nowhere, _) => true,
    }
}

/// What does not fit, and what can be done about it.
struct Misfit<'a> {
    typed: &'a TypedName,
    info: &'a SamInfo4,
    is_ours: bool,
}

impl fmt::Display for Misfit<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.typed.route() {
            Route::Domain(domain) => write!(formatter, "typed: the domain {}", Quoted(domain)),
            Route::Suffix(suffix) => write!(formatter, "typed: the suffix {}", Quoted(suffix)),
            Route::Nowhere => formatter.write_str("typed: a name alone"),
        }?;
        write!(
            formatter,
            "; answered: {} of the domain {} ({})",
            Quoted(&self.info.effective_name),
            Quoted(&self.info.logon_domain_name),
            Quoted(&self.info.dns_logon_domain_name)
        )?;
        match self.typed.route() {
            Route::Suffix(suffix) if self.is_ours => write!(
                formatter,
                "; if the suffix is our own forest's, write upn_suffixes = [{}] into [netlogon]",
                Quoted(suffix)
            ),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
