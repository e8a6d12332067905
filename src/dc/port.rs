//! The port that serves an interface at a controller.
//!
//! The endpoint mapper may list several: Windows registers a pinned port besides the dynamic one, and a
//! port may be dead or behind a firewall. Which one is right shows when it is tried.

use std::net::SocketAddr;

use crate::base::net::Deadline;
use crate::dc::connection::{Connection, Terms};
use crate::dc::error::{Error, Step};
use crate::dc::opening::Opening;
use crate::protocol::rpc::client::Plain;
use crate::protocol::rpc::epm;
use crate::protocol::rpc::pdu::Syntax;

/// Calls `open` with one port after the other until one serves the interface: the port that did so
/// last, then those that the endpoint mapper lists.
///
/// The time for connecting is shared among them, so that dead ports take no more of it than one
/// controller may.
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
    let mut try_port = |port, connect_timeout| {
        let terms = Terms {
            connect_timeout,
            ..terms
        };
        let opened = open(
            Opening { terms, ..opening },
            SocketAddr::new(controller.address, port),
        );
        match opened {
            Err(error) if error.is_wrong_port() => Ok(Err(error)),
            opened => opened.map(Ok),
        }
    };
    if let Some(port) = learnt.port(controller, interface) {
        // After a reboot it may be another one, and a firewall may drop what is sent to this one.
        let opened = try_port(port, terms.connect_timeout / 2);
        if let Ok(Ok(opened)) = opened {
            return Ok(opened);
        }
        learnt.keep_port(controller, interface, None);
        let _wrong_port = opened?;
    }
    let ports = find(opening, interface)?;
    let mut left = u32::try_from(ports.len()).unwrap_or(u32::MAX);
    let fair_share = terms.connect_timeout / left.max(1);
    let until = Deadline::after(terms.connect_timeout);
    let mut failure = Error::TimeOver;
    for port in ports {
        let share = until.remaining().unwrap_or_default() / left.max(1);
        match try_port(port, share.max(fair_share))? {
            Ok(opened) => {
                learnt.keep_port(controller, interface, Some(port));
                return Ok(opened);
            }
            Err(error) => failure = error,
        }
        left = left.saturating_sub(1);
    }
    Err(failure)
}

/// Asks the endpoint mapper; never empty.
fn find(opening: Opening<'_>, interface: Syntax) -> Result<Vec<u16>, Error> {
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
