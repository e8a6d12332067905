//! The channels of one process, and who may have one.
//!
//! A channel is taken out for a call and put back after it: no lock is held while anybody waits for
//! the network. Who comes first is served first.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::base::fault::Fault;
use crate::base::net::Deadline;
use crate::dc::Error;
use crate::dc::channel::Channel;
use crate::dc::failure;
use crate::dc::locate::Candidate;
use crate::dc::seconds_since_1970;

/// A channel that was idle for longer is not used again: what is between may have forgotten it.
const MAX_IDLE: Duration = Duration::from_secs(60);
/// When no controller answered, nobody asks for that long; and then one, for all.
const OUTAGE: Duration = Duration::from_secs(2);
/// When controllers refuse our account, that time doubles with each try in vain, up to this: as often
/// may a machine agree on a new key (MS-NRPC 3.1.4.6 step 4).
const LONGEST_OUTAGE: Duration = Duration::from_secs(45);

/// The channels of this process.
pub(super) struct Pool {
    state: Mutex<State>,
    /// A channel came back, was lost, or somebody stopped waiting.
    changed: Condvar,
    /// How many there may be: one call at a time goes over each.
    most: usize,
}

struct State {
    idle: Vec<Idle>,
    /// How many are taken out.
    taken: usize,
    /// How many of them for users of other domains.
    taken_elsewhere: usize,
    /// Who waits, first come first.
    queue: VecDeque<Waiting>,
    next_number: u64,
    /// Counts the times that everything was given up.
    generation: u64,
    outage: Option<Outage>,
}

/// Whose user somebody says he is who logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// Our domain's, or he does not say.
    Ours,
    /// Another domain's: the controller may have to wait for one of theirs, and anybody can name a
    /// domain that hangs. Such logins never have more than half of the channels.
    Elsewhere,
}

struct Waiting {
    number: u64,
    claim: Claim,
}

/// An open channel, and to whom.
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

/// No controller answered, or none knows our account.
struct Outage {
    fault: Fault,
    /// How long nobody asks.
    pause: Duration,
    until: Instant,
    /// One is trying again.
    being_tried: bool,
}

impl Outage {
    fn bars(&self) -> bool {
        self.being_tried || Instant::now() < self.until
    }

    /// How long the next pause is, after this `fault`. An account that is refused needs a person: who
    /// has mended it waits no longer than it has been broken.
    fn next_pause(last: Option<&Self>, fault: &Fault) -> Duration {
        let is_refused = failure::is_account_refused(fault.minor());
        // Those that had begun before, and failed too, were no further tries.
        match last.filter(|last| is_refused && last.being_tried) {
            Some(last) => (last.pause * 2).min(LONGEST_OUTAGE),
            None => OUTAGE,
        }
    }
}

impl Pool {
    /// None is open; `most` may be.
    pub(super) fn new(most: usize) -> Self {
        Self {
            state: Mutex::new(State {
                idle: Vec::new(),
                taken: 0,
                taken_elsewhere: 0,
                queue: VecDeque::new(),
                next_number: 0,
                generation: 0,
                outage: None,
            }),
            changed: Condvar::new(),
            most,
        }
    }

