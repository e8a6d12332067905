//! Controllers that say too little: nothing, half of it, a byte a second, or goodbye.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use gss_ntlmdc::base::fault::Minor::{
    self, ChannelDowngraded, ChannelRefused, ControllerForged, ControllerNotReady,
    ControllerTimeout, ControllerUnreachable, DomainSilent,
};

use gss_ntlmdc::login::verify::Refusal;

use crate::controller::{Controller, NT_HASH};
use crate::delivery::Delivery;
use crate::draft::{STEPS, Step, names};
use crate::logon;
use crate::support::client::Client;
use crate::trial::{
    Kind, Trial, all_refused, at, until, verifier, verifier_of, within, write_secret,
};
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
    let verifier = verifier(controller.address).hasty();
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
        until(|| controller.hanging() == 2);
        for (user, domain) in [
            ("alice", "EXAMPLE"),
            ("alice", "Example.Test"),
            ("alice", ""),
            ("alice@example.test", ""),
        ] {
            let client = Client::with_password("alice", "whatever").called(user, domain);
            let login = verifier.login_as(&client);
            assert!(login.is_ok(), "{user} {domain}: {:?}", login.err());
            assert_eq!(controller.hanging(), 2, "{user} waited");
        }
        controller.switch_off();
    });
}

/// The domain is in whichever field the client likes, or in none.
#[test]
fn a_login_that_hangs_is_not_ours_wherever_its_domain_was_typed() {
    // Of four connections, so many are for logins of another domain, and for those that name none.
    for (user, domain, connections) in [
        ("mallory", "HANG", 2),
        ("HANG\\mallory", "", 2),
        ("mallory@hang.test", "", 2),
        ("mallory@hang.test", "EXAMPLE", 2),
        ("mallory", "", 3),
    ] {
        let controller = Controller::that(at(Step::Logon, |draft| {
            if names(draft, "mallory") {
                draft.delivery = Delivery::CutThenSilence(0);
            }
        }));
        let verifier = verifier(controller.address);
        assert!(verifier.login("alice").is_ok());
        thread::scope(|scope| {
            for _ in 0..8 {
                let client = Client::with_password("mallory", "whatever").called(user, domain);
                let verifier = &verifier;
                scope.spawn(move || assert!(verifier.login_as(&client).is_err()));
            }
            until(|| controller.hanging() == connections);
            let client = Client::with_password("alice", "whatever");
            for client in [
                client.called("alice", "EXAMPLE"),
                Client::with_password("alice", "").called("EXAMPLE\\alice", ""),
            ] {
                let login = verifier.login_as(&client);
                assert!(login.is_ok(), "{user} {domain}: {:?}", login.err());
                assert_eq!(controller.hanging(), connections, "{user} {domain}");
            }
            controller.switch_off();
        });
    }
}

/// Its controller answers other logins: it is the domain that hangs.
#[test]
fn another_domains_silence_is_not_blamed_on_the_controller() {
    let controller = Controller::that(at(Step::Logon, |draft| {
        if names(draft, "HANG") {
            draft.delivery = Delivery::CutThenSilence(0);
        }
    }));
    let other = Controller::that(Box::new(|_| {}));
    let verifier = verifier_of(&[controller.address, other.address]).hasty();
    assert!(verifier.login("alice").is_ok());
    let client = Client::with_password("mallory", "whatever").called("mallory", "HANG");
    for minor in [ControllerTimeout, DomainSilent] {
        let refusal = verifier.login_as(&client).unwrap_err();
        assert_eq!(refusal.into_fault().minor(), minor);
    }
    assert!(verifier.login("alice").is_ok());
    assert_eq!(controller.turns(Step::Logon), 3);
    assert_eq!(other.turns(Step::Bind), 0);
}

/// The controller has waited for a slot, or for the domain.
#[test]
fn a_domain_out_of_reach_is_asked_through_one_controller_and_then_left_alone() {
    let controller = Controller::that(at(Step::Logon, |draft| {
        if names(draft, "HANG") {
            draft.body = logon::refused(0xC000_005E, true);
        }
    }));
    let other = Controller::that(Box::new(|_| {}));
    let verifier = verifier_of(&[controller.address, other.address]);
    for minor in [ControllerNotReady, DomainSilent, DomainSilent] {
        let client = Client::with_password("mallory", "whatever").called("mallory", "HANG");
        let refusal = verifier.login_as(&client).unwrap_err();
        assert!(matches!(refusal, Refusal::Unavailable(_)), "{refusal:?}");
        assert_eq!(refusal.into_fault().minor(), minor);
    }
    assert_eq!(controller.turns(Step::Logon), 1);
    assert_eq!(other.turns(Step::Bind), 0);
    assert!(verifier.login("alice").is_ok());
}

