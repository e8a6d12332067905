//! Controllers that say too little: nothing, half of it, a byte a second, or goodbye.

use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gss_ntlmdc::base::fault::Minor::{
    self, ChannelDowngraded, ChannelRefused, ControllerForged, ControllerTimeout,
    ControllerUnreachable,
};

use crate::controller::Controller;
use crate::delivery::Delivery;
use crate::draft::{STEPS, Step};
use crate::support::client::Client;
use crate::trial::{Kind, Trial, all_refused, at, verifier};

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
        Step::Unreadable | Step::NamesBind | Step::Names | Step::Domains => 0,
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

/// Such as one that waits for a trusted domain's controllers.
#[test]
fn one_login_that_is_not_answered_says_nothing_about_the_next() {
    let is_first = AtomicBool::new(true);
    let controller = Controller::that(at(Step::Logon, move |draft| {
        if is_first.swap(false, Ordering::SeqCst) {
            draft.delivery = Delivery::CutThenSilence(0);
        }
    }));
    let verifier = verifier(controller.address);
    verifier.refuses("alice", Kind::Unavailable, ControllerTimeout);
    let next = verifier.login("alice");
    assert!(next.is_ok(), "{:?}", next.err());
}

/// As many as there are connections, twice, and one of ours among them.
#[test]
fn logins_that_name_a_domain_which_hangs_leave_room_for_ours() {
    let controller = Controller::that(at(Step::Logon, |draft| {
        let names = |name: &[u8]| draft.asked.windows(name.len()).any(|part| part == name);
        if names(b"H\0A\0N\0G\0") || names(b"@\0h\0a\0n\0g\0") {
            draft.delivery = Delivery::CutThenSilence(0);
        }
    }));
    let verifier = verifier(controller.address);
    assert!(verifier.login("alice").is_ok());
    thread::scope(|scope| {
        for number in 0..8 {
            let verifier = &verifier;
            scope.spawn(move || {
                let client = Client::with_password("mallory", "whatever");
                let client = match number % 2 {
                    0 => client.called("mallory", "HANG"),
                    _ => client.called("mallory@hang.test", ""),
                };
                assert!(verifier.login_as(&client).is_err());
            });
        }
        thread::sleep(Duration::from_millis(200));
        for (user, domain) in [
            ("alice", "EXAMPLE"),
            ("alice", "Example.Test"),
            ("alice", ""),
            ("alice@example.test", ""),
        ] {
            let client = Client::with_password("alice", "whatever").called(user, domain);
            let began = Instant::now();
            let login = verifier.login_as(&client);
            assert!(login.is_ok(), "{user} {domain}: {:?}", login.err());
            assert!(began.elapsed() < Duration::from_millis(500), "{user}");
        }
    });
}

#[test]
fn a_connection_that_nobody_serves_meets_the_deadline() {
    // The kernel takes it; nobody else does.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let controller = listener.local_addr().unwrap();
    verifier(controller).refuses("alice", Kind::Unavailable, ControllerTimeout);
}

#[test]
fn a_connection_that_nobody_takes_meets_the_deadline() {
    // The queue of a listener is full: what comes is dropped without a word.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let controller = listener.local_addr().unwrap();
    let soon = Duration::from_millis(50);
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&controller, soon) {
        waiting.push(stream);
        assert!(waiting.len() < 100_000, "the queue has no end");
    }
    verifier(controller).refuses("alice", Kind::Unavailable, ControllerUnreachable);
}

#[test]
fn a_port_that_is_closed_is_told_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let controller = listener.local_addr().unwrap();
    drop(listener);
    verifier(controller).refuses("alice", Kind::Unavailable, ControllerUnreachable);
}