    /// Takes a channel out, or the right to open one.
    ///
    /// # Errors
    /// [`Error::Busy`] when the time is over, [`Error::Outage`] at once when no controller answers.
    pub(super) fn take(&self, deadline: Deadline, claim: Claim) -> Result<Slot<'_>, Error> {
        let mut state = self.lock();
        let number = state.next_number;
        state.next_number = number.wrapping_add(1);
        state.queue.push_back(Waiting { number, claim });
        let refused = loop {
            let outage = state.outage.as_ref().filter(|outage| outage.bars());
            // A channel that is open may serve when no other can be opened.
            if let Some(outage) = outage.filter(|_| state.idle.is_empty()) {
                break Some(Error::Outage(outage.fault.clone()));
            }
            if self.is_turn_of(number, &state) {
                break None;
            }
            let Some(left) = deadline.remaining() else {
                break Some(Error::Busy);
            };
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        };
        state.queue.retain(|waiting| waiting.number != number);
        let slot = match refused {
            Some(error) => Err(error),
            None => Ok(self.slot(&mut state, claim)),
        };
        // The next may have its turn too.
        self.wake(state);
        slot
    }

    /// Whether a channel is free for this one, and no earlier one waits for it.
    fn is_turn_of(&self, number: u64, state: &State) -> bool {
        let has_room = |claim| match claim {
            Claim::Ours => state.taken < self.most,
            Claim::Elsewhere => {
                state.taken < self.most && state.taken_elsewhere < self.most.div_ceil(2)
            }
        };
        let mut queue = state.queue.iter();
        let next = queue.find(|waiting| has_room(waiting.claim));
        next.is_some_and(|next| next.number == number)
    }

    /// Unlocks, and wakes those who wait: a system call, so only if somebody does.
    fn wake(&self, state: MutexGuard<'_, State>) {
        let is_awaited = !state.queue.is_empty();
        drop(state);
        if is_awaited {
            self.changed.notify_all();
        }
    }

    fn slot(&self, state: &mut State, claim: Claim) -> Slot<'_> {
        state.taken += 1;
        state.taken_elsewhere += usize::from(claim == Claim::Elsewhere);
        let now = seconds_since_1970();
        state.idle.retain(|idle| idle.is_usable(now));
        let mut open = None;
        while let Some(idle) = state.idle.pop() {
            if idle.open.channel.is_quiet() {
                open = Some(idle.open);
                break;
            }
        }
        if let Some(outage) = &mut state.outage {
            outage.being_tried = true;
        }
        Slot {
            pool: self,
            claim,
            generation: state.generation,
            open,
            tries_for_all: state.outage.is_some(),
        }
    }

    /// Gives up all idle channels to a controller that does not answer.
    pub(super) fn forget(&self, controller: &Candidate) {
        let mut state = self.lock();
        state
            .idle
            .retain(|idle| idle.open.controller != *controller);
    }

    /// Gives up all channels, and whatever is said to be in the way: the machine account has another
    /// secret.
    pub(super) fn begin_anew(&self) {
        let mut state = self.lock();
        state.idle.clear();
        state.outage = None;
        state.generation = state.generation.wrapping_add(1);
        self.wake(state);
    }

    /// Whoever asks within the next moments is told this.
    pub(super) fn nobody_answers(&self, fault: Fault) {
        let mut state = self.lock();
        let pause = Outage::next_pause(state.outage.as_ref(), &fault);
        state.outage = Some(Outage {
            fault,
            pause,
            until: Instant::now() + pause,
            being_tried: false,
        });
        self.wake(state);
    }

    /// Somebody answers, or what is in the way is with us.
    pub(super) fn outage_is_over(&self) {
        self.lock().outage = None;
    }

    /// Nothing is left half done under this lock: a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to use one channel; given back when dropped, with the channel that it then holds.
pub(super) struct Slot<'a> {
    pool: &'a Pool,
    claim: Claim,
    /// A channel of an earlier one does not come back.
    generation: u64,
    pub(super) open: Option<Open>,
    tries_for_all: bool,
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let idle = self.open.take().map(|open| Idle {
            open,
            since: Instant::now(),
        });
        let mut state = self.pool.lock();
        state.taken = state.taken.saturating_sub(1);
        if self.claim == Claim::Elsewhere {
            state.taken_elsewhere = state.taken_elsewhere.saturating_sub(1);
        }
        if self.generation == state.generation {
            state.idle.extend(idle);
        }
        if self.tries_for_all
            && let Some(outage) = &mut state.outage
        {
            outage.being_tried = false;
        }
        self.pool.wake(state);
    }
}

#[cfg(test)]
mod tests;
