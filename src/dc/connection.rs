//! A connection to a controller, one call at a time, each within its time.

use std::net::SocketAddr;

use crate::base::config;
use crate::base::net::{self, Deadline, Stream};
use crate::dc::{Error, Step};
use crate::protocol::rpc;
use crate::protocol::rpc::client::{Association, Binding, Call, Outcome, Progress, Protection};
use crate::protocol::rpc::netlogon::Parties;
use crate::protocol::rpc::pdu::{self, Syntax};

/// What every step needs: whom it talks to, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    pub(super) config: &'a config::Netlogon,
    /// For everything together.
    pub(super) deadline: Deadline,
}

impl Terms<'_> {
    pub(super) fn parties(&self) -> Parties<'_> {
        Parties {
            // A name that is not its own would be refused; what the configuration or DNS calls it
            // need not be its own.
            server: None,
            account: self.config.account.account(),
            computer: self.config.account.computer().as_str(),
        }
    }
}

/// A TCP connection to a controller, and what it is used for at present.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Stream,
    pub(super) peer: SocketAddr,
    pub(super) step: Step,
}

impl Connection {
    pub(super) fn connect(terms: Terms<'_>, peer: SocketAddr, step: Step) -> Result<Self, Error> {
        let deadline = terms.deadline.or_after(terms.config.connect_timeout);
        let stream = Stream::connect(terms.config.source, peer, deadline)
            .map_err(|error| Error::Net { peer, step, error })?;
        Ok(Self { stream, peer, step })
    }

    #[cfg(test)]
    pub(super) fn pretended(stream: Stream, peer: SocketAddr) -> Self {
        let step = Step::OpenChannel;
        Self { stream, peer, step }
    }

    /// Asks for an interface.
    pub(super) fn bind<P: Protection>(
        &mut self,
        terms: Terms<'_>,
        interface: Syntax,
        protection: P,
    ) -> Result<Association<P>, Error> {
        let deadline = terms.deadline.or_after(terms.config.call_timeout);
        let (pdu, binding) = Binding::begin(interface, protection);
        self.send(&pdu, deadline)?;
        let pdu = self.receive(deadline)?;
        binding.answered(&pdu).map_err(|error| self.failed(error))
    }

    /// One call, to the last PDU of its answer.
    pub(super) fn call<P: Protection>(
        &mut self,
        terms: Terms<'_>,
        association: Association<P>,
        opnum: u16,
        stub: &[u8],
    ) -> Result<(Outcome, Association<P>), Error> {
        let deadline = terms.deadline.or_after(terms.config.call_timeout);
        let called = association.call(opnum, stub);
        let (pdus, mut call): (_, Call<P>) = called.map_err(|error| self.failed(error))?;
        self.send(&pdus, deadline)?;
        loop {
            let pdu = self.receive(deadline)?;
            match call.receive(&pdu).map_err(|error| self.failed(error))? {
                Progress::More(rest) => call = rest,
                Progress::Done(outcome, association) => return Ok((outcome, association)),
            }
        }
    }

    /// Whether the connection looks as it should between two calls.
    pub(super) fn is_quiet(&self) -> bool {
        self.stream.is_quiet()
    }

    fn send(&mut self, bytes: &[u8], deadline: Deadline) -> Result<(), Error> {
        let sent = self.stream.send(bytes, deadline);
        sent.map_err(|error| self.lost(error))
    }

    fn receive(&mut self, deadline: Deadline) -> Result<Vec<u8>, Error> {
        let pdu = self.stream.message(pdu::fragment_length, deadline);
        pdu.map_err(|error| self.lost(error))
    }

    /// The error of this step.
    pub(super) fn failed(&self, error: rpc::Error) -> Error {
        let Self { peer, step, .. } = *self;
        Error::Rpc { peer, step, error }
    }

    fn lost(&self, error: net::Error) -> Error {
        let Self { peer, step, .. } = *self;
        Error::Net { peer, step, error }
    }
}

/// Connections to agree on a key over: first the one that is open, then fresh ones.
pub(super) struct Connections<'a> {
    terms: Terms<'a>,
    peer: SocketAddr,
    open: Option<Connection>,
}

impl<'a> Connections<'a> {
    pub(super) fn begin(terms: Terms<'a>, open: Connection) -> Self {
        Self {
            terms,
            peer: open.peer,
            open: Some(open),
        }
    }

    pub(super) fn peer(&self) -> SocketAddr {
        self.peer
    }

    pub(super) fn next(&mut self) -> Result<Connection, Error> {
        match self.open.take() {
            Some(connection) => Ok(connection),
            None => Connection::connect(self.terms, self.peer, Step::AgreeOnKey),
        }
    }
}
