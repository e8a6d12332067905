//! A controller that lies: it knows the machine account's secret, answers as a controller does, and
//! deviates in one place at a time. The login must be refused with the right reason, and no lie may
//! take more time than the configuration allows.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod answers;
mod controller;
mod delivery;
mod domains;
mod draft;
mod failover;
mod gathering;
mod handshake;
mod host_limit;
mod logon;
mod lost_answer;
mod names;
mod protection;
mod relay;
mod rotation;
mod seal;
mod siblings;
mod silence;
mod silent_domain;
mod stale_key;
mod trial;
mod unsigned;
mod windows;
mod wire;

#[path = "../support"]
mod support {
    #[allow(dead_code, reason = "the tests with a real controller use the rest")]
    pub mod client;
    #[allow(dead_code, reason = "the tests with a real controller use it")]
    pub mod dc;
}

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use gss_ntlmdc::base::fault::Minor;

use controller::Controller;
use delivery::Delivery;
use draft::{Draft, FAULT, STEPS, Step};
use trial::{Kind, at, verifier, write_secret};

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
        verifier.refuses("mallory", Kind::Denied, Minor::BadUserOrPassword);
    }
    assert_eq!(
        STEPS.map(|step| controller.turns(step)),
        [1, 1, 1, 1, 1, 1, 6]
    );
    assert_eq!(controller.complaints(), [""; 0]);
}

#[test]
fn a_controller_on_ipv6_is_as_good() {
    let controller = Controller::on_ipv6();
    assert!(verifier(controller.address).login("alice").is_ok());
    assert_eq!(controller.complaints(), [""; 0]);
}

#[test]
fn a_secret_that_changes_while_it_is_refused_is_read_again() {
    for mended in [true, false] {
        let file = Arc::new(OnceLock::<PathBuf>::new());
        let mending = Arc::clone(&file);
        let controller = Controller::that(Box::new(move |draft| {
            if mended && (draft.step, draft.turn) == (Step::Authenticate, 1) {
                write_secret(mending.get().unwrap(), &controller::NT_HASH);
            }
        }));
        let verifier = verifier(controller.address);
        write_secret(file.get_or_init(|| verifier.secret()), b"not what it was!");
        let turns = if mended {
            assert!(verifier.login("alice").is_ok());
            2
        } else {
            verifier.refuses("alice", Kind::Unavailable, Minor::MachineSecretRefused);
            1
        };
        assert_eq!(controller.turns(Step::Authenticate), turns);
    }
}

/// A host that has lost its account's trust does not stay connected; and after a secret is
/// corrected, no pause delays the next login.
#[test]
fn another_secret_is_noticed_at_once() {
    let controller = Controller::that(Box::new(|_| {}));
    let verifier = verifier(controller.address);
    assert!(verifier.login("alice").is_ok());
    let look_again = Duration::from_millis(1100);
    write_secret(&verifier.secret(), b"not what it was!");
    thread::sleep(look_again);
    let refused = || {
        verifier.refuses("alice", Kind::Unavailable, Minor::MachineSecretRefused);
        controller.turns(Step::Authenticate)
    };
    refused();
    // The next pause is twice as long. On a busy machine it may be over; the one after it is tested
    // then.
    let mut pause = Duration::from_secs(2);
    loop {
        thread::sleep(pause);
        pause *= 2;
        let began = Instant::now();
        let [tried, again] = [refused(), refused()];
        if began.elapsed() < pause {
            assert_eq!(again, tried, "a pause");
            break;
        }
    }
    write_secret(&verifier.secret(), &controller::NT_HASH);
    thread::sleep(look_again);
    let login = verifier.login("alice");
    assert!(login.is_ok(), "{:?}", login.err());
}

/// The behaviour of honest controllers that are old or of another make.
#[test]
fn what_honest_controllers_may_do_is_no_lie() {
    for lie in [
        // Level 2 of GetCapabilities came in 2023.
        at(Step::RequestedFlags, |draft| draft.fault(0x1C00_0006)),
        at(Step::RequestedFlags, |draft| draft.fault(0x0000_06F7)),
        // Some may not sign headers.
        at(Step::SealedBind, unsigned::headers),
    ] {
        let controller = Controller::that(lie);
        let logon = verifier(controller.address).login("alice");
        assert!(logon.is_ok(), "{logon:?}", logon = logon.err());
        assert_eq!(controller.complaints(), [""; 0]);
    }
}

#[test]
fn what_comes_unasked_is_never_the_answer_to_the_next_question() {
    // Alice's answer is sent twice; the second one waits for the next question.
    let controller = Controller::that(at(Step::Logon, |draft| {
        draft.delivery = Delivery::Twice;
    }));
    let verifier = verifier(controller.address);
    assert!(verifier.login("alice").is_ok());
    verifier.refuses("mallory", Kind::Denied, Minor::BadUserOrPassword);
}

#[test]
fn alices_answer_is_refused_for_other_users() {
    // The answer of the first login again for the second: unchanged, and with the number of the
    // call.
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
        verifier.refuses("mallory", Kind::Unavailable, Minor::ControllerForged);
        // The answer was not a verdict, and the channel is dropped.
        verifier.refuses("mallory", Kind::Denied, Minor::BadUserOrPassword);
    }
}

/// Each of these connections has the same key and serves once: PDUs on one have the same sequence
/// numbers as PDUs on the next.
#[test]
fn alices_answer_is_refused_on_another_connection() {
    let changes: [fn(&mut Vec<u8>, &Draft); 3] = [
        |_, _| {},
        |pdu, draft| pdu[12..16].copy_from_slice(&draft.call_id.to_le_bytes()),
        |pdu, draft| {
            pdu[12..16].copy_from_slice(&draft.call_id.to_le_bytes());
            let context_at = pdu.len() - seal::SIGNATURE - 4;
            pdu[context_at..context_at + 4].copy_from_slice(&draft.auth_context.to_le_bytes());
        },
    ];
    for change in changes {
        let controller = Controller::that(at(Step::Logon, move |draft| {
            draft.delivery = match draft.turn {
                1 | 2 => Delivery::CutThenClose(usize::MAX),
                _ => {
                    let mut replayed = draft.earlier_logons[1].clone();
                    change(&mut replayed, draft);
                    Delivery::Instead(replayed)
                }
            };
        }));
        let verifier = verifier(controller.address);
        for _ in 0..2 {
            assert!(verifier.login("alice").is_ok());
        }
        verifier.refuses("mallory", Kind::Unavailable, Minor::ControllerForged);
        let keys = controller.keys();
        assert_eq!(keys.len(), 4);
        assert!(keys[..3].iter().all(|key| *key == keys[0]), "one key");
        // The forged answer made it suspect.
        assert_ne!(keys[3], keys[0]);
    }
}

#[test]
fn a_fault_after_a_good_answer_is_no_login() {
    // The channel is lost after an answer, and again each time that it is reopened.
    let controller = Controller::that(at(Step::Logon, |draft| {
        if draft.turn > 1 {
            draft.fault(0x721);
            assert_eq!(draft.ptype, FAULT);
        }
    }));
    let verifier = verifier(controller.address);
    assert!(verifier.login("alice").is_ok());
    verifier.refuses("alice", Kind::Unavailable, Minor::ChannelRefused);
}
