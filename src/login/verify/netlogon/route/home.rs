//! The domain that an answer is about.

use super::answer::{dns_name, domain_sid, is_of_row, touches_row};
use super::sid_filter::AUTHENTICATION_AUTHORITY;
use super::stranger::{Stranger, domain_of};
use crate::base::config::{NetbiosName, Netlogon};
use crate::base::name_case::alike;
use crate::base::sid::Sid;
use crate::base::typed_name::is_well_known_domain;
use crate::dc::domains::{Domain, Domains, Kind, is_below};
use crate::protocol::rpc::netlogon::sam_info::SamInfo4;

/// What an answer is checked against.
pub(in crate::login::verify::netlogon) struct Rules<'a> {
    pub(in crate::login::verify::netlogon) config: &'a Netlogon,
    /// `None`: there is no list.
    pub(in crate::login::verify::netlogon) domains: Option<&'a Domains>,
    /// The domains that the configuration describes, for use without a list.
    pub(in crate::login::verify::netlogon) described: &'a [Domain],
    /// The domains of the users file and of the directory. No trusted domain may have such a name.
    pub(in crate::login::verify::netlogon) users_domains: &'a [NetbiosName],
    /// The other sections of the configuration.
    pub(in crate::login::verify::netlogon) strangers: &'a [Stranger<'a>],
}

/// Where the names and the SID of an answer place the account.
#[derive(Clone, Copy)]
pub(super) enum Home<'a> {
    /// In a domain whose names and SID are known.
    Row(&'a Domain),
    /// In an unlisted domain, below the DNS name of this forest's root.
    Below(&'a Domain),
    /// Without a list: in our own domain, by its names.
    Ours,
    /// Without a list: in another domain.
    Another,
}

impl Home<'_> {
    pub(super) fn is_ours(self) -> bool {
        match self {
            Self::Ours => true,
            Self::Row(row) => row.kind == Kind::Ours,
            Self::Below(_) | Self::Another => false,
        }
    }
}

impl<'a> Rules<'a> {
    /// `None`: the answer contradicts the list or the configuration, has a reserved name, or is
    /// about a domain of another section.
    pub(super) fn home(&self, info: &SamInfo4) -> Option<Home<'a>> {
        let home = match self.domains {
            Some(domains) => listed(domains, info)?,
            None => self.unlisted(info)?,
        };
        let is_refused = match home.is_ours() {
            true => self.contradicts_sid(info),
            false => self.is_reserved(info) || self.stranger_of(info).is_some(),
        };
        (!is_refused).then_some(home)
    }

    /// Whether an answer about a user of ours has another SID than the configuration.
    fn contradicts_sid(&self, info: &SamInfo4) -> bool {
        let written = self.config.sid.as_ref();
        written.is_some_and(|written| domain_sid(info).as_ref() != Some(written))
    }

    /// The other section that has the domain of an answer. What is written in one section counts
    /// for more than the lists of the others.
    pub(super) fn stranger_of(&self, info: &SamInfo4) -> Option<&'a Stranger<'a>> {
        let mut strangers = self.strangers.iter();
        let is_described = || self.described.iter().any(|row| is_of_row(info, row));
        let written = self.strangers.iter().find(|one| one.is_written(info));
        written.or_else(|| strangers.find(|one| !is_described() && one.is_listed(info)))
    }

    /// Whether a group may be in an answer. With several sections, its domain is one of ours alone.
    /// Groups without a domain (Administrators) have the same SID in every forest.
    pub(super) fn is_group_ours(&self, group: &Sid) -> bool {
        if self.strangers.is_empty() {
            return true;
        }
        match group.domain() {
            Some(sid) => domain_of(self.config, self.domains, self.strangers, &sid).is_some(),
            None => group.authority() == AUTHENTICATION_AUTHORITY,
        }
    }

    /// Whether a user of ours may have a principal name. With several sections, our section has its
    /// suffix.
    pub(super) fn is_principal_name_ours(&self, upn: &str) -> bool {
        let suffix = upn.rsplit_once('@').map(|(_, suffix)| suffix);
        self.strangers.is_empty() || suffix.is_some_and(|suffix| self.config.is_suffix(suffix))
    }

    /// Whether a name of the domain is the computer's, another verifier's or a well-known one.
    fn is_reserved(&self, info: &SamInfo4) -> bool {
        let computer = self.config.account.computer().as_str();
        [&info.logon_domain_name, &info.dns_logon_domain_name]
            .into_iter()
            .any(|name| {
                let mut users = self.users_domains.iter();
                let is_users = users.any(|domain| alike(domain.as_str(), name));
                is_users || alike(computer, name) || name == "." || is_well_known_domain(name)
            })
    }

    /// Without a list: by the configuration alone.
    fn unlisted(&self, info: &SamInfo4) -> Option<Home<'a>> {
        let config = self.config;
        let (netbios, dns) = (info.logon_domain_name.as_str(), dns_name(info));
        let is_ours = alike(netbios, config.netbios_domain.as_str())
            && dns.is_none_or(|name| alike(name, &config.domain));
        if is_ours {
            return Some(Home::Ours);
        }
        if let Some(row) = self.described.iter().find(|row| touches_row(info, row)) {
            return is_of_row(info, row).then_some(Home::Row(row));
        }
        let is_like_ours = |name| config.is_suffix(name) || is_below(name, &config.domain);
        let is_like_ours = is_like_ours(netbios) || dns.is_some_and(is_like_ours);
        (!is_like_ours).then_some(Home::Another)
    }
}

/// By the list. `None`: the answer agrees with a row in part only.
fn listed<'a>(domains: &'a Domains, info: &SamInfo4) -> Option<Home<'a>> {
    if let Some(row) = domains.iter().find(|row| is_of_row(info, row)) {
        return Some(Home::Row(row));
    }
    domain_sid(info)?;
    let dns = dns_name(info)?;
    if domains.iter().any(|row| touches_row(info, row)) || domains.ours().is_above(dns) {
        return None;
    }
    let nearest = domains.nearest_above(dns)?;
    (nearest.kind == Kind::ForestRoot && is_plain_dns_name(dns)).then_some(Home::Below(nearest))
}

/// Whether a name has no character that could separate a domain from a user.
fn is_plain_dns_name(name: &str) -> bool {
    let is_plain = |letter: char| letter.is_alphanumeric() || ".-_".contains(letter);
    name.chars().all(is_plain)
}
