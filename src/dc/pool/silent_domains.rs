//! The other domains that did not answer lately. The caller passes the current time.
//!
//! The client chooses the name, and any number of names may lead to one domain. So once several
//! names are silent, names that have not answered before are tried one at a time.

use std::time::{Duration, Instant};

use crate::base::name_case::alike;

/// How long logins of a silent domain are refused at once. Then one login tries for all.
pub(super) const PAUSE: Duration = Duration::from_secs(10);
/// How long after its pause a name still counts as silent if no login has tried it.
const LINGERS: Duration = Duration::from_secs(50);
/// From this number on, silent names may be names of one domain.
const SEVERAL: usize = 2;
/// How many silent and how many answering domains are remembered. Only domains that ours trusts can
/// be silent.
const MOST: usize = 32;
/// The longest name of a domain (RFC 1035 2.3.4).
const LONGEST_NAME: usize = 255;

/// The other domains that did not answer lately, and those that did.
#[derive(Debug, Default)]
pub(super) struct SilentDomains {
    silent: Vec<SilentDomain>,
    answering: Vec<String>,
    /// How many logins are under way to domains that have not answered.
    unanswered: usize,
}

#[derive(Debug)]
struct SilentDomain {
    name: String,
    until: Instant,
    /// One login is trying again.
    being_tried: bool,
}

/// Why a login is refused at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Barred {
    /// The domain did not answer a moment ago.
    Silent,
    /// Several names are silent, and another name that has not answered is being tried.
    OneAtATime,
}

/// What a login under way will show about its domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trial {
    /// Nothing new: the domain has answered before.
    None,
    /// Whether it answers at all.
    First,
    /// Whether it answers again.
    Again,
}

impl SilentDomains {
    /// Why logins of the domain are refused at once, if they are.
    pub(super) fn bars(&self, name: &str, now: Instant) -> Option<Barred> {
        let is_silent = |domain: &SilentDomain| domain.being_tried || now < domain.until;
        if self.find(name).is_some_and(is_silent) {
            return Some(Barred::Silent);
        }
        let lingering = |domain: &&SilentDomain| now < domain.until + LINGERS;
        let is_one_too_many = self.unanswered > 0
            && !self.is_answering(name)
            && self.silent.iter().filter(lingering).count() >= SEVERAL;
        is_one_too_many.then_some(Barred::OneAtATime)
    }

    /// Remembers that the domain did not answer. Drops the oldest entry if there are too many.
    pub(super) fn fell_silent(&mut self, name: &str, now: Instant) {
        if name.len() > LONGEST_NAME {
            return;
        }
        self.forget(name);
        if self.silent.len() >= MOST {
            self.silent.remove(0);
        }
        self.silent.push(SilentDomain {
            name: name.to_owned(),
            until: now + PAUSE,
            being_tried: false,
        });
    }

    /// Remembers that the domain answers. Drops the oldest entry if there are too many.
    pub(super) fn answered(&mut self, name: &str) {
        self.forget(name);
        if name.len() > LONGEST_NAME {
            return;
        }
        if self.answering.len() >= MOST {
            self.answering.remove(0);
        }
        self.answering.push(name.to_owned());
    }

    /// Records that a login of the domain is under way.
    pub(super) fn begin_trial(&mut self, name: &str) -> Trial {
        if self.is_answering(name) {
            return Trial::None;
        }
        self.unanswered += 1;
        match self.find_mut(name) {
            Some(domain) => {
                domain.being_tried = true;
                Trial::Again
            }
            None => Trial::First,
        }
    }

    /// Records that the login has ended, with any result.
    pub(super) fn end_trial(&mut self, name: &str, trial: Trial) {
        if trial == Trial::None {
            return;
        }
        self.unanswered = self.unanswered.saturating_sub(1);
        if trial == Trial::Again
            && let Some(domain) = self.find_mut(name)
        {
            domain.being_tried = false;
        }
    }

