//! Names as users type them and clients encode them.

use super::*;
use crate::protocol::ntlm::tests::imitation::Widening;

const LINES: &str = "\
EXAMPLE:李雷:Pw-1
EXAMPLE:jürgen:Pw-1
EXAMPLE:ÿves.Ωmega:Pw-1
EXAMPLE:grin😀:Pw-1
Bürö.ÿ:ünal:Pw-1
EXAMPLE:zoë:Pässwörd-李
";

/// The response covers the name as typed, in every domain where it is looked up.
#[test]
fn a_name_typed_alone_is_of_a_default_domain() {
    let lines = "EXAMPLE:alice:Pw-1\nOTHER:alice:Pw-2\nEXAMPLE:bob:Pw-1\nTHIRD:carol:Pw-1\n";
    let of_other = "[identity]\ndefault_domain = [\"other\", \"EXAMPLE\"]";
    let wrong = Err(Minor::BadUserOrPassword);
    for (user, domain, password, expected) in [
        ("alice", "", "Pw-2", Ok("OTHER\\alice")),
        // Right in the second domain. The first domain that holds the name decides.
        ("alice", "", "Pw-1", wrong),
        ("alice", "EXAMPLE", "Pw-1", Ok("EXAMPLE\\alice")),
        ("alice@example", "", "Pw-1", Ok("EXAMPLE\\alice")),
        ("bob", "", "Pw-1", Ok("EXAMPLE\\bob")),
        ("carol", "", "Pw-1", wrong),
        ("carol", "THIRD", "Pw-1", Ok("THIRD\\carol")),
    ] {
        let (setup, _folder) = example_site(lines, of_other);
        let client = Initiator {
            user,
            domain,
            password,
            ..Initiator::default()
        };
        let acceptor = &mut Acceptor::new();
        let outcome = log_in(acceptor, &setup, &client).map(|_| {
            let established = acceptor.established().unwrap();
            established.identity().display().to_owned()
        });
        assert_eq!(outcome, expected.map(str::to_owned), "{domain} {user}");
    }
}

/// A client that sends OEM bytes.
fn oem(user: &'static str, widening: Widening) -> Initiator {
    Initiator {
        user,
        password: "Pw-1",
        widening,
        ..Initiator::curl()
    }
}

#[test]
fn oem_names_log_in_however_the_client_computes_with_them() {
    let (setup, _folder) = with_users(LINES, "guess_limit = 2");
    for user in ["李雷", "jürgen", "ÿves.Ωmega", "grin😀"] {
        for widening in [Widening::Ascii, Widening::Units, Widening::Utf8] {
            let acceptor = &mut Acceptor::new();
            let client = oem(user, widening);
            assert_eq!(
                log_in(acceptor, &setup, &client),
                Ok(Step::Established),
                "{user} {widening:?}"
            );
            let display = format!("EXAMPLE\\{user}");
            let established = acceptor.established().unwrap();
            assert_eq!(established.identity().display(), display);
            // A wrong password is one guess, however many ways there are to read the name.
            let wrong = Initiator {
                password: "Pw-2",
                ..client.clone()
            };
            let refused = Err(Minor::BadUserOrPassword);
            assert_eq!(log_in(acceptor, &setup, &wrong), refused, "{user}");
            let right = log_in(acceptor, &setup, &client);
            assert_eq!(right, Ok(Step::Established), "{user} {widening:?}");
        }
    }
}

#[test]
fn oem_domains_and_passwords_log_in_too() {
    let (setup, _folder) = with_users(LINES, "");
    for widening in [Widening::Ascii, Widening::Units, Widening::Utf8] {
        let client = Initiator {
            domain: "Bürö.ÿ",
            ..oem("ünal", widening)
        };
        let outcome = log_in(&mut Acceptor::new(), &setup, &client);
        assert_eq!(outcome, Ok(Step::Established), "{widening:?}");

        let client = Initiator {
            password: "Pässwörd-李",
            ..oem("zoë", widening)
        };
        let outcome = log_in(&mut Acceptor::new(), &setup, &client);
        assert_eq!(outcome, Ok(Step::Established), "{widening:?}");
        let wrong = Initiator {
            password: "Pässwörd-雷",
            ..client
        };
        let outcome = log_in(&mut Acceptor::new(), &setup, &wrong);
        assert_eq!(outcome, Err(Minor::BadUserOrPassword), "{widening:?}");
    }
    // In UTF-16 there is one way to read a name and a password.
    let widened = "P\u{c3}\u{a4}ssw\u{c3}\u{b6}rd-\u{e6}\u{9d}\u{8e}";
    let client = Initiator {
        user: "zoë",
        password: widened,
        ..Initiator::default()
    };
    let outcome = log_in(&mut Acceptor::new(), &setup, &client);
    assert_eq!(outcome, Err(Minor::BadUserOrPassword));
}

