//! Ranking of the controllers. The caller passes the current time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::config::SiteName;
use crate::dc::locate::candidate::Candidate;
use crate::dc::locate::search::{Earlier, Found};
use crate::protocol::cldap::Identity;

/// How long the result of a search is used, if the configuration does not say.
pub(super) const FRESH: Duration = Duration::from_secs(5 * 60);
/// The same, if a question was not answered.
const FRESH_INCOMPLETE: Duration = Duration::from_secs(60);
/// The same, if all controllers have failed since.
const FRESH_FAILED: Duration = Duration::from_secs(10);
/// The same, if no controller was found. Until then, logins fail immediately.
const FRESH_NOTHING: Duration = Duration::from_secs(5);
/// How often further hosts of DNS are looked up immediately, because all before them have failed.
const MAX_HURRIES: u32 = 3;
/// How long the controller that answered last comes first, from its first answer on.
const AFFINITY: Duration = Duration::from_secs(900);
/// How long a controller that failed comes last.
pub(crate) const AVOIDED: Duration = Duration::from_secs(60);
/// The longest time for one search, with names and pings.
pub(super) const SEARCH: Duration = Duration::from_secs(8);
/// The same, while a controller is known that has not failed: a login waits for the search.
const RENEWAL: Duration = Duration::from_secs(1);
/// The same, of another process, for the first login of a process.
pub(super) const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// How long the result of a search is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lifetime {
    /// By the process that searched, and by others that have searched before.
    pub(super) fresh: Duration,
    /// By a process for its first login, which does not wait for a search; the next one does.
    pub(super) remembered: Duration,
}

impl Default for Lifetime {
    fn default() -> Self {
        Self {
            fresh: FRESH,
            remembered: REMEMBERED,
        }
    }
}

/// Which of the controllers that have not failed lately comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preference {
    /// The first of the list.
    Listed,
    /// Each in turn; the number of the turn.
    Spread(usize),
    /// The one that answered last.
    LastGood,
}

pub(super) struct Memory {
    preference: Preference,
    lifetime: Lifetime,
    list: Vec<Candidate>,
    is_complete: bool,
    searched: Option<Instant>,
    problem: String,
    site: Option<SiteName>,
    /// Whether DNS names hosts that were not looked up.
    has_more: bool,
    /// The hosts that were looked up since the last search that began anew.
    hosts: Vec<String>,
    /// How many searches went on from there.
    hurries: u32,
    good: Option<(Candidate, Instant)>,
    /// Those that failed for this process.
    failed: Vec<(Candidate, Instant)>,
    /// Those that failed for another process of the host, and have not answered one since.
    heard: Vec<(Candidate, Instant)>,
    /// What controllers said of themselves. `None`: no answer.
    identities: Vec<(Candidate, Option<Arc<Identity>>, Instant)>,
}

/// What a login is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Advice {
    /// Try these, in this order.
    Use(Vec<Candidate>),
    /// Search first.
    Search,
    /// A search has just found nothing, for this reason.
    NotFound(String),
}

impl Memory {
    /// Nothing is known yet.
    pub(super) fn new(preference: Preference, lifetime: Lifetime) -> Self {
        Self {
            preference,
            lifetime,
            list: Vec::new(),
            is_complete: false,
            searched: None,
            problem: String::new(),
            site: None,
            has_more: false,
            hosts: Vec::new(),
            hurries: 0,
            good: None,
            failed: Vec::new(),
            heard: Vec::new(),
            identities: Vec::new(),
        }
    }

    pub(super) fn advice(&self, now: Instant) -> Advice {
        let fresh = if self.list.is_empty() {
            FRESH_NOTHING
        } else if self.is_in_a_hurry(now) {
            Duration::ZERO
        } else if !self.has_untried(now) {
            FRESH_FAILED
        } else if !self.is_complete {
            FRESH_INCOMPLETE
        } else {
            self.lifetime.fresh
        };
        match self.searched {
            Some(then) if is_within(then, fresh, now) => match self.known(now) {
                Ok(candidates) => Advice::Use(candidates),
                Err(problem) => Advice::NotFound(problem),
            },
            _ => Advice::Search,
        }
    }

    /// All known controllers, however old, best first. If there is none: why the last search found
    /// none.
    pub(super) fn known(&self, now: Instant) -> Result<Vec<Candidate>, String> {
        match self.list.is_empty() {
            true => Err(self.problem.clone()),
            false => Ok(self.ordered(now)),
        }
    }

    /// Moves on to the next turn.
    pub(super) fn next_turn(&mut self) {
        if let Preference::Spread(turn) = &mut self.preference {
            *turn = turn.wrapping_add(1);
        }
    }

    /// The preferred one, the others as they were found, then those that have failed lately.
    fn ordered(&self, now: Instant) -> Vec<Candidate> {
        let good = self.good.as_ref().filter(|(candidate, since)| {
            self.preference == Preference::LastGood
                && is_within(*since, AFFINITY, now)
                && !self.is_avoided(candidate, now)
        });
        let first = good.map(|(candidate, _)| candidate);
        let others = self.list.iter().filter(|one| Some(*one) != first);
        let (avoided, mut live): (Vec<_>, Vec<_>) =
            others.partition(|one| self.is_avoided(one, now));
        if let Preference::Spread(turn) = self.preference
            && !live.is_empty()
        {
            let first = turn % live.len();
            live.rotate_left(first);
        }
        first
            .into_iter()
            .chain(live)
            .chain(avoided)
            .cloned()
            .collect()
    }

