//! Pings over UDP, one after the other, until the first good answer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::outcome::{Outcome, judged, request};
use crate::base::config;
use crate::base::crypto::NoRandomBytes;
use crate::base::net::{Datagrams, Deadline};
use crate::protocol::cldap;

/// From one ping to the next: the first is first also if a farther one is quicker by a little.
const STAGGER: Duration = Duration::from_millis(100);
/// The longest time for all together.
const PATIENCE: Duration = Duration::from_secs(1);
/// With two sockets, each is listened to for so long in turn.
const SLICE: Duration = Duration::from_millis(5);

/// Pings `targets` in this order. Stops at the first good answer, or when all have answered.
pub(super) fn ping(
    config: &config::Netlogon,
    targets: &[SocketAddr],
    outcomes: &mut [Outcome],
    deadline: Deadline,
) -> Result<(), NoRandomBytes> {
    let deadline = deadline.or_after(PATIENCE);
    let domain = config.domain.as_str();
    let sockets = Sockets::open(config.source, targets);
    let mut sent: Vec<(SocketAddr, u32)> = Vec::new();
    let mut waiting = targets.iter();
    let mut buffer = [0; cldap::MAX_ANSWER];
    while deadline.remaining().is_some() {
        let next = waiting.next();
        if let Some(target) = next {
            let (id, message) = request(config)?;
            sockets.send(&message, *target);
            sent.push((*target, id));
        }
        let pause = match next {
            Some(_) => deadline.or_after(STAGGER),
            None => deadline,
        };
        while let Some((datagram, from)) = sockets.receive(&mut buffer, pause) {
            let answered = outcome_of(domain, &sent, outcomes, datagram, from);
            let Some((number, outcome)) = answered else {
                continue;
            };
            let is_good = outcome.is_good();
            if let Some(slot) = outcomes.get_mut(number) {
                *slot = outcome;
            }
            if is_good || !outcomes.contains(&Outcome::Silent) {
                return Ok(());
            }
        }
        if next.is_none() {
            break;
        }
    }
    Ok(())
}

/// Which target sent a datagram, and what it means.
fn outcome_of(
    domain: &str,
    sent: &[(SocketAddr, u32)],
    outcomes: &[Outcome],
    datagram: &[u8],
    from: SocketAddr,
) -> Option<(usize, Outcome)> {
    let is_from = |target: SocketAddr| target.ip() == from.ip() && target.port() == from.port();
    let open = sent.iter().zip(outcomes).enumerate();
    for (number, ((target, id), outcome)) in open {
        if !is_from(*target) || *outcome != Outcome::Silent {
            continue;
        }
        // Broken, or of another id: as if it had not come.
        if let Ok(answer) = cldap::answer(*id, datagram) {
            return Some((number, judged(domain, answer)));
        }
    }
    None
}

/// One socket for each family that is needed; closed at the end.
struct Sockets {
    v4: Option<Datagrams>,
    v6: Option<Datagrams>,
}

impl Sockets {
    /// A family that the system does not have is left out: its controllers stay silent.
    fn open(source: Option<IpAddr>, targets: &[SocketAddr]) -> Self {
        let any = [
            IpAddr::from(Ipv4Addr::UNSPECIFIED),
            Ipv6Addr::UNSPECIFIED.into(),
        ];
        let [v4, v6] = any.map(|any| {
            let is_needed = targets
                .iter()
                .any(|target| target.is_ipv4() == any.is_ipv4());
            let local = match source {
                Some(source) => Some(source).filter(|source| source.is_ipv4() == any.is_ipv4()),
                None => Some(any),
            };
            let local = local.filter(|_| is_needed)?;
            Datagrams::bound(local).ok()
        });
        Self { v4, v6 }
    }

    /// What cannot be sent is not answered.
    fn send(&self, bytes: &[u8], target: SocketAddr) {
        let socket = match target {
            SocketAddr::V4(_) => &self.v4,
            SocketAddr::V6(_) => &self.v6,
        };
        if let Some(socket) = socket {
            let _ = socket.send_to(bytes, target);
        }
    }

    /// The next datagram of either; none when the time is over.
    fn receive<'a>(
        &self,
        buffer: &'a mut [u8],
        deadline: Deadline,
    ) -> Option<(&'a [u8], SocketAddr)> {
        let (length, from) = match (&self.v4, &self.v6) {
            (Some(one), None) | (None, Some(one)) => take(one, buffer, deadline)?,
            (Some(v4), Some(v6)) => loop {
                deadline.remaining()?;
                let mut both = [v4, v6].into_iter();
                let came = both.find_map(|one| take(one, buffer, deadline.or_after(SLICE)));
                if let Some(came) = came {
                    break came;
                }
            },
            (None, None) => return None,
        };
        Some((buffer.get(..length)?, from))
    }
}

fn take(socket: &Datagrams, buffer: &mut [u8], deadline: Deadline) -> Option<(usize, SocketAddr)> {
    let (datagram, from) = socket.receive(buffer, deadline).ok()?;
    Some((datagram.len(), from))
}