fn typing(user: &'static str, domain: &'static str) -> Initiator {
    Initiator {
        user,
        domain,
        ..Initiator::default()
    }
}

#[test]
fn a_domain_before_a_slash_or_a_dot_is_a_domain() {
    let (setup, _folder) = setup("");
    for (user, domain) in [
        ("EXAMPLE/alice", ""),
        ("example/ALICE", ""),
        ("EXAMPLE\\alice", ""),
        ("alice", "."),
        (".\\alice", ""),
        ("./alice", ""),
    ] {
        for client in [
            typing(user, domain),
            Initiator {
                user,
                domain,
                ..Initiator::curl()
            },
        ] {
            let acceptor = &mut Acceptor::new();
            let outcome = log_in(acceptor, &setup, &client);
            assert_eq!(outcome, Ok(Step::Established), "{domain} {user}");
            let identity = acceptor.established().unwrap().identity();
            assert_eq!(identity.display(), "EXAMPLE\\alice", "{domain} {user}");
            let wrong = Initiator {
                password: "Password2",
                ..client
            };
            let outcome = log_in(acceptor, &setup, &wrong);
            assert_eq!(outcome, Err(Minor::BadUserOrPassword), "{domain} {user}");
        }
    }
    for (user, domain) in [
        ("OTHER/alice", ""),
        ("EXAMPLE/alice", "EXAMPLE"),
        ("/alice", ""),
    ] {
        let outcome = log_in(&mut Acceptor::new(), &setup, &typing(user, domain));
        assert_eq!(outcome, Err(Minor::BadUserOrPassword), "{domain} {user}");
    }
}

#[test]
fn names_that_no_account_can_have_are_refused_and_not_counted() {
    let (setup, _folder) = setup("guess_limit = 2");
    let acceptor = &mut Acceptor::new();
    let impossible = Err(Minor::ImpossibleName);
    let well_known = Err(Minor::WellKnownDomain);
    for _ in 0..3 {
        for (user, domain, expected) in [
            ("al\\ice@example.test", "", &impossible),
            ("al\\ice", "EXAMPLE", &impossible),
            ("\\alice", "", &impossible),
            ("A\\B\\alice", "", &impossible),
            ("alice", "BUILTIN", &well_known),
            ("nt authority\\alice", "", &well_known),
            ("IIS APPPOOL/alice", "", &well_known),
            ("alice@BUILTIN", "", &well_known),
        ] {
            let outcome = log_in(acceptor, &setup, &typing(user, domain));
            assert_eq!(&outcome, expected, "{domain} {user}");
        }
    }
    let right = log_in(acceptor, &setup, &Initiator::default());
    assert_eq!(right, Ok(Step::Established));
}

#[test]
fn every_spelling_of_a_name_counts_for_one_account() {
    let spellings = [
        ("alice", "EXAMPLE"),
        ("ALICE", "OTHER"),
        ("OTHER/alice", ""),
        ("OTHER\\alice", ""),
        ("alice@other.test", ""),
        (" alice ", "OTHER"),
        ("alice", "."),
    ];
    for (user, domain) in spellings {
        let (setup, _folder) = setup("guess_limit = 2");
        let acceptor = &mut Acceptor::new();
        let wrong = Initiator {
            password: "Password2",
            ..typing(user, domain)
        };
        for _ in 0..2 {
            let outcome = log_in(acceptor, &setup, &wrong);
            assert_eq!(outcome, Err(Minor::BadUserOrPassword), "{domain} {user}");
        }
        let right = log_in(acceptor, &setup, &Initiator::default());
        assert_eq!(right, Err(Minor::TooManyGuesses), "{domain} {user}");
    }
}
