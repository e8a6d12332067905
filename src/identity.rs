//! A verified logon becomes names and attributes.

use std::sync::OnceLock;

use crate::config::{self, LetterCase, NameFormat};
use crate::fault::is_unprintable;
use crate::verify::Account;

/// Every attribute that an identity may have, and what it says.
///
/// The names are in the alphabet that mod_auth_gssapi's expressions take: `[A-Za-z0-9_-]`.
pub const ATTRIBUTES: &[(&str, &str)] = &[
    ("user", "The account's name (sAMAccountName)."),
    ("domain", "The NetBIOS name of the account's domain."),
    ("dns-domain", "The DNS name of the account's domain."),
    ("upn", "The user principal name."),
    ("full-name", "The full name."),
    (
        "user-sid",
        "The account's security identifier, S-1-5-21-...",
    ),
    (
        "primary-group-sid",
        "The security identifier of the primary group.",
    ),
    ("logon-server", "The server that verified the login."),
    (
        "workstation",
        "What the client calls its computer; nobody has verified it.",
    ),
    (
        "group-sids",
        "The security identifiers of all groups, one a value.",
    ),
];

/// Who somebody is, in the words that the host asks for.
///
/// Made from what the verifier said, never from what the client typed; the one exception is the
/// attribute `workstation`, which nobody can verify.
#[derive(Debug)]
pub struct Identity {
    account: Account,
    workstation: String,
    display: String,
    local: Option<String>,
    /// Made when somebody asks for them: most hosts never do.
    attributes: OnceLock<Vec<(&'static str, Vec<String>)>>,
}

impl Identity {
    /// Names an account: `own_domain` is the NetBIOS name of the domain whose users are users of
    /// this machine, and `settings` may name more such domains.
    pub fn new(
        account: Account,
        settings: &config::Identity,
        own_domain: &str,
        workstation: String,
    ) -> Self {
        let is_local = account.domain.eq_ignore_ascii_case(own_domain)
            || settings.local_domains.iter().any(|local| {
                local.is(&account.domain)
                    || account
                        .dns_domain
                        .as_deref()
                        .is_some_and(|name| local.is(name))
            });
        let display = display_name(&account, settings.format, is_local);
        Self {
            display: in_letters(settings.case, display),
            local: is_local.then(|| in_letters(settings.case, account.user.clone())),
            account,
            workstation,
            attributes: OnceLock::new(),
        }
    }

    /// The display name: what REMOTE_USER is.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// The name on this machine; none for a user of another domain.
    pub fn local(&self) -> Option<&str> {
        self.local.as_deref()
    }

    /// The attributes that this identity has, each with one value or more.
    pub fn attributes(&self) -> impl Iterator<Item = (&'static str, &[String])> {
        self.attributes
            .get_or_init(|| attributes(&self.account, &self.workstation))
            .iter()
            .map(|(name, values)| (*name, values.as_slice()))
    }

