//! Cached names, each with an expiry.

use std::collections::HashMap;
use std::mem;
use std::time::Instant;

use crate::base::sid::Sid;

/// How many names a generation has. There are two generations, at some 150 bytes a name.
pub(super) const GENERATION: usize = 4096;

/// Two generations. A name that is asked for moves to the young one. When that is full, it becomes
/// the old one, and the names left in the old one are dropped.
#[derive(Default)]
pub(super) struct Cache {
    young: HashMap<Sid, CachedName>,
    old: HashMap<Sid, CachedName>,
}

struct CachedName {
    /// `None`: the SID has no name.
    name: Option<String>,
    until: Instant,
}

impl Cache {
    /// The cached name, or inner `None` if the SID is known to have none.
    pub(super) fn look_up(&mut self, sid: &Sid, now: Instant) -> Option<&Option<String>> {
        if let Some((sid, entry)) = self.old.remove_entry(sid) {
            self.keep(sid, entry.name, entry.until);
        }
        let entry = self.young.get(sid).filter(|entry| now < entry.until);
        entry.map(|entry| &entry.name)
    }

    /// Stores a name, or that there is none.
    pub(super) fn keep(&mut self, sid: Sid, name: Option<String>, until: Instant) {
        if self.young.len() >= GENERATION && !self.young.contains_key(&sid) {
            self.old = mem::take(&mut self.young);
        }
        self.old.remove(&sid);
        self.young.insert(sid, CachedName { name, until });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn sid(rid: u32) -> Sid {
        Sid::new([0, 0, 0, 0, 0, 5], vec![21, 1, 2, 3, rid]).unwrap()
    }

    fn called(name: &str) -> Option<String> {
        Some(name.to_owned())
    }

    #[test]
    fn a_name_expires() {
        let now = Instant::now();
        let soon = now + Duration::from_secs(1);
        let mut cache = Cache::default();
        cache.keep(sid(1), called("a"), soon);
        cache.keep(sid(2), None, soon);
        assert_eq!(cache.look_up(&sid(1), now), Some(&called("a")));
        assert_eq!(cache.look_up(&sid(2), now), Some(&None));
        assert_eq!(cache.look_up(&sid(3), now), None);
        assert_eq!(cache.look_up(&sid(1), soon), None);
        assert_eq!(cache.look_up(&sid(2), soon), None);
        cache.keep(sid(1), called("b"), soon + Duration::from_secs(1));
        assert_eq!(cache.look_up(&sid(1), soon), Some(&called("b")));
    }

    #[test]
    fn names_that_are_asked_for_stay_and_the_number_is_bounded() {
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let mut cache = Cache::default();
        let many = u32::try_from(GENERATION).unwrap();
        for rid in 0..10 * many {
            cache.keep(sid(rid), None, later);
            assert!(cache.look_up(&sid(0), now).is_some(), "{rid}");
            assert!(cache.young.len() <= GENERATION && cache.old.len() <= GENERATION);
        }
        assert_eq!(cache.look_up(&sid(1), now), None, "forgotten");
        assert!(cache.look_up(&sid(10 * many - 1), now).is_some());
    }
}
