//! Another section of the configuration: an answer of ours is never about its domains.

use std::sync::Arc;

use super::answer::{dns_name, domain_sid, touches_row};
use crate::base::config::Netlogon;
use crate::base::sid::Sid;
use crate::dc::domains::{Domain, Domains};
use crate::protocol::rpc::netlogon::sam_info::SamInfo4;

/// Another section, and the list of its controllers.
pub(in crate::login::verify::netlogon) struct Stranger<'a> {
    pub(in crate::login::verify::netlogon) config: &'a Netlogon,
    /// `None`: no process of this host has it yet.
    pub(in crate::login::verify::netlogon) domains: Option<Arc<Domains>>,
}

/// Whether a name is one of another section's domains, and not in our own section.
pub(in crate::login::verify::netlogon) fn is_strange(
    name: &str,
    own: &Netlogon,
    strangers: &[Stranger<'_>],
) -> bool {
    !own.has_name(name) && strangers.iter().any(|one| one.has_name(name))
}

impl Stranger<'_> {
    /// Whether a name is one of its domains, or below one of them.
    pub(in crate::login::verify::netlogon) fn has_name(&self, name: &str) -> bool {
        let is_of = |row: &Domain| row.is_called(name) || row.is_above(name);
        self.config.has_name(name) || self.rows().any(is_of)
    }

    /// Whether its section of the configuration names the domain of an answer.
    pub(super) fn is_written(&self, info: &SamInfo4) -> bool {
        let sid = domain_sid(info);
        let mut trusted = self.config.trusted_domains.iter();
        let has_sid = trusted.any(|row| sid.as_ref() == Some(&row.sid));
        has_sid
            || self.config.has_name(&info.logon_domain_name)
            || dns_name(info).is_some_and(|name| self.config.has_name(name))
    }

    /// Whether the domain of an answer is in its list, or below a domain of the list.
    pub(super) fn is_listed(&self, info: &SamInfo4) -> bool {
        let is_above = |row: &Domain| dns_name(info).is_some_and(|name| row.is_above(name));
        self.rows()
            .any(|row| touches_row(info, row) || is_above(row))
    }

    /// Whether this is the SID of its own domain.
    pub(super) fn is_own_sid(&self, sid: &Sid) -> bool {
        let list = self.domains.as_ref();
        list.is_some_and(|list| list.ours().sid == *sid)
    }

    /// Whether this is the SID of a domain in its list.
    pub(super) fn has_sid(&self, sid: &Sid) -> bool {
        self.rows().any(|row| row.sid == *sid)
    }

    fn rows(&self) -> impl Iterator<Item = &Domain> {
        self.domains.iter().flat_map(|list| list.iter())
    }
}
