//! Answers that are checked against the list of domains.

use super::*;
use crate::login::fixture::netlogon;

#[test]
fn an_answer_of_the_typed_row_is_accepted() {
    for (user, domain, triple) in [
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
        // The domains of a forest share their suffixes.
        ("bob@example.test", "", SISTER),
        ("bob@brand.test", "", SISTER),
        ("bob", "FOREST", FOREST),
        ("bob", "east.forest.test", ("EAST", "east.forest.test", 8)),
    ] {
        let account = check((user, domain), answer(triple));
        let account = account
            .unwrap_or_else(|fault| panic!("{domain}\\{user} {triple:?}: {}", fault.for_the_log()));
        let names = (account.domain.to_uppercase(), account.dns_domain.is_some());
        assert_eq!(names, (triple.0.to_uppercase(), true), "{domain}\\{user}");
        assert_eq!(account.sid, sid(triple.2).with_rid(1103));
    }
}

type Case = (&'static str, &'static str, Triple);

fn all_refused(cases: &[Case]) {
    for &(user, domain, triple) in cases {
        let result = check((user, domain), answer(triple));
        assert!(result.is_err(), "{domain}\\{user} {triple:?} {result:?}");
        refused(result);
    }
}

#[test]
fn an_answer_of_another_row_than_typed_is_refused() {
    all_refused(&[
        // Another row than typed.
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
        // Domain and suffix were typed, and one is of another domain.
        ("root@other.test", "EXAMPLE", OURS),
        ("root@example.test", "OTHER", OTHER),
        // A name typed alone: only an account of ours with that name.
        ("bob", "", OTHER),
        ("bob", "", SISTER),
        ("bob", "", FOREST),
        ("alice", "", OURS),
        ("\\root", "", OURS),
    ]);
}

/// Names and SID of an answer must be of one row.
#[test]
fn an_answer_of_no_row_is_refused() {
    all_refused(&[
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
    ]);
    // An answer without a SID is of no row.
    for (domain, triple) in [("EXAMPLE", OURS), ("OTHER", OTHER)] {
        let info = SamInfo4 {
            sid: None,
            ..answer(triple)
        };
        refused(check(("bob", domain), info));
    }
}

#[test]
fn an_answer_with_a_reserved_name_is_refused() {
    all_refused(&[
        // The domain of the users file, the name of the computer, a well-known name.
        ("bob", "USERS", ("USERS", "users.test", 9)),
        ("bob", "WEB1-NTLM", ("WEB1-NTLM", "web1.test", 10)),
        ("bob", "builtin.test", ("BUILTIN", "builtin.test", 11)),
    ]);
}

#[test]
fn the_log_names_the_remedy() {
    let log = refused(check(("root@new.test", ""), answer(OURS)));
    assert!(log.contains("typed: the suffix \"new.test\""), "{log}");
    assert!(
        log.contains("\"EXAMPLE\" (\"example.test\") S-1-5-21-1-2-3"),
        "{log}"
    );
    assert!(log.contains("upn_suffixes = [\"new.test\"]"), "{log}");
    let log = refused(check(("root", "OTHER"), answer(OURS)));
    assert!(log.contains("typed: the domain \"OTHER\""), "{log}");
    assert!(!log.contains("upn_suffixes"), "{log}");
    let log = refused(check(("bob", ""), answer(OTHER)));
    assert!(
        log.contains("such a user must type the domain as well"),
        "{log}"
    );
    let log = refused(check(("bob", "TREE"), answer(("TREE", "tree.test", 99))));
    assert!(log.contains("describe it in trusted_domains"), "{log}");
}

/// The root of a forest is a row; the domains below it are not.
#[test]
fn of_a_domain_below_a_forest_root_only_the_dns_name_is_proven() {
    for (user, domain) in [
        ("bob", "DEEP"),
        ("bob", "deep.forest.test"),
        ("bob@deep.forest.test", ""),
        ("bob@forest.test", ""),
    ] {
        let account = check((user, domain), answer(DEEP)).unwrap();
        assert_eq!(account.domain, "deep.forest.test", "{domain}\\{user}");
        assert_eq!(account.dns_domain.as_deref(), Some("deep.forest.test"));
        let nothing = (account.sid, account.primary_group_sid, account.upn);
        assert_eq!(nothing, (None, None, None));
    }
    for (user, domain, triple) in [
        ("bob", "", DEEP),
        ("bob", "OTHER", DEEP),
        ("bob", "FOREST", DEEP),
        ("bob@other.test", "", DEEP),
        // Names and SIDs of other rows.
        ("bob", "OTHER", ("OTHER", "deep.forest.test", 70)),
        ("bob", "DEEP", ("DEEP", "deep.forest.test", 3)),
        ("bob", "DEEP", ("DEEP", "deep.forest.test", 5)),
        ("bob", "EAST", ("DEEP", "east.forest.test", 70)),
        ("bob", "DEEP", ("DEEP", "", 70)),
        ("bob", "USERS", ("USERS", "deep.forest.test", 70)),
        // Below a trusted domain that is not a forest root, below ours, below none.
        ("bob", "X", ("X", "x.east.forest.test", 70)),
        ("bob", "X", ("X", "x.example.test", 70)),
        ("bob", "X", ("X", "x.other.test", 70)),
        ("bob", "X", ("X", "xforest.test", 70)),
        ("bob", "X", ("X", "x\\y.forest.test", 70)),
    ] {
        let result = check((user, domain), answer(triple));
        assert!(result.is_err(), "{domain}\\{user} {triple:?} {result:?}");
    }
}

