use super::*;
use crate::base::config::fixture;
use crate::base::sid::Sid;
use crate::protocol::rpc::netlogon::domain_trusts::{
    DIRECT_OUTBOUND, FOREST_TRANSITIVE, IN_FOREST, PRIMARY,
};
use std::cell::Cell;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

impl KnownDomains {
    /// Stores this list as a controller's answer.
    pub(crate) fn set_answer(&self, trusts: Vec<DomainTrust>) {
        let deadline = Deadline::after(Duration::from_secs(60));
        let list = self.list_with(deadline, |_| true, |_| Ok(trusts));
        assert!(list.is_some());
    }
}

pub(super) fn config_in(state_dir: &Path) -> config::Netlogon {
    config_with(state_dir, "")
}

fn config_with(state_dir: &Path, more: &str) -> config::Netlogon {
    let place = format!("controllers = [\"127.0.0.1:1\"]\nstate_dir = {state_dir:?}\n");
    fixture::netlogon(&(place + more))
}

fn row(netbios: &str, dns: &str, last: u32, flags: u32, attributes: u32) -> DomainTrust {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    DomainTrust {
        netbios_name: some(netbios),
        dns_name: some(dns),
        flags,
        attributes,
        sid: Sid::new([0, 0, 0, 0, 0, 5], vec![21, 1, 2, last]),
    }
}

pub(super) fn trusts() -> Vec<DomainTrust> {
    vec![
        row("OTHER", "other.test", 4, DIRECT_OUTBOUND, 0),
        row("EXAMPLE", "example.test", 3, PRIMARY | IN_FOREST, 0),
        row("CHILD", "child.example.test", 5, IN_FOREST, 0),
        row(
            "FOREST",
            "forest.test",
            6,
            DIRECT_OUTBOUND,
            FOREST_TRANSITIVE,
        ),
        row("OLD", "", 7, DIRECT_OUTBOUND, 0),
    ]
}

fn names(list: &Domains) -> Vec<(&str, Kind)> {
    list.iter()
        .map(|domain| (domain.netbios.as_str(), domain.kind))
        .collect()
}

fn known() -> (KnownDomains, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    (known_in(directory.path()), directory)
}

fn known_in(directory: &Path) -> KnownDomains {
    let config = config_in(directory);
    let controllers = Arc::new(Controllers::new(config.clone(), LogTarget::Off));
    KnownDomains::new(controllers, &config, LogTarget::Off)
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(10))
}

fn no_list() -> NoList {
    NoList {
        fault: Minor::ControllerTimeout.into(),
        pause: PAUSE,
    }
}

#[test]
fn each_row_has_its_kind_and_ours_comes_first() {
    let directory = tempfile::tempdir().unwrap();
    let list = Domains::new(trusts(), &config_in(directory.path())).unwrap();
    let expected = [
        ("EXAMPLE", Kind::Ours),
        ("OTHER", Kind::External),
        ("CHILD", Kind::InForest),
        ("FOREST", Kind::ForestRoot),
        ("OLD", Kind::External),
    ];
    assert_eq!(names(&list), expected);
    assert_eq!(list.ours().netbios, "EXAMPLE");
}