    /// The values of one attribute.
    pub fn attribute(&self, name: &[u8]) -> Option<&[String]> {
        self.attributes()
            .find(|(known, _)| known.as_bytes() == name)
            .map(|(_, values)| values)
    }
}

/// A name without a domain is of our domain: another's administrator shall not look like ours.
fn display_name(account: &Account, format: NameFormat, is_local: bool) -> String {
    let Account { user, domain, .. } = account;
    match (format, &account.upn, &account.dns_domain) {
        (NameFormat::Sam, ..) if is_local => user.clone(),
        (NameFormat::Upn, Some(upn), _) => upn.clone(),
        // Every account of a domain has this one, whatever its attribute says.
        (NameFormat::Upn, None, Some(dns_domain)) => format!("{user}@{dns_domain}"),
        (NameFormat::Upn, None, None) | (NameFormat::UserAtDomain, ..) => {
            format!("{user}@{domain}")
        }
        (NameFormat::Logon | NameFormat::Sam, ..) => format!("{domain}\\{user}"),
    }
}

fn in_letters(case: LetterCase, name: String) -> String {
    match case {
        LetterCase::Keep => name,
        LetterCase::Lower => name.to_lowercase(),
        LetterCase::Upper => name.to_uppercase(),
    }
}

fn attributes(account: &Account, workstation: &str) -> Vec<(&'static str, Vec<String>)> {
    let sid = |sid: &Option<_>| sid.as_ref().map(ToString::to_string);
    let single = [
        ("user", Some(account.user.clone())),
        ("domain", Some(account.domain.clone())),
        ("dns-domain", account.dns_domain.clone()),
        ("upn", account.upn.clone()),
        ("full-name", account.full_name.clone()),
        ("user-sid", sid(&account.sid)),
        ("primary-group-sid", sid(&account.primary_group_sid)),
        ("logon-server", account.logon_server.clone()),
        ("workstation", Some(printable(workstation))),
    ];
    let group_sids = account.group_sids.iter().map(ToString::to_string).collect();
    single
        .into_iter()
        .map(|(name, value)| (name, value.into_iter().collect()))
        .chain([("group-sids", group_sids)])
        .filter(|(_, values): &(_, Vec<String>)| values.iter().any(|value| !value.is_empty()))
        .collect()
}

/// What a client typed, fit for an environment variable.
fn printable(text: &str) -> String {
    text.chars()
        .map(|letter| match is_unprintable(letter) {
            true => char::REPLACEMENT_CHARACTER,
            false => letter,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sid::Sid;

    fn alice() -> Account {
        let domain = Sid::new([0, 0, 0, 0, 0, 5], vec![21, 1, 2, 3]).unwrap();
        Account {
            user: "alice".to_owned(),
            domain: "EXAMPLE".to_owned(),
            dns_domain: Some("example.test".to_owned()),
            upn: Some("alice@example.test".to_owned()),
            full_name: Some(String::new()),
            sid: domain.with_rid(1105),
            primary_group_sid: domain.with_rid(513),
            group_sids: [513, 1200]
                .into_iter()
                .filter_map(|rid| domain.with_rid(rid))
                .collect(),
            logon_server: None,
            log_off: None,
        }
    }

    fn named(account: Account) -> Identity {
        with(account, NameFormat::Logon, "EXAMPLE")
    }

    fn with(account: Account, format: NameFormat, own_domain: &str) -> Identity {
        let settings = config::Identity {
            format,
            ..config::Identity::default()
        };
        Identity::new(account, &settings, own_domain, "WS1".to_owned())
    }

    #[test]
    fn the_display_name_has_the_configured_form() {
        for (format, name) in [
            (NameFormat::Logon, "EXAMPLE\\alice"),
            (NameFormat::Sam, "alice"),
            (NameFormat::Upn, "alice@example.test"),
            (NameFormat::UserAtDomain, "alice@EXAMPLE"),
        ] {
            let identity = with(alice(), format, "EXAMPLE");
            assert_eq!(identity.display(), name);
        }
        let without_upn = Account {
            upn: None,
            ..alice()
        };
        let identity = with(without_upn, NameFormat::Upn, "EXAMPLE");
        assert_eq!(identity.display(), "alice@example.test");
        let identity = with(alice(), NameFormat::Sam, "OTHER");
        assert_eq!(identity.display(), "EXAMPLE\\alice", "not our alice");
    }

    #[test]
    fn only_users_of_our_domain_are_local() {
        let identity = with(alice(), NameFormat::Logon, "example");
        assert_eq!(identity.local(), Some("alice"));
        let identity = with(alice(), NameFormat::Logon, "OTHER");
        assert_eq!(identity.local(), None);
    }

    #[test]
    fn users_of_further_domains_are_local_if_it_is_written() {
        let settings = config::Identity {
            format: NameFormat::Sam,
            local_domains: vec!["branch.test".parse().unwrap(), "EX".parse().unwrap()],
            ..config::Identity::default()
        };
        let root = |domain: &str, dns_domain: &str| {
            let account = Account {
                user: "root".to_owned(),
                domain: domain.to_owned(),
                dns_domain: Some(dns_domain.to_owned()),
                ..Account::default()
            };
            let identity = Identity::new(account, &settings, "EXAMPLE", String::new());
            let local = identity.local().map(str::to_owned);
            (local, identity.display().to_owned())
        };
        let here = (Some("root".to_owned()), "root".to_owned());
        assert_eq!(root("EXAMPLE", "example.test"), here);
        assert_eq!(root("BRANCH", "Branch.test"), here);
        assert_eq!(root("EX", "ex.test"), here);
        for (domain, dns_domain) in [
            ("OTHER", "other.test"),
            ("BRANCH", ""),
            ("EXAMPLE2", "EXAMPLE"),
        ] {
            assert_eq!(root(domain, dns_domain), (None, format!("{domain}\\root")));
        }
    }

    #[test]
    fn letters_are_as_configured() {
        let jurgen = || Account {
            user: "Jürgen".to_owned(),
            ..alice()
        };
        for (case, display, local) in [
            (LetterCase::Keep, "EXAMPLE\\Jürgen", "Jürgen"),
            (LetterCase::Lower, "example\\jürgen", "jürgen"),
            (LetterCase::Upper, "EXAMPLE\\JÜRGEN", "JÜRGEN"),
        ] {
            let settings = config::Identity {
                case,
                ..config::Identity::default()
            };
            let identity = Identity::new(jurgen(), &settings, "EXAMPLE", String::new());
            assert_eq!(
                (identity.display(), identity.local()),
                (display, Some(local))
            );
            let user = ["Jürgen".to_owned()];
            assert_eq!(identity.attribute(b"user"), Some(&user[..]));
        }
    }

    #[test]
    fn what_the_client_typed_is_printable() {
        let typed = "WS\n1\u{202e}".to_owned();
        let identity = Identity::new(alice(), &config::Identity::default(), "EXAMPLE", typed);
        let expected = ["WS\u{fffd}1\u{fffd}".to_owned()];
        assert_eq!(identity.attribute(b"workstation"), Some(&expected[..]));
    }

    #[test]
    fn every_attribute_is_announced() {
        let identity = named(alice());
        for (name, _) in identity.attributes() {
            assert!(ATTRIBUTES.iter().any(|(known, _)| *known == name), "{name}");
        }
        for (name, _) in ATTRIBUTES {
            assert!(
                name.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
            );
        }
    }

    #[test]
    fn attributes_without_a_value_are_left_out() {
        let identity = Identity::new(
            alice(),
            &config::Identity::default(),
            "EXAMPLE",
            String::new(),
        );
        let names: Vec<_> = identity.attributes().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            [
                "user",
                "domain",
                "dns-domain",
                "upn",
                "user-sid",
                "primary-group-sid",
                "group-sids"
            ]
        );
        assert_eq!(
            identity.attribute(b"group-sids"),
            Some(
                &[
                    "S-1-5-21-1-2-3-513".to_owned(),
                    "S-1-5-21-1-2-3-1200".to_owned()
                ][..]
            )
        );
        assert_eq!(identity.attribute(b"full-name"), None);
        assert_eq!(identity.attribute(b"nothing"), None);
    }
}
