//! LDAP servers with one content: bound connections of this process, and failover.
//!
//! ```text
//! place ─► an idle connection ─── the answer ──────────────► kept for the next question
//!            │ none, or it died
//!            ▼
//!          each server in turn ── connect, TLS, bind, ask ──► kept
//!            │ failed: passed over for a while
//!            ▼
//!          NoAnswer
//! ```
//!
//! A question may be asked twice: it must change nothing. No lock is held while a server is waited
//! for.

mod no_answer;
mod opening;
mod places;
mod standing;
#[cfg(test)]
mod tests;

use std::time::Instant;

use ldap3_proto::proto::LdapResultCode;

use crate::base::config::LdapService;
use crate::base::net::{self, Deadline};
use crate::base::process::PerProcess;
use crate::directory::client::Client;
use crate::directory::error::Error;

pub use no_answer::{NoAnswer, NoAnswerKind};
pub use opening::{connect, named, open};
use places::{Idle, Place, Places};

/// An answer, and the server that gave it.
#[derive(Debug)]
pub struct Answered<T> {
    /// The answer.
    pub answer: T,
    /// The server's name, as configured.
    pub server: String,
}

/// The servers, and the connections of this process to them.
pub struct Servers {
    service: LdapService,
    open: Box<Open>,
    places: PerProcess<Places>,
}

/// Opens a connection to one server by the deadline.
type Open = dyn Fn(&LdapService, usize, Deadline) -> Result<Client, NoAnswer> + Send + Sync;

/// What became of a question on one connection.
enum Asked<T> {
    Answered(T),
    /// The server works, and refuses this question.
    Refused(Error),
    /// The server works, and its answer is too big. The connection is of no more use.
    TooBig(Error),
    /// The connection is of no more use, or the server cannot answer at present.
    Failed(Error),
}

impl Servers {
    /// Does no I/O.
    pub fn new(service: LdapService) -> Self {
        Self::opened_by(service, Box::new(opening::open))
    }

    fn opened_by(service: LdapService, open: Box<Open>) -> Self {
        Self {
            service,
            open,
            places: PerProcess::new(),
        }
    }

    /// Servers of the unit tests, without TLS and bind.
    #[cfg(test)]
    pub(crate) fn imitated(service: LdapService, peers: Vec<std::net::SocketAddr>) -> Self {
        let open = move |service: &LdapService, server: usize, deadline: Deadline| {
            let peer = peers.get(server).copied().ok_or(NoAnswer {
                kind: NoAnswerKind::File,
                text: "no such server".to_owned(),
            })?;
            let client = Client::plain(peer, deadline);
            client.map_err(|error| opening::problem(service, server, &error))
        };
        Self::opened_by(service, Box::new(open))
    }

    /// Asks a question on an idle connection, or on a new one to the first server that works.
    ///
    /// # Errors
    /// No server answered by the deadline, or one refused the question.
    pub fn ask<T>(
        &self,
        deadline: Deadline,
        mut question: impl FnMut(&mut Client, Deadline) -> Result<T, Error>,
    ) -> Result<Answered<T>, NoAnswer> {
        let most = self.service.connections;
        let places = self
            .places
            .of_this_process(|| Places::new(most, self.service.servers.len()));
        let place = places.take(deadline).ok_or_else(|| NoAnswer {
            kind: NoAnswerKind::Timeout,
            text: format!("all {most} connections of this process were busy"),
        })?;
        let mut problems = Vec::new();
        loop {
            let (mut idle, is_fresh) = match place.idle(Instant::now()) {
                Some(idle) => (idle, false),
                None => match self.opened(&place, &mut problems, deadline) {
                    Some(idle) => (idle, true),
                    None => {
                        return Err(
                            NoAnswer::all(problems).unwrap_or_else(|| place.known_problem())
                        );
                    }
                },
            };
            match self.ask_on(&mut idle.client, deadline, &mut question) {
                // It was closed while it was idle: that says nothing about the server.
                Asked::Failed(Error::Net(net::Error::Closed)) if !is_fresh => {}
                Asked::Failed(error) => {
                    let problem = opening::problem(&self.service, idle.server, &error);
                    place.failed(idle.server, Instant::now(), &problem);
                    problems.push(problem);
                }
                asked => return self.finish(place, idle, asked),
            }
        }
    }

    /// A new connection, to the first server that gives one. `None`: no server is left to try.
    fn opened(
        &self,
        place: &Place<'_>,
        problems: &mut Vec<NoAnswer>,
        deadline: Deadline,
    ) -> Option<Idle> {
        while deadline.remaining().is_some() && problems.len() < self.service.servers.len() {
            let server = place.next_server(Instant::now())?;
            match (self.open)(&self.service, server, deadline) {
                Ok(client) => return Some(Idle { server, client }),
                Err(problem) => {
                    place.failed(server, Instant::now(), &problem);
                    problems.push(problem);
                }
            }
        }
        None
    }

    fn ask_on<T>(
        &self,
        client: &mut Client,
        deadline: Deadline,
        question: &mut impl FnMut(&mut Client, Deadline) -> Result<T, Error>,
    ) -> Asked<T> {
        match question(client, deadline.or_after(self.service.call_timeout)) {
            Ok(answer) => Asked::Answered(answer),
            Err(error) if is_about_the_question(&error) => Asked::Refused(error),
            // The entry is such: every server would be passed over for it.
            Err(error @ Error::TooBig(_)) => Asked::TooBig(error),
            Err(error) => Asked::Failed(error),
        }
    }

    fn finish<T>(
        &self,
        place: Place<'_>,
        idle: Idle,
        asked: Asked<T>,
    ) -> Result<Answered<T>, NoAnswer> {
        let server = idle.server;
        match &asked {
            Asked::Answered(_) | Asked::Refused(_) => place.keep(idle),
            Asked::TooBig(_) | Asked::Failed(_) => drop(idle),
        }
        match asked {
            Asked::Answered(answer) => Ok(Answered {
                answer,
                server: opening::named(&self.service, server),
            }),
            Asked::Refused(error) | Asked::TooBig(error) | Asked::Failed(error) => {
                Err(opening::problem(&self.service, server, &error))
            }
        }
    }
}

/// Whether another server would refuse it too, and the connection can be used again.
fn is_about_the_question(error: &Error) -> bool {
    use LdapResultCode::{AdminLimitExceeded, Busy, Unavailable, UnwillingToPerform};
    match error {
        Error::Referred(_) => true,
        Error::Refused { refusal, .. } => !matches!(
            refusal.code,
            AdminLimitExceeded | Busy | Unavailable | UnwillingToPerform
        ),
        _ => false,
    }
}
