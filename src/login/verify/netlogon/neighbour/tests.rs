use std::path::Path;

use super::*;
use crate::base::config::Config;
use crate::dc::domains::Domains;
use crate::login::verify::netlogon::Netlogon;
use crate::protocol::rpc::netlogon::domain_trusts::{
    DIRECT_OUTBOUND, DomainTrust, IN_FOREST, PRIMARY,
};

fn group(last: u32) -> Sid {
    let domain = Sid::new([0, 0, 0, 0, 0, 5], vec![21, 1, 2, last]).unwrap();
    domain.with_rid(1200).unwrap()
}

/// Two sections; the second describes THIRD.
fn sections() -> [config::Netlogon; 2] {
    let of = |name: &str, last: u32| {
        format!(
            "[[netlogon]]\ndomain = \"{name}.test\"\nnetbios_domain = \"{name}\"\n\
             sid = \"S-1-5-21-1-2-{last}\"\naccount = \"WEB1$\"\nsecret = \"/{name}\"\n"
        )
    };
    let text = format!(
        "verify = [\"netlogon\"]\n{}{}trusted_domains = [{{ netbios = \"THIRD\", \
         dns = \"third.test\", sid = \"S-1-5-21-1-2-3\" }}]\n",
        of("ONE", 1),
        of("TWO", 2)
    );
    Config::parse(&text).unwrap().netlogon.try_into().unwrap()
}

/// What a section's controllers tell: its own domain, and these trusted ones.
fn trusts(config: &config::Netlogon, trusted: &[(&str, u32)]) -> Vec<DomainTrust> {
    let row = |(name, last): (&str, u32), flags| DomainTrust {
        netbios_name: Some(name.to_owned()),
        dns_name: Some(format!("{name}.test")),
        flags,
        attributes: 0,
        sid: group(last).domain(),
    };
    let own = config.sid.as_ref().unwrap().sub_authorities()[3];
    let mut rows = vec![row(
        (config.netbios_domain.as_str(), own),
        PRIMARY | IN_FOREST,
    )];
    rows.extend(trusted.iter().map(|one| row(*one, DIRECT_OUTBOUND)));
    rows
}

/// The list of a section's controllers, with these trusted domains.
fn list(config: &config::Netlogon, trusted: &[(&str, u32)]) -> Arc<Domains> {
    Arc::new(Domains::new(trusts(config, trusted), config).unwrap())
}

/// Both sections, whose controllers have told their lists.
fn neighbours(state_dir: &Path) -> Vec<Neighbour> {
    let told = |mut config: config::Netlogon| {
        state_dir.clone_into(&mut config.state_dir);
        let neighbour = Netlogon::new(config).as_neighbour();
        neighbour.domains.set_answer(trusts(&neighbour.config, &[]));
        neighbour
    };
    sections().map(told).into()
}

/// The owners of the groups of some domains: section and NetBIOS name.
fn owners(lists: [Option<&[(&str, u32)]>; 2], of: &[u32]) -> Vec<Option<(usize, String)>> {
    let sections = sections();
    let both = sections.iter().zip(lists);
    let known: Vec<_> = both
        .map(|(config, trusted)| Stranger {
            config,
            domains: trusted.map(|trusted| list(config, trusted)),
        })
        .collect();
    let owners = of.iter().map(|last| owner(&known, &group(*last)));
    owners
        .map(|owner| owner.map(|one| (one.at, one.domain.to_owned())))
        .collect()
}

fn some(at: usize, domain: &str) -> Option<(usize, String)> {
    Some((at, domain.to_owned()))
}

#[test]
fn a_group_is_named_by_the_section_that_has_its_domain() {
    let written = [some(0, "ONE"), some(1, "TWO"), some(1, "THIRD")];
    assert_eq!(
        owners([None, None], &[1, 2, 3, 4]),
        [&written[..], &[None]].concat()
    );
    let lists = [Some(&[("FAR", 4)][..]), Some(&[("NEAR", 5)][..])];
    let listed = [some(0, "FAR"), some(1, "NEAR"), None];
    assert_eq!(owners(lists, &[4, 5, 6]), listed);
    assert_eq!(owners(lists, &[1, 2, 3]), written);
}

#[test]
fn no_list_gives_a_section_the_domain_of_another() {
    let far = &[("FAR", 4)][..];
    for lie in [
        &[("X", 1)][..],
        &[("ONE", 9)],
        &[("FAR", 9)],
        &[("X", 4)],
        far,
    ] {
        let [one, far, ninth] = owners([Some(far), Some(lie)], &[1, 4, 9])
            .try_into()
            .unwrap();
        assert_eq!(one, some(0, "ONE"), "{lie:?}");
        assert_eq!(ninth, None, "{lie:?}");
        let is_disputed = lie.iter().any(|(name, last)| *name == "FAR" || *last == 4);
        assert_eq!(far.is_none(), is_disputed, "{lie:?}");
    }
    // The other list is not known.
    assert_eq!(owners([Some(far), None], &[1, 4]), [some(0, "ONE"), None]);
}

#[test]
fn a_name_counts_with_the_domain_s_own_name_only() {
    let one = Owner {
        at: 0,
        domain: "ONE",
    };
    let called = |domain: &str| one.calls(&GroupName::new(domain, "staff").unwrap());
    assert!(called("ONE") && called("one"));
    assert!(!called("TWO") && !called("FAR") && !called(""));
}

#[test]
fn well_known_groups_have_names_in_every_section() {
    let sections = SectionNames(Vec::new());
    let names = sections.names_of(&["S-1-18-1".parse().unwrap(), group(1)]);
    let names: Vec<_> = names
        .iter()
        .map(|name| name.as_ref().map(GroupName::name))
        .collect();
    assert_eq!(names.len(), 2);
    assert!(names[0].is_some_and(|name| !name.is_empty()));
    assert_eq!(names[1], None);
}

#[test]
fn the_lists_count_for_a_domain_that_no_section_has_written() {
    let place = tempfile::tempdir().unwrap();
    let sections = SectionNames(neighbours(place.path()));
    let have_lists = |of: &[u32]| {
        let groups: Vec<Sid> = of.iter().copied().map(group).collect();
        let known = sections.known(&groups);
        let have_lists = known.iter().map(|one| one.domains.is_some());
        have_lists.collect::<Vec<_>>()
    };
    assert_eq!(have_lists(&[]), [false, false]);
    assert_eq!(have_lists(&[1, 2, 3]), [false, false]);
    assert_eq!(have_lists(&[1, 4]), [true, true]);
}

/// The controllers of ONE have a name for a group of TWO as well.
#[test]
fn only_the_section_of_a_group_names_it() {
    let place = tempfile::tempdir().unwrap();
    let neighbours = neighbours(place.path());
    let [one, two] = neighbours.as_slice() else {
        panic!("two sections")
    };
    one.names.set_answer(&group(1), "ONE", "staff");
    one.names.set_answer(&group(2), "TWO", "forged");
    two.names.set_answer(&group(2), "TWO", "sales");
    two.names.set_answer(&group(3), "THIRD", "guests");
    let names = SectionNames(neighbours).names_of(&[2, 1, 3].map(group));
    let expected = [("TWO", "sales"), ("ONE", "staff"), ("THIRD", "guests")];
    assert_eq!(
        names,
        expected.map(|(domain, name)| GroupName::new(domain, name))
    );
}
