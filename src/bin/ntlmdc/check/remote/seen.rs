//! One controller, and what was seen of it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use gss_ntlmdc::base::fault::Minor;
use gss_ntlmdc::dc::probe::{OpenedChannel, Pong, PortState, Reach, RpcPorts, Unopened};
use gss_ntlmdc::protocol::cldap::Identity;

/// A controller, and what was seen of it so far.
#[derive(Debug)]
pub struct Seen {
    pub name: String,
    pub address: IpAddr,
    /// The port of its netlogon service, if `controllers` has it.
    pub port: Option<u16>,
    pub reach: Option<Reach>,
    pub channel: Option<Result<OpenedChannel, Unopened>>,
}

impl Seen {
    /// Nothing was seen of it yet.
    pub fn new(name: &str, address: IpAddr, port: Option<u16>) -> Self {
        Self {
            name: name.to_owned(),
            address,
            port,
            reach: None,
            channel: None,
        }
    }

    /// What it says of itself.
    pub fn identity(&self) -> Option<&Identity> {
        match self.reach.as_ref()?.pong() {
            Pong::Controller(identity) => Some(identity),
            Pong::Silent | Pong::Stranger => None,
        }
    }

    /// Whether it says that its copy of the domain is read-only.
    pub fn is_read_only(&self) -> bool {
        self.identity()
            .is_some_and(|identity| !identity.is_writable())
    }

    /// Whether it may serve the domain, and a port of NETLOGON is open.
    pub fn is_reachable(&self) -> bool {
        self.reach
            .as_ref()
            .is_some_and(|reach| *reach.pong() != Pong::Stranger && !open_ports(reach).is_empty())
    }

    /// Whether a login would be verified, as far as it was looked at.
    pub fn works(&self) -> bool {
        match &self.channel {
            Some(opened) => opened.is_ok(),
            None => self.is_reachable(),
        }
    }
}

/// The ports of NETLOGON that accept connections.
pub fn open_ports(reach: &Reach) -> Vec<u16> {
    let RpcPorts::Listed(ports) = &reach.rpc else {
        return Vec::new();
    };
    let open = ports.iter().filter(|(_, state)| *state == PortState::Open);
    open.map(|(port, _)| *port).collect()
}

impl fmt::Display for Seen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = match self.port {
            None => self.address.to_string(),
            Some(port) => SocketAddr::new(self.address, port).to_string(),
        };
        match self.name == self.address.to_string() {
            true => formatter.write_str(&address),
            false => write!(formatter, "{} ({address})", self.name),
        }
    }
}

/// The first of them, for a line of progress.
pub fn list(all: &[Seen]) -> String {
    const SHOWN: usize = 2;
    let names = all.iter().take(SHOWN).map(|one| one.name.as_str());
    let names = names.collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(SHOWN) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

/// What to do about this code.
pub fn cure(minor: Minor) -> &'static str {
    match minor {
        Minor::ControllerTimeout => {
            "Look at the load of the controller and at its service Netlogon; restart it."
        }
        Minor::ControllerUnreachable => {
            "Look at the service Netlogon of the controller, and at firewalls on the way."
        }
        minor => minor.cause(),
    }
}
