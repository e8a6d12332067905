//! A connection to a controller: one call at a time, each with a deadline.

use std::net::SocketAddr;
use std::time::Duration;

use crate::base::config;
use crate::base::net::{self, Connecting, Deadline, Stream};
use crate::base::stopwatch::timed;
use crate::dc::error::{Error, Step};
use crate::protocol::rpc;
use crate::protocol::rpc::client::{
    Association, Binding, Call, Outcome, PduProtection, Plain, Progress, Sealed,
};
use crate::protocol::rpc::netlogon::{self, Parties};
use crate::protocol::rpc::pdu::{self, Syntax};

/// The configuration, and how long a step may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    pub(super) config: &'a config::Netlogon,
    /// For this controller, until it is asked about the login.
    pub(super) deadline: Deadline,
    /// For the login as a whole.
    pub(super) budget: Deadline,
    /// For one attempt to connect.
    pub(super) connect_timeout: Duration,
}

impl Terms<'_> {
    fn for_connection(&self) -> Deadline {
        self.deadline.or_after(self.connect_timeout)
    }

    fn for_call(&self) -> Deadline {
        self.deadline.or_after(self.config.call_timeout)
    }

    /// A logon that times out is not sent to another controller, so no time is reserved for one.
    fn for_logon(&self) -> Deadline {
        self.budget.or_after(self.config.logon_timeout)
    }

    pub(super) fn parties(&self) -> Parties<'_> {
        Parties {
            // A name that is not the controller's own is refused, and a null pointer is accepted.
            // Logon requests have another rule: see
            // [`LogonServer`](crate::dc::logon_server::LogonServer).
            server: None,
            account: self.config.account.account(),
            computer: self.config.account.computer().as_str(),
        }
    }
}

/// How long an answer is waited for.
struct Patience<'a> {
    deadline: Deadline,
    /// The later deadline, which holds once the controller has shown that it is alive.
    if_alive: Option<(Deadline, Terms<'a>)>,
}

/// A TCP connection to a controller, and the present step on it.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Stream,
    pub(super) peer: SocketAddr,
    pub(super) step: Step,
}

impl Connection {
    pub(super) fn connect(terms: Terms<'_>, peer: SocketAddr, step: Step) -> Result<Self, Error> {
        let stream = timed("connecting", Some(peer), || {
            Stream::connect(terms.config.source, peer, terms.for_connection())
        });
        let stream = stream.map_err(|error| Error::Net { peer, step, error })?;
        Ok(Self { stream, peer, step })
    }

    #[cfg(test)]
    pub(super) fn pretended(stream: Stream, peer: SocketAddr) -> Self {
        let step = Step::OpenChannel;
        Self { stream, peer, step }
    }

    /// Binds to an interface.
    pub(super) fn bind<P: PduProtection>(
        &mut self,
        terms: Terms<'_>,
        interface: Syntax,
        protection: P,
    ) -> Result<Association<P>, Error> {
        let deadline = terms.for_call();
        let (pdu, binding) = Binding::begin(interface, protection);
        let pdu = timed(self.step, Some(self.peer), || {
            self.send(&pdu, deadline)?;
            self.receive(deadline)
        })?;
        binding.answered(&pdu).map_err(|error| self.failed(error))
    }

    /// Sends one call and receives its whole answer.
    pub(super) fn call<P: PduProtection>(
        &mut self,
        terms: Terms<'_>,
        association: Association<P>,
        opnum: u16,
        stub: &[u8],
    ) -> Result<(Outcome, Association<P>), Error> {
        let patience = Patience {
            deadline: terms.for_call(),
            if_alive: None,
        };
        self.call_within(patience, association, opnum, stub)
    }

    /// Sends the call about a login and receives its answer. The controller may have to ask another
    /// one, so this call has more time than others. A dead controller is left as soon as after
    /// others.
    pub(super) fn call_logon(
        &mut self,
        terms: Terms<'_>,
        association: Association<Sealed>,
        stub: &[u8],
    ) -> Result<(Outcome, Association<Sealed>), Error> {
        self.step = Step::Logon;
        let patience = Patience {
            deadline: terms.for_call(),
            if_alive: Some((terms.for_logon(), terms)),
        };
        self.call_within(patience, association, netlogon::LOGON_SAM_LOGON_EX, stub)
    }

