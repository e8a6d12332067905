//! One secure channel: from an address to a connection that serves logins.
//!
//! As with Windows and Samba there are two connections. Over the first, a session key is agreed on.
//! The second is sealed with that key and stays. The first is left out if another process of this
//! host has agreed on a key that still holds.
//!
//! ```text
//! first connection                             second connection
//! bind ─► Challenging ─► Authenticating ─► Agreed ─► sealed bind ─► Unchecked
//!         ReqChallenge   Authenticate3                               │ Check: GetCapabilities,
//!                                                                    ▼ once or twice
//! key in the state directory: Capable ─► sealed bind ─► Channel ◄─ Checked
//!
//! wrong port      the next port
//! secret refused  the previous secret
//! key lost        a recalled key is distrusted, and another is agreed on; under an agreed key,
//!                 another handshake came between: again, after a pause
//! ```
//!
//! `Checked` holds a `Capable` key, which other processes may use, or a key for this connection
//! only. The latter is for a controller that does not sign headers, or seems not to because of an
//! attacker: else an answer recorded on one connection would fit on another.

mod logon;
mod password;

use std::net::SocketAddr;
use std::time::Duration;

use crate::base::backoff::Backoff;
use crate::base::clock::seconds_since_1970;
use crate::base::crypto::{self, Key};
use crate::dc::connection::{Connection, Connections, Terms};
use crate::dc::error::{Error, Step};
use crate::dc::failure::Origin;
use crate::dc::nt_hashes::NtHashes;
use crate::dc::opening::Opening;
use crate::dc::port;
use crate::dc::secret;
use crate::dc::shared_key::HandshakeLock;
use crate::protocol::rpc;
use crate::protocol::rpc::client::{Association, Nonce, Plain, Sealed};
use crate::protocol::rpc::netlogon;
use crate::protocol::rpc::netlogon::domain_trusts::{self, DomainTrust};
use crate::protocol::rpc::pdu::Syntax;
use crate::protocol::rpc::schannel::CredentialChain;
use crate::protocol::rpc::schannel::agreement::{Agreed, Capable, Challenging, Checked, Checking};
use crate::protocol::rpc::schannel::seal::Seal;

/// How often a handshake is repeated if that of another process came between.
const HANDSHAKE_RETRIES: u32 = 8;
/// The longest pause before the first repetition, and before any.
const FIRST_PAUSE: Duration = Duration::from_millis(16);
const LONGEST_PAUSE: Duration = Duration::from_millis(512);

/// How many keys of other processes are tried before a key is agreed on in any case.
const MAX_DISTRUSTED: usize = 2;

/// An open channel with no call on it.
#[derive(Debug)]
pub(super) struct Channel {
    connection: Connection,
    association: Association<Sealed>,
    checked: Checked,
    /// Where its key comes from; [`Origin::Reused`] once it has served.
    origin: Origin,
}

