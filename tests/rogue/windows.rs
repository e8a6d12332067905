//! A controller that behaves as Windows does, by its documentation: the whole verifier works with
//! it, the first time and later, and after a reboot.

mod namespace;
mod profile;
pub mod services;

use std::fs;

use gss_ntlmdc::base::config::Config;
use gss_ntlmdc::base::fault::Minor;
use gss_ntlmdc::login::accept::{self, Acceptor, Terms};
use gss_ntlmdc::login::initiate::{Initiator, Lifetime, PasswordHash, Purpose, User};
use gss_ntlmdc::login::setup::{self, Source};
use gss_ntlmdc::login::verify::netlogon::Netlogon;
use gss_ntlmdc::protocol::ntlm::initiator::Protection;

use crate::controller::Controller;
use crate::delivery::Delivery;
use crate::draft::{BIND_NAK, Draft, Step};
use crate::support::client::Client;
use crate::trial::{Kind, Ready, at, verifier_of, verifier_of_hosts};
use namespace::alone;
use profile::{GROUPS, HOST, Name, Profile};
use services::{Mapper, identify_as, refused, silent, stranger};

fn by_address() -> Ready {
    verifier_of_hosts(&["127.0.0.1".to_owned()])
}

/// Right and wrong passwords, twice.
fn works(verifier: &Ready) {
    for _ in 0..2 {
        let logon = verifier.login("alice").unwrap();
        assert_eq!(logon.account().user, "alice");
        assert_eq!(logon.account().group_sids.len(), GROUPS as usize);
        verifier.refuses("mallory", Kind::Denied, Minor::BadUserOrPassword);
    }
}

#[test]
fn cold_and_warm_with_right_and_wrong_passwords() {
    alone(
        "windows::cold_and_warm_with_right_and_wrong_passwords",
        || {
            let mapper = Mapper::start();
            for knows_level_2 in [true, false] {
                let controller = Controller::that(
                    Profile {
                        knows_level_2,
                        ..Profile::WINDOWS
                    }
                    .honest(),
                );
                let port = controller.address.port();
                mapper.lists(&[refused(), stranger(), port, refused(), port]);
                let asked = mapper.asked();
                let cold = by_address();
                works(&cold);
                let warm = cold.sibling();
                works(&warm);
                assert_eq!(controller.turns(Step::Authenticate), 1, "one key for both");
                assert_eq!(controller.turns(Step::SealedBind), 2);
                assert_eq!(controller.turns(Step::Logon), 8);
                assert_eq!(mapper.asked() - asked, 1, "once for the host");

                // The names in the response are not those of the channel.
                for (domain, computer) in [("OTHER", "WEB1-NTLM"), ("EXAMPLE", "WEB2")] {
                    let client = Client::with_password("alice", "whatever");
                    let refusal = cold
                        .login_as(&client.challenged_by(domain, computer))
                        .unwrap_err();
                    assert_eq!(refusal.into_fault().minor(), Minor::NetbiosNamesRefused);
                }
                assert_eq!(controller.complaints(), [""; 0]);
            }
        },
    );
}

/// Connect, bind, logon: the key, the address and the port are known from another process.
#[test]
fn the_first_login_of_a_process_takes_three_round_trips() {
    alone(
        "windows::the_first_login_of_a_process_takes_three_round_trips",
        || {
            let mapper = Mapper::start();
            let controller = Controller::that(Profile::WINDOWS.honest());
            mapper.lists(&[controller.address.port()]);
            let first = by_address();
            assert!(first.login("alice").is_ok());
            assert_eq!((controller.connections(), mapper.asked()), (2, 1));
            // Bind, challenge, authenticate; sealed bind, capabilities twice, logon; and the list
            // of domains, which is shared too.
            assert_eq!(controller.turns(Step::Domains), 1);
            assert_eq!(controller.requests(), 8);
            for number in 1..4 {
                assert!(first.sibling().login("alice").is_ok());
                assert_eq!(controller.connections(), 2 + number);
                assert_eq!(controller.requests(), 8 + 2 * number);
                assert_eq!(mapper.asked(), 1);
            }

            // A port that no longer serves is asked for anew, and the others are told.
            controller.switch_off();
            let rebooted = Controller::that(Profile::WINDOWS.honest());
            mapper.lists(&[rebooted.address.port()]);
            for _ in 0..2 {
                assert!(first.sibling().login("alice").is_ok());
                assert_eq!(mapper.asked(), 2);
            }
            assert_eq!(rebooted.complaints(), [""; 0]);
        },
    );
}

