//! Which ports of a controller can be reached.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::base::fault::Fault;
use crate::base::net::{self, Connecting, Deadline};
use crate::dc::locate::survey::{self, Pong};
use crate::dc::opening::Opening;
use crate::dc::port;
use crate::protocol::rpc::epm;
use crate::protocol::rpc::pdu::Syntax;

/// How long a connection is waited for after the time.
const LOOK: Duration = Duration::from_millis(10);

/// What a TCP port answers to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortState {
    /// It accepts.
    Open,
    /// The host refuses: nothing listens there.
    Refused,
    /// No answer in time: a firewall drops the packets, or the host is down.
    Silent,
    /// The network refuses, for this reason: a firewall says so, or there is no route.
    Rejected(String),
}

impl fmt::Display for PortState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => formatter.write_str("open"),
            Self::Refused => formatter.write_str("connection refused"),
            Self::Silent => formatter.write_str("no answer in time"),
            Self::Rejected(why) => write!(formatter, "rejected on the way: {why}"),
        }
    }
}

impl PortState {
    fn of<T>(connected: Result<T, &net::Error>) -> Self {
        match connected {
            Ok(_) => Self::Open,
            Err(net::Error::Connect(error)) => match error.kind() {
                io::ErrorKind::ConnectionRefused => Self::Refused,
                io::ErrorKind::TimedOut => Self::Silent,
                _ => Self::Rejected(error.to_string()),
            },
            Err(net::Error::Timeout) => Self::Silent,
            // It was open.
            Err(net::Error::Closed | net::Error::Broken(_) | net::Error::Unframed(_)) => Self::Open,
        }
    }
}

/// The ports that a login needs.
#[derive(Clone, Debug)]
pub enum RpcPorts {
    /// The endpoint mapper's port is not open.
    NoMapper(PortState),
    /// The endpoint mapper gives no port of NETLOGON.
    NotListed(Fault),
    /// The ports of NETLOGON; never empty.
    Listed(Vec<(u16, PortState)>),
}

/// What can be reached of a controller. Nothing of it is proven.
#[derive(Clone, Debug)]
pub struct Reach {
    /// A ping over UDP.
    pub udp: Pong,
    /// A ping over TCP, or why there is no connection; tried if UDP stays silent.
    pub tcp: Option<Result<Pong, PortState>>,
    /// How many seconds the controller's clock is ahead of ours; negative: behind. `None` if it did
    /// not tell.
    pub clock_ahead: Option<i64>,
    /// The ports of a login.
    pub rpc: RpcPorts,
}

impl Reach {
    /// The answer to a ping over UDP or TCP.
    pub fn pong(&self) -> &Pong {
        match &self.tcp {
            Some(Ok(pong)) => pong,
            _ => &self.udp,
        }
    }
}

/// Pings the controller, asks for its clock, and tries the ports.
pub(super) fn reach(opening: Opening<'_>) -> Reach {
    let (sought, address) = (opening.locator.sought(), opening.controller.address);
    let connecting = || (opening.terms.deadline).or_after(opening.terms.connect_timeout);
    // Begun first: it may take as long as the pings.
    let first = opening.controller.port.unwrap_or(epm::PORT);
    let (begun, until) = (begin(opening, first), connecting());

    let udp = survey::ping_over_udp(sought, address, opening.terms.deadline);
    let tcp = (udp == Pong::Silent).then(|| {
        survey::ping_over_tcp(sought, address, connecting())
            .map_err(|error| PortState::of::<()>(Err(&error)))
    });
    let has_answered = udp != Pong::Silent || matches!(tcp, Some(Ok(_)));
    let clock_ahead = has_answered
        .then(|| survey::clock(sought, address, connecting()))
        .flatten();
    let state = finish(begun, until);
    let rpc = match (opening.controller.port, state) {
        (Some(port), state) => RpcPorts::Listed(vec![(port, state)]),
        (None, PortState::Open) => listed(opening, connecting),
        (None, state) => RpcPorts::NoMapper(state),
    };
    Reach {
        udp,
        tcp,
        clock_ahead,
        rpc,
    }
}

/// The ports that the endpoint mapper lists, all tried at once.
fn listed(opening: Opening<'_>, connecting: impl Fn() -> Deadline) -> RpcPorts {
    let ports = match port::find(opening, Syntax::NETLOGON) {
        Ok(ports) => ports,
        Err(error) => return RpcPorts::NotListed(error.into()),
    };
    let until = connecting();
    let begun: Vec<_> = ports
        .into_iter()
        .map(|port| (port, begin(opening, port)))
        .collect();
    let states = begun
        .into_iter()
        .map(|(port, begun)| (port, finish(begun, until)));
    RpcPorts::Listed(states.collect())
}

fn begin(opening: Opening<'_>, port: u16) -> Result<Connecting, net::Error> {
    let address: IpAddr = opening.controller.address;
    Connecting::begin(opening.terms.config.source, SocketAddr::new(address, port))
}

/// One that was made while something else was waited for counts, also after the time.
fn finish(begun: Result<Connecting, net::Error>, until: Deadline) -> PortState {
    let until = until.max(Deadline::after(LOOK));
    let finished = begun.and_then(|connecting| connecting.finish(until));
    PortState::of(finished.as_ref())
}
