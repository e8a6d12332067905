//! Logons that a controller keeps under way together.

use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// How long each logon stays after so many as are expected have come: for one too many to come.
const STAY: Duration = Duration::from_millis(100);
/// Longer than any machine takes.
const LIMIT: Duration = Duration::from_secs(60);

/// Counts the logons under way, and keeps each until so many as are expected are.
#[derive(Debug, Default)]
pub struct Gathering {
    state: Mutex<State>,
    came: Condvar,
}

#[derive(Debug, Default)]
struct State {
    now: usize,
    most: usize,
    expected: usize,
}

impl Gathering {
    /// From now on, so many are expected.
    pub fn expect(&self, expected: usize) {
        let mut state = self.lock();
        (state.most, state.expected) = (0, expected);
    }

    /// The most that were under way together.
    pub fn most(&self) -> usize {
        self.lock().most
    }

    /// One more is under way.
    pub fn begin(&self) {
        let mut state = self.lock();
        state.now += 1;
        state.most = state.most.max(state.now);
        self.came.notify_all();
    }

    /// Waits for the others; then the one that waited is answered.
    pub fn end(&self) {
        let is_missing = |state: &mut State| state.most < state.expected;
        let waited = self.came.wait_timeout_while(self.lock(), LIMIT, is_missing);
        let (state, waited) = waited.unwrap();
        assert!(!waited.timed_out(), "{state:?}");
        drop(state);
        thread::sleep(STAY);
        self.lock().now -= 1;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}
