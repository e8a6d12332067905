//! Tickets: an empty file for each token that is not imported yet.
//!
//! The import of a token removes its ticket. The kernel lets one process remove it, so one import
//! succeeds. The name of a ticket has the expiry of its token. An export also removes tickets that
//! have expired.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::base::crypto::NONCE_SIZE;
use crate::base::file::private::private;
use crate::base::process::PerProcess;
use crate::base::wire::FileTime;

const PREFIX: &str = "ticket.";

/// The shortest time between two sweeps of a process: a sweep reads the whole directory.
const SWEEP_AGAIN: Duration = Duration::from_secs(60);

pub(super) fn issue(directory: &Path, until: FileTime, nonce: &[u8; NONCE_SIZE]) -> io::Result<()> {
    static SWEPT: PerProcess<Mutex<Option<Instant>>> = PerProcess::new();
    let swept = SWEPT.of_this_process(Mutex::default);
    if is_due(&mut swept.lock().unwrap_or_else(PoisonError::into_inner)) {
        sweep(directory, SystemTime::now().into())?;
    }
    let path = path(directory, until, nonce);
    private(OpenOptions::new().write(true).create_new(true)).open(path)?;
    Ok(())
}

pub(super) fn is_due(swept: &mut Option<Instant>) -> bool {
    let due = swept.is_none_or(|swept| swept.elapsed() >= SWEEP_AGAIN);
    if due {
        *swept = Some(Instant::now());
    }
    due
}

/// Removes the ticket of a token. True for the first call only.
pub(super) fn redeem(
    directory: &Path,
    until: FileTime,
    nonce: &[u8; NONCE_SIZE],
) -> io::Result<bool> {
    match fs::remove_file(path(directory, until, nonce)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes the tickets of tokens that have expired.
pub(super) fn sweep(directory: &Path, now: FileTime) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let until = name.to_str().and_then(expiry);
        if until.is_some_and(|until| until <= now) {
            // Another process may sweep at the same time.
            let _gone_anyway = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

fn path(directory: &Path, until: FileTime, nonce: &[u8; NONCE_SIZE]) -> PathBuf {
    let nonce: String = nonce.iter().map(|byte| format!("{byte:02x}")).collect();
    directory.join(format!("{PREFIX}{:016x}.{nonce}", until.0))
}

fn expiry(name: &str) -> Option<FileTime> {
    let (until, _) = name.strip_prefix(PREFIX)?.split_once('.')?;
    u64::from_str_radix(until, 16).ok().map(FileTime)
}
