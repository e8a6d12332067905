//! The channels of one process, and which login may use one.
//!
//! A channel is taken out for a call and put back after it, so no lock is held during I/O. Logins
//! are served in the order in which they came, within the share of the channels of their kind. A
//! waiting login is woken when it is its turn or when it is refused.

mod outage;
mod queue;
mod silent_domains;

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::base::clock::seconds_since_1970;
use crate::base::counters::{Counters, Gauge};
use crate::base::fault::Fault;
use crate::base::net::Deadline;
use crate::dc::channel::Channel;
use crate::dc::claim::{Claim, Share};
use crate::dc::error::Error;
use crate::dc::locate::Candidate;
use outage::Outage;
use queue::{Place, Queue, Taken};
use silent_domains::{Barred, SilentDomains, Trial};

/// A channel that was idle for longer is not used again: a firewall on the way may have dropped it.
const MAX_IDLE: Duration = Duration::from_secs(60);
/// How many logins of other domains may wait, for each channel.
const MAX_WAITING: usize = 4;
/// How long a login that may depend on another domain waits while none of its share is answered.
const STALL: Duration = Duration::from_secs(5);

/// The channels of this process.
pub(super) struct Pool {
    state: Mutex<State>,
    /// How many there may be. Each carries one call at a time.
    most: usize,
    counters: Counters,
}

struct State {
    idle: Vec<Idle>,
    taken: Taken,
    queue: Queue,
    /// Counts how often all channels were dropped.
    generation: u64,
    outage: Option<Outage>,
    silent_domains: SilentDomains,
    /// When a login was last answered: by which controller, and in which share.
    last_answer: Option<(IpAddr, Instant)>,
    last_unnamed: Option<Instant>,
    last_elsewhere: Option<Instant>,
    gauge: Gauge,
}

/// An open channel and its controller.
pub(super) struct Open {
    pub(super) controller: Candidate,
    pub(super) channel: Channel,
}

struct Idle {
    open: Open,
    since: Instant,
}

impl Idle {
    /// `now` in seconds since 1970.
    fn is_usable(&self, now: u32) -> bool {
        self.since.elapsed() <= MAX_IDLE && self.open.channel.is_young(now)
    }
}

impl State {
    /// Why a login of this claim is refused at once, if it is.
    fn refusal(&self, claim: &Claim) -> Option<Error> {
        let now = Instant::now();
        if let Some(domain) = claim.other_domain()
            && let Some(barred) = self.silent_domains.bars(domain, now)
        {
            return Some(match barred {
                Barred::Silent => Error::SilentDomain(domain.to_owned()),
                Barred::OneAtATime => Error::Crowded,
            });
        }
        // An open channel may serve even if no other can be opened.
        let outage = self.outage.as_ref().filter(|outage| outage.bars(now));
        let outage = outage.filter(|_| self.idle.is_empty())?;
        Some(Error::Outage(outage.fault.clone()))
    }

    /// How much longer a login may wait that has waited since `since`.
    fn patience(&self, since: Instant, share: Share, deadline: Deadline) -> Option<Duration> {
        let left = deadline.remaining()?;
        let last = match share {
            Share::Ours => return Some(left),
            Share::Unnamed => self.last_unnamed,
            Share::Elsewhere => self.last_elsewhere,
        };
        let stalled = last.map_or(since, |last| last.max(since)).elapsed();
        let patience = STALL.checked_sub(stalled)?;
        Some(left.min(patience)).filter(|patience| !patience.is_zero())
    }

    /// An open channel that can be used.
    fn reuse(&mut self) -> Option<Open> {
        let now = seconds_since_1970();
        self.idle.retain(|idle| idle.is_usable(now));
        while let Some(idle) = self.idle.pop() {
            if idle.open.channel.is_quiet() {
                return Some(idle.open);
            }
        }
        None
    }

    /// Shows how many channels and waiting logins there are.
    fn show(&mut self) {
        let connections = self.idle.len() + self.taken.count();
        self.gauge.set(connections, self.queue.len());
    }

    fn answered(&mut self, claim: &Claim, controller: IpAddr, now: Instant) {
        self.last_answer = Some((controller, now));
        match claim {
            Claim::Ours => {}
            Claim::Unnamed => self.last_unnamed = Some(now),
            Claim::Elsewhere(domain) => {
                self.last_elsewhere = Some(now);
                self.silent_domains.answered(domain);
            }
        }
    }
}

impl Pool {
    /// An empty pool of up to `most` channels.
    pub(super) fn new(most: usize, counters: Counters) -> Self {
        Self {
            state: Mutex::new(State {
                idle: Vec::new(),
                taken: Taken::none_of(most),
                queue: Queue::default(),
                generation: 0,
                outage: None,
                silent_domains: SilentDomains::default(),
                last_answer: None,
                last_unnamed: None,
                last_elsewhere: None,
                gauge: counters.gauge(),
            }),
            most,
            counters,
        }
    }

