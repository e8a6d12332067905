//! Channels: kept, lost, replaced and shared, seen by a relay in front of the controller.

use std::sync::Barrier;
use std::sync::atomic::Ordering;
use std::thread;

use gss_ntlmdc::base::fault::Minor;
use gss_ntlmdc::login::verify::Verifier;

use crate::support::client::Client;
use crate::support::dc::{self, Setup};
use crate::support::relay::{Fit, Relay};

#[test]
fn one_channel_serves_many_logins_and_threads() {
    let _turn = dc::turn();
    let relay = Relay::to_netlogon();
    let verifier = relay.verifier();
    thread::scope(|scope| {
        for user in ["alice", "bob", "alice", "bob"] {
            let verifier = &verifier;
            scope.spawn(move || {
                for _ in 0..20 {
                    let client = Client::of(user);
                    let verified = verifier.verify(&client.attempt()).unwrap();
                    assert_eq!(verified.account().user, user);
                    assert_eq!(
                        verified.session_base_key(),
                        Some(&client.session_base_key())
                    );
                }
            });
        }
    });
    // One to agree on the key, one to stay.
    assert_eq!(relay.connections.load(Ordering::SeqCst), 2);
}

/// Level 2 of NetrLogonGetCapabilities, `RequestedFlags`: Samba 4.22 answers it, as Windows since
/// KB5028166. Samba 4.17 answers with a fault, and level 1 is asked again.
#[test]
fn the_controller_confirms_what_was_negotiated_and_what_was_offered() {
    let _turn = dc::turn();
    let relay = Relay::to_netlogon();
    let verifier = relay.verifier();
    assert!(verifier.verify(&Client::of("alice").attempt()).is_ok());
    let seen = [&relay.capabilities, &relay.faults].map(|count| count.load(Ordering::SeqCst));
    let expected = if dc::samba() >= (4, 22) {
        [2, 0]
    } else {
        [3, 1]
    };
    assert_eq!(seen, expected);
}

#[test]
fn a_connection_that_died_is_replaced_unnoticed() {
    let _turn = dc::turn();
    let relay = Relay::to_netlogon();
    let verifier = relay.verifier();
    let client = Client::of("alice");
    assert!(verifier.verify(&client.attempt()).is_ok());
    relay.cut();
    assert!(verifier.verify(&client.attempt()).is_ok());
    // One more: the key still holds.
    assert_eq!(relay.connections.load(Ordering::SeqCst), 3);

    // While the answer is awaited.
    relay.cut_at_next_request();
    assert!(verifier.verify(&client.attempt()).is_ok());
    assert_eq!(relay.connections.load(Ordering::SeqCst), 4);
    assert_eq!(relay.authentications.load(Ordering::SeqCst), 1);
}

#[test]
fn a_wrong_password_is_asked_about_once() {
    let _turn = dc::turn();
    let relay = Relay::to_netlogon();
    let verifier = relay.verifier();
    assert!(verifier.verify(&Client::of("alice").attempt()).is_ok());
    let before = relay.requests.load(Ordering::SeqCst);
    dc::refused(&verifier, &Client::with_password("alice", "wrong"));
    assert_eq!(relay.requests.load(Ordering::SeqCst), before + 1);
}

#[test]
fn a_changed_answer_is_never_believed() {
    let _turn = dc::turn();
    let relay = Relay::to_netlogon();
    let verifier = relay.verifier();
    let client = Client::of("alice");
    assert!(verifier.verify(&client.attempt()).is_ok());
    relay.change_next_answer();
    let fault = dc::refused(&verifier, &client);
    assert_eq!(fault.minor(), Minor::ControllerForged);
    // The channel was given up; the next login has a new one.
    assert!(verifier.verify(&client.attempt()).is_ok());
}

/// An attacker closes connections, so that each login has one of its own with the same key, and
/// sends the recorded answer about alice for dora's wrong password.
#[test]
fn an_answer_of_another_connection_is_refused() {
    let _turn = dc::turn();
    let relay = Relay::to_netlogon();
    let verifier = relay.verifier();
    let alice = Client::of("alice");
    let dora = Client::with_password("dora", "wrong");
    for fit in [Fit::Nothing, Fit::CallId, Fit::CallIdAndContext] {
        assert!(verifier.verify(&alice.attempt()).is_ok());
        relay.cut();
        relay.record();
        assert!(verifier.verify(&alice.attempt()).is_ok());
        relay.cut();
        relay.play(fit);
        let fault = dc::refused(&verifier, &dora);
        assert_eq!(fault.minor(), Minor::ControllerForged, "{fit:?}");
        relay.stop();
    }
    // The first key, and one for each forged answer on a connection that had answered nothing yet.
    assert_eq!(relay.authentications.load(Ordering::SeqCst), 4);
}

