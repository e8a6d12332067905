//! Logins under the terms of a credential, and logins of this process to itself.

use std::sync::Arc;
use std::time::SystemTime;

use super::*;
use crate::login::accept::{Acceptor, Step};
use crate::login::fixture::{Site, challenge, example_site};
use crate::login::initiate::{self, Lifetime, Purpose};
use crate::protocol::ntlm::av_pair::{AvId, AvPairs};
use crate::protocol::ntlm::initiator::Protection;
use crate::protocol::ntlm::tests::imitation::Initiator;
use crate::protocol::ntlm::text::utf16le;

const STRICT: &str = "channel_binding = \"require\"\nspn = [\"HTTP/www.example.test\"]\n\
                      [policy.audit]\nchannel_binding = \"require\"\nspn = [\"HTTP/elsewhere\"]";

/// A server where `EXAMPLE\alice` has this password, with these keys of `[policy]`.
fn configured(password: &str, policy: &str) -> (Arc<Setup>, Site) {
    let sections = format!("[identity]\nlifetime = \"1h\"\n[policy]\n{policy}\n");
    example_site(&format!("EXAMPLE:alice:{password}\n"), &sections)
}

fn credential(site: &Site, name: Option<&str>, seconds: Option<u64>) -> Credential {
    let name = name.map(|name| Name::hostbased_service(name.as_bytes()).unwrap());
    let lifetime = seconds.map(Duration::from_secs);
    Credential::acquire(site.source(), name, Usage::Accept, lifetime, || Ok(None)).unwrap()
}

/// An initiator of this process: alice logs in to `target`.
fn from_here(target: Name, seconds: Option<u64>) -> initiate::Initiator {
    let hash = PasswordHash::of_password(b"Password1").unwrap();
    initiate::Initiator::new(Purpose {
        user: User::typed("EXAMPLE\\alice", hash, "PC1").unwrap(),
        target: Some(target),
        protection: Protection::default(),
        lifetime: Lifetime {
            of_credential: seconds.map(Duration::from_secs),
            // mod_auth_gssapi asks for this lifetime.
            of_context: Some(Duration::from_secs(60)),
        },
    })
}

/// The initiator's answer to a challenge of the acceptor.
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

/// As mod_auth_gssapi logs in for Basic.
#[test]
fn a_login_of_this_process_satisfies_the_channel_and_service_rules() {
    let (setup, site) = configured("Password1", STRICT);
    for name in [None, Some("HTTP@www.elsewhere.test")] {
        let credential = credential(&site, name, None);
        let on = terms(Some(&credential), &setup, None);
        let mut acceptor = Acceptor::new();
        for _ in 0..2 {
            let mut initiator = from_here(credential.name(), None);
            let token = answer(&mut initiator, &mut acceptor, &on);
            assert_eq!(outcome(&mut acceptor, &on, &token), Ok(Step::Established));
        }
        // The password must still be right.
        let mut initiator = from_here(credential.name(), None);
        let token = answer(&mut initiator, &mut acceptor, &on);
        let (others, _site) = configured("Password2", STRICT);
        let on = terms(Some(&credential), &others, None);
        let refused = Err(Minor::BadUserOrPassword);
        assert_eq!(outcome(&mut acceptor, &on, &token), refused);
    }
}

/// The refusal of a message that does not count as one of this process.
const REFUSED: Result<Step, Minor> = Err(Minor::UnknownChannel);

#[test]
fn a_client_that_names_the_same_service_does_not_pass_for_this_process() {
    let (setup, site) = configured("Password1", STRICT);
    let ours = credential(&site, None, None);
    let on = terms(Some(&ours), &setup, None);
    let acceptor = &mut Acceptor::new();
    let same_service = Initiator {
        alter: |pairs| named(pairs, &Name::default_acceptor().service_principal()),
        ..Initiator::default()
    };
    let (negotiate, reply) = challenge(acceptor, &setup, &same_service);
    let token = same_service.authenticate(&negotiate, &reply).token;
    assert_eq!(outcome(acceptor, &on, &token), REFUSED);

    // The same during a login of this process on the same thread.
    let mut initiator = from_here(ours.name(), None);
    let mine = answer(&mut initiator, &mut Acceptor::new(), &on);
    let (negotiate, reply) = challenge(acceptor, &setup, &same_service);
    let token = same_service.authenticate(&negotiate, &reply).token;
    assert_eq!(outcome(acceptor, &on, &token), REFUSED);
    // The message of this process, sent by a client: it answers another challenge.
    challenge(acceptor, &setup, &same_service);
    assert!(outcome(acceptor, &on, &mine).is_err());
}

