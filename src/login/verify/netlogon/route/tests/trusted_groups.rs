//! Groups across a trust. Our controller adds our domain-local groups; a controller of a trusted
//! domain may have forged groups before.

use super::*;

fn group(last: u32, rid: u32) -> Sid {
    sid(last).with_rid(rid).unwrap()
}

fn well_known(text: &str) -> Sid {
    text.parse().unwrap()
}

/// `AUTHENTICATION_AUTHORITY_ASSERTED_IDENTITY`.
fn asserted() -> Sid {
    well_known("S-1-18-1")
}

/// Groups of every domain of the list, of unlisted domains, and without a domain.
fn all() -> Vec<Sid> {
    let of_domains = [
        (5, 513),
        (5, 1200),
        (3, 512),
        (3, 519),
        (3, 999),
        (3, 1000),
        (3, 1200),
        (4, 1200),
        (6, 1200),
        (7, 1200),
        (70, 1200),
        (99, 1200),
    ];
    let without_domain = [
        "S-1-5-32-544",
        "S-1-5-18",
        "S-1-5-11",
        "S-1-1-0",
        "S-1-18-1",
    ];
    let of_domains = of_domains.map(|(last, rid)| group(last, rid));
    of_domains
        .into_iter()
        .chain(without_domain.map(well_known))
        .collect()
}

/// An answer about bob of this domain, in all these groups.
fn in_all_groups(triple: Triple) -> SamInfo4 {
    SamInfo4 {
        group_sids: all(),
        ..answer(triple)
    }
}

#[test]
fn a_trusted_domain_gives_its_own_groups_and_ours_that_are_not_built_in() {
    let mut info = in_all_groups(OTHER);
    // The user's own SID is not a group.
    info.group_sids.extend(sid(5).with_rid(1103));
    let account = check(("bob", "OTHER"), info).unwrap();
    let expected = [
        group(5, 513),
        group(5, 1200),
        group(3, 1000),
        group(3, 1200),
        asserted(),
    ];
    assert_eq!(account.group_sids, expected);
}

#[test]
fn a_forest_gives_the_groups_of_its_domains() {
    let account = check(("bob", "SISTER"), in_all_groups(SISTER)).unwrap();
    let expected = [
        group(3, 1000),
        group(3, 1200),
        group(4, 1200),
        asserted(),
        group(4, 513),
    ];
    assert_eq!(account.group_sids, expected);
    let account = check(("bob", "FOREST"), in_all_groups(FOREST)).unwrap();
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
    let account = check(("bob", "DEEP"), in_all_groups(DEEP)).unwrap();
    let expected = [group(3, 1000), group(3, 1200), group(7, 1200), asserted()];
    assert_eq!(account.group_sids, expected);
}

#[test]
fn our_controller_gives_our_users_any_group() {
    let account = check(("bob", "EXAMPLE"), in_all_groups(OURS)).unwrap();
    let mut expected = all();
    expected.push(group(3, 513));
    assert_eq!(account.group_sids, expected);
}

#[test]
fn the_configuration_may_drop_groups_of_ours() {
    let mut config = config();
    config.groups_across_trusts = GroupsAcrossTrusts::Drop;
    let list = domains(&config);
    let groups = |list| {
        let info = in_all_groups(OTHER);
        let account = check_with(&config, list, ("bob", "OTHER"), info).unwrap();
        account.group_sids
    };
    let expected = [group(5, 513), group(5, 1200), asserted()];
    assert_eq!(groups(Some(&list)), expected);
    assert_eq!(groups(None), [asserted()]);
}
