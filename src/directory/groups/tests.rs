use super::*;
use crate::base::config::fixture;
use crate::directory::imitation::made;

/// Groups by their names: the members of each. A question about members is answered with them.
struct Tree(Vec<(String, Vec<String>)>, usize);

const BASE: &str = "ou=groups,dc=example,dc=test";
const ALICE: &str = "uid=alice,ou=people,dc=example,dc=test";

fn rule(lines: &str) -> DirectoryGroups {
    let lines = format!("{lines}\ngroup_base = \"{BASE}\"");
    fixture::directory(&lines).groups.unwrap()
}

fn dn(group: &str) -> String {
    format!("cn={group},{BASE}")
}

fn member<'a>(member_of: &'a [String]) -> Member<'a> {
    Member {
        user: "alice",
        dn: ALICE,
        member_of,
    }
}

impl Tree {
    fn new(groups: &[(&str, &[&str])]) -> Self {
        let owned = |members: &[&str]| members.iter().map(ToString::to_string).collect();
        let groups = groups.iter();
        Self(
            groups
                .map(|(name, of)| ((*name).to_owned(), owned(of)))
                .collect(),
            0,
        )
    }

    fn entry(name: &str, more: &[(&str, &[u8])]) -> Entry {
        let attributes = [&[("cn", name.as_bytes())], more].concat();
        Entry::new(made(&dn(name), &attributes))
    }
}

impl Ask for Tree {
    fn ask(&mut self, search: Search<'_>) -> Result<Found, String> {
        self.1 += 1;
        let wanted: Vec<String> = match &search.filter {
            Filter::Or(all) => all.iter().filter_map(value).collect(),
            Filter::Present(_) => {
                // One group with the groups that it is in.
                let own = self.0.iter().find(|(name, _)| dn(name) == search.base);
                let above: Vec<String> = own.into_iter().flat_map(|(_, of)| of.clone()).collect();
                let values: Vec<(&str, &[u8])> = above
                    .iter()
                    .map(|one| (MEMBER_OF, one.as_bytes()))
                    .collect();
                let entries = own.map(|(name, _)| Self::entry(name, &values));
                return Ok(Found {
                    entries: entries.into_iter().collect(),
                    is_partial: false,
                });
            }
            one => value(one).into_iter().collect(),
        };
        let found = self
            .0
            .iter()
            .filter(|(_, of)| of.iter().any(|one| wanted.contains(one)));
        Ok(Found {
            entries: found.map(|(name, _)| Self::entry(name, &[])).collect(),
            is_partial: false,
        })
    }
}

fn value(filter: &Filter) -> Option<String> {
    match filter {
        Filter::Equality(_, value) => Some(value.clone()),
        _ => None,
    }
}

#[test]
fn member_of_needs_no_question() {
    let rule = rule("groups = \"member-of\"");
    let direct = [
        dn("Staff"),
        format!("CN=IT\\, Berlin,{}", BASE.to_uppercase()),
        // Of another place, of another kind, no name at all, and one twice.
        "cn=Admins,ou=roles,dc=example,dc=test".to_owned(),
        format!("ou=x,{BASE}"),
        "Domain Admins".to_owned(),
        dn("staff"),
    ];
    let mut never = |_: Search<'_>| -> Result<Found, String> { panic!("a question") };
    let names = of_member(&rule, member(&direct), &mut never).unwrap();
    assert_eq!(names, ["Staff", "IT, Berlin"]);
}

#[test]
fn nested_member_of_follows_circles_once() {
    let rule = rule("groups = \"member-of\"\nnested_groups = true");
    let (a, b, c) = (dn("a"), dn("b"), dn("c"));
    let mut tree = Tree::new(&[("a", &[&b]), ("b", &[&c, &a]), ("c", &[&a])]);
    let names = of_member(&rule, member(std::slice::from_ref(&a)), &mut tree).unwrap();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(tree.1, 3);
}

#[test]
fn groups_are_searched_by_their_members() {
    let groups = [("Staff", &[ALICE][..]), ("Others", &["uid=bob"])];
    let names = of_member(
        &rule("groups = \"search\""),
        member(&[]),
        &mut Tree::new(&groups),
    );
    assert_eq!(names.unwrap(), ["Staff"]);
    let rule = rule("groups = \"search\"\ngroup_member = \"memberUid\"");
    let groups = [("Staff", &["alice"][..]), ("Others", &[ALICE])];
    let names = of_member(&rule, member(&[]), &mut Tree::new(&groups));
    assert_eq!(names.unwrap(), ["Staff"]);
}

