//! A user's name and domain as the client typed them. A controller routes a login by them. A client
//! may give the domain in its own field, before a `\` in the user field, or as the suffix of a user
//! principal name. NetrLogonSamLogonEx passes on both fields unchanged.

use crate::base::name_case::capitals;

/// The parts of a typed name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedName {
    domain: Option<String>,
    suffix: Option<String>,
}

/// The part of a typed name that says where the account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route<'a> {
    /// A domain, by its NetBIOS or its DNS name.
    Domain(&'a str),
    /// What follows the `@` of a user principal name.
    Suffix(&'a str),
    /// No part: a user name alone. The controller may look for it in every domain that it trusts.
    Nowhere,
}

impl TypedName {
    /// Reads the two fields from their UTF-16 units, which the controllers see.
    pub fn of(user: &[u16], domain: &[u16]) -> Self {
        let [user, domain] = [user, domain].map(String::from_utf16_lossy);
        let (typed_before, user) = match user.split_once('\\') {
            Some((before, user)) => (Some(before), user),
            None => (None, user.as_str()),
        };
        let suffix = user.rsplit_once('@').map(|(_, suffix)| suffix.to_owned());
        let typed_before = typed_before.map(str::to_owned);
        Self {
            domain: Some(domain)
                .filter(|domain| !domain.is_empty())
                .or(typed_before),
            suffix,
        }
    }

    /// The domain, from its own field or from the user field. May be empty, as in `\alice`.
    pub fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// What follows the last `@` of the user field, whether or not there is a domain too.
    pub fn suffix(&self) -> Option<&str> {
        self.suffix.as_deref()
    }

    /// Where the account is, as typed. A domain takes precedence over a suffix.
    pub fn route(&self) -> Route<'_> {
        match (self.domain(), self.suffix()) {
            (Some(domain), _) => Route::Domain(domain),
            (None, Some(suffix)) => Route::Suffix(suffix),
            (None, None) => Route::Nowhere,
        }
    }
}

/// Splits `DOMAIN\user` or `DOMAIN/user`, as typed for curl and Apache. Either part may be empty.
/// `None` if there is no domain. A `/` separates only without a `\` or `@`: `HTTP/www@EXAMPLE.TEST`
/// is the principal name of a service account.
pub fn split_domain(typed: &str) -> Option<(&str, &str)> {
    match typed.split_once('\\') {
        None if typed.contains('@') => None,
        None => typed.split_once('/'),
        split => split,
    }
}

/// The domains of the SIDs in MS-DTYP 2.4.2.4 and of the virtual accounts of Windows and Samba.
/// They are the same on every computer, and have no account with a password. In capitals:
/// [`is_well_known_domain`] compares the capitals of a name.
const WELL_KNOWN: [&str; 14] = [
    "APPLICATION PACKAGE AUTHORITY",
    "BUILTIN",
    "FONT DRIVER HOST",
    "IIS APPPOOL",
    "MANDATORY LABEL",
    "NT AUTHORITY",
    "NT PSEUDO DOMAIN",
    "NT SERVICE",
    "NT TASK",
    "NT VIRTUAL MACHINE",
    "UNIX GROUP",
    "UNIX USER",
    "USER MANAGER",
    "WINDOW MANAGER",
];

/// Whether a name is that of a well-known domain.
pub fn is_well_known_domain(domain: &str) -> bool {
    let domain = capitals(domain.trim());
    WELL_KNOWN.contains(&domain.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_is_taken_off_a_name() {
        for (typed, expected) in [
            ("alice", None),
            ("EXAMPLE\\alice", Some(("EXAMPLE", "alice"))),
            ("EXAMPLE/alice", Some(("EXAMPLE", "alice"))),
            ("EXAMPLE/", Some(("EXAMPLE", ""))),
            ("\\alice", Some(("", "alice"))),
            ("A/b\\c", Some(("A/b", "c"))),
            ("A\\b/c", Some(("A", "b/c"))),
            ("A/b/c", Some(("A", "b/c"))),
            ("alice@example.test", None),
            ("HTTP/www@EXAMPLE.TEST", None),
            ("EXAMPLE\\alice@x.test", Some(("EXAMPLE", "alice@x.test"))),
        ] {
            assert_eq!(split_domain(typed), expected, "{typed}");
        }
    }

    fn typed(user: &str, domain: &str) -> TypedName {
        let [user, domain] = [user, domain].map(|text| text.encode_utf16().collect::<Vec<_>>());
        TypedName::of(&user, &domain)
    }

    #[test]
    fn the_domain_may_stand_in_either_field() {
        for (user, domain, expected_domain, expected_suffix) in [
            ("alice", "", None, None),
            ("", "", None, None),
            ("alice", "OTHER", Some("OTHER"), None),
            ("OTHER\\alice", "", Some("OTHER"), None),
            ("\\alice", "", Some(""), None),
            ("OTHER\\THIRD\\alice", "", Some("OTHER"), None),
            ("THIRD\\alice", "OTHER", Some("OTHER"), None),
            ("alice@other.test", "", None, Some("other.test")),
            ("a@b@other.test", "", None, Some("other.test")),
            ("alice@", "", None, Some("")),
            (
                "alice@other.test",
                "EXAMPLE",
                Some("EXAMPLE"),
                Some("other.test"),
            ),
            (
                "EXAMPLE\\alice@other.test",
                "",
                Some("EXAMPLE"),
                Some("other.test"),
            ),
            ("ex@mple\\alice", "", Some("ex@mple"), None),
        ] {
            let name = typed(user, domain);
            let parts = (name.domain(), name.suffix());
            assert_eq!(parts, (expected_domain, expected_suffix), "{domain} {user}");
        }
    }

    #[test]
    fn a_domain_takes_precedence() {
        assert_eq!(typed("a@x.test", "OTHER").route(), Route::Domain("OTHER"));
        assert_eq!(typed("a@x.test", "").route(), Route::Suffix("x.test"));
        assert_eq!(typed("a", "").route(), Route::Nowhere);
    }

    #[test]
    fn a_well_known_domain_is_found_in_any_case() {
        for name in WELL_KNOWN {
            let lower = format!(" {} ", name.to_lowercase());
            assert!(
                is_well_known_domain(name) && is_well_known_domain(&lower),
                "{name}"
            );
        }
        assert!(!is_well_known_domain("EXAMPLE"));
    }

    #[test]
    fn units_that_are_no_text_are_no_separator() {
        let name = TypedName::of(&[0xD800, 0x5C, 0x61], &[]);
        assert_eq!(name.route(), Route::Domain("\u{fffd}"));
    }
}
