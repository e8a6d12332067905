//! A client of WINS: one server after the other is asked for the controllers of a domain. What a
//! server answers is not proven, as with DNS.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::base::config::{NameServer, NetbiosName, Wins};
use crate::base::crypto;
use crate::base::net::{Datagrams, Deadline, Error};
use crate::protocol::nbns::{self, BadReply, NameQuery, NameReply};

/// The longest wait for one server, before the next is asked.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often each server is asked: a datagram may be lost.
const ROUNDS: usize = 2;

/// Why a server names no controllers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoControllers {
    /// It did not answer, or said that it cannot.
    #[error("{0}")]
    Silent(String),
    /// It does not know the name.
    #[error("no such name")]
    Unknown,
    /// No address of its answer is that of a host.
    #[error("no address in the answer can be used")]
    Unusable,
}

/// A question about a domain to the servers of a configuration.
#[derive(Clone, Copy, Debug)]
pub(in crate::dc) struct Client<'a> {
    pub(in crate::dc) wins: &'a Wins,
    pub(in crate::dc) domain: &'a NetbiosName,
}

impl Client<'_> {
    /// The addresses of the controllers, from the first server that names any. The error names
    /// every server that was asked.
    pub(super) fn controllers(self, deadline: Deadline) -> Result<Vec<IpAddr>, String> {
        let (mut answered, mut problems) = (Vec::new(), Vec::new());
        let servers = &self.wins.servers;
        let turns = servers.iter().cycle().take(servers.len() * ROUNDS);
        for (turn, server) in turns.enumerate() {
            if answered.contains(server) {
                continue;
            }
            // No server takes the time of those after it.
            let turns_left = u32::try_from(servers.len() * ROUNDS - turn).unwrap_or(u32::MAX);
            let share = deadline.remaining().unwrap_or_default() / turns_left;
            let problem = match self.ask(*server, Deadline::after(share.min(PATIENCE))) {
                Ok(addresses) => return Ok(addresses),
                Err(problem) => problem,
            };
            if !matches!(problem, NoControllers::Silent(_)) {
                answered.push(*server);
            }
            let problem = format!("{}: {problem}", socket(*server));
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        let domain = self.domain.as_str();
        Err(format!("WINS, {domain}<1C>: {}", problems.join("; ")))
    }

    /// The same, from one server.
    pub(super) fn ask(
        self,
        server: NameServer,
        deadline: Deadline,
    ) -> Result<Vec<IpAddr>, NoControllers> {
        let told = |error: Error| NoControllers::Silent(error.to_string());
        let id = crypto::random().map_err(|error| NoControllers::Silent(error.to_string()))?;
        let query = NameQuery::new(u16::from_le_bytes(id), self.domain.as_str());
        let query = query.ok_or(NoControllers::Unknown)?;
        let connection = Datagrams::connected(socket(server)).map_err(told)?;
        connection.send(&query.message()).map_err(told)?;
        match reply(&query, &connection, deadline)? {
            NameReply::Addresses(addresses) => self.usable(addresses),
            NameReply::Unknown => Err(NoControllers::Unknown),
            NameReply::Refused(code) => Err(NoControllers::Silent(format!("RCODE {code}"))),
        }
    }

    /// For the name of an ordinary group, a server answers with the broadcast address.
    fn usable(self, mut addresses: Vec<Ipv4Addr>) -> Result<Vec<IpAddr>, NoControllers> {
        addresses.retain(|one| !(one.is_unspecified() || one.is_multicast() || one.is_broadcast()));
        addresses.truncate(self.wins.limit);
        match addresses.is_empty() {
            true => Err(NoControllers::Unusable),
            false => Ok(addresses.into_iter().map(IpAddr::from).collect()),
        }
    }
}

/// The question, in one line.
impl fmt::Display for Client<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (domain, limit) = (self.domain.as_str(), self.wins.limit);
        write!(formatter, "WINS:{domain}:{limit}")?;
        let mut servers = self.wins.servers.iter();
        servers.try_for_each(|server| write!(formatter, " {}", socket(*server)))
    }
}

/// Waits for the reply. What is none is dropped: the authentic reply may still come.
fn reply(
    query: &NameQuery,
    connection: &Datagrams,
    deadline: Deadline,
) -> Result<NameReply, NoControllers> {
    // One byte more than a reply may have: a longer one is not taken for a whole one.
    let mut buffer = [0; nbns::MAX_REPLY + 1];
    let mut malformed = None;
    loop {
        match connection.receive(&mut buffer, deadline) {
            Ok((datagram, _)) => match query.reply(datagram) {
                Ok(reply) => return Ok(reply),
                Err(BadReply::Foreign) => {}
                Err(error @ BadReply::Malformed(_)) => malformed = Some(error.to_string()),
            },
            Err(error) => {
                let told = malformed.unwrap_or_else(|| error.to_string());
                return Err(NoControllers::Silent(told));
            }
        }
    }
}

pub(super) fn socket(server: NameServer) -> SocketAddr {
    SocketAddr::new(server.address.into(), server.port.unwrap_or(nbns::PORT))
}

#[cfg(test)]
mod tests;
