//! The limit on guessed passwords: after a number of wrong ones, no verifier is asked about an
//! account for a while. So guesses through this host cannot lock the account in the domain, if the
//! limit is below the domain's and the window is not shorter than the domain's.
//!
//! The key of a count is the user name without its domain. One account must not have two counts,
//! and only a domain controller knows which domain a typed name means. Accounts of the same name in
//! two domains share a count, and so do names that a directory treats as equal (letters with and
//! without accents). A user principal name that differs from the account name has its own count.
//!
//! A right password clears the wrong ones only if the account is of our own domain and has that
//! name. Otherwise an account of the same name elsewhere, or one with the name in its principal
//! name, could clear the count of ours.
//!
//! A pending guess counts like a wrong one until it is answered, so parallel guesses gain nothing.
//!
//! ```text
//! GuessLimit   the rule, the account's name, the time
//!   Store      the file under its lock, or memory
//!     Table    pages, one bucket each; grows and shrinks
//!       Bucket   the records of some names; what happens when it is full
//!         Record   the count of one name
//! ```
//!
//! Names are counted alike whether or not the account exists, so the limit does not reveal which
//! accounts exist. docs/guess-limit.md has the figures.

mod bucket;
mod record;
mod store;
mod table;

use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::base::backoff::Backoff;
use crate::base::config::{self, LogTarget};
use crate::base::fault::{Fault, Minor};
use crate::base::name_case::directory_key;
use crate::base::net::Deadline;

#[cfg(feature = "fuzzing")]
pub use bucket::guesses_permitted;
pub use record::Answer;
use record::{Moment, Permission};
use store::Store;

/// How long a login waits for pending logins of the same account, which may clear the count.
const PATIENCE: Duration = Duration::from_secs(2);

/// The counts of wrong passwords on this host.
pub struct GuessLimit {
    rule: config::GuessLimit,
    store: Store,
}

/// The permission for one question about an account. It counts as a wrong guess until it is
/// answered; if it is dropped without an answer, until the window is over.
#[must_use]
pub struct Guess<'a> {
    guess_limit: &'a GuessLimit,
    account: String,
}

impl GuessLimit {
    /// Does no I/O. The processes that use the file `shared` share their counts. Without a file, or
    /// if it cannot be used, each process counts alone; an unusable file is logged.
    pub fn new(rule: config::GuessLimit, shared: Option<PathBuf>, log: LogTarget) -> Self {
        Self {
            rule,
            store: Store::new(shared, log),
        }
    }

    /// Begins a guess about a user, by the name that the client typed.
    ///
    /// # Errors
    /// [`Minor::TooManyGuesses`]; [`Minor::NoRandomBytes`], which a new table needs.
    pub fn begin(&self, user: &str) -> Result<Guess<'_>, Fault> {
        let account = account(user);
        let deadline = Deadline::after(PATIENCE);
        let mut backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(16));
        loop {
            let moment = self.now();
            let permission = self.store.with(&account, moment.now, |bucket, id| {
                bucket.begin(id, self.rule.limit, moment)
            });
            match permission.map_err(|_| Minor::NoRandomBytes)? {
                Permission::Given => break,
                Permission::Refused => return Err(refused("too many wrong passwords")),
                Permission::Later if backoff.pause(deadline).is_none() => {
                    return Err(refused("too many logins of this account are pending"));
                }
                Permission::Later => {}
            }
        }
        Ok(Guess {
            guess_limit: self,
            account,
        })
    }

    /// How many names are at the limit now, and how many have wrong guesses, in the file that
    /// processes share. `None`: there is no file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn survey(&self) -> io::Result<Option<(u64, u64)>> {
        self.store.survey(self.rule.limit, self.now().now)
    }

    fn now(&self) -> Moment {
        Moment {
            now: SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default()
                .as_millis()
                .try_into()
                .unwrap_or(u64::MAX),
            window: self.rule.window.as_millis().try_into().unwrap_or(u64::MAX),
        }
    }
}

fn refused(why: &str) -> Fault {
    Minor::TooManyGuesses.confidentially(format_args!(
        "no verifier was asked: {why}; see policy.guess_limit"
    ))
}

impl Guess<'_> {
    /// The login is accepted. `own` is the name of the account if it is of our own domain.
    pub fn accepted(self, own: Option<&str>) {
        let is_own = own.is_some_and(|own| directory_key(own) == self.account);
        self.end(match is_own {
            true => Answer::Right,
            false => Answer::Undecided,
        });
    }

    /// The login is refused.
    pub fn refused(self, answer: Answer) {
        self.end(answer);
    }

    fn end(self, answer: Answer) {
        let moment = self.guess_limit.now();
        let limit = self.guess_limit.rule.limit;
        // Without a table there is no count to change.
        let _counted = self
            .guess_limit
            .store
            .with(&self.account, moment.now, |bucket, id| {
                bucket.end(id, answer, limit, moment);
            });
    }
}

/// The key of an account: its name without a domain, as a directory compares it.
fn account(user: &str) -> String {
    let name = user.rsplit_once('\\').map_or(user, |(_, name)| name);
    let name = name.rsplit_once('@').map_or(name, |(name, _)| name);
    directory_key(name)
}

#[cfg(test)]
mod tests;
