//! Our side of a context, and what callers learn of a complete login.

use std::sync::Arc;
use std::time::SystemTime;

use crate::base::crypto::SecretBytes;
use crate::base::fault::{Fault, Minor};
use crate::login::accept::{Acceptor, Established};
use crate::login::handover::{Kind, Opened};
use crate::login::initiate::Initiator;
use crate::login::name::Name;
use crate::login::setup::Setup;
use crate::protocol::ntlm::initiator::Protection;
use crate::protocol::ntlm::seal::SessionSecurity;

/// The lifetime of a login without an expiry: `GSS_C_INDEFINITE` (RFC 2744 appendix A).
pub const INDEFINITE: u32 = u32::MAX;

/// Our side of a context.
pub(super) enum Party {
    Acceptor(Acceptor),
    Initiator(Box<Initiator>),
}

impl Party {
    /// A party of the same side without any state.
    pub(super) fn afresh(&self) -> Self {
        match self {
            Self::Acceptor(_) => Self::Acceptor(Acceptor::new()),
            Self::Initiator(initiator) => Self::Initiator(Box::new(initiator.failed())),
        }
    }

    /// The state for another process, and the time until which it can be restored.
    pub(super) fn save(&self) -> Result<(Kind, SystemTime, SecretBytes), Fault> {
        let (kind, (until, body)) = match self {
            Self::Acceptor(acceptor) => (Kind::Acceptor, acceptor.save()?),
            Self::Initiator(initiator) => (Kind::Initiator, initiator.save()?),
        };
        Ok((kind, until, body))
    }

    /// The party that another process saved.
    pub(super) fn restore(opened: &Opened, setup: Option<&Setup>) -> Result<Self, Fault> {
        match opened.kind() {
            Kind::Acceptor => Acceptor::restore(opened, setup).map(Self::Acceptor),
            Kind::Initiator => {
                Initiator::restore(opened).map(|initiator| Self::Initiator(Box::new(initiator)))
            }
        }
    }

    /// The login, if it is complete.
    pub(super) fn login(&self) -> Option<Login> {
        match self {
            Self::Acceptor(acceptor) => acceptor.established().map(Login::accepted),
            Self::Initiator(initiator) => Login::initiated(initiator),
        }
    }

    /// Whether the login is complete.
    pub(super) fn is_established(&self) -> bool {
        match self {
            Self::Acceptor(acceptor) => acceptor.established().is_some(),
            Self::Initiator(initiator) => initiator.established().is_some(),
        }
    }

    /// Seconds until a complete login expires; 0 if it has expired, or there is none. Every call
    /// that returns a lifetime returns this one, and messages are protected until it is 0.
    pub(super) fn time_left(&self) -> u32 {
        match self {
            Self::Acceptor(acceptor) => {
                let established = acceptor.established();
                established.map_or(0, |login| seconds_until(login.expires()))
            }
            Self::Initiator(initiator) => initiator.established().map_or(0, |_| left(initiator)),
        }
    }

    /// [`Self::time_left`], never 0.
    ///
    /// # Errors
    /// `ContextExpired`.
    pub(super) fn require_time(&self) -> Result<u32, Fault> {
        match self.time_left() {
            0 => Err(Minor::ContextExpired.into()),
            seconds => Ok(seconds),
        }
    }

    /// The message protection, if the login is complete and has a session key.
    pub(super) fn security(&mut self) -> Option<&mut SessionSecurity> {
        match self {
            Self::Acceptor(acceptor) => acceptor.security(),
            Self::Initiator(initiator) => initiator.security(),
        }
    }
}

/// A complete login.
pub struct Login {
    /// The user who logged in.
    pub source: Name,
    /// The service, if known.
    pub target: Option<Name>,
    /// Seconds until the context expires; 0 if it has expired.
    pub time_left: u32,
    /// The message protection that was granted, not what was asked for.
    pub protection: Protection,
    /// Whether the AUTHENTICATE message had a message integrity code.
    pub has_mic: bool,
    /// Whether this side initiated.
    pub initiated: bool,
}

impl Login {
    fn accepted(established: &Established) -> Self {
        Self {
            source: Name::Verified(Arc::clone(established.identity())),
            target: None,
            time_left: seconds_until(established.expires()),
            protection: granted(established.security()),
            has_mic: established.mic_verified(),
            initiated: false,
        }
    }

    fn initiated(initiator: &Initiator) -> Option<Self> {
        initiator.established().map(|security| Self {
            source: initiator.source().clone(),
            target: initiator.target().cloned(),
            time_left: left(initiator),
            protection: granted(Some(security)),
            has_mic: true,
            initiated: true,
        })
    }
}

fn granted(security: Option<&SessionSecurity>) -> Protection {
    Protection {
        sign: security.is_some_and(SessionSecurity::signs),
        seal: security.is_some_and(SessionSecurity::seals),
    }
}

/// Seconds until a complete login of an initiator expires.
fn left(initiator: &Initiator) -> u32 {
    initiator.expires().map_or(INDEFINITE, seconds_until)
}

/// Whole seconds, fewer than `GSS_C_INDEFINITE`.
fn seconds_until(expiry: SystemTime) -> u32 {
    let left = expiry.duration_since(SystemTime::now()).unwrap_or_default();
    u32::try_from(left.as_secs())
        .unwrap_or(u32::MAX)
        .min(INDEFINITE - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::crypto::Key;
    use crate::protocol::ntlm::flags::NegotiateFlags;
    use crate::protocol::ntlm::seal::Role;

    #[test]
    fn the_granted_protection_is_the_negotiated_one() {
        let of_flags = |flags| {
            let key = Key::new([1; 16]);
            let security = SessionSecurity::new(NegotiateFlags(flags), key, Role::Initiator);
            granted(Some(&security))
        };
        let protection = |sign, seal| Protection { sign, seal };
        assert_eq!(granted(None), protection(false, false));
        assert_eq!(of_flags(0x6088_0201), protection(false, false));
        assert_eq!(of_flags(0x6088_0211), protection(true, false));
        assert_eq!(of_flags(0x6088_0231), protection(true, true));
        assert_eq!(of_flags(0x6088_0221), protection(true, true));
    }
}
