//! Pings over UDP (CLDAP), one after the other, until the first good answer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::outcome::{Pings, judged, request};
use crate::base::crypto::NoRandomBytes;
use crate::base::net::{Datagrams, Deadline};
use crate::protocol::cldap;

/// The time from one ping to the next, so that the first target wins over one that is little
/// faster.
const STAGGER: Duration = Duration::from_millis(100);
/// The longest time for all together.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long each of two sockets is listened to in turn.
const SLICE: Duration = Duration::from_millis(5);

/// Pings the targets in their order, until the first good answer or the last one.
pub(super) fn ping(pings: &mut Pings<'_>, deadline: Deadline) -> Result<(), NoRandomBytes> {
    let deadline = deadline.or_after(PATIENCE);
    let sockets = Sockets::open(pings.config.source, pings.targets);
    let mut ids = Vec::new();
    for target in pings.targets {
        if deadline.remaining().is_none() {
            return Ok(());
        }
        let (id, message) = request(pings.config)?;
        sockets.send(&message, *target);
        ids.push(id);
        listen(pings, &sockets, &ids, deadline.or_after(STAGGER));
        if pings.is_over() {
            return Ok(());
        }
    }
    listen(pings, &sockets, &ids, deadline);
    Ok(())
}

/// Takes answers of the targets that were asked with these ids, until the pings or the time is
/// over.
fn listen(pings: &mut Pings<'_>, sockets: &Sockets, ids: &[u32], deadline: Deadline) {
    let mut buffer = [0; cldap::MAX_ANSWER];
    while !pings.is_over()
        && let Some((datagram, from)) = sockets.receive(&mut buffer, deadline)
    {
        take_answer(pings, ids, datagram, from);
    }
}

/// Takes a datagram as the answer of the target that it came from. One that is malformed, or has
/// another id, is dropped.
fn take_answer(pings: &mut Pings<'_>, ids: &[u32], datagram: &[u8], from: SocketAddr) {
    let is_from = |target: &SocketAddr| target.ip() == from.ip() && target.port() == from.port();
    let asked = pings.targets.iter().zip(ids).zip(&mut pings.outcomes);
    for ((target, id), outcome) in asked {
        if is_from(target)
            && outcome.is_silent()
            && let Ok(answer) = cldap::answer(*id, datagram)
        {
            *outcome = judged(&pings.config.domain, answer);
            return;
        }
    }
}

/// One socket for each address family that is needed.
struct Sockets {
    v4: Option<Datagrams>,
    v6: Option<Datagrams>,
}

impl Sockets {
    /// A family that the system does not have is left out: its controllers do not answer.
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

    /// A message that cannot be sent counts as not answered.
    fn send(&self, bytes: &[u8], target: SocketAddr) {
        let socket = match target {
            SocketAddr::V4(_) => &self.v4,
            SocketAddr::V6(_) => &self.v6,
        };
        if let Some(socket) = socket {
            let _ = socket.send_to(bytes, target);
        }
    }

    /// The next datagram of either socket. `None` when the time is over.
    fn receive<'a>(
        &self,
        buffer: &'a mut [u8],
        deadline: Deadline,
    ) -> Option<(&'a [u8], SocketAddr)> {
        let (length, from) = match (&self.v4, &self.v6) {
            (Some(one), None) | (None, Some(one)) => receive_from(one, buffer, deadline)?,
            (Some(v4), Some(v6)) => loop {
                deadline.remaining()?;
                let mut both = [v4, v6].into_iter();
                let came = both.find_map(|one| receive_from(one, buffer, deadline.or_after(SLICE)));
                if let Some(came) = came {
                    break came;
                }
            },
            (None, None) => return None,
        };
        Some((buffer.get(..length)?, from))
    }
}

fn receive_from(
    socket: &Datagrams,
    buffer: &mut [u8],
    deadline: Deadline,
) -> Option<(usize, SocketAddr)> {
    let (datagram, from) = socket.receive(buffer, deadline).ok()?;
    Some((datagram.len(), from))
}
