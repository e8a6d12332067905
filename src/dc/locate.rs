//! Which controllers are asked, and in which order.
//!
//! A list in the configuration keeps its order, or is spread. Without a list, DNS or WINS gives the
//! controllers, and pings (CLDAP) find one that is near and at work. The result is cached for some
//! minutes, and shared with the other processes of the host. Nothing that is learnt here is proven:
//! a controller proves itself when the channel is opened.

mod candidate;
mod found_file;
#[cfg(test)]
mod imitation;
mod network;
mod ping;
mod ranking;
mod resolver;
mod search;
mod sought;
pub(in crate::dc) mod survey;
mod wins;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::config::ControllerOrder;
use crate::base::crypto;
use crate::base::net::Deadline;
use crate::base::process::PerProcess;
use crate::base::single_flight::{Entered, SingleFlight, Turn};
use crate::base::stopwatch::timed;
use crate::dc::error::Error;
pub(crate) use crate::dc::locate::candidate::Candidate;
use crate::dc::locate::found_file::FoundFile;
use crate::dc::locate::network::Network;
use crate::dc::locate::ping::Outcome;
use crate::dc::locate::ranking::{Advice, Lifetime, Memory, Preference};
use crate::dc::locate::resolver::Resolver;
pub(crate) use crate::dc::locate::sought::Sought;
use crate::protocol::cldap::{self, Identity};
use crate::protocol::dns::Kind;

#[cfg(feature = "fuzzing")]
pub use found_file::reencoded_controller;
pub(super) use ranking::AVOIDED;

/// The addresses of a host that is no controller, by its full DNS name: from /etc/hosts, else from
/// DNS. Empty if it has none.
///
/// # Errors
/// No server of DNS answered.
pub fn addresses_of_host(name: &str, deadline: Deadline) -> Result<Vec<IpAddr>, String> {
    let mut resolver = Resolver::of_the_system(Network::default(), deadline);
    resolver.addresses(name, &[Kind::V4, Kind::V6])
}

/// Finds and ranks the controllers of a domain.
pub(crate) struct Locator {
    sought: Sought,
    known: PerProcess<SingleFlight<KnownControllers>>,
}

/// What this process knows.
struct KnownControllers {
    memory: Memory,
    network: Network,
}

impl Locator {
    /// Looks up nothing yet.
    pub(crate) fn new(sought: impl Into<Sought>) -> Self {
        Self {
            sought: sought.into(),
            known: PerProcess::new(),
        }
    }

    /// What is looked for.
    pub(crate) fn sought(&self) -> &Sought {
        &self.sought
    }

    /// The controllers to try for one login, best first; never empty. Searches if none is known, if
    /// the known ones are old, or if all of them have failed.
    pub(crate) fn candidates(&self, deadline: Deadline) -> Result<Vec<Candidate>, Error> {
        let flight = self.known();
        flight.with(|known| known.memory.next_turn());
        let entered = flight.enter(deadline, |known, is_searching| {
            match known.memory.advice(Instant::now()) {
                Advice::Use(candidates) => Some(Ok(candidates)),
                Advice::NotFound(problem) => Some(Err(Error::NotFound(problem))),
                // While another thread searches, an old list will do.
                Advice::Search if is_searching => known.memory.known(Instant::now()).ok().map(Ok),
                Advice::Search => None,
            }
        });
        match entered {
            Entered::Done(result) => result,
            Entered::TimedOut => Err(Error::TimeOver),
            Entered::Turn(turn) => timed("finding a controller", None, || {
                self.search(&turn, deadline)
            }),
        }
    }

