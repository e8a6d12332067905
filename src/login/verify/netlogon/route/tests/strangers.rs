//! Answers beside another section of the configuration.

use std::sync::Arc;

use super::*;

/// The own domain of the other section.
const STRANGE: Triple = ("STRANGE", "strange.test", 50);

/// The other section, with this list.
fn stranger(trusted: &[Triple], lines: &str) -> (Netlogon, Domains) {
    let own = format!("domain = \"strange.test\"\nnetbios_domain = \"STRANGE\"\n{lines}");
    let config = crate::base::config::fixture::netlogon(&own);
    let (netbios, dns, last) = STRANGE;
    let mut rows = vec![row(netbios, dns, last, PRIMARY | IN_FOREST, 0)];
    let trusted = trusted.iter();
    rows.extend(trusted.map(|(netbios, dns, last)| row(netbios, dns, *last, DIRECT_OUTBOUND, 0)));
    let list = Domains::new(rows, &config).unwrap();
    (config, list)
}

/// The account that is proven by our list beside that section.
fn check_beside(
    (stranger, list): (Netlogon, Domains),
    lines: &str,
    typed: (&str, &str),
    info: SamInfo4,
) -> Result<Account, Fault> {
    let config = crate::login::fixture::netlogon(lines);
    let described: Vec<Domain> = config.trusted_domains.iter().map(Domain::from).collect();
    let ours = domains(&config);
    let rules = Rules {
        config: &config,
        domains: Some(&ours),
        described: &described,
        users_domains: &[],
        strangers: &[Stranger {
            config: &stranger,
            domains: Some(Arc::new(list)),
        }],
    };
    with_attempt_of(typed.0, typed.1, |attempt| {
        Routed::check(&rules, attempt, info).map(|routed| routed.into_parts().0)
    })
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
fn our_own_users_do_not_have_the_sid_of_the_other_domain() {
    let ours = ("bob", "EXAMPLE");
    assert!(check_beside(stranger(&[OURS], ""), "", ours, answer(OURS)).is_ok());
    let (config, _) = stranger(&[], "");
    let same = row("STRANGE", "strange.test", 3, PRIMARY | IN_FOREST, 0);
    let list = Domains::new(vec![same], &config).unwrap();
    refused(check_beside((config, list), "", ours, answer(OURS)));
}

#[test]
fn our_own_users_have_neither_groups_nor_suffixes_of_the_other_section() {
    let ours = ("bob", "EXAMPLE");
    let info = |upn: &str| SamInfo4 {
        upn: upn.to_owned(),
        group_sids: [3, 5, 50, 51, 99]
            .iter()
            .filter_map(|last| sid(*last).with_rid(1200))
            .collect(),
        ..answer(OURS)
    };
    let beside = || {
        stranger(
            &[("FAR", "far.test", 51), OTHER],
            "upn_suffixes = [\"brand.test\"]",
        )
    };
    let account = |upn| check_beside(beside(), "", ours, info(upn)).unwrap();
    let groups: Vec<String> = account("").group_sids.iter().map(Sid::to_string).collect();
    let kept = [3, 5, 99].map(|last| format!("S-1-5-21-1-2-{last}-1200"));
    assert_eq!(groups[..3], kept);
    assert_eq!(groups[3..], ["S-1-5-21-1-2-3-513"]);
    for (upn, is_kept) in [
        ("bob@example.test", true),
        ("bob@free.test", true),
        ("bob@strange.test", false),
        ("bob@below.Strange.test", false),
        ("bob@brand.test", false),
        ("bob@far.test", false),
    ] {
        assert_eq!(account(upn).upn.is_some(), is_kept, "{upn}");
    }
}
