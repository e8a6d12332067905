//! The question to a controller, and what its answer means.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::base::crypto::{self, NoRandomBytes};
use crate::dc::locate::sought::Sought;
use crate::protocol::cldap::{self, Identity};

/// The result of a ping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::dc::locate) enum Outcome {
    /// No answer yet: it is down, it was not asked, or the ping was dropped.
    Silent,
    /// It serves logins of the domain.
    Good(Arc<Identity>),
    /// It is paused, or its copy of the domain is read-only.
    Poor(Arc<Identity>),
    /// It does not serve the domain.
    Stranger,
}

impl Outcome {
    pub(super) fn is_silent(&self) -> bool {
        *self == Self::Silent
    }

    pub(in crate::dc::locate) fn is_good(&self) -> bool {
        matches!(self, Self::Good(_))
    }

    /// What the controller said of itself, if it is of the domain.
    pub(in crate::dc::locate) fn identity(self) -> Option<Arc<Identity>> {
        match self {
            Self::Good(identity) | Self::Poor(identity) => Some(identity),
            Self::Silent | Self::Stranger => None,
        }
    }
}

/// The controllers to ping, and what each gave so far.
pub(super) struct Pings<'a> {
    pub(super) config: &'a Sought,
    pub(super) targets: &'a [SocketAddr],
    /// As many as targets, in their order.
    pub(super) outcomes: Vec<Outcome>,
}

impl Pings<'_> {
    /// Whether no target has answered.
    pub(super) fn is_silent(&self) -> bool {
        self.outcomes.iter().all(Outcome::is_silent)
    }

    /// Whether nothing is left to wait for: a good answer has come, or all answers.
    pub(super) fn is_over(&self) -> bool {
        let mut outcomes = self.outcomes.iter();
        outcomes.any(Outcome::is_good) || !self.outcomes.iter().any(Outcome::is_silent)
    }
}

/// A question, and the id of its answer.
pub(super) fn request(config: &Sought) -> Result<(u32, Vec<u8>), NoRandomBytes> {
    let id = (u32::from_le_bytes(crypto::random()?) >> 1).max(1);
    Ok((id, cldap::request(id, &config.domain, &config.computer)))
}

pub(super) fn judged(domain: &str, answer: Option<Identity>) -> Outcome {
    match answer {
        Some(identity) if identity.dns_domain.eq_ignore_ascii_case(domain) => {
            match identity.is_writable() && !identity.paused {
                true => Outcome::Good(Arc::new(identity)),
                false => Outcome::Poor(Arc::new(identity)),
            }
        }
        _ => Outcome::Stranger,
    }
}
