//! What is given up without a machine account, whether each controller takes logins, and whose
//! controller it is.

mod groups;
mod names;

use std::slice;

use gss_ntlmdc::base::config::{Config, LogTarget, Relay, RelayTransport, TlsStart, VerifierKind};
use gss_ntlmdc::base::fault::Minor;
use gss_ntlmdc::protocol::ntlm::initiator::{self, Protection};
use gss_ntlmdc::relay;

use super::cause::Cause;
use super::finding::{Finding, Subject, of_servers};
use super::local::files::Usable;
use super::wins;
use crate::progress::Progress;
pub use groups::NO_GROUPS;
use names::DomainNames;

/// Asks each controller for a challenge, with the rights of the service. No user is named.
pub fn findings(config: &Config, usable: &Usable, progress: &Progress) -> Vec<Finding> {
    let relay = config.relay.as_ref();
    let Some(relay) = relay.filter(|_| config.verify.contains(&VerifierKind::Relay)) else {
        return Vec::new();
    };
    let proof = (!relay.is_authenticated()).then(unauthenticated);
    let mut findings: Vec<Finding> = proof.into_iter().collect();
    if usable.relay {
        findings.extend(controllers(relay, progress));
    }
    if let Some(groups) = relay.groups.as_ref().filter(|_| usable.groups) {
        let is_needed = !config.policy.groups.is_empty();
        findings.extend(groups::findings(groups, is_needed, progress));
    }
    findings
}

fn controllers(relay: &Relay, progress: &Progress) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(servers) = &relay.wins {
        let asked = wins::ask(servers, progress);
        findings.extend(wins::findings(servers, &asked));
        if findings.iter().any(Finding::is_failure) {
            return findings;
        }
    }
    progress.show("asking the controllers …");
    let asked = each_controller(relay).iter().map(ask).collect();
    findings.extend(of_servers(
        asked,
        "Logins go to other controllers meanwhile.",
    ));
    if !findings.iter().any(Finding::is_failure) {
        findings.push(not_tried(relay));
    }
    findings
}

fn unauthenticated() -> Finding {
    Cause::RelayUnauthenticated.warning(
        "nothing proves that an answer comes from a domain controller",
        "Use transport = \"ldap\" with tls, or a machine account: docs/relay.md.",
    )
}

fn not_tried(relay: &Relay) -> Finding {
    let domain = relay.netbios_domain.as_str();
    Cause::LoginNotTried.unknown(
        "no login was tried: a policy of the controller may refuse NTLM",
        format!("Log a user in:\n  sudo ntlmdc login '{domain}\\alice'"),
    )
}

/// The configuration with one controller each; as it is if DNS or WINS names them.
fn each_controller(config: &Relay) -> Vec<Relay> {
    let with = |controller| Relay {
        controllers: slice::from_ref(controller).to_vec(),
        ..config.clone()
    };
    match config.controllers.as_slice() {
        [] => vec![config.clone()],
        listed => listed.iter().map(with).collect(),
    }
}

fn ask(config: &Relay) -> Vec<Finding> {
    let (_, negotiate) = initiator::negotiate(Protection {
        sign: true,
        seal: false,
    });
    match relay::Relay::new(config.clone(), LogTarget::Off).begin(&negotiate) {
        Ok((handshake, challenge)) => {
            let server = handshake.server();
            let good = Finding::good(Subject::Controllers, format!("{server}: makes a challenge"));
            let names = DomainNames::of_challenge(&challenge);
            let wrong = names::compare(config, server, &names);
            [good].into_iter().chain(wrong).collect()
        }
        Err(error) => vec![Cause::RelayRefused.failure(error.to_string(), cure(config, &error))],
    }
}

fn cure(config: &Relay, error: &relay::Error) -> String {
    let minor = error.minor();
    let is_away = matches!(
        minor,
        Minor::ControllerUnreachable | Minor::ControllerTimeout
    );
    match config.controllers.as_slice() {
        [controller] if is_away => {
            let port = controller
                .port
                .unwrap_or_else(|| usual_port(&config.transport));
            format!("Correct controllers, or let TCP port {port} pass.")
        }
        _ => format!("{} See docs/relay.md.", minor.cause()),
    }
}

fn usual_port(transport: &RelayTransport) -> u16 {
    match transport {
        RelayTransport::Smb2 { .. } => 445,
        RelayTransport::Ldap(Some(tls)) if tls.start == TlsStart::Ldaps => 636,
        RelayTransport::Ldap(_) => 389,
    }
}
