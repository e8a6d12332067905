//! What in a configuration of Apache keeps NTLM from working, or lets it in by mistake.

mod connection;
mod login;
mod requirement;
mod tls;

use gss_ntlmdc::base::config::Config;

use super::sites::{WebPlace, WebServer, servers};
use super::tree::ConfigTree;
use crate::check::cause::Cause;
use crate::check::finding::{Finding, Subject};

/// How a site takes NTLM.
const PROTECT: &str = "Protect all sites, or write examples/apache.conf into one virtual host \
                       (docs/package.md):\n  a2enconf ntlmdc\n  systemctl restart apache2";

/// What is wrong. `config`: ntlmdc's own configuration, if there is one that can be used.
pub fn apply(tree: &ConfigTree, config: Option<&Config>) -> Vec<Finding> {
    let servers = servers(tree);
    let uses_gssapi = |server: &WebServer| server.places.iter().any(|one| server.is_gssapi(one));
    if !servers.iter().any(uses_gssapi) {
        let what = "Apache asks for no login: no section has AuthType GSSAPI";
        return vec![Cause::ApacheNoLogin.warning(what, PROTECT)];
    }
    if !tree.has_module("auth_gssapi_module") {
        let what = "AuthType GSSAPI, and the module auth_gssapi is not loaded";
        let cure = "Load it:\n  apt-get install libapache2-mod-auth-gssapi\n  \
                    a2enmod auth_gssapi\n  systemctl restart apache2";
        return vec![Cause::ApacheModuleMissing.failure(what, cure)];
    }
    let mut findings = Vec::new();
    for server in &servers {
        login::look(server, &mut findings);
        requirement::look(server, &mut findings);
        if server.ntlm_places().next().is_some() {
            connection::look(server, tree, &mut findings);
            findings.extend(config.and_then(|config| tls::look(server, config)));
        }
    }
    once(&mut findings);
    if findings.is_empty() {
        findings.push(conclusion(&servers));
    }
    findings
}

/// Whether each place that takes NTLM takes Kerberos too, with a keytab.
pub fn has_kerberos(tree: &ConfigTree) -> bool {
    let servers = servers(tree);
    let mut places = servers.iter().flat_map(WebServer::ntlm_places).peekable();
    places.peek().is_some() && places.all(WebPlace::has_keytab)
}

/// Virtual hosts share lines of the main server: what is said of one is not said again.
fn once(findings: &mut Vec<Finding>) {
    let all = std::mem::take(findings);
    for finding in all {
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
}

/// Which sites take NTLM, where nothing is wrong with them.
fn conclusion(servers: &[WebServer]) -> Finding {
    let places = servers.iter().flat_map(WebServer::ntlm_places);
    let mut titles: Vec<String> = places.map(WebPlace::title).collect();
    titles.dedup();
    let is_basic = |server: &WebServer| {
        let mut places = server.places.iter().filter(|place| server.is_gssapi(place));
        places.any(WebPlace::has_basic)
    };
    let what = match titles.as_slice() {
        [] if servers.iter().any(is_basic) => {
            "GssapiBasicAuth On: users log in by Basic".to_owned()
        }
        [] => {
            let what = "no section takes NTLM: none has GssapiConnectionBound On";
            let why = "Users log in by other means only.";
            return Cause::ApacheNoLogin.warning(what, PROTECT).because(why);
        }
        [one] => format!("{one} takes NTLM"),
        [one, rest @ ..] => format!("{one} and {} more take NTLM", rest.len()),
    };
    Finding::good(Subject::Apache, what)
}

#[cfg(test)]
mod tests;
