//! Entries of the directory, and changes of them.

use std::fmt;

use ldap3_proto::proto::{
    LdapDerefAliases, LdapModify, LdapModifyType, LdapPartialAttribute, LdapSearchRequest,
    LdapSearchResultEntry,
};

use crate::base::crypto;

pub use ldap3_proto::proto::LdapFilter as Filter;
pub use ldap3_proto::proto::LdapSearchScope as Scope;

/// The most entries of one answer, if the question sets no other limit.
pub const MAX_ENTRIES: i32 = 1000;

/// A question.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    /// The distinguished name where it begins.
    pub base: &'a str,
    /// How far it goes.
    pub scope: Scope,
    /// Which entries are wanted.
    pub filter: Filter,
    /// Which attributes are wanted.
    pub attributes: &'a [&'a str],
    /// How many entries are wanted at most. If there are more, the server refuses the question.
    pub limit: i32,
}

impl Search<'_> {
    /// A question about one entry.
    pub fn of_entry<'a>(dn: &'a str, attributes: &'a [&'a str]) -> Search<'a> {
        Search {
            base: dn,
            scope: Scope::Base,
            filter: Filter::Present("objectClass".to_owned()),
            attributes,
            limit: MAX_ENTRIES,
        }
    }

    pub(super) fn request(self) -> LdapSearchRequest {
        LdapSearchRequest {
            base: self.base.to_owned(),
            scope: self.scope,
            aliases: LdapDerefAliases::Never,
            sizelimit: self.limit,
            timelimit: 0,
            typesonly: false,
            filter: self.filter,
            attrs: self
                .attributes
                .iter()
                .map(|name| (*name).to_owned())
                .collect(),
        }
    }
}

/// An entry of an answer. It may hold a password's hash: its values are wiped, and not printed.
#[derive(Clone, PartialEq)]
pub struct Entry(LdapSearchResultEntry);

impl Drop for Entry {
    fn drop(&mut self) {
        for value in self.0.attributes.iter_mut().flat_map(|one| &mut one.vals) {
            crypto::wipe(value);
        }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.attributes.iter().map(|one| &one.atype).collect();
        write!(formatter, "Entry({:?}, {names:?})", self.0.dn)
    }
}

impl Entry {
    pub(super) fn new(entry: LdapSearchResultEntry) -> Self {
        Self(entry)
    }

    /// Its distinguished name.
    pub fn dn(&self) -> &str {
        &self.0.dn
    }

    /// The values of an attribute.
    pub fn values(&self, name: &str) -> Vec<&[u8]> {
        let is_it = |one: &&LdapPartialAttribute| one.atype.eq_ignore_ascii_case(name);
        let attribute = self.0.attributes.iter().find(is_it);
        let values = attribute.into_iter().flat_map(|one| &one.vals);
        values.map(Vec::as_slice).collect()
    }

    /// The values of an attribute that are text.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        let values = self.values(name).into_iter();
        values
            .filter_map(|value| str::from_utf8(value).ok())
            .collect()
    }

    /// The first value of an attribute, if it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts(name).into_iter().next()
    }
}

/// An attribute and its values. They may hold a password: there is no `Debug`.
pub struct Attribute(LdapPartialAttribute);

impl Attribute {
    /// With these texts.
    pub fn new(name: &str, values: &[&str]) -> Self {
        Self(LdapPartialAttribute {
            atype: name.to_owned(),
            vals: values
                .iter()
                .map(|value| value.as_bytes().to_vec())
                .collect(),
        })
    }

    /// A password, in the form of `unicodePwd`: in quotes, in UTF-16LE (MS-ADTS 3.1.1.3.1.5.1). The
    /// codec's copies of it are not wiped.
    pub fn password(password: &str) -> Self {
        let quoted = ["\"", password, "\""];
        let units = quoted.iter().flat_map(|part| part.encode_utf16());
        Self(LdapPartialAttribute {
            atype: "unicodePwd".to_owned(),
            vals: vec![units.flat_map(u16::to_le_bytes).collect()],
        })
    }

    pub(super) fn into_inner(self) -> LdapPartialAttribute {
        self.0
    }
}

/// A change of an entry.
pub enum Change {
    /// The attribute has these values, and no others.
    Replace(Attribute),
}

impl Change {
    pub(super) fn modify(self) -> LdapModify {
        let Self::Replace(attribute) = self;
        LdapModify {
            operation: LdapModifyType::Replace,
            modification: attribute.into_inner(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_found_in_any_case() {
        let entry = Entry::new(LdapSearchResultEntry {
            dn: "CN=X".to_owned(),
            attributes: vec![LdapPartialAttribute {
                atype: "dNSHostName".to_owned(),
                vals: vec![b"\xFF".to_vec(), b"a".to_vec(), b"b".to_vec()],
            }],
        });
        assert_eq!(entry.texts("dnshostname"), ["a", "b"]);
        assert_eq!(entry.text("cn"), None);
    }

    #[test]
    fn values_are_not_printed() {
        let entry = Entry::new(LdapSearchResultEntry {
            dn: "uid=alice".to_owned(),
            attributes: vec![LdapPartialAttribute {
                atype: "sambaNTPassword".to_owned(),
                vals: vec![b"8846F7EA".to_vec()],
            }],
        });
        assert_eq!(
            format!("{entry:?}"),
            r#"Entry("uid=alice", ["sambaNTPassword"])"#
        );
    }

    #[test]
    fn a_password_is_quoted_in_utf_16() {
        let password = Attribute::password("é").into_inner();
        assert_eq!(password.vals, [b"\"\0\xE9\0\"\0".to_vec()]);
    }
}
