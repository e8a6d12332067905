//! Answers that are checked against the list of domains.

use super::*;

#[test]
fn an_answer_of_the_row_that_was_typed_is_believed() {
    for (user, domain, answer) in [
        ("bob", "EXAMPLE", OURS),
        ("bob", "example", OURS),
        ("bob", "Example.TEST", OURS),
        ("bob", "EXAMPLE", ("example", "EXAMPLE.TEST", 3)),
        ("bob", "EXAMPLE", ("EXAMPLE", "", 3)),
        ("EXAMPLE\\bob", "", OURS),
        ("bob@example.test", "", OURS),
        ("bob@EXAMPLE", "", OURS),
        ("bob@Brand.test", "", OURS),
        ("bob@brand.test", "EXAMPLE", OURS),
        ("robert@example.test", "", OURS),
        ("BOB", "", OURS),
        ("bob", "other", OTHER),
        ("bob", "OTHER.test", OTHER),
        ("bob", "OTHER", ("OTHER", "", 5)),
        ("bob@other.test", "OTHER", OTHER),
        ("bob@other.test", "", OTHER),
        ("bob", "SISTER", SISTER),
        // The suffixes of a forest are those of all its domains.
        ("bob@example.test", "", SISTER),
        ("bob@brand.test", "", SISTER),
        ("bob", "FOREST", FOREST),
        ("bob", "east.forest.test", ("EAST", "east.forest.test", 8)),
    ] {
        let account = check((user, domain), said(answer));
        let account = account
            .unwrap_or_else(|fault| panic!("{domain}\\{user} {answer:?}: {}", fault.for_the_log()));
        let names = (account.domain.to_uppercase(), account.dns_domain.is_some());
        assert_eq!(names, (answer.0.to_uppercase(), true), "{domain}\\{user}");
        assert_eq!(account.sid, sid(answer.2).with_rid(1103));
    }
}

/// The triple of an answer is one row, and what was typed is in that row.
#[test]
fn an_answer_that_is_not_the_row_that_was_typed_is_refused() {
    for (user, domain, answer) in [
        // Of another row than typed.
        ("root", "OTHER", OURS),
        ("root", "other.test", OURS),
        ("OTHER\\root", "", OURS),
        ("root@other.test", "", OURS),
        ("root@", "", OURS),
        ("root", "OTHER", PARTNER),
        ("root", "other.test", PARTNER),
        ("root@other.test", "", PARTNER),
        ("root@their-brand.test", "", OTHER),
        ("root@example.test", "", OTHER),
        ("root@brand.test", "", OTHER),
        ("root", "EXAMPLE", OTHER),
        ("root", "EXAMPLE", SISTER),
        ("root", "SISTER", OURS),
        // Both were typed, and one is another's.
        ("root@other.test", "EXAMPLE", OURS),
        ("root@example.test", "OTHER", OTHER),
        // Typed alone: only ours, and only the account of that name.
        ("bob", "", OTHER),
        ("bob", "", SISTER),
        ("bob", "", FOREST),
        ("alice", "", OURS),
        ("\\root", "", OURS),
        // One of the three is another domain's, or of none.
        ("root", "OTHER", ("OTHER", "brand.test", 5)),
        ("root", "OTHER", ("OTHER", "example.test", 5)),
        ("root", "OTHER", ("OTHER", "partner.test", 5)),
        ("root", "other.test", ("PARTNER", "other.test", 5)),
        ("root", "other.test", ("THIRD", "other.test", 5)),
        ("root", "OTHER", ("OTHER", "other.test", 3)),
        ("root", "OTHER", ("OTHER", "other.test", 6)),
        ("root", "OTHER", ("OTHER", "other.test", 99)),
        ("root", "EXAMPLE", ("EXAMPLE", "example.test", 5)),
        ("root", "EXAMPLE", ("EXAMPLE", "example.test", 99)),
        ("root", "EXAMPLE", ("EXAMPLE", "", 99)),
        ("root", "EXAMPLE", ("OTHER", "example.test", 3)),
        ("root", "EXAMPLE", ("example.test", "", 3)),
        ("root", "THIRD", ("THIRD", "third.test", 99)),
        ("root", "THIRD", ("THIRD", "", 99)),
        // A computer's own name, the users file's domain and well-known ones.
        ("bob", "USERS", ("USERS", "users.test", 9)),
        ("bob", "WEB1-NTLM", ("WEB1-NTLM", "web1.test", 10)),
        ("bob", "builtin.test", ("BUILTIN", "builtin.test", 11)),
    ] {
        let result = check((user, domain), said(answer));
        assert!(result.is_err(), "{domain}\\{user} {answer:?} {result:?}");
        refused(result);
    }
    // Without a SID, an answer is about no row.
    for (domain, answer) in [("EXAMPLE", OURS), ("OTHER", OTHER)] {
        let answer = SamInfo4 {
            sid: None,
            ..said(answer)
        };
        refused(check(("bob", domain), answer));
    }
}

#[test]
fn the_refusal_says_what_to_do() {
    let log = refused(check(("root@new.test", ""), said(OURS)));
    assert!(log.contains("typed: the suffix \"new.test\""), "{log}");
    assert!(
        log.contains("\"EXAMPLE\" (\"example.test\") S-1-5-21-1-2-3"),
        "{log}"
    );
    assert!(log.contains("upn_suffixes = [\"new.test\"]"), "{log}");
    let log = refused(check(("root", "OTHER"), said(OURS)));
    assert!(log.contains("typed: the domain \"OTHER\""), "{log}");
    assert!(!log.contains("upn_suffixes"), "{log}");
    let log = refused(check(("bob", ""), said(OTHER)));
    assert!(
        log.contains("such a user types the domain as well"),
        "{log}"
    );
    let log = refused(check(("bob", "TREE"), said(("TREE", "tree.test", 99))));
    assert!(log.contains("describe it in trusted_domains"), "{log}");
}

