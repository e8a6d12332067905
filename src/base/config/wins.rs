//! `[netlogon.wins]`, `[relay.wins]`: servers of WINS that name the controllers.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

use super::values::{self, Controller, deserialize_from_str, number};

/// The most controllers that can be used.
const MAX_LIMIT: usize = 64;
const DEFAULT_LIMIT: usize = 16;
const DEFAULT_CACHE: Duration = Duration::from_secs(10 * 60);

/// Servers of WINS, in place of DNS.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WinsTable")]
pub struct Wins {
    /// In the order in which they are asked; at least one.
    pub servers: Vec<NameServer>,
    /// How many controllers of an answer are used.
    pub limit: usize,
    /// How long an answer is used, before the servers are asked again.
    pub cache: Duration,
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
struct WinsTable {
    #[serde(deserialize_with = "values::at_least_one")]
    servers: Vec<NameServer>,
    limit: Option<usize>,
    #[serde(default, deserialize_with = "values::duration")]
    cache: Option<Duration>,
}

impl TryFrom<WinsTable> for Wins {
    type Error = String;

    fn try_from(table: WinsTable) -> Result<Self, String> {
        Ok(Self {
            servers: table.servers,
            limit: number("limit", table.limit.unwrap_or(DEFAULT_LIMIT), MAX_LIMIT)?,
            cache: table.cache.unwrap_or(DEFAULT_CACHE),
        })
    }
}

/// Nothing else gives controllers, and those of WINS can be reached.
pub(super) fn alone(
    wins: Option<Wins>,
    controllers: &[Controller],
    source: Option<IpAddr>,
) -> Result<Option<Wins>, String> {
    match wins {
        Some(_) if !controllers.is_empty() => {
            Err("wins: not beside `controllers`, which is the list itself".to_owned())
        }
        Some(_) if source.is_some_and(|source| source.is_ipv6()) => {
            Err("source: WINS has IPv4 addresses only".to_owned())
        }
        wins => Ok(wins),
    }
}
