//! `[policy]`: which logins are accepted.

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

use super::values::{self, deserialize_from_str};
use crate::base::name_case::alike;
use crate::base::sid::Sid;

/// `[policy]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "PolicyTable")]
pub struct Policy {
    /// Whether any login is accepted.
    pub enabled: bool,
    /// The rules for a login.
    pub rules: Rules,
    /// Rules that refuse no login. The log says which logins they would refuse.
    pub audit: Option<Audit>,
    /// PEM files of the certificates that clients see on our TLS connections. Any of them may be
    /// used.
    pub tls_certificates: Vec<PathBuf>,
    /// The domains whose users are accepted. If empty, all that the verifiers know.
    pub domains: Vec<DomainName>,
    /// The domains whose users are refused, even if `domains` has them.
    pub refused_domains: Vec<DomainName>,
    /// The groups of which a user must be in one. If empty, the user need not be in any.
    pub groups: Vec<Group>,
    /// The limit on guessed passwords; `None` if there is none.
    pub guess_limit: Option<GuessLimit>,
}

impl Default for Policy {
    fn default() -> Self {
        PolicyTable::default().into()
    }
}

/// The rules for a login, which are checked before a verifier is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The weakest response that is accepted.
    pub response: ResponseLevel,
    /// Whether a client must send a message integrity code. One that is announced is always
    /// checked.
    pub mic: Mic,
    /// Whether a client must have come through a TLS connection of ours.
    pub channel_binding: ChannelBinding,
    /// The services that a client may name. If empty, any.
    pub spn: Vec<Service>,
}

/// `[policy.audit]`: rules that refuse no login.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "AuditTable")]
pub struct Audit {
    /// The rules. A rule that is not set would refuse no login.
    pub rules: Rules,
    /// The certificates for `channel_binding` here. If empty, those of `[policy]`.
    pub tls_certificates: Vec<PathBuf>,
}

/// `[policy.audit]` as written in the file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AuditTable {
    response: Option<ResponseLevel>,
    mic: Option<Mic>,
    channel_binding: Option<ChannelBinding>,
    #[serde(deserialize_with = "values::optional_list")]
    spn: Option<Vec<Service>>,
    #[serde(deserialize_with = "values::absolute_paths")]
    tls_certificates: Vec<PathBuf>,
}

impl TryFrom<AuditTable> for Audit {
    type Error = &'static str;

    fn try_from(table: AuditTable) -> Result<Self, Self::Error> {
        let AuditTable {
            response,
            mic,
            channel_binding,
            spn,
            tls_certificates,
        } = table;
        if channel_binding.is_none() && !tls_certificates.is_empty() {
            return Err("audit: tls_certificates are for channel_binding, which it does not have");
        }
        if response.is_none() && mic.is_none() && channel_binding.is_none() && spn.is_none() {
            return Err("audit: name a rule, or leave the table out");
        }
        Ok(Self {
            rules: Rules {
                response: response.unwrap_or(ResponseLevel::NtlmV1),
                mic: mic.unwrap_or(Mic::Allow),
                channel_binding: channel_binding.unwrap_or(ChannelBinding::Off),
                spn: spn.unwrap_or_default(),
            },
            tls_certificates,
        })
    }
}

/// How many wrong passwords for an account this host passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuessLimit {
    /// After so many, no verifier is asked any more; at least 1.
    pub limit: u16,
    /// How long after the last of them.
    pub window: Duration,
}

/// `[policy]` as written in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PolicyTable {
    enabled: bool,
    response: ResponseLevel,
    mic: Mic,
    channel_binding: ChannelBinding,
    #[serde(deserialize_with = "values::at_least_one")]
    spn: Vec<Service>,
    audit: Option<Audit>,
    #[serde(deserialize_with = "values::absolute_paths")]
    tls_certificates: Vec<PathBuf>,
    #[serde(deserialize_with = "values::at_least_one")]
    domains: Vec<DomainName>,
    #[serde(deserialize_with = "values::at_least_one")]
    refused_domains: Vec<DomainName>,
    #[serde(deserialize_with = "values::at_least_one")]
    groups: Vec<Group>,
    guess_limit: u16,
    #[serde(deserialize_with = "values::required_duration")]
    guess_window: Duration,
}

impl Default for PolicyTable {
    fn default() -> Self {
        let Rules {
            response,
            mic,
            channel_binding,
            spn,
        } = Rules::default();
        Self {
            enabled: true,
            response,
            mic,
            channel_binding,
            spn,
            audit: None,
            tls_certificates: Vec::new(),
            domains: Vec::new(),
            refused_domains: Vec::new(),
            groups: Vec::new(),
            guess_limit: 0,
            guess_window: Duration::from_secs(30 * 60),
        }
    }
}

