//! From the client's first message to the verdict.

use std::fmt;
use std::sync::Arc;

use crate::base::config::{self, LogTarget};
use crate::base::log::{self, Severity};
use crate::base::net::Deadline;
use crate::dc;
use crate::dc::locate::{Candidate, Locator};
use crate::relay::connection::Connection;
use crate::relay::error::{Cause, Error};
use crate::relay::known_trust::KnownTrust;
use crate::relay::places::{Places, Seat};
use crate::relay::terms::{Server, Terms};
use crate::relay::verdict::{Accepted, Refusal, Verdict};

/// Passes logins on to the controllers of a domain.
pub struct Relay {
    controllers: Arc<Controllers>,
    places: Arc<Places<Connection>>,
}

/// What all handshakes share.
struct Controllers {
    config: config::Relay,
    trust: KnownTrust,
    locator: Locator,
    log: LogTarget,
}

/// A login that has a challenge. The connection is closed when this is dropped.
pub struct Handshake {
    controllers: Arc<Controllers>,
    controller: Candidate,
    server: String,
    seat: Seat<Connection>,
}

impl fmt::Debug for Handshake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Handshake");
        shown.field("server", &self.server).finish_non_exhaustive()
    }
}

impl Relay {
    /// Connects to nothing yet.
    pub fn new(config: config::Relay, log: LogTarget) -> Self {
        Self {
            places: Places::new(&config, log),
            controllers: Arc::new(Controllers {
                locator: Locator::new(&config),
                trust: KnownTrust::default(),
                config,
                log,
            }),
        }
    }

    /// Begins a login with the client's NEGOTIATE message (Type 1). Returns the controller's
    /// CHALLENGE message (Type 2), byte by byte as it came. If a controller fails, the next one is
    /// asked.
    ///
    /// # Errors
    /// No place is free, or no controller gives a challenge.
    pub fn begin(&self, negotiate: &[u8]) -> Result<(Handshake, Vec<u8>), Error> {
        let seat = self.places.enter()?;
        let controllers = &self.controllers;
        let terms = controllers.terms();
        let candidates = controllers.locator.candidates(terms.deadline);
        let mut failed = Vec::new();
        for controller in candidates.map_err(not_found)? {
            let server = Server::new(&controller);
            match Connection::begin(terms, &server, negotiate) {
                Ok((connection, challenge)) => {
                    controllers.locator.succeeded(&controller);
                    seat.park(connection);
                    let handshake = Handshake {
                        controllers: Arc::clone(controllers),
                        controller,
                        server: server.name,
                        seat,
                    };
                    return Ok((handshake, challenge));
                }
                Err(cause) => {
                    controllers.failed(&controller, &cause);
                    let is_last = cause.is_local() || terms.deadline.remaining().is_none();
                    failed.push((server.name, cause));
                    if is_last {
                        break;
                    }
                }
            }
        }
        Err(Error::AllFailed(failed))
    }
}

impl Controllers {
    fn terms(&self) -> Terms<'_> {
        Terms {
            config: &self.config,
            trust: &self.trust,
            deadline: Deadline::after(self.config.handshake_timeout),
        }
    }

    /// The controller is asked last for a while, unless the fault is not its own.
    fn failed(&self, controller: &Candidate, cause: &Cause) {
        let is_its_own = !cause.is_local() && !cause.is_lasting() && !cause.is_refusal();
        if is_its_own && self.locator.failed(controller) {
            let line = format_args!("controller {controller} failed and is asked last: {cause}");
            log::write(self.log, Severity::Warning, line);
        }
    }
}

fn not_found(error: dc::Error) -> Error {
    match error {
        dc::Error::NotFound(problem) => Error::NotFound(problem),
        other => Error::NotFound(other.to_string()),
    }
}

impl Handshake {
    /// The controller: its name in `controllers` or in DNS, else its address.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Whether this relay began it.
    pub fn is_of(&self, relay: &Relay) -> bool {
        Arc::ptr_eq(&self.controllers, &relay.controllers)
    }

    /// Ends a login with the client's AUTHENTICATE message (Type 3). It is sent once, to the
    /// controller that gave the challenge.
    ///
    /// # Errors
    /// There is no verdict: the connection was closed meanwhile, or the controller gives none.
    pub fn finish(self, authenticate: &[u8]) -> Result<Verdict, Error> {
        let connection = self.seat.take()?;
        let server = self.server;
        match connection.finish(self.controllers.terms(), authenticate) {
            Ok(None) => Ok(Verdict::Accepted(Accepted::by(server))),
            Ok(Some(reason)) => Ok(Verdict::Refused(Refusal { server, reason })),
            Err(cause) => {
                self.controllers.failed(&self.controller, &cause);
                Err(Error::NoVerdict { server, cause })
            }
        }
    }
}
