//! Which controllers are asked, and in which order.
//!
//! A list in the configuration keeps its order, or is spread. Without one, DNS knows the controllers, and a ping
//! each (CLDAP) finds the one that is near and at work. What was found is kept for some minutes, and
//! shared with the other processes of the host. Nothing that is learnt here is proven, nor need it be: a controller
//! proves itself when the channel is opened.

mod candidate;
mod found_file;
#[cfg(test)]
mod imitation;
mod network;
mod ping;
mod ranking;
mod resolver;
mod search;

use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::base::config::{self, ControllerOrder};
use crate::base::crypto;
use crate::base::net::Deadline;
use crate::base::process::PerProcess;
use crate::dc::error::Error;
pub(crate) use crate::dc::locate::candidate::Candidate;
use crate::dc::locate::found_file::FoundFile;
use crate::dc::locate::network::Network;
use crate::dc::locate::ping::Outcome;
use crate::dc::locate::ranking::{Advice, Memory, Preference};
use crate::dc::locate::resolver::Resolver;
use crate::protocol::cldap::{self, Identity};

pub(super) use ranking::AVOIDED;

/// Knows the controllers of a domain.
pub(crate) struct Locator {
    config: config::Netlogon,
    known: PerProcess<Known>,
}

/// What this process knows.
struct Known {
    state: Mutex<State>,
    /// A search is over.
    searched: Condvar,
}

struct State {
    memory: Memory,
    network: Network,
    /// One thread searches; the others wait for it, or take what there is.
    searching: bool,
}

impl Locator {
    /// Looks nothing up yet.
    pub(crate) fn new(config: &config::Netlogon) -> Self {
        Self {
            config: config.clone(),
            known: PerProcess::new(),
        }
    }

    /// The controllers to try for one login, best first; never empty. Searches if nothing is known,
    /// if what is known is old, or if all of it has failed.
    pub(crate) fn candidates(&self, deadline: Deadline) -> Result<Vec<Candidate>, Error> {
        let known = self.known();
        let mut state = known.lock();
        state.memory.next_turn();
        loop {
            match state.memory.advice(Instant::now()) {
                Advice::Use(candidates) => return Ok(candidates),
                Advice::NotFound(problem) => return Err(Error::NotFound(problem)),
                Advice::Search if !state.searching => break,
                Advice::Search => {
                    if let Ok(old) = state.memory.known(Instant::now()) {
                        return Ok(old);
                    }
                    let left = deadline.remaining().ok_or(Error::TimeOver)?;
                    let woken = known.searched.wait_timeout(state, left);
                    state = woken.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
        state.searching = true;
        let may_share = state.memory.may_share(Instant::now());
        let lifetime = state.memory.lifetime_of_shared();
        let patience = state.memory.patience(Instant::now());
        let earlier = state.memory.begin_search(Instant::now());
        let network = state.network.clone();
        drop(state);

        // Its end takes the lock that is taken below: what is declared first is dropped last.
        let _turn = Turn(known);
        let file = FoundFile::of(&self.config);
        let shared = file.as_ref().filter(|_| may_share);
        if let Some((found, age)) = shared.and_then(|file| file.read(lifetime)) {
            let mut state = known.lock();
            let now = Instant::now();
            let then = now.checked_sub(age).unwrap_or(now);
            state.memory.searched(Ok(found), then);
            return state.memory.known(now).map_err(Error::NotFound);
        }
        let mut resolver = Resolver::of_the_system(network, deadline.or_after(patience));
        let found = search::search(&self.config, &earlier, &mut resolver);
        if let (Some(file), Ok(found)) = (file, &found)
            && found.is_complete
        {
            file.write(found);
        }
        let mut state = known.lock();
        state.network = resolver.network;
        let now = Instant::now();
        state.memory.searched(found, now);
        state.memory.known(now).map_err(Error::NotFound)
    }

    /// What a controller says of itself: as the search heard it, else asked now, which takes up to
    /// two seconds if it keeps silent. Kept for some minutes, its silence too. Nothing of it is
    /// proven.
    pub(crate) fn identify(
        &self,
        candidate: &Candidate,
        deadline: Deadline,
    ) -> Option<Arc<Identity>> {
        if candidate.identity.is_some() {
            return candidate.identity.clone();
        }
        let state = self.known().lock();
        if let Some(identity) = state.memory.identity(candidate, Instant::now()) {
            return identity;
        }
        let mut network = state.network.clone();
        drop(state);
        let target = SocketAddr::new(candidate.address, cldap::PORT);
        let outcomes = ping::ping(&self.config, &[target], &mut network, deadline);
        let mut outcomes = outcomes.unwrap_or_default().into_iter();
        let identity = outcomes.find_map(Outcome::identity);
        let mut state = self.known().lock();
        state.network = network;
        state
            .memory
            .identified(candidate, identity.clone(), Instant::now());
        identity
    }

    /// It could not be reached, or was not fit to answer: for a minute it comes last.
    pub(crate) fn failed(&self, candidate: &Candidate) {
        let mut state = self.known().lock();
        state.memory.failed(candidate, Instant::now());
    }

    /// Takes over which controllers other processes of the host have seen failing, and how long ago.
    /// Returns those that this process did not know of.
    pub(crate) fn hear_failed(&self, failed: &[(Candidate, Duration)]) -> Vec<Candidate> {
        let now = Instant::now();
        let since = |(one, age): &(Candidate, Duration)| {
            let then = now.checked_sub(*age)?;
            Some((one.clone(), then))
        };
        let failed = failed.iter().filter_map(since).collect();
        self.known().lock().memory.hear_failed(failed, now)
    }

    /// It has answered: it comes first for a while, unless the configuration gives the order.
    pub(crate) fn succeeded(&self, candidate: &Candidate) {
        let mut state = self.known().lock();
        state.memory.succeeded(candidate, Instant::now());
    }

    /// Whether a controller is known that has not failed lately.
    pub(crate) fn has_untried(&self) -> bool {
        self.known().lock().memory.has_untried(Instant::now())
    }

    fn known(&self) -> &Known {
        self.known.of_this_process(|| Known {
            state: Mutex::new(State {
                memory: Memory::new(self.preference()),
                network: Network::default(),
                searching: false,
            }),
            searched: Condvar::new(),
        })
    }

    fn preference(&self) -> Preference {
        match (self.config.controllers.as_slice(), self.config.order) {
            ([], _) => Preference::LastGood,
            (_, ControllerOrder::Listed) => Preference::Listed,
            (_, ControllerOrder::Spread) => {
                // Without random bytes, any number that another process has not.
                let random = crypto::random().map(u32::from_le_bytes);
                let turn = random.unwrap_or_else(|_| std::process::id());
                Preference::Spread(usize::try_from(turn).unwrap_or_default())
            }
        }
    }
}

impl Known {
    /// Nothing is left half done under this lock: a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The search of one thread; over when dropped, however it ends.
struct Turn<'a>(&'a Known);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().searching = false;
        self.0.searched.notify_all();
    }
}

#[cfg(test)]
mod tests;
