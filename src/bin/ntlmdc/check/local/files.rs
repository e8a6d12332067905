//! The files that the configuration names, as the service sees them.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use gss_ntlmdc::base::config::{
    AccountSecret, Config, LdapService, LogTarget, Netlogon, Relay, RelayTransport, ServerTrust,
    VerifierKind,
};
use gss_ntlmdc::dc;
use gss_ntlmdc::dc::secret_file::SecretFile;
use gss_ntlmdc::directory::Trust;
use gss_ntlmdc::login::policy::tls_channel::Certificates;
use gss_ntlmdc::login::verify::users;

use super::permissions::ServiceFile;
use super::state_directory;
use crate::check::cause::Cause;
use crate::check::finding::{Finding, Subject};
use crate::check::relay::NO_GROUPS;
use crate::check::service::ServiceUser;

/// Domains have scripts that disable computer accounts with a password older than this.
const OLD: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// What has the files that it needs, so that it can be asked.
pub struct Usable {
    /// The domains whose machine account has a secret.
    pub domains: Vec<String>,
    /// The controllers of `[relay]`.
    pub relay: bool,
    /// The servers of `[relay.groups]`.
    pub groups: bool,
    /// The servers of `[directory]`.
    pub directory: bool,
}

/// Looks at the files. Returns what can be asked with them.
pub fn look(config: &Config, service: &ServiceUser, findings: &mut Vec<Finding>) -> Usable {
    if let Some(users) = &config.users {
        users_file(&users.file, service, findings);
    }
    certificates(config, service, findings);
    state_directory(config, service, findings);
    let mut domains = Vec::new();
    for section in &config.netlogon {
        if secret(section, service, findings) {
            domains.push(section.domain.clone());
        }
    }
    let named = |kind| config.verify.contains(&kind);
    let relay = config.relay.as_ref().filter(|_| named(VerifierKind::Relay));
    let directory = config
        .directory
        .as_ref()
        .filter(|_| named(VerifierKind::Directory));
    Usable {
        domains,
        relay: relay.is_some_and(|relay| relay_files(relay, service, findings)),
        groups: relay.is_some_and(|relay| {
            let is_needed = !config.policy.groups.is_empty();
            group_files(relay, is_needed, service, findings)
        }),
        directory: directory
            .is_some_and(|directory| ldap_files(&directory.service, service, findings)),
    }
}

fn state_directory(config: &Config, service: &ServiceUser, findings: &mut Vec<Finding>) {
    let Some((_, path)) = config.shared_state() else {
        return;
    };
    let finding = state_directory::look(path, service);
    let is_missing = finding.cause == Some(Cause::StateDirectoryMissing);
    findings.push(match is_missing && config.netlogon_in_use().is_empty() {
        true => finding.because(
            "Each process then counts for itself: `host_connections` limits nothing, and accounts \
             are locked sooner.",
        ),
        false => finding,
    });
}

fn relay_files(relay: &Relay, service: &ServiceUser, findings: &mut Vec<Finding>) -> bool {
    let RelayTransport::Ldap(Some(tls)) = &relay.transport else {
        return true;
    };
    let ServerTrust::Authorities(path) = &tls.trust else {
        return true;
    };
    if !authorities(path, service, findings) {
        return false;
    }
    let problem = Trust::of(&tls.trust).err();
    findings.extend(problem.iter().map(|problem| {
        let what = format!("authorities: {problem}");
        let cure = "Name a PEM file with the authority of the controllers' certificates.";
        let why = "Without an authority no controller is asked.";
        Cause::CertificateInvalid.failure(what, cure).because(why)
    }));
    problem.is_none()
}

fn group_files(
    relay: &Relay,
    is_needed: bool,
    service: &ServiceUser,
    findings: &mut Vec<Finding>,
) -> bool {
    let Some(groups) = &relay.groups else {
        return false;
    };
    let before = findings.len();
    let is_usable = ldap_files(&groups.service, service, findings);
    if !is_needed {
        for finding in findings.iter_mut().skip(before) {
            finding.lessen(NO_GROUPS);
        }
    }
    is_usable
}

/// The files that an LDAP server is asked with. What is in them is seen when it is asked.
fn ldap_files(of: &LdapService, service: &ServiceUser, findings: &mut Vec<Finding>) -> bool {
    let secret = ServiceFile {
        kind: "the password of bind_dn",
        path: &of.secret,
        is_secret: true,
    };
    let has_secret = look_at(&secret, service, findings);
    let has_authorities = match &of.trust {
        ServerTrust::Authorities(path) => authorities(path, service, findings),
        ServerTrust::System | ServerTrust::Pin(_) => true,
    };
    has_secret && has_authorities
}

fn authorities(path: &Path, service: &ServiceUser, findings: &mut Vec<Finding>) -> bool {
    let file = ServiceFile {
        kind: "the authorities",
        path,
        is_secret: false,
    };
    look_at(&file, service, findings)
}

