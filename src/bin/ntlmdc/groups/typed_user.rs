//! Which account is meant, as it was typed.

use gss_ntlmdc::base::config::{DomainName, Netlogon};
use gss_ntlmdc::base::typed_name::split_domain;

/// A name, and where it is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedUser {
    name: String,
    /// Empty: a name alone, or a user principal name.
    domain: String,
}

/// What a name says of its domain.
#[derive(Debug, PartialEq, Eq)]
pub enum Home<'a> {
    /// The name of an account of ours.
    Ours(&'a str),
    /// A user principal name. `Some`: the suffix is ours, so this may be the name of an account.
    Principal(Option<&'a str>),
    /// Another domain.
    Other(&'a str),
}

impl TypedUser {
    /// The names that are looked for, one after the other: a name alone is one of the default
    /// domains, if there are any.
    ///
    /// # Errors
    /// There is no name.
    pub fn candidates(typed: &str, default_domains: &[DomainName]) -> Result<Vec<Self>, String> {
        let (domain, name) = split_domain(typed).unwrap_or(("", typed));
        if name.is_empty() || name == "@" {
            return Err(format!(
                "no user in {typed:?}: give DOMAIN\\user, user@domain or user"
            ));
        }
        let of = |domain: &str| Self {
            name: name.to_owned(),
            domain: domain.to_owned(),
        };
        let is_alone = domain.is_empty() && !name.contains('@');
        Ok(match is_alone && !default_domains.is_empty() {
            true => default_domains.iter().map(|one| of(one.as_str())).collect(),
            false => vec![of(domain)],
        })
    }

    /// The name, without a domain before it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The domain that was typed before the name; empty if there was none.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The domain, or else the suffix of a user principal name; empty for a name alone.
    pub fn domain_or_suffix(&self) -> &str {
        let suffix = self.name.rsplit_once('@').map_or("", |(_, suffix)| suffix);
        match self.domain.as_str() {
            "" => suffix,
            domain => domain,
        }
    }

    /// Where a controller of this domain looks for it.
    pub fn home(&self, config: &Netlogon) -> Home<'_> {
        let suffix = self.name.rsplit_once('@');
        match (self.domain.as_str(), suffix) {
            ("", Some((name, suffix))) => {
                Home::Principal(Some(name).filter(|_| config.is_called(suffix)))
            }
            ("", None) => Home::Ours(&self.name),
            (domain, _) if config.is_called(domain) => Home::Ours(&self.name),
            (domain, _) => Home::Other(domain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gss_ntlmdc::base::config::Config;

    fn netlogon() -> Netlogon {
        let text = "verify = ['netlogon']\n[netlogon]\ndomain = 'example.test'\n\
                    account = 'WEB1$'\nsecret = '/secret'\n";
        Config::parse(text).unwrap().netlogon.pop().unwrap()
    }

    fn one(typed: &str) -> TypedUser {
        let [one] = <[_; 1]>::try_from(TypedUser::candidates(typed, &[]).unwrap()).unwrap();
        one
    }

    #[test]
    fn where_a_name_is_looked_for() {
        let config = netlogon();
        for (typed, expected) in [
            ("alice", Home::Ours("alice")),
            ("EXAMPLE\\alice", Home::Ours("alice")),
            ("example.TEST/alice", Home::Ours("alice")),
            ("EXAMPLE\\a\\b", Home::Ours("a\\b")),
            ("alice@example.test", Home::Principal(Some("alice"))),
            ("alice@brand.test", Home::Principal(None)),
            ("OTHER\\alice", Home::Other("OTHER")),
            ("*()", Home::Ours("*()")),
        ] {
            assert_eq!(one(typed).home(&config), expected, "{typed}");
        }
        for typed in ["", "EXAMPLE\\", "@"] {
            assert!(TypedUser::candidates(typed, &[]).is_err(), "{typed}");
        }
    }

    #[test]
    fn a_name_alone_is_one_of_the_default_domains() {
        let defaults = ["OTHER", "EXAMPLE"].map(|name| name.parse().unwrap());
        let names = |typed| -> Vec<String> {
            let all = TypedUser::candidates(typed, &defaults).unwrap();
            all.into_iter().map(|one| one.domain).collect()
        };
        assert_eq!(names("alice"), ["OTHER", "EXAMPLE"]);
        assert_eq!(names("alice@example.test"), [""]);
        assert_eq!(names("THIRD\\alice"), ["THIRD"]);
    }
}