/// Connect, bind, ask for the port; connect, bind, challenge, authenticate; sealed bind,
/// capabilities twice, logon. The sealed connection is begun with the first, and costs none.
#[test]
fn the_first_login_of_a_host_takes_eleven_round_trips() {
    alone(
        "windows::the_first_login_of_a_host_takes_eleven_round_trips",
        || {
            let mapper = Mapper::start();
            let controller = Controller::that(Profile::WINDOWS.lying(|draft| {
                if draft.step == Step::Bind {
                    draft.delivery = Delivery::Connected(2);
                }
            }));
            mapper.lists(&[controller.address.port()]);
            assert!(by_address().login("alice").is_ok());
            assert_eq!((mapper.asked(), controller.connections()), (1, 2));
            // With the list of domains, after the logon.
            assert_eq!(controller.requests(), 7 + 1);
            assert_eq!(controller.complaints(), [""; 0]);
        },
    );
}

/// From the first message to the session key, which the message integrity code proves.
#[test]
fn the_whole_acceptor() {
    alone("windows::the_whole_acceptor", || {
        let mapper = Mapper::start();
        let controller = Controller::that(Profile::WINDOWS.honest());
        mapper.lists(&[refused(), controller.address.port()]);
        let ready = by_address();
        let source = Source {
            config: Some(ready.config()),
            ..Source::default()
        };
        for _ in 0..2 {
            accepted(&source, "whatever").unwrap();
            let refused = accepted(&source, "wrong").unwrap_err();
            assert_eq!(refused, Minor::BadUserOrPassword);
        }
        controller.switch_off();
        let rebooted = Controller::that(Profile::WINDOWS.honest());
        mapper.lists(&[rebooted.address.port()]);
        accepted(&source, "whatever").unwrap();
        assert_eq!(rebooted.complaints(), [""; 0]);
    });
}

fn accepted(source: &Source, password: &str) -> Result<(), Minor> {
    let setup = setup::load(source).unwrap();
    let hash = PasswordHash::of_password(password.as_bytes()).unwrap();
    let mut initiator = Initiator::new(Purpose {
        user: User::typed(r"EXAMPLE\alice", hash, "PC1").unwrap(),
        target: None,
        protection: Protection::default(),
        lifetime: Lifetime::default(),
    });
    let mut acceptor = Acceptor::new();
    let mut token = Vec::new();
    loop {
        token = initiator.step(None, &token).unwrap();
        match acceptor.step(&Terms::of(&setup), &token) {
            Ok(accept::Step::Continue(challenge)) => token = challenge,
            Ok(accept::Step::Established) => break,
            Err(fault) => return Err(fault.minor()),
        }
    }
    let established = acceptor.established().unwrap();
    assert!(established.mic_verified());
    Ok(())
}

/// A host that does not know the account's secret can refuse the first bind, and say any name over
/// CLDAP. One that knows it is believed, but for this process only.
#[test]
fn a_netbios_name_is_looked_up_when_a_sealed_bind_was_refused() {
    let test = "windows::a_netbios_name_is_looked_up_when_a_sealed_bind_was_refused";
    alone(test, || {
        identify_as(HOST, "EVIL");
        let mapper = Mapper::start();
        for (step, learnt) in [(Step::Bind, None), (Step::SealedBind, Some("EVIL"))] {
            let controller = Controller::that(at(step, |draft| {
                draft.ptype = BIND_NAK;
                draft.body = vec![0; 4];
                draft.bind_auth.clear();
            }));
            mapper.lists(&[controller.address.port()]);
            let verifier = by_address();
            verifier.refuses("alice", Kind::Unavailable, Minor::ChannelRefused);
            assert!(controller.turns(step) > 0);
            let text = fs::read_to_string(verifier.config()).unwrap();
            let config = Config::parse(&text).unwrap().netlogon.pop().unwrap();
            let name = Netlogon::learnt_name(&config);
            assert_eq!(name.as_ref().map(|name| name.as_str()), learnt, "{step:?}");
            let state = fs::read_dir(&config.state_dir).unwrap();
            let kept = state.filter(|entry| {
                let name = entry.as_ref().unwrap().file_name();
                name.to_string_lossy().contains(".netbios")
            });
            assert_eq!(kept.count(), 0, "{step:?}");
        }
    });
}

/// Other ports; every connection is gone; the key that the host has kept means nothing any more.
#[test]
fn after_a_reboot() {
    alone("windows::after_a_reboot", || {
        let mapper = Mapper::start();
        for (what, step, lie) in STALE {
            let controller = Controller::that(Profile::WINDOWS.honest());
            let old_port = controller.address.port();
            mapper.lists(&[refused(), old_port]);
            let cold = by_address();
            works(&cold);
            let warm = cold.sibling();
            works(&warm);

            controller.switch_off();
            let rebooted = Controller::that(Profile::WINDOWS.lying(move |draft| {
                if draft.step == step && draft.turn == 1 {
                    lie(draft);
                }
            }));
            mapper.lists(&[old_port, rebooted.address.port()]);
            for verifier in [&cold, &warm, &cold.sibling()] {
                let login = verifier.login("alice");
                assert!(login.is_ok(), "{what}: {:?}", login.err());
                verifier.refuses("mallory", Kind::Denied, Minor::BadUserOrPassword);
            }
            assert_eq!(rebooted.turns(Step::Authenticate), 1, "{what}: one new key");
            assert_eq!(rebooted.complaints(), [""; 0], "{what}");
        }
    });
}

