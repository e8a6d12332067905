//! Whether an answer is about the domain that was typed, and what of it is proven.
//!
//! What an answer says of a user of a trusted domain, that domain's controller wrote; ours passes it
//! on. So nothing of it is believed that our own controller's list of domains ([`Domains`]) does
//! not confirm: the NetBIOS name, the DNS name and the SID of an answer are one row of the list, and
//! the typed name is in that row. "Ours" is our own row, SID included.
//!
//! | answer | typed | what is proven |
//! |---|---|---|
//! | our row | our name, a suffix of ours, or the account's own name alone | all |
//! | another row | a name or a suffix of that row | all but the UPN of another suffix, and foreign groups |
//! | no row, DNS name below a trusted forest's | one of its names, the root's as a suffix | the DNS name |
//! | without a list: our two names | as above | all |
//! | without a list: other names | one of them | that name |
//!
//! Whatever a row has not, another domain's user has not: no UPN, no SID.

mod sid_filter;
mod typed;

use std::fmt;

use crate::base::config::{NamesAlone, Netlogon};
use crate::base::crypto::Key;
use crate::base::fault::{Fault, Minor};
use crate::base::log::Quoted;
use crate::base::name_case::alike;
use crate::base::sid::Sid;
use crate::base::typed_name::is_well_known_domain;
use crate::dc::domains::{Domain, Domains, Kind, is_below};
use crate::login::verify::{Account, Attempt};
use crate::protocol::rpc::netlogon::sam_info::SamInfo4;
use sid_filter::Groups;
use typed::Typed;

/// What an answer is held against.
pub(super) struct Rules<'a> {
    pub(super) config: &'a Netlogon,
    /// None if no list can be had.
    pub(super) domains: Option<&'a Domains>,
    /// The domains that the configuration describes: all that there is without a list.
    pub(super) described: &'a [Domain],
    /// The domain of the users file: no controller's, unless it is our own.
    pub(super) users_domain: Option<&'a str>,
}

/// An account of which all is proven: only [`Routed::check`] makes one.
#[derive(Debug)]
pub(super) struct Routed {
    account: Account,
    session_key: Option<Key>,
    lacks_list: bool,
}

impl Routed {
    /// Holds an answer against what was typed and against the domains that there are.
    ///
    /// # Errors
    /// [`Minor::AnsweredForAnother`]; what was typed and answered is for the log only.
    pub(super) fn check(
        rules: &Rules<'_>,
        attempt: &Attempt<'_>,
        mut info: SamInfo4,
    ) -> Result<Self, Fault> {
        let typed = Typed::of(attempt);
        let home = rules.home(&info);
        match home.and_then(|home| rules.proof(&typed, home, &info)) {
            Some(proof) => Ok(Self {
                lacks_list: matches!(proof, Proof::Dns(_, None) | Proof::Netbios(_)),
                session_key: info.user_session_key.take(),
                account: rules.account(&typed, proof, info),
            }),
            None => Err(Minor::AnsweredForAnother.confidentially(Misfit {
                config: rules.config,
                typed: &typed,
                info: &info,
                home,
                has_list: rules.domains.is_some(),
            })),
        }
    }

    /// Whether another domain's user has the typed name only, for want of a list.
    pub(super) fn lacks_list(&self) -> bool {
        self.lacks_list
    }

    /// The account, and `UserSessionKey`.
    pub(super) fn into_parts(self) -> (Account, Option<Key>) {
        (self.account, self.session_key)
    }
}

