use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::accept::{self, Acceptor};
use crate::setup::{self, Setup, Source};

const PROTECTION: Protection = Protection {
    sign: true,
    seal: true,
};

/// An acceptor that knows `EXAMPLE\alice` with `Password1`, and what it is configured by.
fn acceptor(folder: &tempfile::TempDir) -> (Acceptor, std::sync::Arc<Setup>) {
    let users = folder.path().join("users");
    fs::write(&users, "EXAMPLE:alice:Password1\n").unwrap();
    fs::set_permissions(&users, Permissions::from_mode(0o600)).unwrap();
    let config = folder.path().join("config");
    let text = format!(
        "verify = [\"users\"]\n[users]\nfile = {users:?}\n[log]\nto = \"off\"\n\
         [policy]\nmic = \"require\"\n"
    );
    fs::write(&config, text).unwrap();
    let source = Source {
        config: Some(config),
        ..Source::default()
    };
    (Acceptor::new(), setup::load(&source).unwrap())
}

fn user(name: &str, password: &str) -> User {
    let hash = PasswordHash::of_password(password.as_bytes()).unwrap();
    User::typed(name, hash, "PC1").unwrap()
}

fn purpose<'a>(user: &'a User, channel: Option<&'a ChannelBindings<'a>>) -> Purpose<'a> {
    Purpose {
        user,
        service: "HTTP/www.example.test",
        channel,
        protection: PROTECTION,
    }
}

fn begin(initiator: &mut Initiator, purpose: &Purpose<'_>) -> Vec<u8> {
    match initiator.step(purpose, b"") {
        Ok(Step::Continue(negotiate)) => negotiate,
        other => panic!("no first message: {other:?}"),
    }
}

/// A whole login in one process, as mod_auth_gssapi does it for Basic.
fn log_in(user: &User, ours: Option<&[u8]>, theirs: Option<&[u8]>) -> Result<String, Minor> {
    let bindings = |application_data| ChannelBindings {
        application_data,
        ..ChannelBindings::default()
    };
    let (ours, theirs) = (ours.map(bindings), theirs.map(bindings));
    let folder = tempfile::tempdir().unwrap();
    let (mut acceptor, setup) = acceptor(&folder);
    let mut initiator = Initiator::new();
    let purpose = purpose(user, ours.as_ref());
    let negotiate = begin(&mut initiator, &purpose);
    let Ok(accept::Step::Continue(challenge)) = acceptor.step(&setup, None, &negotiate) else {
        panic!("no challenge");
    };
    let Ok(Step::Established(authenticate)) = initiator.step(&purpose, &challenge) else {
        panic!("no answer");
    };
    acceptor
        .step(&setup, theirs.as_ref(), &authenticate)
        .map_err(|fault| fault.minor())?;
    let security = acceptor.established().unwrap().security().unwrap();
    let ours = initiator.established().unwrap();
    assert_eq!(security.session_key(), ours.session_key());
    assert!(security.seals() && ours.seals());
    let established = acceptor.established().unwrap();
    Ok(established.identity().display().to_owned())
}

#[test]
fn our_own_acceptor_lets_it_in() {
    for name in ["EXAMPLE\\alice", "example\\ALICE", "alice", "alice@example"] {
        let display = log_in(&user(name, "Password1"), None, None);
        assert_eq!(display.as_deref(), Ok("EXAMPLE\\alice"), "{name}");
        let outcome = log_in(&user(name, "Password2"), None, None);
        assert_eq!(outcome, Err(Minor::BadUserOrPassword), "{name}");
    }
    let outcome = log_in(&user("nobody", "Password1"), None, None);
    assert_eq!(outcome, Err(Minor::BadUserOrPassword));
}

#[test]
fn the_channel_must_be_one() {
    let alice = user("alice", "Password1");
    let let_in = Ok("EXAMPLE\\alice".to_owned());
    assert_eq!(log_in(&alice, Some(b"one"), Some(b"one")), let_in);
    assert_eq!(log_in(&alice, Some(b"one"), None), let_in);
    assert_eq!(log_in(&alice, None, Some(b"one")), let_in);
    let refused = Err(Minor::OtherChannel);
    assert_eq!(log_in(&alice, Some(b"one"), Some(b"two")), refused);
}

#[test]
fn a_context_serves_one_login() {
    let alice = user("alice", "Password1");
    let purpose = purpose(&alice, None);
    let folder = tempfile::tempdir().unwrap();
    let (mut acceptor, setup) = acceptor(&folder);
    let refused = |initiator: &mut Initiator, token: &[u8]| {
        initiator.step(&purpose, token).unwrap_err().minor()
    };

    let mut early = Initiator::new();
    assert_eq!(refused(&mut early, b"NTLMSSP"), Minor::NoChallenge);
    assert_eq!(refused(&mut early, b""), Minor::ContextFailed);

    let mut initiator = Initiator::new();
    let negotiate = begin(&mut initiator, &purpose);
    let Ok(accept::Step::Continue(challenge)) = acceptor.step(&setup, None, &negotiate) else {
        panic!("no challenge");
    };
    assert!(initiator.established().is_none());
    assert!(initiator.step(&purpose, &challenge).is_ok());
    let key = initiator.established().unwrap().session_key().clone();
    assert_eq!(refused(&mut initiator, &challenge), Minor::NoChallenge);
    assert_eq!(initiator.established().unwrap().session_key(), &key);

    let mut failed = Initiator::new();
    begin(&mut failed, &purpose);
    assert_eq!(refused(&mut failed, b""), Minor::NotNtlm);
    assert_eq!(refused(&mut failed, &challenge), Minor::ContextFailed);
}
