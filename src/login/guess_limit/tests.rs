use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

fn guess_limit(limit: u16) -> GuessLimit {
    let window = Duration::from_secs(60);
    GuessLimit::new(config::GuessLimit { limit, window }, None, LogTarget::Off)
}

#[test]
fn one_account_has_one_count_however_it_is_typed() {
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
fn only_what_was_wrong_counts() {
    let guess_limit = guess_limit(1);
    for _ in 0..3 {
        guess_limit
            .begin("alice")
            .unwrap()
            .refused(Answer::Undecided);
    }
    guess_limit.begin("alice").unwrap().let_in(Some("Alice"));
    guess_limit.begin("alice").unwrap().refused(Answer::Wrong);
    assert!(guess_limit.begin("alice").is_err());
}

#[test]
fn many_at_once_are_asked_about_no_more_than_so_many_times() {
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
fn many_at_once_that_are_right_all_come_in() {
    let guess_limit = guess_limit(2);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let guess = guess_limit.begin("alice").unwrap();
                thread::sleep(Duration::from_millis(2));
                guess.let_in(Some("alice"));
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
fn white_space_makes_no_other_account() {
    let guess_limit = guess_limit(3);
    for user in ["al ice", "AL  Ice", " al \u{3000} ice "] {
        guess_limit.begin(user).unwrap().refused(Answer::Wrong);
    }
    assert!(guess_limit.begin("al ice").is_err());
    assert!(guess_limit.begin("alice").is_ok());
}

#[test]
fn only_the_account_itself_makes_good_what_was_wrong() {
    let guess_limit = guess_limit(2);
    guess_limit.begin("bob").unwrap().refused(Answer::Wrong);
    // A namesake of another domain; a principal name that another account has.
    guess_limit.begin("OTHER\\bob").unwrap().let_in(None);
    guess_limit
        .begin("bob@elsewhere.test")
        .unwrap()
        .let_in(Some("mallory"));
    guess_limit.begin("bob").unwrap().refused(Answer::Wrong);
    assert!(guess_limit.begin("bob").is_err());
}
