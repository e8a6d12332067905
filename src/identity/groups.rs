//! What somebody's groups are called, as attributes.

use std::collections::HashSet;

use crate::identity::{Attribute, GROUPS, GROUPS_LIST};
use crate::verify::GroupName;

/// What separates the names of the list, and stands before the first and after the last: `|name|` is
/// found in it if and only if a group of that name is there.
const SEPARATOR: char = '|';

/// The names of somebody's groups, each once.
pub(super) struct Groups {
    names: Vec<String>,
    complete: bool,
}

impl Groups {
    /// From the name of each, none for those whose name is not known; those of `own_domain` go
    /// without their domain.
    pub(super) fn called(groups: Vec<Option<GroupName>>, own_domain: &str) -> Self {
        let complete = groups.iter().all(Option::is_some);
        let mut seen = HashSet::new();
        let names = groups.into_iter().flatten().map(|group| {
            let GroupName { domain, name } = group;
            match domain.eq_ignore_ascii_case(own_domain) {
                true => name,
                false => format!("{domain}\\{name}"),
            }
        });
        // A group that came from another domain is there twice, by its old identifier and its new one.
        let names = names.filter(|name| seen.insert(name.clone())).collect();
        Self { names, complete }
    }

    pub(super) fn into_attributes(self) -> Vec<Attribute> {
        let Self { names, complete } = self;
        let listed = |name: &&String| !name.contains(SEPARATOR);
        let mut list = String::new();
        for name in names.iter().filter(listed) {
            if list.is_empty() {
                list.push(SEPARATOR);
            }
            list.push_str(name);
            list.push(SEPARATOR);
        }
        let list = Attribute {
            name: GROUPS_LIST,
            complete: complete && names.iter().all(|name| listed(&name)),
            values: Some(list)
                .filter(|list| !list.is_empty())
                .into_iter()
                .collect(),
        };
        let groups = Attribute {
            name: GROUPS,
            complete,
            values: names,
        };
        let attributes = [groups, list].into_iter();
        attributes
            .filter(|attribute| !attribute.values.is_empty())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of both attributes, and whether each is complete.
    fn attributes(groups: &[(&str, &str)]) -> Vec<(&'static str, Vec<String>, bool)> {
        let groups = groups.iter().map(|(domain, name)| {
            Some(GroupName {
                domain: (*domain).to_owned(),
                name: (*name).to_owned(),
            })
        });
        Groups::called(groups.collect(), "EXAMPLE")
            .into_attributes()
            .into_iter()
            .map(|attribute| (attribute.name, attribute.values, attribute.complete))
            .collect()
    }

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_name_once_with_its_domain_unless_it_is_ours() {
        let names = [
            ("EXAMPLE", "A b"),
            ("BUILTIN", "Users"),
            ("", "Everyone"),
            ("EXAMPLE", "A b"),
        ];
        let expected = [
            (
                GROUPS,
                owned(&["A b", "BUILTIN\\Users", "\\Everyone"]),
                true,
            ),
            (
                GROUPS_LIST,
                owned(&["|A b|BUILTIN\\Users|\\Everyone|"]),
                true,
            ),
        ];
        assert_eq!(attributes(&names), expected);
    }

    #[test]
    fn a_name_cannot_pretend_to_be_two() {
        let expected = [
            (GROUPS, owned(&["a|Admins|b", "Staff"]), true),
            (GROUPS_LIST, owned(&["|Staff|"]), false),
        ];
        assert_eq!(
            attributes(&[("EXAMPLE", "a|Admins|b"), ("EXAMPLE", "Staff")]),
            expected
        );
        // In the domain's name as well.
        let expected = [(GROUPS, owned(&["a|Admins|b\\x"]), true)];
        assert_eq!(attributes(&[("a|Admins|b", "x")]), expected);
    }
}
