//! The domain's names in a controller's challenge, and those of the configuration.

#[cfg(test)]
mod tests;

use gss_ntlmdc::base::config::Relay;
use gss_ntlmdc::base::name_case::alike;
use gss_ntlmdc::base::wire::Reader;
use gss_ntlmdc::protocol::ntlm::av_pair::{AvId, AvPairs};
use gss_ntlmdc::protocol::ntlm::message::Challenge;

use crate::check::cause::Cause;
use crate::check::finding::Finding;

/// The names of a domain. A controller may leave one out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DomainNames {
    pub netbios: Option<String>,
    pub dns: Option<String>,
}

impl DomainNames {
    /// Those of a CHALLENGE message (MS-NLMP 2.2.2.1). What cannot be read is left out.
    pub fn of_challenge(challenge: &[u8]) -> Self {
        let Ok(challenge) = Challenge::decode(challenge) else {
            return Self::default();
        };
        let pairs = AvPairs::decode(&mut Reader::new(challenge.target_info)).unwrap_or_default();
        let name = |id| {
            pairs
                .value(id)
                .and_then(text)
                .filter(|name| !name.is_empty())
        };
        Self {
            netbios: name(AvId::NB_DOMAIN_NAME),
            dns: name(AvId::DNS_DOMAIN_NAME),
        }
    }
}

fn text(value: &[u8]) -> Option<String> {
    let (units, []) = value.as_chunks() else {
        return None;
    };
    let units: Vec<u16> = units.iter().copied().map(u16::from_le_bytes).collect();
    String::from_utf16(&units).ok()
}

/// What is wrong with the names of the configuration, by what a controller says.
pub fn compare(config: &Relay, server: &str, told: &DomainNames) -> Option<Finding> {
    let (netbios, dns) = (config.netbios_domain.as_str(), config.domain.as_str());
    let other = |told: &Option<String>, ours| told.clone().filter(|told| !alike(told, ours));
    match (other(&told.netbios, netbios), other(&told.dns, dns)) {
        (None, None) => None,
        (Some(told), None) => {
            let what = format!(
                "{server}: the NetBIOS name of the domain is {told:?}, and {netbios:?} here"
            );
            let cure = format!("Write netbios_domain = {told:?} into [relay].");
            let why = "Users who type the domain's own name are refused, and others get a wrong \
                       one.";
            Some(Cause::NetbiosDomainWrong.failure(what, cure).because(why))
        }
        (None, Some(told)) => {
            let what =
                format!("{server}: the DNS name of the domain is {told:?}, and {dns:?} here");
            let cure = format!("Write domain = {told:?} into [relay], or correct controllers.");
            let why = "Users who type the domain's DNS name are refused.";
            Some(
                Cause::ControllerOfOtherDomain
                    .warning(what, cure)
                    .because(why),
            )
        }
        (Some(told), Some(told_dns)) => Some(of_other_domain(config, server, &told_dns, &told)),
    }
}

fn of_other_domain(config: &Relay, server: &str, dns: &str, netbios: &str) -> Finding {
    let (our_netbios, our_dns) = (config.netbios_domain.as_str(), &config.domain);
    let what = format!(
        "{server}: a controller of {dns:?} ({netbios:?}); here the domain is {our_dns:?} \
         ({our_netbios:?})"
    );
    let cure = "Correct `domain` and netbios_domain, or controllers.";
    let why = "Users of the controller's domain are refused: only those of `domain` are known.";
    Cause::ControllerOfOtherDomain
        .failure(what, cure)
        .because(why)
}
