//! Finds the controllers: those of the configuration, or those that DNS knows (MS-ADTS 6.3.6).

use std::net::{IpAddr, SocketAddr};

use crate::base::config::{self, Controller, Host, SiteName};
use crate::base::crypto;
use crate::dc::locate::Candidate;
use crate::dc::locate::ping::{self, Outcome};
use crate::dc::locate::resolver::Resolver;
use crate::protocol::dns::{Kind, Service};

/// As many hosts of a domain are looked at: the first of a shuffled list, anew each time.
const MAX_HOSTS: usize = 8;
/// As many addresses of one host.
const MAX_ADDRESSES: usize = 4;

/// What a search gave.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Best first; never empty.
    pub(super) candidates: Vec<Candidate>,
    /// The site that we are in, if somebody told.
    pub(super) site: Option<SiteName>,
    /// Nothing of what was asked for is missing.
    pub(super) is_complete: bool,
}

/// Searches. `site` is what an earlier search learnt.
pub(super) fn search(
    config: &config::Netlogon,
    site: Option<SiteName>,
    resolver: &mut Resolver,
) -> Result<Found, String> {
    match config.controllers.as_slice() {
        [] => in_dns(config, site, resolver),
        fixed => named(config, fixed, resolver),
    }
}

/// The configuration's own, in their order.
fn named(
    config: &config::Netlogon,
    controllers: &[Controller],
    resolver: &mut Resolver,
) -> Result<Found, String> {
    let mut candidates = Vec::new();
    let mut problems = Vec::new();
    for controller in controllers {
        let addresses = match &controller.host {
            Host::Address(address) => Ok(vec![*address]),
            Host::Name(name) => addresses_of(config, name, resolver),
        };
        match addresses {
            Ok(addresses) => candidates.extend(
                addresses
                    .into_iter()
                    .map(|address| Candidate::new(address, controller.port)),
            ),
            Err(problem) => problems.push(problem),
        }
    }
    candidates.retain(|candidate| is_reachable(config, candidate.address));
    match candidates.is_empty() {
        true if problems.is_empty() => Err("none has an address of the family of `source`".into()),
        true => Err(problems.join("; ")),
        false => Ok(Found {
            candidates,
            site: None,
            is_complete: problems.is_empty(),
        }),
    }
}

/// Those that DNS knows: of the site if we know ours, then all.
fn in_dns(
    config: &config::Netlogon,
    learnt: Option<SiteName>,
    resolver: &mut Resolver,
) -> Result<Found, String> {
    let asked = config.site.clone().or(learnt);
    // Who told us the site has proven nothing, and a site is a preference: without an answer, all.
    let of_site = asked
        .as_ref()
        .map(|site| hosts_of(config, Some(site), resolver));
    let is_complete = !matches!(of_site, Some(Err(_)));
    let mut hosts = of_site.and_then(Result::ok).unwrap_or_default();
    for host in hosts_of(config, None, resolver)? {
        if !hosts.iter().any(|known| known.is_same(&host)) {
            hosts.push(host);
        }
    }
    if hosts.is_empty() {
        return Err(format!("DNS knows none: no {}", service_name(config, None)));
    }
    let first = Round::of(config, hosts, resolver)?;

    // We have just been told our site, and who told is not of it.
    let site = first.site.clone().filter(|_| config.site.is_none());
    let mut candidates = Vec::new();
    if let Some(site) = site.as_ref()
        && Some(site) != asked.as_ref()
        && !first.is_closest
        && let Ok(near) = hosts_of(config, Some(site), resolver)
        && let Ok(second) = Round::of(config, near, resolver)
    {
        candidates = second.candidates;
    }
    for candidate in first.candidates {
        if !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    }
    Ok(Found {
        candidates,
        site,
        is_complete,
    })
}

/// A host that DNS names, and the addresses that it sent along.
struct DnsHost {
    name: String,
    port: u16,
    addresses: Vec<IpAddr>,
}

impl DnsHost {
    fn is_same(&self, other: &Self) -> bool {
        (&self.name, self.port) == (&other.name, other.port)
    }
}

/// The hosts of a site, or of the whole domain, in a new random order each time.
fn hosts_of(
    config: &config::Netlogon,
    site: Option<&SiteName>,
    resolver: &mut Resolver,
) -> Result<Vec<DnsHost>, String> {
    let answer = resolver.ask(&service_name(config, site), Kind::Service)?;
    let services = shuffled(answer.services, || crypto::random().map(u32::from_le_bytes));
    let services = services.map_err(|error| error.to_string())?;
    let hosts = services.into_iter().take(MAX_HOSTS).map(|service| {
        let sent_along = answer.hosts.iter();
        let addresses = sent_along.filter(|(name, _)| *name == service.target);
        DnsHost {
            addresses: addresses.map(|(_, address)| *address).collect(),
            name: service.target,
            port: service.port,
        }
    });
    Ok(hosts.collect())
}