/// A forest's root is a row, and the domains below it are not.
#[test]
fn a_domain_deeper_in_a_trusted_forest_has_its_dns_name_only() {
    for (user, domain) in [
        ("bob", "DEEP"),
        ("bob", "deep.forest.test"),
        ("bob@deep.forest.test", ""),
        ("bob@forest.test", ""),
    ] {
        let account = check((user, domain), said(DEEP)).unwrap();
        assert_eq!(account.domain, "deep.forest.test", "{domain}\\{user}");
        assert_eq!(account.dns_domain.as_deref(), Some("deep.forest.test"));
        let nothing = (account.sid, account.primary_group_sid, account.upn);
        assert_eq!(nothing, (None, None, None));
    }
    for (user, domain, answer) in [
        ("bob", "", DEEP),
        ("bob", "OTHER", DEEP),
        ("bob", "FOREST", DEEP),
        ("bob@other.test", "", DEEP),
        // Names and SIDs of rows.
        ("bob", "OTHER", ("OTHER", "deep.forest.test", 70)),
        ("bob", "DEEP", ("DEEP", "deep.forest.test", 3)),
        ("bob", "DEEP", ("DEEP", "deep.forest.test", 5)),
        ("bob", "EAST", ("DEEP", "east.forest.test", 70)),
        ("bob", "DEEP", ("DEEP", "", 70)),
        ("bob", "USERS", ("USERS", "deep.forest.test", 70)),
        // Below a trust of its own that is not a forest, below ours, below none.
        ("bob", "X", ("X", "x.east.forest.test", 70)),
        ("bob", "X", ("X", "x.example.test", 70)),
        ("bob", "X", ("X", "x.other.test", 70)),
        ("bob", "X", ("X", "xforest.test", 70)),
        ("bob", "X", ("X", "x\\y.forest.test", 70)),
    ] {
        let result = check((user, domain), said(answer));
        assert!(result.is_err(), "{domain}\\{user} {answer:?} {result:?}");
    }
}

#[test]
fn a_domain_that_the_configuration_describes_is_a_row() {
    let text = r#"
        verify = ["netlogon"]
        [netlogon]
        domain = "example.test"
        account = "WEB1-NTLM$"
        secret = "/nonexistent/secret"
        trusted_domains = [
            { netbios = "DEEP", dns = "deep.forest.test", sid = "S-1-5-21-1-2-70" },
            { netbios = "OTHER", dns = "other.test", sid = "S-1-5-21-1-2-5",
              upn_suffixes = ["their-brand.test"] },
        ]
    "#;
    let config = Config::parse(text).unwrap().netlogon.unwrap();
    let list = domains(&config);
    let with_list = |typed, info| check_with(&config, Some(&list), typed, info);
    let account = with_list(("bob", "DEEP"), said(DEEP)).unwrap();
    assert_eq!(
        (account.domain.as_str(), account.sid),
        ("DEEP", sid(70).with_rid(1103))
    );
    let account = with_list(("bob@their-brand.test", ""), said(OTHER)).unwrap();
    assert_eq!(account.domain, "OTHER");
    refused(with_list(("bob@their-brand.test", ""), said(PARTNER)));

    // Without a list as well.
    let alone = |typed, info| check_with(&config, None, typed, info);
    let group = |last: u32, rid: u32| sid(last).with_rid(rid).unwrap();
    let info = SamInfo4 {
        upn: "bob@other.test".to_owned(),
        group_sids: vec![group(5, 900), group(3, 1200), group(3, 512)],
        ..said(OTHER)
    };
    let account = alone(("bob@their-brand.test", ""), info).unwrap();
    let names = (account.domain.as_str(), account.upn.as_deref());
    assert_eq!(names, ("OTHER", Some("bob@other.test")));
    assert_eq!(account.sid, sid(5).with_rid(1103));
    let groups = [group(5, 900), group(3, 1200), group(5, 513)];
    assert_eq!(account.group_sids, groups);
    for answer in [
        ("OTHER", "other.test", 3),
        ("OTHER", "partner.test", 5),
        ("THIRD", "other.test", 5),
        ("THIRD", "third.test", 5),
    ] {
        refused(alone(("bob", "OTHER"), said(answer)));
        refused(alone(("bob", "other.test"), said(answer)));
        refused(alone(("bob", "THIRD"), said(answer)));
    }
}

#[test]
fn a_principal_name_is_a_name_of_its_own_domain_or_of_ours() {
    let with_upn = |upn: &str, answer| SamInfo4 {
        upn: upn.to_owned(),
        ..said(answer)
    };
    for (domain, upn, answer, expected) in [
        ("EXAMPLE", "ceo@brand.test", OURS, Some("ceo@brand.test")),
        ("OTHER", "ceo@Other.test", OTHER, Some("ceo@Other.test")),
        ("OTHER", "ceo@brand.test", OTHER, None),
        ("OTHER", "ceo@example.test", OTHER, None),
        ("OTHER", "ceo@partner.test", OTHER, None),
        ("OTHER", "ceo", OTHER, None),
        ("SISTER", "ceo@example.test", SISTER, None),
        ("DEEP", "ceo@deep.forest.test", DEEP, None),
    ] {
        let account = check(("bob", domain), with_upn(upn, answer)).unwrap();
        assert_eq!(account.upn.as_deref(), expected, "{domain} {upn}");
    }
    let account = check_alone(("bob", "OTHER"), with_upn("ceo@other.test", OTHER)).unwrap();
    assert_eq!(account.upn, None);
}
