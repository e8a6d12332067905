//! The connections of this process: how many there may be, and which are idle.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::no_answer::{NoAnswer, NoAnswerKind};
use super::standing::Standing;
use crate::base::net::Deadline;
use crate::directory::client::Client;

/// The places for questions under way, and what is known of the servers.
pub(super) struct Places {
    state: Mutex<State>,
    freed: Condvar,
}

struct State {
    /// How many questions may begin.
    free: usize,
    idle: Vec<Idle>,
    servers: Vec<Standing>,
}

/// A connection on which no question is under way.
pub(super) struct Idle {
    pub(super) server: usize,
    pub(super) client: Client,
}

/// The right to one connection. Given back when dropped.
pub(super) struct Place<'a>(&'a Places);

impl Places {
    pub(super) fn new(most: usize, servers: usize) -> Self {
        Self {
            state: Mutex::new(State {
                free: most,
                idle: Vec::new(),
                servers: (0..servers).map(|_| Standing::default()).collect(),
            }),
            freed: Condvar::new(),
        }
    }

    /// Waits for a place. `None`: there was none by the deadline.
    pub(super) fn take(&self, deadline: Deadline) -> Option<Place<'_>> {
        let mut state = self.lock();
        while state.free == 0 {
            let left = deadline.remaining()?;
            let woken = self.freed.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.free -= 1;
        Some(Place(self))
    }

    /// Nothing is left half done under this lock: a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.lock().free += 1;
        self.0.freed.notify_one();
    }
}

impl Place<'_> {
    /// An idle connection that is open, to the first of the servers that are asked now. `None` also
    /// if a server before it has become one to ask: that one is connected to.
    pub(super) fn idle(&self, now: Instant) -> Option<Idle> {
        let mut state = self.0.lock();
        // Closed ones are dropped after the lock.
        let (open, closed) = state.idle.drain(..).partition(|one| one.client.is_quiet());
        state.idle = open;
        let first = state.servers.iter().position(|one| one.is_asked(now));
        let best = (0..state.idle.len()).min_by_key(|at| state.idle.get(*at).map(|one| one.server));
        let found = best.filter(|at| {
            let server = state.idle.get(*at).map(|one| one.server);
            first.is_none_or(|first| server <= Some(first))
        });
        let taken = found.map(|at| state.idle.swap_remove(at));
        drop(state);
        drop::<Vec<Idle>>(closed);
        taken
    }

    /// The next server to connect to. `None`: all are passed over.
    pub(super) fn next_server(&self, now: Instant) -> Option<usize> {
        let mut state = self.0.lock();
        let next = state.servers.iter().position(|one| one.is_asked(now))?;
        state.servers.get_mut(next)?.begin(now);
        Some(next)
    }

    /// The server did not answer: it is passed over, and its idle connections are dropped.
    pub(super) fn failed(&self, server: usize, now: Instant, problem: &NoAnswer) {
        let mut state = self.0.lock();
        if let Some(standing) = state.servers.get_mut(server) {
            standing.failed(now, problem);
        }
        let all = state.idle.drain(..);
        let (gone, left): (Vec<Idle>, Vec<Idle>) = all.partition(|one| one.server == server);
        state.idle = left;
        drop(state);
        drop(gone);
    }

    /// The server answered; the connection waits for the next question. Those to servers after it
    /// are not needed any more.
    pub(super) fn keep(self, idle: Idle) {
        let mut state = self.0.lock();
        if let Some(standing) = state.servers.get_mut(idle.server) {
            standing.answered();
        }
        let all = state.idle.drain(..);
        let (kept, dropped): (Vec<Idle>, Vec<Idle>) =
            all.partition(|one| one.server <= idle.server);
        state.idle = kept;
        state.idle.push(idle);
        drop(state);
        drop(dropped);
    }

    /// Why no server is asked now.
    pub(super) fn known_problem(&self) -> NoAnswer {
        let state = self.0.lock();
        let problems = state.servers.iter().filter_map(Standing::problem);
        let mut known = NoAnswer::all(problems.cloned().collect()).unwrap_or(NoAnswer {
            kind: NoAnswerKind::Timeout,
            text: "no time was left to ask a server".to_owned(),
        });
        known.text.push_str("; tried again after a pause");
        known
    }
}
