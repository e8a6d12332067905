//! What the processes of a host tell each other about a controller that fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::controller::Controller;
use crate::delivery::Delivery;
use crate::draft::Step;
use crate::trial::verifier_of;

/// What a controller that hangs costs, at the least: the time of a call.
const HANGING: Duration = Duration::from_secs(2);
/// As often a process looks at what the others know.
const LOOK: Duration = Duration::from_millis(1100);

/// A controller that says nothing while it is told to hang.
fn hanging() -> (Controller, Arc<AtomicBool>) {
    let hangs = Arc::new(AtomicBool::new(false));
    let is_hanging = Arc::clone(&hangs);
    let controller = Controller::that(Box::new(move |draft| {
        if is_hanging.load(Ordering::SeqCst) {
            draft.delivery = Delivery::CutThenSilence(0);
        }
    }));
    (controller, hangs)
}

#[test]
fn a_controller_that_hangs_costs_one_process_its_time() {
    let (first, hangs) = hanging();
    let second = Controller::that(Box::new(|_| {}));
    let one = verifier_of(&[first.address, second.address]).hasty();
    let others = [(); 3].map(|()| one.sibling());
    for process in others.iter().chain([&one]) {
        assert!(process.login("alice").is_ok());
    }
    assert_eq!(second.turns(Step::Logon), 0, "the first of the list");

    hangs.store(true, Ordering::SeqCst);
    let began = Instant::now();
    assert!(one.login("alice").is_ok());
    assert!(began.elapsed() >= HANGING);
    assert_eq!(second.turns(Step::Logon), 1);
    let spoilt = first.requests();

    thread::sleep(LOOK);
    for process in others.iter().chain([&one.sibling()]) {
        assert!(process.login("alice").is_ok());
    }
    assert_eq!(first.requests(), spoilt, "no other process has tried it");
    assert_eq!(second.turns(Step::Logon), 5);
    assert_eq!(second.complaints(), [""; 0]);
}

/// Each process begins with another controller, and goes on to the next with each channel.
#[test]
fn a_list_may_be_spread() {
    let controllers = [(); 3].map(|()| Controller::that(Box::new(|_| {})));
    let addresses = controllers.each_ref().map(|one| one.address);
    let first = verifier_of(&addresses);
    for _ in 0..60 {
        let process = first.with("order = \"spread\"");
        assert!(process.login("alice").is_ok());
    }
    // One of them is left out once in ten thousand million times.
    for controller in &controllers {
        assert!(controller.turns(Step::Logon) > 0);
        assert_eq!(controller.turns(Step::Authenticate), 1, "one key each");
    }
    let listed = first.with("order = \"listed\"");
    let before = controllers[0].turns(Step::Logon);
    assert!(listed.login("alice").is_ok());
    assert_eq!(controllers[0].turns(Step::Logon), before + 1);
}
