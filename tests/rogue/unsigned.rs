//! A controller that does not sign the headers of its answers, or an attacker who pretends that:
//! each connection has a key of its own, and no answer of one is valid on another.

use std::collections::HashSet;

use gss_ntlmdc::base::fault::Minor;

use crate::controller::Controller;
use crate::delivery::Delivery;
use crate::draft::{Draft, HEADER_SIGN, STEPS, Step};
use crate::support::client::Client;
use crate::trial::{Kind, at, verifier};

/// They are not signed on the connection that is bound.
pub fn headers(draft: &mut Draft) {
    draft.flags &= !HEADER_SIGN;
}

/// One that never signs them, and ends each connection after a login.
fn unsigned(lie: impl Fn(&mut Draft) + Send + Sync + 'static) -> Controller {
    Controller::that(Box::new(move |draft| match draft.step {
        Step::SealedBind => headers(draft),
        Step::Logon => {
            draft.delivery = Delivery::CutThenClose(usize::MAX);
            lie(draft);
        }
        _ => {}
    }))
}

#[test]
fn no_two_connections_have_one_key_and_none_is_kept() {
    let controller = unsigned(|_| {});
    let verifier = verifier(controller.address);
    for _ in 0..3 {
        assert!(verifier.login("alice").is_ok());
        verifier.refuses("mallory", Kind::Denied, Minor::BadUserOrPassword);
        assert_eq!(verifier.kept_keys(), 0);
    }
    let keys = controller.keys();
    assert_eq!(keys.len(), 6);
    assert_eq!(keys.iter().collect::<HashSet<_>>().len(), 6);
    assert_eq!(controller.complaints(), [""; 0]);
}

#[test]
fn one_connection_serves_for_many_logins() {
    let controller = Controller::that(at(Step::SealedBind, headers));
    let verifier = verifier(controller.address);
    for _ in 0..3 {
        assert!(verifier.login("alice").is_ok());
    }
    let turns = STEPS.map(|step| controller.turns(step));
    assert_eq!(turns, [1, 1, 1, 1, 1, 1, 3]);
}

/// Nothing is said on the connection that was bound with the key that others have.
#[test]
fn a_kept_key_is_not_used_without_signed_headers() {
    let controller = Controller::that(Box::new(|draft| match (draft.step, draft.turn) {
        (Step::SealedBind, 2..) => headers(draft),
        (Step::Logon, _) => draft.delivery = Delivery::CutThenClose(usize::MAX),
        _ => {}
    }));
    let verifier = verifier(controller.address);
    // A refused login needs no list of domains, which would be requested over a new channel.
    verifier.refuses("mallory", Kind::Denied, Minor::BadUserOrPassword);
    assert_eq!(verifier.kept_keys(), 1);
    verifier.refuses("mallory", Kind::Denied, Minor::BadUserOrPassword);
    let turns = STEPS.map(|step| controller.turns(step));
    assert_eq!(turns, [2, 2, 2, 3, 2, 2, 2]);
    let keys = controller.keys();
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[1], keys[2]);
    assert_eq!(controller.complaints(), [""; 0]);
}

#[test]
fn alices_answer_is_refused_on_another_connection() {
    for renumbered in [false, true] {
        let controller = unsigned(move |draft| {
            if draft.turn > 2 {
                let mut replayed = draft.earlier_logons[1].clone();
                if renumbered {
                    replayed[12..16].copy_from_slice(&draft.call_id.to_le_bytes());
                    let context_at = replayed.len() - crate::seal::SIGNATURE - 4;
                    replayed[context_at..context_at + 4]
                        .copy_from_slice(&draft.auth_context.to_le_bytes());
                }
                draft.delivery = Delivery::Instead(replayed);
            }
        });
        let verifier = verifier(controller.address);
        for _ in 0..2 {
            assert!(verifier.login("alice").is_ok());
        }
        verifier.refuses("mallory", Kind::Unavailable, Minor::ControllerForged);
    }
}

/// The marks of its fragments could be moved, and one of them become a question of its own.
#[test]
fn a_question_goes_in_one_piece() {
    let controller = unsigned(|_| {});
    let verifier = verifier(controller.address);
    let long = Client::with_password("alice", "whatever").padded(20_000);
    let refusal = verifier.login_as(&long).unwrap_err();
    assert!(format!("{refusal:?}").contains("longer than one PDU"));
    assert_eq!(controller.turns(Step::Logon), 0);
    assert!(verifier.login("alice").is_ok());
    assert_eq!(controller.complaints(), [""; 0]);
}

#[test]
fn groups_have_no_names_there() {
    let controller = Controller::that(at(Step::SealedBind, headers));
    let verifier = verifier(controller.address);
    assert_eq!(verifier.group_name(), None);
    assert!(verifier.login("alice").is_ok());
    assert_eq!(controller.turns(Step::NamesBind), 0);
    assert_eq!(controller.turns(Step::Authenticate), 1);
}
