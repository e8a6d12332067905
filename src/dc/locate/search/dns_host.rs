//! The hosts of a domain or a site in DNS, and their addresses.

use std::net::{IpAddr, SocketAddr};

use crate::base::config::SiteName;
use crate::base::crypto;
use crate::dc::locate::resolver::Resolver;
use crate::dc::locate::sought::Sought;
use crate::protocol::dns::{Kind, Service};

/// How many addresses of one host are used.
const MAX_ADDRESSES: usize = 4;

/// A host that DNS names, and the addresses that it sent along.
pub(in crate::dc::locate) struct DnsHost {
    pub(in crate::dc::locate) name: String,
    port: u16,
    addresses: Vec<IpAddr>,
}

impl DnsHost {
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.name, self.port) == (&other.name, other.port)
    }
}

/// The hosts of a site, or of the whole domain, in a new random order each time.
pub(in crate::dc::locate) fn hosts_of(
    config: &Sought,
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

pub(in crate::dc::locate) fn service_name(config: &Sought, site: Option<&SiteName>) -> String {
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
        // A weight of zero has "a very small chance" beside others.
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

impl DnsHost {
    pub(in crate::dc::locate) fn targets(
        &self,
        config: &Sought,
        resolver: &mut Resolver,
    ) -> Result<Vec<SocketAddr>, String> {
        // Addresses that DNS sent along save a question, but /etc/hosts comes before them.
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

/// IPv4 and IPv6 addresses, of the family of `source` if it is set. An error if there is none.
pub(in crate::dc::locate) fn addresses_of(
    config: &Sought,
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

/// The kinds of addresses to ask for.
fn kinds(config: &Sought) -> &'static [Kind] {
    match config.source {
        None => &[Kind::V4, Kind::V6],
        Some(IpAddr::V4(_)) => &[Kind::V4],
        Some(IpAddr::V6(_)) => &[Kind::V6],
    }
}

/// A source address reaches its own family only.
pub(in crate::dc::locate) fn is_reachable(config: &Sought, address: IpAddr) -> bool {
    config
        .source
        .is_none_or(|source| source.is_ipv4() == address.is_ipv4())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_shares_and_priorities_come_first() {
        let service = |priority, weight, target: &str| Service {
            priority,
            weight,
            port: 389,
            target: target.to_owned(),
        };
        let services = vec![
            service(1, 60_000, "last"),
            service(0, 300, "often"),
            service(0, 100, "seldom"),
            service(0, 0, "hardly"),
        ];
        // A generator with a period of 2^32 (Numerical Recipes), so that the counts are always the
        // same.
        let mut state = 1_u32;
        let mut firsts = [0; 3];
        for _ in 0..4000 {
            let order = shuffled(services.clone(), || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                Ok::<_, ()>(state)
            })
            .unwrap();
            assert_eq!(order[3].target, "last");
            let names = ["often", "seldom", "hardly"];
            let first = names.iter().position(|name| *name == order[0].target);
            firsts[first.unwrap()] += 1;
        }
        assert!((2900..3100).contains(&firsts[0]), "{firsts:?}");
        assert!(firsts[2] < 20, "{firsts:?}");
        assert_eq!(shuffled(services, || Err(())), Err(()));
    }
}