/// An attacker relays a login of this process to another server back to this one.
#[test]
fn a_login_of_this_process_to_another_acceptor_is_refused() {
    let (setup, site) = configured("Password1", STRICT);
    let ours = credential(&site, None, None);
    let on = terms(Some(&ours), &setup, None);
    let acceptor = &mut Acceptor::new();
    let typed = Name::hostbased_service(ours.name().display().as_bytes()).unwrap();
    let exported = Name::decode(&ours.name().encode().unwrap()).unwrap();
    let other_credential = credential(&site, None, None).name();
    for elsewhere in [typed, exported, other_credential] {
        let mut initiator = from_here(elsewhere, None);
        let token = answer(&mut initiator, acceptor, &on);
        assert_eq!(outcome(acceptor, &on, &token), REFUSED);
    }
}

#[test]
fn a_message_of_this_process_is_accepted_unchanged_and_on_its_thread_only() {
    let (setup, site) = configured("Password1", STRICT);
    let ours = credential(&site, None, None);
    let on = terms(Some(&ours), &setup, None);
    let acceptor = &mut Acceptor::new();
    let token = |acceptor: &mut Acceptor| {
        let mut initiator = from_here(ours.name(), None);
        answer(&mut initiator, acceptor, &on)
    };
    // A message that comes back on another thread, as through a network.
    let sent = token(acceptor);
    let elsewhere = std::thread::scope(|scope| {
        let thread = scope.spawn(|| outcome(acceptor, &on, &sent));
        thread.join().unwrap()
    });
    assert_eq!(elsewhere, REFUSED);
    // A changed message.
    let changed = [&token(acceptor)[..], &[0]].concat();
    assert_eq!(outcome(acceptor, &on, &changed), REFUSED);
    // A server without a credential.
    let sent = token(acceptor);
    assert_eq!(outcome(acceptor, &Terms::of(&setup), &sent), REFUSED);
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

/// The services that the clients below name.
const SERVICES: [&str; 5] = [
    "HTTP/www.example.test",
    "http/WWW.example.test:8443",
    "",
    "HTTP/other.example.test",
    "cifs/www.example.test",
];

#[test]
fn a_credential_with_a_name_accepts_logins_to_that_service() {
    let (setup, site) = configured("Password1", "");
    for (name, accepted) in [
        (None, [true; 5]),
        (
            Some("HTTP@www.example.test"),
            [true, true, true, false, false],
        ),
        // A service on any host.
        (Some("HTTP"), [true, true, true, true, false]),
        (
            Some("HTTP@other.example.test"),
            [false, false, true, true, false],
        ),
    ] {
        let credential = credential(&site, name, None);
        let on = terms(Some(&credential), &setup, None);
        for (client, accepted) in SERVICES.into_iter().zip(accepted) {
            let acceptor = &mut Acceptor::new();
            let initiator = meaning(client);
            let (negotiate, reply) = challenge(acceptor, &setup, &initiator);
            let token = initiator.authenticate(&negotiate, &reply).token;
            let expected = match accepted {
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
fn the_shortest_lifetime_limits_the_login() {
    // The configuration permits an hour.
    let (setup, site) = configured("Password1", "");
    for (acceptors, initiators, expected) in [
        (None, None, 3600),
        (Some(300), None, 300),
        (None, Some(600), 600),
        (Some(300), Some(600), 300),
        (Some(900), Some(600), 600),
        (Some(36_000), Some(36_000), 3600),
    ] {
        let credential = credential(&site, None, acceptors);
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

#[test]
fn the_terms_are_those_of_the_call_and_of_the_credential() {
    let (setup, site) = configured("Password1", "");
    let bindings = ChannelBindings {
        application_data: b"tls",
        ..ChannelBindings::default()
    };
    for (seconds, channel) in [(Some(300), Some(&bindings)), (None, None)] {
        let credential = credential(&site, Some("HTTP@www"), seconds);
        assert_eq!(credential.lifetime(), seconds.map(Duration::from_secs));
        let on = terms(Some(&credential), &setup, channel);
        let of_the_call = |bindings: &ChannelBindings| bindings.application_data.to_vec();
        assert_eq!(on.channel.map(of_the_call), channel.map(of_the_call));
        assert_eq!(on.lifetime, credential.lifetime());
        assert_eq!(on.acceptor.unwrap().display(), "HTTP@www");
        assert!(on.loopback.is_some());
    }
    let on = terms(None, &setup, None);
    assert!(on.acceptor.is_none() && on.lifetime.is_none() && on.loopback.is_none());
}
