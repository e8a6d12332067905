//! What DNS, WINS and pings tell, for an administrator. A search for a login stops at what is good
//! enough; a survey asks every server, and keeps every answer.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::base::config::{Host, NameServer, SiteName, Wins};
use crate::base::net::{self, Deadline};
use crate::dc::locate::network::Network;
use crate::dc::locate::ping::{self, Outcome};
use crate::dc::locate::resolver::Resolver;
use crate::dc::locate::search::{addresses_of, hosts_of, is_reachable, service_name};
use crate::dc::locate::sought::Sought;
pub use crate::dc::locate::wins::NoControllers;
use crate::dc::locate::wins::{self, Client};
use crate::protocol::cldap::{self, Identity};
use crate::protocol::dns::{Answer, Kind};

/// The longest time for one question to all servers of the system, or for one list of hosts.
const PATIENCE: Duration = Duration::from_secs(8);

/// The servers of /etc/resolv.conf, each asked the same.
#[derive(Clone, Debug)]
pub struct DnsServers {
    /// The name that was asked about.
    pub question: String,
    /// Each server in the order of the file.
    pub servers: Vec<DnsServer>,
    /// The lines that cannot be used: file, line, and what to do.
    pub unusable_lines: Vec<String>,
}

/// A server of /etc/resolv.conf.
#[derive(Clone, Debug)]
pub struct DnsServer {
    /// Where it is.
    pub address: SocketAddr,
    /// How many records it has of that name; or why it did not answer.
    pub records: Result<usize, String>,
}

/// A server of WINS.
#[derive(Clone, Debug)]
pub struct WinsServer {
    /// Where it is.
    pub address: SocketAddr,
    /// The controllers that it names; or why it names none.
    pub controllers: Result<Vec<IpAddr>, NoControllers>,
}

impl WinsServer {
    /// The controllers that it names; none if it names none.
    pub fn hosts(&self) -> Vec<NamedHost> {
        self.controllers.iter().flatten().map(by_address).collect()
    }
}

/// A host that may be a controller.
#[derive(Clone, Debug)]
pub struct NamedHost {
    /// Its DNS name; its address if `controllers` has that, or if WINS names it.
    pub name: String,
    /// The port of its netlogon service, if `controllers` has it.
    pub port: Option<u16>,
    /// Its addresses that can be used; never empty. Or why there is none.
    pub addresses: Result<Vec<IpAddr>, String>,
}

/// What came of a ping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pong {
    /// No answer in time.
    Silent,
    /// An answer: the host does not serve the domain.
    Stranger,
    /// The controller describes itself. Not authentic.
    Controller(Arc<Identity>),
}

impl From<Outcome> for Pong {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Silent => Self::Silent,
            Outcome::Stranger => Self::Stranger,
            Outcome::Good(identity) | Outcome::Poor(identity) => Self::Controller(identity),
        }
    }
}

/// The name that DNS is asked about first; none if `controllers` has addresses only, or names that
/// /etc/hosts has, or if WINS is asked.
fn first_question(config: &Sought, resolver: &Resolver) -> Option<(String, &'static [Kind])> {
    const ADDRESSES: &[Kind] = &[Kind::V4, Kind::V6];
    if config.is_of_dns() {
        return Some((service_name(config, None), &[Kind::Service]));
    }
    let names = config.controllers.iter();
    let mut names = names.filter_map(|controller| match &controller.host {
        Host::Name(name) => Some(name.clone()),
        Host::Address(_) => None,
    });
    let is_of_dns = |name: &String| resolver.addresses_of_file(name, ADDRESSES).is_empty();
    names.find(is_of_dns).map(|name| (name, ADDRESSES))
}

/// Asks each server of the system about the first name that is needed. `None`: DNS is not needed.
pub(in crate::dc) fn dns_servers(config: &Sought) -> Option<DnsServers> {
    ask_servers(config, resolver())
}

