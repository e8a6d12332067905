//! The port that serves an interface at a controller.
//!
//! The endpoint mapper may list several: Windows registers a pinned port besides the dynamic one,
//! and a port may be dead or behind a firewall. Each is tried in turn.

use std::net::SocketAddr;
use std::time::Duration;

use crate::base::net::Deadline;
use crate::dc::connection::{Connection, Terms};
use crate::dc::error::{Error, Step};
use crate::dc::opening::Opening;
use crate::protocol::rpc::client::Plain;
use crate::protocol::rpc::epm;
use crate::protocol::rpc::pdu::Syntax;

/// Calls `open` with one port after the other until one serves the interface: the port that did so
/// last, then those that the endpoint mapper lists.
pub(super) fn at_each<T>(
    opening: Opening<'_>,
    interface: Syntax,
    mut open: impl FnMut(Opening<'_>, SocketAddr) -> Result<T, Error>,
) -> Result<T, Error> {
    let Opening {
        terms,
        controller,
        learnt,
        ..
    } = opening;
    if let Some(port) = learnt.port(controller, interface) {
        // After a reboot the port may be another one, and a firewall may drop packets to this one.
        let opened = try_port(opening, port, terms.connect_timeout / 2, &mut open);
        if let Ok(Ok(opened)) = opened {
            return Ok(opened);
        }
        learnt.keep_port(controller, interface, None);
        let _wrong_port = opened?;
    }
    let ports = find(opening, interface)?;
    let (opened, port) = first_of(opening, ports, &mut open)?;
    learnt.keep_port(controller, interface, Some(port));
    Ok(opened)
}

/// The first of the ports that serves the interface. The time for connecting is shared among them,
/// so that dead ports take no more of it than one controller may.
fn first_of<T>(
    opening: Opening<'_>,
    ports: Vec<u16>,
    open: &mut impl FnMut(Opening<'_>, SocketAddr) -> Result<T, Error>,
) -> Result<(T, u16), Error> {
    let connect_timeout = opening.terms.connect_timeout;
    let mut left = u32::try_from(ports.len()).unwrap_or(u32::MAX);
    let fair_share = connect_timeout / left.max(1);
    let until = Deadline::after(connect_timeout);
    let mut failure = Error::TimeOver;
    for port in ports {
        let share = until.remaining().unwrap_or_default() / left.max(1);
        match try_port(opening, port, share.max(fair_share), open)? {
            Ok(opened) => return Ok((opened, port)),
            Err(error) => failure = error,
        }
        left = left.saturating_sub(1);
    }
    Err(failure)
}

/// Tries one port. The inner error: another server listens there, or none.
fn try_port<T>(
    opening: Opening<'_>,
    port: u16,
    connect_timeout: Duration,
    open: &mut impl FnMut(Opening<'_>, SocketAddr) -> Result<T, Error>,
) -> Result<Result<T, Error>, Error> {
    let terms = Terms {
        connect_timeout,
        ..opening.terms
    };
    let peer = SocketAddr::new(opening.controller.address, port);
    match open(Opening { terms, ..opening }, peer) {
        Err(error) if error.is_wrong_port() => Ok(Err(error)),
        opened => opened.map(Ok),
    }
}

/// The ports that the endpoint mapper lists; never empty.
pub(super) fn find(opening: Opening<'_>, interface: Syntax) -> Result<Vec<u16>, Error> {
    let Opening {
        terms, controller, ..
    } = opening;
    let mapper = SocketAddr::new(controller.address, epm::PORT);
    let mut connection = Connection::connect(terms, mapper, Step::FindPort)?;
    let association = connection.bind(terms, Syntax::ENDPOINT_MAPPER, Plain)?;
    let stub = epm::request(interface);
    let (outcome, _) = connection.call(terms, association, epm::EPT_MAP, &stub)?;
    outcome
        .response()
        .and_then(|stub| epm::ports(stub.expose()))
        .map_err(|error| connection.failed(error))
}
