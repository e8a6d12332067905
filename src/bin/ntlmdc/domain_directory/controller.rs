//! The controller that is asked.

use std::net::IpAddr;

use gss_ntlmdc::base::config::{Netlogon, SiteName};
use gss_ntlmdc::dc::domains::is_below;
use gss_ntlmdc::dc::probe::{NamedHost, Pong, Probe};

use crate::steps::Problem;

/// How many addresses are tried.
const MOST: usize = 6;

/// A controller that was found.
#[derive(Clone, Debug)]
pub struct Chosen {
    pub address: IpAddr,
    /// The port of its netlogon service, if `--controller` has it.
    pub port: Option<u16>,
    /// Its DNS name; its address if that is all that is known.
    pub name: String,
    /// The domain's NetBIOS name, as it says. Not proven.
    pub netbios_domain: Option<String>,
    /// How far its clock is ahead of ours, in seconds.
    pub clock_ahead: Option<i64>,
    /// The local address of connections to it, if the configuration has one.
    pub source: Option<IpAddr>,
    /// Our site, if the controller is not in it.
    other_site: Option<SiteName>,
}

/// The controller of the configuration, or one that DNS names: writable, and near if one is.
///
/// # Errors
/// There is none.
pub fn choose(config: &Netlogon) -> Result<Chosen, Problem> {
    if config.wins.is_some() {
        return Err(Problem::new(
            "WINS is not used here",
            "Name a controller, by its DNS name or address: --controller HOST.",
        ));
    }
    let probe = Probe::new(config);
    let is_named = !config.controllers.is_empty();
    let of_site = |site: &SiteName| {
        let hosts = probe.hosts(Some(site)).ok()?;
        writable(&probe, config, &hosts).ok()
    };
    // The site of the configuration counts, whatever a controller says.
    let own = config.site.as_ref().filter(|_| !is_named);
    if let Some(chosen) = own.and_then(of_site) {
        return Ok(chosen);
    }
    let hosts = probe.hosts(None).map_err(|problem| match is_named {
        true => Problem::new(
            problem,
            "Give --controller the controller's full DNS name, or its address. In a configuration \
             that is there, correct `controllers`.",
        ),
        false => Problem::new(
            format!("no domain controller is found: {problem}"),
            "This host must ask a DNS server of the domain (/etc/resolv.conf). Or name a \
             controller: --controller HOST.",
        ),
    })?;
    let first = writable(&probe, config, &hosts)?;
    let near = first.other_site.as_ref();
    let near = near.filter(|_| !is_named && own.is_none());
    Ok(near.and_then(of_site).unwrap_or(first))
}

/// The first that can be written to; else one that did not answer to a ping, which may be filtered.
fn writable(probe: &Probe, config: &Netlogon, hosts: &[NamedHost]) -> Result<Chosen, Problem> {
    let is_named = !config.controllers.is_empty();
    let mut silent = None;
    let mut said = Vec::new();
    for (host, address) in addresses(hosts, &mut said) {
        // An answer of DNS is not authentic; the certificate is checked against this name.
        if !is_named && !is_below(&host.name, &config.domain) {
            said.push(format!("{}: not a host of {}", host.name, config.domain));
            continue;
        }
        match look_at(probe, config, host, address) {
            Ok((chosen, true)) => return Ok(chosen),
            Ok((chosen, false)) => {
                said.push(format!("{} ({address}): no answer on port 389", host.name));
                silent.get_or_insert(chosen);
            }
            Err(problem) => said.push(format!("{}: {problem}", host.name)),
        }
    }
    silent.ok_or_else(|| {
        Problem::new(
            format!("no controller can be used: {}", said.join("; ")),
            "Check the network and the firewall (ports 389, 135 and 49152 to 65535 over TCP), or \
             name another controller: --controller HOST.",
        )
    })
}

/// A controller, and whether it answered; or why it cannot be used.
fn look_at(
    probe: &Probe,
    config: &Netlogon,
    host: &NamedHost,
    address: IpAddr,
) -> Result<(Chosen, bool), &'static str> {
    let reach = probe.reach(address, host.port);
    let mut chosen = Chosen {
        address,
        port: host.port,
        name: host.name.clone(),
        netbios_domain: None,
        clock_ahead: reach.clock_ahead,
        source: config.source,
        other_site: None,
    };
    match reach.pong() {
        Pong::Controller(identity) if identity.is_writable() => {
            chosen.netbios_domain = Some(identity.netbios_domain.clone());
            let other = Some(&identity.client_site).filter(|_| !identity.is_closest());
            chosen.other_site = other.and_then(|site| site.parse().ok());
            Ok((chosen, true))
        }
        Pong::Controller(_) => Err("a read-only controller"),
        Pong::Stranger => Err("does not serve the domain"),
        Pong::Silent => Ok((chosen, false)),
    }
}

fn addresses<'a>(hosts: &'a [NamedHost], said: &mut Vec<String>) -> Vec<(&'a NamedHost, IpAddr)> {
    let mut all = Vec::new();
    for host in hosts {
        match &host.addresses {
            Ok(addresses) => all.extend(addresses.iter().map(|address| (host, *address))),
            Err(problem) => said.push(problem.clone()),
        }
    }
    all.truncate(MOST);
    all
}
