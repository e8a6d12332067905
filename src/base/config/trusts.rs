//! The keys of `[netlogon]` about trusted domains.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::DomainName;
use super::values::{self, NetbiosName};
use crate::base::sid::Sid;

/// A domain that is missing in the list of our own controller, or more about one that is in it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedDomain {
    /// Its NetBIOS name.
    pub netbios: NetbiosName,
    /// Its DNS name.
    #[serde(deserialize_with = "values::domain_name")]
    pub dns: String,
    /// Its security identifier.
    #[serde(deserialize_with = "domain_sid")]
    pub sid: Sid,
    /// Further suffixes of its users' principal names.
    #[serde(default, deserialize_with = "values::at_least_one")]
    pub upn_suffixes: Vec<DomainName>,
}

/// How our own groups count in an answer about a user of a trusted domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupsAcrossTrusts {
    /// They count, but those with an identifier below 1000: our controller adds its domain-local
    /// groups.
    #[default]
    Accept,
    /// None counts.
    Drop,
}

/// How a user of ours is treated whose name was typed without a domain. The controller may forward
/// such a name to the domains that ours trusts, and one of them may answer that the user is ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NamesAlone {
    /// The whole answer counts.
    #[default]
    Accept,
    /// If ours trusts a domain outside its forest, groups count as those across a trust.
    Filter,
    /// The user is refused.
    Refuse,
}

/// As [`domain_sid`], for a key that may be left out.
pub(super) fn optional_domain_sid<'de, D>(deserializer: D) -> Result<Option<Sid>, D::Error>
where
    D: Deserializer<'de>,
{
    domain_sid(deserializer).map(Some)
}

/// Reads the identifier of a domain: `S-1-5-21-` and three numbers.
fn domain_sid<'de, D>(deserializer: D) -> Result<Sid, D::Error>
where
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    text.parse()
        .ok()
        .filter(Sid::is_domain)
        .ok_or_else(|| D::Error::custom("a domain's SID is expected: S-1-5-21-1-2-3"))
}