type Lie = fn(&mut Draft);

/// How it may answer the key that it had before.
const STALE: [(&str, Step, Lie); 7] = [
    ("closed", Step::SealedBind, |draft| {
        draft.delivery = Delivery::CutThenClose(0);
    }),
    ("reset", Step::SealedBind, |draft| {
        draft.delivery = Delivery::Reset;
    }),
    ("bind_nak", Step::SealedBind, |draft| {
        draft.ptype = BIND_NAK;
        draft.body = vec![8, 0, 0];
        draft.bind_auth.clear();
    }),
    ("fault 5", Step::SealedBind, |draft| draft.fault(5)),
    ("another fault", Step::SealedBind, |draft| {
        draft.fault(0x1C00_0009);
    }),
    ("a fault for the first call", Step::Unreadable, |draft| {
        draft.fault(0x6F7);
    }),
    ("a reset at the first call", Step::Unreadable, |draft| {
        draft.delivery = Delivery::Reset;
    }),
];

#[test]
fn the_controller_is_called_by_a_name_that_it_takes() {
    use Name::{Empty, Host, Null};
    alone(
        "windows::the_controller_is_called_by_a_name_that_it_takes",
        || {
            let mapper = Mapper::start();
            identify_as(HOST, "EXAMPLE");
            let taken: [(&[Name], usize); 4] = [
                (&[Empty], 1),
                (&[Host], 2),
                (&[Null], 3),
                (&[Host, Null], 2),
            ];
            for ((takes, asked), faults) in taken
                .into_iter()
                .flat_map(|row| [(row, false), (row, true)])
            {
                let profile = Profile {
                    takes,
                    faults,
                    ..Profile::WINDOWS
                };
                let controller = Controller::that(profile.honest());
                mapper.lists(&[controller.address.port()]);
                let verifier = by_address();
                works(&verifier);
                // The first of the four logins tells.
                assert_eq!(
                    controller.turns(Step::Logon),
                    asked + 3,
                    "{takes:?} {faults}"
                );
                assert_eq!(controller.turns(Step::SealedBind), 1, "on one channel");
                assert_eq!(controller.complaints(), [""; 0]);
            }
        },
    );
}

/// It looked at no password, so two more controllers may be asked, and nothing counts as a guess.
#[test]
fn a_controller_that_takes_no_name_is_left_for_the_next() {
    for faults in [false, true] {
        let none = Profile {
            takes: &[],
            faults,
            ..Profile::WINDOWS
        };
        let [first, second] = [(); 2].map(|()| Controller::that(none.honest()));
        let honest = Controller::that(Profile::WINDOWS.honest());
        let addresses = [first.address, second.address, honest.address];
        let login = verifier_of(&addresses).login("alice");
        assert!(login.is_ok(), "{:?}", login.err());
        // Without CLDAP and DNS, its host's name is not known.
        assert_eq!(first.turns(Step::Logon), 2, "empty and NULL");

        let alone = verifier_of(&[first.address]);
        if !faults {
            alone.refuses("alice", Kind::Unavailable, Minor::LogonServerRefused);
        } else {
            assert!(alone.login("alice").is_err());
        }
    }
}

#[test]
fn dead_ports_share_the_time_for_connecting() {
    alone("windows::dead_ports_share_the_time_for_connecting", || {
        let mapper = Mapper::start();
        let controller = Controller::that(Box::new(|_| {}));
        let right = controller.address.port();
        let (first, _first) = silent();
        let (second, _second) = silent();
        mapper.lists(&[first, refused(), second, stranger(), right]);
        // The two silent ones together would exceed the budget; LSA is located in the same way.
        let verifier = by_address().with("connect_timeout = \"5s\"\nbudget = \"9s\"");
        assert!(verifier.group_name().is_some());
        assert_eq!(mapper.asked(), 2);
        assert!(verifier.group_name().is_some());
        assert_eq!(mapper.asked(), 2);
        assert_eq!(controller.complaints(), [""; 0]);

        mapper.lists(&[first, second]);
        let hasty = by_address().hasty();
        hasty.refuses("alice", Kind::Unavailable, Minor::ControllerUnreachable);
        mapper.lists(&[stranger()]);
        by_address().refuses("alice", Kind::Unavailable, Minor::ControllerNotReady);
    });
}

#[test]
fn a_mapper_that_wants_authentication_says_so() {
    alone(
        "windows::a_mapper_that_wants_authentication_says_so",
        || {
            let mapper = Mapper::start();
            mapper.faults(5);
            let fault = by_address().refuses("alice", Kind::Unavailable, Minor::MapperRefused);
            assert!(
                fault
                    .for_the_log()
                    .contains("write the port into `controllers`")
            );
        },
    );
}
