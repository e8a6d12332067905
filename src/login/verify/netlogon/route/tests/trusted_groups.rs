//! Groups across a trust.

use super::*;

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
