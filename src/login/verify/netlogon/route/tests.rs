use super::*;
use crate::login::verify::netlogon::tests::{bob, config, with_attempt_of};

/// What comes of an answer, said to be of the domain `said` (NetBIOS, DNS), about who typed this.
fn check(user: &str, domain: &str, said: (&str, &str)) -> Result<(), Fault> {
    let info = SamInfo4 {
        logon_domain_name: said.0.to_owned(),
        dns_logon_domain_name: said.1.to_owned(),
        ..bob()
    };
    with_attempt_of(user, domain, |attempt| {
        Routed::check(&config(), attempt, info).map(drop)
    })
}

const OURS: (&str, &str) = ("EXAMPLE", "example.test");
const OTHER: (&str, &str) = ("OTHER", "other.test");

#[test]
fn an_answer_of_the_domain_that_was_typed_is_believed() {
    for (user, domain, said) in [
        ("bob", "EXAMPLE", OURS),
        ("bob", "example", OURS),
        ("bob", "Example.TEST", OURS),
        ("bob", "EXAMPLE", ("example", "EXAMPLE.TEST")),
        ("bob", "EXAMPLE", ("EXAMPLE", "")),
        ("EXAMPLE\\bob", "", OURS),
        ("bob@example.test", "", OURS),
        ("bob@EXAMPLE", "", OURS),
        ("bob@Brand.test", "", OURS),
        ("bob", "", OURS),
        ("bob", "other", OTHER),
        ("bob", "OTHER.test", OTHER),
        ("bob", "OTHER", ("OTHER", "")),
        ("bob@other.test", "OTHER", OTHER),
        ("bob@other.test", "", OTHER),
        ("bob@their-brand.test", "", OTHER),
        ("bob", "", OTHER),
    ] {
        assert_eq!(
            check(user, domain, said),
            Ok(()),
            "{domain}\\{user} {said:?}"
        );
    }
}

#[test]
fn another_domains_controller_is_not_believed_about_ours_nor_about_a_third() {
    let refused = |user, domain, said| {
        let fault = check(user, domain, said).unwrap_err();
        assert_eq!(fault.minor(), Minor::AnsweredForAnother);
        assert_eq!(fault.to_string(), Minor::AnsweredForAnother.text());
        fault.for_the_log()
    };
    for (user, domain, said) in [
        ("root", "OTHER", OURS),
        ("root", "other.test", OURS),
        ("root", "OTHER", ("EXAMPLE", "")),
        ("OTHER\\root", "", OURS),
        ("root@example.test", "OTHER", OURS),
        ("root@other.test", "", OURS),
        ("root@", "", OURS),
        ("root", "OTHER", ("THIRD", "third.test")),
        ("root", "EXAMPLE", OTHER),
        ("root", "example.test", OTHER),
        ("\\root", "", ("OTHER", "")),
    ] {
        refused(user, domain, said);
    }
    // No domain has one name of ours and one of its own.
    for (user, domain) in [
        ("root", ""),
        ("root", "OTHER"),
        ("root", "other.test"),
        ("root", "EXAMPLE"),
        ("root@other.test", ""),
        ("root@example.test", ""),
    ] {
        for said in [
            ("EXAMPLE", "other.test"),
            ("OTHER", "example.test"),
            ("OTHER", "Example"),
            ("example.test", "other.test"),
            ("Example.Test", ""),
        ] {
            refused(user, domain, said);
        }
    }
    let log = refused("root@other.test", "", OURS);
    assert!(log.contains("typed: the suffix \"other.test\""), "{log}");
    assert!(log.contains("\"EXAMPLE\" (\"example.test\")"), "{log}");
    assert!(log.contains("upn_suffixes = [\"other.test\"]"), "{log}");
    let log = refused("root", "OTHER", OURS);
    assert!(log.contains("typed: the domain \"OTHER\""), "{log}");
    assert!(!log.contains("upn_suffixes"), "{log}");
}

#[test]
fn the_units_count_that_the_controllers_see() {
    let info = SamInfo4 {
        logon_domain_name: "B\u{dc}RO".to_owned(),
        dns_logon_domain_name: String::new(),
        ..bob()
    };
    with_attempt_of("root", "B\u{dc}RO", |attempt| {
        assert!(Routed::check(&config(), attempt, info).is_ok());
    });
    let oem = crate::protocol::ntlm::text::Charset::Oem;
    let domain = oem.decode("EXAMPL\u{c9}".as_bytes(), "Domain").unwrap();
    with_attempt_of("root", "", |attempt| {
        let attempt = Attempt {
            domain: &domain,
            ..*attempt
        };
        let said = SamInfo4 {
            logon_domain_name: "EXAMPL\u{c9}".to_owned(),
            dns_logon_domain_name: String::new(),
            ..bob()
        };
        assert!(Routed::check(&config(), &attempt, said).is_err());
    });
}
