//! Verifies logins against a users file: for local accounts, and for servers without a domain.

mod index;

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use super::account_flags::Standing;
use super::{Account, Attempt, Logon, Refusal, Verifier, proof};
use crate::base::config::LogTarget;
use crate::base::crypto::Key;
use crate::base::fault::{Fault, Minor};
use crate::base::file::{self, LOOK_AGAIN, Stamp};
use crate::base::log::{self, Severity};
pub use index::Own;
use index::{Entry, Index, Lookup};

/// The users file, read again after a change.
pub struct Users {
    path: PathBuf,
    own: Own,
    log: LogTarget,
    loaded: Mutex<LoadedUsers>,
}

struct LoadedUsers {
    /// The state of the file that `index` was made from. `None`: the state is not certain.
    stamp: Option<Stamp>,
    /// When the file was last checked.
    checked: Instant,
    index: Arc<Index>,
}

impl Users {
    /// Reads the file.
    ///
    /// # Errors
    /// [`Minor::UsersFileUnusable`].
    pub fn open(path: &Path, own: Own, log: LogTarget) -> Result<Self, Fault> {
        let loaded = load(path, &own.domain, log)?;
        Ok(Self {
            path: path.to_owned(),
            own,
            log,
            loaded: Mutex::new(loaded),
        })
    }

    /// The users of a text, which is not read again, and its accounts as [`first`] finds them. For
    /// tests/fuzz.
    #[cfg(feature = "fuzzing")]
    pub fn of_text(text: &[u8], own: Own) -> Option<(Self, Vec<Found>)> {
        let (index, _) = Index::parse(text, &own.domain).ok()?;
        let entries = index::usable(text).ok()?;
        let users = Self {
            path: PathBuf::new(),
            own,
            log: LogTarget::Off,
            loaded: Mutex::new(LoadedUsers {
                stamp: None,
                checked: Instant::now() + std::time::Duration::from_secs(1 << 30),
                index: Arc::new(index),
            }),
        };
        Some((users, entries.filter_map(found).collect()))
    }

    /// The index of the current file, checked once a second.
    fn index(&self, now: Instant) -> Result<Arc<Index>, Fault> {
        // The lock is held while a changed file is read, so that one thread reads it.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(loaded.checked) >= LOOK_AGAIN {
            let stamp = Stamp::of(&self.path).map_err(|error| unusable(&self.path, &error))?;
            if loaded.stamp != Some(stamp) {
                *loaded = load(&self.path, &self.own.domain, self.log)?;
            }
            loaded.checked = now;
        }
        Ok(Arc::clone(&loaded.index))
    }

    fn account(&self, entry: &Entry) -> Account {
        Account {
            user: entry.user.clone(),
            domain: entry.domain.as_ref().unwrap_or(&self.own.domain).clone(),
            ..Account::default()
        }
    }
}

impl Verifier for Users {
    fn only_domain(&self) -> Option<String> {
        let index = self.index(Instant::now()).ok()?;
        index.only_domain().map(str::to_owned)
    }

    fn account_named(&self, user: &str, domain: &str) -> Option<Account> {
        let index = self.index(Instant::now()).ok()?;
        match index.look_up(user, domain, &self.own) {
            Lookup::Found(entry) => Some(self.account(entry)),
            Lookup::Unknown | Lookup::Ambiguous => None,
        }
    }

    fn verify(&self, attempt: &Attempt<'_>) -> Result<Logon, Refusal> {
        let index = self.index(Instant::now()).map_err(Refusal::Unavailable)?;
        let lookup = index.look_up(&attempt.user.meant, attempt.meant_domain(), &self.own);
        let entry = match lookup {
            Lookup::Found(entry) => entry,
            Lookup::Unknown | Lookup::Ambiguous => {
                let _ = key_of(None, attempt);
                return Err(Refusal::NotMine(Minor::BadUserOrPassword.confidentially(
                    match lookup {
                        Lookup::Ambiguous => "several domains of the users file have this user",
                        _ => "the users file has no such user",
                    },
                )));
            }
        };
        let key = key_of(Some(entry), attempt)
            .ok_or_else(|| denied(Minor::BadUserOrPassword, "wrong password"))?;
        // Only a client that knows the password learns these.
        match entry.standing {
            Standing::Normal => Ok(Logon::proven("users", self.account(entry), Some(key))),
            Standing::Disabled => Err(Refusal::Denied(Minor::AccountDisabled.into())),
            Standing::Locked => Err(Refusal::Denied(Minor::AccountLockedOut.into())),
            Standing::Trust => Err(Refusal::Denied(Minor::TrustAccount.into())),
            Standing::Unclear => Err(denied(Minor::BadUserOrPassword, "the line is closed")),
        }
    }
}

/// A usable entry of the file.
#[derive(Debug)]
pub struct Found {
    /// As the file spells it.
    pub user: String,
    /// As the file spells it; empty if the line names no domain.
    pub domain: String,
    /// The hash of the password.
    pub nt_hash: Key,
}

/// The first user of a file whose name and domain (empty if there is none) are wanted. Disabled
/// accounts, and those without a usable password, are skipped.
///
/// # Errors
/// The file cannot be used; the error does not name its path.
pub fn first(path: &Path, wanted: impl Fn(&str, &str) -> bool) -> io::Result<Option<Found>> {
    let (text, _) = file::read_secret(path, LIMIT)?;
    let entries = index::usable(text.expose()).map_err(io::Error::other)?;
    Ok(entries
        .filter_map(found)
        .find(|found| wanted(&found.user, &found.domain)))
}

fn found(entry: Entry) -> Option<Found> {
    Some(Found {
        user: entry.user,
        domain: entry.domain.unwrap_or_default(),
        nt_hash: entry.nt_hash?,
    })
}

/// The session base key, if the response was made with the password of the entry. The work is the
/// same without an entry.
fn key_of(entry: Option<&Entry>, attempt: &Attempt<'_>) -> Option<Key> {
    let nt_hash = entry.and_then(|entry| entry.nt_hash.as_ref());
    let oem_hash = entry.and_then(|entry| entry.oem_hash.as_ref());
    let tried = if attempt.user.is_oem() { 2 } else { 1 };
    let hashes = [nt_hash, oem_hash].into_iter().take(tried);
    proof::session_base_key(hashes, attempt)
}

fn denied(minor: Minor, why: &str) -> Refusal {
    Refusal::Denied(minor.confidentially(why))
}

/// Some 400,000 lines.
const LIMIT: u64 = 32 << 20;

fn load(path: &Path, own_domain: &str, log: LogTarget) -> Result<LoadedUsers, Fault> {
    let (text, stamp) = file::read_secret(path, LIMIT).map_err(|error| unusable(path, &error))?;
    let parsed = Index::parse(text.expose(), own_domain);
    let (index, problems) = parsed.map_err(|error| unusable(path, &error))?;
    for problem in problems.iter().take(10) {
        let path = path.display();
        log::write(log, Severity::Error, format_args!("{path}: {problem}"));
    }
    Ok(LoadedUsers {
        stamp: stamp.settled(SystemTime::now()),
        checked: Instant::now(),
        index: Arc::new(index),
    })
}

fn unusable(path: &Path, error: &dyn Display) -> Fault {
    Minor::UsersFileUnusable.because(format_args!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests;
