use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

fn brake(limit: u16) -> Brake {
    let window = Duration::from_secs(60);
    Brake::new(config::Brake { limit, window }, None, LogTarget::Off)
}

#[test]
fn one_account_has_one_count_however_it_is_typed() {
    let brake = brake(5);
    for user in [
        "alice",
        "ALICE",
        "EX\\alice",
        "alice@ex.test",
        "EX.TEST\\ Alice ",
    ] {
        brake.begin(user).unwrap().refused(Answer::Wrong);
    }
    for user in ["alice", "OTHER\\aLICE", "alice@elsewhere.test"] {
        let Err(fault) = brake.begin(user) else {
            panic!("asked about {user}");
        };
        assert_eq!(fault.minor(), Minor::TooManyGuesses);
        assert_eq!(fault.to_string(), Minor::BadUserOrPassword.text());
        assert!(fault.for_the_log().contains("policy.guess_limit"));
    }
    assert!(brake.begin("bob").is_ok());
}

#[test]
fn only_what_was_wrong_counts() {
    let brake = brake(1);
    for _ in 0..3 {
        brake.begin("alice").unwrap().refused(Answer::Undecided);
    }
    brake.begin("alice").unwrap().let_in(Some("Alice"));
    brake.begin("alice").unwrap().refused(Answer::Wrong);
    assert!(brake.begin("alice").is_err());
}

#[test]
fn many_at_once_are_asked_about_no_more_than_so_many_times() {
    let brake = brake(5);
    let asked = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| {
                if let Ok(guess) = brake.begin("alice") {
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
    let brake = brake(2);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let guess = brake.begin("alice").unwrap();
                thread::sleep(Duration::from_millis(2));
                guess.let_in(Some("alice"));
            });
        }
    });
}

#[test]
fn a_guess_without_an_answer_counts() {
    let brake = brake(1);
    drop(brake.begin("alice"));
    let Err(fault) = brake.begin("alice") else {
        panic!("asked");
    };
    assert_eq!(fault.minor(), Minor::TooManyGuesses);
}

#[test]
fn white_space_makes_no_other_account() {
    let brake = brake(3);
    for user in ["al ice", "AL  Ice", " al \u{3000} ice "] {
        brake.begin(user).unwrap().refused(Answer::Wrong);
    }
    assert!(brake.begin("al ice").is_err());
    assert!(brake.begin("alice").is_ok());
}

#[test]
fn only_the_account_itself_makes_good_what_was_wrong() {
    let brake = brake(2);
    brake.begin("bob").unwrap().refused(Answer::Wrong);
    // A namesake of another domain; a principal name that another account has.
    brake.begin("OTHER\\bob").unwrap().let_in(None);
    brake
        .begin("bob@elsewhere.test")
        .unwrap()
        .let_in(Some("mallory"));
    brake.begin("bob").unwrap().refused(Answer::Wrong);
    assert!(brake.begin("bob").is_err());
}
