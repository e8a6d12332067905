//! Contexts on their way from one process to another.
//!
//! What goes through other hands is a token, sealed with a key that only the processes of one user on
//! one host have: nobody else can make one, change one or look into one. The key, and a ticket for
//! each token that is under way, are in a directory of that user's own.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `ntlmdcX`, version 1 |
//! | 1 | [`Kind`] |
//! | 8 | until when it is good, a `FILETIME`, little endian |
//! | 24 | nonce, random; also the ticket's name |
//! | n + 16 | what it says, sealed together with all before it |
//!
//! **A token is good for one import.** Who imports it takes its ticket away, and there is only one.
//! So no challenge can be answered twice and no key stream is used twice, whoever has made copies of
//! the token. That holds as long as the directory does: on one host, and not for a directory that was
//! copied or put back from a backup.

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

const MAGIC: &[u8; 8] = b"ntlmdcX\x01";

/// What is before the nonce.
const HEADER_SIZE: usize = 17;

/// No context is longer, with its thousands of groups.
const MAX_TOKEN: usize = 1 << 20;

/// Whose side of a login a token holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// The server's.
    Acceptor = 1,
    /// The client's.
    Initiator = 2,
}

/// The directory that the processes of one user share.
#[derive(Clone, Debug)]
pub struct Handover {
    directory: PathBuf,
}

/// What a token says: authentic, not expired, and imported for the first time. Only
/// [`Handover::open`] makes one.
#[derive(Debug)]
pub struct Opened {
    kind: Kind,
    body: SecretBytes,
}

impl Opened {
    /// Whose side of the login it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What the exporter wrote.
    pub fn body(&self) -> &[u8] {
        self.body.expose()
    }

    /// As if it had been opened, for tests of those who read it.
    #[cfg(any(test, fuzzing))]
    pub fn pretended(kind: Kind, body: &[u8]) -> Self {
        Self {
            kind,
            body: SecretBytes::new(body.to_vec()),
        }
    }
}

impl Handover {
    /// Looks at nothing yet.
    pub fn through(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Seals what a context is; the token can be opened once, until `until`.
    ///
    /// # Errors
    /// `NoTransfer`, with what is wrong with the directory and how to mend it.
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

    /// Opens a token, for the first and last time.
    ///
    /// # Errors
    /// `BadContextToken` if it is none of ours; `ContextTokenUsed`, `ContextTokenExpired`;
    /// `NoTransfer` as above.
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
            .ok_or_else(|| Minor::BadContextToken.because("it is not from this server"))?;
        if until <= FileTime::from(SystemTime::now()) {
            return Err(Minor::ContextTokenExpired.into());
        }
        match ticket::redeem(&self.directory, until, &nonce).map_err(unusable)? {
            true => Ok(Opened { kind, body }),
            false => Err(Minor::ContextTokenUsed.into()),
        }
    }

    /// Whether a context can be exported, as far as the directory tells.
    fn is_possible(&self) -> bool {
        own_directory(&self.directory).is_ok() && key::read(&self.directory).is_ok()
    }

    fn unusable(&self, error: &io::Error) -> Fault {
        Minor::NoTransfer.because(format_args!(
            "{}: {error}; it must be a directory of the user that the program runs as, with mode 0700",
            self.directory.display()
        ))
    }
}

fn read_header(reader: &mut Reader<'_>) -> Result<(Kind, FileTime), DecodeError> {
    if reader.array("Magic")? != *MAGIC {
        return Err(DecodeError::new("Magic", "of another version or mechanism"));
    }
    let kind = match reader.u8("Kind")? {
        1 => Kind::Acceptor,
        2 => Kind::Initiator,
        _ => return Err(DecodeError::new("Kind", "unknown")),
    };
    Ok((kind, FileTime(reader.u64("Until")?)))
}

/// The fault of a token that is not what it should be.
pub fn malformed(error: DecodeError) -> Fault {
    Minor::BadContextToken.because(error)
}

/// Whether this process can export contexts, through the directory that `find` gives. Looked up once
/// a second at most: every login asks.
pub fn is_possible(find: impl FnOnce() -> Result<Handover, Fault>) -> bool {
    static KNOWN: PerProcess<Mutex<Option<(Instant, bool)>>> = PerProcess::new();
    let known = KNOWN.of_this_process(Mutex::default);
    let lock = || known.lock().unwrap_or_else(PoisonError::into_inner);
    let before = *lock();
    match before {
        Some((looked, possible)) if looked.elapsed() < LOOK_AGAIN => possible,
        _ => {
            let possible = find().is_ok_and(|handover| handover.is_possible());
            *lock() = Some((Instant::now(), possible));
            possible
        }
    }
}
