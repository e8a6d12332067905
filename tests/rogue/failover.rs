//! A controller that lies, and an honest one beside it.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gss_ntlmdc::base::fault::Minor::{
    self, AccountLockedOut, BadUserOrPassword, ChannelRefused, ControllerTimeout,
    ControllerUnreachable, KerberosChannelRequired,
};

use crate::controller::{self, Controller};
use crate::delivery::Delivery;
use crate::draft::{Draft, STEPS, Step};
use crate::logon;
use crate::trial::{Kind, Ready, at, verifier_of};

#[test]
fn a_controller_that_fails_in_any_step_is_left_for_the_next() {
    std::thread::scope(|scope| {
        for step in STEPS {
            for delivery in [Delivery::CutThenClose(20), Delivery::CutThenSilence(20)] {
                if matches!(
                    (step, &delivery),
                    (Step::Logon, Delivery::CutThenSilence(_))
                ) {
                    // It may be asking another controller.
                    continue;
                }
                scope.spawn(move || {
                    let what = format!("{step:?} {delivery:?}");
                    let lie = at(step, move |draft| draft.delivery = delivery.clone());
                    let liar = left_for_an_honest_one(&what, lie, Ready::hasty);
                    assert!(liar.turns(step) >= 1, "{what}: was not asked");
                });
            }
        }
    });
}

#[test]
fn a_controller_that_is_not_ready_is_left_for_the_next() {
    for (status, authoritative) in [
        (0xC000_0001, true),
        (0xC000_0017, true),
        (0xC000_009A, true),
        (0xC000_00B5, true),
        (0xC000_00BE, true),
        (0xC000_00CC, true),
        (0xC000_00DA, true),
        (0xC000_00E5, true),
        (0xC000_0122, true),
        (0xC000_0371, true),
        (0xC002_0017, true),
        (0xC002_001B, true),
        (0xC002_0050, true),
        (0xC000_005E, true),
        (0xC000_0192, true),
        (0xC000_0022, false),
    ] {
        let lie = at(Step::Logon, move |draft| {
            draft.body = logon::refused(status, authoritative);
        });
        let liar = left_for_an_honest_one(&format!("{status:#x}"), lie, |verifier| verifier);
        assert!(liar.turns(Step::Logon) >= 1, "{status:#x}: was not asked");
    }
}

/// A policy of that controller: another may have none.
#[test]
fn a_controller_that_wants_kerberos_is_left_for_the_next() {
    let lie = at(Step::Authenticate, |draft| {
        draft.put(16, &0xC000_0388_u32.to_le_bytes());
    });
    let liar = left_for_an_honest_one("0xC0000388", lie, |verifier| verifier);
    assert_eq!(liar.turns(Step::Authenticate), 1);
}

/// As with a refused account: with no other controller, the pause between two tries grows.
#[test]
fn a_domain_that_wants_kerberos_is_not_asked_for_each_login() {
    let controller = Controller::that(at(Step::Authenticate, |draft| {
        draft.put(16, &0xC000_0388_u32.to_le_bytes());
    }));
    let verifier = verifier_of(&[controller.address]);
    for _ in 0..3 {
        verifier.refuses("alice", Kind::Unavailable, KerberosChannelRequired);
    }
    assert_eq!(controller.turns(Step::Authenticate), 1);
}

fn left_for_an_honest_one(
    what: &str,
    lie: controller::Lie,
    made: fn(Ready) -> Ready,
) -> Controller {
    let liar = Controller::that(lie);
    let honest = Controller::that(Box::new(|_| {}));
    let verifier = made(verifier_of(&[liar.address, honest.address]));
    let result = verifier.login("alice");
    assert!(result.is_ok(), "{what}: {:?}", result.err());
    assert_eq!(honest.turns(Step::Logon), 1, "{what}");
    liar
}

#[test]
fn those_that_are_away_do_not_count() {
    let away = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let honest = Controller::that(Box::new(|_| {}));
    let [a, b, c] = [(); 3].map(|()| away().unwrap());
    let login = verifier_of(&[a, b, c, honest.address]).login("alice");
    assert!(login.is_ok(), "{:?}", login.err());
}

#[test]
fn it_is_no_outage_while_a_controller_was_not_asked() {
    let close = || {
        Controller::that(at(Step::Bind, |draft| {
            draft.delivery = Delivery::CutThenClose(0);
        }))
    };
    let (first, second, third) = (close(), close(), close());
    let honest = Controller::that(Box::new(|_| {}));
    let liars = [first.address, second.address, third.address];
    let verifier = verifier_of(&[&liars[..], &[honest.address]].concat());
    verifier.refuses("alice", Kind::Unavailable, ControllerUnreachable);
    assert_eq!(
        honest.turns(Step::Bind),
        0,
        "three are enough for one login"
    );
    let login = verifier.login("alice");
    assert!(login.is_ok(), "{:?}", login.err());

    let verifier = verifier_of(&liars);
    for _ in 0..2 {
        verifier.refuses("alice", Kind::Unavailable, ControllerUnreachable);
    }
    assert_eq!(third.turns(Step::Bind), 2, "the second was told at once");
}

