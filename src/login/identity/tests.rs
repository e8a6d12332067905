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
        user_flags: Some(0x120),
        log_off: None,
        kick_off: None,
    }
}

fn values<'a>(identity: &'a Identity, name: &str) -> &'a [String] {
    &identity.attribute(name.as_bytes()).unwrap().values
}

/// Answers so, and counts how often it is asked.
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
fn another_domain_does_not_give_names_of_ours() {
    for (upn, display) in [
        ("root@OTHER.test", "root@OTHER.test"),
        ("alice@example.test", "mallory@other.test"),
        ("alice@example.test@other.test.", "mallory@other.test"),
        ("alice", "mallory@other.test"),
    ] {
        let mallory = Account {
            user: "mallory".to_owned(),
            domain: "OTHER".to_owned(),
            dns_domain: Some("other.test".to_owned()),
            upn: Some(upn.to_owned()),
            ..alice()
        };
        let identity = with(mallory, NameFormat::Upn, "EXAMPLE");
        assert_eq!(identity.display(), display);
        assert_eq!(identity.attribute(b"upn").is_some(), upn == display);
    }
    // Ours may give what they like.
    let ours = Account {
        upn: Some("alice@brand.test".to_owned()),
        ..alice()
    };
    let identity = with(ours, NameFormat::Logon, "EXAMPLE");
    assert_eq!(values(&identity, "upn"), ["alice@brand.test"]);
}

#[test]
fn nor_does_one_whose_users_are_this_machines() {
    let settings = config::Identity {
        format: NameFormat::Upn,
        local_domains: vec!["BRANCH".parse().unwrap()],
        ..config::Identity::default()
    };
    let root = Account {
        user: "root".to_owned(),
        domain: "BRANCH".to_owned(),
        dns_domain: Some("branch.test".to_owned()),
        upn: Some("alice@example.test".to_owned()),
        ..alice()
    };
    let identity = Identity::new(root, &settings, "EXAMPLE", String::new());
    assert_eq!(identity.display(), "root@branch.test");
    assert_eq!(identity.local(), Some("root"));
    assert!(identity.attribute(b"upn").is_none());
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

        assert_eq!(identity.attribute(b"user").unwrap().values, ["Jürgen"]);
    }
}

#[test]
fn groups_are_named_when_somebody_asks() {
    let names = Called::all(&[Some(("example", "Staff")), Some(("OTHER", "Staff"))]);
    let identity = alice_with(Arc::clone(&names));
    // What the glue asks for by itself, and what needs no names.
    assert_eq!(values(&identity, "local-login-user"), ["alice"]);
    assert_eq!(values(&identity, "group-sids").len(), 2);
    assert_eq!(names.asked(), 0);
    assert_eq!(values(&identity, "groups"), ["Staff", "OTHER\\Staff"]);
    assert_eq!(values(&identity, "groups-list"), ["|Staff|OTHER\\Staff|"]);
    assert_eq!(identity.attributes().last().unwrap().name, "groups-list");
    assert_eq!(names.asked(), 1, "each login sees one state of affairs");
}

/// So in a child that was forked while a thread that it does not have was asking.
#[test]
fn nobody_waits_for_who_is_asking() {
    /// Who asks first waits until another has had his answer.
    #[derive(Debug)]
    struct Slow {
        asked: AtomicUsize,
        answered: Barrier,
    }

    impl GroupNames for Slow {
        fn names_of(&self, _: &[Sid]) -> Vec<Option<GroupName>> {
            if self.asked.fetch_add(1, Ordering::SeqCst) == 0 {
                self.answered.wait();
            }
            vec![GroupName::new("EXAMPLE", "Staff"), None]
        }
    }

    let slow = Arc::new(Slow {
        asked: AtomicUsize::new(0),
        answered: Barrier::new(2),
    });
    let names = Arc::clone(&slow) as Arc<dyn GroupNames>;
    let identity = with(alice(), NameFormat::Logon, "EXAMPLE").with_group_names(Some(names));
    let identity = Arc::new(identity);
    let ask = || {
        let (identity, (tell, told)) = (Arc::clone(&identity), mpsc::channel());
        thread::spawn(move || tell.send(values(&identity, "groups").to_vec()));
        told
    };
    let first = ask();
    while slow.asked.load(Ordering::SeqCst) == 0 {
        thread::yield_now();
    }
    let second = ask().recv_timeout(Duration::from_secs(10));
    assert_eq!(second.expect("waits for ever"), ["Staff"]);
    slow.answered.wait();
    assert_eq!(first.recv().unwrap(), ["Staff"]);
}

