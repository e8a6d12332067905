//! SID filtering: which groups of a user of another domain are kept.
//!
//! Our own controller adds our domain-local groups to an answer. A trusted domain's controller may
//! have forged them before, if no controller filters SIDs (Windows does on trusts, Samba does not).
//! Groups with an identifier below 1000 are built in, such as Domain Admins. They are always
//! dropped, as in SID filtering (MS-PAC 4.1.2.2).

use crate::base::config::{GroupsAcrossTrusts, Netlogon};
use crate::base::sid::Sid;
use crate::dc::domains::{Domain, Domains, Kind};
use crate::protocol::rpc::netlogon::sam_info::SamInfo4;

/// The first identifier of accounts that are not built in (MS-SAMR 3.1.1.9.2.1).
const FIRST_OF_ITS_OWN: u32 = 1000;
/// `SECURITY_AUTHENTICATION_AUTHORITY` (MS-DTYP 2.4.1.1): how the user was authenticated.
pub(super) const AUTHENTICATION_AUTHORITY: [u8; 6] = [0, 0, 0, 0, 0, 18];

/// Filters an answer about a user of ours that a trusted domain's controller may have written.
pub(super) fn filter_ours(config: &Netlogon, info: &mut SamInfo4) {
    let is_own = |sid: &Sid| sid.rid().is_some_and(|rid| rid >= FIRST_OF_ITS_OWN);
    info.sid = info.sid.take().filter(is_own);
    info.primary_group_sid = info.primary_group_sid.take().filter(is_own);
    let filter = SidFilter {
        config,
        domains: None,
    };
    info.group_sids = filter.unlisted(info.sid.as_ref(), std::mem::take(&mut info.group_sids));
}

/// The rules for groups.
pub(super) struct SidFilter<'a> {
    pub(super) config: &'a Netlogon,
    pub(super) domains: Option<&'a Domains>,
}

impl SidFilter<'_> {
    /// For a user of a listed domain: groups of that domain, and of ours if the configuration
    /// accepts them. Also groups of our forest for a user of our forest, and groups of unlisted
    /// domains for a user of another forest's root.
    pub(super) fn of_row(&self, row: &Domain, user: Option<&Sid>, groups: Vec<Sid>) -> Vec<Sid> {
        self.kept(user, groups, |domain, rid| {
            let listed = self.row_of(domain);
            match listed.map(|listed| listed.kind) {
                _ if *domain == row.sid => true,
                // The SID of our domain is not known: the group may be ours.
                None if self.domains.is_none() => self.is_ours_allowed(rid),
                Some(Kind::Ours) => self.is_ours_allowed(rid),
                Some(Kind::InForest) => row.kind == Kind::InForest,
                Some(Kind::ForestRoot | Kind::External) => false,
                None => row.kind == Kind::ForestRoot,
            }
        })
    }

    /// For a user of a domain below a forest's root: groups of the root, and of ours if accepted.
    /// The SID of the user's domain is not proven.
    pub(super) fn below(&self, root: &Domain, user: Option<&Sid>, groups: Vec<Sid>) -> Vec<Sid> {
        self.kept(user, groups, |domain, rid| {
            let listed = self.row_of(domain);
            let is_ours = listed.is_some_and(|listed| listed.kind == Kind::Ours);
            *domain == root.sid || is_ours && self.is_ours_allowed(rid)
        })
    }

    /// Without a list: the SID of our domain is not known, so any group may be ours.
    pub(super) fn unlisted(&self, user: Option<&Sid>, groups: Vec<Sid>) -> Vec<Sid> {
        self.kept(user, groups, |_, rid| self.is_ours_allowed(rid))
    }

    fn is_ours_allowed(&self, rid: u32) -> bool {
        self.config.groups_across_trusts == GroupsAcrossTrusts::Accept && rid >= FIRST_OF_ITS_OWN
    }

    fn row_of(&self, sid: &Sid) -> Option<&Domain> {
        let domains = self.domains?;
        domains.iter().find(|row| row.sid == *sid)
    }

    /// The groups that `is_kept` accepts, by domain and identifier. Groups without a domain
    /// (Administrators, SYSTEM) have the same SID everywhere, and other domains do not decide who
    /// is in them. The user's own SID is not a group.
    fn kept(
        &self,
        user: Option<&Sid>,
        groups: Vec<Sid>,
        is_kept: impl Fn(&Sid, u32) -> bool,
    ) -> Vec<Sid> {
        let is_kept = |group: &Sid| match (group.domain(), group.rid()) {
            (Some(domain), Some(rid)) => is_kept(&domain, rid),
            _ => group.authority() == AUTHENTICATION_AUTHORITY,
        };
        let groups = groups.into_iter();
        groups
            .filter(|group| Some(group) != user && is_kept(group))
            .collect()
    }
}
