//! Finds the controllers: those of the configuration, those in DNS (MS-ADTS 6.3.6), or those in
//! WINS.

mod dns_host;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::base::config::{Controller, Host, SiteName};
use crate::base::crypto;
use crate::dc::locate::candidate::Candidate;
use crate::dc::locate::ping::{self, Outcome};
use crate::dc::locate::resolver::Resolver;
use crate::dc::locate::sought::Sought;
use crate::dc::locate::wins::Client;
use crate::protocol::cldap;
use dns_host::DnsHost;
pub(super) use dns_host::{addresses_of, hosts_of, is_reachable, service_name};

/// How many hosts of a domain one search looks at: the first of a list that is shuffled each time.
const MAX_HOSTS: usize = 8;
/// How many hosts are looked up and pinged at once. The next ones follow only if none of them gives
/// a good answer: few forwarders send addresses along, and a domain may have hundreds of hosts.
const BATCH: usize = 3;
/// No further batch is begun after this time.
const BATCHES: Duration = Duration::from_secs(3);

/// The result of a search.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Best first; never empty.
    pub(super) candidates: Vec<Candidate>,
    /// The site that we are in, if a controller told.
    pub(super) site: Option<SiteName>,
    /// Whether every question was answered.
    pub(super) is_complete: bool,
    /// The names of the hosts that were looked up.
    pub(super) hosts: Vec<String>,
    /// Whether DNS names further hosts, which were not looked up.
    pub(super) has_more: bool,
}

/// What earlier searches found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Earlier {
    /// The site that we are in.
    pub(super) site: Option<SiteName>,
    /// Hosts that have failed since. The others come first.
    pub(super) hosts: Vec<String>,
}

/// Searches.
pub(super) fn search(
    config: &Sought,
    earlier: &Earlier,
    resolver: &mut Resolver,
) -> Result<Found, String> {
    match (config.wins(), config.controllers.as_slice()) {
        (Some(wins), _) => in_wins(config, wins, resolver),
        (None, []) => in_dns(config, earlier, resolver),
        (None, fixed) => named(config, fixed, resolver),
    }
}

/// Those in WINS. The pings begin at a random one: else all hosts would ask the first.
fn in_wins(config: &Sought, wins: Client<'_>, resolver: &mut Resolver) -> Result<Found, String> {
    let addresses = wins.controllers(resolver.deadline())?;
    let targets = addresses.into_iter();
    let mut targets: Vec<_> = targets
        .map(|address| SocketAddr::new(address, cldap::PORT))
        .collect();
    let random = crypto::random().map_err(|error| error.to_string())?;
    let first = usize::from(u16::from_le_bytes(random)) % targets.len().max(1);
    targets.rotate_left(first);
    by_address(config, &targets, resolver)
}

/// Those of which only the address is known.
fn by_address(
    config: &Sought,
    targets: &[SocketAddr],
    resolver: &mut Resolver,
) -> Result<Found, String> {
    // A single host needs no ping.
    let outcomes = match targets {
        [_only] => vec![Outcome::Silent],
        _ => pinged(config, targets, resolver)?,
    };
    let pinged = targets.iter().map(|target| (target, None)).zip(outcomes);
    Ok(Found {
        candidates: Round::sorted(config, "WINS", pinged)?.candidates,
        site: None,
        is_complete: true,
        hosts: Vec::new(),
        has_more: false,
    })
}

