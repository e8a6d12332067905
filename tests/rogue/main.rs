//! A controller that lies: it knows the machine account's secret, answers as a controller does, and
//! departs from that in one place at a time. Nobody may be let in, the reason must be told as what it
//! is, and no lie may cost more time than the configuration gives.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod answers;
mod controller;
mod draft;
mod failover;
mod handshake;
mod logon;
mod names;
mod protection;
mod seal;
mod silence;
mod trial;

#[path = "../support"]
mod support {
    #[allow(dead_code, reason = "the tests with a real controller use the rest")]
    pub mod client;
    #[allow(dead_code, reason = "the tests with a real controller use it")]
    pub mod dc;
}

use gss_ntlmdc::fault::Minor;

use controller::Controller;
use draft::{Delivery, FAULT, HEADER_SIGN, STEPS, Step};
use trial::{Kind, at, told_as, verifier};

#[test]
fn an_honest_controller_is_believed() {
    let controller = Controller::that(Box::new(|_| {}));
    let verifier = verifier(controller.address);
    for _ in 0..3 {
        let logon = verifier.login("alice").unwrap();
        assert_eq!(logon.account().user, "alice");
        assert_eq!(logon.account().domain, "EXAMPLE");
        let sid = logon.account().sid.as_ref().unwrap();
        assert_eq!(sid.to_string(), "S-1-5-21-1-2-3-1102");
        let key = logon.session_base_key().unwrap();
        assert_eq!(key.expose(), &logon::SESSION_KEY);
        let (kind, fault) = told_as(verifier.login("mallory").unwrap_err());
        assert_eq!(fault.minor(), Minor::BadUserOrPassword);
        assert_eq!(kind, Kind::Denied);
    }
    assert_eq!(
        STEPS.map(|step| controller.turns(step)),
        [1, 1, 1, 1, 1, 1, 6]
    );
    assert!(
        controller.complaints().is_empty(),
        "{:?}",
        controller.complaints()
    );
}

/// What controllers do that are honest and old, or built in another way.
#[test]
fn what_honest_controllers_may_do_is_no_lie() {
    for lie in [
        // Level 2 of GetCapabilities came in 2023.
        at(Step::RequestedFlags, |draft| draft.fault(0x1C00_0006)),
        at(Step::RequestedFlags, |draft| draft.fault(0x0000_06F7)),
        // Headers are not signed.
        at(Step::SealedBind, |draft| draft.flags &= !HEADER_SIGN),
    ] {
        let controller = Controller::that(lie);
        let logon = verifier(controller.address).login("alice");
        assert!(logon.is_ok(), "{logon:?}", logon = logon.err());
        assert!(
            controller.complaints().is_empty(),
            "{:?}",
            controller.complaints()
        );
    }
}

#[test]
fn what_comes_unasked_is_never_the_answer_to_the_next_question() {
    // Alice's answer comes twice; the second one waits for whoever is next.
    let controller = Controller::that(at(Step::Logon, |draft| {
        draft.delivery = Delivery::Twice;
    }));
    let verifier = verifier(controller.address);
    assert!(verifier.login("alice").is_ok());
    let (_, fault) = told_as(verifier.login("mallory").unwrap_err());
    assert_eq!(
        fault.minor(),
        Minor::BadUserOrPassword,
        "{}",
        fault.for_the_log()
    );
}

#[test]
fn alices_answer_lets_nobody_else_in() {
    // The answer of the first login again for the second: as it was, and with the number of its call.
    for renumbered in [false, true] {
        let controller = Controller::that(at(Step::Logon, move |draft| {
            if let (2, Some(earlier)) = (draft.turn, draft.earlier.last()) {
                let mut replayed = earlier.clone();
                if renumbered {
                    replayed[12..16].copy_from_slice(&draft.call_id.to_le_bytes());
                }
                draft.delivery = Delivery::Instead(replayed);
            }
        }));
        let verifier = verifier(controller.address);
        assert!(verifier.login("alice").is_ok());
        let (kind, fault) = told_as(verifier.login("mallory").unwrap_err());
        assert_eq!(kind, Kind::Unavailable);
        assert_eq!(
            fault.minor(),
            Minor::ControllerForged,
            "{}",
            fault.for_the_log()
        );
        // What was said was no verdict, and the channel is given up.
        let (_, fault) = told_as(verifier.login("mallory").unwrap_err());
        assert_eq!(
            fault.minor(),
            Minor::BadUserOrPassword,
            "{}",
            fault.for_the_log()
        );
    }
}

#[test]
fn a_fault_after_a_good_answer_takes_nobody_in() {
    // The channel is lost in mid-life, and again each time that it is opened anew.
    let controller = Controller::that(at(Step::Logon, |draft| {
        if draft.turn > 1 {
            draft.fault(0x721);
            assert_eq!(draft.ptype, FAULT);
        }
    }));
    let verifier = verifier(controller.address);
    assert!(verifier.login("alice").is_ok());
    let (kind, fault) = told_as(verifier.login("alice").unwrap_err());
    assert_eq!(
        (kind, fault.minor()),
        (Kind::Unavailable, Minor::ChannelRefused)
    );
}
