//! The domain's NetBIOS name, and our site: what pings tell.

use gss_ntlmdc::base::config::{Netlogon, SiteName};
use gss_ntlmdc::base::name_case::alike;
use gss_ntlmdc::dc::probe::NamedHost;

use super::seen::Seen;
use crate::check::cause::Cause;
use crate::check::finding::{Finding, Subject};

/// Compares our names with those of the controllers. Returns the configuration for secure channels;
/// `None` if every controller would refuse one.
pub fn compare(config: &Netlogon, all: &[Seen]) -> (Option<Netlogon>, Option<Finding>) {
    let used = config.netbios_domain.as_str();
    let mut told = all.iter().filter_map(|one| {
        let told = one.identity()?.netbios_domain.as_str();
        (!told.is_empty()).then_some((one, told))
    });
    let Some((one, told)) = told.find(|(_, told)| !alike(told, used)) else {
        return (Some(config.clone()), None);
    };
    let cure = format!("Write netbios_domain = {told:?} into [netlogon].");
    let what = format!("{one}: the NetBIOS name of the domain is {told:?}, and {used:?} here");
    if config.is_netbios_domain_given {
        return (None, Some(Cause::NetbiosDomainWrong.failure(what, cure)));
    }
    let finding = Cause::NetbiosDomainWrong.warning(what, cure).because(
        "Without `netbios_domain`, the first label of `domain` is assumed. The first login of a \
         host is refused, and corrects the name.",
    );
    let named = told.parse().map(|name| Netlogon {
        netbios_domain: name,
        ..config.clone()
    });
    (named.ok(), Some(finding))
}

/// Our site, where DNS gives the controllers and there is a choice of them.
pub fn site(
    config: &Netlogon,
    all: &[Seen],
    hosts_of: impl FnOnce(&SiteName) -> Result<Vec<NamedHost>, String>,
) -> Vec<Finding> {
    let mut identities = all.iter().filter_map(Seen::identity);
    let told = identities.find_map(|identity| identity.client_site.parse::<SiteName>().ok());
    let is_answered = all.iter().any(|one| one.identity().is_some());
    let site = match (&config.site, told) {
        _ if !config.controllers.is_empty() || config.wins.is_some() => return Vec::new(),
        (Some(site), _) => site.clone(),
        (None, Some(site)) => site,
        (None, None) if is_answered && all.len() > 1 => return vec![unknown_site()],
        (None, None) => return Vec::new(),
    };
    let hosts = match hosts_of(&site) {
        Ok(hosts) => hosts,
        Err(problem) => {
            let cure = "Let port 53 pass, UDP and TCP.";
            return vec![Cause::DnsSilent.warning(problem, cure)];
        }
    };
    let site = site.as_str();
    if hosts.is_empty() {
        let what = format!("DNS has no controllers of the site {site}");
        let cure = "Correct `site`; or give the site a controller in AD Sites and Services.";
        return vec![Cause::SiteWithoutControllers.warning(what, cure)];
    }
    let names: Vec<&str> = hosts.iter().map(|host| host.name.as_str()).collect();
    let what = format!("site {site}: {}", names.join(", "));
    vec![Finding::good(Subject::Dns, what)]
}

fn unknown_site() -> Finding {
    let what = "the controllers know no site of this host's address";
    let cure = "Add the subnet of this host to a site in AD Sites and Services, or write `site` \
                into [netlogon].";
    Cause::SiteUnknown.warning(what, cure)
}
