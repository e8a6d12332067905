//! What an attacker tries against the guess limit with many names, in a file as in memory.
#![allow(clippy::unwrap_used)]

use std::fs::{self, Permissions};
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use gss_ntlmdc::base::config::{self, LogTarget};
use gss_ntlmdc::login::guess_limit::{Answer, GuessLimit};

fn with_limit(limit: u16, shared: Option<PathBuf>) -> GuessLimit {
    let window = Duration::from_secs(3600);
    GuessLimit::new(config::GuessLimit { limit, window }, shared, LogTarget::Off)
}

/// Runs an attack on a table in a file, then on one in memory.
fn in_both(limit: u16, attack: fn(&GuessLimit)) {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    attack(&with_limit(
        limit,
        Some(folder.path().join("EXAMPLE.guesses")),
    ));
    attack(&with_limit(limit, None));
}

/// Guesses once at each user, and returns about how many a verifier was asked.
fn spray(guess_limit: &GuessLimit, users: Range<u32>) -> usize {
    users
        .filter_map(|user| guess_limit.begin(&format!("user{user}")).ok())
        .map(|guess| guess.refused(Answer::Wrong))
        .count()
}

/// How many of these users cannot log in with the right password.
fn locked_out(guess_limit: &GuessLimit, users: Range<u32>) -> usize {
    let names = users.map(|user| format!("user{user}"));
    names
        .filter(|name| match guess_limit.begin(name) {
            Ok(guess) => {
                guess.accepted(Some(name));
                false
            }
            Err(_) => true,
        })
        .count()
}

#[test]
fn spraying_ten_thousand_users_stops_at_the_limit_of_each() {
    in_both(2, |guess_limit| {
        for _ in 0..2 {
            assert_eq!(spray(guess_limit, 0..10_000), 10_000);
        }
        assert_eq!(spray(guess_limit, 0..10_000), 0);
        assert_eq!(locked_out(guess_limit, 10_000..12_000), 0);
    });
}

#[test]
fn spraying_a_hundred_thousand_users_stops_at_the_limit_of_each() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    let path = folder.path().join("EXAMPLE.guesses");
    let guess_limit = with_limit(1, Some(path.clone()));
    assert_eq!(spray(&guess_limit, 0..100_000), 100_000);
    let again = (0..100_000).step_by(10);
    let asked: usize = again.map(|user| spray(&guess_limit, user..user + 1)).sum();
    assert_eq!(asked, 0);
    assert_eq!(locked_out(&guess_limit, 100_000..101_000), 0);
    let size = fs::metadata(&path).unwrap().len();
    assert!(size < 10 << 20, "{size} bytes");
}

#[test]
fn many_guesses_lock_out_no_account_at_which_none_was() {
    in_both(3, |guess_limit| {
        let mut asked = 0;
        for question in 0..20_000 {
            let user = question % 6000;
            asked += spray(guess_limit, user..user + 1);
        }
        assert_eq!(asked, 18_000);
        assert_eq!(locked_out(guess_limit, 6000..16_000), 0);
    });
}
