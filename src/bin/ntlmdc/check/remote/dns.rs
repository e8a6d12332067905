//! The DNS servers of the system, and the hosts that they name.

use gss_ntlmdc::base::config::Netlogon;
use gss_ntlmdc::dc::probe::{DnsServer, DnsServers, NamedHost, Pong, PortState, RpcPorts};

use crate::check::cause::Cause;
use crate::check::finding::{Finding, Subject};
use crate::check::remote::seen::Seen;

const SERVERS: &str = "Name the domain's DNS servers, and no others, in /etc/resolv.conf.";

/// Whether no server answers.
pub fn is_silent(asked: &DnsServers) -> bool {
    asked.servers.iter().all(|server| server.records.is_err())
}

/// The servers, as hosts that may be controllers.
pub fn as_hosts(asked: &DnsServers) -> Vec<Seen> {
    let addresses = asked.servers.iter().map(|server| server.address.ip());
    addresses
        .map(|address| Seen::new(&address.to_string(), address, None))
        .collect()
}

/// What DNS says of the controllers. `servers`: none if DNS is not needed. `silent_hosts`: the
/// hosts of the servers, if they were looked at since none answers.
pub fn findings(
    config: &Netlogon,
    servers: Option<&DnsServers>,
    hosts: &Result<Vec<NamedHost>, String>,
    silent_hosts: &[Seen],
) -> Vec<Finding> {
    let Some(asked) = servers else {
        let what = "not needed: `controllers` has addresses";
        let needless = Finding::good(Subject::Dns, what);
        return [needless].into_iter().chain(of_hosts(hosts)).collect();
    };
    let mut findings: Vec<Finding> = unusable_lines(asked).collect();
    if is_silent(asked) {
        findings.push(all_silent(asked, hosts, silent_hosts));
        return findings;
    }
    findings.extend(silent(asked));
    if let Some(other) = other_servers(asked) {
        findings.push(other);
        return findings;
    }
    match hosts {
        Err(problem) => findings.push(Cause::DnsSilent.failure(problem, SERVERS)),
        Ok(hosts) if hosts.is_empty() => findings.push(no_controllers(config, asked)),
        Ok(_) => findings.extend(of_hosts(hosts)),
    }
    if findings.is_empty() {
        findings.push(good(asked, hosts));
    }
    findings
}

fn addresses(servers: impl Iterator<Item = impl std::borrow::Borrow<DnsServer>>) -> String {
    let addresses = servers.map(|server| server.borrow().address.ip().to_string());
    addresses.collect::<Vec<_>>().join(", ")
}

fn good(asked: &DnsServers, hosts: &Result<Vec<NamedHost>, String>) -> Finding {
    let hosts = hosts.iter().flatten().map(|host| host.name.as_str());
    let (servers, hosts) = (addresses(asked.servers.iter()), hosts.collect::<Vec<_>>());
    let what = format!("{servers} names {}", hosts.join(", "));
    Finding::good(Subject::Dns, what)
}

fn unusable_lines(asked: &DnsServers) -> impl Iterator<Item = Finding> {
    let lines = asked.unusable_lines.iter();
    lines.map(|line| Cause::DnsUnusableLine.warning(line, "Correct the line."))
}

/// Logins work if `controllers` has addresses besides names.
fn all_silent(
    asked: &DnsServers,
    hosts: &Result<Vec<NamedHost>, String>,
    silent_hosts: &[Seen],
) -> Finding {
    let reasons = asked.servers.iter().filter_map(|server| {
        let reason = server.records.as_ref().err()?;
        Some(format!("{}: {reason}", server.address))
    });
    let states = silent_hosts
        .iter()
        .map(|one| format!("{one}: {}", state(one)));
    let reasons = reasons.chain(states).collect::<Vec<_>>().join("; ");
    let what = format!("no DNS server answers about {}: {reasons}", asked.question);
    let start = match silent_hosts {
        [] => "",
        _ => {
            "If it is the domain's controller, start it. With a second controller and DNS server, \
              logins go on. Else: "
        }
    };
    let cure = format!("{start}{SERVERS} Let port 53 pass, UDP and TCP.");
    let mut hosts = hosts.iter().flatten();
    match hosts.any(|host| host.addresses.is_ok()) {
        true => Cause::DnsSilent.warning(what, cure),
        false => Cause::DnsSilent.failure(what, cure),
    }
}

/// What else is seen of a DNS server that does not answer.
fn state(one: &Seen) -> &'static str {
    let Some(reach) = &one.reach else {
        return "not looked at";
    };
    match (reach.pong(), &reach.rpc) {
        (Pong::Controller(_), _) => "a controller of the domain, without DNS",
        (_, RpcPorts::NoMapper(PortState::Silent)) => {
            "no answer to pings, nor on port 135: it is down, or a firewall drops packets"
        }
        (_, RpcPorts::NoMapper(_)) => "no controller runs there",
        (_, RpcPorts::Listed(_) | RpcPorts::NotListed(_)) => {
            "port 135 is open, as that of a controller"
        }
    }
}

fn silent(asked: &DnsServers) -> impl Iterator<Item = Finding> {
    asked.servers.iter().filter_map(|server| {
        let reason = server.records.as_ref().err()?;
        let what = format!(
            "the DNS server {} does not answer: {reason}",
            server.address
        );
        let cure = "Let port 53 pass, UDP and TCP, or take the server out of /etc/resolv.conf.";
        Some(Cause::DnsSilent.warning(what, cure))
    })
}

/// Servers that do not know what others know. The first one that answers decides.
fn other_servers(asked: &DnsServers) -> Option<Finding> {
    let count = |server: &&DnsServer| server.records.as_ref().ok().copied();
    let (ignorant, knowing): (Vec<&DnsServer>, Vec<&DnsServer>) = asked
        .servers
        .iter()
        .filter(|server| server.records.is_ok())
        .partition(|server| count(server) == Some(0));
    if ignorant.is_empty() || knowing.is_empty() {
        return None;
    }
    let what = format!(
        "{} does not know {}, and {} does",
        addresses(ignorant.iter().copied().cloned()),
        asked.question,
        addresses(knowing.iter().copied().cloned())
    );
    let mut answered = asked.servers.iter().filter_map(|server| count(&server));
    Some(match answered.next() {
        Some(0) => Cause::DnsOtherServer.failure(what, SERVERS),
        _ => Cause::DnsOtherServer.warning(what, SERVERS),
    })
}

fn no_controllers(config: &Netlogon, asked: &DnsServers) -> Finding {
    let servers = addresses(asked.servers.iter());
    let what = format!(
        "{servers} has no controllers of {}: no {}",
        config.domain, asked.question
    );
    let cure = format!("Check `domain`. {SERVERS} Or list `controllers`.");
    Cause::DnsNoControllers.failure(what, cure)
}

fn of_hosts(hosts: &Result<Vec<NamedHost>, String>) -> Vec<Finding> {
    let hosts = || hosts.iter().flatten();
    let has_others = hosts().any(|host| host.addresses.is_ok());
    let missing = hosts().filter_map(|host| {
        let reason = host.addresses.as_ref().err()?;
        let what = format!("{}: {reason}", host.name);
        let cure = "Correct the name, or the records of that host in DNS.";
        Some(match has_others {
            true => Cause::ControllerWithoutAddress.warning(what, cure),
            false => Cause::ControllerWithoutAddress.failure(what, cure),
        })
    });
    missing.collect()
}
