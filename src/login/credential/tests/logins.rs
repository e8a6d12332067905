//! What the program's credential says, and logins of this process to itself.

use std::sync::Arc;
use std::time::SystemTime;

use super::*;
use crate::login::accept::{Acceptor, Step};
use crate::login::initiate::{self, Lifetime, Purpose};
use crate::protocol::ntlm::av_pair::{AvId, AvPairs};
use crate::protocol::ntlm::imitation::Initiator;
use crate::protocol::ntlm::initiator::Protection;
use crate::protocol::ntlm::text::utf16le;

const STRICT: &str = "channel_binding = \"require\"\nspn = [\"HTTP/www.example.test\"]\n\
                      [policy.audit]\nchannel_binding = \"require\"\nspn = [\"HTTP/elsewhere\"]";

/// `EXAMPLE\alice` has this password; `[policy]` is `policy`.
fn configured(password: &str, policy: &str) -> (Arc<Setup>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let users = folder.path().join("users");
    fs::write(&users, format!("EXAMPLE:alice:{password}\n")).unwrap();
    fs::set_permissions(&users, Permissions::from_mode(0o600)).unwrap();
    let text = format!(
        "verify = [\"users\"]\n[users]\nfile = {users:?}\nnetbios_domain = \"EXAMPLE\"\n\
         [identity]\nlifetime = \"1h\"\n[log]\nto = \"off\"\n[policy]\n{policy}\n"
    );
    fs::write(folder.path().join("config"), text).unwrap();
    let source = Source {
        config: Some(folder.path().join("config")),
        ..Source::default()
    };
    (setup::load(&source).unwrap(), folder)
}

/// The first message of a client, and the challenge that answers it.
fn challenge(acceptor: &mut Acceptor, setup: &Setup, client: &Initiator) -> (Vec<u8>, Vec<u8>) {
    let negotiate = client.negotiate();
    match acceptor.step(&Terms::of(setup), &negotiate) {
        Ok(Step::Continue(challenge)) => (negotiate, challenge),
        other => panic!("no challenge: {other:?}"),
    }
}

fn credential(folder: &tempfile::TempDir, name: Option<&str>, seconds: Option<u64>) -> Credential {
    let source = Source {
        config: Some(folder.path().join("config")),
        ..Source::default()
    };
    let name = name.map(|name| Name::hostbased_service(name.as_bytes()).unwrap());
    let lifetime = seconds.map(Duration::from_secs);
    Credential::acquire(&source, name, Usage::Accept, lifetime, || Ok(None)).unwrap()
}

/// alice, who logs in to `target` from this process.
fn from_here(target: Name, seconds: Option<u64>) -> initiate::Initiator {
    let hash = PasswordHash::of_password(b"Password1").unwrap();
    initiate::Initiator::new(Purpose {
        user: User::typed("EXAMPLE\\alice", hash, "PC1").unwrap(),
        target: Some(target),
        protection: Protection::default(),
        lifetime: Lifetime {
            of_credential: seconds.map(Duration::from_secs),
            // What mod_auth_gssapi asks of every such context.
            of_context: Some(Duration::from_secs(60)),
        },
    })
}

/// The initiator's answer to a challenge of the acceptor's.
fn answer(initiator: &mut initiate::Initiator, acceptor: &mut Acceptor, terms: &Terms) -> Vec<u8> {
    let negotiate = initiator.step(None, b"").unwrap();
    let Ok(Step::Continue(challenge)) = acceptor.step(terms, &negotiate) else {
        panic!("no challenge");
    };
    initiator.step(None, &challenge).unwrap()
}

fn outcome(acceptor: &mut Acceptor, terms: &Terms, token: &[u8]) -> Result<Step, Minor> {
    let outcome = acceptor.step(terms, token);
    outcome.map_err(|fault| fault.minor())
}

/// As mod_auth_gssapi has it for Basic.
#[test]
fn a_login_from_this_process_has_met_the_rules_about_channel_and_service() {
    let (setup, folder) = configured("Password1", STRICT);
    for name in [None, Some("HTTP@www.elsewhere.test")] {
        let credential = credential(&folder, name, None);
        let on = terms(Some(&credential), &setup, None);
        let mut acceptor = Acceptor::new();
        for _ in 0..2 {
            let mut initiator = from_here(credential.name(), None);
            let token = answer(&mut initiator, &mut acceptor, &on);
            assert_eq!(outcome(&mut acceptor, &on, &token), Ok(Step::Established));
        }
        // The password must be right all the same.
        let mut initiator = from_here(credential.name(), None);
        let token = answer(&mut initiator, &mut acceptor, &on);
        let (others, _folder) = configured("Password2", STRICT);
        let on = terms(Some(&credential), &others, None);
        let refused = Err(Minor::BadUserOrPassword);
        assert_eq!(outcome(&mut acceptor, &on, &token), refused);
    }
}

