//! The files that the configuration names, as the service sees them.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use gss_ntlmdc::base::config::{AccountSecret, Config, LogTarget, Netlogon};
use gss_ntlmdc::dc;
use gss_ntlmdc::dc::secret_file::SecretFile;
use gss_ntlmdc::login::policy::tls_channel::Certificates;
use gss_ntlmdc::login::verify::users;

use super::permissions::ServiceFile;
use super::state_directory;
use crate::check::cause::Cause;
use crate::check::finding::{Finding, Subject};
use crate::check::service::ServiceUser;

/// Domains have scripts that disable computer accounts with a password older than this.
const OLD: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Looks at the files. Returns the domains whose machine account has a secret that can be used.
pub fn look(config: &Config, service: &ServiceUser, findings: &mut Vec<Finding>) -> Vec<String> {
    if let Some(users) = &config.users {
        users_file(&users.file, service, findings);
    }
    certificates(config, service, findings);
    let sections = &config.netlogon;
    if let Some(first) = sections.first() {
        findings.push(state_directory::look(&first.state_dir, service));
    }
    let mut usable = Vec::new();
    for section in sections {
        if secret(section, service, findings) {
            usable.push(section.domain.clone());
        }
    }
    usable
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
