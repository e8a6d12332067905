//! The session key that the processes of one host share.
//!
//! A controller keeps one session key for each machine account. Two processes that agree on a key
//! at the same moment destroy each other's key. So they take turns under a lock, and the key that
//! one process has agreed on is stored in a file for the others. Each controller that has proven
//! itself has a file.
//!
//! A controller's lock is one of a few, by a hash of its address, whether it has proven itself or
//! not. So a controller that hangs rarely delays a process that asks another one, and the number of
//! lock files is bounded, whatever addresses DNS gives.
//!
//! Without the directory no key is stored, and the processes take turns under a lock on the file of
//! the account's secret.
//!
//! The directory and the files in it must be ours alone, else they are not used. A process that
//! waited for a lock until its deadline goes on without: see [`Lock`]. A file is replaced by
//! renaming, whole or not at all.

mod record;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::base::clock::seconds_since_1970;
use crate::base::config::{self, LogTarget};
use crate::base::crypto::{self, Key};
use crate::base::file;
use crate::base::file::private::{
    Lock, make_directory, own_directory, own_file, private, read, replace,
};
use crate::base::log::{self, Severity};
use crate::base::net::Deadline;
use crate::base::process::PerProcess;
use crate::dc::locate::Candidate;
use crate::dc::nt_hashes::NtHashes;
use crate::protocol::rpc::schannel::agreement::Capable;

use record::Unusable;
#[cfg(feature = "fuzzing")]
pub use record::{reencoded_shared_key, shared_key};

/// How many locks an account has.
const LOCKS: u8 = 16;

/// The longest wait for another process's handshake: one that takes longer was stopped.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// The shared state of one machine account.
pub(super) struct SharedKeys {
    directory: PathBuf,
    /// The file of the account's secret.
    secret: PathBuf,
    account: String,
    log: LogTarget,
    /// Whether this process has logged that it shares nothing.
    told: PerProcess<AtomicBool>,
    /// The controllers of which this process has logged that they do not sign headers.
    told_unsigned: PerProcess<Mutex<Vec<Candidate>>>,
}

/// The right to agree on a key with one controller. Others on this host wait until it is dropped.
#[derive(Debug)]
pub(super) struct HandshakeLock {
    _lock: Lock<File>,
    /// Whether the key may be stored in the state directory.
    shares_key: bool,
}

impl HandshakeLock {
    /// `None` when the time is over.
    fn take(file: File, shares_key: bool, deadline: Deadline) -> io::Result<Option<Self>> {
        let lock = Lock::take_by(file, deadline)?;
        Ok(lock.map(|lock| Self {
            _lock: lock,
            shares_key,
        }))
    }
}

impl SharedKeys {
    /// Reads nothing yet.
    pub(super) fn new(config: &config::Netlogon, log: LogTarget) -> Self {
        let computer = config.account.computer().as_str();
        let (config::AccountSecret::File(secret) | config::AccountSecret::Keytab(secret)) =
            &config.secret;
        Self {
            directory: config.state_dir.clone(),
            secret: secret.clone(),
            account: format!("{}.{computer}", config.netbios_domain.as_str()),
            log,
            told: PerProcess::new(),
            told_unsigned: PerProcess::new(),
        }
    }

    /// Waits for the right to agree on a key. `None` if it is not released in time, or if no file
    /// can be locked. Then the handshake goes on without, and may collide with that of another
    /// process.
    ///
    /// Without a usable state directory, the file of the secret is locked. Every process that waits
    /// for it agrees on a key of its own, so the wait is longer than where the key is shared.
    pub(super) fn lock(&self, controller: &Candidate, deadline: Deadline) -> Option<HandshakeLock> {
        let patience = deadline.or_after(LOCK_WAIT);
        let locked = self
            .open_lock(controller)
            .and_then(|file| HandshakeLock::take(file, true, patience));
        locked.unwrap_or_else(|error| {
            self.tell_once(&error);
            let half = deadline.remaining().unwrap_or_default() / 2;
            // A file that is open for reading can be locked too (flock).
            let (file, _) = file::open(&self.secret).ok()?;
            HandshakeLock::take(file, false, deadline.or_after(half)).ok()?
        })
    }

