//! `[relay]`: a domain, without a machine account.

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

use super::DEFAULT_STATE_DIR;
use super::directory::GroupDirectory;
use super::netlogon::netbios_domain;
use super::policy::DomainName;
use super::tls::{ServerTrust, Tls, TlsKeys, TlsStart};
use super::trusts::NamesAlone;
use super::values::{self, Controller, ControllerOrder, NetbiosName, deserialize_from_str, number};
use super::wins::{Wins, WinsTable};
use crate::base::fingerprint::Fingerprint;
use crate::base::name_case::alike;

/// The most connections that can be configured.
const MAX_CONNECTIONS: usize = 1024;

/// `[relay]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RelayTable")]
pub struct Relay {
    /// The domain's DNS name, e.g. `example.test`; without a dot at the end.
    pub domain: String,
    /// The domain's NetBIOS name, e.g. `EXAMPLE`.
    pub netbios_domain: NetbiosName,
    /// The suffixes, beside the domain's name, of our users' principal names.
    pub upn_suffixes: Vec<DomainName>,
    /// The domains, beside ours, whose users may log in. The controllers must trust them: they take
    /// the user of an unknown domain for one of their own.
    pub trusted_domains: Vec<DomainName>,
    /// Whether users may log in by a name without a domain.
    pub names_alone: NamesAlone,
    /// Where the groups of our users are looked up. `None`: users are in no group.
    pub groups: Option<GroupDirectory>,
    /// The protocol that carries the client's messages.
    pub transport: RelayTransport,
    /// The domain controllers. If empty, they are looked up in WINS or DNS.
    pub controllers: Vec<Controller>,
    /// The order in which `controllers` are asked.
    pub order: ControllerOrder,
    /// The servers that name the controllers, in place of DNS.
    pub wins: Option<Wins>,
    /// The local address of connections to controllers; if absent, the system chooses.
    pub source: Option<IpAddr>,
    /// The longest wait for a TCP connection.
    pub connect_timeout: Duration,
    /// The longest wait for one answer.
    pub call_timeout: Duration,
    /// How long a client has for its last message.
    pub handshake_timeout: Duration,
    /// How many connections a process may have.
    pub connections: usize,
    /// How many connections the processes of this host may have together.
    pub host_connections: usize,
    /// The directory in which the processes of this host count their connections.
    pub state_dir: PathBuf,
}

impl Relay {
    /// Whether the controllers prove who they are.
    pub fn is_authenticated(&self) -> bool {
        matches!(self.transport, RelayTransport::Ldap(Some(_)))
    }

    /// The known domain of this name, as accounts have it: ours by its NetBIOS name.
    pub fn domain_called(&self, name: &str) -> Option<&str> {
        let ours = self.netbios_domain.as_str();
        match alike(name, ours) || alike(name, &self.domain) {
            true => Some(ours),
            false => {
                let mut trusted = self.trusted_domains.iter();
                trusted
                    .find(|domain| domain.is(name))
                    .map(DomainName::as_str)
            }
        }
    }

    /// The known domain whose users' principal names may end so.
    pub fn domain_of_suffix(&self, suffix: &str) -> Option<&str> {
        match self.upn_suffixes.iter().any(|ours| ours.is(suffix)) {
            true => Some(self.netbios_domain.as_str()),
            false => self.domain_called(suffix),
        }
    }
}

/// The protocol that carries the client's messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelayTransport {
    /// SMB2; after the login, the user must be able to connect to this share.
    Smb2 {
        /// None: the login is enough.
        share: Option<Share>,
    },
    /// LDAP, over TLS if there is any.
    Ldap(Option<Tls>),
}

/// A share, as `\\server\share`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share(String);

impl Share {
    /// The share, as `\\server\share`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Share {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text
            .strip_prefix(r"\\")
            .and_then(|rest| rest.split_once('\\'));
        // MS-SMB2 2.2.9: at most 255 and 80 characters.
        let is_part = |part: &str, most| {
            let forbidden = |letter: char| letter.is_control() || "\\/".contains(letter);
            let length = part.encode_utf16().count();
            (1..=most).contains(&length) && !part.contains(forbidden)
        };
        match parts {
            Some((server, share)) if is_part(server, 255) && is_part(share, 80) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(r"a share is \\server\share; write it in single quotes"),
        }
    }
}

deserialize_from_str!(Share);

/// A protocol by its name.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Protocol {
    Smb2,
    Ldap,
}

