//! Asks the DNS servers of the system, within one deadline.
//!
//! The servers are those of /etc/resolv.conf, read anew for each search that has a question. Names are
//! full: its search list is not used, nor is /etc/hosts.

use std::cell::OnceCell;
use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::base::crypto;
use crate::base::net::{Datagrams, Deadline, Error, Stream};
use crate::protocol::dns::{Answer, Kind, NoReply, Question, Reply, UDP_SIZE};

/// The longest wait for one server, before the next is asked.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often all servers are gone through.
const ROUNDS: usize = 2;
/// As many servers as the C library asks (resolv.conf(5), MAXNS).
const MAX_SERVERS: usize = 3;
const PORT: u16 = 53;

/// A client of DNS for one search.
pub(super) struct Resolver {
    /// Known from the first question on; never empty.
    servers: OnceCell<Vec<SocketAddr>>,
    /// The one that answered last is asked first.
    best: usize,
    deadline: Deadline,
}

impl Resolver {
    /// Asks the servers of /etc/resolv.conf.
    pub(super) fn of_the_system(deadline: Deadline) -> Self {
        Self {
            servers: OnceCell::new(),
            best: 0,
            deadline,
        }
    }

    /// Asks these servers.
    #[cfg(test)]
    pub(super) fn new(servers: Vec<SocketAddr>, deadline: Deadline) -> Self {
        Self {
            servers: OnceCell::from(servers),
            ..Self::of_the_system(deadline)
        }
    }

    /// When everything has to be over.
    pub(super) fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Asks one server after the other until one answers. The error names them all.
    pub(super) fn ask(&mut self, name: &str, kind: Kind) -> Result<Answer, String> {
        let mut problems = Vec::new();
        let servers = self.servers.get_or_init(servers_of_the_system);
        let turns = servers.iter().enumerate().cycle().skip(self.best);
        for (number, server) in turns.take(servers.len().saturating_mul(ROUNDS)) {
            match ask_server(*server, name, kind, self.deadline) {
                Ok(answer) => {
                    self.best = number;
                    return Ok(answer);
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
        Err(format!("DNS, {name}: {}", problems.join("; ")))
    }
}

/// The servers of /etc/resolv.conf; the local one if it names none.
fn servers_of_the_system() -> Vec<SocketAddr> {
    let mut text = Vec::new();
    // What cannot be read is as good as missing (resolv.conf(5)).
    if let Ok(file) = File::open("/etc/resolv.conf") {
        let _ = file.take(64 * 1024).read_to_end(&mut text);
    }
    servers_of(&String::from_utf8_lossy(&text))
}

fn servers_of(text: &str) -> Vec<SocketAddr> {
    let mut addresses: Vec<IpAddr> = name_servers(text).collect();
    if addresses.is_empty() {
        addresses.push(Ipv4Addr::LOCALHOST.into());
    }
    let with_port = |address| SocketAddr::new(address, PORT);
    addresses.into_iter().map(with_port).collect()
}

/// The addresses of the lines `nameserver`. One with the name of an interface is left out.
fn name_servers(text: &str) -> impl Iterator<Item = IpAddr> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            words.next().filter(|word| *word == "nameserver")?;
            words.next()?.parse().ok()
        })
        .take(MAX_SERVERS)
}

fn ask_server(
    server: SocketAddr,
    name: &str,
    kind: Kind,
    deadline: Deadline,
) -> Result<Answer, String> {
    let id = crypto::random().map_err(|error| error.to_string())?;
    let question = Question::new(u16::from_le_bytes(id), name, kind);
    let question = question.map_err(|error| error.to_string())?;
    let message = question.message().map_err(|error| error.to_string())?;
    let deadline = deadline.or_after(PATIENCE);
    let reply = match over_udp(server, &question, &message, deadline)? {
        Reply::Truncated => over_tcp(server, &question, &message, deadline)?,
        reply => reply,
    };
    match reply {
        Reply::Answer(answer) => Ok(answer),
        Reply::Refused(reason) => Err(reason),
        Reply::Truncated => Err("an incomplete answer over TCP".to_owned()),
    }
}

fn over_udp(
    server: SocketAddr,
    question: &Question,
    message: &[u8],
    deadline: Deadline,
) -> Result<Reply, String> {
    let told = |error: Error| error.to_string();
    let socket = Datagrams::connected(server).map_err(told)?;
    socket.send(message).map_err(told)?;
    let mut buffer = [0; UDP_SIZE as usize];
    loop {
        let (datagram, _) = socket.receive(&mut buffer, deadline).map_err(told)?;
        match question.reply(datagram) {
            // The true one may still come.
            Err(NoReply::Foreign) => {}
            result => return result.map_err(|error| error.to_string()),
        }
    }
}

/// RFC 7766: the same message with its length before it.
fn over_tcp(
    server: SocketAddr,
    question: &Question,
    message: &[u8],
    deadline: Deadline,
) -> Result<Reply, String> {
    let exchange = || -> Result<Vec<u8>, Error> {
        let mut stream = Stream::connect(None, server, deadline)?;
        let [.., high, low] = message.len().to_be_bytes();
        stream.send(&[&[high, low], message].concat(), deadline)?;
        let whole = |length: &[u8; 2]| -> Result<usize, String> {
            Ok(usize::from(u16::from_be_bytes(*length)) + length.len())
        };
        stream.message(whole, deadline)
    };
    let came = exchange().map_err(|error| error.to_string())?;
    let reply = question.reply(came.get(2..).unwrap_or_default());
    reply.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_those_of_resolv_conf() {
        let text = "# nameserver 192.0.2.9\n; x\nsearch example.test\n nameserver\t192.0.2.1 \n\
                    nameserver 2001:db8::1\nnameserver fe80::1%eth0\nnameserver x\nnameserver\n\
                    options edns0\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n";
        let expected = ["192.0.2.1:53", "[2001:db8::1]:53", "192.0.2.3:53"];
        let expected = expected.map(|server| server.parse::<SocketAddr>().unwrap());
        assert_eq!(servers_of(text), expected);
        assert_eq!(servers_of(""), ["127.0.0.1:53".parse().unwrap()]);
    }
}
