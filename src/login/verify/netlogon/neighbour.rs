//! The other sections of the configuration, as one of them sees them: untrusted forests, whose
//! domains, groups and names its controllers do not answer about.

use std::sync::Arc;

use crate::base::config;
use crate::base::net::Deadline;
use crate::base::sid::Sid;
use crate::dc::domains::KnownDomains;
use crate::dc::group_names::Names;
use crate::login::verify::netlogon::route::{self, Stranger};
use crate::login::verify::{GroupName, GroupNames};

/// Another section.
#[derive(Clone, Debug)]
pub(in crate::login::verify) struct Neighbour {
    pub(super) config: config::Netlogon,
    pub(super) domains: Arc<KnownDomains>,
}

impl Neighbour {
    /// What is known of it. With a deadline, its controllers are asked if need be.
    pub(super) fn known(&self, by: Option<Deadline>) -> Stranger<'_> {
        Stranger {
            config: &self.config,
            domains: match by {
                Some(deadline) => self.domains.list(deadline, |_| true),
                None => self.domains.at_hand(),
            },
        }
    }
}

/// The names of groups, without those of the other sections' domains: a controller could call a
/// group of its own so.
#[derive(Debug)]
pub(super) struct OwnNames {
    pub(super) config: config::Netlogon,
    pub(super) names: Arc<Names>,
    pub(super) neighbours: Arc<[Neighbour]>,
}

impl GroupNames for OwnNames {
    fn names_of(&self, groups: &[Sid]) -> Vec<Option<GroupName>> {
        let known: Vec<_> = self.neighbours.iter().map(|one| one.known(None)).collect();
        let is_own = |name: &GroupName| !route::is_strange(name.domain(), &self.config, &known);
        let names = self.names.of(groups).into_iter();
        names.map(|name| name.filter(is_own)).collect()
    }
}