/// Those of the configuration, in their order.
fn named(
    config: &Sought,
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

/// Those in DNS: of the site if ours is known, then all.
fn in_dns(config: &Sought, earlier: &Earlier, resolver: &mut Resolver) -> Result<Found, String> {
    let asked = config.site.as_ref().or(earlier.site.as_ref());
    let (mut hosts, is_complete) = of_site_and_domain(config, asked, resolver)?;
    if hosts.is_empty() {
        return Err(format!("DNS knows none: no {}", service_name(config, None)));
    }
    hosts.sort_by_key(|host| earlier.hosts.contains(&host.name));
    let mut first = Round::of(config, &hosts, resolver)?;

    let site = first.site.clone().filter(|_| config.site.is_none());
    if let Some(site) = site.as_ref()
        && Some(site) != asked
        && !first.is_closest
    {
        // The controller that named our site is not in it.
        first = first.behind_those_of(site, config, earlier, resolver);
    }
    Ok(Found {
        candidates: unique(first.candidates),
        site,
        is_complete,
        hosts: first.hosts,
        has_more: first.has_more,
    })
}

/// The hosts of the site, then the others of the domain; and whether the site's could be asked for.
///
/// The controller that named the site has proven nothing, and a site is a preference: if DNS does
/// not answer about it, all hosts will do.
fn of_site_and_domain(
    config: &Sought,
    site: Option<&SiteName>,
    resolver: &mut Resolver,
) -> Result<(Vec<DnsHost>, bool), String> {
    let of_site = site.map(|site| hosts_of(config, Some(site), resolver));
    let is_complete = !matches!(of_site, Some(Err(_)));
    let mut hosts = of_site.and_then(Result::ok).unwrap_or_default();
    for host in hosts_of(config, None, resolver)? {
        if !hosts.iter().any(|known| known.is_same(&host)) {
            hosts.push(host);
        }
    }
    Ok((hosts, is_complete))
}

/// Each candidate once, in their order.
fn unique(candidates: Vec<Candidate>) -> Vec<Candidate> {
    let mut unique = Vec::new();
    for candidate in candidates {
        if !unique.contains(&candidate) {
            unique.push(candidate);
        }
    }
    unique
}

/// Hosts that were looked up and pinged.
#[derive(Default)]
struct Round {
    /// Those with a good answer, those without one (pings may be filtered), those with a poor one.
    candidates: Vec<Candidate>,
    /// Our site, as the good answer gives it.
    site: Option<SiteName>,
    is_closest: bool,
    hosts: Vec<String>,
    has_more: bool,
}

impl Round {
    fn of(config: &Sought, hosts: &[DnsHost], resolver: &mut Resolver) -> Result<Self, String> {
        let (mut targets, mut names, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
        let mut problems = Vec::new();
        let mut looked_at = 0;
        let enough = resolver.deadline().or_after(BATCHES);
        for batch in hosts.get(..MAX_HOSTS).unwrap_or(hosts).chunks(BATCH) {
            let mut addresses = Vec::new();
            for host in batch {
                match host.targets(config, resolver) {
                    Ok(targets) => {
                        let name = Some(Arc::from(host.name.as_str()));
                        names.extend(targets.iter().map(|_| name.clone()));
                        addresses.extend(targets);
                    }
                    Err(problem) => problems.push(problem),
                }
            }
            looked_at += batch.len();
            // A single host needs no ping.
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
            ..Self::sorted(config, "DNS", targets.iter().zip(names).zip(outcomes))?
        })
    }

    /// The same, with the hosts of a site before them.
    fn behind_those_of(
        self,
        site: &SiteName,
        config: &Sought,
        earlier: &Earlier,
        resolver: &mut Resolver,
    ) -> Self {
        let Ok(mut near) = hosts_of(config, Some(site), resolver) else {
            return self;
        };
        near.sort_by_key(|host| earlier.hosts.contains(&host.name));
        let Ok(near) = Self::of(config, &near, resolver) else {
            return self;
        };
        Self {
            candidates: [near.candidates, self.candidates].concat(),
            hosts: [self.hosts, near.hosts].concat(),
            has_more: self.has_more || near.has_more,
            ..near
        }
    }

    /// `by`: what named the hosts.
    fn sorted<'a>(
        config: &Sought,
        by: &str,
        pinged: impl Iterator<Item = ((&'a SocketAddr, Option<Arc<str>>), Outcome)>,
    ) -> Result<Self, String> {
        let (mut good, mut silent, mut poor) = (Vec::new(), Vec::new(), Vec::new());
        let (mut site, mut is_closest) = (None, false);
        for ((target, dns_name), outcome) in pinged {
            let list = match &outcome {
                Outcome::Good(identity) => {
                    is_closest = identity.is_closest();
                    // An invalid name counts as no name.
                    site = identity.client_site.parse().ok();
                    &mut good
                }
                Outcome::Silent => &mut silent,
                Outcome::Poor(_) => &mut poor,
                Outcome::Stranger => continue,
            };
            list.push(Candidate {
                identity: outcome.identity(),
                dns_name,
                ..Candidate::new(target.ip(), None)
            });
        }
        let candidates = [good, silent, poor].concat();
        match candidates.is_empty() {
            true => Err(format!(
                "the hosts that {by} names do not serve {}",
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
    config: &Sought,
    targets: &[SocketAddr],
    resolver: &mut Resolver,
) -> Result<Vec<Outcome>, String> {
    let deadline = resolver.deadline();
    let outcomes = ping::ping(config, targets, &mut resolver.network, deadline);
    outcomes.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
