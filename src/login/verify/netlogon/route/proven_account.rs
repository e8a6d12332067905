//! The account of an answer, without what is not proven.

use super::answer::dns_name;
use super::home::Rules;
use super::proof::Proof;
use super::sid_filter::{self, SidFilter};
use super::typed::Typed;
use crate::base::config::NamesAlone;
use crate::base::sid::Sid;
use crate::dc::domains::{Domain, Kind};
use crate::login::verify::Account;
use crate::protocol::rpc::netlogon::sam_info::SamInfo4;

/// The account, without what is not proven.
pub(super) fn account(
    rules: &Rules<'_>,
    typed: &Typed,
    proof: Proof<'_>,
    mut info: SamInfo4,
) -> Account {
    if typed.is_name_alone() && are_names_alone_filtered(rules) {
        sid_filter::filter_ours(rules.config, &mut info);
    }
    let (domain, dns_domain) = domain_names(&proof, &info);
    let upn = principal_name(rules, &proof, &info);
    let (sid, primary_group_sid) = match &proof {
        Proof::Ours | Proof::Row(_) => (info.sid.clone(), info.primary_group_sid.clone()),
        Proof::Dns(..) | Proof::Netbios(_) => (None, None),
    };
    let groups = std::mem::take(&mut info.group_sids);
    let mut group_sids = proven_groups(rules, &proof, info.sid.as_ref(), groups);
    if let Some(primary) = &primary_group_sid
        && !group_sids.contains(primary)
    {
        group_sids.push(primary.clone());
    }
    group_sids.retain(|group| rules.is_group_ours(group));
    Account {
        user: info.effective_name,
        is_name_typed: false,
        domain,
        dns_domain,
        upn,
        full_name: unless_empty(info.full_name),
        sid,
        primary_group_sid,
        group_sids,
        group_names: Vec::new(),
        logon_server: unless_empty(info.logon_server),
        user_flags: Some(info.user_flags),
        log_off: info.logoff_time.to_system_time(),
        kick_off: info.kick_off_time.to_system_time(),
    }
}

/// Whether an answer about a name that was typed alone is filtered: the configuration wants it, and
/// our controller may have forwarded the question to a trusted domain.
fn are_names_alone_filtered(rules: &Rules<'_>) -> bool {
    let is_outside = |row: &Domain| matches!(row.kind, Kind::ForestRoot | Kind::External);
    let may_be_forwarded = rules
        .domains
        .is_none_or(|domains| domains.iter().any(is_outside));
    rules.config.names_alone == NamesAlone::Filter && may_be_forwarded
}

/// The NetBIOS name, or a substitute for it, and the DNS name.
fn domain_names(proof: &Proof<'_>, info: &SamInfo4) -> (String, Option<String>) {
    match proof {
        Proof::Row(row) => (row.netbios.clone(), row.dns.clone()),
        Proof::Ours => (
            info.logon_domain_name.clone(),
            dns_name(info).map(str::to_owned),
        ),
        Proof::Dns(name, _) => (name.clone(), Some(name.clone())),
        Proof::Netbios(name) => (name.clone(), None),
    }
}

/// The user principal name. A trusted domain's administrators choose the suffix, so it must be a
/// name of that domain.
fn principal_name(rules: &Rules<'_>, proof: &Proof<'_>, info: &SamInfo4) -> Option<String> {
    let upn = unless_empty(info.upn.clone())?;
    let is_proven = match proof {
        Proof::Ours => rules.is_principal_name_ours(&upn),
        Proof::Row(row) if row.kind == Kind::Ours => rules.is_principal_name_ours(&upn),
        Proof::Row(row) => has_suffix_of(row, &upn),
        Proof::Dns(..) | Proof::Netbios(_) => false,
    };
    is_proven.then_some(upn)
}

fn has_suffix_of(row: &Domain, upn: &str) -> bool {
    let suffix = upn.rsplit_once('@').map(|(_, suffix)| suffix);
    suffix.is_some_and(|suffix| row.has_dns_name(suffix))
}

fn proven_groups(
    rules: &Rules<'_>,
    proof: &Proof<'_>,
    user: Option<&Sid>,
    groups: Vec<Sid>,
) -> Vec<Sid> {
    let filter = SidFilter {
        config: rules.config,
        domains: rules.domains,
    };
    match proof {
        Proof::Ours => groups,
        Proof::Row(row) if row.kind == Kind::Ours => groups,
        Proof::Row(row) => filter.of_row(row, user, groups),
        Proof::Dns(_, Some(root)) => filter.below(root, user, groups),
        Proof::Dns(_, None) | Proof::Netbios(_) => filter.unlisted(user, groups),
    }
}

fn unless_empty(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
