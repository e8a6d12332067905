//! Logins that pass through us, to the controller.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use gss_ntlmdc::base::config::{Config, LogTarget};
use gss_ntlmdc::base::crypto::{self, Key};
use gss_ntlmdc::base::fault::Minor;
use gss_ntlmdc::protocol::certificate;
use gss_ntlmdc::protocol::ntlm::initiator::{self, Destination, Fresh, Protection, User};
use gss_ntlmdc::protocol::rpc::NtStatus;
use gss_ntlmdc::protocol::smb2::{self, Dialect, Negotiating, Session, SetupOutcome, TreeOutcome};
use gss_ntlmdc::relay::{Cause, Error, Policy, Relay, Verdict};

use crate::support::dc;

const SMB2: &str = "transport = \"smb2\"\naccept_unauthenticated_controller = true\n";
const LDAP: &str = "transport = \"ldap\"\naccept_unauthenticated_controller = true\n";

/// What a web client asks for, and what a client of LDAP does.
const UNSIGNED: Protection = Protection {
    sign: false,
    seal: false,
};
const SIGNED: Protection = Protection {
    sign: true,
    seal: false,
};

fn relay(lines: &str) -> Relay {
    let text = format!(
        "verify = [\"relay\"]\n[relay]\ndomain = \"example.test\"\ncontrollers = [\"{}\"]\n\
         state_dir = \"/nonexistent\"\n{lines}\n",
        dc::address()
    );
    Relay::new(Config::parse(&text).unwrap().relay.unwrap(), LogTarget::Off)
}

/// A client, with a password of its user.
struct Typed<'a> {
    user: &'a str,
    password: String,
    protection: Protection,
    /// The connection that the client sees: to the web server.
    channel: [u8; 16],
}

fn alice() -> Typed<'static> {
    user("alice")
}

fn user(user: &str) -> Typed<'_> {
    Typed {
        user,
        password: dc::password_of(user),
        protection: UNSIGNED,
        channel: [0x42; 16],
    }
}

