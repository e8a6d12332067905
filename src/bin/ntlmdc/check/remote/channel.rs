//! The secure channel to each controller, and what was told over it.

use gss_ntlmdc::base::config::{AccountSecret, Netlogon};
use gss_ntlmdc::base::fault::Minor;
use gss_ntlmdc::dc::domains::Domain;
use gss_ntlmdc::dc::probe::{OpenedChannel, Unopened};

use super::complaint::Complaint;
use super::seen::{Seen, cure};
use crate::check::cause::Cause;
use crate::check::finding::{Finding, Subject};

/// One good finding, or why there is no channel. Nothing if none was tried.
pub fn judged(config: &Netlogon, one: &Seen) -> Result<Vec<Finding>, Complaint> {
    match &one.channel {
        None => Ok(Vec::new()),
        Some(Err(unopened)) => Err(refused(config, one, unopened)),
        Some(Ok(opened)) => {
            let headers = match opened.signs_headers {
                true => ", headers are signed",
                false => "",
            };
            let what = format!(
                "{one}: secure channel at port {}: AES, capabilities confirmed{headers}",
                opened.peer.port()
            );
            Ok(vec![Finding::good(Subject::Controllers, what)])
        }
    }
}

fn refused(config: &Netlogon, one: &Seen, unopened: &Unopened) -> Complaint {
    let fault = &unopened.fault;
    if unopened.is_after_secret {
        let name = config.netbios_domain.as_str();
        return Complaint::stops(
            Cause::NetbiosDomainWrong,
            format!("it accepts the secret, and not the NetBIOS name {name:?} of the domain"),
            "Write the name as `netbios_domain` into [netlogon]; on a Windows host of the domain, \
             `nltest /dsgetdc:` tells it.",
        );
    }
    let cause = match fault.minor() {
        Minor::MachineSecretRefused => return secret_refused(config),
        Minor::MachineAccountUnknown => return account_unknown(config, one.is_read_only()),
        Minor::KerberosChannelRequired => Cause::KerberosChannelRequired,
        Minor::UnauthenticatedRpcRefused | Minor::MapperRefused => Cause::RpcRestricted,
        Minor::ChannelDowngraded => Cause::ChannelWeak,
        _ => Cause::ChannelFailed,
    };
    Complaint::stops(cause, fault.for_the_log(), cure(fault.minor()))
}

fn secret_refused(config: &Netlogon) -> Complaint {
    let (account, domain) = (config.account.account(), &config.domain);
    let (path, cure) = match &config.secret {
        AccountSecret::File(path) => (
            path,
            format!(
                "Give the account a new password, and write it into that file; this does \
                 both:\n  sudo ntlmdc join {domain} --reset"
            ),
        ),
        AccountSecret::Keytab(path) => (
            path,
            "Export the account's keys anew: docs/domain.md.".to_owned(),
        ),
    };
    Complaint::stops(
        Cause::MachineSecretRefused,
        format!("{} is not the password of {account}", path.display()),
        format!("{cure}\nA password that was just changed may not have reached every controller."),
    )
}

/// A controller tells these cases apart to none who asks.
fn account_unknown(config: &Netlogon, is_read_only: bool) -> Complaint {
    let (account, domain) = (config.account.account(), &config.domain);
    let text = match is_read_only {
        true => format!("{account} is unknown or disabled, or may not be stored at this host"),
        false => format!("{account} does not exist, is disabled, or is no computer account"),
    };
    let cure = match is_read_only {
        true => "It is a read-only controller: add the account to the Allowed RODC Password \
             Replication Group, or list writable controllers in `controllers`."
            .to_owned(),
        false => format!(
            "Check `account`. Make it, or take one that is disabled, with a new password:\n  sudo \
             ntlmdc join {domain}\nOr enable it, on Windows or with Samba:\n  Set-ADComputer \
             '{account}' -Enabled $true\n  samba-tool user enable '{account}'"
        ),
    };
    Complaint::stops(Cause::MachineAccountUnknown, text, cure)
}

/// What an open channel lacks.
pub fn shortcomings(opened: &OpenedChannel) -> impl Iterator<Item = Complaint> {
    let unsigned = (!opened.signs_headers).then(|| {
        Complaint::hinders(
            Cause::HeadersUnsigned,
            "it does not sign the headers of its answers, or a host on the way hides that it can",
            "Update the controller; look for a host on the way that changes RPC.",
        )
    });
    let no_list = opened.domains.as_ref().err().map(|fault| {
        Complaint::hinders(
            Cause::NoListOfDomains,
            format!("no list of trusted domains: {}", fault.for_the_log()),
            "See docs/trusts.md; describe the domains in `trusted_domains`.",
        )
    });
    let no_names = opened.no_names.as_ref().map(|fault| {
        Complaint::hinders(
            Cause::NoGroupNames,
            format!("no names of groups: {}", fault.for_the_log()),
            "Let the port of LSA pass, one of 49152 to 65535; or use SIDs.",
        )
    });
    [unsigned, no_list, no_names].into_iter().flatten()
}

/// The machine account and the domains, as the first controller that tells them.
pub fn of_domain(config: &Netlogon, all: &[Seen]) -> Vec<Finding> {
    let mut opened = all
        .iter()
        .filter_map(|one| one.channel.as_ref()?.as_ref().ok());
    let Some(first) = opened.next() else {
        return Vec::new();
    };
    let good = |what: String| Finding::good(Subject::Domain, what);
    let account = config.account.account();
    let mut findings = vec![good(format!(
        "{account}: the account and its secret are right"
    ))];
    let lists = [first].into_iter().chain(opened);
    if let Some(domains) = lists
        .filter_map(|opened| opened.domains.as_ref().ok())
        .next()
    {
        let others = domains.iter().skip(1).map(called);
        let others: Vec<String> = others.collect();
        let trusts = match others.is_empty() {
            true => "trusts no other domain".to_owned(),
            false => format!("trusts {}", others.join(", ")),
        };
        findings.push(good(format!("{} {trusts}", called(domains.ours()))));
    }
    findings
}

fn called(domain: &Domain) -> String {
    match &domain.dns {
        Some(dns) => format!("{} ({dns})", domain.netbios),
        None => domain.netbios.clone(),
    }
}
