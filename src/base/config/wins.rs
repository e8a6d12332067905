//! `[netlogon.wins]`, `[relay.wins]`: servers of WINS that name the controllers.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::values::{self, Controller, NetbiosName, deserialize_from_str, number};

/// The most servers: each takes some seconds of a search if it does not answer.
const MAX_SERVERS: usize = 8;
/// The most controllers that can be used.
const MAX_LIMIT: usize = 64;
const DEFAULT_LIMIT: usize = 16;
const DEFAULT_CACHE: Duration = Duration::from_secs(10 * 60);

/// Servers of WINS, in place of DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wins {
    /// The domain whose controllers they are asked for.
    pub domain: AsciiName,
    /// In the order in which they are asked; at least one.
    pub servers: Vec<NameServer>,
    /// How many controllers of an answer are used.
    pub limit: usize,
    /// How long an answer is used, before the servers are asked again.
    pub cache: Duration,
}

pub(super) const NOT_ASCII: &str = "netbios_domain: set it, in ASCII: no other can be used";

/// A NetBIOS name in ASCII: WINS can be asked for no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsciiName(NetbiosName);

impl AsciiName {
    /// The name, in capitals.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The name, with spaces after it.
    pub fn padded(&self) -> [u8; 15] {
        let mut padded = [b' '; 15];
        for (place, byte) in padded.iter_mut().zip(self.as_str().bytes()) {
            *place = byte;
        }
        padded
    }
}

impl TryFrom<NetbiosName> for AsciiName {
    type Error = &'static str;

    fn try_from(name: NetbiosName) -> Result<Self, Self::Error> {
        match name.as_str().is_ascii() {
            true => Ok(Self(name)),
            false => Err(NOT_ASCII),
        }
    }
}

/// A NetBIOS name server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameServer {
    /// Its address.
    pub address: Ipv4Addr,
    /// If absent, that of the protocol.
    pub port: Option<u16>,
}

impl FromStr for NameServer {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let socket = text.parse::<SocketAddrV4>();
        let (address, port) = match (text.parse(), socket) {
            (Ok(address), _) => (address, None),
            (_, Ok(socket)) => (*socket.ip(), Some(socket.port())),
            _ => return Err("a server of WINS is an IPv4 address, with or without :port"),
        };
        match address.is_unspecified() || address.is_multicast() || address.is_broadcast() {
            true => Err("a server of WINS is one host; nothing is asked by broadcast"),
            false => Ok(Self { address, port }),
        }
    }
}

deserialize_from_str!(NameServer);

/// The table as written in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WinsTable {
    #[serde(deserialize_with = "servers")]
    servers: Vec<NameServer>,
    #[serde(default = "default_limit", deserialize_with = "limit")]
    limit: usize,
    #[serde(default, deserialize_with = "values::duration")]
    cache: Option<Duration>,
}

fn servers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<NameServer>, D::Error> {
    let servers = values::at_least_one(deserializer)?;
    match servers.len() > MAX_SERVERS {
        true => Err(D::Error::custom(format!("servers: at most {MAX_SERVERS}"))),
        false => Ok(servers),
    }
}

fn limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let limit = usize::deserialize(deserializer)?;
    number("limit", limit, MAX_LIMIT).map_err(D::Error::custom)
}

fn default_limit() -> usize {
    DEFAULT_LIMIT
}

const WITHOUT_NAME: &str = "netbios_domain: servers of `wins` are asked for it: write the domain's \
     NetBIOS name, as in netbios_domain = \"EXAMPLE\"";

impl WinsTable {
    /// Nothing else gives controllers, and those of WINS can be reached. A wrong NetBIOS name would
    /// not be corrected by a controller, as none is found: it must be given.
    pub(super) fn complete(
        self,
        netbios_domain: Option<&NetbiosName>,
        controllers: &[Controller],
        source: Option<IpAddr>,
    ) -> Result<Wins, String> {
        if !controllers.is_empty() {
            return Err("wins: not beside `controllers`: remove one of them".to_owned());
        }
        if source.is_some_and(|source| source.is_ipv6()) {
            return Err(
                "source: WINS names IPv4 addresses only: set an IPv4 address, or remove it"
                    .to_owned(),
            );
        }
        Ok(Wins {
            domain: netbios_domain.ok_or(WITHOUT_NAME)?.clone().try_into()?,
            servers: self.servers,
            limit: self.limit,
            cache: self.cache.unwrap_or(DEFAULT_CACHE),
        })
    }
}
