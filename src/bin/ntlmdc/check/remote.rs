//! What DNS or WINS and the controllers say.
//!
//! ```text
//! dns         each server of the system; the controllers by name, and their addresses
//! wins        in place of DNS: each server of the configuration; the controllers' addresses
//!   reach       each controller at once: ping, ports, clock
//!     names       the domain's NetBIOS name, our site
//!       channel     each controller that can be reached: a secure channel
//!       lockout     the directory of one that works: the lockout policy
//! complaints  one finding for one cause, whatever the number of controllers
//! ```

mod channel;
mod clock;
mod complaint;
mod dns;
mod lockout;
mod names;
mod reach;
mod seen;
#[cfg(test)]
mod tests;

use gss_ntlmdc::base::config::{Config, GuessLimit, Netlogon, Wins};
use gss_ntlmdc::dc::probe::{NamedHost, Probe};

use super::at_once::at_once;
use super::finding::{Finding, Subject};
use super::wins;
use crate::progress::Progress;
use crate::sections;
use seen::Seen;

/// How many controllers are looked at.
const MAX_CONTROLLERS: usize = 64;

/// Asks DNS or WINS, and the controllers, with the rights of the service. Of the domains in
/// `usable` the account's secret can be read, so a secure channel can be tried.
pub fn findings(config: &Config, usable: &[String], progress: &Progress) -> Vec<Finding> {
    let limit = config.policy.guess_limit.as_ref();
    let sections = config.netlogon_in_use();
    let mut findings = Vec::new();
    for section in sections {
        let is_usable = usable.contains(&section.domain);
        let mut of_section = look(&sections::as_in_force(section), limit, is_usable, progress);
        if sections.len() > 1 {
            for finding in &mut of_section {
                finding.what = format!("{}: {}", section.domain, finding.what);
            }
        }
        findings.append(&mut of_section);
    }
    findings
}

fn look(
    config: &Netlogon,
    limit: Option<&GuessLimit>,
    is_secret_usable: bool,
    progress: &Progress,
) -> Vec<Finding> {
    let probe = Probe::new(config);
    let (hosts, mut findings) = match &config.wins {
        Some(servers) => in_wins(servers, progress),
        None => in_dns(&probe, config, progress),
    };
    let mut all = addresses(&hosts);
    if all.is_empty() {
        return findings;
    }
    findings.extend(cut(&mut all));
    progress.show(&format!("asking {} …", seen::list(&all)));
    all = reached(&probe, all);
    findings.extend(names::site(config, &all, |site| probe.hosts(Some(site))));
    let (named, wrong_name) = names::compare(config, &all);
    findings.extend(wrong_name);
    if let Some(named) = named.filter(|_| is_secret_usable) {
        open_channels(&named, &mut all, progress);
        progress.show("asking the directory …");
        findings.extend(lockout::findings(limit, &named, &all));
    }
    findings.extend(complaint::findings(config, &all));
    findings
}

/// The controllers of the configuration, or those that DNS names; and what is said of DNS.
fn in_dns(probe: &Probe, config: &Netlogon, progress: &Progress) -> (Vec<NamedHost>, Vec<Finding>) {
    progress.show("asking DNS …");
    let servers = probe.dns_servers();
    let silent = servers.as_ref().filter(|asked| dns::is_silent(asked));
    let (hosts, silent) = match silent.filter(|_| config.controllers.is_empty()) {
        // They were waited for once. Often the only server is the only controller.
        Some(asked) => (Ok(Vec::new()), reached(probe, dns::as_hosts(asked))),
        None => (probe.hosts(None), Vec::new()),
    };
    let findings = dns::findings(config, servers.as_ref(), &hosts, &silent);
    (hosts.unwrap_or_default(), findings)
}

/// The same, of WINS.
fn in_wins(servers: &Wins, progress: &Progress) -> (Vec<NamedHost>, Vec<Finding>) {
    let asked = wins::ask(servers, progress);
    (wins::hosts(&asked), wins::findings(servers, &asked))
}

/// Tries the ports of each.
fn reached(probe: &Probe, mut all: Vec<Seen>) -> Vec<Seen> {
    let reached = at_once(&all, |one| probe.reach(one.address, one.port));
    for (one, reach) in all.iter_mut().zip(reached) {
        one.reach = Some(reach);
    }
    all
}

/// Opens a channel to each controller that can be reached.
fn open_channels(config: &Netlogon, all: &mut [Seen], progress: &Progress) {
    progress.show(&format!("opening channels to {} …", seen::list(all)));
    let probe = Probe::new(config);
    let open = |one: &Seen| {
        one.is_reachable()
            .then(|| probe.open_channel(one.address, one.port))
    };
    let opened = at_once(all, open);
    for (one, opened) in all.iter_mut().zip(opened) {
        one.channel = opened;
    }
}

/// The addresses of the hosts, each once.
fn addresses(hosts: &[NamedHost]) -> Vec<Seen> {
    let mut all: Vec<Seen> = Vec::new();
    for host in hosts {
        for address in host.addresses.iter().flatten() {
            let is_same = |known: &Seen| (known.address, known.port) == (*address, host.port);
            if !all.iter().any(is_same) {
                all.push(Seen::new(&host.name, *address, host.port));
            }
        }
    }
    all
}

/// A large domain has more than can be waited for.
fn cut(all: &mut Vec<Seen>) -> Option<Finding> {
    let count = all.len();
    all.truncate(MAX_CONTROLLERS);
    (count > all.len()).then(|| {
        let what = format!("{count} controllers; {MAX_CONTROLLERS} were asked");
        Finding::good(Subject::Controllers, what)
    })
}
