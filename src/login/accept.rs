//! One acceptor context: a message in, a message or an identity out.
//!
//! ```text
//!            NEGOTIATE                     AUTHENTICATE, accepted
//!   Fresh ─────────────► Challenged ───────────────────────────► Established
//!                            │
//!                            │ AUTHENTICATE, refused
//!                            ▼
//!                          Failed
//!
//!   NEGOTIATE in any state               ► Challenged: a new login on the same context
//!   any message that is not accepted     ► Failed, whatever the state was before
//! ```
//!
//! The types hold the order of the checks. The policy admits the client's claim, a verifier makes a
//! logon of it, its session key checks the message integrity, and the policy permits the account.
//! [`Established`] takes a value of each check and can be made in no other way.

mod claimed_name;
mod decision;
mod decision_log;
mod dropped;
mod established;
mod saved_acceptor;
mod terms;
mod unreturned;

use std::mem;
use std::time::{Instant, SystemTime};

use crate::base::crypto;
use crate::base::fault::{Fault, Minor};
use crate::login::accept::decision_log::Refused;
use crate::login::accept::unreturned::Unreturned;
use crate::login::policy;
use crate::login::setup::Setup;
use crate::login::verify::{Begun, Passage};
use crate::protocol::ntlm::acceptor::{self, Challenged, PassedOn};
use crate::protocol::ntlm::message::{MessageType, token_type};
use crate::protocol::ntlm::seal::SessionSecurity;
pub use established::Established;
pub use terms::Terms;

/// Likely causes of an AUTHENTICATE message on another connection than its challenge.
const CONNECTION_NOT_KEPT: &str =
    "check for HTTP/2 (Protocols http/1.1), KeepAlive Off, or a proxy that shares connections";

/// An acceptor context. A NEGOTIATE message begins a new login in any state: clients and servers
/// keep a connection, and with it the context, after a failure.
#[derive(Debug, Default)]
pub struct Acceptor(AcceptorState);

#[derive(Debug, Default)]
enum AcceptorState {
    /// No message has come yet.
    #[default]
    Fresh,
    /// The challenge was sent. If another server made it, the passage leads there.
    Challenged(Challenged, Option<Passage>),
    /// The login succeeded.
    Established(Box<Established>),
    /// The login failed. Nothing of it is kept.
    Failed,
}

/// The result of an accepted message.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this to the client and wait for its answer.
    Continue(Vec<u8>),
    /// The login succeeded; see [`Acceptor::established`].
    Established,
}

impl Acceptor {
    /// A context that waits for a NEGOTIATE message.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the client's next message. An AUTHENTICATE message asks the verifiers and takes as
    /// long as they do. Each decision is logged.
    ///
    /// # Errors
    /// Why the message was refused. The context is then failed, whatever it was before.
    pub fn step(&mut self, terms: &Terms<'_>, token: &[u8]) -> Result<Step, Fault> {
        let start = Instant::now();
        self.take(terms, token, start).map_err(|refused| {
            terms.setup.counters().refused(refused.minor());
            refused.log(terms.setup.config().log.to, start);
            refused.into_fault()
        })
    }

    fn take(&mut self, terms: &Terms<'_>, token: &[u8], start: Instant) -> Result<Step, Refused> {
        // The state is consumed: an error below leaves a failed context.
        let state = mem::replace(&mut self.0, AcceptorState::Failed);
        if matches!(state, AcceptorState::Challenged(..)) {
            Unreturned::of_this_process().came_back();
        }
        match (token_type(token)?, state) {
            (MessageType::Negotiate, _) => {
                self.challenge(terms.setup, token).map_err(Refused::from)
            }
            (MessageType::Authenticate, AcceptorState::Challenged(challenged, passage)) => {
                terms.setup.counters().challenge_answered();
                let arrival = terms.arrival(token);
                let claim = challenged.parse_authenticate(token)?;
                let passage = passage.as_ref();
                let established = decision::decide(terms, &arrival, &claim, passage, start)?;
                self.0 = AcceptorState::Established(established);
                Ok(Step::Established)
            }
            (MessageType::Authenticate, AcceptorState::Failed) => Err(Minor::ContextFailed.into()),
            (MessageType::Authenticate, _) => {
                Err(Minor::NotNegotiated.because(CONNECTION_NOT_KEPT).into())
            }
            (MessageType::Challenge, _) => Err(Minor::UnexpectedMessage.into()),
        }
    }

    /// Answers a NEGOTIATE message.
    fn challenge(&mut self, setup: &Setup, negotiate: &[u8]) -> Result<Step, Fault> {
        let weakest = policy::weakest_protection(&setup.config().policy);
        let passed_on = PassedOn::parse(negotiate, weakest)?;
        let (challenged, reply, passage) = match setup.pass_on(passed_on) {
            None => own_challenge(setup, negotiate, None)?,
            Some(Begun::Failed(fault)) if setup.verifiers().len() == 1 => return Err(fault),
            Some(Begun::Failed(fault)) => {
                own_challenge(setup, negotiate, Some(Passage::closed(fault)))?
            }
            Some(Begun::Challenged {
                challenged,
                reply,
                passage,
            }) => (challenged, reply, Some(passage)),
        };
        self.0 = AcceptorState::Challenged(challenged, passage);
        setup.counters().challenged();
        Unreturned::of_this_process().tell_once(setup.config().log.to);
        Ok(Step::Continue(reply))
    }

    /// The login, if it succeeded.
    pub fn established(&self) -> Option<&Established> {
        match &self.0 {
            AcceptorState::Established(established) => Some(established),
            _ => None,
        }
    }

    /// Call this when the caller deletes the context. Counts an unanswered challenge; logs a login
    /// that was dropped at once.
    pub fn deleted(&self) {
        match &self.0 {
            AcceptorState::Challenged(..) => Unreturned::of_this_process().dropped(),
            AcceptorState::Established(login) => login.deleted(),
            AcceptorState::Fresh | AcceptorState::Failed => {}
        }
    }

    /// The message protection of a successful login. `None`: there is no session key.
    pub fn security(&mut self) -> Option<&mut SessionSecurity> {
        match &mut self.0 {
            AcceptorState::Established(established) => established.security_mut(),
            _ => None,
        }
    }
}

/// A challenge that this server makes.
fn own_challenge(
    setup: &Setup,
    negotiate: &[u8],
    passage: Option<Passage>,
) -> Result<(Challenged, Vec<u8>, Option<Passage>), Fault> {
    let challenge = crypto::random().map_err(|_| Minor::NoRandomBytes)?;
    let (challenged, reply) = acceptor::negotiate(
        negotiate,
        &setup.challenge_target(acceptor::named_domain(negotiate)),
        policy::weakest_protection(&setup.config().policy),
        challenge,
        SystemTime::now().into(),
    )?;
    Ok((challenged, reply, passage))
}

#[cfg(test)]
mod tests;
