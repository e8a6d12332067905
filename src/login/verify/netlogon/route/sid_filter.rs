//! The groups of a user of another domain: those that the controllers on the way may speak of.
//!
//! Our own controller adds our domain-local groups to an answer. A trusted domain's controller may
//! have invented them before, where no controller filters SIDs (Windows does on trusts, Samba does
//! not). Those below 1000 are the built-in ones, such as Domain Admins: they never count, as SID
//! filtering has it (MS-PAC 4.1.2.2).

use crate::base::config::{GroupsAcrossTrusts, Netlogon};
use crate::base::sid::Sid;
use crate::dc::domains::{Domain, Domains, Kind};
use crate::protocol::rpc::netlogon::sam_info::SamInfo4;

/// The first identifier that a domain gives to accounts of its own (MS-SAMR 3.1.1.9.2.1).
const FIRST_OF_ITS_OWN: u32 = 1000;
/// `SECURITY_AUTHENTICATION_AUTHORITY` (MS-DTYP 2.4.1.1): how the user was authenticated.
const AUTHENTICATION_AUTHORITY: [u8; 6] = [0, 0, 0, 0, 0, 18];

/// Treats an answer about a user of ours as one that a trusted domain's controller may have written:
/// what SID filtering would remove is dropped.
pub(super) fn filter_ours(config: &Netlogon, info: &mut SamInfo4) {
    let is_own = |sid: &Sid| sid.rid().is_some_and(|rid| rid >= FIRST_OF_ITS_OWN);
    info.sid = info.sid.take().filter(is_own);
    info.primary_group_sid = info.primary_group_sid.take().filter(is_own);
    let groups = Groups {
        config,
        domains: None,
    };
    info.group_sids = groups.unlisted(info.sid.as_ref(), std::mem::take(&mut info.group_sids));
}

/// The rules for groups.
pub(super) struct Groups<'a> {
    pub(super) config: &'a Netlogon,
    pub(super) domains: Option<&'a Domains>,
}

impl Groups<'_> {
    /// Of a user of a domain of the list: its own groups, and ours as the configuration has it; those
    /// of its forest as well if the forest is ours, or if they are of a domain that is in no list.
    pub(super) fn of_row(&self, row: &Domain, user: Option<&Sid>, groups: Vec<Sid>) -> Vec<Sid> {
        self.kept(user, groups, |domain, rid| {
            let listed = self.row_of(domain);
            match listed.map(|listed| listed.kind) {
                _ if *domain == row.sid => true,
                // Our SID is not known.
                None if self.domains.is_none() => self.is_ours_allowed(rid),
                Some(Kind::Ours) => self.is_ours_allowed(rid),
                Some(Kind::InForest) => row.kind == Kind::InForest,
                Some(Kind::ForestRoot | Kind::External) => false,
                None => row.kind == Kind::ForestRoot,
            }
        })
    }

    /// Of a user of a domain below a forest's root: the root's groups, and ours. Which SID the domain
    /// itself has is not proven.
    pub(super) fn below(&self, root: &Domain, user: Option<&Sid>, groups: Vec<Sid>) -> Vec<Sid> {
        self.kept(user, groups, |domain, rid| {
            let listed = self.row_of(domain);
            let is_ours = listed.is_some_and(|listed| listed.kind == Kind::Ours);
            *domain == root.sid || is_ours && self.is_ours_allowed(rid)
        })
    }

    /// Without a list: our SID is not known, so any group may be one of ours.
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

    /// Those that `is_kept` by domain and identifier. Groups of no domain are the same everywhere
    /// (Administrators, SYSTEM), and no other domain's controller has a say in who is in them. The
    /// user's own SID is no group.
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
