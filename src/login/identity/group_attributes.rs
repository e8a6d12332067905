//! The names of a user's groups, as attributes.

use crate::base::name_case::alike;
use crate::login::identity::attribute::{Attribute, GROUPS, GROUPS_LIST};
use crate::login::verify::GroupName;

const SEPARATOR: char = GroupName::LIST_SEPARATOR;

/// The names of a user's groups.
pub(super) struct GroupAttributes {
    names: Vec<String>,
    complete: bool,
}

impl GroupAttributes {
    /// Takes the name of each group, `None` if it is not known. Groups of `own_domain` are written
    /// without their domain.
    pub(super) fn called(groups: Vec<Option<GroupName>>, own_domain: &str) -> Self {
        let complete = groups.iter().all(Option::is_some);
        let names = groups.into_iter().flatten().map(|group| {
            let (domain, name) = (group.domain(), group.name());
            match alike(domain, own_domain) {
                true => name.to_owned(),
                false => format!("{domain}{}{name}", GroupName::DOMAIN_SEPARATOR),
            }
        });
        Self {
            names: names.collect(),
            complete,
        }
    }

    /// No attributes if no name is known: an empty value is a prefix of every other.
    pub(super) fn into_attributes(self) -> Vec<Attribute> {
        let Self { names, complete } = self;
        if names.is_empty() {
            return Vec::new();
        }
        // Separators also before the first and after the last name: a search for `|name|` then
        // finds this group only.
        let list = names
            .iter()
            .fold(String::from(SEPARATOR), |mut list, name| {
                list.push_str(name);
                list.push(SEPARATOR);
                list
            });
        [(GROUPS, names), (GROUPS_LIST, vec![list])]
            .map(|(name, values)| Attribute {
                name,
                values,
                complete,
                authenticated: true,
            })
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of both attributes, and whether each is complete.
    fn attributes(groups: &[(&str, &str)]) -> Vec<(&'static str, Vec<String>, bool)> {
        let groups = groups
            .iter()
            .map(|(domain, name)| GroupName::new(domain, name));
        GroupAttributes::called(groups.collect(), "EXAMPLE")
            .into_attributes()
            .into_iter()
            .map(|attribute| (attribute.name, attribute.values, attribute.complete))
            .collect()
    }

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_group_of_another_domain_is_written_with_its_domain() {
        let names = [("EXAMPLE", "A b"), ("BUILTIN", "Users"), ("", "Everyone")];
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
}