#[test]
fn nested_groups_are_searched_level_by_level() {
    let (a, b, c) = (dn("a"), dn("b"), dn("c"));
    let groups: [(&str, &[&str]); 4] = [
        ("a", &[ALICE, &c]),
        ("b", &[&a, &b]),
        ("c", &[&b]),
        ("d", &["uid=bob"]),
    ];
    let mut tree = Tree::new(&groups);
    let flat = of_member(&rule("groups = \"search\""), member(&[]), &mut tree);
    assert_eq!((flat.unwrap(), tree.1), (vec!["a".to_owned()], 1));
    let mut tree = Tree::new(&groups);
    let nested = rule("groups = \"search\"\nnested_groups = true");
    let all = of_member(&nested, member(&[]), &mut tree).unwrap();
    assert_eq!(
        (all, tree.1),
        (["a", "b", "c"].map(str::to_owned).to_vec(), 4)
    );
}

#[test]
fn a_chain_of_groups_ends() {
    let names: Vec<String> = (0..100).map(|number| format!("g{number}")).collect();
    let dns: Vec<String> = names.iter().map(|name| dn(name)).collect();
    let mut groups = vec![(names[0].clone(), vec![ALICE.to_owned()])];
    for at in 1..100 {
        groups.push((names[at].clone(), vec![dns[at - 1].clone()]));
    }
    let mut tree = Tree(groups, 0);
    let nested = rule("groups = \"search\"\nnested_groups = true");
    let found = of_member(&nested, member(&[]), &mut tree).unwrap();
    assert_eq!((found.len(), tree.1), (MAX_LEVELS, MAX_LEVELS));
}

/// So many groups that alice is in, by the name of the entry and by that of the user.
fn groups_of_alice(count: usize) -> Vec<(String, Vec<String>)> {
    let members = vec![ALICE.to_owned(), "alice".to_owned()];
    (0..count)
        .map(|number| (format!("g{number}"), members.clone()))
        .collect()
}

#[test]
fn as_many_groups_as_permitted_are_all_named() {
    let groups = groups_of_alice(MAX_GROUPS);
    for lines in ["", "group_member = \"memberUid\""] {
        let rule = rule(&format!("groups = \"search\"\n{lines}"));
        let found = of_member(&rule, member(&[]), &mut Tree(groups.clone(), 0));
        assert_eq!(found.unwrap().len(), MAX_GROUPS);
    }
    let all: Vec<String> = groups.iter().map(|(name, _)| dn(name)).collect();
    let rule = rule("groups = \"member-of\"");
    let found = of_member(&rule, member(&all), &mut Tree::new(&[]));
    assert_eq!(found.unwrap().len(), MAX_GROUPS);
}

#[test]
fn the_groups_of_all_levels_are_counted() {
    let half = MAX_GROUPS / 2;
    let mut groups = groups_of_alice(half);
    let nested = (0..half + 2).map(|number| (format!("h{number}"), vec![dn("g0")]));
    groups.extend(nested);
    let rule = rule("groups = \"search\"\nnested_groups = true");
    let found = of_member(&rule, member(&[]), &mut Tree(groups, 0));
    assert!(matches!(found, Err(NoGroups::TooMany)), "{found:?}");
}

#[test]
fn too_many_groups_are_no_groups() {
    let groups = groups_of_alice(MAX_GROUPS + 1);
    for lines in ["", "group_member = \"memberUid\""] {
        let rule = rule(&format!("groups = \"search\"\n{lines}"));
        let found = of_member(&rule, member(&[]), &mut Tree(groups.clone(), 0));
        assert!(matches!(found, Err(NoGroups::TooMany)), "{found:?}");
    }
    let many: Vec<String> = groups.iter().map(|(name, _)| dn(name)).collect();
    let found = of_member(
        &rule("groups = \"member-of\""),
        member(&many),
        &mut Tree::new(&[]),
    );
    assert!(matches!(found, Err(NoGroups::TooMany)));
}

#[test]
fn a_part_of_the_groups_is_none() {
    let rule = rule("groups = \"search\"");
    let mut partial = |_: Search<'_>| {
        Ok(Found {
            entries: vec![Tree::entry("Staff", &[])],
            is_partial: true,
        })
    };
    let found = of_member(&rule, member(&[]), &mut partial);
    assert!(matches!(found, Err(NoGroups::Partial)));
    let mut failing = |_: Search<'_>| Err("down".to_owned());
    let found = of_member(&rule, member(&[]), &mut failing);
    assert!(matches!(found, Err(NoGroups::Unanswered(text)) if text == "down"));
}

#[test]
fn names_are_values_and_not_text_of_the_filter() {
    let hostile = "*)(objectClass=*\\\0";
    let mut asked = Vec::new();
    let rule = rule("groups = \"search\"\ngroup_member = \"memberUid\"");
    let member = Member {
        user: hostile,
        dn: hostile,
        member_of: &[],
    };
    let mut asks = |search: Search<'_>| {
        asked.push(search.filter.clone());
        Ok(Found::default())
    };
    assert!(of_member(&rule, member, &mut asks).unwrap().is_empty());
    assert_eq!(
        asked,
        [Filter::Equality("memberUid".to_owned(), hostile.to_owned())]
    );
}
