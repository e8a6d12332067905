//! Many processes of one host, and how many logons they have under way together.

use std::fs;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use gss_ntlmdc::base::fault::Minor::{ControllerTimeout, TooManyLogons};

use crate::controller::Controller;
use crate::delivery::Delivery;
use crate::draft::{Step, names};
use crate::support::client::Client;
use crate::trial::{Kind, Ready, at, verifier, verifier_of};

/// How long the controller works on each logon.
const WORK: Duration = Duration::from_millis(100);

/// A controller that notes when each logon came.
fn slow() -> (Controller, Arc<Mutex<Vec<Instant>>>) {
    let came = Arc::new(Mutex::new(Vec::new()));
    let coming = Arc::clone(&came);
    let controller = Controller::that(at(Step::Logon, move |draft| {
        coming.lock().unwrap().push(Instant::now());
        draft.delivery = Delivery::After(WORK);
    }));
    (controller, came)
}

/// The most logons that were under way together, at the least.
fn at_once(came: &[Instant]) -> usize {
    let within = |start: Instant| {
        let together = came.iter().filter(|at| (start..start + WORK).contains(at));
        together.count()
    };
    came.iter().map(|start| within(*start)).max().unwrap()
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
    for (limit, expected) in [(3, 1..=3), (256, 4..=16)] {
        let (controller, came) = slow();
        let settings = format!("host_logons = {limit}");
        let first = verifier(controller.address).with(&settings);
        assert!(first.login("alice").is_ok());
        let processes = [(); 4].map(|()| first.sibling().with(&settings));
        came.lock().unwrap().clear();
        log_in_from(&processes, 1);
        let most = at_once(&came.lock().unwrap());
        assert!(expected.contains(&most), "{most} with a limit of {limit}");
        assert_eq!(controller.complaints(), [""; 0]);
    }
}

/// Nothing is shared, and so nothing is limited.
#[test]
fn without_a_state_directory_there_is_no_limit() {
    let (controller, came) = slow();
    let verifier = verifier(controller.address).settled();
    fs::write(verifier.secret().with_file_name("state"), "not a directory").unwrap();
    let processes = [(); 4].map(|()| verifier.sibling().with("host_logons = 1"));
    for process in &processes {
        assert!(process.login("alice").is_ok());
    }
    came.lock().unwrap().clear();
    thread::scope(|scope| {
        for process in &processes {
            scope.spawn(|| assert!(process.login("alice").is_ok()));
        }
    });
    assert!(at_once(&came.lock().unwrap()) > 1);
}

#[test]
fn a_login_that_finds_no_slot_in_time_is_told_so_and_its_channel_is_kept() {
    let controller = Controller::that(at(Step::Logon, |draft| {
        if names(draft, "mallory") {
            draft.delivery = Delivery::CutThenSilence(0);
        }
    }));
    let limited = verifier(controller.address)
        .with("host_logons = 1")
        .settled();
    let other = limited.sibling().with("host_logons = 1");
    assert!(other.login("alice").is_ok());
    let binds = controller.turns(Step::SealedBind);
    thread::scope(|scope| {
        scope.spawn(|| limited.refuses("mallory", Kind::Unavailable, ControllerTimeout));
        thread::sleep(Duration::from_millis(100));
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
        thread::sleep(Duration::from_millis(300));
        for process in &processes {
            let began = Instant::now();
            let login = process.login("alice");
            assert!(login.is_ok(), "{:?}", login.err());
            assert!(began.elapsed() < Duration::from_secs(1));
        }
    });
    let logons = controller.turns(Step::Logon) - 1 - processes.len();
    assert!((1..=4).contains(&logons), "{logons} of HANG");
}
