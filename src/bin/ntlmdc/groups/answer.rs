//! What is said of a user: the names and attributes that a login would have, and what the policy
//! decides.

use gss_ntlmdc::base::config::{Group, Policy};
use gss_ntlmdc::base::fault::Minor;
use gss_ntlmdc::login::identity::Identity;
use gss_ntlmdc::login::policy;
use gss_ntlmdc::login::setup::Setup;
use gss_ntlmdc::login::verify::GroupName;

use super::FoundUser;
use crate::report::{Field, Report, Section};

/// The attribute with the names.
const GROUPS: &str = "groups";
/// What a login may say otherwise.
const DIFFERENCES: [&str; 4] = [
    "universal groups of other domains of the forest, if the controller asked no global catalog",
    "old SIDs of the user and of groups (sIDHistory), which filters on the way may take out",
    "what another controller has not heard of yet, and what changes until then",
    "a login by Kerberos: claims, and groups such as S-1-18-1",
];
/// What is not looked at.
const NOT_LOOKED_AT: &str =
    "password, hours, workstations, lockout, expiry: `sudo ntlmdc login` tries them";

/// The report about a user.
pub fn report(setup: &Setup, found: FoundUser) -> Report {
    let own_domain = &setup.target().netbios_domain;
    let FoundUser { account, .. } = &found;
    let names = setup
        .group_names(account)
        .filter(|_| !account.group_sids.is_empty());
    let identity = Identity::new(
        account.clone(),
        &setup.config().identity,
        own_domain,
        String::new(),
    )
    .with_group_names(names.clone());
    let names = || names.map_or_else(Vec::new, |names| names.names_of(&account.group_sids));
    let decided = policy_field(&setup.config().policy, own_domain, &found, names);
    let mut section = Section::new(identity.display());
    section.push(Field::new("found in", &found.place));
    if let Some(obstacle) = found.obstacle {
        section.push(Field::new("login", obstacle).wrong());
    }
    for field in attributes(&identity, &found) {
        section.push(field);
    }
    section.push(decided);
    if account.sid.is_some() {
        let may_differ = DIFFERENCES.iter().map(ToString::to_string);
        section.push(Field::list("a login may differ by", may_differ.collect()));
    }
    section.push(Field::new("not looked at", NOT_LOOKED_AT));
    Report {
        sections: vec![section],
    }
}

fn attributes(identity: &Identity, found: &FoundUser) -> Vec<Field> {
    let mut has_names = false;
    let mut fields = vec![Field::new("REMOTE_USER", identity.display())];
    for attribute in identity.attributes().filter(|one| one.authenticated) {
        let field = Field::list(attribute.name, attribute.values.clone());
        has_names |= attribute.name == GROUPS;
        fields.push(match (attribute.name, attribute.complete, &found.missing) {
            ("group-sids", _, Some(missing)) => field.note(missing).wrong(),
            (_, false, _) => field.note("incomplete: not every name could be had"),
            _ => field,
        });
    }
    if !has_names && !found.account.group_sids.is_empty() {
        let field = Field::new(GROUPS, "(none)").wrong();
        fields.push(field.note("no controller tells the names now: `sudo ntlmdc check` says why"));
    }
    fields
}

fn policy_field(
    policy: &Policy,
    own_domain: &str,
    found: &FoundUser,
    names: impl FnOnce() -> Vec<Option<GroupName>>,
) -> Field {
    let required: Vec<String> = policy.groups.iter().map(Group::to_string).collect();
    let required = required.join(", ");
    match policy::deciding_group(policy, own_domain, &found.account, names) {
        Ok(None) => Field::new("policy.groups", "not set: no group is required"),
        Ok(Some(group)) => {
            Field::new("policy.groups", format!("would be let in by {group}")).right(true)
        }
        Err(fault) if fault.minor() != Minor::NotInGroup => {
            let value = format!("would be refused: {}", fault.for_the_log());
            Field::new("policy.domains", value).wrong()
        }
        Err(_) if found.missing.is_some() => {
            let value = format!("not decided, since groups are missing: {required}");
            Field::new("policy.groups", value).wrong()
        }
        Err(_) => {
            let value = format!("would be refused: is in none of {required}");
            Field::new("policy.groups", value).wrong()
        }
    }
}
