//! Contexts that another process continues.

use super::*;
use crate::login::handover::{Kind, Opened};

fn saved(acceptor: &Acceptor) -> Vec<u8> {
    let (until, body) = acceptor.save().unwrap();
    assert!(until > SystemTime::now());
    body.expose().to_vec()
}

fn restore(body: &[u8], setup: Option<&Setup>) -> Result<Acceptor, Minor> {
    let opened = Opened::for_tests(Kind::Acceptor, body);
    Acceptor::restore(&opened, setup).map_err(|fault| fault.minor())
}

/// The context as another process restores it. Truncated and longer tokens are refused.
pub(super) fn carried(acceptor: &Acceptor, setup: &Setup) -> Acceptor {
    let body = saved(acceptor);
    for length in 0..body.len() {
        let cut = restore(&body[..length], Some(setup)).map(drop);
        assert_eq!(cut, Err(Minor::BadContextToken), "{length}");
    }
    assert!(restore(&[&body[..], &[0]].concat(), None).is_err());
    let restored = restore(&body, Some(setup)).unwrap();
    assert_eq!(saved(&restored), body);
    restored
}

#[test]
fn another_process_accepts_the_answer_to_a_challenge() {
    let (setup, _folder) = setup("");
    let initiator = Initiator::default();
    let mut here = Acceptor::new();
    let (negotiate, challenge) = challenge(&mut here, &setup, &initiator);
    let mut there = carried(&here, &setup);
    let token = initiator.authenticate(&negotiate, &challenge).token;
    assert_eq!(step(&mut there, &setup, &token), Ok(Step::Established));
    // Once only, there too.
    assert_eq!(step(&mut there, &setup, &token), Err(Minor::NotNegotiated));

    let mut there = carried(&here, &setup);
    let token = wrong_password().authenticate(&negotiate, &challenge).token;
    assert_eq!(
        step(&mut there, &setup, &token),
        Err(Minor::BadUserOrPassword)
    );
    let until = here.save().unwrap().0;
    assert!(until <= SystemTime::now() + Duration::from_secs(5 * 60));
}

#[test]
fn a_relayed_challenge_stays_in_its_process() {
    let (setup, _folder) = setup("");
    let mut here = Acceptor::new();
    challenge(&mut here, &setup, &Initiator::default());
    let AcceptorState::Challenged(challenged, None) = mem::take(&mut here.0) else {
        panic!("no challenge");
    };
    let passage = Passage::closed(Minor::ControllerUnreachable.into());
    here.0 = AcceptorState::Challenged(challenged, Some(passage));
    let refused = here.save().map(drop).map_err(|fault| fault.minor());
    assert_eq!(refused, Err(Minor::RelayedContextNotExported));
}

#[test]
fn a_complete_login_is_the_same_in_another_process() {
    let (setup, _folder) = setup("");
    for initiator in [Initiator::default(), Initiator::curl()] {
        let mut here = Acceptor::new();
        log_in(&mut here, &setup, &initiator).unwrap();
        let there = carried(&here, &setup);
        let details = |acceptor: &Acceptor| {
            let login = acceptor.established().unwrap();
            let identity = login.identity();
            let attributes: Vec<_> = identity
                .attributes()
                .map(|attribute| (attribute.name, attribute.values.clone()))
                .collect();
            assert!(attributes.len() > 2);
            let names = [identity.display(), identity.local().unwrap()].map(str::to_owned);
            let key = login
                .security()
                .map(|security| security.session_key().clone());
            (names, attributes, login.mic_verified(), key)
        };
        assert_eq!(details(&there), details(&here));
        // To the precision of a `FILETIME`.
        let expires = |acceptor: &Acceptor| acceptor.established().unwrap().expires();
        let lost = expires(&here).duration_since(expires(&there)).unwrap();
        assert!(lost < Duration::from_micros(1));
        assert_eq!(
            here.save().unwrap().0,
            expires(&here),
            "the token expires with the login"
        );
        let mut there = there;
        assert_eq!(
            step(&mut there, &setup, &initiator.negotiate()).map(drop),
            Ok(()),
            "a new login can begin there"
        );
    }
}

#[test]
fn a_context_that_cannot_be_continued_is_not_saved() {
    let (setup, _folder) = setup("");
    let refused = |acceptor: &Acceptor| acceptor.save().map(drop).map_err(|fault| fault.minor());
    let mut acceptor = Acceptor::new();
    assert_eq!(refused(&acceptor), Err(Minor::ContextNotExported));
    log_in(&mut acceptor, &setup, &wrong_password()).unwrap_err();
    assert_eq!(refused(&acceptor), Err(Minor::ContextFailed));
    log_in(&mut acceptor, &setup, &Initiator::default()).unwrap();
    if let AcceptorState::Established(login) = &mut acceptor.0 {
        login.expire();
    }
    assert_eq!(refused(&acceptor), Err(Minor::ContextExpired));
}

#[test]
fn a_protection_that_was_not_agreed_to_is_not_granted_elsewhere() {
    // The flags of Windows with encryption; the answer withdraws 128-bit keys.
    let initiator = Initiator {
        flags: NegotiateFlags(0xE208_82B7),
        final_flags: |flags| NegotiateFlags(flags.0 & !0x2000_0000),
        ..Initiator::default()
    };
    for (policy, protects) in [("", false), ("response = \"ntlmv1\"", true)] {
        let (setup, _folder) = setup(policy);
        let mut here = Acceptor::new();
        let (negotiate, challenge) = challenge(&mut here, &setup, &initiator);
        let mut there = carried(&here, &setup);
        let token = initiator.authenticate(&negotiate, &challenge).token;
        for acceptor in [&mut here, &mut there] {
            step(acceptor, &setup, &token).unwrap();
            assert_eq!(acceptor.security().unwrap().seals(), protects, "{policy}");
        }
    }
}
