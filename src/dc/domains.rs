//! Which domains there are, in the words of our own controller; asked when a login needs it, and kept.
//!
//! What an answer says of a user of a trusted domain, that domain's controller wrote. The list is
//! what it is held against: it comes from our own controller, over the sealed channel.
//!
//! One thread of a process asks, within a short time; the others wait for it, or use an older list.
//! A list that cannot be renewed stays in force. Where none can be had, logins go on without
//! (`login::verify::netlogon::route` says how), and a controller is asked again a minute later.

mod ask;
mod list;
mod store;

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::base::clock::seconds_since_1970;
use crate::base::config::{self, LogTarget};
use crate::base::fault::{Fault, Minor};
use crate::base::log::{self, Severity};
use crate::base::net::Deadline;
use crate::base::process::PerProcess;
use crate::dc::error::Error;
use crate::dc::failover::Controllers;
use crate::protocol::rpc::netlogon::domain_trusts::DomainTrust;
use store::{Kept, Store};

pub use list::{Domain, Domains, Kind, is_below};

/// After so long a list is asked for again.
const LIFETIME: Duration = Duration::from_secs(10 * 60);
/// After so long already, if a login is about a domain that is not in it: it may be a new one.
const LIFETIME_FOR_A_MISS: Duration = Duration::from_secs(30);
/// When no list came, none is asked for again so soon.
const PAUSE: Duration = Duration::from_secs(60);
/// The same, if no controller was asked: every channel was busy, say.
const SHORT_PAUSE: Duration = Duration::from_secs(2);
/// How long a login waits for a list, at most.
const PATIENCE: Duration = Duration::from_secs(3);

/// The list of domains, as this process knows it.
pub struct KnownDomains {
    controllers: Arc<Controllers>,
    config: config::Netlogon,
    store: Store,
    log: LogTarget,
    known: PerProcess<Known>,
}

#[derive(Default)]
struct Known {
    state: Mutex<State>,
    /// A list has come, or none will.
    answered: Condvar,
}

#[derive(Default)]
struct State {
    list: Option<Dated>,
    /// One thread asks.
    asking: bool,
    /// No list came lately: until then, no thread asks.
    failed_until: Option<Instant>,
    /// A controller was asked, and gave no list.
    was_refused: bool,
}

#[derive(Clone)]
struct Dated {
    domains: Arc<Domains>,
    /// How old it was, and when.
    age: Duration,
    learnt: Instant,
}

/// Why no list came, and for how long none is asked for.
struct NoList {
    fault: Fault,
    pause: Duration,
}

impl NoList {
    /// A controller was asked.
    fn is_refusal(&self) -> bool {
        self.pause > SHORT_PAUSE
    }
}

impl From<Error> for NoList {
    fn from(error: Error) -> Self {
        let pause = match error {
            Error::Busy | Error::TimeOver | Error::Outage(_) => SHORT_PAUSE,
            _ => PAUSE,
        };
        let fault = error.into();
        Self { fault, pause }
    }
}

impl Dated {
    fn age(&self, now: Instant) -> Duration {
        self.age + now.saturating_duration_since(self.learnt)
    }
}

impl KnownDomains {
    /// Asks no controller yet.
    pub fn new(controllers: Arc<Controllers>, config: &config::Netlogon, log: LogTarget) -> Self {
        Self {
            controllers,
            config: config.clone(),
            store: Store::new(config),
            log,
            known: PerProcess::new(),
        }
    }

    /// The list, for a login to which it `is_enough` or not: one that is not is asked for anew if it
    /// is half a minute old. None if none could be had within some seconds and by this time.
    pub fn list(
        &self,
        deadline: Deadline,
        is_enough: impl Fn(&Domains) -> bool,
    ) -> Option<Arc<Domains>> {
        let ask = |deadline| self.controllers.domain_trusts(deadline);
        self.list_with(deadline, is_enough, |deadline| {
            ask(deadline).map_err(NoList::from)
        })
    }

    /// Whether logins go on without a list: a controller was asked for one in vain, and the
    /// configuration describes no trusted domain. Else other domains' users wait for the list.
    pub fn can_be_done_without(&self) -> bool {
        let known = self.known.of_this_process(Known::default);
        self.config.trusted_domains.is_empty() && known.lock().was_refused
    }

    /// The other domain that this typed name leads to, by its NetBIOS name in the list at hand: the
    /// row of that name, else the nearest above it. No controller is asked.
    pub fn row_of(&self, typed: &str) -> Option<String> {
        let known = self.known.of_this_process(Known::default);
        let list = known.lock().domains()?;
        list.leads_to(typed).map(|row| row.netbios.clone())
    }

