//! What a process has learnt of the network, so that the next search need not wait for it again.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long a fact is used.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// What the network does not let through.
#[derive(Clone, Debug, Default)]
pub(super) struct Network {
    /// DNS servers that do not understand an OPT record.
    without_opt: Vec<(SocketAddr, Instant)>,
    /// Controllers that keep silent over UDP answer over TCP.
    without_udp: Option<Instant>,
}

impl Network {
    /// Whether a DNS server is asked without an OPT record (RFC 6891 6.2.2).
    pub(super) fn is_without_opt(&self, server: SocketAddr) -> bool {
        let mut known = self.without_opt.iter();
        known.any(|(one, since)| *one == server && since.elapsed() < LIFETIME)
    }

    /// Records that a DNS server did not understand an OPT record, and answered without one.
    pub(super) fn learn_without_opt(&mut self, server: SocketAddr) {
        self.without_opt
            .retain(|(one, since)| *one != server && since.elapsed() < LIFETIME);
        self.without_opt.push((server, Instant::now()));
    }

    /// Whether controllers are not pinged over UDP.
    pub(super) fn is_without_udp(&self) -> bool {
        self.without_udp
            .is_some_and(|since| since.elapsed() < LIFETIME)
    }

    /// Records that no controller answered over UDP, and one did over TCP.
    pub(super) fn learn_without_udp(&mut self) {
        self.without_udp = Some(Instant::now());
    }
}