#[test]
fn a_list_about_another_domain_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let config = config_in(directory.path());
    for wrong in [
        vec![],
        vec![row("OTHER", "other.test", 4, DIRECT_OUTBOUND, 0)],
        vec![row("EXAMPLE", "other.test", 3, PRIMARY, 0)],
        vec![row("EXAMPLE", "", 3, PRIMARY, 0)],
        vec![row("", "example.test", 3, PRIMARY, 0)],
        vec![
            row("EXAMPLE", "example.test", 3, PRIMARY, 0),
            row("SECOND", "example.test", 4, PRIMARY, 0),
        ],
    ] {
        assert!(Domains::new(wrong.clone(), &config).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_row_that_is_not_a_domain_of_its_own_is_left_out() {
    let directory = tempfile::tempdir().unwrap();
    let mut rows = trusts();
    let of_an_account = Sid::new([0, 0, 0, 0, 0, 5], vec![21, 1, 2, 3, 500]);
    rows.extend([
        row("example", "forged.test", 30, DIRECT_OUTBOUND, 0),
        row("FORGED", "EXAMPLE.test", 31, DIRECT_OUTBOUND, 0),
        row("example.test", "forged.test", 32, DIRECT_OUTBOUND, 0),
        row("FORGED", "example", 33, DIRECT_OUTBOUND, 0),
        row("FORGED", "forged.test", 3, DIRECT_OUTBOUND, 0),
        row("other", "second.test", 34, DIRECT_OUTBOUND, 0),
        row("TRUSTING", "trusting.test", 35, 0x20, 0),
        DomainTrust {
            sid: None,
            ..row("REALM", "realm.test", 36, DIRECT_OUTBOUND, 0)
        },
        DomainTrust {
            sid: of_an_account,
            ..row("ODD", "odd.test", 37, DIRECT_OUTBOUND, 0)
        },
    ]);
    let list = Domains::new(rows, &config_in(directory.path())).unwrap();
    let netbios: Vec<_> = names(&list).into_iter().map(|(name, _)| name).collect();
    assert_eq!(netbios, ["EXAMPLE", "OTHER", "CHILD", "FOREST", "OLD"]);
}

#[test]
fn the_configuration_adds_what_does_not_contradict_the_list() {
    let directory = tempfile::tempdir().unwrap();
    let config = config_with(
        directory.path(),
        r#"trusted_domains = [
            { netbios = "DEEP", dns = "deep.forest.test", sid = "S-1-5-21-1-2-8" },
            { netbios = "other", dns = "OTHER.test", sid = "S-1-5-21-1-2-4",
              upn_suffixes = ["o.test"] },
            { netbios = "FOREST", dns = "forest.test", sid = "S-1-5-21-1-2-99" },
            { netbios = "EXAMPLE", dns = "example.test", sid = "S-1-5-21-1-2-99" },
        ]"#,
    );
    let list = Domains::new(trusts(), &config).unwrap();
    let expected = ["EXAMPLE", "OTHER", "CHILD", "FOREST", "OLD", "DEEP"];
    let netbios: Vec<_> = names(&list).into_iter().map(|(name, _)| name).collect();
    assert_eq!(netbios, expected);
    let other = list.iter().find(|row| row.netbios == "OTHER").unwrap();
    assert!(other.upn_suffixes.iter().any(|suffix| suffix.is("O.TEST")));
    assert!(list.ours().upn_suffixes.is_empty());
}

#[test]
fn below_is_a_label_more_at_least() {
    for below in ["a.example.test", "A.b.EXAMPLE.test"] {
        assert!(is_below(below, "example.test"), "{below}");
    }
    for not in [
        "example.test",
        ".example.test",
        "xexample.test",
        "test",
        "",
        "example.test.a",
    ] {
        assert!(!is_below(not, "example.test"), "{not}");
    }
}

#[test]
fn asked_for_once_and_kept_for_other_processes() {
    let (known, directory) = known();
    let asked = Cell::new(0);
    let ask = |_| {
        asked.set(asked.get() + 1);
        Ok(trusts())
    };
    for _ in 0..3 {
        assert!(known.list_with(soon(), |_| true, ask).is_some());
        // Not in it, and just asked for.
        assert!(known.list_with(soon(), |_| false, ask).is_some());
    }
    assert_eq!(asked.get(), 1);
    // Another process.
    let list = known_in(directory.path())
        .list_with(soon(), |_| true, ask)
        .unwrap();
    assert_eq!(list.ours().netbios, "EXAMPLE");
    assert_eq!(asked.get(), 1);
}

#[test]
fn a_list_that_does_not_come_is_not_asked_for_again_at_once() {
    let (known, _directory) = known();
    let asked = Cell::new(0);
    let fail = |_| {
        asked.set(asked.get() + 1);
        Err(no_list())
    };
    for _ in 0..3 {
        assert!(known.list_with(soon(), |_| true, fail).is_none());
    }
    assert_eq!(asked.get(), 1);
    known.known().with(|known| known.failed_until = None);
    assert!(
        known
            .list_with(soon(), |_| true, |_| Ok(trusts()))
            .is_some()
    );
}

#[test]
fn an_old_list_is_renewed_and_stays_if_it_cannot_be() {
    let (known, directory) = known();
    assert!(
        known
            .list_with(soon(), |_| true, |_| Ok(trusts()))
            .is_some()
    );
    let age = |by: Duration| {
        known.known().with(|known| {
            known.failed_until = None;
            known.list.as_mut().unwrap().age += by;
        });
    };
    let file = Store::new(&config_in(directory.path()));
    let asked = seconds_since_1970() - 3600;
    file.keep(&Kept {
        trusts: trusts(),
        asked,
    })
    .unwrap();
    // A login that does not find its domain asks sooner.
    age(LIFETIME_FOR_A_MISS);
    assert!(
        known
            .list_with(soon(), |_| true, |_| unreachable!())
            .is_some()
    );
    let shorter = || trusts().into_iter().take(2).collect();
    let list = known
        .list_with(soon(), |_| false, |_| Ok(shorter()))
        .unwrap();
    assert_eq!(list.iter().count(), 2);
    file.keep(&Kept {
        trusts: trusts(),
        asked,
    })
    .unwrap();
    age(LIFETIME);
    let fail = |_| Err(no_list());
    let list = known.list_with(soon(), |_| true, fail).unwrap();
    assert_eq!(list.iter().count(), 2, "the one from before");
    age(LIFETIME);
    assert_eq!(
        known
            .list_with(soon(), |_| true, |_| Ok(trusts()))
            .unwrap()
            .iter()
            .count(),
        5
    );
}

#[test]
fn an_old_list_of_another_process_is_better_than_none() {
    let (known, directory) = known();
    let asked = seconds_since_1970() - 24 * 3600;
    let file = Store::new(&config_in(directory.path()));
    let kept = Kept {
        trusts: trusts(),
        asked,
    };
    file.keep(&kept).unwrap();
    let list = known.list_with(soon(), |_| true, |_| Err(no_list()));
    assert_eq!(list.unwrap().iter().count(), 5);
}

/// Another domain's user has the typed name only where no list can be had, and not where it may
/// come a moment later.
#[test]
fn logins_go_on_without_a_list_once_a_controller_was_asked_for_one() {
    let described = r#"trusted_domains = [
        { netbios = "DEEP", dns = "deep.test", sid = "S-1-5-21-1-2-99" },
    ]"#;
    for (more, expected) in [("", true), (described, false)] {
        let directory = tempfile::tempdir().unwrap();
        let config = config_with(directory.path(), more);
        let controllers = Arc::new(Controllers::new(config.clone(), LogTarget::Off));
        let known = KnownDomains::new(controllers, &config, LogTarget::Off);
        assert!(!known.can_be_done_without(), "not asked yet");
        for (error, is_asked) in [
            (Error::Busy, false),
            (Error::NotFound(String::new()), true),
            (Error::TimeOver, true),
        ] {
            known.known().with(|known| known.failed_until = None);
            let list = known.list_with(soon(), |_| true, |_| Err(error.into()));
            assert!(list.is_none());
            assert_eq!(known.can_be_done_without(), is_asked && expected);
        }
    }
}