/// The same after an attacker has removed the controller's offer to sign headers.
#[test]
fn an_answer_of_another_connection_is_refused_without_signed_headers() {
    let _turn = dc::turn();
    let relay = Relay::to_netlogon();
    relay.strip_header_signing();
    let verifier = relay.verifier();
    let alice = Client::of("alice");
    let dora = Client::with_password("dora", "wrong");
    for fit in [Fit::Nothing, Fit::CallIdAndContext] {
        assert!(verifier.verify(&alice.attempt()).is_ok());
        assert!(verifier.verify(&alice.attempt()).is_ok());
        relay.cut();
        relay.record();
        assert!(verifier.verify(&alice.attempt()).is_ok());
        relay.cut();
        relay.play(fit);
        let fault = dc::refused(&verifier, &dora);
        assert_eq!(fault.minor(), Minor::ControllerForged, "{fit:?}");
        relay.stop();
    }
    // A key for each connection that stays.
    assert_eq!(relay.authentications.load(Ordering::SeqCst), 6);
    assert_eq!(relay.connections.load(Ordering::SeqCst), 12);
}

/// The controller keeps one key for an account, and each channel continues with the key that it
/// began with. Processes that share a directory find no key there.
#[test]
fn channels_with_keys_of_their_own_live_side_by_side() {
    let _turn = dc::turn();
    let relay = Relay::to_netlogon();
    relay.strip_header_signing();
    let shared = tempfile::tempdir().unwrap();
    let verifier = || {
        Setup {
            connections: 3,
            state_dir: Some(shared.path().join("state")),
            ..relay.setup()
        }
        .verifier()
    };
    let verifiers = [verifier(), verifier()];
    thread::scope(|scope| {
        for number in 0..8 {
            let verifier = &verifiers[number % 2];
            scope.spawn(move || {
                for _ in 0..20 {
                    let client = Client::of("bob");
                    let verified = verifier.verify(&client.attempt()).unwrap();
                    assert_eq!(
                        verified.session_base_key(),
                        Some(&client.session_base_key())
                    );
                }
            });
        }
    });
    let keys = relay.authentications.load(Ordering::SeqCst);
    assert!((2..=6).contains(&keys), "{keys}");
    assert_eq!(relay.connections.load(Ordering::SeqCst), 2 * keys);
}

#[test]
fn two_that_start_together_both_come_through() {
    let _turn = dc::turn();
    let client = Client::of("alice");
    for _ in 0..5 {
        let both = Barrier::new(2);
        thread::scope(|scope| {
            for verifier in [dc::verifier(), dc::verifier()] {
                let (both, client) = (&both, &client);
                scope.spawn(move || {
                    both.wait();
                    verifier.verify(&client.attempt()).unwrap();
                });
            }
        });
    }
}

#[test]
fn another_process_with_the_same_account_disturbs_nothing() {
    let _turn = dc::turn();
    let client = Client::of("alice");
    let (first, second) = (dc::verifier(), dc::verifier());
    for _ in 0..3 {
        assert!(first.verify(&client.attempt()).is_ok());
        assert!(second.verify(&client.attempt()).is_ok());
        // A third agrees on a new key each time.
        assert!(dc::verifier().verify(&client.attempt()).is_ok());
    }
}

#[test]
fn processes_that_share_a_directory_agree_on_one_key() {
    let _turn = dc::turn();
    let relay = Relay::to_netlogon();
    let client = Client::of("alice");
    let shared = tempfile::tempdir().unwrap();
    let verifier = || {
        Setup {
            state_dir: Some(shared.path().join("state")),
            ..relay.setup()
        }
        .verifier()
    };
    for number in 0..4 {
        let requests = relay.requests.load(Ordering::SeqCst);
        let verified = verifier().verify(&client.attempt()).unwrap();
        assert_eq!(
            verified.session_base_key(),
            Some(&client.session_base_key())
        );
        // Beside a connection: bind and logon.
        let requests = relay.requests.load(Ordering::SeqCst) - requests;
        assert!(number == 0 || requests == 2, "{number}: {requests}");
    }
    assert_eq!(relay.authentications.load(Ordering::SeqCst), 1);
    assert_eq!(relay.connections.load(Ordering::SeqCst), 5);

    // A process that does not share agrees on a key of its own: we agree on one more, and share it.
    assert!(dc::verifier().verify(&client.attempt()).is_ok());
    for _ in 0..2 {
        assert!(verifier().verify(&client.attempt()).is_ok());
    }
    assert_eq!(relay.authentications.load(Ordering::SeqCst), 2);
}

#[test]
fn as_many_connections_as_are_configured() {
    let _turn = dc::turn();
    let relay = Relay::to_netlogon();
    let verifier = Setup {
        connections: 3,
        ..relay.setup()
    }
    .verifier();
    thread::scope(|scope| {
        for _ in 0..8 {
            let verifier = &verifier;
            scope.spawn(move || {
                for _ in 0..20 {
                    let client = Client::of("bob");
                    assert!(verifier.verify(&client.attempt()).is_ok());
                }
            });
        }
    });
    let connections = relay.connections.load(Ordering::SeqCst);
    assert_eq!(relay.authentications.load(Ordering::SeqCst), 1);
    // Three, the one to agree on the key, and those that met at the start and found it agreed on.
    assert!((3..=6).contains(&connections), "{connections}");
}
