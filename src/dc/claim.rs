//! The domain that the client typed, and the share of the channels that such logins have.

use crate::base::config;
use crate::base::typed_name::{Route, TypedName};

/// The domain that the client typed. Not proven: it only limits what a login may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// The user names our domain.
    Ours,
    /// The user names no domain. The controller may look for the user in every domain that it
    /// trusts.
    Unnamed,
    /// The user names another domain, or its suffix. The controller has to ask one of that domain.
    Elsewhere(String),
}

/// A share of the channels of a process, and of the logons of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    Ours,
    Unnamed,
    Elsewhere,
}

impl Claim {
    /// The claim of a typed name. A domain or a suffix that is not ours, in either field, makes it
    /// [`Self::Elsewhere`].
    pub(super) fn of(config: &config::Netlogon, name: &TypedName) -> Self {
        let domain = name.domain().filter(|domain| !config.is_called(domain));
        let suffix = name.suffix().filter(|suffix| !config.is_suffix(suffix));
        match domain.or(suffix) {
            // In DNS, `other.test.` is `other.test`.
            Some(elsewhere) => Self::Elsewhere(elsewhere.trim_end_matches('.').to_owned()),
            None if name.route() == Route::Nowhere => Self::Unnamed,
            None => Self::Ours,
        }
    }

    /// The same claim, with the other domain's name in the list of domains: its two names, and
    /// every name below its DNS name, are one domain.
    pub(super) fn in_list(self, row_of: impl FnOnce(&str) -> Option<String>) -> Self {
        match self {
            Self::Elsewhere(typed) => Self::Elsewhere(row_of(&typed).unwrap_or(typed)),
            claim => claim,
        }
    }

    pub(super) fn share(&self) -> Share {
        match self {
            Self::Ours => Share::Ours,
            Self::Unnamed => Share::Unnamed,
            Self::Elsewhere(_) => Share::Elsewhere,
        }
    }

    /// The other domain.
    pub(super) fn other_domain(&self) -> Option<&str> {
        match self {
            Self::Elsewhere(domain) => Some(domain),
            Self::Ours | Self::Unnamed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_domain_is_called_as_in_the_list() {
        let in_list = |claim: Claim| {
            claim.in_list(|typed| typed.ends_with("hang.test").then(|| "HANG".to_owned()))
        };
        for (typed, expected) in [("hang.test", "HANG"), ("a.hang.test", "HANG"), ("X", "X")] {
            let claim = in_list(Claim::Elsewhere(typed.to_owned()));
            assert_eq!(claim.other_domain(), Some(expected));
        }
        assert_eq!(in_list(Claim::Ours), Claim::Ours);
        assert_eq!(in_list(Claim::Unnamed), Claim::Unnamed);
    }

    #[test]
    fn either_field_may_name_another_domain() {
        let config = config::fixture::netlogon(r#"upn_suffixes = ["brand.test"]"#);
        let elsewhere = |domain: &str| Claim::Elsewhere(domain.to_owned());
        for (user, domain, expected) in [
            ("alice", "EXAMPLE", Claim::Ours),
            ("alice", "Example.Test", Claim::Ours),
            ("EXAMPLE\\alice", "", Claim::Ours),
            ("alice@example.test", "", Claim::Ours),
            ("alice@brand.test", "", Claim::Ours),
            ("alice@brand.test", "EXAMPLE", Claim::Ours),
            ("alice", "", Claim::Unnamed),
            ("x", "HANG", elsewhere("HANG")),
            ("HANG\\x", "", elsewhere("HANG")),
            ("x@hang.test", "", elsewhere("hang.test")),
            ("x@hang.test.", "", elsewhere("hang.test")),
            ("x@hang.test", "EXAMPLE", elsewhere("hang.test")),
            ("EXAMPLE\\x@hang.test", "", elsewhere("hang.test")),
            ("\\x", "", elsewhere("")),
            ("x@", "", elsewhere("")),
        ] {
            let [user, domain] = [user, domain].map(|text| text.encode_utf16().collect::<Vec<_>>());
            let claim = Claim::of(&config, &TypedName::of(&user, &domain));
            assert_eq!(claim, expected);
        }
    }
}
