//! The names that clients are told.

use crate::base::config::{self, Config, NetbiosName, VerifierKind};
use crate::base::fault::{Fault, Minor};
use crate::login::setup::source::Source;
use crate::protocol::ntlm::acceptor::{MAX_NAME, Target, TargetKind};

/// What clients are told: the names of the machine account, without which its domain controller
/// refuses every response (MS-NRPC 3.5.4.5.1); or names of one's own.
pub(super) fn target(config: &Config, source: &Source) -> Result<Target, Fault> {
    if let Some(netlogon) = &config.netlogon
        && config.verify.contains(&VerifierKind::Netlogon)
    {
        let computer = netlogon.account.computer().as_str();
        return Ok(Target {
            netbios_computer: computer.to_owned(),
            netbios_domain: netlogon.netbios_domain.as_str().to_owned(),
            dns_computer: format!("{}.{}", computer.to_lowercase(), netlogon.domain),
            dns_domain: netlogon.domain.clone(),
            kind: TargetKind::Domain,
        });
    }
    let users = config.users.as_ref();
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
        // As a Windows server outside a domain has it.
        dns_domain: host.clone(),
        dns_computer: host,
    })
}

/// A domain of the users file as a challenge names it; none if it is longer than a challenge has.
pub(super) fn told_as_domain(domain: &str) -> Option<String> {
    match domain.parse::<NetbiosName>() {
        Ok(name) => Some(name.as_str().to_owned()),
        Err(_) => (domain.encode_utf16().count() <= MAX_NAME).then(|| domain.to_owned()),
    }
}

/// The NetBIOS name of this computer, where no configuration says another: that of the environment,
/// or what can be made of the host's name.
///
/// # Errors
/// `BadConfiguration` if the environment's is none.
pub fn computer_name(source: &Source) -> Result<String, Fault> {
    let name =
        from_environment(&source.netbios_computer)?.or_else(|| netbios_name_of(&host_name()));
    Ok(name.map_or("SERVER".to_owned(), |name| name.as_str().to_owned()))
}

fn from_environment(value: &Option<String>) -> Result<Option<NetbiosName>, Fault> {
    value
        .as_ref()
        .map(|name| {
            name.parse().map_err(|problem| {
                Minor::BadConfiguration.because(format_args!(
                    "NetBIOS name {name} of the environment: {problem}"
                ))
            })
        })
        .transpose()
}

/// What the system calls itself.
pub fn host_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

/// The first label of a host's name, as far as NetBIOS can say it.
pub(super) fn netbios_name_of(host: &str) -> Option<NetbiosName> {
    let label: String = config::first_label(host).chars().take(15).collect();
    label.parse().ok()
}
