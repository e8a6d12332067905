//! Distinguished names of directories (RFC 4514), compared without regard to case and spelling.

use std::fmt;

use crate::base::name_case::capitals;

/// A name with at least one part.
#[derive(Clone, Debug)]
pub struct DistinguishedName {
    text: String,
    /// Each part, of the entry first, in the form that is compared.
    parts: Vec<Vec<Pair>>,
    /// The value of the first part, as it is spelt. `None`: the part has several.
    first: Option<(String, String)>,
}

/// An attribute's name and its value, both in capitals.
type Pair = (String, String);

impl DistinguishedName {
    /// Reads a name. `None` if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<Vec<(String, String)>> =
            split(text, ',').map(part).collect::<Option<_>>()?;
        let first = match parts.first().map(Vec::as_slice) {
            Some([only]) => Some(only.clone()),
            _ => None,
        };
        let compared = |pairs: Vec<(String, String)>| {
            let mut pairs: Vec<Pair> = pairs
                .iter()
                .map(|(attribute, value)| (capitals(attribute), folded(value)))
                .collect();
            pairs.sort();
            pairs
        };
        Some(Self {
            text: text.to_owned(),
            parts: parts.into_iter().map(compared).collect(),
            first,
        })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the entry is this one, or below it.
    pub fn is_within(&self, top: &Self) -> bool {
        self.parts.ends_with(&top.parts)
    }

    /// The value of the entry's own part, if it is of this attribute: `staff` of
    /// `cn=staff,ou=groups,dc=example`.
    pub fn own_value(&self, attribute: &str) -> Option<&str> {
        let (name, value) = self.first.as_ref()?;
        name.eq_ignore_ascii_case(attribute).then_some(value)
    }
}

impl PartialEq for DistinguishedName {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl Eq for DistinguishedName {}

impl std::hash::Hash for DistinguishedName {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.parts.hash(state);
    }
}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// The pieces between separators that no backslash is before.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut is_escaped = false;
    text.split(move |letter| {
        let ends = letter == separator && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        ends
    })
}

fn part(text: &str) -> Option<Vec<(String, String)>> {
    split(text, '+').map(pair).collect()
}

fn pair(text: &str) -> Option<(String, String)> {
    let (attribute, value) = text.split_once('=')?;
    let attribute = attribute.trim();
    let is_named = attribute
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "-.".contains(letter));
    if attribute.is_empty() || !is_named {
        return None;
    }
    Some((attribute.to_owned(), unescaped(trimmed(value))?))
}

/// Without the spaces around it; one at the end that is escaped belongs to it.
fn trimmed(value: &str) -> &str {
    let value = value.trim_start_matches(' ');
    let short = value.trim_end_matches(' ');
    let escapes = short.chars().rev().take_while(|it| *it == '\\').count();
    match escapes % 2 {
        1 => value.get(..=short.len()).unwrap_or(value),
        _ => short,
    }
}

/// The text of a value: `\,` is a comma, `\2C` too. `None` if it is not UTF-8, or empty.
fn unescaped(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let next = rest.next()?;
        match char::from(next).to_digit(16) {
            Some(high) => {
                let low = char::from(rest.next()?).to_digit(16)?;
                bytes.push(u8::try_from(high << 4 | low).ok()?);
            }
            None => bytes.push(next),
        }
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.is_empty())
}

/// In capitals, with one space for several: directories compare names so.
fn folded(value: &str) -> String {
    let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
    capitals(&words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DistinguishedName {
        DistinguishedName::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn names_are_compared_without_regard_to_spelling() {
        let one = name("cn=Staff, ou=Groups,dc=example,dc=test");
        for other in [
            "CN=staff,OU=groups,DC=EXAMPLE,DC=test",
            "cn = staff ,ou=groups,dc=example,dc=test",
            r"cn=\53taff,ou=groups,dc=example,dc=test",
        ] {
            assert_eq!(name(other), one, "{other}");
        }
        for other in [
            "cn=staff,dc=example,dc=test",
            "ou=staff,ou=groups,dc=example,dc=test",
            r"cn=staff\,ou=groups,dc=example,dc=test",
        ] {
            assert_ne!(name(other), one, "{other}");
        }
        assert_eq!(name("cn=a+ou=b,dc=c"), name("OU=b+CN=a,dc=c"));
    }

    #[test]
    fn a_name_is_within_another() {
        let base = name("ou=groups,dc=example,dc=test");
        for (text, expected) in [
            ("cn=a,ou=groups,dc=example,dc=test", true),
            ("cn=a,ou=b,OU=Groups,dc=example,dc=test", true),
            ("ou=groups,dc=example,dc=test", true),
            ("dc=example,dc=test", false),
            ("cn=a,ou=roles,dc=example,dc=test", false),
            // A value that ends as the base does.
            (r"cn=a\,ou=groups,dc=example,dc=test", false),
            (r"cn=a\,ou=groups\,dc=example\,dc=test", false),
        ] {
            assert_eq!(name(text).is_within(&base), expected, "{text}");
        }
    }

    #[test]
    fn the_own_value_is_read() {
        for (text, expected) in [
            ("cn=Staff,dc=example", Some("Staff")),
            (r"CN=a\, b\2B,dc=example", Some("a, b+")),
            (r"cn=J\C3\BCrgen,dc=example", Some("Jürgen")),
            (r"cn=a\ ,dc=example", Some("a ")),
            ("cn=a+ou=b,dc=example", None),
            ("ou=a,dc=example", None),
        ] {
            assert_eq!(name(text).own_value("cn"), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "",
            "staff",
            "cn=",
            "=a",
            "cn=a,",
            ",cn=a",
            "cn=a,,dc=b",
            r"cn=a\",
            r"cn=\C3,dc=b",
            r"cn=\4",
            "c n=a",
            "é=a",
            "(cn=a",
        ] {
            assert!(DistinguishedName::parse(text).is_none(), "{text}");
        }
    }
}