    /// Takes over what another process found, or searches.
    fn search(
        &self,
        turn: &Turn<'_, KnownControllers>,
        deadline: Deadline,
    ) -> Result<Vec<Candidate>, Error> {
        let (may_share, lifetime, patience, earlier, network) = self.known().with(|known| {
            let (memory, now) = (&mut known.memory, Instant::now());
            (
                memory.may_share(now),
                memory.lifetime_of_shared(),
                memory.patience(now),
                memory.begin_search(now),
                known.network.clone(),
            )
        });
        let file = FoundFile::of(&self.sought);
        let shared = file.as_ref().filter(|_| may_share);
        if let Some((found, age)) = shared.and_then(|file| file.read(lifetime)) {
            return turn.tell(|known| {
                let now = Instant::now();
                let then = now.checked_sub(age).unwrap_or(now);
                known.memory.searched(Ok(found), then);
                known.memory.known(now).map_err(Error::NotFound)
            });
        }
        let mut resolver = Resolver::of_the_system(network, deadline.or_after(patience));
        let found = search::search(&self.sought, &earlier, &mut resolver);
        if let (Some(file), Ok(found)) = (file, &found)
            && found.is_complete
        {
            file.write(found);
        }
        turn.tell(|known| {
            let now = Instant::now();
            known.network = resolver.network;
            known.memory.searched(found, now);
            known.memory.known(now).map_err(Error::NotFound)
        })
    }

    /// What a controller says of itself: from the search, else asked for now, which takes up to two
    /// seconds if it does not answer. The answer, or that there is none, is cached for some
    /// minutes. It is not proven.
    pub(crate) fn identify(
        &self,
        candidate: &Candidate,
        deadline: Deadline,
    ) -> Option<Arc<Identity>> {
        if candidate.identity.is_some() {
            return candidate.identity.clone();
        }
        let now = Instant::now();
        let (remembered, mut network) = self.known().with(|known| {
            let remembered = known.memory.identity(candidate, now);
            (remembered, known.network.clone())
        });
        if let Some(identity) = remembered {
            return identity;
        }
        let target = SocketAddr::new(candidate.address, cldap::PORT);
        let outcomes = ping::ping(&self.sought, &[target], &mut network, deadline);
        let mut outcomes = outcomes.unwrap_or_default().into_iter();
        let identity = outcomes.find_map(Outcome::identity);
        self.known().with(|known| {
            let now = Instant::now();
            known.network = network;
            known.memory.identified(candidate, identity.clone(), now);
        });
        identity
    }

    /// Records that the controller could not be reached, or could not answer. It comes last for a
    /// minute. Returns whether this process did not know it.
    pub(crate) fn failed(&self, candidate: &Candidate) -> bool {
        self.known()
            .with(|known| known.memory.failed(candidate, Instant::now()))
    }

    /// Takes over which controllers failed for other processes of the host, and how long ago.
    /// Returns those of which this process did not know it.
    pub(crate) fn hear_failed(&self, failed: &[(Candidate, Duration)]) -> Vec<Candidate> {
        let now = Instant::now();
        let since = |(one, age): &(Candidate, Duration)| {
            let then = now.checked_sub(*age)?;
            Some((one.clone(), then))
        };
        let failed = failed.iter().filter_map(since).collect();
        self.known()
            .with(|known| known.memory.hear_failed(failed, now))
    }

    /// Records that the controller answered. It comes first for a while, unless the configuration
    /// gives the order.
    pub(crate) fn succeeded(&self, candidate: &Candidate) {
        self.known()
            .with(|known| known.memory.succeeded(candidate, Instant::now()));
    }

    /// Whether a controller is known that has not failed lately.
    pub(crate) fn has_untried(&self) -> bool {
        self.known()
            .with(|known| known.memory.has_untried(Instant::now()))
    }

    fn known(&self) -> &SingleFlight<KnownControllers> {
        self.known.of_this_process(|| {
            SingleFlight::new(KnownControllers {
                memory: Memory::new(self.preference(), self.lifetime()),
                network: Network::default(),
            })
        })
    }

    fn lifetime(&self) -> Lifetime {
        match &self.sought.wins {
            None => Lifetime::default(),
            Some(wins) => Lifetime {
                fresh: wins.cache,
                remembered: wins.cache,
            },
        }
    }

    fn preference(&self) -> Preference {
        match (self.sought.controllers.as_slice(), self.sought.order) {
            ([], _) => Preference::LastGood,
            (_, ControllerOrder::Listed) => Preference::Listed,
            (_, ControllerOrder::Spread) => {
                // Without random bytes, any number that differs between processes.
                let random = crypto::random().map(u32::from_le_bytes);
                let turn = random.unwrap_or_else(|_| std::process::id());
                Preference::Spread(usize::try_from(turn).unwrap_or_default())
            }
        }
    }
}

#[cfg(test)]
mod tests;
