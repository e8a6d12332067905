//! What each server of an LDAP directory says.

use gss_ntlmdc::base::config::{Config, Directory, Schema, VerifierKind};
use gss_ntlmdc::base::net::Deadline;
use gss_ntlmdc::directory::servers;
use gss_ntlmdc::directory::{Client, Error, Filter, Scope, Search};

use super::cause::Cause;
use super::finding::{Finding, Subject};
use super::ldap_servers::{self, Opened};
use super::local::files::Usable;
use crate::progress::Progress;

/// Asks each server, with the rights of the service.
pub fn findings(config: &Config, usable: &Usable, progress: &Progress) -> Vec<Finding> {
    let is_asked = usable.directory && config.verify.contains(&VerifierKind::Directory);
    let Some(directory) = config.directory.as_ref().filter(|_| is_asked) else {
        return Vec::new();
    };
    let needs_groups = !config.policy.groups.is_empty();
    ldap_servers::each(&directory.service, progress, |mut opened| {
        let mut findings = look(directory, &mut opened);
        if !findings.iter().any(Finding::is_failure) {
            findings.extend(groups(directory, &mut opened, needs_groups));
        }
        findings
    })
}

fn look(config: &Directory, opened: &mut Opened) -> Vec<Finding> {
    let (name, deadline) = (&opened.name, opened.deadline);
    let base = config.base.as_str();
    if let Err(problem) = ldap_servers::find_entry(&mut opened.client, base, deadline) {
        return vec![ldap_servers::without_base(name, &problem)];
    }
    match users(config, &mut opened.client, deadline) {
        Ok(true) => {
            let what = format!("{name}: the service reads NT hashes");
            let good = Finding::good(Subject::Directory, what);
            let anonymous = anonymous(config, opened.server, name, deadline);
            [good].into_iter().chain(anonymous).collect()
        }
        Ok(false) => {
            let hash = hash_attribute(config);
            let what =
                format!("{name}: no entry below {base} has {hash} that the service can read");
            let cure = "Give the account of bind_dn the right to read it (docs/directory.md), or \
                        correct `base`.";
            vec![Cause::DirectoryWithoutHashes.failure(what, cure)]
        }
        Err(error) => vec![ldap_servers::without_base(name, &error.to_string())],
    }
}

/// Whether the groups' base can be searched. A policy about groups refuses all users without it.
fn groups(config: &Directory, opened: &mut Opened, is_needed: bool) -> Option<Finding> {
    let base = config.groups.as_ref()?.base.as_str();
    let found = ldap_servers::find_entry(&mut opened.client, base, opened.deadline);
    let what = format!("{}: group_base: {}", opened.name, found.err()?);
    let cure = "Correct group_base, and let the account of bind_dn search below it.";
    Some(match is_needed {
        true => Cause::DirectoryWithoutGroups.failure(what, cure),
        false => Cause::DirectoryWithoutGroups.warning(what, cure),
    })
}

fn hash_attribute(config: &Directory) -> &'static str {
    match config.schema {
        Schema::Samba => "sambaNTPassword",
        Schema::FreeIpa => "ipaNTHash",
    }
}

/// Whether there is a user whose hash can be read. One is asked for.
fn users(config: &Directory, client: &mut Client, deadline: Deadline) -> Result<bool, Error> {
    let hash = hash_attribute(config);
    let found = client.first(
        Search {
            base: config.base.as_str(),
            scope: Scope::Subtree,
            filter: Filter::Present(hash.to_owned()),
            attributes: &[hash],
            limit: 1,
        },
        deadline,
    )?;
    Ok(found.is_some_and(|entry| !entry.values(hash).is_empty()))
}

/// Whether hashes are readable without a login. `None`: there is no connection to see it by.
fn anonymous(config: &Directory, server: usize, name: &str, deadline: Deadline) -> Option<Finding> {
    let mut client = servers::connect(&config.service, server, deadline).ok()?;
    Some(match users(config, &mut client, deadline) {
        Ok(true) => {
            let what = format!("{name}: NT hashes are readable without a login");
            let cure = "Let the account of bind_dn read them, and no other: docs/directory.md.";
            Cause::DirectoryOpen.warning(what, cure)
        }
        _ => {
            let what = format!("{name}: no NT hash is readable without a login");
            Finding::good(Subject::Directory, what)
        }
    })
}
