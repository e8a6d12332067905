//! The DNS servers of the system: the lines `nameserver` of resolv.conf(5).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::path::Path;

use rustix::net::netdevice::name_to_index;

use crate::base::file::{self, text};

/// How many servers are asked, as by the C library (resolv.conf(5), MAXNS).
const MAX_SERVERS: usize = 3;
const PORT: u16 = 53;

/// The servers to ask, and the lines of the file that cannot be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Servers {
    /// Empty if the file names servers, and none of them can be asked.
    pub(super) addresses: Vec<SocketAddr>,
    /// File, line, and what to do, for the error of a question that no server answered.
    pub(super) problems: Vec<String>,
}

impl Servers {
    /// Reads /etc/resolv.conf.
    pub(super) fn of_the_system() -> Self {
        Self::of_file(Path::new("/etc/resolv.conf"))
    }

    fn of_file(path: &Path) -> Self {
        const LIMIT: u64 = 64 * 1024;
        let content = file::read_system(path, LIMIT).map_err(|error| error.to_string());
        let servers = content.and_then(|content| {
            let lines = text::lines(&content).map_err(|error| error.to_string())?;
            Ok(Self::of_lines(lines))
        });
        let mut servers = match servers {
            Ok(servers) => servers,
            // Counts as an empty file (resolv.conf(5)), with the reason.
            Err(problem) => Self::local(problem),
        };
        for problem in &mut servers.problems {
            *problem = format!("{}: {problem}", path.display());
        }
        servers
    }

    /// Without a line `nameserver`, the server of this host is asked (resolv.conf(5)).
    fn local(problem: String) -> Self {
        Self {
            addresses: vec![SocketAddr::new(Ipv4Addr::LOCALHOST.into(), PORT)],
            problems: vec![problem],
        }
    }

    fn of_lines<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut servers = Self::default();
        for (number, line) in lines.enumerate() {
            let line = String::from_utf8_lossy(line);
            let mut words = line.split_ascii_whitespace();
            if words.next() != Some("nameserver") {
                continue;
            }
            match words.next().map(server) {
                Some(Ok(_)) if servers.addresses.len() == MAX_SERVERS => {}
                Some(Ok(address)) => servers.addresses.push(address),
                Some(Err(problem)) => {
                    let number = number + 1;
                    servers.problems.push(format!("line {number}: {problem}"));
                }
                None => {
                    let number = number + 1;
                    servers.problems.push(format!("line {number}: no address"));
                }
            }
        }
        match servers == Self::default() {
            true => Self::local("no nameserver line".to_owned()),
            false => servers,
        }
    }
}

/// An address, or a link-local one with `%` and its interface (RFC 4007 11).
fn server(word: &str) -> Result<SocketAddr, String> {
    let (address, zone) = match word.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (word, None),
    };
    let not_an_address = || format!("\"{}\" is not an IP address", word.escape_debug());
    match (address.parse().map_err(|_| not_an_address())?, zone) {
        (IpAddr::V6(address), zone) => {
            let scope = match zone {
                Some(zone) => interface(zone)?,
                None if is_link_local(address) => {
                    return Err(format!(
                        "{address} is link-local: add the interface, as in {address}%eth0"
                    ));
                }
                None => 0,
            };
            Ok(SocketAddrV6::new(address, PORT, 0, scope).into())
        }
        (address, None) => Ok(SocketAddr::new(address, PORT)),
        (IpAddr::V4(_), Some(_)) => Err(not_an_address()),
    }
}

/// `fe80::/10` (RFC 4291 2.5.6).
fn is_link_local(address: Ipv6Addr) -> bool {
    let [first, ..] = address.segments();
    first & 0xFFC0 == 0xFE80
}

/// The index of an interface, which is given by its name or as a number.
fn interface(zone: &str) -> Result<u32, String> {
    let unknown = |why: &dyn std::fmt::Display| {
        format!("no network interface \"{}\": {why}", zone.escape_debug())
    };
    if let Ok(index) = zone.parse() {
        return Ok(index);
    }
    // The kernel answers on any socket; nothing is sent.
    let socket = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0))
        .or_else(|_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)));
    let socket = socket.map_err(|error| unknown(&error))?;
    name_to_index(&socket, zone).map_err(|error| unknown(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Servers {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("resolv.conf");
        std::fs::write(&path, text).unwrap();
        let mut servers = Servers::of_file(&path);
        let named = format!("{}: ", path.display());
        for problem in &mut servers.problems {
            *problem = problem.strip_prefix(&named).unwrap().to_owned();
        }
        servers
    }

    fn addresses(servers: &Servers) -> Vec<String> {
        servers.addresses.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn servers_are_those_of_resolv_conf() {
        let servers = of("# nameserver 192.0.2.9\n; x\nsearch example.test\n\
             \tnameserver\t192.0.2.1 # ours\r\nnameserver 2001:db8::1\n\
             options edns0\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n");
        let expected = ["192.0.2.1:53", "[2001:db8::1]:53", "192.0.2.3:53"];
        assert_eq!(addresses(&servers), expected);
        assert_eq!(servers.problems, [""; 0]);
        let marked = of("\u{FEFF}nameserver 192.0.2.1\r\n");
        assert_eq!(addresses(&marked), ["192.0.2.1:53"]);
    }

    #[test]
    fn a_link_local_server_is_asked_through_its_interface() {
        let servers = of("nameserver fe80::1%lo\nnameserver fe80::2%7\n");
        assert_eq!(servers.problems, [""; 0]);
        let scopes = servers.addresses.iter().map(|address| match address {
            SocketAddr::V6(v6) => (v6.ip().to_string(), v6.scope_id()),
            SocketAddr::V4(_) => panic!("{address}"),
        });
        // The loopback interface is the first of its network namespace.
        let expected = [("fe80::1".to_owned(), 1), ("fe80::2".to_owned(), 7)];
        assert_eq!(scopes.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_line_that_cannot_be_used_is_named_and_no_other_server_blamed() {
        let servers = of(
            "nameserver x.test\n\nnameserver fe80::1%nosuch0\nnameserver fe80::1\n\
             nameserver\nnameserver 192.0.2.1%lo\nnameserver 192.0.2.1:53\n",
        );
        assert_eq!(servers.addresses, []);
        let expected = [
            "line 1: \"x.test\" is not an IP address",
            "line 3: no network interface \"nosuch0\": No such device (os error 19)",
            "line 4: fe80::1 is link-local: add the interface, as in fe80::1%eth0",
            "line 5: no address",
            "line 6: \"192.0.2.1%lo\" is not an IP address",
            "line 7: \"192.0.2.1:53\" is not an IP address",
        ];
        assert_eq!(servers.problems, expected);
    }

    #[test]
    fn without_a_line_this_host_is_asked_and_the_reason_is_kept() {
        let servers = of("search example.test\n");
        assert_eq!(addresses(&servers), ["127.0.0.1:53"]);
        assert_eq!(servers.problems, ["no nameserver line"]);
        let missing = Servers::of_file(Path::new("/nonexistent/resolv.conf"));
        assert_eq!(addresses(&missing), ["127.0.0.1:53"]);
        let expected = "/nonexistent/resolv.conf: No such file or directory (os error 2)";
        assert_eq!(missing.problems, [expected]);
        let wide = "\u{0}n\u{0}a\u{0}m\u{0}e";
        assert!(of(wide).problems[0].contains("UTF-16BE"));
    }
}
