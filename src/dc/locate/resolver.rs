//! A DNS client for the servers of the system, with one deadline for all questions. The servers are
//! those of /etc/resolv.conf. The addresses of a host come from /etc/hosts, if it has any. Both
//! files are read for each search that asks. All names are full: the search list is not used.

mod hosts;
mod servers;

use std::cell::OnceCell;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::base::crypto;
use crate::base::net::{Datagrams, Deadline, Error, Stream};
use crate::dc::locate::network::Network;
use crate::dc::locate::resolver::hosts::Hosts;
use crate::dc::locate::resolver::servers::Servers;
use crate::protocol::dns::{Answer, Kind, NoReply, Question, Reply, UDP_SIZE};

/// The longest wait for one server, before the next is asked.
const PATIENCE: Duration = Duration::from_secs(2);
/// The longest wait for the addresses of one family, once there are some of the other.
const STRAGGLER: Duration = Duration::from_millis(250);
/// How long a datagram is waited for after the deadline: one that has come is read.
const LOOK: Duration = Duration::from_millis(1);
/// How often each server is asked.
const ROUNDS: usize = 2;

/// A client of DNS for one search.
pub(super) struct Resolver {
    /// Read at the first question.
    servers: OnceCell<Servers>,
    /// Read at the first question about a host.
    hosts: OnceCell<Hosts>,
    /// The server that answered last, which is asked first.
    best: usize,
    /// What was learnt of the network.
    pub(super) network: Network,
    deadline: Deadline,
}

impl Resolver {
    /// Asks the servers of /etc/resolv.conf.
    pub(super) fn of_the_system(network: Network, deadline: Deadline) -> Self {
        Self {
            servers: OnceCell::new(),
            hosts: OnceCell::new(),
            best: 0,
            network,
            deadline,
        }
    }

    /// Asks these servers.
    #[cfg(test)]
    pub(super) fn new(servers: Vec<SocketAddr>, deadline: Deadline) -> Self {
        let servers = Servers {
            addresses: servers,
            problems: Vec::new(),
        };
        Self {
            servers: OnceCell::from(servers),
            hosts: OnceCell::from(Hosts::default()),
            ..Self::of_the_system(Network::default(), deadline)
        }
    }

    /// The same, with a file of hosts.
    #[cfg(test)]
    pub(super) fn with_hosts(self, path: &std::path::Path) -> Self {
        Self {
            hosts: OnceCell::from(Hosts::of_file(path)),
            ..self
        }
    }

    /// The deadline for all questions.
    pub(super) fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// The hosts of a service. The error names every server that was asked.
    pub(super) fn services(&mut self, name: &str) -> Result<Answer, String> {
        self.ask(name, &[Kind::Service], |mut replies| {
            replies.pop().unwrap_or_else(|| Err(String::new()))
        })
    }

    /// The addresses that /etc/hosts has for a host, of these kinds.
    pub(super) fn addresses_of_file(&self, name: &str, kinds: &[Kind]) -> Vec<IpAddr> {
        let hosts = self.hosts.get_or_init(Hosts::of_the_system);
        let mut addresses = hosts.addresses(name);
        addresses.retain(|address| match address {
            IpAddr::V4(_) => kinds.contains(&Kind::V4),
            IpAddr::V6(_) => kinds.contains(&Kind::V6),
        });
        addresses
    }

    /// The addresses of a host, of these kinds: from /etc/hosts, else from DNS, where all kinds are
    /// asked for at the same time. Empty if the name is unknown or has no address.
    pub(super) fn addresses(&mut self, name: &str, kinds: &[Kind]) -> Result<Vec<IpAddr>, String> {
        let known = self.addresses_of_file(name, kinds);
        if !known.is_empty() {
            return Ok(known);
        }
        let asked = self.addresses_of_dns(name, kinds);
        match self.hosts.get().and_then(|hosts| hosts.problem.as_ref()) {
            Some(unusable) => asked.map_err(|problem| format!("{problem}; {unusable}")),
            None => asked,
        }
    }

    /// Asks every server once for the answers of these kinds, whatever the others say.
    pub(super) fn ask_each(&mut self, name: &str, kinds: &[Kind]) -> Vec<EachServer> {
        let servers = self.servers.get_or_init(Servers::of_the_system);
        let mut asked = Vec::new();
        for server in &servers.addresses {
            let replies = ask_understood(*server, name, kinds, &mut self.network, self.deadline);
            let answers = replies.and_then(|replies| replies.answers.into_iter().collect());
            asked.push((*server, answers));
        }
        asked
    }

    /// The lines of /etc/resolv.conf that cannot be used.
    pub(super) fn unusable_lines(&self) -> Vec<String> {
        let servers = self.servers.get_or_init(Servers::of_the_system);
        servers.problems.clone()
    }

    fn addresses_of_dns(&mut self, name: &str, kinds: &[Kind]) -> Result<Vec<IpAddr>, String> {
        self.ask(name, kinds, |replies| {
            let mut addresses = Vec::new();
            let mut problem = None;
            for reply in replies {
                match reply {
                    Ok(answer) => addresses.extend(answer.addresses),
                    Err(error) => problem = Some(error),
                }
            }
            // Addresses of one kind are enough.
            match problem.filter(|_| addresses.is_empty()) {
                Some(problem) => Err(problem),
                None => Ok(addresses),
            }
        })
    }