#[test]
fn a_typed_name_leads_to_the_nearest_row() {
    let (known, _directory) = known();
    assert_eq!(known.row_of("OTHER"), None, "no list");
    let list = known.list_with(soon(), |_| true, |_| Ok(trusts()));
    assert!(list.is_some());
    for (typed, row) in [
        ("other", Some("OTHER")),
        ("OTHER.test", Some("OTHER")),
        ("a.other.test", Some("OTHER")),
        ("b.a.FOREST.test", Some("FOREST")),
        ("child.example.test", Some("CHILD")),
        ("x.child.example.test", Some("CHILD")),
        ("x.example.test", Some("EXAMPLE")),
        ("another.test", None),
        ("", None),
    ] {
        assert_eq!(known.row_of(typed).as_deref(), row, "{typed}");
    }
}

#[test]
fn where_no_controller_was_asked_one_is_asked_soon() {
    for (error, pause) in [
        (Error::Busy, SHORT_PAUSE),
        (Error::TimeOver, SHORT_PAUSE),
        (Error::Outage(Minor::ControllerTimeout.into()), SHORT_PAUSE),
        (Error::NotFound(String::new()), PAUSE),
    ] {
        assert_eq!(NoList::from(error).pause, pause);
    }
}

#[test]
fn many_threads_ask_once() {
    let (known, _directory) = known();
    let asked = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let list = known.list_with(
                    soon(),
                    |_| true,
                    |_| {
                        asked.fetch_add(1, Ordering::Relaxed);
                        thread::sleep(Duration::from_millis(100));
                        Ok(trusts())
                    },
                );
                assert!(list.is_some());
            });
        }
    });
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}
