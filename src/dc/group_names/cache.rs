//! Names that were learnt, each with an end.

use std::collections::HashMap;
use std::mem;
use std::time::Instant;

use crate::base::sid::Sid;

/// How many are kept before those go that nobody has asked for lately. Twice as many are there at
/// most, at some 150 bytes each.
pub(super) const GENERATION: usize = 4096;

/// Two generations: who is asked for goes into the young one; when that is full, it becomes the old
/// one, and what the old one still held is forgotten.
#[derive(Default)]
pub(super) struct Cache {
    young: HashMap<Sid, Entry>,
    old: HashMap<Sid, Entry>,
}

struct Entry {
    /// None: it has none.
    name: Option<String>,
    until: Instant,
}

impl Cache {
    /// What is known of it: its name, or that it has none.
    pub(super) fn look_up(&mut self, sid: &Sid, now: Instant) -> Option<&Option<String>> {
        if let Some((sid, entry)) = self.old.remove_entry(sid) {
            self.keep(sid, entry.name, entry.until);
        }
        let entry = self.young.get(sid).filter(|entry| now < entry.until);
        entry.map(|entry| &entry.name)
    }

    /// Keeps a name, or that there is none.
    pub(super) fn keep(&mut self, sid: Sid, name: Option<String>, until: Instant) {
        if self.young.len() >= GENERATION && !self.young.contains_key(&sid) {
            self.old = mem::take(&mut self.young);
        }
        self.old.remove(&sid);
        self.young.insert(sid, Entry { name, until });
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
    fn a_name_has_an_end() {
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
    fn those_that_are_asked_for_stay_and_there_is_an_end_to_all() {
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