    fn list_with(
        &self,
        deadline: Deadline,
        is_enough: impl Fn(&Domains) -> bool,
        ask: impl FnOnce(Deadline) -> Result<Vec<DomainTrust>, NoList>,
    ) -> Option<Arc<Domains>> {
        let known = self.known.of_this_process(Known::default);
        let deadline = deadline.or_after(PATIENCE.min(self.config.call_timeout));
        let is_fresh = |dated: &Dated, now| {
            let lifetime = match is_enough(&dated.domains) {
                true => LIFETIME,
                false => LIFETIME_FOR_A_MISS,
            };
            dated.age(now) < lifetime
        };
        let mut state = known.lock();
        loop {
            let now = Instant::now();
            let is_paused = state.failed_until.is_some_and(|until| now < until);
            if is_paused
                || state
                    .list
                    .as_ref()
                    .is_some_and(|dated| is_fresh(dated, now))
            {
                return state.domains();
            }
            if !state.asking {
                break;
            }
            if state
                .list
                .as_ref()
                .is_some_and(|dated| is_enough(&dated.domains))
            {
                return state.domains();
            }
            let Some(left) = deadline.remaining() else {
                return state.domains();
            };
            let woken = known.answered.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.asking = true;
        drop(state);

        // Its end takes the lock that is taken below: what is declared first is dropped last.
        let _turn = Turn(known);
        let (kept, learnt) = match self.recall() {
            Some(kept) if is_fresh(&kept, Instant::now()) => (None, Ok(kept)),
            old => (old, ask(deadline).and_then(|trusts| self.keep(trusts))),
        };
        let mut state = known.lock();
        match learnt {
            Ok(dated) => {
                state.list = Some(dated);
                state.failed_until = None;
            }
            Err(why) => {
                state.failed_until = Some(Instant::now() + why.pause);
                state.was_refused |= why.is_refusal();
                // Better an old list of another process than none.
                state.list = state.list.take().or(kept);
                self.warn_of_no_list(&why, state.list.is_some());
            }
        }
        state.domains()
    }

    /// What another process of this host has asked for.
    fn recall(&self) -> Option<Dated> {
        let kept = self.store.recall().ok()?;
        // One of the future is as good as old: the clock was set back.
        let age = seconds_since_1970().checked_sub(kept.asked)?;
        let domains = Domains::new(kept.trusts, &self.config).ok()?;
        Some(Dated {
            domains: Arc::new(domains),
            age: Duration::from_secs(age.into()),
            learnt: Instant::now(),
        })
    }

    /// Takes a controller's list over, and keeps it for the other processes.
    fn keep(&self, trusts: Vec<DomainTrust>) -> Result<Dated, NoList> {
        let domains = Domains::new(trusts.clone(), &self.config).map_err(|problem| NoList {
            fault: Minor::ControllerForged.because(format_args!("the list of domains: {problem}")),
            pause: PAUSE,
        })?;
        // Without it, each process asks for itself; `shared_key` says so in the log.
        let _kept = self.store.keep(&Kept {
            trusts,
            asked: seconds_since_1970(),
        });
        Ok(Dated {
            domains: Arc::new(domains),
            age: Duration::ZERO,
            learnt: Instant::now(),
        })
    }

    fn warn_of_no_list(&self, why: &NoList, has_old: bool) {
        let consequence = match has_old {
            true => "the list from before stays in force",
            false if why.is_refusal() && self.config.trusted_domains.is_empty() => {
                "users of other domains have the one name that was typed, and neither a user \
                 principal name nor a SID"
            }
            false => "users of domains that trusted_domains does not describe are refused",
        };
        log::write(
            self.log,
            Severity::Warning,
            format_args!(
                "the list of trusted domains could not be had, {consequence}; asked again in {}s: {}",
                why.pause.as_secs(),
                why.fault.for_the_log()
            ),
        );
    }
}

impl fmt::Debug for KnownDomains {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("KnownDomains")
            .finish_non_exhaustive()
    }
}

impl State {
    fn domains(&self) -> Option<Arc<Domains>> {
        let list = self.list.as_ref();
        list.map(|dated| Arc::clone(&dated.domains))
    }
}

impl Known {
    /// No state is half made under this lock: a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn of the thread that asks; over when dropped, however it ends.
struct Turn<'a>(&'a Known);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().asking = false;
        self.0.answered.notify_all();
    }
}

#[cfg(test)]
mod tests;
