//! Pings controllers: over UDP, and over TCP those that keep silent.

mod outcome;
mod tcp;
mod udp;

use std::net::SocketAddr;

use crate::base::config;
use crate::base::crypto::NoRandomBytes;
use crate::base::net::Deadline;
use crate::dc::locate::network::Network;
pub(super) use outcome::Outcome;

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
