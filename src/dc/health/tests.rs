//! Processes are played by values that share a directory.

use super::*;
use crate::base::config::fixture;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn health(directory: &Path) -> Health {
    let config = fixture::netlogon(&format!("account = \"WEB1$\"\nstate_dir = {directory:?}"));
    Health::new(&config, LogTarget::Off)
}

fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o700)).unwrap();
    directory
}

fn controller() -> Candidate {
    Candidate::new([192, 0, 2, 1].into(), None)
}

fn ports() -> Ports {
    Ports {
        netlogon: Some(49676),
        lsa: None,
    }
}

/// As a process sees it that looks for the first time.
fn seen(directory: &Path) -> Option<Report> {
    health(directory).news()?.pop()
}

#[test]
fn what_one_process_sees_another_learns() {
    let directory = directory();
    let (one, another) = (health(directory.path()), health(directory.path()));
    assert_eq!(another.news(), None);
    one.served(&controller(), ports(), Instant::now());
    let report = seen(directory.path()).unwrap();
    assert_eq!((report.ports, report.failed()), (ports(), None));
    assert_eq!(another.news(), None, "it has looked a moment ago");

    another.failed(&controller(), &"hangs");
    let report = seen(directory.path()).unwrap();
    assert!(report.failed().unwrap() < AVOIDED);
    assert_eq!(report.ports, Ports::default(), "they are in doubt");
}

#[test]
fn an_answer_clears_a_failure_if_the_question_came_after_it() {
    let directory = directory();
    let (one, another) = (health(directory.path()), health(directory.path()));
    let before = Instant::now();
    std::thread::sleep(Duration::from_millis(5));
    one.failed(&controller(), &"hangs");
    another.served(&controller(), ports(), before);
    assert!(seen(directory.path()).unwrap().failed().is_some());
    std::thread::sleep(Duration::from_millis(5));
    // It has not looked since, and asks the file before it writes.
    another.served(&controller(), ports(), Instant::now());
    assert_eq!(seen(directory.path()).unwrap().failed(), None);
}

#[test]
fn one_process_tries_a_failed_controller_for_all() {
    let directory = directory();
    let one = health(directory.path());
    one.failed(&controller(), &"hangs");
    let fail_earlier = |by: Duration| {
        let mut known = one.lock();
        one.change(&mut known, &controller(), |report| {
            report.failed = Some(now() - millis(by));
        });
    };
    fail_earlier(AVOIDED / 2);
    one.begins_trial(&controller());
    let age = seen(directory.path()).unwrap().failed().unwrap();
    assert!(age >= AVOIDED / 2, "not yet");
    fail_earlier(AVOIDED);
    one.begins_trial(&controller());
    let age = seen(directory.path()).unwrap().failed().unwrap();
    assert!(age < AVOIDED / 2, "{age:?}");
}

#[test]
fn a_file_or_directory_that_is_not_ours_alone_is_not_read() {
    let directory = directory();
    health(directory.path()).served(&controller(), ports(), Instant::now());
    let path = health(directory.path()).path("");
    assert!(seen(directory.path()).is_some());
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    assert!(seen(directory.path()).is_none());
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
    assert!(seen(directory.path()).is_none());
    let one = health(directory.path());
    one.failed(&controller(), &"hangs");
    assert!(
        one.lock().of(&controller()).unwrap().failed.is_some(),
        "for itself"
    );
    assert!(one.lock().spoilt.is_some());
    fs::set_permissions(directory.path(), Permissions::from_mode(0o700)).unwrap();
    assert_eq!(seen(directory.path()).unwrap().failed(), None);
    // What is damaged is written anew.
    fs::write(&path, b"noise").unwrap();
    assert!(seen(directory.path()).is_none());
    health(directory.path()).failed(&controller(), &"hangs");
    assert!(seen(directory.path()).unwrap().failed().is_some());
}
