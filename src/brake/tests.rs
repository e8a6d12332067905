use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

fn brake(limit: u16) -> Brake {
    let window = Duration::from_secs(60);
    Brake::new(config::Brake { limit, window }, None, LogTarget::Off)
}

fn wrong() -> Result<(), Fault> {
    Err(Minor::BadUserOrPassword.into())
}

#[test]
fn one_account_has_one_count_however_it_is_typed() {
    let brake = brake(5);
    for user in [
        "alice",
        "ALICE",
        "EX\\alice",
        "alice@ex.test",
        "EX.TEST\\Alice ",
    ] {
        brake.begin(user).unwrap().answered(&wrong());
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
    for minor in [
        Minor::AccountDisabled,
        Minor::PasswordExpired,
        Minor::AccountLockedOut,
        Minor::ControllerUnreachable,
        Minor::UnknownDomain,
    ] {
        brake
            .begin("alice")
            .unwrap()
            .answered::<()>(&Err(minor.into()));
    }
    brake.begin("alice").unwrap().answered(&Ok(()));
    brake.begin("alice").unwrap().answered(&wrong());
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
                    guess.answered(&wrong());
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
                guess.answered(&Ok(()));
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