    /// Asks one server after the other until `take` accepts the replies of one.
    fn ask<T>(
        &mut self,
        name: &str,
        kinds: &[Kind],
        take: impl Fn(Vec<Result<Answer, String>>) -> Result<T, String>,
    ) -> Result<T, String> {
        let mut problems = Vec::new();
        let servers = self.servers.get_or_init(Servers::of_the_system);
        let count = servers.addresses.len();
        let turns = servers.addresses.iter().enumerate().cycle().skip(self.best);
        for (turn, (number, server)) in turns.take(count.saturating_mul(ROUNDS)).enumerate() {
            let replies = match turn < count {
                true => ask_understood(*server, name, kinds, &mut self.network, self.deadline),
                // A host on the way that drops an OPT record may let a question without one pass.
                false => ask_server(*server, name, kinds, false, self.deadline),
            };
            match replies.and_then(|replies| take(replies.answers)) {
                Ok(taken) => {
                    self.best = number;
                    return Ok(taken);
                }
                Err(problem) => {
                    let problem = format!("{server}: {problem}");
                    if !problems.contains(&problem) {
                        problems.push(problem);
                    }
                }
            }
            if self.deadline.remaining().is_none() {
                break;
            }
        }
        problems.extend(servers.problems.iter().cloned());
        Err(format!("DNS, {name}: {}", problems.join("; ")))
    }
}

/// A server, and its answers in the order of the questions.
pub(super) type EachServer = (SocketAddr, Result<Vec<Answer>, String>);

/// The replies of one server, in the order of the questions.
struct Replies {
    answers: Vec<Result<Answer, String>>,
    /// Whether a reply was FORMERR or NOTIMP.
    not_understood: bool,
}

/// Asks one server, again without an OPT record if it does not understand that (RFC 6891 6.2.2).
fn ask_understood(
    server: SocketAddr,
    name: &str,
    kinds: &[Kind],
    network: &mut Network,
    deadline: Deadline,
) -> Result<Replies, String> {
    let with_opt = !network.is_without_opt(server);
    let replies = ask_server(server, name, kinds, with_opt, deadline)?;
    if !with_opt || !replies.not_understood {
        return Ok(replies);
    }
    let replies = ask_server(server, name, kinds, false, deadline)?;
    if !replies.not_understood {
        network.learn_without_opt(server);
    }
    Ok(replies)
}

/// Sends all questions at once, and then waits for one reply after the other.
fn ask_server(
    server: SocketAddr,
    name: &str,
    kinds: &[Kind],
    with_opt: bool,
    deadline: Deadline,
) -> Result<Replies, String> {
    let mut deadline = deadline.or_after(PATIENCE);
    let asked = kinds
        .iter()
        .map(|kind| Query::send(server, name, *kind, with_opt));
    let asked: Vec<Query> = asked.collect::<Result<_, _>>()?;
    let mut replies = Replies {
        answers: Vec::new(),
        not_understood: false,
    };
    for asked in asked {
        let reply = asked.reply(deadline.max(Deadline::after(LOOK)));
        replies.not_understood |= matches!(reply, Ok(Reply::NotUnderstood(_)));
        let answer = reply.and_then(|reply| match reply {
            Reply::Answer(answer) => Ok(answer),
            Reply::NotUnderstood(reason) | Reply::Refused(reason) => Err(reason),
            Reply::Truncated => Err("an incomplete answer over TCP".to_owned()),
        });
        if matches!(&answer, Ok(answer) if !answer.addresses.is_empty()) {
            deadline = deadline.or_after(STRAGGLER);
        }
        replies.answers.push(answer);
    }
    Ok(replies)
}

/// A question that was sent over UDP.
struct Query {
    server: SocketAddr,
    question: Question,
    message: Vec<u8>,
    socket: Datagrams,
}

impl Query {
    fn send(server: SocketAddr, name: &str, kind: Kind, with_opt: bool) -> Result<Self, String> {
        let id = crypto::random().map_err(|error| error.to_string())?;
        let question = Question::new(u16::from_le_bytes(id), name, kind);
        let question = question.map_err(|error| error.to_string())?;
        let message = match with_opt {
            true => question.message(),
            false => question.message_without_opt(),
        };
        let message = message.map_err(|error| error.to_string())?;
        let told = |error: Error| error.to_string();
        let socket = Datagrams::connected(server).map_err(told)?;
        socket.send(&message).map_err(told)?;
        Ok(Self {
            server,
            question,
            message,
            socket,
        })
    }

    /// Waits for the reply. Asks over TCP if it is too long for UDP.
    fn reply(&self, deadline: Deadline) -> Result<Reply, String> {
        match self.over_udp(deadline)? {
            Reply::Truncated => self.over_tcp(deadline),
            reply => Ok(reply),
        }
    }

    fn over_udp(&self, deadline: Deadline) -> Result<Reply, String> {
        let mut buffer = [0; UDP_SIZE as usize];
        loop {
            let (datagram, _) = self
                .socket
                .receive(&mut buffer, deadline)
                .map_err(|error| error.to_string())?;
            match self.question.reply(datagram) {
                // The authentic reply may still come.
                Err(NoReply::Foreign) => {}
                result => return result.map_err(|error| error.to_string()),
            }
        }
    }

    /// RFC 7766: the same message with its length before it.
    fn over_tcp(&self, deadline: Deadline) -> Result<Reply, String> {
        let exchange = || -> Result<Vec<u8>, Error> {
            let mut stream = Stream::connect(None, self.server, deadline)?;
            let [.., high, low] = self.message.len().to_be_bytes();
            stream.send(&[&[high, low], &self.message[..]].concat(), deadline)?;
            let whole = |length: &[u8; 2]| -> Result<usize, String> {
                Ok(usize::from(u16::from_be_bytes(*length)) + length.len())
            };
            stream.message(whole, deadline)
        };
        let came = exchange().map_err(|error| error.to_string())?;
        let reply = self.question.reply(came.get(2..).unwrap_or_default());
        reply.map_err(|error| error.to_string())
    }
}
