//! Finds the controllers: those of the configuration, or those that DNS knows (MS-ADTS 6.3.6).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::base::config::{self, Controller, Host, SiteName};
use crate::base::crypto;
use crate::dc::locate::candidate::Candidate;
use crate::dc::locate::ping::{self, Outcome};
use crate::dc::locate::resolver::Resolver;
use crate::protocol::dns::{Kind, Service};

/// As many hosts of a domain are looked at in one search: the first of a list that is shuffled anew
/// each time.
const MAX_HOSTS: usize = 8;
/// As many are looked up and pinged at once; the next ones only if none of them answers well. Few
/// forwarders send addresses along, and a domain may have hundreds of hosts.
const BATCH: usize = 3;
/// No further batch is begun after this time.
const BATCHES: Duration = Duration::from_secs(3);
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
    /// The names of the hosts that were looked up.
    pub(super) hosts: Vec<String>,
    /// DNS names further hosts, which were not.
    pub(super) has_more: bool,
}

/// What earlier searches found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Earlier {
    /// The site that we are in.
    pub(super) site: Option<SiteName>,
    /// Hosts that have failed since: the others come first.
    pub(super) hosts: Vec<String>,
}

/// Searches.
pub(super) fn search(
    config: &config::Netlogon,
    earlier: &Earlier,
    resolver: &mut Resolver,
) -> Result<Found, String> {
    match config.controllers.as_slice() {
        [] => in_dns(config, earlier, resolver),
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
        let (addresses, dns_name) = match &controller.host {
            Host::Address(address) => (Ok(vec![*address]), None),
            Host::Name(name) => {
                let dns_name = Arc::from(name.as_str());
                (addresses_of(config, name, resolver), Some(dns_name))
            }
        };
        match addresses {
            Ok(addresses) => candidates.extend(addresses.into_iter().map(|address| Candidate {
                dns_name: dns_name.clone(),
                ..Candidate::new(address, controller.port)
            })),
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
            hosts: Vec::new(),
            has_more: false,
        }),
    }
}

/// Those that DNS knows: of the site if we know ours, then all.
fn in_dns(
    config: &config::Netlogon,
    earlier: &Earlier,
    resolver: &mut Resolver,
) -> Result<Found, String> {
    let asked = config.site.as_ref().or(earlier.site.as_ref());
    // Who told us the site has proven nothing, and a site is a preference: without an answer, all.
    let of_site = asked.map(|site| hosts_of(config, Some(site), resolver));
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
    hosts.sort_by_key(|host| earlier.hosts.contains(&host.name));
    let mut first = Round::of(config, &hosts, resolver)?;

    // We have just been told our site, and who told is not of it.
    let site = first.site.clone().filter(|_| config.site.is_none());
    let mut candidates = Vec::new();
    if let Some(site) = site.as_ref()
        && Some(site) != asked
        && !first.is_closest
        && let Ok(mut near) = hosts_of(config, Some(site), resolver)
    {
        near.sort_by_key(|host| earlier.hosts.contains(&host.name));
        if let Ok(second) = Round::of(config, &near, resolver) {
            candidates = second.candidates;
            first.hosts.extend(second.hosts);
            first.has_more |= second.has_more;
        }
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
        hosts: first.hosts,
        has_more: first.has_more,
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
    let answer = resolver.services(&service_name(config, site))?;
    let services = shuffled(answer.services, || crypto::random().map(u32::from_le_bytes));
    let services = services.map_err(|error| error.to_string())?;
    let hosts = services.into_iter().map(|service| {
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

/// Hosts that were looked up and pinged.
#[derive(Default)]
struct Round {
    /// Good answers, silence (pings may not get through), answers that are not good.
    candidates: Vec<Candidate>,
    /// What the good answer said of us.
    site: Option<SiteName>,
    is_closest: bool,
    hosts: Vec<String>,
    has_more: bool,
}

impl Round {
    fn of(
        config: &config::Netlogon,
        hosts: &[DnsHost],
        resolver: &mut Resolver,
    ) -> Result<Self, String> {
        let (mut targets, mut outcomes) = (Vec::new(), Vec::new());
        let mut problems = Vec::new();
        let mut looked_at = 0;
        let enough = resolver.deadline().or_after(BATCHES);
        for batch in hosts.get(..MAX_HOSTS).unwrap_or(hosts).chunks(BATCH) {
            let mut addresses = Vec::new();
            for host in batch {
                match host.targets(config, resolver) {
                    Ok(targets) => addresses.extend(targets),
                    Err(problem) => problems.push(problem),
                }
            }
            looked_at += batch.len();
            // There is nothing to choose from, and no time to lose with it.
            let pinged = match hosts {
                [_only] => vec![Outcome::Silent; addresses.len()],
                _ => pinged(config, &addresses, resolver)?,
            };
            targets.extend(addresses);
            outcomes.extend(pinged);
            if outcomes.iter().any(Outcome::is_good) || enough.remaining().is_none() {
                break;
            }
        }
        if targets.is_empty() {
            problems.push("no controller has an address that can be used".to_owned());
            return Err(problems.join("; "));
        }
        let looked_at = hosts.get(..looked_at).unwrap_or(hosts);
        Ok(Self {
            hosts: looked_at.iter().map(|host| host.name.clone()).collect(),
            has_more: looked_at.len() < hosts.len(),
            ..Self::sorted(config, &targets, outcomes)?
        })
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
                ..Self::default()
            }),
        }
    }
}

fn pinged(
    config: &config::Netlogon,
    targets: &[SocketAddr],
    resolver: &mut Resolver,
) -> Result<Vec<Outcome>, String> {
    let deadline = resolver.deadline();
    let outcomes = ping::ping(config, targets, &mut resolver.network, deadline);
    outcomes.map_err(|error| error.to_string())
}

impl DnsHost {
    fn targets(
        &self,
        config: &config::Netlogon,
        resolver: &mut Resolver,
    ) -> Result<Vec<SocketAddr>, String> {
        // What DNS sent along saves a question, but not a look at /etc/hosts.
        let of_file = resolver.addresses_of_file(&self.name, kinds(config));
        let addresses = match self.addresses.is_empty() || !of_file.is_empty() {
            true => addresses_of(config, &self.name, resolver)?,
            false => self.addresses.clone(),
        };
        let usable = addresses
            .into_iter()
            .filter(|address| is_reachable(config, *address));
        let targets = usable.map(|address| SocketAddr::new(address, self.port));
        Ok(targets.take(MAX_ADDRESSES).collect())
    }
}

/// IPv4 and IPv6, as far as `source` reaches them; an error if there is neither.
fn addresses_of(
    config: &config::Netlogon,
    name: &str,
    resolver: &mut Resolver,
) -> Result<Vec<IpAddr>, String> {
    let addresses = resolver.addresses(name, kinds(config))?;
    let of_family = |is_v4| {
        let of_family = addresses.iter().filter(move |one| one.is_ipv4() == is_v4);
        of_family.take(MAX_ADDRESSES).copied()
    };
    match addresses.is_empty() {
        true => Err(format!("DNS, {name}: no address")),
        false => Ok(of_family(true).chain(of_family(false)).collect()),
    }
}

/// What is asked for about a host.
fn kinds(config: &config::Netlogon) -> &'static [Kind] {
    match config.source {
        None => &[Kind::V4, Kind::V6],
        Some(IpAddr::V4(_)) => &[Kind::V4],
        Some(IpAddr::V6(_)) => &[Kind::V6],
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
