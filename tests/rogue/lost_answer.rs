//! A login is sent, its answer is lost, and then no channel can be opened: the controller may have
//! counted the password as wrong, whatever the last error is about.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gss_ntlmdc::base::fault::Minor::ControllerUnreachable;
use gss_ntlmdc::login::verify::Refusal;

use crate::controller::Controller;
use crate::delivery::Delivery;
use crate::draft::Step;
use crate::trial::{verifier, verifier_of};

/// One that ends each connection at the first question, once told so.
fn closing(is_closing: &Arc<AtomicBool>) -> Controller {
    let is_closing = Arc::clone(is_closing);
    Controller::that(Box::new(move |draft| {
        if is_closing.load(Ordering::SeqCst) {
            draft.delivery = Delivery::CutThenClose(0);
        }
    }))
}

#[test]
fn a_login_that_was_sent_may_have_counted_though_no_channel_can_be_opened_then() {
    let is_closing = Arc::new(AtomicBool::new(false));
    let (first, second) = (closing(&is_closing), closing(&is_closing));
    let verifier = verifier_of(&[first.address, second.address]);
    assert!(verifier.login("alice").is_ok());
    is_closing.store(true, Ordering::SeqCst);
    let refusal = verifier.login("alice").unwrap_err();
    assert!(matches!(refusal, Refusal::Unanswered(_)), "{refusal:?}");
    let fault = refusal.into_fault();
    assert_eq!(fault.minor(), ControllerUnreachable);
    assert!(fault.to_string().contains("was sent before"), "{fault}");
    assert_eq!(first.turns(Step::Logon), 2);
    assert_eq!(second.turns(Step::Logon), 0);
}

#[test]
fn a_login_that_was_never_sent_has_not_counted() {
    let controller = closing(&Arc::new(AtomicBool::new(true)));
    let refusal = verifier(controller.address).login("alice").unwrap_err();
    assert!(matches!(refusal, Refusal::Unavailable(_)), "{refusal:?}");
    assert_eq!(controller.turns(Step::Logon), 0);
}
