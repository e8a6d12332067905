//! Logins and the guess limit.

use super::*;
use crate::login::accept::decision::answer;
use crate::login::guess_limit::Answer;
use crate::login::verify::Refusal;

#[test]
fn after_too_many_guesses_no_verifier_is_asked() {
    let (setup, _folder) = setup("guess_limit = 2\nguess_window = \"1h\"");
    let acceptor = &mut Acceptor::new();
    let right = Initiator::default();
    let wrong = Err(Minor::BadUserOrPassword);
    assert_eq!(log_in(acceptor, &setup, &wrong_password()), wrong);
    assert_eq!(log_in(acceptor, &setup, &right), Ok(Step::Established));
    for _ in 0..2 {
        assert_eq!(log_in(acceptor, &setup, &wrong_password()), wrong);
    }
    let refused = Err(Minor::TooManyGuesses);
    assert_eq!(log_in(acceptor, &setup, &right), refused);
}

/// The limit must not reveal whether an account exists, even after guesses at many other names.
#[test]
fn unknown_and_known_names_are_counted_alike() {
    let (setup, _folder) = setup("guess_limit = 2");
    let acceptor = &mut Acceptor::new();
    let unknown = Initiator {
        user: "mallory",
        ..wrong_password()
    };
    for guesser in [&wrong_password(), &unknown] {
        for _ in 0..2 {
            let wrong = Err(Minor::BadUserOrPassword);
            assert_eq!(log_in(acceptor, &setup, guesser), wrong);
        }
    }
    for other in 0..10_000 {
        let guess = setup.guess_limit().unwrap().begin(&format!("user{other}"));
        guess.unwrap().refused(Answer::Wrong);
    }
    for guesser in [&wrong_password(), &unknown] {
        let refused = Err(Minor::TooManyGuesses);
        assert_eq!(log_in(acceptor, &setup, guesser), refused);
    }
}

#[test]
fn only_an_accepted_login_clears_wrong_guesses() {
    let right = Initiator::default();
    let wrong = Err(Minor::BadUserOrPassword);
    let refused = Err(Minor::TooManyGuesses);
    let limit = "guess_limit = 2";

    // A message was changed on its way.
    let (site, _folder) = setup(limit);
    let acceptor = &mut Acceptor::new();
    assert_eq!(log_in(acceptor, &site, &wrong_password()), wrong);
    let (negotiate, second) = challenge(acceptor, &site, &right);
    let mut third = right.authenticate(&negotiate, &second).token;
    third[72] ^= 1;
    assert_eq!(step(acceptor, &site, &third), Err(Minor::BadMic));
    assert_eq!(log_in(acceptor, &site, &wrong_password()), wrong);
    assert_eq!(log_in(acceptor, &site, &right), refused);

    // The policy refuses the user.
    let (site, _folder) = setup(&format!("{limit}\nrefused_domains = [\"EXAMPLE\"]"));
    assert_eq!(log_in(acceptor, &site, &wrong_password()), wrong);
    let outside = Err(Minor::DomainRefused);
    assert_eq!(log_in(acceptor, &site, &right), outside);
    assert_eq!(log_in(acceptor, &site, &wrong_password()), wrong);
    assert_eq!(log_in(acceptor, &site, &right), refused);

    // A user of the same name from another domain.
    let (site, folder) = setup(limit);
    folder.write_users("EXAMPLE:alice:Password1\nOTHER:alice:Password2\n");
    std::thread::sleep(Duration::from_millis(1100));
    let namesake = Initiator {
        domain: "OTHER",
        ..wrong_password()
    };
    assert_eq!(log_in(acceptor, &site, &wrong_password()), wrong);
    let established = Ok(Step::Established);
    assert_eq!(log_in(acceptor, &site, &namesake), established);
    assert_eq!(log_in(acceptor, &site, &wrong_password()), wrong);
    assert_eq!(log_in(acceptor, &site, &right), refused);
}

#[test]
fn each_refusal_counts_as_wrong_or_undecided() {
    let about = |refusal: fn(Fault) -> Refusal, minor: Minor| answer(&refusal(minor.into()));
    for (refusal, minor, expected) in [
        (
            Refusal::Denied as fn(_) -> _,
            Minor::BadUserOrPassword,
            Answer::Wrong,
        ),
        (Refusal::Denied, Minor::LogonDenied, Answer::Wrong),
        (Refusal::Denied, Minor::AccountDisabled, Answer::Undecided),
        (Refusal::Denied, Minor::PasswordExpired, Answer::Undecided),
        (Refusal::Denied, Minor::AccountLockedOut, Answer::Undecided),
        (Refusal::NotMine, Minor::BadUserOrPassword, Answer::Wrong),
        (Refusal::NotMine, Minor::UnknownDomain, Answer::Undecided),
        (
            Refusal::Unavailable,
            Minor::ControllerTimeout,
            Answer::Undecided,
        ),
        (Refusal::Unanswered, Minor::ControllerTimeout, Answer::Wrong),
        (Refusal::Unanswered, Minor::ControllerForged, Answer::Wrong),
    ] {
        assert_eq!(about(refusal, minor), expected, "{minor:?}");
    }
}