impl From<PolicyTable> for Policy {
    fn from(table: PolicyTable) -> Self {
        Self {
            enabled: table.enabled,
            rules: Rules {
                response: table.response,
                mic: table.mic,
                channel_binding: table.channel_binding,
                spn: table.spn,
            },
            audit: table.audit,
            tls_certificates: table.tls_certificates,
            domains: table.domains,
            refused_domains: table.refused_domains,
            groups: table.groups,
            guess_limit: (table.guess_limit > 0).then_some(GuessLimit {
                limit: table.guess_limit,
                window: table.guess_window,
            }),
        }
    }
}

/// The kinds of responses, each weaker than the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum ResponseLevel {
    /// NTLMv2.
    #[default]
    #[serde(rename = "ntlmv2")]
    NtlmV2,
    /// NTLM2 session security: NTLMv1 over a challenge of both sides.
    #[serde(rename = "ntlm2-session")]
    Ntlm2Session,
    /// NTLMv1.
    #[serde(rename = "ntlmv1")]
    NtlmV1,
}

impl fmt::Display for ResponseLevel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NtlmV2 => "ntlmv2",
            Self::Ntlm2Session => "ntlm2-session",
            Self::NtlmV1 => "ntlmv1",
        })
    }
}

/// Whether a client must send a message integrity code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mic {
    /// Clients that send none are let in: curl, Firefox, Java and others never do.
    #[default]
    Allow,
    /// Clients that send none are refused.
    Require,
}

/// Whether a client must have come through a TLS connection of ours (Extended Protection).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelBinding {
    /// Channel bindings are not checked.
    Off,
    /// A client without channel bindings is accepted; one with those of another channel is refused.
    #[default]
    Allow,
    /// A client without the bindings of our channel is refused.
    Require,
}

/// A service that a client may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// `"none"`: the client names none, as curl and Firefox.
    Unnamed,
    /// A service principal name: `HTTP/www.example.test`.
    Named(String),
}

impl Service {
    /// True if `name` is this service. Letter case does not count, nor does a port if this has
    /// none.
    pub fn is_named(&self, name: &str) -> bool {
        let Self::Named(expected) = self else {
            return false;
        };
        let port_left_out = without_port(name).is_some_and(|name| alike(name, expected));
        port_left_out || alike(name, expected)
    }
}

/// `class/host` of `class/host:port`.
fn without_port(name: &str) -> Option<&str> {
    let (before, port) = name.rsplit_once(':')?;
    let is_number = !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit());
    // Else it is the end of an IPv6 address.
    let is_whole = !before.contains(':') || before.ends_with(']');
    (is_number && is_whole).then_some(before)
}

impl FromStr for Service {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name.split_once('/') {
            None if name == "none" => Ok(Self::Unnamed),
            Some((class, host)) if !class.is_empty() && !host.is_empty() => {
                Ok(Self::Named(name.to_owned()))
            }
            _ => Err(
                "a service is \"HTTP/www.example.test\", or \"none\" for clients that name none",
            ),
        }
    }
}

/// A domain's NetBIOS or DNS name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainName(String);

impl DomainName {
    /// The name, as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if `name` is this domain's; letter case does not count.
    pub fn is(&self, name: &str) -> bool {
        alike(name, &self.0)
    }
}

impl FromStr for DomainName {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let forbidden = |letter: char| letter.is_control() || "\\/@ ".contains(letter);
        match name.is_empty() || name.contains(forbidden) {
            true => Err("a domain is its NetBIOS name or its DNS name"),
            false => Ok(Self(name.to_owned())),
        }
    }
}

/// A group, as written in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Group {
    /// By its SID, which comes with a login.
    Sid(Sid),
    /// By its name, for which a controller must be asked.
    Named {
        /// Its domain's NetBIOS name; none for our own.
        domain: Option<String>,
        /// Its name (`sAMAccountName`).
        name: String,
    },
}

impl Group {
    /// True if it is called so; `own_domain` is the NetBIOS name of ours. Letter case does not
    /// count.
    pub fn is_called(&self, domain: &str, name: &str, own_domain: &str) -> bool {
        match self {
            Self::Sid(_) => false,
            Self::Named {
                domain: of,
                name: called,
            } => alike(of.as_deref().unwrap_or(own_domain), domain) && alike(called, name),
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sid(sid) => sid.fmt(formatter),
            Self::Named {
                domain: Some(domain),
                name,
            } => write!(formatter, "{domain}\\{name}"),
            Self::Named { domain: None, name } => formatter.write_str(name),
        }
    }
}

impl FromStr for Group {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("S-1-") {
            return text.parse().map(Self::Sid);
        }
        let (domain, name) = match text.split_once('\\') {
            Some((domain, name)) => (Some(domain.to_owned()), name),
            None => (None, text),
        };
        // A group with such a character in its name can be given by its SID only.
        match name.is_empty() || name.contains(['\\', '|']) {
            true => Err("a group is Name, DOMAIN\\Name, or its SID: S-1-5-21-1-2-3-1105"),
            false => Ok(Self::Named {
                domain,
                name: name.to_owned(),
            }),
        }
    }
}

deserialize_from_str!(Service, DomainName, Group);