fn ask_servers(config: &Sought, mut resolver: Resolver) -> Option<DnsServers> {
    let (question, kinds) = first_question(config, &resolver)?;
    let asked = resolver.ask_each(&question, kinds);
    let count = |answers: Vec<Answer>| {
        let each = answers.iter();
        each.map(|one| one.services.len() + one.addresses.len())
            .sum()
    };
    let servers = asked.into_iter().map(|(address, answers)| DnsServer {
        address,
        records: answers.map(count),
    });
    Some(DnsServers {
        servers: servers.collect(),
        unusable_lines: resolver.unusable_lines(),
        question,
    })
}

/// Asks one server of WINS.
pub(in crate::dc) fn wins_server(wins: &Wins, server: NameServer) -> WinsServer {
    WinsServer {
        address: wins::socket(server),
        controllers: Client { wins }.ask_one(server),
    }
}

/// The hosts of `controllers`; without that list, those that WINS has for the domain, or those that
/// DNS has for it or for one of its sites.
pub(in crate::dc) fn hosts(
    config: &Sought,
    site: Option<&SiteName>,
) -> Result<Vec<NamedHost>, String> {
    find_hosts(config, site, &mut resolver())
}

fn find_hosts(
    config: &Sought,
    site: Option<&SiteName>,
    resolver: &mut Resolver,
) -> Result<Vec<NamedHost>, String> {
    if !config.controllers.is_empty() {
        return Ok(listed(config, resolver));
    }
    if let Some(client) = config.wins() {
        let addresses = client.controllers(resolver.deadline())?;
        return Ok(addresses.iter().map(by_address).collect());
    }
    let mut hosts: Vec<NamedHost> = Vec::new();
    for host in hosts_of(config, site, resolver)? {
        if hosts.iter().all(|known| known.name != host.name) {
            let targets = host.targets(config, resolver);
            let addresses = targets.map(|all| all.iter().map(SocketAddr::ip).collect());
            hosts.push(named(host.name, None, addresses));
        }
    }
    Ok(hosts)
}

fn listed(config: &Sought, resolver: &mut Resolver) -> Vec<NamedHost> {
    let mut hosts = Vec::new();
    for controller in &config.controllers {
        let (name, mut addresses) = match &controller.host {
            Host::Address(address) => (address.to_string(), Ok(vec![*address])),
            Host::Name(name) => (name.clone(), addresses_of(config, name, resolver)),
        };
        if let Ok(addresses) = &mut addresses {
            addresses.retain(|address| is_reachable(config, *address));
        }
        hosts.push(named(name, controller.port, addresses));
    }
    hosts
}

fn by_address(address: &IpAddr) -> NamedHost {
    named(address.to_string(), None, Ok(vec![*address]))
}

fn named(name: String, port: Option<u16>, addresses: Result<Vec<IpAddr>, String>) -> NamedHost {
    let addresses = addresses.and_then(|addresses| match addresses.is_empty() {
        true => Err("no address of the family of `source`".to_owned()),
        false => Ok(addresses),
    });
    NamedHost {
        name,
        port,
        addresses,
    }
}

/// The question about the controllers of the domain, or of one of its sites.
pub(in crate::dc) fn question(config: &Sought, site: Option<&SiteName>) -> String {
    service_name(config, site)
}

fn resolver() -> Resolver {
    Resolver::of_the_system(Network::default(), Deadline::after(PATIENCE))
}

/// Pings one controller over UDP.
pub(in crate::dc) fn ping_over_udp(config: &Sought, address: IpAddr, deadline: Deadline) -> Pong {
    let target = SocketAddr::new(address, cldap::PORT);
    ping::over_udp(config, target, deadline).map_or(Pong::Silent, Pong::from)
}

/// Pings one controller over TCP.
pub(in crate::dc) fn ping_over_tcp(
    config: &Sought,
    address: IpAddr,
    deadline: Deadline,
) -> Result<Pong, net::Error> {
    let target = SocketAddr::new(address, cldap::PORT);
    ping::over_tcp(config, target, deadline).map(Pong::from)
}

/// How many seconds the controller's clock is ahead of ours; negative: behind. `None` if it does
/// not tell. Not authentic.
pub(in crate::dc) fn clock(config: &Sought, address: IpAddr, deadline: Deadline) -> Option<i64> {
    ping::clock(config, SocketAddr::new(address, cldap::PORT), deadline)
}

#[cfg(test)]
mod tests;
