//! Another section of the configuration: an answer of ours is never about its domains.

use std::sync::Arc;

use super::answer::{dns_name, domain_sid, touches_row};
use crate::base::config::Netlogon;
use crate::base::sid::Sid;
use crate::dc::domains::{Domain, Domains};
use crate::protocol::rpc::netlogon::sam_info::SamInfo4;

/// Another section, and the list of its controllers.
#[derive(Clone)]
pub(in crate::login::verify::netlogon) struct Stranger<'a> {
    pub(in crate::login::verify::netlogon) config: &'a Netlogon,
    /// `None`: it was not asked for, or could not be had.
    pub(in crate::login::verify::netlogon) domains: Option<Arc<Domains>>,
}

/// The NetBIOS name of the domain with this SID, if the domain is one of a section alone. What is
/// written in a section counts for more than the lists of the others. A domain that only the
/// section's own list has is of the section if no other one may have its names or its SID: each
/// list is chosen by the administrators of its forest.
pub(in crate::login::verify::netlogon) fn domain_of<'a>(
    own: &'a Netlogon,
    list: Option<&'a Domains>,
    strangers: &[Stranger<'_>],
    sid: &Sid,
) -> Option<&'a str> {
    if own.sid.as_ref() == Some(sid) {
        return Some(own.netbios_domain.as_str());
    }
    if let Some(described) = own.trusted_domains.iter().find(|row| row.sid == *sid) {
        return Some(described.netbios.as_str());
    }
    let row = list?.iter().find(|row| row.sid == *sid)?;
    let is_disputed = strangers.iter().any(|one| one.may_have(row));
    (!is_disputed).then_some(&row.netbios)
}

impl Stranger<'_> {
    /// Whether its section of the configuration has the domain of an answer.
    pub(super) fn is_written(&self, info: &SamInfo4) -> bool {
        let names = [Some(info.logon_domain_name.as_str()), dns_name(info)];
        self.writes(domain_sid(info).as_ref(), names)
    }

    /// Whether the domain of an answer is in its list, or below a domain of the list.
    pub(super) fn is_listed(&self, info: &SamInfo4) -> bool {
        let is_above = |row: &Domain| dns_name(info).is_some_and(|name| row.is_above(name));
        self.rows()
            .any(|row| touches_row(info, row) || is_above(row))
    }

    /// Whether a domain of our list has a name or the SID of one of its domains. Without its list
    /// any domain may be one of them.
    fn may_have(&self, row: &Domain) -> bool {
        let dns = row.dns.as_deref();
        let is_above = |its: &Domain| dns.is_some_and(|name| its.is_above(name));
        self.domains.is_none()
            || self.writes(Some(&row.sid), [Some(row.netbios.as_str()), dns])
            || self.rows().any(|its| its.overlaps(row) || is_above(its))
    }

    fn writes(&self, sid: Option<&Sid>, names: [Option<&str>; 2]) -> bool {
        let mut names = names.into_iter().flatten();
        self.config.sids().any(|own| sid == Some(own))
            || names.any(|name| self.config.has_name(name))
    }

    fn rows(&self) -> impl Iterator<Item = &Domain> {
        self.domains.iter().flat_map(|list| list.iter())
    }
}
