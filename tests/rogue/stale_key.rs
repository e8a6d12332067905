//! A controller that has lost the key in the state directory: no specification tells how it then
//! answers the sealed bind or the first call.

use gss_ntlmdc::base::fault::Minor::{ControllerForged, ControllerTimeout};

use crate::controller::Controller;
use crate::delivery::Delivery;
use crate::draft::{BIND_NAK, Draft, Step};
use crate::trial::{Kind, Ready, verifier};

type Lie = fn(&mut Draft);

/// Ways of failing that are no silence.
const FAILURES: [(&str, Lie); 11] = [
    ("close", |draft| draft.delivery = Delivery::CutThenClose(0)),
    ("half an answer", |draft| {
        draft.delivery = Delivery::CutThenClose(20);
    }),
    ("fault 5", |draft| draft.fault(5)),
    ("fault 0x721", |draft| draft.fault(0x721)),
    ("fault 0x6F7", |draft| draft.fault(0x6F7)),
    ("fault 0", |draft| draft.fault(0)),
    ("nca_s_unk_if", |draft| draft.fault(0x1C01_0003)),
    ("an unspecified fault", |draft| draft.fault(0xDEAD_BEEF)),
    ("bytes of another protocol", |draft| {
        draft.delivery = Delivery::Instead(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec());
    }),
    ("an answer that is cut short", |draft| {
        draft.change = |pdu| {
            let length = pdu.len() - 8;
            pdu.truncate(length);
            pdu[8..10].copy_from_slice(&u16::try_from(length).unwrap().to_le_bytes());
        };
    }),
    ("a changed bit", |draft| {
        draft.change = |pdu| {
            let at = pdu.len() - 30;
            pdu[at] ^= 1;
        };
    }),
];

/// Two processes of one host: the second finds the key of the first, and the controller fails at
/// this step as it is told.
fn second_process(
    step: Step,
    lie: impl Fn(&mut Draft) + Send + Sync + 'static,
) -> (Ready, Controller) {
    let controller = Controller::that(Box::new(move |draft| {
        if draft.step == step && draft.turn > 1 {
            lie(draft);
        }
    }));
    let first = verifier(controller.address);
    assert!(first.login("alice").is_ok());
    assert_eq!(first.kept_keys(), 1);
    (first.sibling(), controller)
}

#[test]
fn every_way_of_failing_the_first_call_leads_to_another_key() {
    for (what, lie) in FAILURES {
        let (verifier, controller) = second_process(Step::Logon, move |draft| {
            if draft.turn == 2 {
                lie(draft);
            }
        });
        let login = verifier.login("alice");
        assert!(login.is_ok(), "{what}: {:?}", login.err());
        assert_eq!(controller.turns(Step::Authenticate), 2, "{what}");
        assert_eq!(controller.turns(Step::Logon), 3, "{what}");
        // The next process takes the key that was agreed on anew.
        assert!(verifier.sibling().login("alice").is_ok(), "{what}");
        assert_eq!(controller.turns(Step::Authenticate), 2, "{what}");
        assert_eq!(controller.complaints(), [""; 0], "{what}");
    }
}

#[test]
fn every_way_of_failing_the_sealed_bind_leads_to_another_key() {
    let refused: (&str, Lie) = ("bind_nak", |draft| {
        draft.ptype = BIND_NAK;
        draft.body = vec![8, 0, 1, 5, 0];
        draft.bind_auth.clear();
    });
    for (what, lie) in FAILURES.into_iter().chain([refused]) {
        let (verifier, controller) = second_process(Step::SealedBind, move |draft| {
            if draft.turn == 2 {
                lie(draft);
            }
        });
        let login = verifier.login("alice");
        assert!(login.is_ok(), "{what}: {:?}", login.err());
        assert_eq!(controller.turns(Step::Authenticate), 2, "{what}");
        // The login went out once.
        assert_eq!(controller.turns(Step::Logon), 2, "{what}");
        assert_eq!(controller.complaints(), [""; 0], "{what}");
    }
}

