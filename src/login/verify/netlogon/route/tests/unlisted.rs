//! Answers that are checked without a list of domains.

use super::*;

#[test]
fn without_a_list_only_the_name_that_was_typed_is_used() {
    for (user, domain, answer, expected) in [
        ("bob", "OTHER", OTHER, ("OTHER", None)),
        (
            "bob",
            "other",
            ("OTHER", "partner.test", 5),
            ("OTHER", None),
        ),
        ("bob", "OTHER", ("OTHER", "", 5), ("OTHER", None)),
        (
            "bob",
            "OTHER.test",
            OTHER,
            ("other.test", Some("other.test")),
        ),
        (
            "bob",
            "other.test",
            ("PARTNER", "other.test", 5),
            ("other.test", Some("other.test")),
        ),
        (
            "bob@other.test",
            "",
            OTHER,
            ("other.test", Some("other.test")),
        ),
        ("bob@other.test", "OTHER", OTHER, ("OTHER", None)),
        // The SID alone makes no user ours.
        ("bob", "OTHER", ("OTHER", "other.test", 3), ("OTHER", None)),
    ] {
        let account = check_alone((user, domain), said(answer)).unwrap();
        let names = (account.domain.as_str(), account.dns_domain.as_deref());
        assert_eq!(names, expected, "{domain}\\{user} {answer:?}");
        assert_eq!((account.sid, account.primary_group_sid), (None, None));
        assert_eq!(account.group_sids, []);
    }
    for (user, domain) in [
        ("bob", "EXAMPLE"),
        ("bob", "example.test"),
        ("BOB", ""),
        ("x@brand.test", ""),
    ] {
        for answer in [OURS, ("example", "", 3)] {
            let account = check_alone((user, domain), said(answer)).unwrap();
            assert_eq!(account.domain, answer.0);
            assert_eq!(account.sid, sid(3).with_rid(1103));
        }
    }
}

#[test]
fn without_a_list_no_answer_is_ours_or_like_ours_by_half() {
    for (user, domain, answer) in [
        ("root", "OTHER", OURS),
        ("root", "OTHER", ("EXAMPLE", "", 3)),
        ("root", "other.test", OURS),
        ("root@other.test", "", OURS),
        ("root", "OTHER", PARTNER),
        ("root", "EXAMPLE", OTHER),
        ("root@other.test", "EXAMPLE", OURS),
        // Typed alone: ours only as the account of that name.
        ("alice", "", OURS),
        ("bob", "", OTHER),
        ("bob@their-brand.test", "", OTHER),
        ("\\root", "", ("OTHER", "", 5)),
        // Our names, or names like ours.
        ("root", "OTHER", ("OTHER", "example.test", 5)),
        ("root", "OTHER", ("OTHER", "sub.Example.test", 5)),
        ("root", "OTHER", ("OTHER", "brand.test", 5)),
        ("root", "other.test", ("example.test", "other.test", 5)),
        ("root", "other.test", ("EXAMPLE", "other.test", 5)),
        ("root", "brand.test", ("brand.test", "", 5)),
        ("root", "x.test", ("x.test", "", 5)),
        ("root", "X", ("X.Y", "x", 5)),
        ("bob", "USERS", ("USERS", "users.test", 9)),
        ("bob", "WEB1-NTLM", ("WEB1-NTLM", "web1.test", 10)),
        ("bob", "NT AUTHORITY", ("NT AUTHORITY", "", 11)),
        ("bob", "IIS APPPOOL", ("IIS APPPOOL", "", 11)),
        ("bob", ".", (".", "", 11)),
    ] {
        let result = check_alone((user, domain), said(answer));
        assert!(result.is_err(), "{domain}\\{user} {answer:?} {result:?}");
        refused(result);
    }
}

#[test]
fn the_units_count_that_the_controllers_see() {
    let info = || SamInfo4 {
        logon_domain_name: "B\u{dc}RO".to_owned(),
        dns_logon_domain_name: String::new(),
        ..bob()
    };
    assert!(check_alone(("root", "B\u{dc}RO"), info()).is_ok());
    let oem = crate::protocol::ntlm::text::Charset::Oem;
    let domain = oem.decode("B\u{dc}RO".as_bytes(), "Domain").unwrap();
    let config = config();
    let rules = Rules {
        config: &config,
        domains: None,
        described: &[],
        users_domain: None,
    };
    with_attempt_of("root", "", |attempt| {
        let attempt = Attempt {
            domain: &domain,
            ..*attempt
        };
        assert!(Routed::check(&rules, &attempt, info()).is_err());
    });
}