/// `[relay]` as written in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RelayTable {
    #[serde(deserialize_with = "values::own_domain_name")]
    domain: String,
    netbios_domain: Option<NetbiosName>,
    #[serde(default, deserialize_with = "values::at_least_one")]
    upn_suffixes: Vec<DomainName>,
    #[serde(default, deserialize_with = "values::at_least_one")]
    trusted_domains: Vec<DomainName>,
    #[serde(default)]
    names_alone: NamesAlone,
    groups: Option<GroupDirectory>,
    transport: Protocol,
    tls: Option<TlsStart>,
    #[serde(default, deserialize_with = "values::optional_path")]
    authorities: Option<PathBuf>,
    certificate: Option<Fingerprint>,
    #[serde(default)]
    accept_unauthenticated_controller: bool,
    share: Option<Share>,
    #[serde(default, deserialize_with = "values::optional_list")]
    controllers: Option<Vec<Controller>>,
    order: Option<ControllerOrder>,
    wins: Option<WinsTable>,
    source: Option<IpAddr>,
    #[serde(default, deserialize_with = "values::duration")]
    connect_timeout: Option<Duration>,
    #[serde(default, deserialize_with = "values::duration")]
    call_timeout: Option<Duration>,
    #[serde(default, deserialize_with = "values::duration")]
    handshake_timeout: Option<Duration>,
    connections: Option<usize>,
    host_connections: Option<usize>,
    #[serde(default, deserialize_with = "values::optional_path")]
    state_dir: Option<PathBuf>,
}

impl TryFrom<RelayTable> for Relay {
    type Error = String;

    fn try_from(table: RelayTable) -> Result<Self, String> {
        let (controllers, order) = values::in_order(table.controllers, table.order)?;
        let tls = TlsKeys {
            tls: table.tls,
            authorities: table.authorities,
            certificate: table.certificate,
        };
        let transport = transport(table.transport, tls.tls()?, table.share)?;
        let wins = table
            .wins
            .map(|wins| wins.complete(table.netbios_domain.as_ref(), &controllers, table.source));
        let seconds =
            |given: Option<Duration>, seconds| given.unwrap_or(Duration::from_secs(seconds));
        let count = |key, given: Option<usize>, default| {
            number(key, given.unwrap_or(default), MAX_CONNECTIONS)
        };
        let relay = Self {
            netbios_domain: netbios_domain(table.netbios_domain, &table.domain)?,
            domain: table.domain,
            upn_suffixes: table.upn_suffixes,
            trusted_domains: table.trusted_domains,
            names_alone: names_alone(table.names_alone, &transport)?,
            groups: table.groups,
            wins: with_names(wins.transpose()?, &transport)?,
            transport,
            controllers,
            order,
            source: table.source,
            connect_timeout: seconds(table.connect_timeout, 3),
            call_timeout: seconds(table.call_timeout, 10),
            handshake_timeout: seconds(table.handshake_timeout, 60),
            connections: count("connections", table.connections, 32)?,
            host_connections: count("host_connections", table.host_connections, 128)?,
            state_dir: table.state_dir.unwrap_or_else(|| DEFAULT_STATE_DIR.into()),
        };
        match relay.is_authenticated() || table.accept_unauthenticated_controller {
            true => Ok(relay),
            false => Err(UNAUTHENTICATED.to_owned()),
        }
    }
}

const UNAUTHENTICATED: &str = "accept_unauthenticated_controller: over SMB2, and over LDAP without \
     TLS, nothing proves that an answer comes from a domain controller: an attacker on the network \
     can let in any client as any user. Set it to true to accept that, or use \
     transport = \"ldap\" with tls, or a machine account ([netlogon])";

/// The answer of a controller names no groups, so there is nothing to filter. The server of a share
/// need not be a controller: it looks for a name alone among the accounts of its own.
fn names_alone(given: NamesAlone, transport: &RelayTransport) -> Result<NamesAlone, String> {
    match (given, transport) {
        (NamesAlone::Filter, _) => Err("names_alone: \"accept\" or \"refuse\"".to_owned()),
        (_, RelayTransport::Smb2 { share: Some(_) }) => Ok(NamesAlone::Refuse),
        (given, _) => Ok(given),
    }
}

/// The answer of WINS has no names that an authority could have certified.
fn with_names(wins: Option<Wins>, transport: &RelayTransport) -> Result<Option<Wins>, String> {
    match (&wins, transport) {
        (Some(_), RelayTransport::Ldap(Some(tls))) if !matches!(tls.trust, ServerTrust::Pin(_)) => {
            Err(
                "wins: with tls it needs `certificate`: WINS gives addresses, and the names in \
                 certificates are not known"
                    .to_owned(),
            )
        }
        _ => Ok(wins),
    }
}

fn transport(
    protocol: Protocol,
    tls: Option<Tls>,
    share: Option<Share>,
) -> Result<RelayTransport, String> {
    match (protocol, tls, share) {
        (Protocol::Smb2, None, share) => Ok(RelayTransport::Smb2 { share }),
        (Protocol::Smb2, Some(_), _) => Err("tls: it is for transport = \"ldap\"".to_owned()),
        (Protocol::Ldap, tls, None) => Ok(RelayTransport::Ldap(tls)),
        (Protocol::Ldap, _, Some(_)) => Err("share: it is for transport = \"smb2\"".to_owned()),
    }
}
