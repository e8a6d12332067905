//! Pings over TCP: an LDAP search of the rootDSE for the attribute `Netlogon` (MS-ADTS 6.3.3).

use std::net::SocketAddr;
use std::time::Duration;

use super::outcome::{Outcome, Pings, judged, request};
use crate::base::crypto::NoRandomBytes;
use crate::base::net::{Deadline, Error, Stream};
use crate::dc::locate::sought::Sought;
use crate::protocol::cldap::{self, HEADER, Identity};

/// The longest time for one controller.
const EACH: Duration = Duration::from_millis(700);
/// The longest time for all together.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the targets that are silent, in their order, until the first good answer.
pub(super) fn ping(pings: &mut Pings<'_>, deadline: Deadline) -> Result<(), NoRandomBytes> {
    let deadline = deadline.or_after(PATIENCE);
    let config = pings.config;
    for (target, outcome) in pings.targets.iter().zip(&mut pings.outcomes) {
        if deadline.remaining().is_none() {
            break;
        }
        if !outcome.is_silent() {
            continue;
        }
        let (id, message) = request(config)?;
        // A host that cannot be reached, or does not speak LDAP, is as good as silent.
        if let Ok(answer) = ask(config, *target, id, &message, deadline.or_after(EACH)) {
            *outcome = judged(&config.domain, answer);
        }
        if outcome.is_good() {
            break;
        }
    }
    Ok(())
}

/// Asks one controller.
pub(super) fn ping_one(
    config: &Sought,
    target: SocketAddr,
    deadline: Deadline,
) -> Result<Outcome, Error> {
    let (id, message) = request(config).map_err(|error| Error::Unframed(error.to_string()))?;
    let answer = ask(config, target, id, &message, deadline)?;
    Ok(judged(&config.domain, answer))
}

fn ask(
    config: &Sought,
    target: SocketAddr,
    id: u32,
    message: &[u8],
    deadline: Deadline,
) -> Result<Option<Identity>, Error> {
    let reply = exchange(config, target, message, deadline)?;
    cldap::answer(id, &reply).map_err(|error| Error::Unframed(error.to_string()))
}

/// Sends an LDAPMessage and returns the first of the answer.
pub(super) fn exchange(
    config: &Sought,
    target: SocketAddr,
    message: &[u8],
    deadline: Deadline,
) -> Result<Vec<u8>, Error> {
    let mut stream = Stream::connect(config.source, target, deadline)?;
    stream.send(message, deadline)?;
    let length = |header: &[u8; HEADER]| cldap::message_length(header);
    stream.message(length, deadline)
}
