//! What is remembered of the controllers: rules only; the time is given.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::config::SiteName;
use crate::dc::locate::candidate::Candidate;
use crate::dc::locate::search::{Earlier, Found};
use crate::protocol::cldap::Identity;

/// What was found is looked for again after this time.
pub(super) const FRESH: Duration = Duration::from_secs(5 * 60);
/// The same, if a part of what was asked for was not found.
const FRESH_INCOMPLETE: Duration = Duration::from_secs(60);
/// The same, if all that was found has failed since.
const FRESH_FAILED: Duration = Duration::from_secs(10);
/// The same, if nothing was found: until then everybody is told so at once.
const FRESH_NOTHING: Duration = Duration::from_secs(5);
/// How often further hosts of DNS are looked up at once, since those before them have all failed.
const MAX_HURRIES: u32 = 3;
/// How long the controller that answered last comes first, from its first answer on.
const AFFINITY: Duration = Duration::from_secs(900);
/// How long one that failed comes last.
pub(crate) const AVOIDED: Duration = Duration::from_secs(60);
/// The longest time for one search, names and pings together.
pub(super) const SEARCH: Duration = Duration::from_secs(8);
/// The same, while a controller is known that has not failed: a login waits for it.
const RENEWAL: Duration = Duration::from_secs(1);
/// What another process found is good for the first login of a process for so long: that login has
/// no time for a search, and the next one has.
pub(super) const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// Which controller comes first, of those that have not failed lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preference {
    /// The first of the list.
    Listed,
    /// Each one in its turn; which turn it is.
    Spread(usize),
    /// The one that answered last.
    LastGood,
}

pub(super) struct Memory {
    preference: Preference,
    list: Vec<Candidate>,
    is_complete: bool,
    searched: Option<Instant>,
    problem: String,
    site: Option<SiteName>,
    /// DNS names hosts that were not looked up.
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
    /// What controllers said when they were asked who they are; `None`: no answer.
    identities: Vec<(Candidate, Option<Arc<Identity>>, Instant)>,
}

/// What to do for a login.
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
    pub(super) fn new(preference: Preference) -> Self {
        Self {
            preference,
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
            FRESH
        };
        match self.searched {
            Some(then) if is_within(then, fresh, now) => match self.known(now) {
                Ok(candidates) => Advice::Use(candidates),
                Err(problem) => Advice::NotFound(problem),
            },
            _ => Advice::Search,
        }
    }

    /// All that is known, however old, best first; if nothing is, why the last search found nothing.
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

    /// Whether what another process found may be used instead of a search: not by a process whose
    /// controllers have all failed.
    pub(super) fn may_share(&self, now: Instant) -> bool {
        self.list.is_empty() || self.has_live(now)
    }

    /// How old may be what another process found: the first login of this one does not search.
    pub(super) fn lifetime_of_shared(&self) -> Duration {
        match self.list.is_empty() {
            true => REMEMBERED,
            false => FRESH,
        }
    }

    /// How long a search may take.
    pub(super) fn patience(&self, now: Instant) -> Duration {
        match self.has_live(now) {
            true => RENEWAL,
            false => SEARCH,
        }
    }

    /// What a search is to know that begins now.
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

    /// A search is over. If it failed, what an earlier one found is still used.
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

    pub(super) fn failed(&mut self, candidate: &Candidate, now: Instant) {
        self.failed
            .retain(|(one, since)| one != candidate && is_within(*since, AVOIDED, now));
        self.failed.push((candidate.clone(), now));
        self.good.take_if(|(good, _)| good == candidate);
    }

    /// Takes over which controllers have failed on this host, and when. Returns those of which this
    /// process did not know.
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
        // Its time is not prolonged: a farther one that once stood in would stay first for ever.
        if self.good.as_ref().is_none_or(|(good, _)| good != candidate) {
            self.good = Some((candidate.clone(), now));
        }
    }

    /// What a controller said of itself, or that it said nothing; the outer `None`: it was not asked
    /// lately.
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

    /// It was asked who it is.
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

    /// Whether there is one that has not failed lately, or there may be: DNS names further hosts.
    pub(super) fn has_untried(&self, now: Instant) -> bool {
        self.has_live(now) || self.is_in_a_hurry(now)
    }

    fn has_live(&self, now: Instant) -> bool {
        self.list.iter().any(|one| !self.is_avoided(one, now))
    }

    /// All that were looked up have failed, and further hosts are to be looked up at once.
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