/// The status is that of the trusted domain's controller: any status costs at most one key. Our
/// controller is not marked as failed, and the channels of other logins stay.
#[test]
fn another_domains_status_that_looks_like_a_lost_key_costs_one_key() {
    for status in [0xC000_0022, 0xC000_0225] {
        let controller = Controller::that(at(Step::Logon, move |draft| {
            if names(draft, "OTHER") {
                draft.body = logon::refused(status, true);
            }
        }));
        let other = Controller::that(Box::new(|_| {}));
        let verifier = verifier_of(&[controller.address, other.address]);
        assert!(verifier.login("alice").is_ok());
        for minor in [ChannelRefused, DomainSilent, DomainSilent] {
            let client = Client::with_password("mallory", "whatever").called("mallory", "OTHER");
            let refusal = verifier.login_as(&client).unwrap_err();
            assert!(matches!(refusal, Refusal::Unavailable(_)), "{refusal:?}");
            assert_eq!(refusal.into_fault().minor(), minor, "{status:#x}");
        }
        assert_eq!(controller.turns(Step::Authenticate), 2, "{status:#x}");
        assert_eq!(controller.turns(Step::Logon), 3, "{status:#x}");
        assert!(verifier.login("alice").is_ok());
        assert_eq!(controller.turns(Step::Logon), 4, "{status:#x}");
        assert_eq!(controller.turns(Step::SealedBind), 2, "{status:#x}");
        assert_eq!(other.turns(Step::Bind), 0, "{status:#x}");
    }
}

/// Our controller is not blamed for what another domain's says of itself.
#[test]
fn another_domains_controller_that_is_not_ready_does_not_make_ours_come_last() {
    for status in [0xC000_0192, 0xC000_00DC, 0xC000_0122] {
        let controller = Controller::that(at(Step::Logon, move |draft| {
            if names(draft, "OTHER") {
                draft.body = logon::refused(status, true);
            }
        }));
        let other = Controller::that(Box::new(|_| {}));
        let verifier = verifier_of(&[controller.address, other.address]);
        let client = Client::with_password("alice", "whatever").called("alice", "OTHER");
        // The other one answers that it is EXAMPLE's alice.
        assert!(verifier.login_as(&client).is_err());
        assert_eq!(other.turns(Step::Logon), 1, "{status:#x}");
        // A new secret closes all channels, so the next login goes to the best controller.
        thread::sleep(Duration::from_millis(1100));
        write_secret(&verifier.secret(), &NT_HASH);
        assert!(verifier.login("alice").is_ok(), "{status:#x}");
        assert_eq!(other.turns(Step::Logon), 1, "{status:#x}");
    }
}

/// 400 logins of a domain that hangs, at the same time, beside ours: two are sent, four wait for
/// each connection, and most are refused at once.
#[test]
fn a_crowd_that_names_a_domain_which_hangs_holds_few_threads() {
    const CROWD: usize = 400;
    const HELD: usize = 2 + 4 * 4;
    let controller = Controller::that(at(Step::Logon, |draft| {
        if names(draft, "HANG") {
            draft.delivery = Delivery::CutThenSilence(0);
        }
    }));
    let verifier = verifier(controller.address);
    assert!(verifier.login("alice").is_ok());
    let [ended, crowded] = [(); 2].map(|()| AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..CROWD {
            scope.spawn(|| {
                let client = Client::with_password("mallory", "whatever").called("mallory", "HANG");
                let refusal = verifier.login_as(&client).unwrap_err();
                assert!(!matches!(refusal, Refusal::Denied(_)), "{refusal:?}");
                let text = refusal.into_fault().for_the_log();
                let is_crowded = text.contains("too many logins of other domains");
                crowded.fetch_add(is_crowded.into(), Ordering::SeqCst);
                ended.fetch_add(1, Ordering::SeqCst);
            });
        }
        until(|| ended.load(Ordering::SeqCst) >= CROWD - HELD);
        for _ in 0..10 {
            assert!(verifier.login("alice").is_ok());
        }
        assert_eq!(controller.hanging(), 2, "none of ours waited for them");
        controller.switch_off();
    });
    // A place in the queue is kept for some seconds: a slow machine fills it more than once.
    let crowded = crowded.into_inner();
    assert!(crowded > CROWD / 2, "{crowded} were told at once");
    assert_eq!(controller.turns(Step::Authenticate), 1);
    assert_eq!(controller.complaints(), [""; 0]);
}

/// A client chooses the name: the two of the list, and any below.
#[test]
fn a_domain_that_hangs_is_one_by_whatever_name() {
    let controller = Controller::that(at(Step::Logon, |draft| {
        if names(draft, "OTHER") || names(draft, "other.test") {
            draft.delivery = Delivery::CutThenSilence(0);
        }
    }));
    let verifier = verifier(controller.address).hasty();
    assert!(verifier.login("alice").is_ok());
    for (number, (user, domain)) in [
        ("mallory@a0.other.test", ""),
        ("mallory@a1.other.test", ""),
        ("mallory@Other.Test.", ""),
        ("mallory", "OTHER"),
        ("mallory", "other.test"),
    ]
    .into_iter()
    .enumerate()
    {
        let client = Client::with_password("mallory", "whatever").called(user, domain);
        let fault = verifier.login_as(&client).unwrap_err().into_fault();
        let expected = if number == 0 {
            ControllerTimeout
        } else {
            DomainSilent
        };
        assert_eq!(fault.minor(), expected, "{domain} {user}");
    }
    assert_eq!(controller.turns(Step::Logon), 2);
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