    /// The key that a process has agreed on with this controller, with one of these secrets, if it
    /// is young enough.
    pub(super) fn recall(&self, controller: &Candidate, secrets: &NtHashes) -> Option<Capable> {
        let name = self.name(controller);
        let path = self.path(&name, "state");
        if let Err(error) = own_directory(&self.directory) {
            if error.kind() != io::ErrorKind::NotFound {
                self.tell_once(&error);
            }
            return None;
        }
        let bytes = match read(&path, record::LIMIT) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                self.tell(&path, &format!("not used: {error}"));
                return None;
            }
        };
        match record::decode(bytes.expose(), &name, secrets) {
            Ok(capable) => Some(capable).filter(|key| key.proof().is_young(seconds_since_1970())),
            Err(Unusable::OtherSecret) => None,
            Err(Unusable::Damaged(how)) => {
                self.tell(&path, &format!("not used, and to be written anew: {how}"));
                None
            }
        }
    }

    /// Stores a key for the other processes. If that fails, each agrees on its own.
    pub(super) fn keep(
        &self,
        lock: &HandshakeLock,
        controller: &Candidate,
        nt_hash: &Key,
        capable: &Capable,
    ) {
        if !lock.shares_key {
            return;
        }
        let name = self.name(controller);
        let path = self.path(&name, "state");
        let Some(bytes) = record::encode(&name, nt_hash, capable) else {
            return;
        };
        if let Err(error) = replace(&self.path(&name, "new"), &path, &bytes) {
            self.tell(&path, &format!("not written: {error}"));
        }
    }

    /// Removes the stored key if it is one of those that the controller did not know, so that no
    /// other process tries it.
    pub(super) fn discard(
        &self,
        lock: &HandshakeLock,
        controller: &Candidate,
        secrets: &NtHashes,
        distrusted: &[Capable],
    ) {
        if distrusted.is_empty() || !lock.shares_key {
            return;
        }
        let kept = self.recall(controller, secrets);
        if kept.is_some_and(|kept| distrusted.contains(&kept)) {
            // A key that stays costs one more failed try.
            let _not_fatal = fs::remove_file(self.path(&self.name(controller), "state"));
        }
    }

    /// Logs once for each controller why its keys are not stored. Only controllers that have proven
    /// themselves come here, so there are few.
    pub(super) fn tell_of_unsigned_headers(&self, controller: &Candidate) {
        let told = self.told_unsigned.of_this_process(Mutex::default);
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        if !told.contains(controller) {
            told.push(controller.clone());
            drop(told);
            let address = controller.address;
            log::write(
                self.log,
                Severity::Warning,
                format_args!(
                    "{address} does not sign the headers of its answers, or a host on the way \
                     hides that it can: each connection has a key of its own, which is not shared"
                ),
            );
        }
    }

    /// The controllers that a key of this account is stored for, and when it was agreed on, in
    /// seconds since 1970. For an administrator: nothing of it is proven.
    ///
    /// # Errors
    /// The directory is missing, or others can change it.
    pub(super) fn stored(&self) -> io::Result<Vec<(String, u32)>> {
        own_directory(&self.directory)?;
        let prefix = format!("{}.", self.account);
        let mut stored = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            let is_key = path.extension().is_some_and(|kind| kind == "state");
            let content = is_key.then(|| read(&path, record::LIMIT).ok()).flatten();
            let known = content.and_then(|bytes| record::name_and_time(bytes.expose()).ok());
            let of_account = known.and_then(|(name, agreed)| {
                let controller = name.strip_prefix(&prefix)?.to_owned();
                Some((controller, agreed))
            });
            stored.extend(of_account);
        }
        stored.sort();
        Ok(stored)
    }

    fn open_lock(&self, controller: &Candidate) -> io::Result<File> {
        let [hash, ..] = crypto::sha256(self.name(controller).as_bytes());
        self.open(&format!("{}.lock", hash % LOCKS))
    }

    /// Opens an empty file of the machine account, ours alone. `None`, with one line in the log, if
    /// the directory or the file cannot be used.
    pub(super) fn open_private(&self, name: &str) -> Option<File> {
        self.open(name).map_err(|error| self.tell_once(&error)).ok()
    }

    fn open(&self, name: &str) -> io::Result<File> {
        make_directory(&self.directory)?;
        own_directory(&self.directory)?;
        let path = self.directory.join(format!("{}.{name}", self.account));
        let file = private(OpenOptions::new().write(true).create(true)).open(path)?;
        own_file(&file)?;
        Ok(file)
    }

    /// The account and the controller, as a part of file names.
    fn name(&self, controller: &Candidate) -> String {
        let Candidate { address, port, .. } = controller;
        match port {
            None => format!("{}.{address}", self.account),
            Some(port) => format!("{}.{address}.{port}", self.account),
        }
    }

    /// A NetBIOS name has no slash.
    fn path(&self, name: &str, kind: &str) -> PathBuf {
        self.directory.join(format!("{name}.{kind}"))
    }

    fn tell(&self, path: &Path, what: &str) {
        let path = path.display();
        log::write(self.log, Severity::Warning, format_args!("{path}: {what}"));
    }

    fn tell_once(&self, error: &io::Error) {
        let told = self.told.of_this_process(AtomicBool::default);
        if !told.swap(true, Ordering::Relaxed) {
            self.tell(
                &self.directory,
                &format!(
                    "{error}: the server's processes share no secure channel, each has its own, \
                     and no limit of logons; make the directory with mode 0700 for the user \
                     the server runs as"
                ),
            );
        }
    }
}

#[cfg(test)]
mod tests;
