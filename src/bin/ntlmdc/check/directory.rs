//! What each server of an LDAP directory says.

use std::time::Duration;

use gss_ntlmdc::base::config::{Config, Directory, Schema, VerifierKind};
use gss_ntlmdc::base::net::Deadline;
use gss_ntlmdc::directory::servers::{self, NoAnswer, NoAnswerKind};
use gss_ntlmdc::directory::{Client, Error, Filter, Scope, Search};

use super::cause::Cause;
use super::finding::{Finding, Subject};
use crate::progress::Progress;

/// The longest time for all questions to one server.
const PATIENCE: Duration = Duration::from_secs(15);

/// Asks each server, with the rights of the service.
pub fn findings(config: &Config, progress: &Progress) -> Vec<Finding> {
    let directory = config.directory.as_ref();
    let Some(directory) = directory.filter(|_| config.verify.contains(&VerifierKind::Directory))
    else {
        return Vec::new();
    };
    let count = directory.service.servers.len();
    let looked = (0..count).flat_map(|server| {
        let name = servers::named(&directory.service, server);
        progress.show(&format!("asking {name} …"));
        look(directory, server, &name)
    });
    looked.collect()
}

fn look(config: &Directory, server: usize, name: &str) -> Vec<Finding> {
    let deadline = Deadline::after(PATIENCE);
    let mut client = match servers::open(&config.service, server, deadline) {
        Ok(client) => client,
        Err(problem) => return vec![unopened(&problem)],
    };
    match users(config, &mut client, deadline) {
        Ok(true) => {
            let what = format!("{name}: the service reads NT hashes");
            let good = Finding::good(Subject::Directory, what);
            let anonymous = anonymous(config, server, name, deadline);
            [good].into_iter().chain(anonymous).collect()
        }
        Ok(false) => {
            let base = &config.base;
            let hash = hash_attribute(config);
            let what =
                format!("{name}: no entry below {base} has {hash} that the service can read");
            let cure = "Give the account of bind_dn the right to read it: docs/directory.md.";
            vec![Cause::DirectoryWithoutHashes.failure(what, cure)]
        }
        Err(error) => {
            let what = format!("{name}: {error}");
            let cure = "Correct base, and let the account of bind_dn search below it.";
            vec![Cause::DirectoryRefused.failure(what, cure)]
        }
    }
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
    // That there is none is no answer if the base does not exist.
    client.search(Search::of_entry(config.base.as_str(), &["1.1"]), deadline)?;
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

fn unopened(problem: &NoAnswer) -> Finding {
    let what = problem.to_string();
    match problem.kind {
        NoAnswerKind::File => Cause::DirectoryFile.failure(
            what,
            "Correct the file; the server's user must be able to read it.",
        ),
        NoAnswerKind::Unreachable | NoAnswerKind::Timeout => Cause::DirectorySilent.failure(
            what,
            "Correct servers, or let the port pass: 636, or 389 with tls = \"starttls\".",
        ),
        NoAnswerKind::Untrusted => Cause::DirectoryUntrusted.failure(
            what,
            "Name the authority of the server's certificate in authorities, or the fingerprint \
             above in certificate if it is the right one.",
        ),
        NoAnswerKind::Refused => Cause::DirectoryRefused.failure(
            what,
            "Correct bind_dn, or the password in the file of bind_secret.",
        ),
    }
}