/// Where the names and the SID of an answer say that the account is.
#[derive(Clone, Copy)]
enum Home<'a> {
    /// In a domain of which we know all three.
    Row(&'a Domain),
    /// In a domain that is in no list, below the DNS name of this forest's root.
    Below(&'a Domain),
    /// Without a list: in our own domain, by its names.
    Ours,
    /// Without a list: in some other.
    Another,
}

/// What is proven of the account's domain.
enum Proof<'a> {
    Row(&'a Domain),
    /// Our own domain, by its two names; its SID is not known.
    Ours,
    /// This is a DNS name; the root of its forest, if there is a list.
    Dns(String, Option<&'a Domain>),
    /// This is a NetBIOS name.
    Netbios(String),
}

impl<'a> Rules<'a> {
    /// None if the answer contradicts the list, or claims a name that is not its own.
    fn home(&self, info: &SamInfo4) -> Option<Home<'a>> {
        let home = match self.domains {
            Some(domains) => listed(domains, info)?,
            None => self.unlisted(info)?,
        };
        let is_ours = match home {
            Home::Ours => true,
            Home::Row(row) => row.kind == Kind::Ours,
            Home::Below(_) | Home::Another => false,
        };
        (is_ours || !self.is_reserved(info)).then_some(home)
    }

    /// Whether one of its names is the computer's, the users file's or a well-known one.
    fn is_reserved(&self, info: &SamInfo4) -> bool {
        let computer = self.config.account.computer().as_str();
        [&info.logon_domain_name, &info.dns_logon_domain_name]
            .into_iter()
            .any(|name| {
                let is_users = self.users_domain.is_some_and(|domain| alike(domain, name));
                is_users || alike(computer, name) || name == "." || is_well_known_domain(name)
            })
    }

    /// Without a list: what the configuration says of our own domain must do.
    fn unlisted(&self, info: &SamInfo4) -> Option<Home<'a>> {
        let config = self.config;
        let (netbios, dns) = (info.logon_domain_name.as_str(), dns_name(info));
        let is_ours = alike(netbios, config.netbios_domain.as_str())
            && dns.is_none_or(|name| alike(name, &config.domain));
        let is_like_ours = |name| config.is_suffix(name) || is_below(name, &config.domain);
        if is_ours {
            return Some(Home::Ours);
        }
        if let Some(row) = self.described.iter().find(|row| claims(row, info)) {
            return is_row(row, info).then_some(Home::Row(row));
        }
        let is_like_ours = is_like_ours(netbios) || dns.is_some_and(is_like_ours);
        (!is_like_ours).then_some(Home::Another)
    }

    /// What is proven, if the typed names lead there.
    fn proof(&self, typed: &Typed, home: Home<'a>, info: &SamInfo4) -> Option<Proof<'a>> {
        let is_account = |name: &str| alike(name, &info.effective_name);
        let takes_names_alone = self.config.names_alone != NamesAlone::Refuse;
        match home {
            Home::Row(row) => {
                let is_ours = row.kind == Kind::Ours;
                let leads_there = typed.leads_to(
                    |domain| row.is_called(domain),
                    |suffix| self.is_suffix_of(row, suffix),
                    |name| is_ours && takes_names_alone && is_account(name),
                );
                leads_there.then_some(Proof::Row(row))
            }
            Home::Below(root) => {
                let dns = dns_name(info)?;
                let leads_there = typed.leads_to(
                    |domain| alike(domain, dns) || alike(domain, &info.logon_domain_name),
                    |suffix| alike(suffix, dns) || self.is_suffix_of(root, suffix),
                    |_| false,
                );
                leads_there.then(|| Proof::Dns(dns.to_owned(), Some(root)))
            }
            Home::Ours => {
                let config = self.config;
                let leads_there = typed.leads_to(
                    |domain| config.is_called(domain),
                    |suffix| config.is_suffix(suffix),
                    |name| takes_names_alone && is_account(name),
                );
                leads_there.then_some(Proof::Ours)
            }
            Home::Another => {
                let dns = dns_name(info).filter(|dns| dns.contains('.'));
                let is_dns = |name: &str| dns.is_some_and(|dns| alike(name, dns));
                // A NetBIOS name with a dot could be read as a DNS name.
                let netbios = Some(info.logon_domain_name.as_str());
                let netbios = netbios.filter(|netbios| !netbios.contains('.'));
                let is_netbios = |name: &str| netbios.is_some_and(|own| alike(name, own));
                if typed.leads_to(is_dns, is_dns, |_| false) {
                    dns.map(|dns| Proof::Dns(dns.to_owned(), None))
                } else if typed.leads_to(is_netbios, is_dns, |_| false) {
                    netbios.map(|netbios| Proof::Netbios(netbios.to_owned()))
                } else {
                    None
                }
            }
        }
    }

    /// Whether a name that was typed alone may have been answered by a trusted domain, and the
    /// configuration provides for that.
    fn are_names_alone_filtered(&self) -> bool {
        let is_outside = |row: &Domain| matches!(row.kind, Kind::ForestRoot | Kind::External);
        let may_be_forwarded = self
            .domains
            .is_none_or(|domains| domains.iter().any(is_outside));
        self.config.names_alone == NamesAlone::Filter && may_be_forwarded
    }

    /// Whether principal names of this domain's users may end so. A forest's suffixes are those of
    /// all its domains.
    fn is_suffix_of(&self, row: &Domain, suffix: &str) -> bool {
        let is_written = || row.upn_suffixes.iter().any(|written| written.is(suffix));
        let is_of_our_forest = || {
            let ours = self.domains.map(Domains::ours);
            ours.is_some_and(|ours| ours.is_called(suffix))
                || self.config.upn_suffixes.iter().any(|own| own.is(suffix))
        };
        row.is_called(suffix)
            || is_written()
            || matches!(row.kind, Kind::Ours | Kind::InForest) && is_of_our_forest()
    }

    /// Drops of the answer what is not proven.
    fn account(&self, typed: &Typed, proof: Proof<'_>, mut info: SamInfo4) -> Account {
        if typed.is_name_alone() && self.are_names_alone_filtered() {
            sid_filter::filter_ours(self.config, &mut info);
        }
        let groups = Groups {
            config: self.config,
            domains: self.domains,
        };
        let (domain, dns_domain) = match &proof {
            Proof::Row(row) => (row.netbios.clone(), row.dns.clone()),
            Proof::Ours => (
                info.logon_domain_name.clone(),
                dns_name(&info).map(str::to_owned),
            ),
            Proof::Dns(name, _) => (name.clone(), Some(name.clone())),
            Proof::Netbios(name) => (name.clone(), None),
        };
        let upn = Some(info.upn.clone()).filter(|upn| !upn.is_empty());
        let (upn, sid, primary_group_sid) = match &proof {
            Proof::Ours => (upn, info.sid.clone(), info.primary_group_sid.clone()),
            Proof::Row(row) => {
                let upn = upn.filter(|upn| row.kind == Kind::Ours || is_of(row, upn));
                (upn, info.sid.clone(), info.primary_group_sid.clone())
            }
            Proof::Dns(..) | Proof::Netbios(_) => (None, None, None),
        };
        let mut group_sids: Vec<Sid> = match &proof {
            Proof::Ours => info.group_sids,
            Proof::Row(row) if row.kind == Kind::Ours => info.group_sids,
            Proof::Row(row) => groups.of_row(row, info.sid.as_ref(), info.group_sids),
            Proof::Dns(_, Some(root)) => groups.below(root, info.sid.as_ref(), info.group_sids),
            Proof::Dns(_, None) | Proof::Netbios(_) => {
                groups.unlisted(info.sid.as_ref(), info.group_sids)
            }
        };
        if let Some(primary) = &primary_group_sid
            && !group_sids.contains(primary)
        {
            group_sids.push(primary.clone());
        }
        let unless_empty = |text: String| Some(text).filter(|text| !text.is_empty());
        Account {
            user: info.effective_name,
            domain,
            dns_domain,
            upn,
            full_name: unless_empty(info.full_name),
            sid,
            primary_group_sid,
            group_sids,
            logon_server: unless_empty(info.logon_server),
            user_flags: Some(info.user_flags),
            log_off: info.logoff_time.to_system_time(),
            kick_off: info.kick_off_time.to_system_time(),
        }
    }
}

fn dns_name(info: &SamInfo4) -> Option<&str> {
    Some(info.dns_logon_domain_name.as_str()).filter(|name| !name.is_empty())
}

/// Whether the answer is about a domain of the list. If not, a new list may have it.
pub(super) fn is_listed(domains: &Domains, info: &SamInfo4) -> bool {
    domains.iter().any(|row| is_row(row, info))
}

/// Whether all that an answer says of its domain is of this row. The DNS name may be missing; no
/// controller that answers at this level leaves the SID out.
fn is_row(row: &Domain, info: &SamInfo4) -> bool {
    let sid = info.sid.as_ref().and_then(Sid::domain);
    sid.as_ref() == Some(&row.sid)
        && alike(&info.logon_domain_name, &row.netbios)
        && dns_name(info).is_none_or(|name| row.has_dns_name(name))
}

/// Whether anything that an answer says of its domain is of this row.
fn claims(row: &Domain, info: &SamInfo4) -> bool {
    let sid = info.sid.as_ref().and_then(Sid::domain);
    sid.as_ref() == Some(&row.sid)
        || row.is_called(&info.logon_domain_name)
        || dns_name(info).is_some_and(|name| row.is_called(name))
}

/// None if some of what the answer says is a row's, and not all of it.
fn listed<'a>(domains: &'a Domains, info: &SamInfo4) -> Option<Home<'a>> {
    if let Some(row) = domains.iter().find(|row| is_row(row, info)) {
        return Some(Home::Row(row));
    }
    info.sid.as_ref().and_then(Sid::domain)?;
    let dns = dns_name(info)?;
    if domains.iter().any(|row| claims(row, info)) || domains.ours().is_above(dns) {
        return None;
    }
    let nearest = domains.nearest_above(dns)?;
    (nearest.kind == Kind::ForestRoot && is_plain_dns_name(dns)).then_some(Home::Below(nearest))
}

