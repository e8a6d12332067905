//! Answers beside another section of the configuration.

use std::sync::Arc;

use super::*;

/// The own domain of the other section.
const STRANGE: Triple = ("STRANGE", "strange.test", 50);

/// The other section, with this list.
fn stranger(trusted: &[Triple], lines: &str) -> (Netlogon, Domains) {
    let own = format!(
        "domain = \"strange.test\"\nnetbios_domain = \"STRANGE\"\n\
         sid = \"S-1-5-21-1-2-50\"\n{lines}"
    );
    let config = crate::base::config::fixture::netlogon(&own);
    let (netbios, dns, last) = STRANGE;
    let mut rows = vec![row(netbios, dns, last, PRIMARY | IN_FOREST, 0)];
    let trusted = trusted.iter();
    rows.extend(trusted.map(|(netbios, dns, last)| row(netbios, dns, *last, DIRECT_OUTBOUND, 0)));
    let list = Domains::new(rows, &config).unwrap();
    (config, list)
}

/// Our section, with its SID.
fn ours(lines: &str) -> Netlogon {
    let sid = "sid = \"S-1-5-21-1-2-3\"\nupn_suffixes = [\"brand.test\"]\n";
    crate::login::fixture::netlogon(&format!("{sid}{lines}"))
}

/// The account that is proven by our list beside that section, whose list may be missing.
fn check_beside_known(
    stranger: &Netlogon,
    list: Option<Domains>,
    (config, ours): (&Netlogon, Option<&Domains>),
    typed: (&str, &str),
    info: SamInfo4,
) -> Result<Account, Fault> {
    let described: Vec<Domain> = config.trusted_domains.iter().map(Domain::from).collect();
    let rules = Rules {
        config,
        domains: ours,
        described: &described,
        users_domains: &[],
        strangers: &[Stranger {
            config: stranger,
            domains: list.map(Arc::new),
        }],
    };
    with_attempt_of(typed.0, typed.1, |attempt| {
        Routed::check(&rules, attempt, info).map(|routed| routed.into_parts().0)
    })
}

/// The same, with both lists.
fn check_beside(
    (stranger, list): (Netlogon, Domains),
    lines: &str,
    typed: (&str, &str),
    info: SamInfo4,
) -> Result<Account, Fault> {
    let config = ours(lines);
    let list_of_ours = domains(&config);
    let ours = (&config, Some(&list_of_ours));
    check_beside_known(&stranger, Some(list), ours, typed, info)
}

#[test]
fn a_domain_of_two_lists_belongs_to_the_section_that_describes_it() {
    let partner = [("PARTNER", "partner.test", 6)];
    let typed = ("bob", "PARTNER");
    let info = || answer(PARTNER);
    assert!(check_beside(stranger(&[], ""), "", typed, info()).is_ok());
    let told = refused(check_beside(stranger(&partner, ""), "", typed, info()));
    assert!(
        told.contains("a domain of [[netlogon]] \"strange.test\" too"),
        "{told}"
    );
    let described = "trusted_domains = [{ netbios = \"PARTNER\", dns = \"partner.test\", \
                     sid = \"S-1-5-21-1-2-6\" }]";
    assert!(check_beside(stranger(&partner, ""), described, typed, info()).is_ok());
    refused(check_beside(stranger(&[], described), "", typed, info()));
    // Another domain that has one of the names, or the SID.
    for namesake in [
        ("PARTNER", "x.test", 60),
        ("X", "partner.test", 60),
        ("X", "x.test", 6),
    ] {
        refused(check_beside(stranger(&[namesake], ""), "", typed, info()));
    }
    // One that lies below a domain of the other section.
    let deep = ("bob", "deep.forest.test");
    assert!(check_beside(stranger(&[], ""), "", deep, answer(DEEP)).is_ok());
    let above = [("ABOVE", "forest.test", 60)];
    refused(check_beside(stranger(&above, ""), "", deep, answer(DEEP)));
}

#[test]
fn our_own_users_have_the_sid_that_is_written() {
    let typed = ("bob", "EXAMPLE");
    // The other list claims our domain: what is written counts.
    assert!(check_beside(stranger(&[OURS], ""), "", typed, answer(OURS)).is_ok());
    let claimed = stranger(&[("X", "x.test", 3)], "");
    assert!(check_beside(claimed, "", typed, answer(OURS)).is_ok());
    // Our controllers claim another's SID. Without a list, nothing but the configuration is there.
    for last in [50, 4, 99] {
        let config = ours("");
        let info = answer(("EXAMPLE", "example.test", last));
        let (other, _) = stranger(&[], "");
        let told = refused(check_beside_known(
            &other,
            None,
            (&config, None),
            typed,
            info,
        ));
        assert!(told.contains(", sid S-1-5-21-1-2-3"), "{told}");
    }
    let nameless = SamInfo4 {
        sid: None,
        ..answer(OURS)
    };
    let (other, _) = stranger(&[], "");
    refused(check_beside_known(
        &other,
        None,
        (&ours(""), None),
        typed,
        nameless,
    ));
}

#[test]
fn a_list_with_another_sid_of_our_domain_is_refused() {
    let rows = |last| vec![row("EXAMPLE", "example.test", last, PRIMARY | IN_FOREST, 0)];
    Domains::new(rows(3), &ours("")).unwrap();
    let problem = Domains::new(rows(50), &ours("")).unwrap_err();
    for sid in ["S-1-5-21-1-2-50", "S-1-5-21-1-2-3"] {
        assert!(problem.contains(sid), "{problem}");
    }
    // One section without `sid` takes what its controllers say.
    Domains::new(rows(50), &config()).unwrap();
}

