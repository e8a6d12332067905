//! Servers of LDAP with one content: each is opened and asked.

use std::time::Duration;

use gss_ntlmdc::base::config::LdapService;
use gss_ntlmdc::base::net::Deadline;
use gss_ntlmdc::directory::servers::{self, NoAnswer, NoAnswerKind};
use gss_ntlmdc::directory::{Client, Error, ResultCode, Search};

use super::cause::Cause;
use super::finding::{Finding, of_servers};
use crate::progress::Progress;

/// The longest time for all questions to one server.
const PATIENCE: Duration = Duration::from_secs(15);

/// A server with a bound connection.
pub struct Opened {
    pub client: Client,
    /// Its number in the configuration.
    pub server: usize,
    /// Its name there.
    pub name: String,
    pub deadline: Deadline,
}

/// Opens each server with the rights of the service, and asks it.
pub fn each(
    service: &LdapService,
    progress: &Progress,
    ask: impl Fn(Opened) -> Vec<Finding>,
) -> Vec<Finding> {
    let looked = (0..service.servers.len()).map(|server| {
        let name = servers::named(service, server);
        progress.show(&format!("asking {name} …"));
        let deadline = Deadline::after(PATIENCE);
        match servers::open(service, server, deadline) {
            Err(problem) => vec![unopened(&problem)],
            Ok(client) => ask(Opened {
                client,
                server,
                name,
                deadline,
            }),
        }
    });
    of_servers(
        looked.collect(),
        "Logins go by the other servers meanwhile.",
    )
}

/// Checks that there is such an entry: a search below a missing one may find nothing, without an
/// error.
///
/// # Errors
/// What is wrong, for a finding.
pub fn find_entry(client: &mut Client, dn: &str, deadline: Deadline) -> Result<(), String> {
    let found = client.search(Search::of_entry(dn, &["1.1"]), deadline);
    found.map(drop).map_err(|error| told(dn, &error))
}

/// What is wrong with a question below an entry.
pub fn told(base: &str, error: &Error) -> String {
    match error.refusal().map(|refusal| &refusal.code) {
        Some(ResultCode::NoSuchObject) => format!("there is no entry {base}"),
        _ => error.to_string(),
    }
}

/// A base that cannot be searched.
pub fn without_base(name: &str, problem: &str) -> Finding {
    let cure = "Correct base, and let the account of bind_dn search below it.";
    Cause::DirectoryRefused.failure(format!("{name}: {problem}"), cure)
}

fn unopened(problem: &NoAnswer) -> Finding {
    let (cause, cure) = match problem.kind {
        NoAnswerKind::File => (
            Cause::DirectoryFile,
            "Correct the file; the server's user must be able to read it.",
        ),
        NoAnswerKind::Unreachable | NoAnswerKind::Timeout => (
            Cause::DirectorySilent,
            "Correct servers, or let the port pass: 636, or 389 with tls = \"starttls\".",
        ),
        NoAnswerKind::Untrusted => (
            Cause::DirectoryUntrusted,
            "Name the authority of the server's certificate in authorities, or the fingerprint \
             above in certificate if it is the right one.",
        ),
        NoAnswerKind::OtherName => (
            Cause::DirectoryUntrusted,
            "Write the certificate's name into servers, or give the server a certificate with its \
             name.",
        ),
        NoAnswerKind::Expired => (
            Cause::DirectoryUntrusted,
            "Renew the server's certificate; if its time is right, set the clock of this host.",
        ),
        NoAnswerKind::NoStartTls => (
            Cause::DirectoryRefused,
            "Give the server a certificate, which StartTLS needs, or set tls = \"ldaps\".",
        ),
        NoAnswerKind::Refused => (
            Cause::DirectoryRefused,
            "Correct bind_dn, or the password in the file of bind_secret.",
        ),
    };
    cause.failure(problem.to_string(), cure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_problem_has_its_cure() {
        for (kind, id, word) in [
            (NoAnswerKind::File, "directory-file", "file"),
            (NoAnswerKind::Timeout, "directory-silent", "port"),
            (
                NoAnswerKind::Untrusted,
                "directory-untrusted",
                "authorities",
            ),
            (
                NoAnswerKind::OtherName,
                "directory-untrusted",
                "name into servers",
            ),
            (NoAnswerKind::Expired, "directory-untrusted", "Renew"),
            (NoAnswerKind::NoStartTls, "directory-refused", "StartTLS"),
            (NoAnswerKind::Refused, "directory-refused", "bind_dn"),
        ] {
            let text = "ldap1: problem".to_owned();
            let finding = unopened(&NoAnswer { kind, text });
            assert_eq!(finding.cause.map(Cause::id), Some(id));
            assert!(finding.cure.contains(word), "{}", finding.cure);
        }
    }
}
