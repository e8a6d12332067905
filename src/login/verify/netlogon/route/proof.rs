//! What is proven about the domain of an account.

use super::answer::dns_name;
use super::home::{Home, Rules};
use super::typed::Typed;
use crate::base::config::NamesAlone;
use crate::base::name_case::alike;
use crate::dc::domains::{Domain, Domains, Kind};
use crate::protocol::rpc::netlogon::sam_info::SamInfo4;

/// What is proven about the domain of an account.
pub(super) enum Proof<'a> {
    /// Its names and its SID are those of this row.
    Row(&'a Domain),
    /// It is our own domain, by its two names. Its SID is not known.
    Ours,
    /// Its DNS name is this; with a list, it is below the root of this forest.
    Dns(String, Option<&'a Domain>),
    /// Its NetBIOS name is this.
    Netbios(String),
}

impl Proof<'_> {
    /// Whether a list would prove more.
    pub(super) fn lacks_list(&self) -> bool {
        matches!(self, Self::Dns(_, None) | Self::Netbios(_))
    }
}

impl<'a> Rules<'a> {
    /// What is proven, if the typed names lead to the domain of the answer.
    pub(super) fn proof(
        &self,
        typed: &Typed,
        home: Home<'a>,
        info: &SamInfo4,
    ) -> Option<Proof<'a>> {
        match home {
            Home::Row(row) => self.row_proof(typed, row, info),
            Home::Below(root) => self.forest_proof(typed, root, info),
            Home::Ours => self.our_proof(typed, info),
            Home::Another => name_proof(typed, info),
        }
    }

    fn row_proof(&self, typed: &Typed, row: &'a Domain, info: &SamInfo4) -> Option<Proof<'a>> {
        let leads_there = typed.leads_to(
            |domain| row.is_called(domain),
            |suffix| self.is_suffix_of(row, suffix),
            |name| row.kind == Kind::Ours && self.is_account(name, info),
        );
        leads_there.then_some(Proof::Row(row))
    }

    fn forest_proof(&self, typed: &Typed, root: &'a Domain, info: &SamInfo4) -> Option<Proof<'a>> {
        let dns = dns_name(info)?;
        let leads_there = typed.leads_to(
            |domain| alike(domain, dns) || alike(domain, &info.logon_domain_name),
            |suffix| alike(suffix, dns) || self.is_suffix_of(root, suffix),
            |_| false,
        );
        leads_there.then(|| Proof::Dns(dns.to_owned(), Some(root)))
    }

    fn our_proof(&self, typed: &Typed, info: &SamInfo4) -> Option<Proof<'a>> {
        let leads_there = typed.leads_to(
            |domain| self.config.is_called(domain),
            |suffix| self.config.is_suffix(suffix),
            |name| self.is_account(name, info),
        );
        leads_there.then_some(Proof::Ours)
    }

    /// Whether a name that was typed alone is the name of the account.
    fn is_account(&self, name: &str, info: &SamInfo4) -> bool {
        self.config.names_alone != NamesAlone::Refuse && alike(name, &info.effective_name)
    }

    /// Whether principal names of this domain's users may have a suffix. The domains of a forest
    /// share their suffixes.
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
}

/// Without a list: the name of the answer that was typed. A NetBIOS name with a dot could be read
/// as a DNS name, and proves nothing.
fn name_proof<'a>(typed: &Typed, info: &SamInfo4) -> Option<Proof<'a>> {
    let dns = dns_name(info).filter(|dns| dns.contains('.'));
    let is_dns = |name: &str| dns.is_some_and(|dns| alike(name, dns));
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
