//! Pings controllers over UDP (CLDAP), and those that do not answer over TCP.

mod clock;
mod outcome;
mod tcp;
mod udp;

use std::net::SocketAddr;

use crate::base::crypto::NoRandomBytes;
use crate::base::net::{self, Deadline};
use crate::dc::locate::network::Network;
use crate::dc::locate::sought::Sought;
pub(super) use clock::clock;
pub(super) use outcome::Outcome;
use outcome::Pings;

/// Pings `targets` in this order. Stops at the first good answer, or when all have answered; the
/// outcomes are in the order of the targets.
///
/// A firewall may drop UDP, but lets TCP through, which LDAP needs anyway.
pub(super) fn ping(
    config: &Sought,
    targets: &[SocketAddr],
    network: &mut Network,
    deadline: Deadline,
) -> Result<Vec<Outcome>, NoRandomBytes> {
    let mut pings = Pings {
        config,
        targets,
        outcomes: vec![Outcome::Silent; targets.len()],
    };
    if !network.is_without_udp() {
        udp::ping(&mut pings, deadline)?;
    }
    let is_udp_silent = pings.is_silent();
    if !pings.outcomes.iter().any(Outcome::is_good) {
        tcp::ping(&mut pings, deadline)?;
    }
    if is_udp_silent && !pings.is_silent() {
        network.learn_without_udp();
    }
    Ok(pings.outcomes)
}

/// Pings one controller over UDP only.
pub(super) fn over_udp(
    config: &Sought,
    target: SocketAddr,
    deadline: Deadline,
) -> Result<Outcome, NoRandomBytes> {
    let mut pings = Pings {
        config,
        targets: &[target],
        outcomes: vec![Outcome::Silent],
    };
    udp::ping(&mut pings, deadline)?;
    Ok(pings.outcomes.pop().unwrap_or(Outcome::Silent))
}

/// Pings one controller over TCP only.
pub(super) fn over_tcp(
    config: &Sought,
    target: SocketAddr,
    deadline: Deadline,
) -> Result<Outcome, net::Error> {
    tcp::ping_one(config, target, deadline)
}
