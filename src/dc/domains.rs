//! The list of trusted domains, as our own controller gives it. Asked for when a login needs it,
//! and cached.
//!
//! An answer about a user of a trusted domain was written by that domain's controller. It is
//! checked against the list, which comes from our own controller over the sealed channel.
//!
//! One thread of a process asks, within a short time. The others wait for it, or use an older list.
//! A list that cannot be renewed stays in force. Without a list, logins go on
//! (`login::verify::netlogon::route` says how), and a controller is asked again a minute later.

mod fetch;
mod list;
mod store;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::clock::seconds_since_1970;
use crate::base::config::{self, LogTarget};
use crate::base::fault::{Fault, Minor};
use crate::base::log::{self, Severity};
use crate::base::net::Deadline;
use crate::base::process::PerProcess;
use crate::base::single_flight::{Entered, SingleFlight, Turn};
use crate::dc::error::Error;
use crate::dc::failover::Controllers;
use crate::protocol::rpc::netlogon::domain_trusts::DomainTrust;
use store::{Kept, Store};

pub use list::{Domain, Domains, Kind, is_below};
#[cfg(feature = "fuzzing")]
pub use store::reencoded_domains;

/// How old a list is when it is asked for again.
const LIFETIME: Duration = Duration::from_secs(10 * 60);
/// The same, if a login is about a domain that is not in the list: it may be a new one.
const LIFETIME_FOR_A_MISS: Duration = Duration::from_secs(30);
/// The pause after a failure, before a list is asked for again.
const PAUSE: Duration = Duration::from_secs(60);
/// The same, if no controller was asked, for instance because every channel was busy.
const SHORT_PAUSE: Duration = Duration::from_secs(2);
/// The longest wait of a login for a list.
const PATIENCE: Duration = Duration::from_secs(3);

/// The list of domains, as this process knows it.
pub struct KnownDomains {
    controllers: Arc<Controllers>,
    config: config::Netlogon,
    store: Store,
    log: LogTarget,
    known: PerProcess<SingleFlight<ListState>>,
}

/// What this process knows.
#[derive(Default)]
struct ListState {
    list: Option<Dated>,
    /// No list came lately, so no thread asks until then.
    failed_until: Option<Instant>,
    /// A controller was asked, and gave no list.
    was_refused: bool,
}

impl ListState {
    fn domains(&self) -> Option<Arc<Domains>> {
        let list = self.list.as_ref();
        list.map(|dated| Arc::clone(&dated.domains))
    }
}

#[derive(Clone)]
struct Dated {
    domains: Arc<Domains>,
    /// How old it was when this process got it.
    age: Duration,
    learnt: Instant,
}

/// Why there is no list, and the pause before one is asked for again.
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

    /// Whether it need not be asked for again. One that is not enough for a login lives shorter.
    fn is_fresh(&self, is_enough: impl Fn(&Domains) -> bool, now: Instant) -> bool {
        let lifetime = match is_enough(&self.domains) {
            true => LIFETIME,
            false => LIFETIME_FOR_A_MISS,
        };
        self.age(now) < lifetime
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

    /// The list. If it is not `is_enough` for the login, it is asked for again once it is half a
    /// minute old. `None` if there is none within some seconds and by the deadline.
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

    /// Whether logins go on without a list: a controller gave none, and the configuration describes
    /// no trusted domain. Else users of other domains wait for the list.
    pub fn can_be_done_without(&self) -> bool {
        self.config.trusted_domains.is_empty() && self.known().with(|known| known.was_refused)
    }

    /// The NetBIOS name of the domain that this typed name leads to, in the cached list: the domain
    /// of that name, else the nearest above it. Asks no controller.
    pub fn row_of(&self, typed: &str) -> Option<String> {
        let list = self.loaded()?;
        list.leads_to(typed).map(|row| row.netbios.clone())
    }

    /// The list that this process has. Asks no controller and reads no file.
    pub fn loaded(&self) -> Option<Arc<Domains>> {
        self.known().with(|known| known.domains())
    }

    fn list_with(
        &self,
        deadline: Deadline,
        is_enough: impl Fn(&Domains) -> bool,
        ask: impl FnOnce(Deadline) -> Result<Vec<DomainTrust>, NoList>,
    ) -> Option<Arc<Domains>> {
        let deadline = deadline.or_after(PATIENCE.min(self.config.call_timeout));
        let entered = self.known().enter(deadline, |known, is_being_asked| {
            let now = Instant::now();
            let list = known.list.as_ref();
            let is_paused = known.failed_until.is_some_and(|until| now < until);
            let is_fresh = list.is_some_and(|dated| dated.is_fresh(&is_enough, now));
            let will_do = is_being_asked && list.is_some_and(|dated| is_enough(&dated.domains));
            (is_paused || is_fresh || will_do).then(|| known.domains())
        });
        match entered {
            Entered::Done(domains) => domains,
            Entered::TimedOut => self.known().with(|known| known.domains()),
            Entered::Turn(turn) => self.renew(&turn, deadline, &is_enough, ask),
        }
    }

    /// Takes over the list of another process if that is fresh, else asks for one.
    fn renew(
        &self,
        turn: &Turn<'_, ListState>,
        deadline: Deadline,
        is_enough: impl Fn(&Domains) -> bool,
        ask: impl FnOnce(Deadline) -> Result<Vec<DomainTrust>, NoList>,
    ) -> Option<Arc<Domains>> {
        let (kept, learnt) = match self.recall() {
            Some(kept) if kept.is_fresh(is_enough, Instant::now()) => (None, Ok(kept)),
            old => (old, ask(deadline).and_then(|trusts| self.keep(trusts))),
        };
        turn.tell(|known| {
            match learnt {
                Ok(dated) => {
                    known.list = Some(dated);
                    known.failed_until = None;
                }
                Err(why) => {
                    known.failed_until = Some(Instant::now() + why.pause);
                    known.was_refused |= why.is_refusal();
                    // An old list of another process is better than none.
                    known.list = known.list.take().or(kept);
                    self.warn_of_no_list(&why, known.list.is_some());
                }
            }
            known.domains()
        })
    }

    fn known(&self) -> &SingleFlight<ListState> {
        self.known.of_this_process(SingleFlight::default)
    }

    /// The list that another process of this host has stored.
    fn recall(&self) -> Option<Dated> {
        let kept = self.store.recall().ok()?;
        // A list from the future counts as old: the clock was set back.
        let age = seconds_since_1970().checked_sub(kept.asked)?;
        let domains = Domains::new(kept.trusts, &self.config).ok()?;
        Some(Dated {
            domains: Arc::new(domains),
            age: Duration::from_secs(age.into()),
            learnt: Instant::now(),
        })
    }

    /// Takes over a controller's list, and stores it for the other processes.
    fn keep(&self, trusts: Vec<DomainTrust>) -> Result<Dated, NoList> {
        let domains = Domains::new(trusts.clone(), &self.config).map_err(|problem| NoList {
            fault: Minor::ControllerForged.because(format_args!("the list of domains: {problem}")),
            pause: PAUSE,
        })?;
        // If it cannot be stored, each process asks for itself. `shared_key` logs that.
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
                "the list of trusted domains could not be had, {consequence}; \
                 asked again in {}s: {}",
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

#[cfg(test)]
mod tests;
