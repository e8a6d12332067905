//! A handshake whose messages a verifier passes on to another server.

use std::sync::{Mutex, PoisonError};

use crate::base::fault::{Fault, Minor};
use crate::protocol::ntlm::acceptor::{Challenged, Claim};
use crate::relay::Handshake;

/// The outcome of passing on a NEGOTIATE message.
#[derive(Debug)]
pub enum Begun {
    /// The other server made a challenge.
    Challenged {
        /// The state with its challenge.
        challenged: Challenged,
        /// The CHALLENGE message for the client, as that server sent it.
        reply: Vec<u8>,
        /// The way of the AUTHENTICATE message.
        passage: Passage,
    },
    /// No server answered.
    Failed(Fault),
}

/// The way of an AUTHENTICATE message to the server that made the challenge. If it is dropped, the
/// connection is closed.
#[derive(Debug)]
pub struct Passage(Mutex<Result<Handshake, Fault>>);

impl Passage {
    /// A handshake that was begun.
    pub(super) fn open(handshake: Handshake) -> Self {
        Self(Mutex::new(Ok(handshake)))
    }

    /// No handshake, and why. This server made the challenge, for its other verifiers.
    pub fn closed(fault: Fault) -> Self {
        Self(Mutex::new(Err(fault)))
    }

    /// The handshake, once.
    pub(super) fn take(&self) -> Result<Handshake, Fault> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *inner, Err(Minor::ContextFailed.into()))
    }
}

/// A claim on its way.
#[derive(Clone, Copy, Debug)]
pub struct Passing<'a> {
    /// The way.
    pub passage: &'a Passage,
    /// The claim, which has the message.
    pub claim: &'a Claim,
}
