//! The other domains that did not answer lately. The caller passes the current time.

use std::time::{Duration, Instant};

use crate::base::name_case::alike;

/// How long logins of such a domain are refused at once; then one tries for all.
pub(super) const PAUSE: Duration = Duration::from_secs(10);
/// How many domains are remembered. Only those that our controller trusts can be silent.
const MOST: usize = 32;
/// No domain has a longer name (RFC 1035 2.3.4).
const LONGEST_NAME: usize = 255;

/// The other domains that did not answer lately.
#[derive(Debug, Default)]
pub(super) struct SilentDomains(Vec<SilentDomain>);

#[derive(Debug)]
struct SilentDomain {
    name: String,
    until: Instant,
    /// One login is trying again.
    being_tried: bool,
}

impl SilentDomains {
    /// Whether logins of the domain are refused at once.
    pub(super) fn bars(&self, name: &str, now: Instant) -> bool {
        self.find(name)
            .is_some_and(|domain| domain.being_tried || now < domain.until)
    }

    /// Remembers that the domain did not answer. Of too many, the one that was silent first is
    /// forgotten.
    pub(super) fn fell_silent(&mut self, name: &str, now: Instant) {
        if name.len() > LONGEST_NAME {
            return;
        }
        self.answered(name);
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push(SilentDomain {
            name: name.to_owned(),
            until: now + PAUSE,
            being_tried: false,
        });
    }

    /// Forgets the domain.
    pub(super) fn answered(&mut self, name: &str) {
        self.0.retain(|domain| !alike(&domain.name, name));
    }

    /// One login tries whether the domain answers again, or has ended without finding out. Returns
    /// whether the domain was silent.
    pub(super) fn is_tried(&mut self, name: &str, being_tried: bool) -> bool {
        let found = self.0.iter_mut().find(|domain| alike(&domain.name, name));
        match found {
            Some(domain) => {
                domain.being_tried = being_tried;
                true
            }
            None => false,
        }
    }

    fn find(&self, name: &str) -> Option<&SilentDomain> {
        self.0.iter().find(|domain| alike(&domain.name, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_login_tries_for_all_after_the_pause() {
        let mut domains = SilentDomains::default();
        let now = Instant::now();
        assert!(!domains.bars("HANG", now));
        domains.fell_silent("HANG", now);
        assert!(domains.bars("hang", now));
        assert!(!domains.bars("OTHER", now));
        let later = now + PAUSE;
        assert!(!domains.bars("hang", later));
        assert!(domains.is_tried("Hang", true));
        assert!(domains.bars("hang", later));
        // It ended without an answer of the domain or its silence, as for want of a controller.
        assert!(domains.is_tried("Hang", false));
        assert!(!domains.bars("hang", later));
        domains.fell_silent("hang", later);
        assert!(domains.bars("HANG", later));
        domains.answered("HANG");
        assert!(!domains.bars("HANG", later));
        assert!(!domains.is_tried("HANG", true));
    }

    #[test]
    fn names_without_end_take_no_room_without_end() {
        let mut domains = SilentDomains::default();
        let now = Instant::now();
        for number in 0..1000 {
            domains.fell_silent(&format!("x{number}.hang.test"), now);
        }
        domains.fell_silent(&"x".repeat(256), now);
        assert_eq!(domains.0.len(), MOST);
        assert!(domains.bars("x999.hang.test", now));
    }
}