    /// Whether the result of another process may be used instead of a search. Not if all
    /// controllers have failed for this process.
    pub(super) fn may_share(&self, now: Instant) -> bool {
        self.list.is_empty() || self.has_live(now)
    }

    /// How old the result of another process may be. The first login of this process does not
    /// search.
    pub(super) fn lifetime_of_shared(&self) -> Duration {
        match self.list.is_empty() {
            true => self.lifetime.remembered,
            false => self.lifetime.fresh,
        }
    }

    /// How long a search may take.
    pub(super) fn patience(&self, now: Instant) -> Duration {
        match self.has_live(now) {
            true => RENEWAL,
            false => SEARCH,
        }
    }

    /// Begins a search. Returns what it needs to know of earlier ones.
    pub(super) fn begin_search(&mut self, now: Instant) -> Earlier {
        match self.is_in_a_hurry(now) {
            true => self.hurries += 1,
            false => {
                self.hurries = 0;
                self.hosts.clear();
            }
        }
        Earlier {
            site: self.site.clone(),
            hosts: self.hosts.clone(),
        }
    }

    /// Ends a search. If it failed, the result of an earlier one is still used.
    pub(super) fn searched(&mut self, result: Result<Found, String>, now: Instant) {
        self.searched = Some(now);
        self.has_more = false;
        match result {
            Ok(found) => {
                self.list = found.candidates;
                self.has_more = found.has_more;
                self.hosts.extend(found.hosts);
                self.is_complete = found.is_complete;
                self.site = found.site.or_else(|| self.site.take());
            }
            Err(problem) => self.problem = problem,
        }
    }

    /// Returns whether it was not known.
    pub(super) fn failed(&mut self, candidate: &Candidate, now: Instant) -> bool {
        let is_new = !self.is_avoided(candidate, now);
        self.failed
            .retain(|(one, since)| one != candidate && is_within(*since, AVOIDED, now));
        self.failed.push((candidate.clone(), now));
        self.good.take_if(|(good, _)| good == candidate);
        is_new
    }

    /// Takes over which controllers have failed on this host, and when. Returns those of which this
    /// process did not know it.
    pub(super) fn hear_failed(
        &mut self,
        failed: Vec<(Candidate, Instant)>,
        now: Instant,
    ) -> Vec<Candidate> {
        let new = failed.iter().map(|(one, _)| one);
        let new = new
            .filter(|one| !self.is_avoided(one, now))
            .cloned()
            .collect();
        self.heard = failed;
        self.heard
            .retain(|(_, since)| is_within(*since, AVOIDED, now));
        new
    }

    pub(super) fn succeeded(&mut self, candidate: &Candidate, now: Instant) {
        self.failed.retain(|(one, _)| one != candidate);
        self.heard.retain(|(one, _)| one != candidate);
        // The time is not prolonged: else a farther controller that was used once would stay first.
        if self.good.as_ref().is_none_or(|(good, _)| good != candidate) {
            self.good = Some((candidate.clone(), now));
        }
    }

    /// What a controller said of itself; inner `None`: it did not answer. Outer `None`: it was not
    /// asked lately.
    pub(super) fn identity(
        &self,
        candidate: &Candidate,
        now: Instant,
    ) -> Option<Option<Arc<Identity>>> {
        let mut current = self
            .identities
            .iter()
            .filter(|entry| is_current(entry, now));
        let (_, identity, _) = current.find(|(one, _, _)| one == candidate)?;
        Some(identity.clone())
    }

    /// Records the answer of a controller about itself.
    pub(super) fn identified(
        &mut self,
        candidate: &Candidate,
        identity: Option<Arc<Identity>>,
        now: Instant,
    ) {
        self.identities
            .retain(|entry| entry.0 != *candidate && is_current(entry, now));
        self.identities.push((candidate.clone(), identity, now));
    }

    /// Whether a controller has not failed lately, or DNS names further hosts.
    pub(super) fn has_untried(&self, now: Instant) -> bool {
        self.has_live(now) || self.is_in_a_hurry(now)
    }

    fn has_live(&self, now: Instant) -> bool {
        self.list.iter().any(|one| !self.is_avoided(one, now))
    }

    /// Whether all hosts that were looked up have failed, and further ones are to be looked up at
    /// once.
    fn is_in_a_hurry(&self, now: Instant) -> bool {
        self.has_more && self.hurries < MAX_HURRIES && !self.has_live(now)
    }

    fn is_avoided(&self, candidate: &Candidate, now: Instant) -> bool {
        let mut failed = self.failed.iter().chain(&self.heard);
        failed.any(|(one, since)| one == candidate && is_within(*since, AVOIDED, now))
    }
}

fn is_current(entry: &(Candidate, Option<Arc<Identity>>, Instant), now: Instant) -> bool {
    let (_, identity, since) = entry;
    let period = match identity {
        Some(_) => FRESH,
        None => FRESH_INCOMPLETE,
    };
    is_within(*since, period, now)
}

fn is_within(since: Instant, period: Duration, now: Instant) -> bool {
    now.saturating_duration_since(since) < period
}

#[cfg(test)]
mod tests;