    fn call_within<P: PduProtection>(
        &mut self,
        patience: Patience<'_>,
        association: Association<P>,
        opnum: u16,
        stub: &[u8],
    ) -> Result<(Outcome, Association<P>), Error> {
        timed(self.step, Some(self.peer), || {
            self.wait_for_answer(patience, association, opnum, stub)
        })
    }

    fn wait_for_answer<P: PduProtection>(
        &mut self,
        mut patience: Patience<'_>,
        association: Association<P>,
        opnum: u16,
        stub: &[u8],
    ) -> Result<(Outcome, Association<P>), Error> {
        let called = association.call(opnum, stub);
        let (pdus, mut call): (_, Call<P>) = called.map_err(|error| self.failed(error))?;
        self.send(&pdus, patience.deadline)?;
        loop {
            let pdu = self.receive_within(&mut patience)?;
            match call.receive(&pdu).map_err(|error| self.failed(error))? {
                Progress::More(rest) => call = rest,
                Progress::Done(outcome, association) => return Ok((outcome, association)),
            }
        }
    }

    fn receive_within(&mut self, patience: &mut Patience<'_>) -> Result<Vec<u8>, Error> {
        let received = self.receive(patience.deadline);
        let is_late = received.as_ref().is_err_and(Error::is_logon_timeout);
        match patience.if_alive.take_if(|_| is_late) {
            None => received,
            Some((_, terms)) if !self.is_peer_alive(terms) => {
                Err(Error::Unresponsive { peer: self.peer })
            }
            Some((later, _)) => {
                patience.deadline = later;
                self.receive(later)
            }
        }
    }

    /// Whether the controller answers a bind on another connection, whatever the answer, within the
    /// time for one connection.
    fn is_peer_alive(&self, terms: Terms<'_>) -> bool {
        let soon = terms.budget.or_after(terms.config.connect_timeout);
        let terms = Terms {
            deadline: soon,
            ..terms
        };
        let step = Step::OpenChannel;
        let bound = Self::connect(terms, self.peer, step)
            .and_then(|mut probe| probe.bind(terms, Syntax::NETLOGON, Plain));
        matches!(bound, Ok(_) | Err(Error::Rpc { .. }))
    }

    /// Whether the connection is open and has nothing to read, as between two calls.
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

    /// The error at this step.
    pub(super) fn failed(&self, error: rpc::Error) -> Error {
        let Self { peer, step, .. } = *self;
        Error::Rpc { peer, step, error }
    }

    fn lost(&self, error: net::Error) -> Error {
        let Self { peer, step, .. } = *self;
        Error::Net { peer, step, error }
    }
}

/// The connections of an agreement on a key: those for the agreement, the first already open, and
/// those that are then sealed with the key. Each of the latter is begun before the agreement, and
/// costs no round trip after it.
pub(super) struct Connections<'a> {
    terms: Terms<'a>,
    peer: SocketAddr,
    open: Option<Connection>,
    begun: Option<Connecting>,
}

impl<'a> Connections<'a> {
    pub(super) fn begin(terms: Terms<'a>, open: Connection) -> Self {
        Self {
            terms,
            peer: open.peer,
            open: Some(open),
            begun: None,
        }
    }

    /// A connection for an agreement. Begins another one, to be sealed with the key.
    pub(super) fn next(&mut self) -> Result<Connection, Error> {
        let connection = match self.open.take() {
            Some(connection) => connection,
            None => {
                // The earlier one has waited for a whole agreement, and may have been closed.
                self.begun = None;
                Connection::connect(self.terms, self.peer, Step::AgreeOnKey)?
            }
        };
        if self.begun.is_none() {
            // One that cannot be begun is opened when it is needed.
            self.begun = Connecting::begin(self.terms.config.source, self.peer).ok();
        }
        Ok(connection)
    }

    /// The connection to be sealed.
    pub(super) fn next_to_seal(&mut self) -> Result<Connection, Error> {
        let (terms, peer, step) = (self.terms, self.peer, Step::OpenChannel);
        let Some(begun) = self.begun.take() else {
            return Connection::connect(terms, peer, step);
        };
        let stream = timed("connecting", Some(peer), || {
            begun.finish(terms.for_connection())
        });
        let stream = stream.map_err(|error| Error::Net { peer, step, error })?;
        Ok(Connection { stream, peer, step })
    }
}