/// Nothing that could be read as more than a domain's name.
fn is_plain_dns_name(name: &str) -> bool {
    let is_plain = |letter: char| letter.is_alphanumeric() || ".-_".contains(letter);
    name.chars().all(is_plain)
}

/// The suffix of a principal name is what the administrators of its domain wrote: it could be ours.
fn is_of(row: &Domain, upn: &str) -> bool {
    let suffix = upn.rsplit_once('@').map(|(_, suffix)| suffix);
    suffix.is_some_and(|suffix| row.has_dns_name(suffix))
}

/// What does not fit, and what can be done about it.
struct Misfit<'a> {
    config: &'a Netlogon,
    typed: &'a Typed,
    info: &'a SamInfo4,
    home: Option<Home<'a>>,
    has_list: bool,
}

impl fmt::Display for Misfit<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = self.info;
        write!(
            formatter,
            "{}; answered: {} of the domain {} ({})",
            self.typed,
            Quoted(&info.effective_name),
            Quoted(&info.logon_domain_name),
            Quoted(&info.dns_logon_domain_name)
        )?;
        match info.sid.as_ref().and_then(Sid::domain) {
            Some(sid) => write!(formatter, " {sid}")?,
            None => formatter.write_str(" without a SID")?,
        }
        write!(
            formatter,
            "; configured: domain {}, netbios_domain {}",
            Quoted(&self.config.domain),
            Quoted(self.config.netbios_domain.as_str())
        )?;
        let is_ours = match self.home {
            Some(Home::Row(row)) => row.kind == Kind::Ours,
            Some(Home::Ours) => true,
            _ => false,
        };
        match (self.typed.suffix(), self.home) {
            (Some(suffix), Some(_)) if is_ours => write!(
                formatter,
                "; if the suffix is our own forest's, write upn_suffixes = [{}] into [netlogon]",
                Quoted(suffix)
            ),
            (None, Some(_)) if self.typed.is_name_alone() => {
                formatter.write_str("; such a user types the domain as well")
            }
            (_, None) if self.has_list => formatter.write_str(
                "; that is no domain of our controller's list: if it is a trusted one, \
                 describe it in trusted_domains",
            ),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
