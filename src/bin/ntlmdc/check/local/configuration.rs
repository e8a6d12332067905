//! The configuration: is it there, can the service read it, does it parse?

use gss_ntlmdc::base::config::{Config, VerifierKind};
use gss_ntlmdc::base::fault::{Fault, Minor};
use gss_ntlmdc::login::setup::{self, Source};

use crate::check::cause::Cause;
use crate::check::finding::{Finding, Subject};

/// The configuration, if there is one that can be used.
pub fn read(source: &Source, findings: &mut Vec<Finding>) -> Option<Config> {
    match setup::read(source) {
        Ok(config) => {
            findings.push(in_force(source, &config));
            Some(config)
        }
        Err(fault) => {
            findings.push(unusable(source, &fault));
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
    }
}

fn place(source: &Source) -> String {
    match source.file() {
        Some(file) => file.display().to_string(),
        None => "NTLM_USER_FILE".to_owned(),
    }
}

fn unusable(source: &Source, fault: &Fault) -> Finding {
    let what = fault.for_the_log();
    let path = place(source);
    match fault.minor() {
        Minor::BadConfiguration => Cause::ConfigurationInvalid.failure(
            what,
            format!("Correct the line. {CONFIGURATION_PAGE} has all keys."),
        ),
        _ if source.file().is_some_and(|file| file.exists()) => Cause::ConfigurationUnreadable
            .failure(
                what,
                format!(
                    "Let root own it and the service's group read it:\n  chown root:www-data \
                     {path}\n  chmod 0640 {path}"
                ),
            ),
        _ => Cause::ConfigurationMissing.failure(
            what,
            format!("Write {path}, or name another file with --config or NTLMDC_CONFIG."),
        ),
    }
}

const CONFIGURATION_PAGE: &str = "docs/configuration.md";
