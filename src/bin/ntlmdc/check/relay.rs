//! What is given up without a machine account, and whether each controller takes logins.

use std::slice;

use gss_ntlmdc::base::config::{Config, LogTarget, Relay, VerifierKind};
use gss_ntlmdc::protocol::ntlm::initiator::{self, Protection};
use gss_ntlmdc::relay;

use super::cause::Cause;
use super::finding::{Finding, Subject};
use super::wins;
use crate::progress::Progress;

/// Asks each controller for a challenge, with the rights of the service. No user is named.
pub fn findings(config: &Config, progress: &Progress) -> Vec<Finding> {
    let relay = config.relay.as_ref();
    let Some(relay) = relay.filter(|_| config.verify.contains(&VerifierKind::Relay)) else {
        return Vec::new();
    };
    let proof = (!relay.is_authenticated()).then(unauthenticated);
    let mut findings: Vec<Finding> = proof.into_iter().collect();
    if let Some(servers) = &relay.wins {
        findings.extend(wins::findings(servers, &relay.netbios_domain, progress));
        if findings.iter().any(Finding::is_failure) {
            return findings;
        }
    }
    progress.show("asking the controllers …");
    findings.extend(each_controller(relay).iter().map(ask));
    findings
}

fn unauthenticated() -> Finding {
    Cause::RelayUnauthenticated.warning(
        "nothing proves that an answer comes from a domain controller",
        "Use transport = \"ldap\" with tls, or a machine account: docs/relay.md.",
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

fn ask(config: &Relay) -> Finding {
    let (_, negotiate) = initiator::negotiate(Protection {
        sign: true,
        seal: false,
    });
    match relay::Relay::new(config.clone(), LogTarget::Off).begin(&negotiate) {
        Ok((handshake, _challenge)) => {
            let what = format!("{}: makes a challenge", handshake.server());
            Finding::good(Subject::Controllers, what)
        }
        Err(error) => Cause::RelayRefused.failure(
            error.to_string(),
            format!("{} See docs/relay.md.", error.minor().cause()),
        ),
    }
}
