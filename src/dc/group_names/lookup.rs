//! LsarLookupSids3 over a connection of its own, sealed with a channel's key.

use std::net::SocketAddr;

use crate::base::sid::Sid;
use crate::dc::channel;
use crate::dc::connection::Connection;
use crate::dc::error::{Error, Step};
use crate::dc::opening::Opening;
use crate::dc::port;
use crate::protocol::rpc;
use crate::protocol::rpc::client::{Association, Sealed};
use crate::protocol::rpc::lsa::{self, Called};
use crate::protocol::rpc::pdu::Syntax;
use crate::protocol::rpc::schannel::agreement::Capable;

/// Asks for all names, some hundred in a call.
pub(in crate::dc) fn look_up(
    opening: Opening<'_>,
    key: &Capable,
    sids: &[Sid],
) -> Result<Vec<Option<Called>>, Error> {
    let terms = opening.terms;
    let (mut connection, mut association) = bind(opening, key)?;
    connection.step = Step::Names;
    let mut names = Vec::new();
    for asked in sids.chunks(lsa::MAX_SIDS) {
        let stub = lsa::request(asked).map_err(|error| connection.failed(error))?;
        let (outcome, next) = connection.call(terms, association, lsa::LOOKUP_SIDS3, &stub)?;
        association = next;
        let answered = outcome
            .response()
            .and_then(|stub| lsa::reply(stub.expose(), asked.len()));
        names.extend(answered.map_err(|error| connection.failed(error))?);
    }
    Ok(names)
}

/// Binds to LSA. That may be on the port that is configured for netlogon, where Windows serves
/// both. A Samba controller serves LSA on another port.
fn bind(opening: Opening<'_>, key: &Capable) -> Result<(Connection, Association<Sealed>), Error> {
    let Opening { controller, .. } = opening;
    let bind_at = |opening: Opening<'_>, peer| {
        let connection = Connection::connect(opening.terms, peer, Step::OpenChannel)?;
        channel::bind_sealed(opening.terms, connection, Syntax::LSA, key.seal())
    };
    let configured = controller.port.map(|port| {
        let peer = SocketAddr::new(controller.address, port);
        bind_at(opening, peer)
    });
    match configured {
        None
        | Some(Err(Error::Rpc {
            error: rpc::Error::BindRefused(_) | rpc::Error::InterfaceNotServed,
            ..
        })) => port::at_each(opening, Syntax::LSA, bind_at),
        Some(bound) => bound,
    }
}
