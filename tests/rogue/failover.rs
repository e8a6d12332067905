//! A controller that lies, and an honest one beside it.

use gss_ntlmdc::fault::Minor::{AccountLockedOut, BadUserOrPassword};

use crate::controller::{Controller, Lie};
use crate::delivery::Delivery;
use crate::draft::{STEPS, Step};
use crate::logon;
use crate::trial::{Kind, at, verifier_of};

#[test]
fn a_controller_that_fails_in_any_step_is_left_for_the_next() {
    std::thread::scope(|scope| {
        for step in STEPS {
            for delivery in [Delivery::CutThenClose(20), Delivery::CutThenSilence(20)] {
                scope.spawn(move || {
                    let what = format!("{step:?} {delivery:?}");
                    let lie = at(step, move |draft| draft.delivery = delivery.clone());
                    let liar = left_for_an_honest_one(&what, lie);
                    assert!(liar.turns(step) >= 1, "{what}: was not asked");
                });
            }
        }
    });
}

#[test]
fn a_controller_that_is_not_ready_is_left_for_the_next() {
    for (status, authoritative) in [
        (0xC000_005E, true),
        (0xC000_0192, true),
        (0xC000_0022, false),
    ] {
        let lie = at(Step::Logon, move |draft| {
            draft.body = logon::refused(status, authoritative);
        });
        let liar = left_for_an_honest_one(&format!("{status:#x}"), lie);
        assert!(liar.turns(Step::Logon) >= 1, "{status:#x}: was not asked");
    }
}

fn left_for_an_honest_one(what: &str, lie: Lie) -> Controller {
    let liar = Controller::that(lie);
    let honest = Controller::that(Box::new(|_| {}));
    let result = verifier_of(&[liar.address, honest.address]).login("alice");
    assert!(result.is_ok(), "{what}: {:?}", result.err());
    assert_eq!(honest.turns(Step::Logon), 1, "{what}");
    liar
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