fn service_name(config: &config::Netlogon, site: Option<&SiteName>) -> String {
    let domain = &config.domain;
    match site {
        Some(site) => format!("_ldap._tcp.{}._sites.dc._msdcs.{domain}", site.as_str()),
        None => format!("_ldap._tcp.dc._msdcs.{domain}"),
    }
}

/// By priority; within one, at random by weight (RFC 2782).
fn shuffled<E>(
    mut services: Vec<Service>,
    mut random: impl FnMut() -> Result<u32, E>,
) -> Result<Vec<Service>, E> {
    let mut order = Vec::with_capacity(services.len());
    while let Some(priority) = services.iter().map(|service| service.priority).min() {
        // "A very small chance" is what a weight of zero has beside others.
        let shares: Vec<u128> = services
            .iter()
            .map(|service| match service.priority == priority {
                true => (u128::from(service.weight) * 100).max(1),
                false => 0,
            })
            .collect();
        let mut drawn = (u128::from(random()?) * shares.iter().sum::<u128>()) >> 32;
        let next = shares
            .iter()
            .position(|share| match drawn.checked_sub(*share) {
                Some(rest) => {
                    drawn = rest;
                    false
                }
                None => true,
            });
        order.push(services.remove(next.unwrap_or_default()));
    }
    Ok(order)
}

/// Hosts that were pinged.
struct Round {
    /// Who answered well, who kept silent (pings may not come through), who answered badly.
    candidates: Vec<Candidate>,
    /// What who answered well said of us.
    site: Option<SiteName>,
    is_closest: bool,
}

impl Round {
    fn of(
        config: &config::Netlogon,
        hosts: Vec<DnsHost>,
        resolver: &mut Resolver,
    ) -> Result<Self, String> {
        let mut targets: Vec<SocketAddr> = Vec::new();
        let mut problems = Vec::new();
        for host in hosts.into_iter().take(MAX_HOSTS) {
            let addresses = match host.addresses.is_empty() {
                true => addresses_of(config, &host.name, resolver),
                false => Ok(host.addresses),
            };
            match addresses {
                Ok(addresses) => targets.extend(
                    addresses
                        .into_iter()
                        .filter(|address| is_reachable(config, *address))
                        .take(MAX_ADDRESSES)
                        .map(|address| SocketAddr::new(address, host.port)),
                ),
                Err(problem) => problems.push(problem),
            }
        }
        if targets.is_empty() {
            problems.push("no controller has an address that can be used".to_owned());
            return Err(problems.join("; "));
        }
        let outcomes = ping::ping(config, &targets, resolver.deadline());
        let outcomes = outcomes.map_err(|error| error.to_string())?;
        Self::sorted(config, &targets, outcomes)
    }

    fn sorted(
        config: &config::Netlogon,
        targets: &[SocketAddr],
        outcomes: Vec<Outcome>,
    ) -> Result<Self, String> {
        let (mut good, mut silent, mut poor) = (Vec::new(), Vec::new(), Vec::new());
        let (mut site, mut is_closest) = (None, false);
        for (target, outcome) in targets.iter().zip(outcomes) {
            let list = match &outcome {
                Outcome::Good(identity) => {
                    is_closest = identity.is_closest();
                    // An invalid name counts as none.
                    site = identity.client_site.parse().ok();
                    &mut good
                }
                Outcome::Silent => &mut silent,
                Outcome::Poor(_) => &mut poor,
                Outcome::Stranger => continue,
            };
            list.push(Candidate {
                identity: outcome.identity(),
                ..Candidate::new(target.ip(), None)
            });
        }
        let candidates = [good, silent, poor].concat();
        match candidates.is_empty() {
            true => Err(format!(
                "the hosts that DNS names do not serve {}",
                config.domain
            )),
            false => Ok(Self {
                candidates,
                site,
                is_closest,
            }),
        }
    }
}

/// IPv4 and IPv6; an error if there is neither.
fn addresses_of(
    config: &config::Netlogon,
    name: &str,
    resolver: &mut Resolver,
) -> Result<Vec<IpAddr>, String> {
    let mut addresses = Vec::new();
    let mut problem = format!("DNS, {name}: no address");
    for (kind, is_v4) in [(Kind::V4, true), (Kind::V6, false)] {
        if config
            .source
            .is_some_and(|source| source.is_ipv4() != is_v4)
        {
            continue;
        }
        match resolver.ask(name, kind) {
            Ok(answer) => addresses.extend(answer.addresses.into_iter().take(MAX_ADDRESSES)),
            // No server answers: it would be no better with the other family.
            Err(text) => {
                problem = text;
                break;
            }
        }
    }
    match addresses.is_empty() {
        true => Err(problem),
        false => Ok(addresses),
    }
}

/// A source address reaches its own family only.
fn is_reachable(config: &config::Netlogon, address: IpAddr) -> bool {
    config
        .source
        .is_none_or(|source| source.is_ipv4() == address.is_ipv4())
}

#[cfg(test)]
mod tests;