/// The controller is as good as another: its honest neighbour is not asked.
#[test]
fn the_login_goes_on_at_the_same_controller() {
    let (first, controller) = second_process(Step::Logon, |draft| {
        if draft.turn == 2 {
            draft.delivery = Delivery::CutThenClose(0);
        }
    });
    let other = Controller::that(Box::new(|_| {}));
    let verifier = first.sibling_of(&[controller.address, other.address]);
    assert!(verifier.login("alice").is_ok());
    assert_eq!(controller.turns(Step::Logon), 3);
    assert_eq!(other.turns(Step::Bind), 0);
}

/// The call may be under way: it is neither the key's fault nor sent again.
#[test]
fn silence_is_no_reason_to_distrust_a_key() {
    for step in [Step::SealedBind, Step::Logon] {
        let (verifier, controller) = second_process(step, |draft| {
            draft.delivery = Delivery::CutThenSilence(0);
        });
        let verifier = verifier.hasty();
        verifier.refuses("alice", Kind::Unavailable, ControllerTimeout);
        assert_eq!(controller.turns(Step::Authenticate), 1, "{step:?}");
        assert_eq!(verifier.kept_keys(), 1, "{step:?}");
    }
}

/// What the first call meets under the new key too is the controller, or an attacker.
#[test]
fn a_forged_answer_under_the_new_key_is_told_as_forged() {
    let (verifier, controller) = second_process(Step::Logon, |draft| {
        draft.change = |pdu| {
            let at = pdu.len() - 30;
            pdu[at] ^= 1;
        };
    });
    verifier.refuses("alice", Kind::Unavailable, ControllerForged);
    assert_eq!(controller.turns(Step::Authenticate), 2);
    assert_eq!(controller.turns(Step::Logon), 3);
}

/// Each sending may count a wrong password, whatever is put in place of the answer.
#[test]
fn an_attacker_on_the_way_gains_no_sending_beyond_three() {
    for (what, lie) in FAILURES {
        let (first, controller) = second_process(Step::Logon, lie);
        let others = [(); 2].map(|()| {
            Controller::that(Box::new(move |draft| {
                if draft.step == Step::Logon {
                    lie(draft);
                }
            }))
        });
        let [second, third] = &others;
        let verifier = first.sibling_of(&[controller.address, second.address, third.address]);
        assert!(verifier.login("mallory").is_err(), "{what}");
        let turns = [&controller, second, third].map(|one| one.turns(Step::Logon));
        assert!(turns.iter().sum::<usize>() - 1 <= 3, "{what}: {turns:?}");
    }
}

/// A channel that was opened for the names of groups has answered nothing when a login takes it.
#[test]
fn a_channel_that_was_opened_for_names_is_no_proof_of_its_key() {
    let controller = Controller::that(Box::new(|draft| match (draft.step, draft.turn) {
        // The client reads the end, so the channel of the first login is gone for certain.
        (Step::Domains, _) => draft.delivery = Delivery::CutThenClose(0),
        (Step::Logon, 2) => draft.fault(0x6F7),
        _ => {}
    }));
    let verifier = verifier(controller.address);
    assert!(verifier.group_name().is_some());
    let channels = controller.turns(Step::SealedBind);
    let login = verifier.login("alice");
    assert!(login.is_ok(), "{:?}", login.err());
    assert_eq!(controller.turns(Step::SealedBind), channels + 1);
    assert_eq!(controller.turns(Step::Authenticate), 2);
    assert_eq!(controller.turns(Step::Logon), 3);
}

/// A controller that is gone has no key to agree on: the next one is asked, and the key stays.
#[test]
fn a_controller_that_cannot_be_connected_to_keeps_its_key() {
    let controller = Controller::that(Box::new(|_| {}));
    let first = verifier(controller.address);
    assert!(first.login("alice").is_ok());
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = closed.local_addr().unwrap();
    drop(closed);
    let verifier = first.sibling_of(&[gone, controller.address]);
    assert!(verifier.login("alice").is_ok());
    assert_eq!(controller.turns(Step::Authenticate), 1);
}
