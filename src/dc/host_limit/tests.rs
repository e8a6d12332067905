use super::*;
use crate::base::config::{LogTarget, fixture};
use std::iter;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::Instant;

fn shared(directory: &Path) -> SharedKeys {
    let config = fixture::netlogon(&format!("state_dir = {directory:?}"));
    SharedKeys::new(&config, LogTarget::Off)
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_millis(30))
}

fn slot_file(directory: &Path, number: usize) -> PathBuf {
    directory.join(format!("EXAMPLE.WEB1-NTLM.{number}.logon"))
}

/// Each has its own open files, as processes have.
fn processes() -> [HostLimit; 2] {
    [HostLimit::new(8), HostLimit::new(8)]
}

#[test]
fn processes_have_one_limit_together_and_each_share_leaves_room() {
    use Share::{Elsewhere, Ours, Unnamed};
    for (shares, expected) in [
        (vec![Ours], vec![8]),
        (vec![Unnamed], vec![6]),
        (vec![Elsewhere], vec![2]),
        (vec![Elsewhere, Unnamed, Ours], vec![2, 4, 2]),
        (vec![Ours, Elsewhere], vec![8, 0]),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("state");
        let shared = shared(&state);
        let limits = processes();
        let mut held = Vec::new();
        for (share, expected) in shares.iter().zip(expected) {
            let before = held.len();
            for limit in limits.iter().cycle() {
                let slots = limit.slots.of_this_process(|| Slots::new(8));
                let open = |number| shared.open_private(&format!("{number}.logon"));
                match slots.try_take(limit.order(*share, slots), open) {
                    TryTake::Free(slot) => held.push(slot),
                    TryTake::Full => break,
                    TryTake::NoLimit => panic!("no limit"),
                }
            }
            assert_eq!(held.len() - before, expected, "{share:?} of {shares:?}");
        }
    }
}

#[test]
fn a_single_slot_is_for_all() {
    let directory = tempfile::tempdir().unwrap();
    let shared = shared(&directory.path().join("state"));
    let limit = HostLimit::new(1);
    for share in [Share::Ours, Share::Unnamed, Share::Elsewhere] {
        let held = limit.take(&shared, share, soon()).unwrap();
        assert!(held.is_some());
        let next = limit.take(&shared, Share::Ours, soon());
        assert!(matches!(next, Err(Error::HostBusy)));
    }
}

#[test]
fn a_slot_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let shared = shared(&directory.path().join("state"));
    let limits = [HostLimit::new(1), HostLimit::new(1)];
    let held = limits[0].take(&shared, Share::Ours, soon()).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let long = Deadline::after(Duration::from_secs(60));
            limits[1]
                .take(&shared, Share::Ours, long)
                .unwrap()
                .is_some()
        });
        thread::sleep(Duration::from_millis(50));
        assert!(!waiting.is_finished());
        drop(held);
        assert!(waiting.join().unwrap());
    });
}

/// Takes this waiting place of the host, if it is free.
fn place(limit: &HostLimit, shared: &SharedKeys, number: usize) -> Option<Held> {
    let places = limit.waiting.of_this_process(|| Slots::new(MAX_WAITING));
    let open = |number| shared.open_private(&format!("{number}.waiting"));
    match places.try_take(iter::once(number), open) {
        TryTake::Free(held) => Some(held),
        TryTake::Full => None,
        TryTake::NoLimit => panic!("no limit"),
    }
}

#[test]
fn a_login_of_another_domain_is_refused_at_once_when_enough_others_wait() {
    let directory = tempfile::tempdir().unwrap();
    let shared = shared(&directory.path().join("state"));
    let [limit, other] = [HostLimit::new(1), HostLimit::new(1)];
    let _slot = limit.take(&shared, Share::Ours, soon()).unwrap();
    let mut places: Vec<_> = (0..MAX_WAITING)
        .map(|number| place(&other, &shared, number))
        .collect();
    assert!(places.iter().all(Option::is_some));

    let long = Deadline::after(Duration::from_secs(60));
    let refused = limit.take(&shared, Share::Elsewhere, long);
    assert!(matches!(refused, Err(Error::Crowded)));
    let ours = limit.take(&shared, Share::Ours, soon());
    assert!(matches!(ours, Err(Error::HostBusy)));
    places.pop();
    let in_the_free_place = limit.take(&shared, Share::Elsewhere, soon());
    assert!(matches!(in_the_free_place, Err(Error::HostBusy)));
}

#[test]
fn a_login_of_another_domain_has_a_place_while_it_waits() {
    let directory = tempfile::tempdir().unwrap();
    let shared = shared(&directory.path().join("state"));
    let [limit, other] = [HostLimit::new(1), HostLimit::new(1)];
    // One after the other: the login finds a free one at any time.
    let free_places = || {
        let numbers = 0..MAX_WAITING;
        let free = numbers.filter(|number| place(&other, &shared, *number).is_some());
        free.count()
    };
    let slot = limit.take(&shared, Share::Ours, soon()).unwrap();
    assert_eq!(free_places(), MAX_WAITING);
    thread::scope(|scope| {
        let login = scope.spawn(|| {
            let long = Deadline::after(Duration::from_secs(60));
            limit.take(&shared, Share::Elsewhere, long).map(drop)
        });
        while free_places() == MAX_WAITING {
            assert!(!login.is_finished(), "it did not wait");
            thread::sleep(Duration::from_millis(5));
        }
        drop(slot);
        login.join().unwrap().unwrap();
    });
    assert_eq!(free_places(), MAX_WAITING);
}

#[test]
fn a_process_that_is_killed_holds_nothing() {
    struct Killed(Child);
    impl Drop for Killed {
        fn drop(&mut self) {
            let _gone = self.0.kill();
            let _gone = self.0.wait();
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let shared = shared(&state);
    let limit = HostLimit::new(1);
    drop(limit.take(&shared, Share::Ours, soon()).unwrap());
    let process = Command::new("flock")
        .args(["--no-fork", "--nonblock"])
        .arg(slot_file(&state, 0))
        .args(["sleep", "60"])
        .spawn();
    let process = Killed(process.unwrap());
    let long = Instant::now() + Duration::from_secs(60);
    while limit.take(&shared, Share::Ours, soon()).is_ok() {
        assert!(Instant::now() < long, "it does not take the lock");
        thread::sleep(Duration::from_millis(20));
    }
    drop(process);
    assert!(limit.take(&shared, Share::Ours, soon()).unwrap().is_some());
}

#[test]
fn without_a_directory_there_is_no_limit() {
    let directory = tempfile::tempdir().unwrap();
    let shared = shared(&directory.path().join("missing/state"));
    let limit = HostLimit::new(1);
    let both = [(); 2].map(|()| limit.take(&shared, Share::Ours, soon()).unwrap());
    assert!(both.iter().all(Option::is_none));
}