impl Channel {
    /// Opens a channel. Keys that the controller does not know are added to `distrusted`, and keys
    /// in it are not tried.
    pub(super) fn open(opening: Opening<'_>, distrusted: &mut Vec<Capable>) -> Result<Self, Error> {
        let secrets = secret::nt_hashes(opening.terms.config).map_err(Error::Secret)?;
        let mut open_at = |opening: Opening<'_>, peer| {
            let before = distrusted.len();
            let opened = Self::open_at(peer, opening, &secrets, distrusted);
            if is_wrong_port(&opened) {
                // Another server answered, which never had the key.
                distrusted.truncate(before);
            }
            opened
        };
        at_its_port(opening, &mut open_at)
    }

    /// Opens a channel with a key that is agreed on now, whatever is stored: that proves the
    /// account's secret. The key is stored for the other processes. After a failure, theirs stays.
    pub(super) fn open_afresh(opening: Opening<'_>) -> Result<Self, Error> {
        let secrets = secret::nt_hashes(opening.terms.config).map_err(Error::Secret)?;
        let mut agree_at = |opening: Opening<'_>, peer| {
            let connection = Connection::connect(opening.terms, peer, Step::AgreeOnKey)?;
            let lock = (opening.shared_keys).lock(opening.controller, opening.terms.deadline);
            Self::agree(opening, connection, &secrets, lock.as_ref())
        };
        at_its_port(opening, &mut agree_at)
    }

    /// Opens a channel to this port.
    fn open_at(
        peer: SocketAddr,
        opening: Opening<'_>,
        secrets: &NtHashes,
        distrusted: &mut Vec<Capable>,
    ) -> Result<Self, Error> {
        let Opening {
            terms,
            controller,
            shared_keys,
            ..
        } = opening;
        loop {
            let recall = |distrusted: &[Capable]| {
                let is_worth_it = distrusted.len() < MAX_DISTRUSTED;
                let kept = is_worth_it.then(|| shared_keys.recall(controller, secrets));
                kept.flatten().filter(|kept| !distrusted.contains(kept))
            };
            if let Some(capable) = recall(distrusted) {
                match Self::seal(terms, peer, capable.clone()) {
                    Err(error) if error.is_doubt_about_key() => {
                        distrusted.push(capable);
                        continue;
                    }
                    result => return result,
                }
            }
            // Connects before it locks: a controller that is away must not hold up the others.
            let connection = Connection::connect(terms, peer, Step::AgreeOnKey)?;
            let lock = shared_keys.lock(controller, terms.deadline);
            if recall(distrusted).is_none() {
                let agreed = Self::agree(opening, connection, secrets, lock.as_ref());
                if let Some(lock) = lock.as_ref().filter(|_| !is_wrong_port(&agreed)) {
                    shared_keys.discard(lock, controller, secrets, distrusted);
                }
                return agreed;
            }
            // Another process was faster.
        }
    }

    /// Agrees on a key with each of the account's secrets in turn. If all are refused, the file is
    /// read once more: it may have been changed meanwhile.
    fn agree(
        opening: Opening<'_>,
        connection: Connection,
        secrets: &NtHashes,
        lock: Option<&HandshakeLock>,
    ) -> Result<Self, Error> {
        let mut connections = Connections::begin(opening.terms, connection);
        let mut try_each = |secrets: &NtHashes| {
            let newest = Self::agree_with(opening, &mut connections, &secrets.newest, lock);
            match (newest, &secrets.before) {
                (Err(error), Some(before)) if error.is_secret_refused() => {
                    Self::agree_with(opening, &mut connections, before, lock)
                }
                (result, _) => result,
            }
            .map(|(channel, _)| channel)
        };
        match try_each(secrets) {
            Err(error) if error.is_secret_refused() => {
                let now = secret::nt_hashes(opening.terms.config).map_err(Error::Secret)?;
                match now == *secrets {
                    true => Err(error),
                    false => try_each(&now),
                }
            }
            result => result,
        }
    }

    /// Agrees on a key with this secret, opens a channel with it, and stores it for other processes
    /// if they may use it.
    fn agree_with(
        opening: Opening<'_>,
        connections: &mut Connections<'_>,
        nt_hash: &Key,
        lock: Option<&HandshakeLock>,
    ) -> Result<(Self, CredentialChain), Error> {
        let Opening {
            terms,
            controller,
            shared_keys,
            ..
        } = opening;
        let mut retries = 0;
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            let agreed = agree_on_key(terms, connections.next()?, nt_hash)?;
            let opened = connections
                .next_to_seal()
                .and_then(|connection| Self::open_sealed(terms, connection, agreed));
            match opened {
                // A process that does not share the lock agreed on another key at the same moment.
                Err(error) if error.is_handshake_race() && retries < HANDSHAKE_RETRIES => {
                    retries += 1;
                    backoff.pause(terms.deadline).ok_or(Error::TimeOver)?;
                }
                Err(error) => return Err(error),
                Ok((channel, chain)) => {
                    match (channel.key(), lock) {
                        (Some(key), Some(lock)) => shared_keys.keep(lock, controller, nt_hash, key),
                        (Some(_), None) => {}
                        (None, _) => shared_keys.tell_of_unsigned_headers(controller),
                    }
                    return Ok((channel, chain));
                }
            }
        }
    }

    /// The second connection, with a key that was proven before.
    fn seal(terms: Terms<'_>, peer: SocketAddr, capable: Capable) -> Result<Self, Error> {
        let connection = Connection::connect(terms, peer, Step::OpenChannel)?;
        let (connection, association) =
            bind_sealed(terms, connection, Syntax::NETLOGON, capable.seal())?;
        Ok(Self {
            connection,
            association,
            checked: Checked::Shared(capable),
            origin: Origin::Recalled,
        })
    }

    /// The second connection, with a key that was just agreed on: checked.
    fn open_sealed(
        terms: Terms<'_>,
        connection: Connection,
        agreed: Agreed,
    ) -> Result<(Self, CredentialChain), Error> {
        let parties = terms.parties();
        let (seal, unchecked) = agreed.seal();
        let (mut connection, mut association) =
            bind_sealed(terms, connection, Syntax::NETLOGON, seal)?;

        let (mut stub, mut check) = unchecked
            .check(&association, parties, seconds_since_1970())
            .map_err(|error| connection.failed(error))?;
        loop {
            let opnum = netlogon::LOGON_GET_CAPABILITIES;
            let (outcome, next) = connection.call(terms, association, opnum, &stub)?;
            association = next;
            let checking = check
                .answered(&outcome, parties, seconds_since_1970())
                .map_err(|error| connection.failed(error))?;
            (stub, check) = match checking {
                Checking::Ask(stub, check) => (stub, check),
                Checking::Checked(checked, chain) => {
                    let channel = Self {
                        connection,
                        association,
                        checked,
                        origin: Origin::Agreed,
                    };
                    return Ok((channel, chain));
                }
            };
        }
    }

    /// Asks for the list of trusted domains. Returns the channel if it can be used again.
    pub(super) fn domain_trusts(
        mut self,
        terms: Terms<'_>,
    ) -> Result<(Vec<DomainTrust>, Self), Error> {
        self.connection.step = Step::Domains;
        let stub = domain_trusts::request(terms.parties())
            .map_err(|error| self.connection.failed(error))?;
        let opnum = netlogon::DSR_ENUMERATE_DOMAIN_TRUSTS;
        let (outcome, association) = self
            .connection
            .call(terms, self.association, opnum, &stub)?;
        let trusts = outcome
            .response()
            .and_then(|stub| domain_trusts::reply(stub.expose()))
            .map_err(|error| self.connection.failed(error))?;
        Ok((
            trusts,
            Self {
                association,
                origin: Origin::Reused,
                ..self
            },
        ))
    }

    /// The key that it is sealed with, unless it is for this connection only.
    pub(super) fn key(&self) -> Option<&Capable> {
        self.checked.key()
    }

    /// The same, for a connection to LSA.
    pub(super) fn key_for_names(&self) -> Result<Capable, Error> {
        let error = rpc::Error::HeadersUnsigned("names need a connection more with the same key");
        let peer = self.connection.peer;
        let step = Step::Names;
        self.key().cloned().ok_or(Error::Rpc { peer, step, error })
    }

    /// Where it leads to.
    pub(super) fn peer(&self) -> SocketAddr {
        self.connection.peer
    }

    /// Whether its key may still be used; `now` in seconds since 1970.
    pub(super) fn is_young(&self, now: u32) -> bool {
        self.checked.proof().is_young(now)
    }

    /// A channel to a peer that sends nothing.
    #[cfg(test)]
    pub(super) fn pretended(peer: SocketAddr, capable: Capable) -> Self {
        let soon = crate::base::net::Deadline::after(Duration::from_secs(5));
        let stream = crate::base::net::Stream::connect(None, peer, soon).unwrap();
        Self {
            connection: Connection::pretended(stream, peer),
            association: crate::protocol::rpc::tests::recorded::sealed_association(),
            checked: Checked::Shared(capable),
            origin: Origin::Recalled,
        }
    }

    /// The origin of a channel that was just opened.
    pub(super) fn origin(&self) -> Origin {
        self.origin
    }

    /// The origin of a channel that was idle. If it was opened for another purpose than a login,
    /// and has answered nothing yet, its key is still in doubt.
    pub(super) fn origin_when_idle(&self) -> Origin {
        match self.origin {
            Origin::Recalled => Origin::Recalled,
            Origin::Agreed | Origin::Reused | Origin::None => Origin::Reused,
        }
    }

    /// Whether the connection is open and has nothing to read, as between two calls.
    pub(super) fn is_quiet(&self) -> bool {
        self.connection.is_quiet()
    }
}

