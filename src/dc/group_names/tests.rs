use super::*;
use crate::base::config::fixture;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

fn names(lifetime: &str) -> Names {
    let config = fixture::netlogon(&format!(
        "controllers = [\"127.0.0.1:1\"]\nbudget = \"2s\"\ngroup_cache = \"{lifetime}\""
    ));
    let controllers = Arc::new(Controllers::new(config.clone(), LogTarget::Off));
    Names::new(controllers, &config, LogTarget::Off)
}

impl Names {
    /// Stores this name of a group as a controller's answer.
    pub(crate) fn set_answer(&self, group: &Sid, domain: &str, name: &str) {
        let say = |sid: &Sid| match sid.domain() {
            Some(domain) => Called::Group {
                name: name.to_owned(),
                domain,
            },
            None => Called::Domain {
                name: domain.to_owned(),
            },
        };
        let names = self.of_with(std::slice::from_ref(group), |sids, _| {
            Ok(sids.iter().map(|sid| Some(say(sid))).collect())
        });
        assert_eq!(names, [GroupName::new(domain, name)]);
    }
}

fn nt(subs: &[u32]) -> Sid {
    Sid::new([0, 0, 0, 0, 0, 5], subs.to_vec()).unwrap()
}

fn group(rid: u32) -> Sid {
    nt(&[21, 1, 2, 3, rid])
}

fn called(name: &str) -> Option<GroupName> {
    GroupName::new("EXAMPLE", name)
}

fn domain() -> Sid {
    nt(&[21, 1, 2, 3])
}

/// What a controller says of a group of its domain.
fn said(name: &str) -> Option<Called> {
    Some(Called::Group {
        name: name.to_owned(),
        domain: domain(),
    })
}

fn said_domain(name: &str) -> Option<Called> {
    let name = name.to_owned();
    Some(Called::Domain { name })
}

/// What a controller says for which every group is called by its number, but 404, which is none.
fn numbered(sids: &[Sid], _: Deadline) -> Result<Vec<Option<Called>>, Error> {
    let name = |sid: &Sid| {
        let rid = sid.sub_authorities().last().unwrap();
        match sid.domain() {
            Some(_) => said(&rid.to_string()).filter(|_| *rid != 404),
            None => said_domain("EXAMPLE"),
        }
    };
    Ok(sids.iter().map(name).collect())
}

fn no_controller(_: &[Sid], _: Deadline) -> Result<Vec<Option<Called>>, Error> {
    panic!("asked")
}

#[test]
fn asked_once_and_then_remembered() {
    let names = names("10m");
    let sids = [group(404), group(2), group(1), group(2)];
    let expected = [None, called("2"), called("1"), called("2")];
    let asked = names.of_with(&sids, |missing, deadline| {
        assert_eq!(missing, [group(404), domain(), group(2), group(1)]);
        numbered(missing, deadline)
    });
    assert_eq!(asked, expected);
    // That something has no name is remembered, too.
    assert_eq!(names.of_with(&sids, no_controller), expected);
    // Only new names are asked for.
    let more = [group(1), group(3)];
    let asked = names.of_with(&more, |missing, deadline| {
        assert_eq!(missing, [group(3)]);
        numbered(missing, deadline)
    });
    assert_eq!(asked, [called("1"), called("3")]);
}

#[test]
fn a_new_name_is_seen_when_the_lifetime_is_over() {
    let names = names("30ms");
    assert_eq!(names.of_with(&[group(1)], numbered), [called("1")]);
    thread::sleep(Duration::from_millis(40));
    let renamed = |_: &[Sid], _: Deadline| Ok(vec![said("new"), said_domain("EXAMPLE")]);
    assert_eq!(names.of_with(&[group(1)], renamed), [called("new")]);
    // One that is over before the answer is read is still one.
    let names = self::names("1ms");
    let slow = |sids: &[Sid], deadline: Deadline| {
        thread::sleep(Duration::from_millis(5));
        numbered(sids, deadline)
    };
    assert_eq!(names.of_with(&[group(1)], slow), [called("1")]);
}

#[test]
fn well_known_groups_and_those_without_a_domain_are_not_asked_for() {
    let names = names("10m");
    let sids = [nt(&[32, 545]), nt(&[21, 0, 0, 0, 497]), nt(&[5, 0, 1])];
    let answer = names.of_with(&sids, no_controller);
    assert_eq!(answer[0], GroupName::new("BUILTIN", "Users"));
    assert_eq!(answer[1].as_ref().unwrap().name(), "Claims Valid");
    assert_eq!(answer[2], None);
}

#[test]
fn after_a_failure_no_controller_is_asked_for_a_while() {
    let names = names("50ms");
    let silent = |_: &[Sid], _: Deadline| Err(Error::TimeOver);
    let sids = [group(1), nt(&[32, 545])];
    let answer = names.of_with(&sids, silent);
    assert_eq!(answer[0], None);
    assert!(answer[1].is_some(), "a well-known group");
    assert_eq!(names.of_with(&sids, no_controller), answer);
    thread::sleep(Duration::from_millis(60));
    assert_eq!(names.of_with(&sids[..1], numbered), [called("1")]);
}

