//! A trusted domain that does not answer: its logins leave room for those of our domain.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use gss_ntlmdc::base::fault::Minor::{
    ChannelRefused, ControllerNotReady, ControllerTimeout, DomainSilent,
};

use gss_ntlmdc::login::verify::Refusal;

use crate::controller::{Controller, NT_HASH};
use crate::delivery::Delivery;
use crate::draft::{Step, names};
use crate::logon;
use crate::support::client::Client;
use crate::trial::{Kind, at, until, verifier, verifier_of, write_secret};

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
