use super::*;
use crate::base::config::{Config, GroupsAcrossTrusts};
use crate::login::verify::netlogon::tests::{bob, config, with_attempt_of};
use crate::protocol::rpc::netlogon::domain_trusts::{
    DIRECT_OUTBOUND, DomainTrust, FOREST_TRANSITIVE, IN_FOREST, PRIMARY,
};

fn sid(last: u32) -> Sid {
    Sid::new([0, 0, 0, 0, 0, 5], vec![21, 1, 2, last]).unwrap()
}

fn row(netbios: &str, dns: &str, last: u32, flags: u32, attributes: u32) -> DomainTrust {
    DomainTrust {
        netbios_name: Some(netbios.to_owned()),
        dns_name: Some(dns.to_owned()),
        flags,
        attributes,
        sid: Some(sid(last)),
    }
}

/// EXAMPLE, and what it trusts.
fn domains(config: &Netlogon) -> Domains {
    let rows = vec![
        row("EXAMPLE", "example.test", 3, PRIMARY | IN_FOREST, 0),
        row("SISTER", "sister.example.test", 4, IN_FOREST, 0),
        row("OTHER", "other.test", 5, DIRECT_OUTBOUND, 0),
        row("PARTNER", "partner.test", 6, DIRECT_OUTBOUND, 0),
        row(
            "FOREST",
            "forest.test",
            7,
            DIRECT_OUTBOUND,
            FOREST_TRANSITIVE,
        ),
        row("EAST", "east.forest.test", 8, DIRECT_OUTBOUND, 0),
        row("USERS", "users.test", 9, DIRECT_OUTBOUND, 0),
        row("WEB1-NTLM", "web1.test", 10, DIRECT_OUTBOUND, 0),
        row("BUILTIN", "builtin.test", 11, DIRECT_OUTBOUND, 0),
    ];
    Domains::new(rows, config).unwrap()
}

/// An answer about bob of a domain, by NetBIOS name, DNS name and the last number of its SID.
fn said((netbios, dns, last): (&str, &str, u32)) -> SamInfo4 {
    let domain = sid(last);
    SamInfo4 {
        logon_domain_name: netbios.to_owned(),
        dns_logon_domain_name: dns.to_owned(),
        sid: domain.with_rid(1103),
        primary_group_sid: domain.with_rid(513),
        group_sids: Vec::new(),
        ..bob()
    }
}

const OURS: (&str, &str, u32) = ("EXAMPLE", "example.test", 3);
const SISTER: (&str, &str, u32) = ("SISTER", "sister.example.test", 4);
const OTHER: (&str, &str, u32) = ("OTHER", "other.test", 5);
const PARTNER: (&str, &str, u32) = ("PARTNER", "partner.test", 6);
const FOREST: (&str, &str, u32) = ("FOREST", "forest.test", 7);
const DEEP: (&str, &str, u32) = ("DEEP", "deep.forest.test", 70);

fn check_with(
    config: &Netlogon,
    domains: Option<&Domains>,
    (user, domain): (&str, &str),
    info: SamInfo4,
) -> Result<Account, Fault> {
    let described: Vec<Domain> = config.trusted_domains.iter().map(Domain::from).collect();
    let rules = Rules {
        config,
        domains,
        described: &described,
        users_domain: Some("USERS"),
    };
    with_attempt_of(user, domain, |attempt| {
        Routed::check(&rules, attempt, info).map(|routed| routed.into_parts().0)
    })
}

/// What is proven with a list.
fn check(typed: (&str, &str), info: SamInfo4) -> Result<Account, Fault> {
    let config = config();
    check_with(&config, Some(&domains(&config)), typed, info)
}

/// What is proven without one.
fn check_alone(typed: (&str, &str), info: SamInfo4) -> Result<Account, Fault> {
    check_with(&config(), None, typed, info)
}

fn refused(result: Result<Account, Fault>) -> String {
    let fault = result.unwrap_err();
    assert_eq!(fault.minor(), Minor::AnsweredForAnother);
    assert_eq!(fault.to_string(), Minor::AnsweredForAnother.text());
    fault.for_the_log()
}

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

/// Our controller adds our domain-local groups; others may have been invented on the way.
#[test]
fn groups_of_ours_count_across_a_trust_unless_they_are_built_in() {
    let group = |last: u32, rid: u32| sid(last).with_rid(rid).unwrap();
    let well_known = |text: &str| text.parse::<Sid>().unwrap();
    let all = || {
        vec![
            group(5, 513),
            group(5, 1200),
            group(3, 512),
            group(3, 519),
            group(3, 999),
            group(3, 1000),
            group(3, 1200),
            group(4, 1200),
            group(6, 1200),
            group(7, 1200),
            group(70, 1200),
            group(99, 1200),
            well_known("S-1-5-32-544"),
            well_known("S-1-5-18"),
            well_known("S-1-5-11"),
            well_known("S-1-1-0"),
            well_known("S-1-18-1"),
        ]
    };
    let of = |answer: (&str, &str, u32), groups: Vec<Sid>| SamInfo4 {
        group_sids: groups,
        ..said(answer)
    };
    let asserted = || well_known("S-1-18-1");
    let mut with_own_sid = all();
    with_own_sid.extend(sid(5).with_rid(1103));
    let account = check(("bob", "OTHER"), of(OTHER, with_own_sid)).unwrap();
    let expected = [
        group(5, 513),
        group(5, 1200),
        group(3, 1000),
        group(3, 1200),
        asserted(),
    ];
    assert_eq!(account.group_sids, expected);

    // The user's own identifier, given as a group of ours, does not make the user ours.
    let account = check(("bob", "SISTER"), of(SISTER, all())).unwrap();
    let expected = [
        group(3, 1000),
        group(3, 1200),
        group(4, 1200),
        asserted(),
        group(4, 513),
    ];
    assert_eq!(account.group_sids, expected);
    let account = check(("bob", "FOREST"), of(FOREST, all())).unwrap();
    let expected = [
        group(3, 1000),
        group(3, 1200),
        group(7, 1200),
        group(70, 1200),
        group(99, 1200),
        asserted(),
        group(7, 513),
    ];
    assert_eq!(account.group_sids, expected);
    let account = check(("bob", "DEEP"), of(DEEP, all())).unwrap();
    let expected = [group(3, 1000), group(3, 1200), group(7, 1200), asserted()];
    assert_eq!(account.group_sids, expected);
    // Our own users' groups are our controller's word.
    let mut expected = all();
    let account = check(("bob", "EXAMPLE"), of(OURS, all())).unwrap();
    expected.push(group(3, 513));
    assert_eq!(account.group_sids, expected);

    let mut config = config();
    config.groups_across_trusts = GroupsAcrossTrusts::Drop;
    let list = domains(&config);
    let account = check_with(&config, Some(&list), ("bob", "OTHER"), of(OTHER, all())).unwrap();
    assert_eq!(
        account.group_sids,
        [group(5, 513), group(5, 1200), asserted()]
    );
    let account = check_with(&config, None, ("bob", "OTHER"), of(OTHER, all())).unwrap();
    assert_eq!(account.group_sids, [asserted()]);
}

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