/// The configuration with two described domains.
fn describing() -> Netlogon {
    netlogon(
        r#"trusted_domains = [
            { netbios = "DEEP", dns = "deep.forest.test", sid = "S-1-5-21-1-2-70" },
            { netbios = "OTHER", dns = "other.test", sid = "S-1-5-21-1-2-5",
              upn_suffixes = ["their-brand.test"] },
        ]"#,
    )
}

#[test]
fn a_described_domain_is_a_row() {
    let config = describing();
    let list = domains(&config);
    let with_list = |typed, info| check_with(&config, Some(&list), typed, info);
    let account = with_list(("bob", "DEEP"), answer(DEEP)).unwrap();
    assert_eq!(
        (account.domain.as_str(), account.sid),
        ("DEEP", sid(70).with_rid(1103))
    );
    let account = with_list(("bob@their-brand.test", ""), answer(OTHER)).unwrap();
    assert_eq!(account.domain, "OTHER");
    refused(with_list(("bob@their-brand.test", ""), answer(PARTNER)));
}

#[test]
fn a_described_domain_is_a_row_without_a_list_too() {
    let config = describing();
    let alone = |typed, info| check_with(&config, None, typed, info);
    let group = |last: u32, rid: u32| sid(last).with_rid(rid).unwrap();
    let info = SamInfo4 {
        upn: "bob@other.test".to_owned(),
        group_sids: vec![group(5, 900), group(3, 1200), group(3, 512)],
        ..answer(OTHER)
    };
    let account = alone(("bob@their-brand.test", ""), info).unwrap();
    let names = (account.domain.as_str(), account.upn.as_deref());
    assert_eq!(names, ("OTHER", Some("bob@other.test")));
    assert_eq!(account.sid, sid(5).with_rid(1103));
    let groups = [group(5, 900), group(3, 1200), group(5, 513)];
    assert_eq!(account.group_sids, groups);
    for triple in [
        ("OTHER", "other.test", 3),
        ("OTHER", "partner.test", 5),
        ("THIRD", "other.test", 5),
        ("THIRD", "third.test", 5),
    ] {
        refused(alone(("bob", "OTHER"), answer(triple)));
        refused(alone(("bob", "other.test"), answer(triple)));
        refused(alone(("bob", "THIRD"), answer(triple)));
    }
}

#[test]
fn the_suffix_of_a_principal_name_must_be_of_its_domain() {
    let with_upn = |upn: &str, triple| SamInfo4 {
        upn: upn.to_owned(),
        ..answer(triple)
    };
    for (domain, upn, triple, expected) in [
        ("EXAMPLE", "ceo@brand.test", OURS, Some("ceo@brand.test")),
        ("OTHER", "ceo@Other.test", OTHER, Some("ceo@Other.test")),
        ("OTHER", "ceo@brand.test", OTHER, None),
        ("OTHER", "ceo@example.test", OTHER, None),
        ("OTHER", "ceo@partner.test", OTHER, None),
        ("OTHER", "ceo", OTHER, None),
        ("SISTER", "ceo@example.test", SISTER, None),
        ("DEEP", "ceo@deep.forest.test", DEEP, None),
    ] {
        let account = check(("bob", domain), with_upn(upn, triple)).unwrap();
        assert_eq!(account.upn.as_deref(), expected, "{domain} {upn}");
    }
    let account = check_without_list(("bob", "OTHER"), with_upn("ceo@other.test", OTHER)).unwrap();
    assert_eq!(account.upn, None);
}

#[test]
fn an_answer_is_listed_if_a_row_is_its_domain() {
    let config = config();
    let domains = domains(&config);
    assert!(is_listed(&domains, &answer(OTHER)));
    assert!(!is_listed(&domains, &answer(DEEP)));
    // With the SID of another row.
    assert!(!is_listed(&domains, &answer(("OTHER", "other.test", 6))));
}

#[test]
fn a_group_is_listed_if_only_the_list_has_its_domain() {
    let config = netlogon(
        "sid = \"S-1-5-21-1-2-3\"\ntrusted_domains = [{ netbios = \"OTHER\", \
         dns = \"other.test\", sid = \"S-1-5-21-1-2-5\" }]",
    );
    let domains = domains(&config);
    let has = |group_sids: Vec<Sid>| {
        let info = SamInfo4 {
            group_sids,
            ..answer(OURS)
        };
        has_listed_group(&config, &domains, &info)
    };
    let group = |last| sid(last).with_rid(1200).unwrap();
    assert!(has(vec![group(6)]));
    assert!(has(vec![group(3), group(6)]));
    for (what, groups) in [
        ("none", vec![]),
        ("ours", vec![group(3)]),
        ("described", vec![group(5)]),
        ("of no list", vec![group(60)]),
        ("built in", vec!["S-1-5-32-544".parse().unwrap()]),
    ] {
        assert!(!has(groups), "{what}");
    }
}

#[test]
fn advice_is_given_only_where_it_helps() {
    // A suffix of ours would not lead to another domain.
    let log = refused(check(("root@new.test", ""), answer(OTHER)));
    assert!(!log.contains("upn_suffixes"), "{log}");
    // The domain was typed.
    let log = refused(check(("root", "OTHER"), answer(OURS)));
    assert!(!log.contains("type the domain"), "{log}");
    // There is no list.
    let reserved = ("USERS", "users.test", 9);
    let log = refused(check_without_list(("root", "USERS"), answer(reserved)));
    assert!(!log.contains("the list"), "{log}");
}