#[test]
fn groups_without_a_name_are_left_out_and_told() {
    let identity = alice_with(Called::all(&[Some(("EXAMPLE", "Staff")), None]));
    let groups = identity.attribute(b"groups").unwrap();
    assert_eq!(
        (&groups.values[..], groups.complete),
        (&["Staff".to_owned()][..], false)
    );
    assert!(identity.attribute(b"group-sids").unwrap().complete);

    // No name at all is no attribute: a value that is empty would be the beginning of any other.
    let identity = alice_with(Called::all(&[None, None]));
    assert!(identity.attribute(b"groups").is_none());
    assert!(identity.attribute(b"groups-list").is_none());
    assert!(
        identity
            .attributes()
            .all(|attribute| attribute.name != "groups")
    );
    assert_eq!(values(&identity, "group-sids").len(), 2);
}

#[test]
fn who_has_no_groups_is_asked_about_nowhere() {
    let names = Called::all(&[]);
    let account = Account {
        group_sids: Vec::new(),
        ..alice()
    };
    let identity = Identity::new(
        account,
        &config::Identity::default(),
        "EXAMPLE",
        String::new(),
    )
    .with_group_names(Some(Arc::clone(&names) as _));
    assert!(identity.attribute(b"groups").is_none());
    assert_eq!(names.asked(), 0);
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
fn an_account_is_its_user_and_domain() {
    let account = |user: &str, domain: &str| Account {
        user: user.to_owned(),
        domain: domain.to_owned(),
        ..alice()
    };
    let identity = |account| with(account, NameFormat::Logon, "EXAMPLE");
    let same = |user, domain| identity(alice()).is_account_of(&identity(account(user, domain)));
    assert!(same("alice", "EXAMPLE"));
    assert!(same("ALICE", "example"));
    assert!(!same("alice", "OTHER"));
    assert!(!same("bob", "EXAMPLE"));
}

#[test]
fn only_users_of_our_domain_are_local() {
    let identity = with(alice(), NameFormat::Logon, "example");
    assert_eq!(identity.local(), Some("alice"));
    assert_eq!(values(&identity, "local-login-user"), ["alice"]);
    let identity = with(alice(), NameFormat::Logon, "OTHER");
    assert_eq!(identity.local(), None);
    assert!(identity.attribute(b"local-login-user").is_none());
}

#[test]
fn what_the_client_typed_is_printable() {
    let typed = "WS\n1\u{202e}".to_owned();
    let identity = Identity::new(alice(), &config::Identity::default(), "EXAMPLE", typed);
    assert_eq!(values(&identity, "workstation"), ["WS\u{fffd}1\u{fffd}"]);
}

#[test]
fn every_attribute_is_announced() {
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
fn when_a_login_ends_is_told_in_seconds() {
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

#[test]
fn what_groups_are_called_is_asked_in_the_other_process() {
    let names = Called::all(&[Some(("EXAMPLE", "a")), Some(("OTHER", "b"))]);
    let identity = alice_with(Arc::clone(&names));
    let mut writer = Writer::new();
    identity.save(&mut writer);
    assert_eq!(names.asked(), 0);
    let saved = writer.into_bytes();
    let restored = || Identity::restore(&mut Reader::new(&saved)).unwrap();
    assert!(restored().attribute(b"groups").is_none(), "nobody to ask");
    let there = restored().with_group_names(Some(Arc::clone(&names) as _));
    assert_eq!(values(&there, "groups"), ["a", "OTHER\\b"]);
    assert_eq!(names.asked(), 1);
}
