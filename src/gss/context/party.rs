//! The side of a context that is ours, and what is told of a login that is complete.

use std::sync::Arc;
use std::time::SystemTime;

use crate::base::crypto::SecretBytes;
use crate::base::fault::{Fault, Minor};
use crate::gss::cred::INDEFINITE;
use crate::gss::flags;
use crate::gss::initiate::Initiation;
use crate::gss::transfer;
use crate::login::accept::{Acceptor, Established};
use crate::login::handover::{Kind, Opened};
use crate::login::name::Name;
use crate::login::setup::Setup;
use crate::protocol::ntlm::seal::SessionSecurity;

/// The side of the context that is ours.
pub(super) enum Party {
    Acceptor(Acceptor),
    Initiator(Box<Initiation>),
}

impl Party {
    /// One of the same side that knows nothing yet.
    pub(super) fn afresh(&self) -> Self {
        match self {
            Self::Acceptor(_) => Self::Acceptor(Acceptor::new()),
            Self::Initiator(initiation) => Self::Initiator(Box::new(initiation.afresh())),
        }
    }

    /// What another process needs to go on, and until when it may begin to.
    pub(super) fn save(&self) -> Result<(Kind, SystemTime, SecretBytes), Fault> {
        let (kind, (until, body)) = match self {
            Self::Acceptor(acceptor) => (Kind::Acceptor, acceptor.save()?),
            Self::Initiator(initiation) => (Kind::Initiator, initiation.save()?),
        };
        Ok((kind, until, body))
    }

    /// What another process saved.
    pub(super) fn restore(opened: &Opened, setup: Option<&Setup>) -> Result<Self, Fault> {
        match opened.kind() {
            Kind::Acceptor => Acceptor::restore(opened, setup).map(Self::Acceptor),
            Kind::Initiator => {
                Initiation::restore(opened).map(|initiation| Self::Initiator(Box::new(initiation)))
            }
        }
    }

    /// The login, if it is complete.
    pub(super) fn login(&self) -> Option<Login> {
        match self {
            Self::Acceptor(acceptor) => acceptor.established().map(Login::accepted),
            Self::Initiator(initiation) => initiation.login(),
        }
    }

    /// Whether the login is complete.
    pub(super) fn is_established(&self) -> bool {
        match self {
            Self::Acceptor(acceptor) => acceptor.established().is_some(),
            Self::Initiator(initiation) => initiation.is_established(),
        }
    }

    /// Seconds until a login that is complete expires; 0 if it has, or there is none. Every call that
    /// tells a lifetime tells this one, and messages are protected until it is 0.
    pub(super) fn time_left(&self) -> u32 {
        match self {
            Self::Acceptor(acceptor) => acceptor.established().map_or(0, seconds_left),
            Self::Initiator(initiation) => initiation.time_left(),
        }
    }

    /// [`Self::time_left`], never 0.
    ///
    /// # Errors
    /// `ContextExpired`
    pub(super) fn require_time(&self) -> Result<u32, Fault> {
        match self.time_left() {
            0 => Err(Minor::ContextExpired.into()),
            seconds => Ok(seconds),
        }
    }

    /// What protects messages, if the login is complete and left a session key.
    pub(super) fn security(&mut self) -> Option<&mut SessionSecurity> {
        match self {
            Self::Acceptor(acceptor) => acceptor.security(),
            Self::Initiator(initiation) => initiation.security(),
        }
    }
}

/// A login that is complete, as callers are told of it.
pub struct Login {
    /// Who logged in.
    pub source: Name,
    /// Where, if we know.
    pub target: Option<Name>,
    /// Seconds until the context expires; 0 if it has.
    pub time_rec: u32,
    /// What was granted, never what was asked for.
    pub flags: u32,
    /// Whether the AUTHENTICATE message had a message integrity code.
    pub has_mic: bool,
    /// Whether it was we who logged in.
    pub initiated: bool,
}

impl Login {
    fn accepted(established: &Established) -> Self {
        Self {
            source: Name::Verified(Arc::clone(established.identity())),
            target: None,
            time_rec: seconds_left(established),
            flags: flags::granted(established.security()) | transfer::flag(),
            has_mic: established.mic_verified(),
            initiated: false,
        }
    }
}

/// Whole seconds, fewer than `GSS_C_INDEFINITE`.
fn seconds_left(established: &Established) -> u32 {
    let left = established
        .expires()
        .duration_since(SystemTime::now())
        .unwrap_or_default();
    u32::try_from(left.as_secs())
        .unwrap_or(u32::MAX)
        .min(INDEFINITE - 1)
}
