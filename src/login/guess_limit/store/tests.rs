use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::super::table::{Answer, Moment, Permission};
use super::*;

const NOW: Moment = Moment {
    now: 10_000,
    window: 1000,
};

/// What one process of the host has.
fn process(path: &Path) -> Store {
    Store::new(Some(path.to_owned()), LogTarget::Off)
}

fn begin(store: &Store) -> Permission {
    store.with("ALICE", |records, id| records.begin(id, 1, NOW))
}

fn wrong(store: &Store) {
    assert_eq!(begin(store), Permission::Given);
    store.with("ALICE", |records, id| {
        records.end(id, Answer::Wrong, 3, NOW)
    });
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    folder
}

#[test]
fn the_processes_of_a_host_count_together() {
    let folder = folder();
    let path = folder.path().join("EXAMPLE.guesses");
    let (one, other) = (process(&path), process(&path));
    wrong(&one);
    assert_eq!(begin(&other), Permission::Refused);
    assert_eq!(begin(&process(&path)), Permission::Refused);
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert_eq!(metadata.len(), 131_104, "however many names there are");
}

#[test]
fn a_file_that_is_taken_away_is_made_anew() {
    let folder = folder();
    let path = folder.path().join("EXAMPLE.guesses");
    let (one, other) = (process(&path), process(&path));
    wrong(&one);
    fs::remove_file(&path).unwrap();
    wrong(&one);
    assert_eq!(begin(&other), Permission::Refused);
}

#[test]
fn a_file_that_was_not_finished_is() {
    let folder = folder();
    let path = folder.path().join("EXAMPLE.guesses");
    fs::write(&path, [0; 100]).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    wrong(&process(&path));
    assert_eq!(begin(&process(&path)), Permission::Refused);
}

#[test]
fn where_nothing_can_be_shared_each_process_counts_for_itself() {
    let folder = folder();
    let alien = folder.path().join("alien");
    fs::write(&alien, [7; 200_000]).unwrap();
    fs::set_permissions(&alien, Permissions::from_mode(0o600)).unwrap();
    let open = folder.path().join("open");
    fs::write(&open, "").unwrap();
    fs::set_permissions(&open, Permissions::from_mode(0o666)).unwrap();
    for path in [alien, open, folder.path().join("no/such/directory")] {
        let (one, other) = (process(&path), process(&path));
        wrong(&one);
        assert_eq!(begin(&one), Permission::Refused);
        assert_eq!(begin(&other), Permission::Given, "{}", path.display());
    }
    let alone = Store::new(None, LogTarget::Off);
    wrong(&alone);
    assert_eq!(begin(&alone), Permission::Refused);
}

#[test]
fn whoever_holds_the_lock_for_ever_stops_nobody() {
    let folder = folder();
    let path = folder.path().join("EXAMPLE.guesses");
    let store = process(&path);
    wrong(&store);
    let stuck = File::open(&path).unwrap();
    stuck.lock().unwrap();
    assert_eq!(begin(&store), Permission::Given, "counted in memory");
    drop(stuck);
    assert_eq!(begin(&store), Permission::Refused);
}
