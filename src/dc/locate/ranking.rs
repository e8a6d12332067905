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
const AVOIDED: Duration = Duration::from_secs(60);

pub(super) struct Memory {
    keeps_order: bool,
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
    failed: Vec<(Candidate, Instant)>,
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
    /// Nothing is known yet. `keeps_order`: success does not change who is first.
    pub(super) fn new(keeps_order: bool) -> Self {
        Self {
            keeps_order,
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

    /// Who answered last, the others as they were found, then those that have failed lately.
    fn ordered(&self, now: Instant) -> Vec<Candidate> {
        let good = self.good.as_ref().filter(|(candidate, since)| {
            !self.keeps_order
                && is_within(*since, AFFINITY, now)
                && !self.is_avoided(candidate, now)
        });
        let first = good.map(|(candidate, _)| candidate);
        let others = self.list.iter().filter(|one| Some(*one) != first);
        let (avoided, live): (Vec<_>, Vec<_>) = others.partition(|one| self.is_avoided(one, now));
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

    pub(super) fn succeeded(&mut self, candidate: &Candidate, now: Instant) {
        self.failed.retain(|(one, _)| one != candidate);
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
        let mut failed = self.failed.iter();
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
mod tests {
    use super::*;

    fn candidate(last: u8) -> Candidate {
        Candidate::new([192, 0, 2, last].into(), None)
    }

    fn knowing(keeps_order: bool, list: &[u8], now: Instant) -> Memory {
        let mut memory = Memory::new(keeps_order);
        assert_eq!(memory.advice(now), Advice::Search);
        let found = Found {
            candidates: list.iter().copied().map(candidate).collect(),
            site: None,
            is_complete: true,
            hosts: Vec::new(),
            has_more: false,
        };
        memory.searched(Ok(found), now);
        memory
    }

    fn used(list: &[u8]) -> Advice {
        Advice::Use(list.iter().copied().map(candidate).collect())
    }

    #[test]
    fn who_failed_comes_last_for_a_minute() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        for keeps_order in [false, true] {
            let mut memory = knowing(keeps_order, &[1, 2, 3], start);
            memory.failed(&candidate(1), at(10));
            assert_eq!(memory.advice(at(10)), used(&[2, 3, 1]));
            memory.failed(&candidate(2), at(20));
            assert_eq!(memory.advice(at(20)), used(&[3, 1, 2]));
            assert_eq!(memory.advice(at(69)), used(&[3, 1, 2]));
            assert_eq!(memory.advice(at(70)), used(&[1, 3, 2]));
            assert_eq!(memory.advice(at(80)), used(&[1, 2, 3]));
        }
    }

    #[test]
    fn who_answered_comes_first_unless_the_order_is_given() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut memory = knowing(false, &[1, 2, 3], start);
        memory.failed(&candidate(2), start);
        memory.succeeded(&candidate(2), at(1));
        assert_eq!(memory.advice(at(1)), used(&[2, 1, 3]));
        // For 15 minutes, whatever a later search finds.
        for (again, order) in [(299, [2, 3, 1]), (598, [2, 3, 1]), (897, [2, 3, 1])] {
            let found = Found {
                candidates: [3, 2, 1].map(candidate).to_vec(),
                site: None,
                is_complete: true,
                hosts: Vec::new(),
                has_more: false,
            };
            memory.searched(Ok(found), at(again));
            assert_eq!(memory.advice(at(again)), used(&order));
        }
        assert_eq!(memory.advice(at(901)), used(&[3, 2, 1]));
        memory.succeeded(&candidate(2), at(901));
        assert_eq!(memory.advice(at(901)), used(&[3, 2, 1]), "not prolonged");
        // Until it fails.
        memory.succeeded(&candidate(1), at(901));
        memory.failed(&candidate(1), at(902));
        assert_eq!(memory.advice(at(903)), used(&[3, 2, 1]));

        let mut memory = knowing(true, &[1, 2], start);
        memory.succeeded(&candidate(2), start);
        assert_eq!(memory.advice(start), used(&[1, 2]));
    }

    #[test]
    fn it_is_searched_again_when_old_or_when_all_have_failed() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut memory = knowing(false, &[1, 2], start);
        assert_eq!(memory.advice(at(299)), used(&[1, 2]));
        assert_eq!(memory.advice(at(300)), Advice::Search);

        memory.failed(&candidate(1), at(5));
        assert!(memory.has_untried(at(6)));
        assert!(memory.may_share(at(6)));
        memory.failed(&candidate(2), at(6));
        assert!(!memory.has_untried(at(6)));
        assert!(!memory.may_share(at(6)), "what others know is no better");
        assert_eq!(memory.advice(at(9)), used(&[1, 2]), "just searched");
        assert_eq!(memory.advice(at(10)), Advice::Search);
        // In vain: what is known is still tried.
        memory.searched(Err("no DNS".to_owned()), at(10));
        assert_eq!(memory.advice(at(11)), used(&[1, 2]));
    }

    #[test]
    fn nothing_found_is_told_at_once_for_a_while() {
        let start = Instant::now();
        let mut memory = Memory::new(false);
        memory.searched(Err("no DNS".to_owned()), start);
        let told = Advice::NotFound("no DNS".to_owned());
        assert_eq!(memory.advice(start + Duration::from_secs(4)), told);
        let later = start + FRESH_NOTHING;
        assert_eq!(memory.advice(later), Advice::Search);
    }

    #[test]
    fn further_hosts_are_looked_up_at_once_when_all_have_failed() {
        let now = Instant::now();
        let mut memory = Memory::new(false);
        let found = |last: u8| Found {
            candidates: vec![candidate(last)],
            site: None,
            is_complete: true,
            hosts: vec![format!("dc{last}.test")],
            has_more: true,
        };
        assert_eq!(memory.begin_search(now), Earlier::default());
        memory.searched(Ok(found(0)), now);
        let mut hosts = Vec::new();
        for last in 1..=3 {
            assert_eq!(memory.advice(now), used(&[last - 1]));
            memory.failed(&candidate(last - 1), now);
            assert!(memory.has_untried(now));
            assert_eq!(memory.advice(now), Advice::Search);
            hosts.push(format!("dc{}.test", last - 1));
            assert_eq!(memory.begin_search(now).hosts, hosts);
            memory.searched(Ok(found(last)), now);
        }
        // Not for ever.
        memory.failed(&candidate(3), now);
        assert!(!memory.has_untried(now));
        assert_eq!(memory.advice(now), used(&[3]));
        let later = now + FRESH_FAILED;
        assert_eq!(memory.advice(later), Advice::Search);
        assert_eq!(memory.begin_search(later), Earlier::default());
    }

    #[test]
    fn an_identity_is_kept_for_minutes_and_silence_for_one() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut memory = Memory::new(false);
        assert_eq!(memory.identity(&candidate(1), start), None);
        memory.identified(&candidate(1), None, start);
        assert_eq!(memory.identity(&candidate(1), at(59)), Some(None));
        assert_eq!(memory.identity(&candidate(1), at(60)), None);
        assert_eq!(memory.identity(&candidate(2), at(59)), None);
        for second in 0..1000 {
            let which = candidate(u8::try_from(second % 250).unwrap());
            memory.identified(&which, None, at(second));
            assert!(memory.identities.len() <= 60);
        }
    }

    #[test]
    fn what_failed_is_forgotten() {
        let start = Instant::now();
        let mut memory = knowing(false, &[1], start);
        for second in 0..1000 {
            let which = candidate(u8::try_from(second % 250).unwrap());
            memory.failed(&which, start + Duration::from_secs(second));
            assert!(memory.failed.len() <= 60);
        }
    }
}
