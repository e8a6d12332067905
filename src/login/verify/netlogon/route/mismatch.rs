//! The log text for an answer that is not about the typed domain.

use std::fmt;

use super::answer::domain_sid;
use super::home::Home;
use super::stranger::Stranger;
use super::typed::Typed;
use crate::base::config::Netlogon;
use crate::base::log::Quoted;
use crate::protocol::rpc::netlogon::sam_info::SamInfo4;

/// What was typed, answered and configured, and what the administrator can do.
pub(super) struct Mismatch<'a> {
    pub(super) config: &'a Netlogon,
    pub(super) typed: &'a Typed,
    pub(super) info: &'a SamInfo4,
    pub(super) home: Option<Home<'a>>,
    pub(super) has_list: bool,
    pub(super) stranger: Option<&'a Stranger<'a>>,
}

impl fmt::Display for Mismatch<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}; ", self.typed)?;
        self.write_answer(formatter)?;
        write!(
            formatter,
            "; configured: domain {}, netbios_domain {}",
            Quoted(&self.config.domain),
            Quoted(self.config.netbios_domain.as_str())
        )?;
        if let Some(sid) = &self.config.sid {
            write!(formatter, ", sid {sid}")?;
        }
        self.write_advice(formatter)
    }
}

impl Mismatch<'_> {
    fn write_answer(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "answered: {} of the domain {} ({})",
            Quoted(&self.info.effective_name),
            Quoted(&self.info.logon_domain_name),
            Quoted(&self.info.dns_logon_domain_name)
        )?;
        match domain_sid(self.info) {
            Some(sid) => write!(formatter, " {sid}"),
            None => formatter.write_str(" without a SID"),
        }
    }

    fn write_advice(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(stranger) = self.stranger {
            let owner = Quoted(&stranger.config.domain);
            return write!(
                formatter,
                "; that is a domain of [[netlogon]] {owner} too: only the section that has it in \
                 trusted_domains answers about it"
            );
        }
        match (self.typed.suffix(), self.home) {
            (Some(suffix), Some(home)) if home.is_ours() => write!(
                formatter,
                "; if the suffix is of our own forest, add upn_suffixes = [{}] to [netlogon]",
                Quoted(suffix)
            ),
            (None, Some(_)) if self.typed.is_name_alone() => {
                formatter.write_str("; such a user must type the domain as well")
            }
            (_, None) if self.has_list => formatter.write_str(
                "; the list of our controller does not have this domain: if it is trusted, \
                 describe it in trusted_domains",
            ),
            _ => Ok(()),
        }
    }
}
