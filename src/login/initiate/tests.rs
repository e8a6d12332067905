use std::sync::Arc;

use super::*;
use crate::login::accept::{self, Acceptor, Terms};
use crate::login::fixture::{ALICE, Site};
use crate::login::handover::{Kind, Opened};
use crate::login::loopback::Loopback;
use crate::login::setup::Setup;

const PROTECTION: Protection = Protection {
    sign: true,
    seal: true,
};

/// An acceptor that knows `EXAMPLE\alice`, and its configuration.
fn acceptor() -> (Acceptor, Arc<Setup>, Site) {
    let site = Site::new(ALICE, "[log]\nto = \"off\"\n[policy]\nmic = \"require\"\n");
    (Acceptor::new(), site.setup(), site)
}

fn user(name: &str, password: &str) -> User {
    let hash = PasswordHash::of_password(password.as_bytes()).unwrap();
    User::typed(name, hash, "PC1").unwrap()
}

fn initiator(user: &User) -> Initiator {
    Initiator::new(Purpose {
        user: user.clone(),
        target: Some(Name::hostbased_service(b"HTTP@www.example.test").unwrap()),
        protection: PROTECTION,
        lifetime: Lifetime::default(),
    })
}

fn begin(initiator: &mut Initiator) -> Vec<u8> {
    let negotiate = initiator.step(None, b"").unwrap();
    assert!(initiator.established().is_none());
    negotiate
}

/// A login within one process, as mod_auth_gssapi makes it for Basic.
fn log_in(user: &User, ours: Option<&[u8]>, theirs: Option<&[u8]>) -> Result<String, Minor> {
    let bindings = |application_data| ChannelBindings {
        application_data,
        ..ChannelBindings::default()
    };
    let (ours, theirs) = (ours.map(bindings), theirs.map(bindings));
    let (mut acceptor, setup, _site) = acceptor();
    let mut initiator = initiator(user);
    let negotiate = begin(&mut initiator);
    let Ok(accept::Step::Continue(challenge)) = acceptor.step(&Terms::of(&setup), &negotiate)
    else {
        panic!("no challenge");
    };
    let authenticate = initiator.step(ours.as_ref(), &challenge).unwrap();
    acceptor
        .step(
            &Terms {
                channel: theirs.as_ref(),
                ..Terms::of(&setup)
            },
            &authenticate,
        )
        .map_err(|fault| fault.minor())?;
    let security = acceptor.established().unwrap().security().unwrap();
    let ours = initiator.established().unwrap();
    assert_eq!(security.session_key(), ours.session_key());
    assert!(security.seals() && ours.seals());
    let established = acceptor.established().unwrap();
    Ok(established.identity().display().to_owned())
}

#[test]
fn our_acceptor_accepts_our_initiator() {
    for name in ["EXAMPLE\\alice", "example\\ALICE", "alice", "alice@example"] {
        let display = log_in(&user(name, "Password1"), None, None);
        assert_eq!(display.as_deref(), Ok("EXAMPLE\\alice"), "{name}");
        let outcome = log_in(&user(name, "Password2"), None, None);
        assert_eq!(outcome, Err(Minor::BadUserOrPassword), "{name}");
    }
    let outcome = log_in(&user("mallory", "Password1"), None, None);
    assert_eq!(outcome, Err(Minor::BadUserOrPassword));
}

#[test]
fn only_this_process_learns_the_domain_before_its_challenge() {
    let alice = user("EXAMPLE\\alice", "Password1");
    let has_domain = |message: &[u8]| message.windows(7).any(|bytes| bytes == b"EXAMPLE");
    let mut elsewhere = initiator(&alice);
    assert!(!has_domain(&begin(&mut elsewhere)));
    let service = Name::hostbased_service(b"HTTP").unwrap();
    let mut here = Initiator::new(Purpose {
        user: alice,
        target: Some(Name::Acceptor(Box::new(service), Loopback::default())),
        protection: PROTECTION,
        lifetime: Lifetime::default(),
    });
    assert!(has_domain(&begin(&mut here)));
}

#[test]
fn both_sides_must_have_the_same_channel() {
    let alice = user("alice", "Password1");
    let accepted = Ok("EXAMPLE\\alice".to_owned());
    assert_eq!(log_in(&alice, Some(b"one"), Some(b"one")), accepted);
    assert_eq!(log_in(&alice, Some(b"one"), None), accepted);
    assert_eq!(log_in(&alice, None, Some(b"one")), accepted);
    let refused = Err(Minor::OtherChannel);
    assert_eq!(log_in(&alice, Some(b"one"), Some(b"two")), refused);
}

#[test]
fn a_context_serves_one_login() {
    let alice = user("alice", "Password1");
    let (mut acceptor, setup, _site) = acceptor();
    let refused =
        |initiator: &mut Initiator, token: &[u8]| initiator.step(None, token).unwrap_err().minor();

    let mut early = initiator(&alice);
    assert_eq!(refused(&mut early, b"NTLMSSP"), Minor::NoChallenge);
    assert_eq!(refused(&mut early, b""), Minor::ContextFailed);

    let mut ours = initiator(&alice);
    let negotiate = begin(&mut ours);
    let Ok(accept::Step::Continue(challenge)) = acceptor.step(&Terms::of(&setup), &negotiate)
    else {
        panic!("no challenge");
    };
    assert!(ours.established().is_none());
    assert!(ours.step(None, &challenge).is_ok());
    let key = ours.established().unwrap().session_key().clone();
    assert_eq!(refused(&mut ours, &challenge), Minor::NoChallenge);
    assert_eq!(ours.established().unwrap().session_key(), &key);

    let mut failed = initiator(&alice);
    begin(&mut failed);
    assert_eq!(refused(&mut failed, b""), Minor::NotNtlm);
    assert_eq!(refused(&mut failed, &challenge), Minor::ContextFailed);
}

#[test]
fn a_complete_login_goes_on_in_another_process() {
    let alice = user("EXAMPLE\\alice", "Password1");
    let (mut acceptor, setup, _site) = acceptor();
    let mut ours = initiator(&alice);
    let unfinished = |initiator: &Initiator| initiator.save().map(drop).unwrap_err().minor();
    assert_eq!(unfinished(&ours), Minor::ContextNotExported);
    let negotiate = begin(&mut ours);
    assert_eq!(unfinished(&ours), Minor::ContextNotExported);
    let Ok(accept::Step::Continue(challenge)) = acceptor.step(&Terms::of(&setup), &negotiate)
    else {
        panic!("no challenge");
    };
    ours.step(None, &challenge).unwrap();

    let (_, body) = ours.save().unwrap();
    let restore = |body: &[u8]| Initiator::restore(&Opened::for_tests(Kind::Initiator, body));
    let theirs = restore(body.expose()).unwrap();
    assert_eq!(theirs.source().display(), "EXAMPLE\\alice");
    assert_eq!(theirs.target().unwrap().display(), "HTTP@www.example.test");
    assert_eq!(theirs.save().unwrap().1.expose(), body.expose());
    assert_eq!(unfinished(&theirs.failed()), Minor::ContextNotExported);

    for length in 0..body.expose().len() {
        let refused = restore(&body.expose()[..length]).unwrap_err();
        assert_eq!(refused.minor(), Minor::BadContextToken, "{length}");
    }
    assert!(restore(&[body.expose(), &[0]].concat()).is_err());
}
