//! The names in a challenge.

use crate::base::config::{Config, Directory, NetbiosName, Netlogon, Users, VerifierKind};
use crate::base::fault::Fault;
use crate::login::setup::host::{computer_name, from_environment, host_name};
use crate::login::setup::source::Source;
use crate::protocol::ntlm::acceptor::{MAX_NAME, Target, TargetKind};

/// With a domain, the names of the machine account, the first of several: its domain controller
/// refuses responses to a challenge with other names (MS-NRPC 3.5.4.5.1). With a directory, its
/// domain. Otherwise names of the server's own.
pub(super) fn target(config: &Config, source: &Source) -> Result<Target, Fault> {
    if let Some(netlogon) = config.netlogon_in_use().first() {
        return Ok(of_netlogon(netlogon));
    }
    if let Some(directory) = &config.directory
        && config.verify.contains(&VerifierKind::Directory)
    {
        return of_directory(directory, source);
    }
    let own = of_users(config.users.as_ref(), source)?;
    match &config.relay {
        // For the case that no controller makes the challenge, and to know our own users.
        Some(relay) if config.verify.contains(&VerifierKind::Relay) => Ok(Target {
            netbios_domain: relay.netbios_domain.as_str().to_owned(),
            dns_domain: relay.domain.clone(),
            kind: TargetKind::Domain,
            ..own
        }),
        _ => Ok(own),
    }
}

/// The names of the machine account.
pub(super) fn of_netlogon(netlogon: &Netlogon) -> Target {
    let computer = netlogon.account.computer().as_str();
    Target {
        netbios_computer: computer.to_owned(),
        netbios_domain: netlogon.netbios_domain.as_str().to_owned(),
        dns_computer: format!("{}.{}", computer.to_lowercase(), netlogon.domain),
        dns_domain: netlogon.domain.clone(),
        kind: TargetKind::Domain,
    }
}

/// The names of the server's own.
fn of_users(users: Option<&Users>, source: &Source) -> Result<Target, Fault> {
    let host = host_name();
    let computer = match users.and_then(|users| users.netbios_computer.clone()) {
        Some(name) => name.as_str().to_owned(),
        None => computer_name(source)?,
    };
    let domain = users
        .and_then(|users| users.netbios_domain.clone())
        .map_or_else(
            || from_environment(&source.netbios_domain),
            |name| Ok(Some(name)),
        )?;
    Ok(Target {
        kind: match domain {
            Some(_) => TargetKind::Domain,
            None => TargetKind::Server,
        },
        netbios_domain: domain.map_or(computer.clone(), |name| name.as_str().to_owned()),
        netbios_computer: computer,
        // A Windows server outside a domain sends its host name.
        dns_domain: host.clone(),
        dns_computer: host,
    })
}

/// The directory's users are those of one domain, and this server is in it.
fn of_directory(directory: &Directory, source: &Source) -> Result<Target, Fault> {
    let computer = match &directory.netbios_computer {
        Some(name) => name.as_str().to_owned(),
        None => computer_name(source)?,
    };
    let host = host_name();
    let (dns_computer, dns_domain) = match &directory.dns_domain {
        Some(domain) => (
            format!("{}.{domain}", computer.to_lowercase()),
            domain.clone(),
        ),
        None => (host.clone(), host),
    };
    Ok(Target {
        netbios_computer: computer,
        netbios_domain: directory.netbios_domain.as_str().to_owned(),
        dns_computer,
        dns_domain,
        kind: TargetKind::Domain,
    })
}

/// A domain of the users file as a challenge names it. `None`: it is too long for a challenge.
pub(super) fn challenge_domain(domain: &str) -> Option<String> {
    match domain.parse::<NetbiosName>() {
        Ok(name) => Some(name.as_str().to_owned()),
        Err(_) => (domain.encode_utf16().count() <= MAX_NAME).then(|| domain.to_owned()),
    }
}