/// The groups that are left of these, by the last number of their domains.
fn kept(
    stranger: &Netlogon,
    list: Option<Domains>,
    ours: (&Netlogon, Option<&Domains>),
    (typed, triple): (&str, Triple),
    groups: &[u32],
) -> Vec<u32> {
    let groups = groups.iter().filter_map(|last| sid(*last).with_rid(1200));
    let well_known = ["S-1-5-32-544", "S-1-5-18", "S-1-18-1"].map(|text| text.parse().unwrap());
    let info = SamInfo4 {
        group_sids: well_known.into_iter().chain(groups).collect(),
        ..answer(triple)
    };
    let account = check_beside_known(stranger, list, ours, ("bob", typed), info).unwrap();
    let (asserted, groups) = account.group_sids.split_first().unwrap();
    assert_eq!(asserted.to_string(), "S-1-18-1");
    let (primary, groups) = groups.split_last().unwrap();
    assert_eq!(*primary, sid(triple.2).with_rid(513).unwrap());
    let of = |group: &Sid| group.domain().unwrap().sub_authorities()[3];
    groups.iter().map(of).collect()
}

/// Each forest's list is its administrators' claim: they could add a domain of the other.
#[test]
fn groups_are_those_of_domains_that_are_ours_alone() {
    let all = [3, 4, 5, 6, 50, 51, 99];
    let describing = "trusted_domains = [{ netbios = \"PARTNER\", dns = \"partner.test\", \
                      sid = \"S-1-5-21-1-2-6\" }]";
    for (theirs, described, expected) in [
        (&[][..], "", &[3, 4, 5, 6][..]),
        (&[], describing, &[3, 4, 5, 6]),
        // The SID, one of the names, or a domain above, is of their list.
        (&[("FAR", "far.test", 4)], "", &[3, 5, 6]),
        (&[("SISTER", "far.test", 51)], "", &[3, 5, 6]),
        (&[("FAR", "sister.example.test", 51)], "", &[3, 5, 6]),
        (&[("FAR", "example.test", 51)], "", &[3, 5, 6]),
        (&[PARTNER, OTHER], "", &[3, 4]),
        // What we describe is ours, whatever they list, and so is our own domain.
        (&[PARTNER, OTHER], describing, &[3, 4, 6]),
        (&[("FAR", "far.test", 3)], "", &[3, 4, 5, 6]),
    ] {
        let config = ours(described);
        let list = domains(&config);
        let (other, their_list) = stranger(theirs, "");
        let ours = (&config, Some(&list));
        let found = kept(&other, Some(their_list), ours, ("EXAMPLE", OURS), &all);
        assert_eq!(found, expected, "{theirs:?} {described}");
    }
    // What they describe is theirs, even if our list has it.
    let (config, (other, their_list)) = (ours(""), stranger(&[], describing));
    let list = domains(&config);
    let ours = (&config, Some(&list));
    let found = kept(&other, Some(their_list), ours, ("EXAMPLE", OURS), &all);
    assert_eq!(found, [3, 4, 5]);
}

#[test]
fn without_the_list_of_the_other_section_only_written_domains_count() {
    let all = [3, 4, 5, 6, 50, 51, 99];
    let describing = "trusted_domains = [{ netbios = \"PARTNER\", dns = \"partner.test\", \
                      sid = \"S-1-5-21-1-2-6\" }]";
    for (described, typed, triple, expected) in [
        ("", "EXAMPLE", OURS, &[3][..]),
        (describing, "EXAMPLE", OURS, &[3, 6]),
        (describing, "PARTNER", PARTNER, &[3, 6]),
    ] {
        let config = ours(described);
        let list = domains(&config);
        for list in [Some(&list), None] {
            let (other, _) = stranger(&[], "");
            let found = kept(&other, None, (&config, list), (typed, triple), &all);
            assert_eq!(found, expected, "{described} {typed} {}", list.is_some());
        }
    }
}

/// Without SID filtering, the root of a trusted forest could forge groups of unlisted domains.
#[test]
fn a_trusted_forest_s_root_answers_for_no_unlisted_domain() {
    let config = ours("");
    let list = domains(&config);
    let (other, their_list) = stranger(&[], "");
    let ours = (&config, Some(&list));
    let found = kept(
        &other,
        Some(their_list),
        ours,
        ("FOREST", FOREST),
        &[7, 70, 50, 3],
    );
    assert_eq!(found, [7, 3]);
}

#[test]
fn our_own_users_principal_names_have_a_suffix_of_our_section() {
    let info = |upn: &str| SamInfo4 {
        upn: upn.to_owned(),
        ..answer(OURS)
    };
    let (other, _) = stranger(&[], "");
    for (upn, is_kept) in [
        ("bob@example.test", true),
        ("bob@Brand.test", true),
        ("bob@strange.test", false),
        ("bob@below.Strange.test", false),
        ("bob@sister.example.test", false),
        ("bob@free.test", false),
        ("bob", false),
    ] {
        let config = ours("");
        let list = domains(&config);
        for list in [Some(&list), None] {
            let typed = ("bob", "EXAMPLE");
            let account = check_beside_known(&other, None, (&config, list), typed, info(upn));
            assert_eq!(account.unwrap().upn.is_some(), is_kept, "{upn}");
        }
    }
}
