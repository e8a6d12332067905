//! A controller's clock: a search of the root, over UDP, else over TCP.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::tcp;
use crate::base::crypto;
use crate::base::net::{Datagrams, Deadline, Error};
use crate::dc::locate::sought::Sought;
use crate::protocol::cldap;

/// How long an answer over UDP is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many seconds the controller's clock is ahead of ours; negative: behind. `None` if it does
/// not tell. Not authentic.
pub(in crate::dc::locate) fn clock(
    config: &Sought,
    target: SocketAddr,
    deadline: Deadline,
) -> Option<i64> {
    let id = (u32::from_le_bytes(crypto::random().ok()?) >> 1).max(1);
    let message = cldap::clock_request(id);
    let ahead = |ask: &dyn Fn() -> Result<Vec<u8>, Error>| {
        let before = seconds_since_1970()?;
        let answer = ask().ok()?;
        let after = seconds_since_1970()?;
        let told = cldap::clock_answer(id, &answer).ok()??;
        let ours = before + (after - before) / 2;
        Some(i64::try_from(told).ok()? - ours)
    };
    ahead(&|| over_udp(config.source, target, &message, deadline.or_after(PATIENCE)))
        .or_else(|| ahead(&|| tcp::exchange(config, target, &message, deadline)))
}

fn over_udp(
    source: Option<IpAddr>,
    target: SocketAddr,
    message: &[u8],
    deadline: Deadline,
) -> Result<Vec<u8>, Error> {
    let any = match target {
        SocketAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = Datagrams::bound(source.unwrap_or(any))?;
    socket.send_to(message, target)?;
    let mut buffer = [0; cldap::MAX_ANSWER];
    loop {
        let (datagram, from) = socket.receive(&mut buffer, deadline)?;
        if from == target {
            return Ok(datagram.to_vec());
        }
    }
}

/// As [`crate::base::clock::seconds_since_1970`], without its end in 2106.
fn seconds_since_1970() -> Option<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}