/// Opens something at the port of the controller's netlogon service.
fn at_its_port<T>(
    opening: Opening<'_>,
    open_at: &mut impl FnMut(Opening<'_>, SocketAddr) -> Result<T, Error>,
) -> Result<T, Error> {
    let controller = opening.controller;
    match controller.port {
        Some(port) => open_at(opening, SocketAddr::new(controller.address, port)),
        None => port::at_each(opening, Syntax::NETLOGON, open_at),
    }
}

fn is_wrong_port<T>(opened: &Result<T, Error>) -> bool {
    opened.as_ref().is_err_and(Error::is_wrong_port)
}

pub(super) fn bind_sealed(
    terms: Terms<'_>,
    mut connection: Connection,
    interface: Syntax,
    seal: Seal,
) -> Result<(Connection, Association<Sealed>), Error> {
    let domain = terms.config.netbios_domain.as_str();
    let nonce = crypto::random().map_err(|error| connection.failed(error.into()))?;
    let protection = Sealed::new(seal, Nonce::new(nonce), domain, terms.parties().computer);
    let association = connection.bind(terms, interface, protection)?;
    Ok((connection, association))
}

/// The first connection: plain, closed at the end.
fn agree_on_key(
    terms: Terms<'_>,
    mut connection: Connection,
    nt_hash: &Key,
) -> Result<Agreed, Error> {
    let association = connection.bind(terms, Syntax::NETLOGON, Plain)?;

    let (stub, state) =
        Challenging::begin(terms.parties(), nt_hash).map_err(|error| connection.failed(error))?;
    let (reply, association) =
        connection.call(terms, association, netlogon::SERVER_REQ_CHALLENGE, &stub)?;
    let (stub, state) = reply
        .response()
        .and_then(|reply| state.challenged(reply.expose()))
        .map_err(|error| connection.failed(error))?;
    let (reply, _) = connection.call(terms, association, netlogon::SERVER_AUTHENTICATE3, &stub)?;
    reply
        .response()
        .and_then(|reply| state.authenticated(reply.expose()))
        .map_err(|error| connection.failed(error))
}
