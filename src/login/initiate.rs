//! One initiator context: nothing in or the server's message, and a message out.

mod saved_initiator;
mod user;

use std::mem;
use std::time::{Duration, SystemTime};

use crate::base::crypto::{self, Key, NoRandomBytes};
use crate::base::fault::{Fault, Minor};
use crate::login::name::Name;
use crate::protocol::ntlm::bindings::ChannelBindings;
use crate::protocol::ntlm::initiator::{self, Fresh, Offered, Protection, Service};
use crate::protocol::ntlm::seal::{Role, SessionSecurity};
pub use user::{PasswordHash, User};

/// An initiator context. It serves one login: another needs another context.
#[derive(Debug)]
pub struct Initiator {
    state: State,
    source: Name,
    target: Option<Name>,
    /// When a complete login ends, if it does.
    expires: Option<SystemTime>,
}

#[derive(Debug)]
enum State {
    /// Nothing was sent yet.
    Fresh(Purpose),
    /// The NEGOTIATE message is out.
    Offered(Purpose, Offered),
    /// The AUTHENTICATE message is out. What the server makes of it we do not learn.
    Established(Box<SessionSecurity>),
    /// The server's challenge was refused: nothing is kept of the login.
    Failed,
}

/// What a login is for.
#[derive(Clone, Debug)]
pub struct Purpose {
    /// Who logs in.
    pub user: User,
    /// The service to log in to, if it is known.
    pub target: Option<Name>,
    /// The protection of messages that is wanted.
    pub protection: Protection,
    /// How long the context may last, by the credential and by the caller.
    pub lifetime: Lifetime,
}

/// How long a login may last. `None`: as long as there is use for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lifetime {
    /// The lifetime that the credential was acquired with.
    pub of_credential: Option<Duration>,
    /// The one that the caller asks for this context.
    pub of_context: Option<Duration>,
}

impl Lifetime {
    fn shorter(self) -> Option<Duration> {
        let both = [self.of_credential, self.of_context];
        both.into_iter().flatten().min()
    }
}

impl Initiator {
    /// Waits to be told to begin.
    pub fn new(purpose: Purpose) -> Self {
        Self {
            source: Name::User(purpose.user.display()),
            target: purpose.target.clone(),
            expires: None,
            state: State::Fresh(purpose),
        }
    }

    /// A failed context for the same login, which must be begun on another context.
    pub fn failed(&self) -> Self {
        Self {
            state: State::Failed,
            source: self.source.clone(),
            target: self.target.clone(),
            expires: None,
        }
    }

    /// When a complete login ends. `None`: NTLM itself gives the initiator no expiry.
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// The user who logs in.
    pub fn source(&self) -> &Name {
        &self.source
    }

    /// The service to log in to, if it is known.
    pub fn target(&self) -> Option<&Name> {
        self.target.as_ref()
    }

    /// Begins, with an empty token; or takes the server's message. `channel` is what the application
    /// knows of the channel to the server, if anything. Gives the message to send; it is the last if
    /// the login is [`Self::established`] then, as far as we can tell.
    ///
    /// # Errors
    /// Why the server's message is refused. The context is then failed, unless its login was
    /// complete before.
    pub fn step(
        &mut self,
        channel: Option<&ChannelBindings<'_>>,
        token: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        match mem::replace(&mut self.state, State::Failed) {
            State::Fresh(purpose) if token.is_empty() => {
                let (offered, negotiate) = initiator::negotiate(purpose.protection);
                self.state = State::Offered(purpose, offered);
                Ok(negotiate)
            }
            State::Fresh(_) => Err(Minor::NoChallenge.because("the login has not begun yet")),
            State::Offered(purpose, offered) => {
                let answer = answer(&purpose, offered, channel, token)?;
                let lifetime = purpose.lifetime;
                self.expires = lifetime.shorter().map(|lasts| SystemTime::now() + lasts);
                if let Some(loopback) = self.target.as_ref().and_then(Name::loopback) {
                    loopback.send(&answer.token, lifetime.of_credential);
                }
                self.state = State::Established(Box::new(SessionSecurity::new(
                    answer.flags,
                    answer.exported_session_key,
                    Role::Initiator,
                )));
                Ok(answer.token)
            }
            complete @ State::Established(_) => {
                self.state = complete;
                Err(Minor::NoChallenge.because("the login is complete"))
            }
            State::Failed => Err(Minor::ContextFailed.into()),
        }
    }

    /// What protects the messages of a login that is complete; it is there if, and only if, the
    /// login is.
    pub fn established(&self) -> Option<&SessionSecurity> {
        match &self.state {
            State::Established(security) => Some(security),
            _ => None,
        }
    }

    /// As [`Self::established`], to work with.
    pub fn security(&mut self) -> Option<&mut SessionSecurity> {
        match &mut self.state {
            State::Established(security) => Some(security),
            _ => None,
        }
    }
}

fn answer(
    purpose: &Purpose,
    offered: Offered,
    channel: Option<&ChannelBindings<'_>>,
    token: &[u8],
) -> Result<initiator::Answer, Fault> {
    let no_random_bytes = |_: NoRandomBytes| Minor::NoRandomBytes;
    let fresh = Fresh {
        now: SystemTime::now().into(),
        challenge: crypto::random().map_err(no_random_bytes)?,
        session_key: Key::new(crypto::random().map_err(no_random_bytes)?),
    };
    let target = purpose.target.as_ref();
    let service = Service {
        name: &target.map(Name::service_principal).unwrap_or_default(),
        channel_bindings: channel.map(ChannelBindings::hash),
    };
    Ok(offered.answer(token, &purpose.user.in_messages(), &service, &fresh)?)
}

#[cfg(test)]
mod tests;
