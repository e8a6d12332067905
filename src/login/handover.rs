//! Transfers contexts between processes of one user on one host.
//!
//! A context travels as a token. It is sealed (encrypted and authenticated) with a key that only
//! the processes of this user have. The key, and a ticket for each token on its way, are in a
//! directory that belongs to the user.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `ntlmdcX`, version 2 |
//! | 1 | [`Kind`] |
//! | 8 | expiry, a `FILETIME`, little endian |
//! | 24 | nonce, random; also in the name of the ticket |
//! | n + 16 | sealed body; the fields before it are authenticated with it |
//!
//! **A token can be imported once.** The import removes its ticket, and only one process can. So no
//! challenge is answered twice and no key stream is used twice, even if the token was copied. This
//! does not hold for a directory that is copied, or restored from a backup.

mod key;
#[cfg(test)]
mod tests;
mod ticket;

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use crate::base::crypto::{self, NONCE_SIZE, SecretBytes};
use crate::base::fault::{Fault, Minor};
use crate::base::file::LOOK_AGAIN;
use crate::base::file::private::own_directory;
use crate::base::process::PerProcess;
use crate::base::wire::{DecodeError, FileTime, Reader, Writer};

const MAGIC: &[u8; 8] = b"ntlmdcX\x02";

/// The size of the fields before the nonce.
const HEADER_SIZE: usize = 17;

/// Longer than a context with thousands of groups.
const MAX_TOKEN: usize = 1 << 20;

/// The side of a login that a token holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// The server.
    Acceptor = 1,
    /// The client.
    Initiator = 2,
}

/// The directory that the processes of one user share.
#[derive(Clone, Debug)]
pub struct Handover {
    directory: PathBuf,
}

/// The content of a token: authentic, not expired, imported for the first time. Only
/// [`Handover::open`] makes one.
#[derive(Debug)]
pub struct Opened {
    kind: Kind,
    body: SecretBytes,
}

impl Opened {
    /// The side of the login.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The bytes that the exporting process sealed.
    pub fn body(&self) -> &[u8] {
        self.body.expose()
    }

    /// Makes one without a token, for tests of the decoders.
    #[cfg(any(test, feature = "fuzzing"))]
    pub fn for_tests(kind: Kind, body: &[u8]) -> Self {
        Self {
            kind,
            body: SecretBytes::new(body.to_vec()),
        }
    }
}

impl Handover {
    /// Does no I/O.
    pub fn through(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Seals the body of a token. The token can be opened once, until `until`.
    ///
    /// # Errors
    /// `NoTransfer`, with what is wrong with the directory and what it needs.
    pub fn seal(
        &self,
        kind: Kind,
        until: SystemTime,
        body: &SecretBytes,
    ) -> Result<Vec<u8>, Fault> {
        let unusable = |error| self.unusable(&error);
        own_directory(&self.directory).map_err(unusable)?;
        let key = key::read_or_make(&self.directory).map_err(unusable)?;
        let nonce: [u8; NONCE_SIZE] = crypto::random().map_err(|_| Minor::NoRandomBytes)?;
        let until = FileTime::from(until);
        let mut writer = Writer::new();
        writer.bytes(MAGIC).u8(kind as u8).u64(until.0);
        let header = writer.into_bytes();
        let sealed = crypto::seal(&key, &nonce, &header, body.expose());
        let token = [&header[..], &nonce, &sealed.ok_or(Minor::NoMemory)?].concat();
        if token.len() > MAX_TOKEN {
            return Err(Minor::NoTransfer.because("the context is longer than 1 MiB"));
        }
        ticket::issue(&self.directory, until, &nonce).map_err(unusable)?;
        Ok(token)
    }

    /// Opens a token. A second call with the same token fails.
    ///
    /// # Errors
    /// `BadContextToken` if this host did not make it; `ContextTokenUsed`, `ContextTokenExpired`;
    /// `NoTransfer` as for [`Self::seal`].
    pub fn open(&self, token: &[u8]) -> Result<Opened, Fault> {
        if token.len() > MAX_TOKEN {
            return Err(Minor::BadContextToken.into());
        }
        let unusable = |error| self.unusable(&error);
        own_directory(&self.directory).map_err(unusable)?;
        let mut reader = Reader::new(token);
        let (kind, until) = read_header(&mut reader).map_err(malformed)?;
        let nonce: [u8; NONCE_SIZE] = reader.array("Nonce").map_err(malformed)?;
        let (header, _) = token
            .split_at_checked(HEADER_SIZE)
            .ok_or(Minor::BadContextToken)?;
        let body = key::read(&self.directory)
            .map_err(unusable)?
            .and_then(|key| crypto::open(&key, &nonce, header, reader.rest()))
            .ok_or_else(|| Minor::BadContextToken.because("not made by this user on this host"))?;
        if until <= FileTime::from(SystemTime::now()) {
            return Err(Minor::ContextTokenExpired.into());
        }
        match ticket::redeem(&self.directory, until, &nonce).map_err(unusable)? {
            true => Ok(Opened { kind, body }),
            false => Err(Minor::ContextTokenUsed.into()),
        }
    }

    /// Whether the directory and the key are usable.
    fn is_possible(&self) -> bool {
        own_directory(&self.directory).is_ok() && key::read(&self.directory).is_ok()
    }

    fn unusable(&self, error: &io::Error) -> Fault {
        Minor::NoTransfer.because(format_args!(
            "{}: {error}; it must be a directory of the user that the program runs as, with mode \
             0700",
            self.directory.display()
        ))
    }
}

fn read_header(reader: &mut Reader<'_>) -> Result<(Kind, FileTime), DecodeError> {
    if reader.array("Magic")? != *MAGIC {
        return Err(DecodeError::new("Magic", "another version or mechanism"));
    }
    let kind = match reader.u8("Kind")? {
        1 => Kind::Acceptor,
        2 => Kind::Initiator,
        _ => return Err(DecodeError::new("Kind", "unknown")),
    };
    Ok((kind, FileTime(reader.u64("Until")?)))
}

/// The fault for a malformed token.
pub fn malformed(error: DecodeError) -> Fault {
    Minor::BadContextToken.because(error)
}

/// Whether this process can export contexts through the directory that `find` returns. Looked up at
/// most once a second, since every login asks.
pub fn is_possible(find: impl FnOnce() -> Result<Handover, Fault>) -> bool {
    static KNOWN: PerProcess<Mutex<Known>> = PerProcess::new();
    look_up(KNOWN.of_this_process(Mutex::default), Instant::now(), find)
}

/// When it was looked up, and the result.
type Known = Option<(Instant, bool)>;

fn look_up(
    known: &Mutex<Known>,
    now: Instant,
    find: impl FnOnce() -> Result<Handover, Fault>,
) -> bool {
    let lock = || known.lock().unwrap_or_else(PoisonError::into_inner);
    let before = *lock();
    match before {
        Some((then, possible)) if now.saturating_duration_since(then) < LOOK_AGAIN => possible,
        _ => {
            let possible = find().is_ok_and(|handover| handover.is_possible());
            *lock() = Some((now, possible));
            possible
        }
    }
}
