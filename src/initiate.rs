//! One initiator context: nothing in or the server's message, and a message out.

mod user;

use std::mem;
use std::time::SystemTime;

use crate::crypto::{self, Key, NoRandomBytes};
use crate::fault::{Fault, Minor};
use crate::ntlm::bindings::ChannelBindings;
use crate::ntlm::initiator::{self, Fresh, Offered, Protection, Service};
use crate::ntlm::seal::{Role, SessionSecurity};
pub use user::{PasswordHash, User};

/// An initiator context. It serves one login: another needs another context.
#[derive(Debug, Default)]
pub struct Initiator(State);

#[derive(Debug, Default)]
enum State {
    /// Nothing was sent yet.
    #[default]
    Fresh,
    /// The NEGOTIATE message is out.
    Offered(Offered),
    /// The AUTHENTICATE message is out. What the server makes of it we do not learn.
    Established(SessionSecurity),
    /// The server's challenge was refused: nothing is kept of the login.
    Failed,
}

/// What a login is for.
#[derive(Clone, Copy, Debug)]
pub struct Purpose<'a> {
    /// Who logs in.
    pub user: &'a User,
    /// The service principal name, `HTTP/www.example.test`; empty if nobody knows.
    pub service: &'a str,
    /// The channel to the service, if the application says.
    pub channel: Option<&'a ChannelBindings<'a>>,
    /// The protection of messages that is wanted.
    pub protection: Protection,
}

/// A message for the server, and whether it is the last.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this and wait for the server's answer.
    Continue(Vec<u8>),
    /// Send this, and the login is complete as far as we can tell; see [`Initiator::established`].
    Established(Vec<u8>),
}

impl Initiator {
    /// Waits to be told to begin.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins, with an empty token; or takes the server's message.
    ///
    /// # Errors
    /// Why the server's message is refused. The context is then failed, unless its login was
    /// complete before.
    pub fn step(&mut self, purpose: &Purpose<'_>, token: &[u8]) -> Result<Step, Fault> {
        match mem::replace(&mut self.0, State::Failed) {
            State::Fresh if token.is_empty() => {
                let (offered, negotiate) = initiator::negotiate(purpose.protection);
                self.0 = State::Offered(offered);
                Ok(Step::Continue(negotiate))
            }
            State::Fresh => Err(Minor::NoChallenge.because("the login has not begun yet")),
            State::Offered(offered) => {
                let answer = answer(offered, purpose, token)?;
                self.0 = State::Established(SessionSecurity::new(
                    answer.flags,
                    answer.exported_session_key,
                    Role::Initiator,
                ));
                Ok(Step::Established(answer.token))
            }
            complete @ State::Established(_) => {
                self.0 = complete;
                Err(Minor::NoChallenge.because("the login is complete"))
            }
            State::Failed => Err(Minor::ContextFailed.into()),
        }
    }

    /// What protects the messages of a login that is complete; it is there if, and only if, the
    /// login is.
    pub fn established(&self) -> Option<&SessionSecurity> {
        match &self.0 {
            State::Established(security) => Some(security),
            _ => None,
        }
    }

    /// As [`Self::established`], to work with.
    pub fn security(&mut self) -> Option<&mut SessionSecurity> {
        match &mut self.0 {
            State::Established(security) => Some(security),
            _ => None,
        }
    }
}

fn answer(
    offered: Offered,
    purpose: &Purpose<'_>,
    token: &[u8],
) -> Result<initiator::Answer, Fault> {
    let no_random_bytes = |_: NoRandomBytes| Minor::NoRandomBytes;
    let fresh = Fresh {
        now: SystemTime::now().into(),
        challenge: crypto::random().map_err(no_random_bytes)?,
        session_key: Key::new(crypto::random().map_err(no_random_bytes)?),
    };
    let service = Service {
        name: purpose.service,
        channel_bindings: purpose.channel.map(ChannelBindings::hash),
    };
    offered.answer(token, &purpose.user.in_messages(), &service, &fresh)
}

#[cfg(test)]
mod tests;
