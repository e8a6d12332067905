//! Controllers that say too little: nothing, half of it, a byte a second, or goodbye.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use gss_ntlmdc::base::fault::Minor::{
    self, ChannelDowngraded, ChannelRefused, ControllerForged, ControllerTimeout,
    ControllerUnreachable,
};

use crate::controller::Controller;
use crate::delivery::Delivery;
use crate::draft::{STEPS, Step, names};
use crate::trial::{Kind, Trial, all_refused, at, until, verifier, within};
use crate::windows::services::silent;

/// How long an outage is told without a question.
const OUTAGE: Duration = Duration::from_secs(2);

fn delivered(step: Step, delivery: Delivery, minor: Minor) -> Trial {
    let what = format!("{step:?} {delivery:?}");
    let lie = at(step, move |draft| draft.delivery = delivery.clone());
    Trial::new(what, minor, lie)
}

/// In steps of 16 bytes, up to the length of the answer.
fn cuts(step: Step) -> impl Iterator<Item = usize> {
    let length = match step {
        Step::Bind => 60,
        Step::Challenge => 36,
        Step::Authenticate => 44,
        Step::SealedBind => 80,
        Step::Capabilities | Step::RequestedFlags => 120,
        Step::Logon => 504,
        Step::Unreadable | Step::NamesBind | Step::Names | Step::Domains | Step::Password => 0,
    };
    (0..length).step_by(16)
}

#[test]
fn an_end_in_each_step_at_every_16th_byte_is_the_end() {
    let close = |step| {
        cuts(step).map(move |at| delivered(step, Delivery::CutThenClose(at), ControllerUnreachable))
    };
    all_refused(STEPS.into_iter().flat_map(close).collect());
}

#[test]
fn silence_in_each_step_at_every_16th_byte_meets_the_deadline() {
    let silence = |step| {
        cuts(step).map(move |at| delivered(step, Delivery::CutThenSilence(at), ControllerTimeout))
    };
    all_refused(STEPS.into_iter().flat_map(silence).collect());
}

#[test]
fn a_byte_a_second_meets_the_deadline() {
    let drip = |step| delivered(step, Delivery::Drip, ControllerTimeout);
    all_refused(STEPS.map(drip).into());
}

#[test]
fn a_fault_in_each_step_is_no_answer() {
    let mut trials = Vec::new();
    for step in STEPS {
        for status in [
            0,
            5,
            0x721,
            0x6F7,
            0x1C00_0006,
            0x1C01_0002,
            0x1C01_0003,
            u32::MAX,
        ] {
            let minor = match (step, status) {
                (Step::Capabilities, 0x1C01_0002) => ChannelDowngraded,
                // The policy that asks for authentication before there can be any.
                (Step::Bind | Step::Challenge | Step::Authenticate, 5) => {
                    Minor::UnauthenticatedRpcRefused
                }
                // These are what old controllers say there.
                (Step::RequestedFlags, 0x1C00_0006 | 0x6F7) => continue,
                _ => ChannelRefused,
            };
            let lie = at(step, move |draft| draft.fault(status));
            trials.push(Trial::new(format!("{step:?} {status:#x}"), minor, lie));
        }
        let lie = at(step, |draft| {
            draft.fault(5);
            draft.body.clear();
        });
        trials.push(Trial::new(
            format!("{step:?} no status"),
            ControllerForged,
            lie,
        ));
    }
    all_refused(trials);
}

/// What is over when the channel is open: the login that opens it may hang.
#[test]
fn an_outage_is_over_when_a_channel_is_open() {
    let is_away = Arc::new(AtomicBool::new(true));
    let away = Arc::clone(&is_away);
    let controller = Controller::that(Box::new(move |draft| {
        if away.load(Ordering::SeqCst) {
            draft.delivery = Delivery::CutThenClose(0);
        } else if draft.step == Step::Logon && names(draft, "mallory") {
            draft.delivery = Delivery::CutThenSilence(0);
        }
    }));
    let verifier = within(OUTAGE, || {
        let verifier = verifier(controller.address);
        let asked = controller.turns(Step::Bind);
        is_away.store(true, Ordering::SeqCst);
        verifier.refuses("alice", Kind::Unavailable, ControllerUnreachable);
        is_away.store(false, Ordering::SeqCst);
        (
            verifier.login("alice").is_err(),
            controller.turns(Step::Bind) - asked,
            verifier,
        )
    });
    let (is_refused, asked, verifier) = verifier;
    assert!(is_refused && asked == 1, "an outage");
    thread::sleep(OUTAGE);
    thread::scope(|scope| {
        let hanging = scope.spawn(|| verifier.login("mallory").is_err());
        until(|| controller.hanging() == 1);
        let login = verifier.login("alice");
        assert!(login.is_ok(), "{:?}", login.err());
        assert_eq!(controller.hanging(), 1);
        controller.switch_off();
        assert!(hanging.join().unwrap());
    });
}

#[test]
fn a_connection_that_is_not_served_meets_the_deadline() {
    // Only the kernel accepts it.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let controller = listener.local_addr().unwrap();
    let verifier = verifier(controller).hasty();
    verifier.refuses("alice", Kind::Unavailable, ControllerTimeout);
}

#[test]
fn a_connection_that_is_not_accepted_meets_the_deadline() {
    // The queue of a listener is full: what comes is dropped without a word.
    let (port, _full) = silent();
    let controller = SocketAddr::from(([127, 0, 0, 1], port));
    let verifier = verifier(controller).hasty();
    verifier.refuses("alice", Kind::Unavailable, ControllerUnreachable);
}

#[test]
fn a_port_that_is_closed_is_told_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let controller = listener.local_addr().unwrap();
    drop(listener);
    verifier(controller).refuses("alice", Kind::Unavailable, ControllerUnreachable);
}
