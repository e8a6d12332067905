//! The groups of a user, in a directory. No I/O of its own: the caller passes what asks.
//!
//! The names of users and entries are values of a filter, never a part of its text: nothing in them
//! can change the question.

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use crate::base::config::{AttributeName, DirectoryGroups, Membership};
use crate::base::distinguished_name::DistinguishedName;
use crate::directory::client::Found;
use crate::directory::entry::{Entry, Filter, MAX_ENTRIES, Scope, Search};

/// How many groups a user may have, and how many levels of them are looked at.
const MAX_GROUPS: usize = 1000;
const MAX_LEVELS: usize = 8;
/// How many groups are asked about in one question.
const AT_ONCE: usize = 50;
/// The attribute of a member with its groups.
pub const MEMBER_OF: &str = "memberOf";

/// Why there is no list of groups.
#[derive(Debug, thiserror::Error)]
pub enum NoGroups {
    /// The directory did not answer.
    #[error("{0}")]
    Unanswered(String),
    /// The list is too long.
    #[error("the user is in more than {MAX_GROUPS} groups")]
    TooMany,
    /// A part of the list is on another server.
    #[error("the directory refers to another server for groups, which is not asked")]
    Partial,
}

/// Asks the directory, with a deadline.
pub trait Ask {
    /// The entries that are searched for.
    ///
    /// # Errors
    /// Why there is no answer.
    fn ask(&mut self, search: Search<'_>) -> Result<Found, String>;
}

impl<F: FnMut(Search<'_>) -> Result<Found, String>> Ask for F {
    fn ask(&mut self, search: Search<'_>) -> Result<Found, String> {
        self(search)
    }
}

/// A user, as groups name their members.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// The user's name.
    pub user: &'a str,
    /// The entry's name.
    pub dn: &'a str,
    /// The values of `memberOf` of the entry.
    pub member_of: &'a [String],
}

/// The names of the user's groups.
///
/// # Errors
/// Every failure gives no group: a part of them could be taken for all.
pub fn of_member(
    rule: &DirectoryGroups,
    member: Member<'_>,
    asks: &mut impl Ask,
) -> Result<Vec<String>, NoGroups> {
    match &rule.membership {
        Membership::MemberOf => member_of(rule, member.member_of, asks),
        Membership::Names(attribute) => {
            let filter = equal(attribute, member.user);
            let found = search(rule, filter, asks)?;
            Ok(found.iter().filter_map(|entry| name(rule, entry)).collect())
        }
        Membership::Entries(attribute) => by_entries(rule, attribute, member.dn, asks),
    }
}

/// The names in `memberOf`: without a question if they are in the names of the entries.
fn member_of(
    rule: &DirectoryGroups,
    direct: &[String],
    asks: &mut impl Ask,
) -> Result<Vec<String>, NoGroups> {
    let mut known = HashSet::new();
    let mut names = Vec::new();
    let mut level = direct.to_vec();
    for _ in 0..MAX_LEVELS {
        let mut next = Vec::new();
        for text in level {
            let parsed = DistinguishedName::parse(&text).filter(|dn| dn.is_within(&rule.base));
            let Some(dn) = parsed else { continue };
            if known.contains(&dn) {
                continue;
            }
            names.extend(dn.own_value(rule.name.as_str()).map(str::to_owned));
            known.insert(dn);
            if known.len() > MAX_GROUPS {
                return Err(NoGroups::TooMany);
            }
            next.push(text);
        }
        if !rule.nested || next.is_empty() {
            break;
        }
        level = Vec::new();
        for group in next {
            let found = asks.ask(Search::of_entry(&group, &[MEMBER_OF]));
            let found = found.map_err(NoGroups::Unanswered)?;
            for entry in &found.entries {
                level.extend(entry.texts(MEMBER_OF).into_iter().map(str::to_owned));
            }
        }
    }
    Ok(names)
}

/// The groups that name the entry as a member, and with nested groups those that name them.
fn by_entries(
    rule: &DirectoryGroups,
    attribute: &AttributeName,
    dn: &str,
    asks: &mut impl Ask,
) -> Result<Vec<String>, NoGroups> {
    let mut known = HashSet::new();
    let mut names = Vec::new();
    let mut level = vec![dn.to_owned()];
    for _ in 0..MAX_LEVELS {
        let mut next = Vec::new();
        for some in level.chunks(AT_ONCE) {
            let members = some.iter().map(|member| equal(attribute, member));
            for entry in search(rule, Filter::Or(members.collect()), asks)? {
                let Some(group) = DistinguishedName::parse(entry.dn()) else {
                    continue;
                };
                if known.insert(group) {
                    names.extend(name(rule, &entry));
                    next.push(entry.dn().to_owned());
                }
            }
            if known.len() > MAX_GROUPS {
                return Err(NoGroups::TooMany);
            }
        }
        if !rule.nested || next.is_empty() {
            break;
        }
        level = next;
    }
    Ok(names)
}

fn search(
    rule: &DirectoryGroups,
    filter: Filter,
    asks: &mut impl Ask,
) -> Result<Vec<Entry>, NoGroups> {
    complete(asks.ask(Search {
        base: rule.base.as_str(),
        scope: Scope::Subtree,
        filter,
        attributes: &[rule.name.as_str()],
        limit: MAX_ENTRIES,
    }))
}

fn complete(found: Result<Found, String>) -> Result<Vec<Entry>, NoGroups> {
    let found = found.map_err(NoGroups::Unanswered)?;
    match found.is_partial {
        true => Err(NoGroups::Partial),
        false => not_too_many(found.entries),
    }
}

fn not_too_many(groups: Vec<Entry>) -> Result<Vec<Entry>, NoGroups> {
    match groups.len() > MAX_GROUPS {
        true => Err(NoGroups::TooMany),
        false => Ok(groups),
    }
}

fn equal(attribute: &AttributeName, value: &str) -> Filter {
    Filter::Equality(attribute.as_str().to_owned(), value.to_owned())
}

/// The name of a group: the first value of its attribute, as the server gives them.
fn name(rule: &DirectoryGroups, entry: &Entry) -> Option<String> {
    entry.text(rule.name.as_str()).map(str::to_owned)
}
