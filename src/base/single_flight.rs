//! One thread works for all: the others wait for what it learns, or take what is already known.
//!
//! ```text
//! look ── a result ──────────────────► Done
//!  ▲ └─── none, no thread works ─────► Turn: this thread works, stores the result, ends its turn
//!  │ └─── none, another thread works ─► wait ── the deadline is over ──► TimedOut
//!  └──────────── told, or its turn is over ─┘
//! ```

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::base::net::Deadline;

/// A value that one thread at a time brings up to date.
#[derive(Default)]
pub struct SingleFlight<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Default)]
struct State<T> {
    value: T,
    /// One thread has the turn.
    is_taken: bool,
}

/// How [`SingleFlight::enter`] ended.
pub enum Entered<'a, T, R> {
    /// The value was enough.
    Done(R),
    /// The caller is to work, and the others wait.
    Turn(Turn<'a, T>),
    /// Another thread works, and was not ready in time.
    TimedOut,
}

impl<T> SingleFlight<T> {
    /// No thread works yet.
    pub const fn new(value: T) -> Self {
        Self {
            state: Mutex::new(State {
                value,
                is_taken: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// Looks at the value until `look` gives a result, or until it is the caller's turn to work.
    /// The second argument of `look` tells whether another thread works.
    pub fn enter<R>(
        &self,
        deadline: Deadline,
        mut look: impl FnMut(&mut T, bool) -> Option<R>,
    ) -> Entered<'_, T, R> {
        let mut state = self.lock();
        loop {
            let is_taken = state.is_taken;
            if let Some(result) = look(&mut state.value, is_taken) {
                return Entered::Done(result);
            }
            if !is_taken {
                state.is_taken = true;
                return Entered::Turn(Turn(self));
            }
            let Some(left) = deadline.remaining() else {
                return Entered::TimedOut;
            };
            let woken = self.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Reads or changes the value. `act` must not wait for anything.
    pub fn with<R>(&self, act: impl FnOnce(&mut T) -> R) -> R {
        act(&mut self.lock().value)
    }

    /// Nothing is left half done under this lock: a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn of the thread that works; over when dropped, however it ends.
pub struct Turn<'a, T>(&'a SingleFlight<T>);

impl<T> Turn<'_, T> {
    /// Stores a part of what was learnt, and wakes those who wait for it.
    pub fn tell<R>(&self, act: impl FnOnce(&mut T) -> R) -> R {
        let result = self.0.with(act);
        self.0.changed.notify_all();
        result
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        self.0.lock().is_taken = false;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(60);

    fn known(value: &mut Option<u8>, _is_taken: bool) -> Option<u8> {
        *value
    }

    #[test]
    fn the_others_get_what_one_thread_learns() {
        let flight = SingleFlight::new(None);
        let Entered::Turn(turn) = flight.enter(Deadline::after(LONG), known) else {
            panic!("no turn");
        };
        thread::scope(|scope| {
            let other = scope.spawn(|| match flight.enter(Deadline::after(LONG), known) {
                Entered::Done(value) => value,
                _ => panic!("it worked, or waited in vain"),
            });
            turn.tell(|value| *value = Some(7));
            assert_eq!(other.join().unwrap(), 7);
        });
    }

    #[test]
    fn the_wait_ends_with_the_deadline_and_an_old_value_may_do() {
        let flight = SingleFlight::new(None::<u8>);
        let _turn = flight.enter(Deadline::after(LONG), known);
        let soon = Deadline::after(Duration::from_millis(1));
        assert!(matches!(flight.enter(soon, known), Entered::TimedOut));
        let old = |_: &mut Option<u8>, is_taken: bool| is_taken.then_some(1);
        let entered = flight.enter(Deadline::after(LONG), old);
        assert!(matches!(entered, Entered::Done(1)));
    }

    #[test]
    fn a_turn_ends_with_a_panic_too() {
        let flight = SingleFlight::new(None::<u8>);
        thread::scope(|scope| {
            let failing = scope.spawn(|| {
                let _turn = flight.enter(Deadline::after(LONG), known);
                panic!("in the turn");
            });
            assert!(failing.join().is_err());
        });
        let entered = flight.enter(Deadline::after(LONG), known);
        assert!(matches!(entered, Entered::Turn(_)));
    }
}
