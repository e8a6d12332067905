//! Many processes of one host, and how many logons they have under way together.

use std::fs;
use std::sync::Arc;
use std::thread;

use gss_ntlmdc::base::fault::Minor::{ControllerTimeout, TooManyLogons};

use crate::controller::Controller;
use crate::delivery::Delivery;
use crate::draft::{Step, names};
use crate::gathering::Gathering;
use crate::support::client::Client;
use crate::trial::{Kind, Ready, at, until, verifier, verifier_of};

/// A controller that answers a logon when so many as are expected are under way.
fn gathering() -> (Controller, Arc<Gathering>) {
    let gathering = Arc::new(Gathering::default());
    let gathers = Arc::clone(&gathering);
    let controller = Controller::that(at(Step::Logon, move |draft| {
        gathers.begin();
        draft.delivery = Delivery::Gathered(Arc::clone(&gathers));
    }));
    (controller, gathering)
}

/// Each process logs alice in from four threads.
fn log_in_from(processes: &[Ready], times: usize) {
    thread::scope(|scope| {
        for process in processes.iter().cycle().take(processes.len() * 4) {
            scope.spawn(move || {
                for _ in 0..times {
                    let login = process.login("alice");
                    assert!(login.is_ok(), "{:?}", login.err());
                }
            });
        }
    });
}

#[test]
fn processes_have_no_more_logons_under_way_than_the_host_may() {
    // Four connections for each of four processes.
    for (limit, expected) in [(3, 3), (256, 16)] {
        let (controller, gathering) = gathering();
        let settings = format!("host_logons = {limit}");
        let first = verifier(controller.address).with(&settings);
        assert!(first.login("alice").is_ok());
        let processes = [(); 4].map(|()| first.sibling().with(&settings));
        gathering.expect(expected);
        log_in_from(&processes, 1);
        assert_eq!(gathering.most(), expected, "with a limit of {limit}");
        assert_eq!(controller.complaints(), [""; 0]);
    }
}

/// Nothing is shared, and so nothing is limited.
#[test]
fn without_a_state_directory_there_is_no_limit() {
    let (controller, gathering) = gathering();
    let verifier = verifier(controller.address);
    fs::write(verifier.secret().with_file_name("state"), "not a directory").unwrap();
    let processes = [(); 4].map(|()| verifier.sibling().with("host_logons = 1"));
    for process in &processes {
        assert!(process.login("alice").is_ok());
    }
    gathering.expect(processes.len());
    thread::scope(|scope| {
        for process in &processes {
            scope.spawn(|| assert!(process.login("alice").is_ok()));
        }
    });
    assert_eq!(gathering.most(), processes.len());
}

#[test]
fn a_login_that_finds_no_slot_in_time_is_told_so_and_its_channel_is_kept() {
    let controller = Controller::that(at(Step::Logon, |draft| {
        if names(draft, "mallory") {
            draft.delivery = Delivery::CutThenSilence(0);
        }
    }));
    let ready = verifier(controller.address);
    let limited = ready.with("host_logons = 1\nlogon_timeout = \"12s\"");
    let other = ready.with("host_logons = 1\nbudget = \"3s\"");
    assert!(other.login("alice").is_ok());
    let binds = controller.turns(Step::SealedBind);
    thread::scope(|scope| {
        scope.spawn(|| limited.refuses("mallory", Kind::Unavailable, ControllerTimeout));
        until(|| controller.hanging() == 1);
        other.refuses("alice", Kind::Unavailable, TooManyLogons);
    });
    assert!(other.login("alice").is_ok());
    // That of the process whose login hung.
    assert_eq!(controller.turns(Step::SealedBind), binds + 1);
}

/// Each process finds out for itself that the domain hangs, and together they leave room for ours.
#[test]
fn a_domain_that_hangs_has_a_quarter_of_the_host() {
    let controller = Controller::that(at(Step::Logon, |draft| {
        if names(draft, "HANG") {
            draft.delivery = Delivery::CutThenSilence(0);
        }
    }));
    let settings = "host_logons = 8";
    let first = verifier_of(&[controller.address]).with(settings);
    assert!(first.login("alice").is_ok());
    let processes = [(); 6].map(|()| first.sibling().with(settings));
    thread::scope(|scope| {
        for process in processes.iter().cycle().take(12) {
            scope.spawn(|| {
                let client = Client::with_password("mallory", "whatever").called("mallory", "HANG");
                assert!(process.login_as(&client).is_err());
            });
        }
        until(|| controller.hanging() == 2);
        for process in &processes {
            let login = process.login("alice");
            assert!(login.is_ok(), "{:?}", login.err());
            assert_eq!(controller.hanging(), 2, "ours did not wait for them");
        }
        let logons = controller.turns(Step::Logon) - 1 - processes.len();
        assert_eq!(logons, 2, "of HANG");
        controller.switch_off();
    });
}
