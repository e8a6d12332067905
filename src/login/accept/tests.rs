mod changed;
mod forests;
mod guesses;
mod handed_over;
mod names;
mod rules;
mod unreachable;

use std::collections::HashSet;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::login::fixture::{ALICE, Site, challenge, example_site};
use crate::protocol::ntlm::av_pair::{AvId, AvPairs};
use crate::protocol::ntlm::bindings::{Address, ChannelBindings};
use crate::protocol::ntlm::flags::NegotiateFlags;
use crate::protocol::ntlm::tests::imitation::{Answer, Header, Initiator};
use crate::protocol::ntlm::text::utf16le;

/// A server that knows `EXAMPLE\alice`, with these keys of `[policy]`.
fn setup(policy: &str) -> (Arc<Setup>, Site) {
    with_users(ALICE, policy)
}

/// The same with these lines in the users file.
fn with_users(lines: &str, policy: &str) -> (Arc<Setup>, Site) {
    let sections = format!("[identity]\nlifetime = \"1h\"\n[policy]\n{policy}\n");
    example_site(lines, &sections)
}

/// One handshake on `acceptor`.
fn log_in(acceptor: &mut Acceptor, setup: &Setup, initiator: &Initiator) -> Result<Step, Minor> {
    let (negotiate, challenge) = challenge(acceptor, setup, initiator);
    assert!(acceptor.established().is_none());
    let answered = initiator.authenticate(&negotiate, &challenge);
    step(acceptor, setup, &answered.token)
}

fn step(acceptor: &mut Acceptor, setup: &Setup, token: &[u8]) -> Result<Step, Minor> {
    let outcome = acceptor
        .step(&Terms::of(setup), token)
        .map_err(|fault| fault.minor());
    assert_eq!(
        acceptor.established().is_some(),
        outcome == Ok(Step::Established)
    );
    outcome
}

fn wrong_password() -> Initiator {
    Initiator {
        password: "Password2",
        ..Initiator::default()
    }
}

#[test]
fn an_accepted_user_is_named_as_the_verifier_names_it() {
    let (setup, _folder) = setup("");
    for initiator in [
        Initiator::default(),
        Initiator::curl(),
        Initiator::chromium(),
        Initiator {
            user: "ALICE",
            domain: "",
            ..Initiator::default()
        },
    ] {
        let mut acceptor = Acceptor::new();
        let outcome = log_in(&mut acceptor, &setup, &initiator);
        assert_eq!(outcome, Ok(Step::Established));
        let established = acceptor.established().unwrap();
        assert_eq!(established.identity().display(), "EXAMPLE\\alice");
        let lasts = established
            .expires()
            .duration_since(SystemTime::now())
            .unwrap();
        assert!(lasts <= Duration::from_secs(3600) && lasts > Duration::from_secs(3000));
    }
}

#[test]
fn a_negotiate_message_starts_afresh_in_every_state() {
    let (setup, _folder) = setup("");
    let right = Initiator::default();
    let mut acceptor = Acceptor::new();
    let refused = Err(Minor::BadUserOrPassword);
    assert_eq!(log_in(&mut acceptor, &setup, &wrong_password()), refused);
    // After a failure.
    let established = Ok(Step::Established);
    assert_eq!(log_in(&mut acceptor, &setup, &right), established);
    // After a success.
    assert_eq!(log_in(&mut acceptor, &setup, &right), established);
    // After a challenge: the first challenge is void.
    let (negotiate, first) = challenge(&mut acceptor, &setup, &right);
    let (_, second) = challenge(&mut acceptor, &setup, &right);
    assert_ne!(first, second);
    let stale = right.authenticate(&negotiate, &first);
    // The refusal depends on the clock: the two challenges may have the same timestamp.
    let outcome = step(&mut acceptor, &setup, &stale.token);
    assert!(matches!(
        outcome,
        Err(Minor::TargetInfoChanged | Minor::BadUserOrPassword)
    ));
}

#[test]
fn no_challenge_comes_twice() {
    let (setup, _folder) = setup("");
    let client = Initiator::default();
    let server_challenge = || {
        let (_, message) = challenge(&mut Acceptor::new(), &setup, &client);
        message[24..32].to_vec()
    };
    let all: HashSet<_> = (0..1000).map(|_| server_challenge()).collect();
    assert_eq!(all.len(), 1000);
}

#[test]
fn a_failed_context_verifies_nothing() {
    let (setup, _folder) = setup("");
    let right = Initiator::default();
    let mut acceptor = Acceptor::new();
    let (negotiate, challenge) = challenge(&mut acceptor, &setup, &right);
    let good = right.authenticate(&negotiate, &challenge).token;
    let (last, rest) = good.split_last().unwrap();
    let bad = [rest, &[last ^ 1]].concat();
    assert!(step(&mut acceptor, &setup, &bad).is_err());
    assert_eq!(
        step(&mut acceptor, &setup, &good),
        Err(Minor::ContextFailed)
    );
}

#[test]
fn messages_are_protected_until_the_next_login_begins() {
    let (setup, _folder) = setup("");
    for (initiator, signs) in [(Initiator::default(), true), (Initiator::curl(), false)] {
        let mut acceptor = Acceptor::new();
        assert!(acceptor.security().is_none());
        let outcome = log_in(&mut acceptor, &setup, &initiator);
        assert_eq!(outcome, Ok(Step::Established));
        assert_eq!(acceptor.security().unwrap().signs(), signs);
        challenge(&mut acceptor, &setup, &initiator);
        assert!(acceptor.security().is_none());
    }
    let mut acceptor = Acceptor::new();
    let refused = Err(Minor::BadUserOrPassword);
    assert_eq!(log_in(&mut acceptor, &setup, &wrong_password()), refused);
    assert!(acceptor.security().is_none());
}

#[test]
fn a_login_has_the_clients_key_and_a_verified_mic_if_one_was_sent() {
    let (setup, _folder) = setup("");
    for (initiator, has_mic) in [(Initiator::default(), true), (Initiator::curl(), false)] {
        let mut acceptor = Acceptor::new();
        let (negotiate, challenge) = challenge(&mut acceptor, &setup, &initiator);
        let answered = initiator.authenticate(&negotiate, &challenge);
        let step = step(&mut acceptor, &setup, &answered.token);
        assert_eq!(step, Ok(Step::Established));
        let login = acceptor.established().unwrap();
        assert_eq!(login.mic_verified(), has_mic);
        let key = login.security().unwrap().session_key();
        assert_eq!(key.expose(), answered.exported_session_key.expose());
    }
}

#[test]
fn an_authenticate_message_is_accepted_once() {
    let (setup, _folder) = setup("");
    let right = Initiator::default();
    let mut acceptor = Acceptor::new();
    let (negotiate, challenge) = challenge(&mut acceptor, &setup, &right);
    let good = right.authenticate(&negotiate, &challenge).token;
    assert_eq!(step(&mut acceptor, &setup, &good), Ok(Step::Established));
    assert_eq!(
        step(&mut acceptor, &setup, &good),
        Err(Minor::NotNegotiated)
    );
    let mut other = Acceptor::new();
    assert_eq!(step(&mut other, &setup, &good), Err(Minor::NotNegotiated));
    assert_eq!(
        step(&mut other, &setup, &challenge),
        Err(Minor::UnexpectedMessage)
    );
    assert_eq!(step(&mut other, &setup, b"Negotiate"), Err(Minor::NotNtlm));
}
