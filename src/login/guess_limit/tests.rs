use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use std::thread;

/// Pseudo-random numbers, equal in each run (xorshift64: Marsaglia, 2003).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 16) % bound
    }

    pub(super) fn answer(&mut self) -> Answer {
        match self.below(8) {
            0 => Answer::Right,
            1 => Answer::Undecided,
            _ => Answer::Wrong,
        }
    }
}

/// Exact counts of any number of names, to compare tables with.
pub(super) struct Model {
    limit: u16,
    window: u64,
    counts: HashMap<u64, Count>,
}

#[derive(Default)]
struct Count {
    wrong: u16,
    pending: u16,
    wrong_at: u64,
    begun_at: u64,
}

impl Model {
    pub(super) fn new(limit: u16, window: u64) -> Self {
        Self {
            limit,
            window,
            counts: HashMap::new(),
        }
    }

    fn count(&mut self, name: u64, now: u64) -> &mut Count {
        let count = self.counts.entry(name).or_default();
        let last = match count.pending {
            0 => count.wrong_at,
            _ => count.wrong_at.max(count.begun_at),
        };
        if now >= last + self.window {
            *count = Count::default();
        }
        count
    }

    pub(super) fn permission(&mut self, name: u64, now: u64) -> Permission {
        let limit = self.limit;
        match self.count(name, now) {
            count if count.wrong >= limit => Permission::Refused,
            count if count.wrong + count.pending >= limit => Permission::Later,
            _ => Permission::Given,
        }
    }

    pub(super) fn is_innocent(&self, name: u64) -> bool {
        let count = self.counts.get(&name);
        count.is_none_or(|count| count.wrong == 0 && count.pending == 0)
    }

    pub(super) fn begin(&mut self, name: u64, now: u64) {
        let count = self.count(name, now);
        count.pending += 1;
        count.begun_at = now;
    }

    pub(super) fn end(&mut self, name: u64, answer: Answer, now: u64) {
        let count = self.count(name, now);
        count.pending = count.pending.saturating_sub(1);
        match answer {
            Answer::Right => count.wrong = 0,
            Answer::Wrong => {
                count.wrong += 1;
                count.wrong_at = now;
            }
            Answer::Undecided => {}
        }
    }
}

fn guess_limit(limit: u16) -> GuessLimit {
    let window = Duration::from_secs(60);
    GuessLimit::new(config::GuessLimit { limit, window }, None, LogTarget::Off)
}

#[test]
fn all_spellings_of_an_account_share_its_count() {
    let guess_limit = guess_limit(5);
    for user in [
        "alice",
        "ALICE",
        "EX\\alice",
        "alice@ex.test",
        "EX.TEST\\ Alice ",
    ] {
        guess_limit.begin(user).unwrap().refused(Answer::Wrong);
    }
    for user in ["alice", "OTHER\\aLICE", "alice@elsewhere.test"] {
        let Err(fault) = guess_limit.begin(user) else {
            panic!("asked about {user}");
        };
        assert_eq!(fault.minor(), Minor::TooManyGuesses);
        assert_eq!(fault.to_string(), Minor::BadUserOrPassword.text());
        assert!(fault.for_the_log().contains("policy.guess_limit"));
    }
    assert!(guess_limit.begin("bob").is_ok());
}

#[test]
fn only_wrong_passwords_count() {
    let guess_limit = guess_limit(1);
    for _ in 0..3 {
        guess_limit
            .begin("alice")
            .unwrap()
            .refused(Answer::Undecided);
    }
    guess_limit.begin("alice").unwrap().accepted(Some("Alice"));
    guess_limit.begin("alice").unwrap().refused(Answer::Wrong);
    assert!(guess_limit.begin("alice").is_err());
}

#[test]
fn parallel_guesses_are_asked_no_more_often_than_the_limit() {
    let guess_limit = guess_limit(5);
    let asked = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| {
                if let Ok(guess) = guess_limit.begin("alice") {
                    asked.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(5));
                    guess.refused(Answer::Wrong);
                }
            });
        }
    });
    assert_eq!(asked.into_inner(), 5);
}

#[test]
fn parallel_right_passwords_are_all_accepted() {
    let guess_limit = guess_limit(2);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let guess = guess_limit.begin("alice").unwrap();
                thread::sleep(Duration::from_millis(2));
                guess.accepted(Some("alice"));
            });
        }
    });
}

#[test]
fn a_guess_without_an_answer_counts() {
    let guess_limit = guess_limit(1);
    drop(guess_limit.begin("alice"));
    let Err(fault) = guess_limit.begin("alice") else {
        panic!("asked");
    };
    assert_eq!(fault.minor(), Minor::TooManyGuesses);
}

#[test]
fn white_space_does_not_make_another_account() {
    let guess_limit = guess_limit(3);
    for user in ["al ice", "AL  Ice", " al \u{3000} ice "] {
        guess_limit.begin(user).unwrap().refused(Answer::Wrong);
    }
    assert!(guess_limit.begin("al ice").is_err());
    assert!(guess_limit.begin("alice").is_ok());
}

#[test]
fn only_the_account_itself_clears_its_count() {
    let guess_limit = guess_limit(2);
    guess_limit.begin("bob").unwrap().refused(Answer::Wrong);
    // An account of the same name in another domain; the principal name of another account.
    guess_limit.begin("OTHER\\bob").unwrap().accepted(None);
    guess_limit
        .begin("bob@elsewhere.test")
        .unwrap()
        .accepted(Some("mallory"));
    guess_limit.begin("bob").unwrap().refused(Answer::Wrong);
    assert!(guess_limit.begin("bob").is_err());
}

#[test]
fn a_survey_counts_the_names_of_the_shared_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let window = Duration::from_secs(60);
    let rule = config::GuessLimit { limit: 2, window };
    let file = Some(folder.path().join("EXAMPLE.guesses"));
    let shared = GuessLimit::new(rule, file, LogTarget::Off);
    for user in ["alice", "bob", "bob", "carol"] {
        shared.begin(user).unwrap().refused(Answer::Wrong);
    }
    assert_eq!(shared.survey().unwrap(), Some((1, 3)));
    assert_eq!(guess_limit(2).survey().unwrap(), None);
}