/// An attacker passes the question on, and changes or drops the answer: the controller has counted
/// it.
#[test]
fn a_password_goes_out_three_times_at_most() {
    type Lie = fn(&mut Draft);
    let lies: [(Lie, usize, Minor); 3] = [
        // Over the open channel; and over one with a new key, which cannot be unknown.
        (|draft| draft.fault(5), 2, ChannelRefused),
        (|draft| draft.fault(0x721), 2, ChannelRefused),
        // Over the open channel, another, and to another controller.
        (
            |draft| draft.delivery = Delivery::CutThenClose(0),
            3,
            ControllerUnreachable,
        ),
    ];
    for (lie, times, minor) in lies {
        let first = Controller::that(at(Step::Logon, move |draft| {
            if draft.turn > 1 {
                lie(draft);
            }
        }));
        let others = [(); 2].map(|()| Controller::that(at(Step::Logon, lie)));
        let [second, third] = &others;
        let verifier = verifier_of(&[first.address, second.address, third.address]);
        assert!(verifier.login("alice").is_ok());
        verifier.refuses("alice", Kind::Unavailable, minor);
        let turns = [&first, second, third].map(|one| one.turns(Step::Logon));
        assert_eq!(turns.iter().sum::<usize>() - 1, times, "{turns:?}");
    }
}

/// The controller received the login and is alive: it may be asking the domain's PDC about a wrong
/// password, and will count it.
#[test]
fn a_login_that_is_not_answered_in_time_is_not_sent_again() {
    let slow = Controller::that(at(Step::Logon, |draft| {
        draft.delivery = Delivery::CutThenSilence(0);
    }));
    let other = Controller::that(Box::new(|_| {}));
    let verifier = verifier_of(&[slow.address, other.address]).hasty();
    verifier.refuses("alice", Kind::Unavailable, ControllerTimeout);
    assert_eq!(slow.turns(Step::Logon), 1);
    assert_eq!(other.turns(Step::Bind), 0);
    // The next login is for the other one.
    assert!(verifier.login("alice").is_ok());
    assert_eq!(slow.turns(Step::Logon), 1);
    assert_eq!(other.turns(Step::Logon), 1);
}

#[test]
fn a_controller_that_takes_no_new_connection_either_is_dead_and_left_for_the_next() {
    let is_dead = AtomicBool::new(false);
    let dying = Controller::that(Box::new(move |draft| {
        if draft.step == Step::Logon {
            is_dead.store(true, Ordering::SeqCst);
        }
        if is_dead.load(Ordering::SeqCst) {
            draft.delivery = Delivery::CutThenSilence(0);
        }
    }));
    let honest = Controller::that(Box::new(|_| {}));
    let verifier = verifier_of(&[dying.address, honest.address]).hasty();
    let login = verifier.login("alice");
    assert!(login.is_ok(), "{:?}", login.err());
    assert_eq!(dying.turns(Step::Logon), 1);
}

/// Longer than any other answer may take.
#[test]
fn a_slow_answer_to_a_login_is_waited_for() {
    let slow = Controller::that(at(Step::Logon, |draft| {
        draft.delivery = Delivery::After(Duration::from_millis(2800));
    }));
    let verifier = verifier_of(&[slow.address]).hasty();
    let verifier = verifier.with("logon_timeout = \"20s\"");
    assert!(verifier.login("alice").is_ok());
    verifier.refuses("mallory", Kind::Denied, BadUserOrPassword);
    assert_eq!(slow.turns(Step::Logon), 2);
    assert_eq!(slow.complaints(), [""; 0]);
}

#[test]
fn the_answer_to_a_login_has_a_limit_of_its_own() {
    let slow = Controller::that(at(Step::Logon, |draft| {
        draft.delivery = Delivery::After(Duration::from_secs(20));
    }));
    let verifier = verifier_of(&[slow.address]).hasty();
    let verifier = verifier.with("logon_timeout = \"3s\"");
    verifier.refuses("alice", Kind::Unavailable, ControllerTimeout);
}

/// Its copy of the domain may be old, or ours.
#[test]
fn a_controller_that_refuses_our_account_is_not_asked_again_soon() {
    let first = Controller::that(at(Step::Authenticate, |draft| {
        draft.put(16, &0xC000_018B_u32.to_le_bytes());
    }));
    // Each of its connections serves once.
    let second = Controller::that(at(Step::Logon, |draft| {
        draft.delivery = Delivery::CutThenClose(usize::MAX);
    }));
    let verifier = verifier_of(&[first.address, second.address]);
    for _ in 0..3 {
        assert!(verifier.login("alice").is_ok());
    }
    assert_eq!(second.turns(Step::SealedBind), 3);
    assert_eq!(first.turns(Step::Authenticate), 1);
}

/// Each wrong password counts against the user; and a no is a no.
#[test]
fn a_verdict_is_taken_from_the_first_that_gives_one() {
    for (status, kind, minor) in [
        (0xC000_006A, Kind::Denied, BadUserOrPassword),
        (0xC000_0064, Kind::NotMine, BadUserOrPassword),
        (0xC000_0234, Kind::Denied, AccountLockedOut),
    ] {
        let first = Controller::that(at(Step::Logon, move |draft| {
            draft.body = logon::refused(status, true);
        }));
        let other = Controller::that(Box::new(|_| {}));
        let verifier = verifier_of(&[first.address, other.address]);
        verifier.refuses("alice", kind, minor);
        assert_eq!(first.turns(Step::Logon), 1);
        assert_eq!(other.turns(Step::Bind), 0, "{status:#x}: asked elsewhere");
    }
}
