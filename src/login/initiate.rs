//! One initiator context: the server's message in, a message out.
//!
//! ```text
//!          empty token             CHALLENGE
//!   Fresh ─────────────► Offered ─────────────► Established
//!     │ any other           │ any other
//!     └────────► Failed ◄───┘
//!
//!   Established refuses further messages, and stays established.
//! ```

mod saved_initiator;
mod user;

use std::mem;
use std::time::{Duration, SystemTime};

use crate::base::crypto::{self, Key, NoRandomBytes};
use crate::base::fault::{Fault, Minor};
use crate::login::name::Name;
use crate::protocol::ntlm::bindings::ChannelBindings;
use crate::protocol::ntlm::initiator::{self, Destination, Fresh, Offered, Protection};
use crate::protocol::ntlm::seal::{Role, SessionSecurity};
pub use user::{PasswordHash, User};

/// An initiator context. It serves one login.
#[derive(Debug)]
pub struct Initiator {
    state: InitiatorState,
    source: Name,
    target: Option<Name>,
    /// When a complete login ends. `None`: it has no expiry.
    expires: Option<SystemTime>,
}

#[derive(Debug)]
enum InitiatorState {
    /// Nothing was sent.
    Fresh(Purpose),
    /// The NEGOTIATE message was sent.
    Offered(Purpose, Offered),
    /// The AUTHENTICATE message was sent. NTLM does not tell the initiator whether it was accepted.
    Established(Box<SessionSecurity>),
    /// The server's challenge was refused. Nothing of the login is kept.
    Failed,
}

/// What the caller asks of a login.
#[derive(Clone, Debug)]
pub struct Purpose {
    /// The user who logs in.
    pub user: User,
    /// The service, if known.
    pub target: Option<Name>,
    /// The message protection to ask for.
    pub protection: Protection,
    /// The lifetimes of the credential and of the context.
    pub lifetime: Lifetime,
}

/// How long a login may last. `None`: no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lifetime {
    /// The lifetime that the credential was acquired with.
    pub of_credential: Option<Duration>,
    /// The lifetime that the caller asks for this context.
    pub of_context: Option<Duration>,
}

impl Lifetime {
    fn shorter(self) -> Option<Duration> {
        let both = [self.of_credential, self.of_context];
        both.into_iter().flatten().min()
    }
}

impl Initiator {
    /// A context that has not begun.
    pub fn new(purpose: Purpose) -> Self {
        Self {
            source: Name::User(purpose.user.display()),
            target: purpose.target.clone(),
            expires: None,
            state: InitiatorState::Fresh(purpose),
        }
    }

    /// A failed context of the same login.
    pub fn failed(&self) -> Self {
        Self {
            state: InitiatorState::Failed,
            source: self.source.clone(),
            target: self.target.clone(),
            expires: None,
        }
    }

    /// When a complete login ends. `None`: it has no expiry, since NTLM gives the initiator none.
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// The user who logs in.
    pub fn source(&self) -> &Name {
        &self.source
    }

    /// The service, if known.
    pub fn target(&self) -> Option<&Name> {
        self.target.as_ref()
    }

    /// The NEGOTIATE message. This process itself learns the user's domain from it, since with
    /// several forests the domain chooses the challenge. No other server does.
    fn offer(&self, purpose: &Purpose) -> (Offered, Vec<u8>) {
        match self.target.as_ref().and_then(Name::loopback) {
            Some(_) => {
                let user = purpose.user.in_messages();
                initiator::negotiate_for(user.name, user.domain, purpose.protection)
            }
            None => initiator::negotiate(purpose.protection),
        }
    }

    /// Begins with an empty token, or takes the server's message. `channel` has the channel
    /// bindings that the application passed, if any. Returns the message to send. It is the last
    /// one if the context is [`Self::established`] afterwards.
    ///
    /// # Errors
    /// Why the server's message was refused. The context is then failed, unless its login was
    /// complete.
    pub fn step(
        &mut self,
        channel: Option<&ChannelBindings<'_>>,
        token: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        match mem::replace(&mut self.state, InitiatorState::Failed) {
            InitiatorState::Fresh(purpose) if token.is_empty() => {
                let (offered, negotiate) = self.offer(&purpose);
                self.state = InitiatorState::Offered(purpose, offered);
                Ok(negotiate)
            }
            InitiatorState::Fresh(_) => {
                Err(Minor::NoChallenge.because("the login has not begun yet"))
            }
            InitiatorState::Offered(purpose, offered) => {
                let answer = answer(&purpose, offered, channel, token)?;
                let lifetime = purpose.lifetime;
                self.expires = lifetime.shorter().map(|lasts| SystemTime::now() + lasts);
                if let Some(loopback) = self.target.as_ref().and_then(Name::loopback) {
                    loopback.send(&answer.token, lifetime.of_credential);
                }
                self.state = InitiatorState::Established(Box::new(SessionSecurity::new(
                    answer.flags,
                    answer.exported_session_key,
                    Role::Initiator,
                )));
                Ok(answer.token)
            }
            complete @ InitiatorState::Established(_) => {
                self.state = complete;
                Err(Minor::NoChallenge.because("the login is complete"))
            }
            InitiatorState::Failed => Err(Minor::ContextFailed.into()),
        }
    }

    /// The message protection of a complete login. `None` if, and only if, no login is complete.
    pub fn established(&self) -> Option<&SessionSecurity> {
        match &self.state {
            InitiatorState::Established(security) => Some(security),
            _ => None,
        }
    }

    /// As [`Self::established`], mutable.
    pub fn security(&mut self) -> Option<&mut SessionSecurity> {
        match &mut self.state {
            InitiatorState::Established(security) => Some(security),
            _ => None,
        }
    }
}

fn answer(
    purpose: &Purpose,
    offered: Offered,
    channel: Option<&ChannelBindings<'_>>,
    token: &[u8],
) -> Result<initiator::Completed, Fault> {
    let no_random_bytes = |_: NoRandomBytes| Minor::NoRandomBytes;
    let fresh = Fresh {
        now: SystemTime::now().into(),
        challenge: crypto::random().map_err(no_random_bytes)?,
        session_key: Key::new(crypto::random().map_err(no_random_bytes)?),
    };
    let target = purpose.target.as_ref();
    let service = Destination {
        name: &target.map(Name::service_principal).unwrap_or_default(),
        channel_bindings: channel.map(ChannelBindings::hash),
    };
    Ok(offered.answer(token, &purpose.user.in_messages(), &service, &fresh)?)
}

#[cfg(test)]
mod tests;
