//! The channels of one process, and who may have one.
//!
//! A channel is taken out for a call and put back after it: no lock is held while anybody waits for
//! the network. Who comes first is served first.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::dc::Error;
use crate::dc::channel::Channel;
use crate::dc::locate::Candidate;
use crate::fault::{Fault, Minor};
use crate::net::Deadline;

/// A channel that was idle for longer is not used again: what is between may have forgotten it.
const MAX_IDLE: Duration = Duration::from_secs(60);
/// When no controller answered, nobody asks for that long; and then one, for all.
const OUTAGE: Duration = Duration::from_secs(2);
/// When controllers refuse our account, that time doubles with each try in vain, up to this: as often
/// may a machine agree on a new key (MS-NRPC 3.1.4.6 step 4).
const LONGEST_OUTAGE: Duration = Duration::from_secs(45);

/// The channels of this process.
pub(super) struct Channels {
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
    /// Who waits, by number, first come first.
    queue: VecDeque<u64>,
    next_number: u64,
    outage: Option<Outage>,
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
        let is_refused = matches!(
            fault.minor(),
            Minor::MachineSecretRefused | Minor::MachineAccountUnknown
        );
        // Those that had begun before, and failed too, were no further tries.
        match last.filter(|last| is_refused && last.being_tried) {
            Some(last) => (last.pause * 2).min(LONGEST_OUTAGE),
            None => OUTAGE,
        }
    }
}

impl Channels {
    /// None is open; `most` may be.
    pub(super) fn new(most: usize) -> Self {
        Self {
            state: Mutex::new(State {
                idle: Vec::new(),
                taken: 0,
                queue: VecDeque::new(),
                next_number: 0,
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
    pub(super) fn take(&self, deadline: Deadline) -> Result<Slot<'_>, Error> {
        let mut state = self.lock();
        let number = state.next_number;
        state.next_number = number.wrapping_add(1);
        state.queue.push_back(number);
        let refused = loop {
            let outage = state.outage.as_ref().filter(|outage| outage.bars());
            // A channel that is open may serve when no other can be opened.
            if let Some(outage) = outage.filter(|_| state.idle.is_empty()) {
                break Some(Error::Outage(outage.fault.clone()));
            }
            if state.queue.front() == Some(&number) && state.taken < self.most {
                break None;
            }
            let Some(left) = deadline.remaining() else {
                break Some(Error::Busy);
            };
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        };
        state.queue.retain(|waiting| *waiting != number);
        let slot = match refused {
            Some(error) => Err(error),
            None => Ok(self.slot(&mut state)),
        };
        // The next may have its turn too.
        self.wake(state);
        slot
    }

    /// Unlocks, and wakes those who wait: a system call, so only if somebody does.
    fn wake(&self, state: MutexGuard<'_, State>) {
        let is_awaited = !state.queue.is_empty();
        drop(state);
        if is_awaited {
            self.changed.notify_all();
        }
    }

    fn slot(&self, state: &mut State) -> Slot<'_> {
        state.taken += 1;
        state.idle.retain(|idle| idle.since.elapsed() <= MAX_IDLE);
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
            channels: self,
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
    channels: &'a Channels,
    pub(super) open: Option<Open>,
    tries_for_all: bool,
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let idle = self.open.take().map(|open| Idle {
            open,
            since: Instant::now(),
        });
        let mut state = self.channels.lock();
        state.taken = state.taken.saturating_sub(1);
        state.idle.extend(idle);
        if self.tries_for_all
            && let Some(outage) = &mut state.outage
        {
            outage.being_tried = false;
        }
        self.channels.wake(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn long() -> Deadline {
        Deadline::after(Duration::from_secs(10))
    }

    #[test]
    fn nobody_waits_longer_than_the_budget() {
        let channels = Channels::new(2);
        let _taken = [channels.take(long()), channels.take(long())].map(Result::unwrap);
        let waited = Instant::now();
        let soon = Deadline::after(Duration::from_millis(30));
        assert!(matches!(channels.take(soon), Err(Error::Busy)));
        assert!(waited.elapsed() >= Duration::from_millis(30));
        assert!(channels.lock().queue.is_empty());
    }

    #[test]
    fn first_come_first_served() {
        let channels = Channels::new(1);
        let served = Mutex::new(Vec::new());
        let taken = channels.take(long()).unwrap();
        thread::scope(|scope| {
            for number in 0..8 {
                let (channels, served) = (&channels, &served);
                scope.spawn(move || {
                    let _slot = channels.take(long()).unwrap();
                    served.lock().unwrap().push(number);
                });
                while channels.lock().queue.len() <= number {
                    thread::yield_now();
                }
            }
            drop(taken);
        });
        assert_eq!(*served.lock().unwrap(), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(channels.lock().taken, 0);
    }

    #[test]
    fn in_an_outage_one_tries_for_all() {
        let channels = Channels::new(2);
        let fault = Fault::from(Minor::ControllerUnreachable);
        let is_barred = || matches!(channels.take(long()), Err(Error::Outage(_)));
        thread::scope(|scope| {
            let taken = [channels.take(long()), channels.take(long())].map(Result::unwrap);
            let waiting = scope.spawn(is_barred);
            while channels.lock().queue.is_empty() {
                thread::yield_now();
            }
            // Who waits is told at once, too.
            channels.nobody_answers(fault.clone());
            assert!(waiting.join().unwrap());
            drop(taken);
        });
        assert!(is_barred());

        let later = |channels: &Channels| {
            channels.lock().outage.as_mut().unwrap().until = Instant::now();
        };
        later(&channels);
        let trying = channels.take(long()).unwrap();
        assert!(is_barred(), "one is trying");
        drop(trying);
        let trying = channels.take(long()).unwrap();
        channels.nobody_answers(fault);
        drop(trying);
        assert!(is_barred(), "it did not work");

        later(&channels);
        let trying = channels.take(long()).unwrap();
        channels.outage_is_over();
        assert!(channels.take(long()).is_ok(), "it did");
        drop(trying);
    }

    #[test]
    fn an_account_that_is_refused_is_tried_less_and_less_often() {
        let channels = Channels::new(2);
        let fail = |minor: Minor| {
            if let Some(outage) = channels.lock().outage.as_mut() {
                outage.until = Instant::now();
            }
            let both = [channels.take(long()), channels.take(long())];
            let asked = both.iter().filter(|slot| slot.is_ok()).count();
            for _ in 0..asked {
                channels.nobody_answers(minor.into());
            }
            channels.lock().outage.as_ref().unwrap().pause.as_secs()
        };
        // Two begin at once, and find it out at once; later it is one, for both.
        let refused = Minor::MachineSecretRefused;
        let pauses = [(); 7].map(|()| fail(refused));
        assert_eq!(pauses, [2, 4, 8, 16, 32, 45, 45]);
        assert_eq!(fail(Minor::ControllerUnreachable), 2, "may be back at once");
        assert_eq!(fail(Minor::MachineAccountUnknown), 4);
        channels.outage_is_over();
        assert_eq!(fail(refused), 2);
    }
}
