mod display_names;
mod group_names;

use super::*;
use crate::base::sid::Sid;
use crate::base::wire::{Reader, Writer};
use crate::login::verify::GroupName;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::Duration;

fn alice() -> Account {
    let domain = Sid::new([0, 0, 0, 0, 0, 5], vec![21, 1, 2, 3]).unwrap();
    Account {
        user: "alice".to_owned(),
        is_name_typed: false,
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
        group_names: Vec::new(),
        logon_server: None,
        user_flags: Some(0x120),
        log_off: None,
        kick_off: None,
    }
}

fn values<'a>(identity: &'a Identity, name: &str) -> &'a [String] {
    &identity.attribute(name.as_bytes()).unwrap().values
}

/// Gives these names, and counts how often it is asked.
#[derive(Debug, Default)]
struct Called {
    answer: Vec<Option<GroupName>>,
    asked: AtomicUsize,
}

impl Called {
    fn all(names: &[Option<(&str, &str)>]) -> Arc<Self> {
        let named = |name: &Option<(&str, &str)>| {
            name.map(|(domain, name)| GroupName::new(domain, name).unwrap())
        };
        Arc::new(Self {
            answer: names.iter().map(named).collect(),
            asked: AtomicUsize::new(0),
        })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl GroupNames for Called {
    fn names_of(&self, groups: &[Sid]) -> Vec<Option<GroupName>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        assert_eq!(groups.len(), 2);
        self.answer.clone()
    }
}

fn alice_with(names: Arc<Called>) -> Identity {
    with(alice(), NameFormat::Logon, "EXAMPLE").with_group_names(Some(names))
}

fn with(account: Account, format: NameFormat, own_domain: &str) -> Identity {
    let settings = config::Identity {
        format,
        ..config::Identity::default()
    };
    Identity::new(account, &settings, own_domain, "WS1".to_owned())
}

#[test]
fn the_workstation_is_made_printable() {
    let typed = "WS\n1\u{202e}".to_owned();
    let identity = Identity::new(alice(), &config::Identity::default(), "EXAMPLE", typed);
    assert_eq!(values(&identity, "workstation"), ["WS\u{fffd}1\u{fffd}"]);
}

#[test]
fn every_attribute_is_listed() {
    let identity = alice_with(Called::all(&[Some(("EXAMPLE", "a")), None]));
    assert_eq!(identity.attributes().count(), 12);
    for Attribute { name, .. } in identity.attributes() {
        assert!(ATTRIBUTES.iter().any(|(known, _)| known == name), "{name}");
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
    let names: Vec<_> = identity
        .attributes()
        .map(|attribute| attribute.name)
        .collect();
    assert_eq!(
        names,
        [
            "user",
            "domain",
            "dns-domain",
            "upn",
            "user-sid",
            "primary-group-sid",
            "local-login-user",
            "user-flags",
            "group-sids"
        ]
    );
    assert_eq!(
        values(&identity, "group-sids"),
        ["S-1-5-21-1-2-3-513", "S-1-5-21-1-2-3-1200"]
    );
    assert!(identity.attribute(b"full-name").is_none());
    assert!(identity.attribute(b"nothing").is_none());
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds)
}

#[test]
fn the_ends_of_a_login_are_in_seconds() {
    let account = Account {
        log_off: Some(at(2_000_000_000)),
        kick_off: Some(at(1_900_000_000)),
        ..alice()
    };
    let identity = with(account, NameFormat::Logon, "EXAMPLE");
    assert_eq!(values(&identity, "user-flags"), ["0x120"]);
    assert_eq!(values(&identity, "log-off-time"), ["2000000000"]);
    assert_eq!(values(&identity, "kick-off-time"), ["1900000000"]);
}

#[test]
fn an_identity_is_the_same_in_another_process() {
    let full = Account {
        logon_server: Some("DC1".to_owned()),
        log_off: Some(at(2_000_000_000)),
        kick_off: Some(at(2_100_000_000)),
        ..alice()
    };
    let bare = Account {
        user: "j\u{fc}rgen".to_owned(),
        ..Account::default()
    };
    for account in [full, bare] {
        let identity = with(account, NameFormat::Sam, "EXAMPLE");
        let mut writer = Writer::new();
        identity.save(&mut writer);
        let saved = writer.into_bytes();
        let mut reader = Reader::new(&saved);
        let restored = Identity::restore(&mut reader).unwrap();
        assert_eq!(reader.finish("rest"), Ok(()));
        assert_eq!(restored.account, identity.account);
        assert_eq!(restored.workstation, identity.workstation);
        assert_eq!(restored.display(), identity.display());
        assert_eq!(restored.local(), identity.local());
        assert_eq!(restored.own_domain, identity.own_domain);
        for length in 0..saved.len() {
            assert!(Identity::restore(&mut Reader::new(&saved[..length])).is_err());
        }
    }
}