impl Typed<'_> {
    fn signing(self) -> Self {
        Self {
            protection: SIGNED,
            ..self
        }
    }

    /// As if the controller's certificate were the web server's.
    fn bound(self) -> Self {
        let certificate = fs::read(dc::certificate()).unwrap();
        Self {
            channel: certificate::channel_binding(&certificate).unwrap(),
            ..self
        }
    }

    fn wrong(self) -> Self {
        Self {
            password: "wrong password".to_owned(),
            ..self
        }
    }

    /// The NEGOTIATE message, and what answers a challenge.
    fn messages(&self) -> (Vec<u8>, impl FnOnce(&[u8]) -> Vec<u8>) {
        let (offered, negotiate) = initiator::negotiate(self.protection);
        let answer = move |challenge: &[u8]| {
            let user = User {
                name: self.user,
                domain: "EXAMPLE",
                nt_hash: &crypto::nt_hash(&self.password),
                workstation: "PC1",
            };
            let service = Destination {
                name: "HTTP/www.example.test",
                channel_bindings: Some(self.channel),
            };
            let fresh = Fresh {
                now: SystemTime::now().into(),
                challenge: crypto::random().unwrap(),
                session_key: Key::new(crypto::random().unwrap()),
            };
            let completed = offered.answer(challenge, &user, &service, &fresh);
            completed.unwrap().token
        };
        (negotiate, answer)
    }

    fn logs_in(&self, relay: &Relay) -> Result<Verdict, Error> {
        let (negotiate, answer) = self.messages();
        let (handshake, challenge) = relay.begin(&negotiate)?;
        handshake.finish(&answer(&challenge))
    }

    #[track_caller]
    fn is_accepted(&self, relay: &Relay) {
        let verdict = self.logs_in(relay);
        assert!(matches!(verdict, Ok(Verdict::Accepted(_))), "{verdict:?}");
    }

    #[track_caller]
    fn is_refused(&self, relay: &Relay) -> Minor {
        match self.logs_in(relay) {
            Ok(Verdict::Refused(refusal)) => refusal.minor(),
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn meets(&self, relay: &Relay, policy: Policy) {
        match self.logs_in(relay) {
            Err(Error::NoVerdict {
                cause: Cause::Policy(found),
                ..
            }) => assert_eq!(found, policy),
            other => panic!("{other:?}"),
        }
    }
}

/// The controller requires signing.
#[test]
fn over_smb2() {
    let _turn = dc::turn();
    let relay = relay(SMB2);
    for protection in [UNSIGNED, SIGNED] {
        let client = Typed {
            protection,
            ..alice()
        };
        client.is_accepted(&relay);
        let wrong = client.wrong().is_refused(&relay);
        assert_eq!(wrong, Minor::BadUserOrPassword);
    }
    let unknown = Typed {
        user: "unknown",
        ..alice()
    };
    assert_eq!(unknown.is_refused(&relay), Minor::BadUserOrPassword);
    // An account that may not log in is refused; SMB2 does not always say why.
    for disabled in ["dora", "lukas"] {
        user(disabled).is_refused(&relay);
    }
}

/// A conversation in one dialect, or in the best that this list has.
struct Smb2 {
    stream: TcpStream,
    dialect: Dialect,
    is_signing_required: bool,
    session: Session,
}

impl Smb2 {
    fn logged_in(offered: &'static [Dialect]) -> Self {
        let mut stream = TcpStream::connect((dc::address(), smb2::PORT)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let fresh = smb2::Smb2Random {
            client: crypto::random().unwrap(),
            salt: crypto::random().unwrap(),
        };
        let alice = alice();
        let (negotiate, answer) = alice.messages();
        let (request, negotiating) = Negotiating::begin(offered, &fresh).unwrap();
        let negotiated = ask(&mut stream, &request, |reply| negotiating.answered(reply));
        let (dialect, is_signing_required) = (negotiated.dialect, negotiated.is_signing_required);
        let (request, challenging) = negotiated.log_in(&negotiate).unwrap();
        let challenged = ask(&mut stream, &request, |reply| challenging.answered(reply));
        let token = answer(challenged.challenge());
        let (request, authenticating) = challenged.authenticate(&token).unwrap();
        match ask(&mut stream, &request, |reply| {
            authenticating.answered(reply)
        }) {
            SetupOutcome::LoggedIn(session) => Self {
                stream,
                dialect,
                is_signing_required,
                session,
            },
            other => panic!("{other:?}"),
        }
    }
}

fn ask<T>(
    stream: &mut TcpStream,
    request: &[u8],
    answered: impl Fn(&[u8]) -> Result<Option<T>, smb2::Smb2Error>,
) -> T {
    stream.write_all(request).unwrap();
    loop {
        let mut head = [0; 4];
        stream.read_exact(&mut head).unwrap();
        let mut reply = vec![0; smb2::length(&head).unwrap()];
        reply[..4].copy_from_slice(&head);
        stream.read_exact(&mut reply[4..]).unwrap();
        if let Some(answer) = answered(&reply).unwrap() {
            return answer;
        }
    }
}

#[test]
fn in_each_dialect_of_smb2() {
    const EACH: [&[Dialect]; 5] = [
        &[Dialect::Smb202],
        &[Dialect::Smb210],
        &[Dialect::Smb300],
        &[Dialect::Smb302],
        &[Dialect::Smb311],
    ];
    let _turn = dc::turn();
    for offered in EACH.into_iter().chain([Dialect::ALL, Dialect::UNSIGNED]) {
        let smb2 = Smb2::logged_in(offered);
        assert_eq!(Some(&smb2.dialect), offered.last(), "{offered:?}");
        assert!(smb2.is_signing_required, "{offered:?}");
    }
}

#[test]
fn a_session_that_must_be_signed_is_good_for_nothing_else() {
    let _turn = dc::turn();
    let Smb2 {
        mut stream,
        mut session,
        ..
    } = Smb2::logged_in(Dialect::UNSIGNED);
    let share = format!(r"\\{}\sysvol", dc::address());
    let (request, connecting) = session.connect_tree(&share).unwrap();
    let outcome = ask(&mut stream, &request, |reply| connecting.answered(reply));
    assert_eq!(outcome, TreeOutcome::Refused(NtStatus::ACCESS_DENIED));
    let relay = relay(&format!("{SMB2}share = '{share}'"));
    match alice().logs_in(&relay) {
        Err(Error::AllFailed(failed)) => {
            let policies = failed.iter().map(|(_, cause)| cause);
            let policies: Vec<_> = policies.collect();
            assert!(matches!(
                policies[..],
                [Cause::Policy(Policy::ShareSigning)]
            ));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn over_ldap() {
    let _turn = dc::turn();
    let relay = relay(LDAP);
    alice().signing().is_accepted(&relay);
    let wrong = alice().signing().wrong().is_refused(&relay);
    assert_eq!(wrong, Minor::BadUserOrPassword);
    for (name, minor) in [
        ("dora", Minor::AccountDisabled),
        ("edward", Minor::PasswordExpired),
        ("mia", Minor::PasswordMustChange),
        ("xaver", Minor::AccountExpired),
        ("lukas", Minor::AccountLockedOut),
    ] {
        assert_eq!(user(name).signing().is_refused(&relay), minor, "{name}");
    }
    alice().meets(&relay, Policy::LdapSigning);
    let text = alice().logs_in(&relay).unwrap_err().to_string();
    let expected = format!("{}: {}", dc::address(), Policy::LdapSigning);
    assert_eq!(text, expected);
}

fn over_tls(start: &str, trust: &str) -> Relay {
    relay(&format!(
        "transport = \"ldap\"\ntls = \"{start}\"\n{trust}\n"
    ))
}

fn authorities(path: &str) -> String {
    format!("authorities = {path:?}")
}

#[test]
fn over_ldap_with_tls() {
    let _turn = dc::turn();
    let (authority, pin) = (authorities(&dc::authority()), dc::fingerprint());
    let pinned = format!("certificate = \"{pin}\"");
    for start in ["ldaps", "starttls"] {
        for trust in [&authority, &pinned] {
            let relay = over_tls(start, trust);
            alice().bound().is_accepted(&relay);
            let wrong = alice().bound().wrong().is_refused(&relay);
            assert_eq!(wrong, Minor::BadUserOrPassword, "{start} {trust}");
            let signing = alice().bound().signing();
            signing.meets(&relay, Policy::LdapSignedInTls);
            // Since 4.21, Samba compares the channels.
            match dc::samba() < (4, 21) {
                true => alice().is_accepted(&relay),
                false => alice().meets(&relay, Policy::LdapChannelBinding),
            }
        }
        let other_pin = format!("certificate = \"{}\"", "00".repeat(32));
        let other_authority = authorities(&dc::other_authority());
        for trust in [other_pin, other_authority, String::new()] {
            let error = alice().logs_in(&over_tls(start, &trust)).unwrap_err();
            let text = error.to_string();
            assert_eq!(error.minor(), Minor::ControllerUntrusted, "{text}");
            assert!(text.contains(&pin), "{text}");
        }
        let missing = over_tls(start, "authorities = \"/nonexistent.pem\"");
        let error = alice().logs_in(&missing).unwrap_err();
        assert_eq!(error.minor(), Minor::CertificateUnusable, "{error}");
    }
}
