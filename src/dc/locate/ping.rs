//! Pings controllers: over UDP, and over TCP those that keep silent.

mod tcp;
mod udp;

use std::net::SocketAddr;
use std::sync::Arc;

use crate::base::config;
use crate::base::crypto::{self, NoRandomBytes};
use crate::base::net::Deadline;
use crate::dc::locate::network::Network;
use crate::protocol::cldap::{self, Identity};

/// What a ping gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// No answer (yet): it is down, it was not asked any more, or pings do not get through.
    Silent,
    /// It answers logins of the domain.
    Good(Arc<Identity>),
    /// It is paused, or its copy of the domain is read-only.
    Poor(Arc<Identity>),
    /// It does not serve the domain.
    Stranger,
}

impl Outcome {
    fn is_silent(&self) -> bool {
        *self == Self::Silent
    }

    pub(super) fn is_good(&self) -> bool {
        matches!(self, Self::Good(_))
    }

    /// What a controller of the domain said of itself.
    pub(super) fn identity(self) -> Option<Arc<Identity>> {
        match self {
            Self::Good(identity) | Self::Poor(identity) => Some(identity),
            Self::Silent | Self::Stranger => None,
        }
    }
}

/// Pings `targets` in this order. Stops at the first good answer, or when all have answered; the
/// outcomes are in the order of the targets.
///
/// A firewall may drop UDP, and not TCP, which LDAP needs anyway.
pub(super) fn ping(
    config: &config::Netlogon,
    targets: &[SocketAddr],
    network: &mut Network,
    deadline: Deadline,
) -> Result<Vec<Outcome>, NoRandomBytes> {
    let mut outcomes = vec![Outcome::Silent; targets.len()];
    if !network.is_without_udp() {
        udp::ping(config, targets, &mut outcomes, deadline)?;
    }
    let all_are_silent = outcomes.iter().all(Outcome::is_silent);
    if !outcomes.iter().any(Outcome::is_good) {
        tcp::ping(config, targets, &mut outcomes, deadline)?;
    }
    if all_are_silent && !outcomes.iter().all(Outcome::is_silent) {
        network.learn_without_udp();
    }
    Ok(outcomes)
}

/// A question, and the id that its answer has.
fn request(config: &config::Netlogon) -> Result<(u32, Vec<u8>), NoRandomBytes> {
    let id = (u32::from_le_bytes(crypto::random()?) >> 1).max(1);
    let host = config.account.computer().as_str();
    Ok((id, cldap::request(id, &config.domain, host)))
}

fn judged(domain: &str, answer: Option<Identity>) -> Outcome {
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