/// No client can make its message look so, whatever it has seen or passes on.
#[test]
fn only_the_very_message_of_this_process_has_met_them() {
    let (setup, folder) = configured("Password1", STRICT);
    let ours = credential(&folder, None, None);
    let on = terms(Some(&ours), &setup, None);
    let refused = Err(Minor::UnknownChannel);
    let acceptor = &mut Acceptor::new();

    // A client that says what the initiator of this process says.
    let says_the_same = Initiator {
        alter: |mut pairs| {
            let name = Name::default_acceptor().service_principal();
            let name = utf16le(name.encode_utf16());
            pairs.set(AvId::TARGET_NAME, name).unwrap();
            pairs
        },
        ..Initiator::default()
    };
    let (negotiate, challenge) = challenge(acceptor, &setup, &says_the_same);
    let token = says_the_same.authenticate(&negotiate, &challenge).token;
    assert_eq!(outcome(acceptor, &on, &token), refused);

    // The same, while a login of this process is under way on the same thread.
    let mut initiator = from_here(ours.name(), None);
    let mine = answer(&mut initiator, &mut Acceptor::new(), &on);
    let (negotiate, challenge) = self::challenge(acceptor, &setup, &says_the_same);
    let token = says_the_same.authenticate(&negotiate, &challenge).token;
    assert_eq!(outcome(acceptor, &on, &token), refused);
    // That of this process, sent by a client: it answers another challenge.
    self::challenge(acceptor, &setup, &says_the_same);
    assert!(outcome(acceptor, &on, &mine).is_err());

    // A login of this process to elsewhere, which an attacker there relays back: the challenge is
    // ours, and the message is of an initiator of this process.
    let typed = Name::hostbased_service(ours.name().display().as_bytes()).unwrap();
    let exported = Name::decode(&ours.name().encode().unwrap()).unwrap();
    for elsewhere in [typed, exported] {
        let mut initiator = from_here(elsewhere, None);
        let token = answer(&mut initiator, acceptor, &on);
        assert_eq!(outcome(acceptor, &on, &token), refused);
    }
    // A login to another credential of this process.
    let others = credential(&folder, None, None);
    let mut initiator = from_here(others.name(), None);
    let token = answer(&mut initiator, acceptor, &on);
    assert_eq!(outcome(acceptor, &on, &token), refused);
    // One that comes back on another thread, as through a network.
    let mut initiator = from_here(ours.name(), None);
    let token = answer(&mut initiator, acceptor, &on);
    let elsewhere = std::thread::scope(|scope| {
        let thread = scope.spawn(|| outcome(acceptor, &on, &token));
        thread.join().unwrap()
    });
    assert_eq!(elsewhere, refused);
    // One that was changed.
    let mut initiator = from_here(ours.name(), None);
    let mut token = answer(&mut initiator, acceptor, &on);
    token.push(0);
    assert_eq!(outcome(acceptor, &on, &token), refused);
    // Without a credential there is no way.
    let mut initiator = from_here(ours.name(), None);
    let token = answer(&mut initiator, acceptor, &on);
    assert_eq!(outcome(acceptor, &Terms::of(&setup), &token), refused);
}

/// A client that names the service `name`, or none if it is empty.
fn meaning(name: &'static str) -> Initiator {
    let alter: fn(AvPairs) -> AvPairs = match name {
        "" => |pairs| pairs,
        "HTTP/www.example.test" => |pairs| named(pairs, "HTTP/www.example.test"),
        "http/WWW.example.test:8443" => |pairs| named(pairs, "http/WWW.example.test:8443"),
        "HTTP/other.example.test" => |pairs| named(pairs, "HTTP/other.example.test"),
        "cifs/www.example.test" => |pairs| named(pairs, "cifs/www.example.test"),
        _ => panic!("{name}"),
    };
    Initiator {
        alter,
        ..Initiator::default()
    }
}

fn named(mut pairs: AvPairs, name: &str) -> AvPairs {
    let name = utf16le(name.encode_utf16());
    pairs.set(AvId::TARGET_NAME, name).unwrap();
    pairs
}

#[test]
fn a_credential_with_a_name_is_for_that_service() {
    let (setup, folder) = configured("Password1", "");
    let clients = [
        "HTTP/www.example.test",
        "http/WWW.example.test:8443",
        "",
        "HTTP/other.example.test",
        "cifs/www.example.test",
    ];
    for (name, let_in) in [
        (None, [true; 5]),
        (
            Some("HTTP@www.example.test"),
            [true, true, true, false, false],
        ),
        // On any host.
        (Some("HTTP"), [true, true, true, true, false]),
        (
            Some("HTTP@other.example.test"),
            [false, false, true, true, false],
        ),
    ] {
        let credential = credential(&folder, name, None);
        let on = terms(Some(&credential), &setup, None);
        for (client, let_in) in clients.into_iter().zip(let_in) {
            let acceptor = &mut Acceptor::new();
            let initiator = meaning(client);
            let (negotiate, challenge) = challenge(acceptor, &setup, &initiator);
            let token = initiator.authenticate(&negotiate, &challenge).token;
            let expected = match let_in {
                true => Ok(Step::Established),
                false => Err(Minor::OtherService),
            };
            assert_eq!(
                outcome(acceptor, &on, &token),
                expected,
                "{name:?} {client}"
            );
        }
    }
}

#[test]
fn a_lifetime_that_is_asked_for_limits_the_login() {
    // The configuration has an hour.
    let (setup, folder) = configured("Password1", "");
    for (acceptors, initiators, expected) in [
        (None, None, 3600),
        (Some(300), None, 300),
        (None, Some(600), 600),
        (Some(300), Some(600), 300),
        (Some(900), Some(600), 600),
        (Some(36_000), Some(36_000), 3600),
    ] {
        let credential = credential(&folder, None, acceptors);
        let on = terms(Some(&credential), &setup, None);
        let acceptor = &mut Acceptor::new();
        let mut initiator = from_here(credential.name(), initiators);
        let token = answer(&mut initiator, acceptor, &on);
        assert_eq!(outcome(acceptor, &on, &token), Ok(Step::Established));
        let left = |expires: SystemTime| {
            let left = expires.duration_since(SystemTime::now()).unwrap();
            left.as_secs() + 1
        };
        let seconds = left(acceptor.established().unwrap().expires());
        assert_eq!(seconds, expected, "{acceptors:?} {initiators:?}");
        assert_eq!(left(initiator.expires().unwrap()), 60);
    }
}
