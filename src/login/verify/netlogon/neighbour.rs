//! The sections of a configuration, as the others see them: untrusted forests, whose domains,
//! groups and names the controllers of another section do not answer about.

use std::sync::Arc;

use crate::base::config;
use crate::base::name_case::alike;
use crate::base::net::Deadline;
use crate::base::sid::Sid;
use crate::dc::domains::KnownDomains;
use crate::dc::group_names::Names;
use crate::login::verify::netlogon::route::{self, Stranger};
use crate::login::verify::{GroupName, GroupNames};

/// One section.
#[derive(Clone, Debug)]
pub(in crate::login::verify) struct Neighbour {
    pub(super) config: config::Netlogon,
    pub(super) domains: Arc<KnownDomains>,
    pub(super) names: Arc<Names>,
}

impl Neighbour {
    /// What is known of it. With a deadline, its list of domains too: a controller may be asked.
    pub(super) fn known(&self, by: Option<Deadline>) -> Stranger<'_> {
        Stranger {
            config: &self.config,
            domains: by.and_then(|deadline| self.domains.list(deadline, |_| true)),
        }
    }
}

/// The names of groups of all sections. The section that has the domain of a group is asked, and
/// must call the domain as its list does: a controller could give its own groups any name. So the
/// names do not depend on the process that asks, nor on the user.
#[derive(Debug)]
pub(in crate::login::verify) struct SectionNames(pub(in crate::login::verify) Vec<Neighbour>);

impl SectionNames {
    /// The sections, with their lists if a group is of a domain that no section has written.
    fn known(&self, groups: &[Sid]) -> Vec<Stranger<'_>> {
        let is_written = |sid: &Sid| {
            let mut sections = self.0.iter();
            sections.any(|one| one.config.sids().any(|written| written == sid))
        };
        let mut domains = groups.iter().filter_map(Sid::domain);
        let needs_lists = domains.any(|sid| !is_written(&sid));
        let by = |one: &Neighbour| needs_lists.then(|| Deadline::after(one.config.budget));
        self.0.iter().map(|one| one.known(by(one))).collect()
    }
}

impl GroupNames for SectionNames {
    fn names_of(&self, groups: &[Sid]) -> Vec<Option<GroupName>> {
        let known = self.known(groups);
        let owners: Vec<_> = groups.iter().map(|group| owner(&known, group)).collect();
        let mut names: Vec<_> = groups.iter().map(well_known).collect();
        for (at, section) in self.0.iter().enumerate() {
            let its = |owner: &Option<Owner<'_>>| owner.as_ref().is_some_and(|one| one.at == at);
            let asked = groups.iter().zip(&owners).filter(|(_, owner)| its(owner));
            let asked: Vec<Sid> = asked.map(|(group, _)| group.clone()).collect();
            let mut found = section.names.of(&asked).into_iter();
            for (name, owner) in names.iter_mut().zip(&owners) {
                if let Some(owner) = owner.as_ref().filter(|owner| owner.at == at) {
                    *name = found.next().flatten().filter(|name| owner.calls(name));
                }
            }
        }
        names
    }
}

/// The section that has the domain of a group.
#[derive(Debug, PartialEq, Eq)]
struct Owner<'a> {
    at: usize,
    /// The NetBIOS name of the domain.
    domain: &'a str,
}

impl Owner<'_> {
    fn calls(&self, name: &GroupName) -> bool {
        alike(name.domain(), self.domain)
    }
}

fn owner<'a>(sections: &'a [Stranger<'a>], group: &Sid) -> Option<Owner<'a>> {
    let sid = group.domain()?;
    sections.iter().enumerate().find_map(|(at, own)| {
        let others = sections
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at);
        let others: Vec<_> = others.map(|(_, other)| other.clone()).collect();
        let domain = route::domain_of(own.config, own.domains.as_deref(), &others, &sid)?;
        Some(Owner { at, domain })
    })
}

/// A group without a domain has one name in all sections.
fn well_known(group: &Sid) -> Option<GroupName> {
    let (domain, name) = group.well_known_name()?;
    GroupName::new(domain, name)
}

#[cfg(test)]
mod tests;