fn secret(netlogon: &Netlogon, service: &ServiceUser, findings: &mut Vec<Finding>) -> bool {
    let (kind, path) = match &netlogon.secret {
        AccountSecret::File(path) => ("the secret", path),
        AccountSecret::Keytab(path) => ("the keytab", path),
    };
    let is_secret = true;
    let file = ServiceFile {
        kind,
        path,
        is_secret,
    };
    let before = findings.len();
    if !look_at(&file, service, findings) {
        for finding in findings.iter_mut().skip(before) {
            if finding.cause == Some(Cause::FileMissing) {
                finding.cure = join_again(netlogon);
            }
        }
        return false;
    }
    if let Err(fault) = dc::check_secret(netlogon) {
        let cure = join_again(netlogon);
        findings.push(Cause::SecretInvalid.failure(fault.for_the_log(), cure));
        return false;
    }
    findings.extend(age(kind, &netlogon.secret));
    true
}

/// What brings the secret back, after `ntlmdc leave` or a loss.
fn join_again(netlogon: &Netlogon) -> String {
    let (account, domain) = (netlogon.account.account(), &netlogon.domain);
    match &netlogon.secret {
        AccountSecret::File(path) => format!(
            "Join the domain again; {account} gets a new password:\n  sudo ntlmdc join {domain} \
             --reset\nOr write its password into {}, in one line: docs/domain.md.",
            path.display()
        ),
        AccountSecret::Keytab(_) => format!(
            "Export the arcfour-hmac key of {account} into it: docs/domain.md. Or name a file with \
             its password as `secret`, which `ntlmdc join` writes."
        ),
    }
}

fn users_file(path: &Path, service: &ServiceUser, findings: &mut Vec<Finding>) {
    let file = ServiceFile {
        kind: "the users file",
        path,
        is_secret: true,
    };
    if !look_at(&file, service, findings) {
        return;
    }
    let shown = path.display();
    let cure = "Write a line for each user: docs/users-file.md.";
    match users::first(path, |_, _| true) {
        Ok(Some(_)) => {}
        Ok(None) => {
            let what = format!("the users file {shown} has no user who can log in");
            findings.push(Cause::UsersFileEmpty.warning(what, cure));
        }
        Err(error) => {
            let what = format!("the users file {shown}: {error}");
            findings.push(Cause::UsersFileInvalid.failure(what, cure));
        }
    }
}

fn certificates(config: &Config, service: &ServiceUser, findings: &mut Vec<Finding>) {
    let audited = config.policy.audit.iter();
    let audited = audited.flat_map(|audit| &audit.tls_certificates);
    for path in config.policy.tls_certificates.iter().chain(audited) {
        let file = ServiceFile {
            kind: "the certificate",
            path,
            is_secret: false,
        };
        if !look_at(&file, service, findings) {
            continue;
        }
        if let Err(fault) = Certificates::open(std::slice::from_ref(path), LogTarget::Off) {
            let cure = "Name the PEM file that Apache's SSLCertificateFile names.";
            findings.push(Cause::CertificateInvalid.failure(fault.for_the_log(), cure));
        }
    }
}

/// Whether the service can read the file, and other users can do it no harm.
fn look_at(file: &ServiceFile, service: &ServiceUser, findings: &mut Vec<Finding>) -> bool {
    match file.look(service) {
        Ok(is_readable) => {
            if is_readable {
                let (kind, path) = (file.kind, file.path.display());
                let what = format!("{} can read {kind} {path}", service.name);
                findings.push(Finding::good(Subject::Files, what));
            }
            is_readable
        }
        Err(finding) => {
            findings.push(*finding);
            false
        }
    }
}

/// How old the machine account's password is: by what `ntlmdc rotate` wrote into the file, or else
/// by the time of the file.
fn age(kind: &str, secret: &AccountSecret) -> Option<Finding> {
    let (AccountSecret::File(path) | AccountSecret::Keytab(path)) = secret;
    let file = match secret {
        AccountSecret::File(path) => Some(SecretFile::read(path).ok()?.0),
        AccountSecret::Keytab(_) => None,
    };
    let shown = path.display();
    if file.as_ref().is_some_and(|file| file.next().is_some()) {
        let what = format!("a change of the password in {shown} was interrupted");
        let cure = "Finish it:\n  sudo ntlmdc rotate";
        return Some(Cause::RotationUnfinished.warning(what, cure));
    }
    let changed = match file.and_then(|file| file.changed()) {
        Some(seconds) => SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.into()),
        None => fs::metadata(path).and_then(|file| file.modified()).ok()?,
    };
    let age = SystemTime::now().duration_since(changed).ok()?;
    let what = format!("the password in {kind} {shown} is {} days old", days(age));
    let cure = match secret {
        AccountSecret::File(_) => "Change it:\n  sudo ntlmdc rotate",
        AccountSecret::Keytab(_) => "Set a new password, and export the keytab anew.",
    };
    (age > OLD).then(|| Cause::SecretOld.warning(what, cure))
}

fn days(age: Duration) -> u64 {
    age.as_secs() / (24 * 60 * 60)
}
