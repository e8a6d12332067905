//! The directory in which the groups of relayed users are looked up.

use gss_ntlmdc::base::config::GroupDirectory;
use gss_ntlmdc::directory::{Error, Filter, Scope, Search};

use crate::check::cause::Cause;
use crate::check::finding::{Finding, Subject};
use crate::check::ldap_servers::{self, Opened};
use crate::progress::Progress;

const TOKEN_GROUPS: &str = "tokenGroups";
/// Why a fault here matters if no policy asks for groups.
pub const NO_GROUPS: &str = "Users are in no group then. They can log in.";

/// Asks each server for the groups of one account. If no policy needs groups, logins go on without.
pub fn findings(config: &GroupDirectory, is_needed: bool, progress: &Progress) -> Vec<Finding> {
    let mut findings = ldap_servers::each(&config.service, progress, |mut opened| {
        vec![look(config, &mut opened)]
    });
    for finding in &mut findings {
        finding.what = format!("[relay.groups] {}", finding.what);
        if !is_needed {
            finding.lessen(NO_GROUPS);
        }
    }
    findings
}

fn look(config: &GroupDirectory, opened: &mut Opened) -> Finding {
    let (name, base) = (opened.name.clone(), config.base.as_str());
    if let Err(problem) = ldap_servers::find_entry(&mut opened.client, base, opened.deadline) {
        return ldap_servers::without_base(&name, &problem);
    }
    match has_groups(base, opened) {
        Ok(true) => {
            let what = format!("{name}: the service reads groups of users");
            Finding::good(Subject::Directory, what)
        }
        Ok(false) => {
            let what = format!(
                "{name}: no user below {base} has {TOKEN_GROUPS} that the service can read"
            );
            let cure = "Correct `base`, or let the account of bind_dn read users below it.";
            Cause::DirectoryWithoutGroups.failure(what, cure)
        }
        Err(error) => ldap_servers::without_base(&name, &error.to_string()),
    }
}

/// Whether the groups of one account below the base can be read.
fn has_groups(base: &str, opened: &mut Opened) -> Result<bool, Error> {
    let Opened {
        client, deadline, ..
    } = opened;
    let user = Filter::Equality("objectClass".to_owned(), "user".to_owned());
    let search = Search {
        base,
        scope: Scope::Subtree,
        filter: Filter::And(vec![user, Filter::Present("objectSid".to_owned())]),
        attributes: &["objectSid"],
        limit: 1,
    };
    let Some(entry) = client.first(search, *deadline)? else {
        return Ok(false);
    };
    let token = client.first(Search::of_entry(entry.dn(), &[TOKEN_GROUPS]), *deadline)?;
    Ok(token.is_some_and(|token| !token.values(TOKEN_GROUPS).is_empty()))
}
