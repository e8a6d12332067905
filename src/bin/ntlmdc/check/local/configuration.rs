//! The configuration: is it there, can the service read it, does it parse?

use gss_ntlmdc::base::config::{Config, VerifierKind};
use gss_ntlmdc::base::fault::{Fault, Minor};
use gss_ntlmdc::login::setup::{self, Source};

use crate::check::cause::Cause;
use crate::check::finding::{Finding, Subject};
use crate::check::service::ServiceUser;

use super::permissions::ServiceFile;

/// What writes a configuration.
const JOIN: &str = "Join a domain, which writes one:\n  sudo ntlmdc join example.test";

/// The configuration, if there is one that can be used.
pub fn read(source: &Source, service: &ServiceUser, findings: &mut Vec<Finding>) -> Option<Config> {
    match setup::read(source) {
        Ok(config) => {
            findings.push(in_force(source, &config));
            Some(config)
        }
        Err(fault) => {
            findings.push(unusable(source, service, &fault));
            None
        }
    }
}

fn in_force(source: &Source, config: &Config) -> Finding {
    let place = place(source);
    if !config.policy.enabled {
        let cure = "Set `enabled = true` in [policy], or leave the line out.";
        return Cause::SwitchedOff.failure(format!("{place}: enabled = false"), cure);
    }
    let verifiers: Vec<&str> = config.verify.iter().map(verifier).collect();
    let verifiers = verifiers.join(", then ");
    Finding::good(Subject::Configuration, format!("{place}: {verifiers}"))
}

fn verifier(kind: &VerifierKind) -> &'static str {
    match kind {
        VerifierKind::Users => "a users file",
        VerifierKind::Netlogon => "a domain",
        VerifierKind::Directory => "a directory",
        VerifierKind::Relay => "a domain, relayed",
    }
}

fn place(source: &Source) -> String {
    match source.file() {
        Some(file) => file.display().to_string(),
        None => "NTLM_USER_FILE".to_owned(),
    }
}

fn unusable(source: &Source, service: &ServiceUser, fault: &Fault) -> Finding {
    if fault.minor() == Minor::BadConfiguration {
        let cure = "Correct it: docs/configuration.md has all keys.";
        return Cause::ConfigurationInvalid.failure(fault.for_the_log(), cure);
    }
    let Some(path) = source.file() else {
        return Cause::ConfigurationMissing.failure(fault.for_the_log(), JOIN);
    };
    let file = ServiceFile {
        kind: "the configuration",
        path,
        is_secret: false,
    };
    let shown = path.display();
    match file.look(service) {
        Err(finding) if finding.cause == Some(Cause::FileMissing) => {
            let cure = format!(
                "{JOIN}\nOr write {shown} (docs/configuration.md), or name another file with \
                 --config."
            );
            Cause::ConfigurationMissing.failure(fault.for_the_log(), cure)
        }
        Err(finding) => *finding,
        Ok(false) => Cause::ConfigurationUnseen
            .unknown(fault.for_the_log(), "Run it as root:\n  sudo ntlmdc check"),
        Ok(true) => Cause::ConfigurationInvalid.failure(fault.for_the_log(), "As it says."),
    }
}
