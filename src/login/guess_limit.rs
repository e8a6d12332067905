//! The limit on guessed passwords: after so many wrong ones no verifier is asked about an account for
//! a while. So guesses that come through this host cannot lock the account in the domain, as long
//! as the limit is below the domain's and the window not shorter than the domain's.
//!
//! Accounts are told apart by their names alone, as they are typed without domain: what is one
//! account in a domain controller's eyes must not have two counts here, and only a controller knows
//! which domain is meant. Namesakes of two domains share a count, and so do names that a directory
//! takes for one: letters with and without accents. A user principal name that is not made of the
//! account's has a count of its own.
//!
//! A right password clears the wrong ones only if the account is of our own domain and of that
//! name: a namesake elsewhere, or an account that has the name in its principal name, would otherwise
//! clear the way for guesses about ours.
//!
//! A pending guess counts like a wrong one until there is an answer: many guesses at once are not
//! more than so many one after another.
//!
//! ```text
//! GuessLimit   the rule, the account's name, the time
//!   Store      the file under its lock, or memory
//!     Table    pages, one bucket each; grows and shrinks
//!       Bucket   the records of some names; what happens when it is full
//!         Record   the count of one name
//! ```
//!
//! Every name is counted alike, whether there is such an account or not. So no client learns from
//! the limit which accounts there are. docs/guess-limit.md has the figures.

mod bucket;
mod record;
mod store;
mod table;

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::base::config::{self, LogTarget};
use crate::base::fault::{Fault, Minor};
use crate::base::name_case::directory_key;

pub use record::Answer;
use record::{Moment, Permission};
use store::Store;

/// How long a login waits for others of the same account, which may turn out to be right.
const PATIENCE: Duration = Duration::from_secs(2);

/// The counts of this host's failed logins.
pub struct GuessLimit {
    rule: config::GuessLimit,
    store: Store,
}

/// The right to ask about an account once. While there is no answer it counts as if it were wrong,
/// and so it does, until the window is over, if it is dropped without one.
#[must_use]
pub struct Guess<'a> {
    guess_limit: &'a GuessLimit,
    account: String,
}

impl GuessLimit {
    /// Looks at nothing yet. The processes that use the file `shared` count together; where it cannot
    /// be used, each counts for itself, and the log says so. Without a file each does, too.
    pub fn new(rule: config::GuessLimit, shared: Option<PathBuf>, log: LogTarget) -> Self {
        Self {
            rule,
            store: Store::new(shared, log),
        }
    }

    /// Asks for the right to ask about a user, by the name that the client typed.
    ///
    /// # Errors
    /// [`Minor::TooManyGuesses`]; [`Minor::NoRandomBytes`], where a table cannot be made without.
    pub fn begin(&self, user: &str) -> Result<Guess<'_>, Fault> {
        let account = account(user);
        let patience = Instant::now() + PATIENCE;
        let mut pause = Duration::from_millis(1);
        loop {
            let moment = self.now();
            let permission = self.store.with(&account, moment.now, |bucket, id| {
                bucket.begin(id, self.rule.limit, moment)
            });
            match permission.map_err(|_| Minor::NoRandomBytes)? {
                Permission::Given => break,
                Permission::Refused => return Err(refused("wrong ones have come before")),
                Permission::Later if Instant::now() >= patience => {
                    return Err(refused("others are still being asked about"));
                }
                Permission::Later => {}
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(16));
        }
        Ok(Guess {
            guess_limit: self,
            account,
        })
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
    Minor::TooManyGuesses.confidentially(format_args!("not asked, {why}; see policy.guess_limit"))
}

impl Guess<'_> {
    /// The client is let in. `own` is the account's name if the user is of our own domain.
    pub fn let_in(self, own: Option<&str>) {
        let is_own = own.is_some_and(|own| directory_key(own) == self.account);
        self.end(match is_own {
            true => Answer::Right,
            false => Answer::Undecided,
        });
    }

    /// The client is refused.
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

/// The account's name without what people type around it.
fn account(user: &str) -> String {
    let name = user.rsplit_once('\\').map_or(user, |(_, name)| name);
    let name = name.rsplit_once('@').map_or(name, |(name, _)| name);
    directory_key(name)
}

#[cfg(test)]
mod tests;
