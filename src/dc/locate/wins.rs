//! A client of WINS: one server after the other is asked for the controllers of a domain. What a
//! server answers is not proven, as with DNS.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::base::config::{NameServer, Wins};
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
    /// No valid answer came, or it could not be asked: why.
    #[error("{0}")]
    Silent(String),
    /// It answered that it cannot or will not say: `RCODE`.
    #[error("RCODE {0}")]
    Refused(u16),
    /// It does not know the name.
    #[error("no such name")]
    Unknown,
    /// No address of its answer is that of a host.
    #[error("no address in the answer can be used")]
    Unusable,
}

/// The question about a domain to the servers of a configuration.
#[derive(Clone, Copy, Debug)]
pub(in crate::dc) struct Client<'a> {
    pub(in crate::dc) wins: &'a Wins,
}

impl Client<'_> {
    /// The addresses of the controllers, from the first server that names any. The error names
    /// every server that was asked.
    pub(super) fn controllers(self, deadline: Deadline) -> Result<Vec<IpAddr>, String> {
        let (mut answered, mut problems) = (Vec::new(), Vec::new());
        let servers = &self.wins.servers;
        let questions = servers.len() * ROUNDS;
        for (left, server) in (1..=questions).rev().zip(servers.iter().cycle()) {
            if answered.contains(server) {
                continue;
            }
            let wait = share(deadline, left);
            let problem = match self.ask(*server, Deadline::after(wait)) {
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
        let domain = self.wins.domain.as_str();
        Err(format!("WINS, {domain}<1C>: {}", problems.join("; ")))
    }

    /// The same, from one server, whatever the others say. It is asked as often as for a login.
    pub(super) fn ask_one(self, server: NameServer) -> Result<Vec<IpAddr>, NoControllers> {
        let mut told = self.ask(server, Deadline::after(PATIENCE));
        for _ in 1..ROUNDS {
            if matches!(told, Err(NoControllers::Silent(_))) {
                told = self.ask(server, Deadline::after(PATIENCE));
            }
        }
        told
    }

    fn ask(self, server: NameServer, deadline: Deadline) -> Result<Vec<IpAddr>, NoControllers> {
        let told = |error: Error| NoControllers::Silent(error.to_string());
        let id = crypto::random().map_err(|error| NoControllers::Silent(error.to_string()))?;
        let query = NameQuery::new(u16::from_le_bytes(id), self.wins.domain.padded());
        let connection = Datagrams::connected(socket(server)).map_err(told)?;
        connection.send(&query.message()).map_err(told)?;
        match reply(&query, &connection, deadline)? {
            NameReply::Addresses(addresses) => self.usable(addresses),
            NameReply::Unknown => Err(NoControllers::Unknown),
            NameReply::Refused(code) => Err(NoControllers::Refused(code)),
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

    /// The question, in one line: other processes use the answer to the same question.
    pub(super) fn cache_key(self) -> String {
        let (domain, limit) = (self.wins.domain.as_str(), self.wins.limit);
        let servers = self.wins.servers.iter();
        let servers: Vec<_> = servers.map(|one| socket(*one).to_string()).collect();
        format!("WINS:{domain}:{limit} {}", servers.join(" "))
    }
}

/// How long to wait for a server, with so many questions left: none takes the time of those after.
fn share(deadline: Deadline, questions: usize) -> Duration {
    let questions = u32::try_from(questions).unwrap_or(u32::MAX).max(1);
    let share = deadline.remaining().unwrap_or_default() / questions;
    share.min(PATIENCE)
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
pub(super) mod double;
#[cfg(test)]
mod tests;
