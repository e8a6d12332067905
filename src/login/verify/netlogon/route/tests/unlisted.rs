//! Answers that are checked without a list of domains.

use super::*;

#[test]
fn without_a_list_only_the_typed_name_is_proven() {
    let netbios = ("OTHER", None);
    let dns = ("other.test", Some("other.test"));
    for (user, domain, triple, expected) in [
        ("bob", "OTHER", OTHER, netbios),
        ("bob", "other", ("OTHER", "partner.test", 5), netbios),
        ("bob", "OTHER", ("OTHER", "", 5), netbios),
        ("bob", "OTHER.test", OTHER, dns),
        ("bob", "other.test", ("PARTNER", "other.test", 5), dns),
        ("bob@other.test", "", OTHER, dns),
        ("bob@other.test", "OTHER", OTHER, netbios),
        // A SID of ours alone does not make the user ours.
        ("bob", "OTHER", ("OTHER", "other.test", 3), netbios),
    ] {
        let account = check_without_list((user, domain), answer(triple)).unwrap();
        let names = (account.domain.as_str(), account.dns_domain.as_deref());
        assert_eq!(names, expected, "{domain}\\{user} {triple:?}");
        assert_eq!((account.sid, account.primary_group_sid), (None, None));
        assert_eq!(account.group_sids, []);
    }
}

#[test]
fn without_a_list_users_of_ours_have_their_sid() {
    for (user, domain) in [
        ("bob", "EXAMPLE"),
        ("bob", "example.test"),
        ("BOB", ""),
        ("x@brand.test", ""),
    ] {
        for triple in [OURS, ("example", "", 3)] {
            let account = check_without_list((user, domain), answer(triple)).unwrap();
            assert_eq!(account.domain, triple.0);
            assert_eq!(account.sid, sid(3).with_rid(1103));
        }
    }
}

#[test]
fn without_a_list_names_that_resemble_ours_are_refused() {
    for (user, domain, triple) in [
        ("root", "OTHER", OURS),
        ("root", "OTHER", ("EXAMPLE", "", 3)),
        ("root", "other.test", OURS),
        ("root@other.test", "", OURS),
        ("root", "OTHER", PARTNER),
        ("root", "EXAMPLE", OTHER),
        ("root@other.test", "EXAMPLE", OURS),
        // A name typed alone: only an account of ours with that name.
        ("alice", "", OURS),
        ("bob", "", OTHER),
        ("bob@their-brand.test", "", OTHER),
        ("\\root", "", ("OTHER", "", 5)),
        // Our names, or names that resemble ours.
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
        let result = check_without_list((user, domain), answer(triple));
        assert!(result.is_err(), "{domain}\\{user} {triple:?} {result:?}");
        refused(result);
    }
}

#[test]
fn the_typed_name_is_compared_by_its_units() {
    let info = || SamInfo4 {
        logon_domain_name: "B\u{dc}RO".to_owned(),
        dns_logon_domain_name: String::new(),
        ..bob()
    };
    assert!(check_without_list(("root", "B\u{dc}RO"), info()).is_ok());
    let oem = crate::protocol::ntlm::text::Charset::Oem;
    let domain = oem.decode("B\u{dc}RO".as_bytes(), "Domain").unwrap();
    let config = config();
    let rules = Rules {
        config: &config,
        domains: None,
        described: &[],
        users_domains: &[],
        strangers: &[],
    };
    with_attempt_of("root", "", |attempt| {
        let attempt = Attempt {
            domain: &domain,
            ..*attempt
        };
        assert!(Routed::check(&rules, &attempt, info()).is_err());
    });
}

#[test]
fn a_user_of_another_domain_lacks_the_list() {
    let config = config();
    let list = domains(&config);
    let lacks = |domains, domain: &str, triple| {
        let rules = Rules {
            config: &config,
            domains,
            described: &[],
            users_domains: &[],
            strangers: &[],
        };
        with_attempt_of("bob", domain, |attempt| {
            let routed = Routed::check(&rules, attempt, answer(triple));
            routed.unwrap().lacks_list()
        })
    };
    assert!(lacks(None, "OTHER", OTHER));
    assert!(lacks(None, "other.test", OTHER));
    assert!(!lacks(None, "EXAMPLE", OURS));
    assert!(!lacks(Some(&list), "OTHER", OTHER));
    assert!(!lacks(Some(&list), "deep.forest.test", DEEP));
}