    fn forget(&mut self, name: &str) {
        self.silent.retain(|domain| !alike(&domain.name, name));
        self.answering.retain(|known| !alike(known, name));
    }

    fn is_answering(&self, name: &str) -> bool {
        self.answering.iter().any(|known| alike(known, name))
    }

    fn find(&self, name: &str) -> Option<&SilentDomain> {
        self.silent.iter().find(|domain| alike(&domain.name, name))
    }

    fn find_mut(&mut self, name: &str) -> Option<&mut SilentDomain> {
        self.silent
            .iter_mut()
            .find(|domain| alike(&domain.name, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENT: Option<Barred> = Some(Barred::Silent);
    const ONE_AT_A_TIME: Option<Barred> = Some(Barred::OneAtATime);

    #[test]
    fn one_login_tries_for_all_after_the_pause() {
        let mut domains = SilentDomains::default();
        let now = Instant::now();
        assert_eq!(domains.bars("HANG", now), None);
        domains.fell_silent("HANG", now);
        assert_eq!(domains.bars("hang", now), SILENT);
        assert_eq!(domains.bars("OTHER", now), None);
        let later = now + PAUSE;
        assert_eq!(domains.bars("hang", later), None);
        let trial = domains.begin_trial("Hang");
        assert_eq!(trial, Trial::Again);
        assert_eq!(domains.bars("hang", later), SILENT);
        // It ended without an answer of the domain or its silence, as for want of a controller.
        domains.end_trial("Hang", trial);
        assert_eq!(domains.bars("hang", later), None);
        domains.fell_silent("hang", later);
        assert_eq!(domains.bars("HANG", later), SILENT);
        domains.answered("HANG");
        assert_eq!(domains.bars("HANG", later), None);
        assert_eq!(domains.begin_trial("HANG"), Trial::None);
    }

    #[test]
    fn of_several_silent_names_those_that_never_answered_are_tried_one_at_a_time() {
        let mut domains = SilentDomains::default();
        let now = Instant::now();
        domains.answered("OTHER");
        domains.fell_silent("a0.hang.test", now);
        let first = domains.begin_trial("a1.hang.test");
        assert_eq!(first, Trial::First);
        assert_eq!(domains.bars("NEW", now), None, "one name is silent");
        domains.fell_silent("a1.hang.test", now);
        assert_eq!(domains.bars("NEW", now), ONE_AT_A_TIME, "still under way");
        domains.end_trial("a1.hang.test", first);
        for name in ["a2.hang.test", "NEW"] {
            assert_eq!(domains.bars(name, now), None, "{name}");
        }
        let trial = domains.begin_trial("a2.hang.test");
        assert_eq!(domains.bars("NEW", now), ONE_AT_A_TIME);
        assert_eq!(domains.bars("other", now), None, "it answers");
        // A silent name after its pause is one of them.
        assert_eq!(domains.bars("a0.hang.test", now + PAUSE), ONE_AT_A_TIME);
        assert_eq!(domains.bars("NEW", now + PAUSE + LINGERS), None);
        domains.end_trial("a2.hang.test", trial);
        assert_eq!(domains.bars("NEW", now), None);
        // One that answered and fell silent is unanswered again.
        domains.fell_silent("OTHER", now);
        assert_eq!(domains.begin_trial("other"), Trial::Again);
    }

    #[test]
    fn the_number_of_remembered_names_is_bounded() {
        let mut domains = SilentDomains::default();
        let now = Instant::now();
        for number in 0..1000 {
            domains.answered(&format!("y{number}.test"));
            domains.fell_silent(&format!("x{number}.hang.test"), now);
        }
        domains.fell_silent(&"x".repeat(256), now);
        domains.answered(&"y".repeat(256));
        assert_eq!(
            (domains.silent.len(), domains.answering.len()),
            (MOST, MOST)
        );
        assert_eq!(domains.bars("x999.hang.test", now), SILENT);
    }
}
