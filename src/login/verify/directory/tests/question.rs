//! What the directory is asked.

use super::*;

/// The whole name is looked up: the directory may have it, and its first part is another user's.
#[test]
fn a_name_with_another_suffix_is_not_cut() {
    let directory = directory("dns_domain = \"example.test\"", &alice(&[]));
    for user in ["alice@elsewhere.test", "alice@"] {
        let refused = attempt(&directory, user, "", "password").unwrap_err();
        assert!(matches!(&refused, Refusal::NotMine(_)), "{refused:?}");
        assert_eq!(refused.into_fault().minor(), Minor::BadUserOrPassword);
    }
}

#[test]
fn the_groups_of_an_entry_are_read_if_they_count() {
    let server = alice(&[]);
    let attributes = |groups: &str| {
        let lines = match groups {
            "" => String::new(),
            groups => format!("groups = \"{groups}\"\ngroup_base = \"dc=example,dc=test\""),
        };
        let directory = directory(&lines, &server);
        let borrowed = directory.borrowed();
        let asked = directory.search("alice", &borrowed).attributes;
        assert!(asked.contains(&"uid") && asked.contains(&"sambaNTPassword"));
        asked.contains(&MEMBER_OF)
    };
    assert!(attributes("member-of"));
    assert!(!attributes("search"));
    assert!(!attributes(""));
}
