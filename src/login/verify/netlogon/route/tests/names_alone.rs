//! Names that are typed alone, which our controller may take for a user of a trusted domain.

use super::*;
use crate::login::fixture::netlogon;

const FILTER: &str = "names_alone = \"filter\"";

/// The account of an answer about bob of ours: with this number, that of the primary group, and
/// these groups.
fn account(
    config: &Netlogon,
    list: Option<&Domains>,
    typed: (&str, &str),
    (user, primary, groups): (u32, u32, &[u32]),
) -> Account {
    let of = |rid: u32| sid(3).with_rid(rid);
    let info = SamInfo4 {
        sid: of(user),
        primary_group_sid: of(primary),
        group_sids: groups.iter().filter_map(|rid| of(*rid)).collect(),
        ..answer(OURS)
    };
    check_with(config, list, typed, info).unwrap()
}

/// The numbers of the user, of the primary group, and of all groups.
fn numbers(account: &Account) -> (Option<u32>, Option<u32>, Vec<u32>) {
    let rid = |sid: &Option<Sid>| sid.as_ref().and_then(Sid::rid);
    let groups = account.group_sids.iter().filter_map(Sid::rid).collect();
    (rid(&account.sid), rid(&account.primary_group_sid), groups)
}

const ADMINISTRATOR: (u32, u32, &[u32]) = (500, 513, &[512, 1200]);

#[test]
fn nothing_built_in_is_kept_of_a_name_alone() {
    let config = netlogon(&format!("{FILTER}\ngroups_across_trusts = \"accept\""));
    let list = domains(&config);
    let kept = |of| numbers(&account(&config, Some(&list), ("bob", ""), of));
    assert_eq!(kept(ADMINISTRATOR), (None, None, vec![1200]));
    assert_eq!(kept((999, 999, &[999])), (None, None, vec![]));
    let own = (Some(1000), Some(1001), vec![1002, 1001]);
    assert_eq!(kept((1000, 1001, &[1000, 1002])), own);
}

#[test]
fn no_group_of_ours_is_kept_of_a_name_alone_unless_accepted() {
    let config = netlogon(&format!("{FILTER}\ngroups_across_trusts = \"drop\""));
    let list = domains(&config);
    let account = account(&config, Some(&list), ("bob", ""), (1103, 513, &[1200]));
    assert_eq!(numbers(&account), (Some(1103), None, vec![]));
}

#[test]
fn a_name_alone_is_filtered_if_it_may_have_been_forwarded() {
    let filtering = netlogon(FILTER);
    let accepting = netlogon("names_alone = \"accept\"");
    let trusting = domains(&filtering);
    let rows = vec![
        row("EXAMPLE", "example.test", 3, PRIMARY | IN_FOREST, 0),
        row("SISTER", "sister.example.test", 4, IN_FOREST, 0),
    ];
    let trusting_none = Domains::new(rows, &filtering).unwrap();
    let whole = (Some(500), Some(513), vec![512, 1200, 513]);
    for (what, config, list, typed, is_filtered) in [
        ("alone", &filtering, Some(&trusting), ("bob", ""), true),
        ("no list", &filtering, None, ("bob", ""), true),
        (
            "domain",
            &filtering,
            Some(&trusting),
            ("bob", "EXAMPLE"),
            false,
        ),
        (
            "suffix",
            &filtering,
            Some(&trusting),
            ("bob@example.test", ""),
            false,
        ),
        (
            "no trust",
            &filtering,
            Some(&trusting_none),
            ("bob", ""),
            false,
        ),
        ("accepted", &accepting, Some(&trusting), ("bob", ""), false),
    ] {
        let account = account(config, list, typed, ADMINISTRATOR);
        assert_eq!(numbers(&account) != whole, is_filtered, "{what}");
        assert_eq!(account.sid.is_none(), is_filtered, "{what}");
    }
}
