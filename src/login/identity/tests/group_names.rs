//! The names of groups.

use super::*;

#[test]
fn group_names_are_looked_up_on_demand() {
    let names = Called::all(&[Some(("example", "Staff")), Some(("OTHER", "Staff"))]);
    let identity = alice_with(Arc::clone(&names));
    // The mechglue reads this one by itself. Neither needs the names.
    assert_eq!(values(&identity, "local-login-user"), ["alice"]);
    assert_eq!(values(&identity, "group-sids").len(), 2);
    assert_eq!(names.asked(), 0);
    assert_eq!(values(&identity, "groups"), ["Staff", "OTHER\\Staff"]);
    assert_eq!(values(&identity, "groups-list"), ["|Staff|OTHER\\Staff|"]);
    assert_eq!(identity.attributes().last().unwrap().name, "groups-list");
    assert_eq!(names.asked(), 1, "once per login");
}

/// A child that is forked during a lookup does not have the thread that would finish it.
#[test]
fn a_lookup_does_not_wait_for_another() {
    /// The first lookup waits for the answer to the second.
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
        let (identity, (sender, receiver)) = (Arc::clone(&identity), mpsc::channel());
        thread::spawn(move || sender.send(values(&identity, "groups").to_vec()));
        receiver
    };
    let first = ask();
    while slow.asked.load(Ordering::SeqCst) == 0 {
        thread::yield_now();
    }
    let second = ask().recv_timeout(Duration::from_secs(10));
    assert_eq!(second.expect("waits for the first lookup"), ["Staff"]);
    slow.answered.wait();
    assert_eq!(first.recv().unwrap(), ["Staff"]);
}

#[test]
fn groups_without_a_name_make_the_attribute_incomplete() {
    let identity = alice_with(Called::all(&[Some(("EXAMPLE", "Staff")), None]));
    let groups = identity.attribute(b"groups").unwrap();
    assert_eq!(
        (&groups.values[..], groups.complete),
        (&["Staff".to_owned()][..], false)
    );
    assert!(identity.attribute(b"group-sids").unwrap().complete);

    // Without any name there is no attribute: an empty value is a prefix of every other.
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
fn a_user_without_groups_needs_no_lookup() {
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

/// As a directory gives them.
#[test]
fn groups_without_identifiers_are_saved_and_need_no_lookup() {
    let names = [("EXAMPLE", "Staff"), ("OTHER", "Guests")];
    let names = names.map(|(domain, name)| GroupName::new(domain, name).unwrap());
    let account = Account {
        group_sids: Vec::new(),
        group_names: names.to_vec(),
        ..alice()
    };
    let settings = config::Identity::default();
    let identity = Identity::new(account, &settings, "EXAMPLE", String::new());
    assert_eq!(values(&identity, "groups"), ["Staff", "OTHER\\Guests"]);
    let mut writer = Writer::new();
    identity.save(&mut writer);
    let restored = Identity::restore(&mut Reader::new(&writer.into_bytes())).unwrap();
    assert_eq!(values(&restored, "groups"), ["Staff", "OTHER\\Guests"]);
    assert!(restored.attribute(b"group-sids").is_none());
}

#[test]
fn the_other_process_looks_the_group_names_up() {
    let names = Called::all(&[Some(("EXAMPLE", "a")), Some(("OTHER", "b"))]);
    let identity = alice_with(Arc::clone(&names));
    let mut writer = Writer::new();
    identity.save(&mut writer);
    assert_eq!(names.asked(), 0);
    let saved = writer.into_bytes();
    let restored = || Identity::restore(&mut Reader::new(&saved)).unwrap();
    assert!(
        restored().attribute(b"groups").is_none(),
        "no source of names"
    );
    let there = restored().with_group_names(Some(Arc::clone(&names) as _));
    assert_eq!(values(&there, "groups"), ["a", "OTHER\\b"]);
    assert_eq!(names.asked(), 1);
}