    /// Takes a channel out, or the right to open one.
    ///
    /// # Errors
    /// [`Error::Busy`] when the time is over; at once [`Error::Outage`] when no controller answers,
    /// [`Error::SilentDomain`] when the other domain does not, and [`Error::Crowded`] when too many
    /// logins of other domains wait, or names of silent ones are tried one at a time.
    pub(super) fn take<'a>(
        &'a self,
        deadline: Deadline,
        claim: &'a Claim,
    ) -> Result<Slot<'a>, Error> {
        let mut state = self.lock();
        if let Some(error) = state.refusal(claim) {
            return Err(error);
        }
        let share = claim.share();
        if !state.queue.is_turn_of_newcomer(share, &state.taken) {
            let is_full = state.queue.count(share) >= self.most * MAX_WAITING;
            if share == Share::Elsewhere && is_full {
                return Err(Error::Crowded);
            }
            let place = state.queue.join(claim);
            state.show();
            let waited = self.wait(state, &place, deadline, claim);
            state = waited.0;
            state.queue.leave(&place);
            state.show();
            if let Err(error) = waited.1 {
                // Passes on the turn that this login was woken for.
                state.queue.ring_next(&state.taken);
                return Err(error);
            }
        }
        Ok(self.slot(state, claim))
    }

    /// Waits until it is the turn of this place.
    fn wait<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        place: &Place,
        deadline: Deadline,
        claim: &Claim,
    ) -> (MutexGuard<'a, State>, Result<(), Error>) {
        let since = Instant::now();
        loop {
            if let Some(error) = state.refusal(claim) {
                return (state, Err(error));
            }
            if state.queue.is_turn_of(place, &state.taken) {
                return (state, Ok(()));
            }
            let Some(patience) = state.patience(since, claim.share(), deadline) else {
                return (state, Err(Error::Busy));
            };
            let woken = place.bell.wait_timeout(state, patience);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn slot<'a>(&'a self, mut state: MutexGuard<'_, State>, claim: &'a Claim) -> Slot<'a> {
        state.taken.take(claim.share());
        let open = state.reuse();
        let mut tries_for_all = false;
        if open.is_none()
            && let Some(outage) = &mut state.outage
        {
            outage.being_tried = true;
            tries_for_all = true;
        }
        let trial = match claim.other_domain() {
            Some(domain) => state.silent_domains.begin_trial(domain),
            None => Trial::None,
        };
        state.show();
        // There may be room for the next one too.
        state.queue.ring_next(&state.taken);
        Slot {
            pool: self,
            claim,
            generation: state.generation,
            open,
            answered: None,
            tries_for_all,
            trial,
        }
    }

    /// Drops every idle channel to an unresponsive controller.
    pub(super) fn forget(&self, controller: &Candidate) {
        let mut state = self.lock();
        state
            .idle
            .retain(|idle| idle.open.controller != *controller);
        state.show();
    }

    /// Drops all channels and ends the outage: the secret of the machine account has changed.
    pub(super) fn begin_anew(&self) {
        let mut state = self.lock();
        state.idle.clear();
        state.outage = None;
        self.counters.outage(None);
        state.show();
        state.generation = state.generation.wrapping_add(1);
    }

    /// Begins or prolongs an outage: logins of the next moments fail with this fault.
    pub(super) fn no_controller_answers(&self, fault: Fault) {
        let mut state = self.lock();
        self.counters.outage(Some(fault.minor()));
        state.outage = Some(Outage::after(state.outage.as_ref(), fault, Instant::now()));
        state.queue.ring_all();
    }

    /// Ends the outage: a controller answered, or the fault is local.
    pub(super) fn outage_is_over(&self) {
        if self.lock().outage.take().is_some() {
            self.counters.outage(None);
        }
    }

    /// Refuses the logins of another domain for a while: it did not answer our controller.
    pub(super) fn domain_is_silent(&self, domain: &str) {
        let mut state = self.lock();
        state.silent_domains.fell_silent(domain, Instant::now());
        state.queue.ring_domain(domain);
    }

    /// Whether the controller has answered a login since `then`, on any channel.
    pub(super) fn has_answered_since(&self, controller: &Candidate, then: Instant) -> bool {
        let last = self.lock().last_answer;
        last.is_some_and(|(address, at)| address == controller.address && at >= then)
    }

    /// No change under this lock is left half done, so a poisoned lock can be used.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to use one channel; given back when dropped, with the channel that it then holds.
pub(super) struct Slot<'a> {
    pool: &'a Pool,
    claim: &'a Claim,
    /// A channel of an earlier generation is not put back.
    generation: u64,
    pub(super) open: Option<Open>,
    /// The controller that answered.
    answered: Option<IpAddr>,
    tries_for_all: bool,
    trial: Trial,
}

impl<'a> Slot<'a> {
    pub(super) fn claim(&self) -> &'a Claim {
        self.claim
    }

    /// Records that the controller gave a verdict.
    pub(super) fn answered(&mut self, controller: &Candidate) {
        self.answered = Some(controller.address);
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        let idle = self.open.take().map(|open| Idle { open, since: now });
        let mut state = self.pool.lock();
        state.taken.give_back(self.claim.share());
        if self.generation == state.generation {
            state.idle.extend(idle);
        }
        if self.tries_for_all
            && let Some(outage) = &mut state.outage
        {
            outage.being_tried = false;
        }
        if let Some(domain) = self.claim.other_domain() {
            state.silent_domains.end_trial(domain, self.trial);
        }
        if let Some(controller) = self.answered {
            state.answered(self.claim, controller, now);
            self.pool.counters.answered(controller);
        }
        state.show();
        state.queue.ring_next(&state.taken);
    }
}

#[cfg(test)]
mod tests;
