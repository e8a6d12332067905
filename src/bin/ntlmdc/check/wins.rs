//! The servers of WINS, and the controllers that they name.

#[cfg(test)]
mod tests;

use gss_ntlmdc::base::config::Wins;
use gss_ntlmdc::dc::probe::{NamedHost, NoControllers, WinsServer, wins_server};

use super::at_once::at_once;
use super::cause::Cause;
use super::finding::{Finding, Subject};
use crate::progress::Progress;

/// Asks each server for the controllers of the domain.
pub fn ask(wins: &Wins, progress: &Progress) -> Vec<WinsServer> {
    progress.show("asking WINS …");
    at_once(&wins.servers, |server| wins_server(wins, *server))
}

/// The controllers that a login would find: those of the first server that names any.
pub fn hosts(asked: &[WinsServer]) -> Vec<NamedHost> {
    let mut each = asked.iter().map(WinsServer::hosts);
    each.find(|hosts| !hosts.is_empty()).unwrap_or_default()
}

/// What is said of the servers. Failures if none names any controllers.
pub fn findings(wins: &Wins, asked: &[WinsServer]) -> Vec<Finding> {
    let name = format!("{}<1C>", wins.domain.as_str());
    let has_names = asked.iter().any(|server| server.controllers.is_ok());
    let findings = [silent, refused, unknown, unusable].into_iter();
    let mut findings: Vec<Finding> = findings
        .filter_map(|of_cause| of_cause(&name, asked))
        .map(|(cause, what, cure)| match has_names {
            true => cause
                .warning(what, cure)
                .because("Logins go by the answer of another server meanwhile."),
            false => cause.failure(what, cure),
        })
        .collect();
    if findings.is_empty() {
        findings.extend(asked.iter().find_map(good));
    }
    findings
}

/// A cause, what was found, and what to do.
type Found = Option<(Cause, String, String)>;

/// The servers about which this can be said, with what is to be said.
fn list(asked: &[WinsServer], said: impl Fn(&NoControllers) -> Option<String>) -> Option<String> {
    let each = asked.iter().filter_map(|server| {
        let said = said(server.controllers.as_ref().err()?)?;
        Some(format!("{}{said}", server.address))
    });
    let all: Vec<String> = each.collect();
    (!all.is_empty()).then(|| all.join(", "))
}

fn silent(name: &str, asked: &[WinsServer]) -> Found {
    let servers = list(asked, |problem| match problem {
        NoControllers::Silent(reason) => Some(format!(" ({reason})")),
        _ => None,
    })?;
    let addresses = list(asked, |problem| {
        matches!(problem, NoControllers::Silent(_)).then(String::new)
    })?;
    let what = format!("no answer about {name} from {servers}");
    let cure = format!("Check `servers` of `wins`; let UDP pass to {addresses}, and the answers.");
    Some((Cause::WinsSilent, what, cure))
}

fn refused(name: &str, asked: &[WinsServer]) -> Found {
    let servers = list(asked, |problem| match problem {
        NoControllers::Refused(code) => Some(format!(" (RCODE {code})")),
        _ => None,
    })?;
    let what = format!("{servers} refuses to say who has the name {name}");
    let cure = "Check `servers` of `wins`: each must be a WINS server that answers this host.";
    Some((Cause::WinsRefused, what, cure.to_owned()))
}

fn unknown(name: &str, asked: &[WinsServer]) -> Found {
    let is_unknown = |problem: &NoControllers| *problem == NoControllers::Unknown;
    let servers = list(asked, |problem| is_unknown(problem).then(String::new))?;
    let what = format!("{servers} does not know the name {name}");
    let cure = "Check `netbios_domain`. The controllers must register at these servers: their \
                network settings name them, and for Samba `wins server` in smb.conf.";
    Some((Cause::WinsUnknownName, what, cure.to_owned()))
}

fn unusable(name: &str, asked: &[WinsServer]) -> Found {
    let is_unusable = |problem: &NoControllers| *problem == NoControllers::Unusable;
    let servers = list(asked, |problem| is_unusable(problem).then(String::new))?;
    let what = format!("{servers} has no address of a host for {name}");
    let cure = format!("Remove the entry {name} there, and let the controllers register again.");
    Some((Cause::WinsNoAddress, what, cure))
}

fn good(server: &WinsServer) -> Option<Finding> {
    let named = server.controllers.as_ref().ok()?.iter();
    let named = named.map(ToString::to_string).collect::<Vec<_>>();
    let what = format!("{} names {}", server.address, named.join(", "));
    Some(Finding::good(Subject::Wins, what))
}