#[test]
fn a_name_that_could_be_read_as_anothers_is_none() {
    for (rid, domain, name) in [
        (1, "EXAMPLE", "OTHER\\Admins"),
        (2, "EXAMPLE\\x", "Admins"),
        (3, "EXAMPLE", "a\nb"),
        (4, "EXAMPLE", "a\u{202e}b"),
        (5, "EXAMPLE", "a|Admins|b"),
        (6, "a|Admins|b", "x"),
        (7, "EXAMPLE", ""),
    ] {
        assert_eq!(GroupName::new(domain, name), None);
        let answer = vec![said(name), said_domain(domain)];
        let answer = self::names("10m").of_with(&[group(rid)], |_, _| Ok(answer.clone()));
        assert_eq!(answer, [None], "{domain} {name}");
    }
}

/// The controller of a trusted domain answers for its groups, and could say anything.
#[test]
fn no_controller_names_the_groups_of_another_domain() {
    let elsewhere = nt(&[21, 7, 8, 9, 1]);
    for (group_said, domain_said, expected) in [
        // Its domain is not the one that the list puts it in.
        (said("Admins"), said_domain("OTHER"), None),
        // A group is no domain, and a domain no group.
        (said("Admins"), said("EXAMPLE"), None),
        (said_domain("EXAMPLE"), said_domain("OTHER"), None),
        // No controller knows the domain.
        (said("Admins"), None, None),
        (
            Some(Called::Group {
                name: "Admins".to_owned(),
                domain: elsewhere.domain().unwrap(),
            }),
            said_domain("OTHER"),
            GroupName::new("OTHER", "Admins"),
        ),
    ] {
        let answer = vec![group_said, domain_said];
        let names =
            names("10m").of_with(std::slice::from_ref(&elsewhere), |_, _| Ok(answer.clone()));
        assert_eq!(names, [expected]);
    }
}

#[test]
fn one_thread_asks_for_all() {
    let names = names("10m");
    let asked = AtomicUsize::new(0);
    let start = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                let answer = names.of_with(&[group(1)], |sids, deadline| {
                    asked.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(50));
                    numbered(sids, deadline)
                });
                assert_eq!(answer, [called("1")]);
            });
        }
    });
    assert_eq!(asked.into_inner(), 1);
}

#[test]
fn who_asked_and_died_leaves_the_others_their_turn() {
    let names = names("10m");
    let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        names.of_with(&[group(1)], no_controller)
    }));
    assert!(died.is_err());
    assert_eq!(names.of_with(&[group(1)], numbered), [called("1")]);
}

#[test]
fn the_number_of_groups_asked_for_is_bounded() {
    let names = names("10m");
    let many: Vec<_> = (0..10_000).map(group).collect();
    let answer = names.of_with(&many, |missing, deadline| {
        assert_eq!(missing.len(), MAX_ASKED);
        numbered(missing, deadline)
    });
    assert_eq!(answer.len(), many.len());
    let known = answer.iter().flatten().count();
    assert_eq!(known, MAX_ASKED - 2, "404 has none, and the domain was one");
}

/// A group of the domain that is the `number`th of others.
fn elsewhere(number: u32) -> Sid {
    nt(&[21, 9, 9, number, 1])
}

#[test]
fn a_domain_that_hangs_takes_no_others_names_along() {
    let names = names("10m");
    let mut asked = Vec::new();
    let mut one_hangs = |sids: &[Sid], deadline: Deadline| {
        asked.push(sids.to_vec());
        match sids.contains(&elsewhere(1)) {
            true => Err(Error::TimeOver),
            false => numbered(sids, deadline),
        }
    };
    let sids = [elsewhere(1), group(1)];
    assert_eq!(names.of_with(&sids, &mut one_hangs), [None, called("1")]);
    // Its names are not asked for until the failure has expired; those of others are.
    let more = [elsewhere(1), group(2)];
    assert_eq!(names.of_with(&more, &mut one_hangs), [None, called("2")]);
    let of_each: Vec<usize> = asked.iter().map(Vec::len).collect();
    assert_eq!(of_each, [2, 2, 1]);
    // Domains whose name is known come first.
    let mut asked = Vec::new();
    names.of_with(&[elsewhere(2), group(3)], |sids, deadline| {
        asked.extend_from_slice(sids);
        numbered(sids, deadline)
    });
    assert_eq!(asked[0], group(3));
}

#[test]
fn no_question_takes_anothers_time_and_there_are_not_many() {
    let names = names("10m");
    let sids: Vec<_> = (0..100).map(elsewhere).collect();
    let (mut questions, mut asked) = (0, 0);
    names.of_with(&sids, |missing, deadline| {
        (questions, asked) = (questions + 1, asked + missing.len());
        let left = deadline.remaining().unwrap();
        assert!(left <= Duration::from_secs(2) / (5 - questions), "{left:?}");
        numbered(missing, deadline)
    });
    assert_eq!((questions, asked), (4, 200));
}
