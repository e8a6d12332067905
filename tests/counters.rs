//! The counters that the processes of a server share: counted by many processes at once, by
//! processes that are killed, on a full disk, and beside files that are not ours.
//!
//! The processes are this program itself, called again.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use gss_ntlmdc::base::counters::{self, Counters, FILE, Place, Snapshot, Total};
use gss_ntlmdc::base::fault::Minor;
use gss_ntlmdc::gss::mapping::map_words;

/// SIGKILL, for a process that cannot tidy up.
const KILL: i32 = 9;
const PROCESSES: u64 = 8;
const LOGINS: u64 = 20_000;

fn main() {
    counters::set_mapper(map_words);
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["count", path, logins] => count(Path::new(path), logins.parse().unwrap()),
        ["for ever", path] => count(Path::new(path), u64::MAX),
        _ => run_tests(),
    }
}

fn run_tests() {
    let tests: [(&str, fn()); 5] = [
        ("processes_count_together", processes_count_together),
        (
            "killed_processes_lose_nothing",
            killed_processes_lose_nothing,
        ),
        ("a_held_lock_delays_no_login", a_held_lock_delays_no_login),
        ("a_full_disk_is_no_fault", a_full_disk_is_no_fault),
        ("files_that_are_not_ours", files_that_are_not_ours),
    ];
    // A test that fails panics, and ends the program with a status that says so.
    for (name, test) in tests {
        test();
        println!("test {name} ... ok");
    }
    println!("test result: ok. {} passed; 0 failed", tests.len());
}

/// A process: counts so many logins of each outcome, on two threads.
fn count(path: &Path, logins: u64) {
    let counters = Counters::of(Place::IfThere(path.to_owned()));
    let one_thread = || {
        let mut gauge = counters.gauge();
        for number in 0..logins {
            counters.challenged();
            counters.accepted("users");
            counters.refused(Minor::BadMic);
            counters.verified(Duration::from_micros(number % 1000));
            gauge.set(usize::try_from(number % 5).unwrap(), 0);
        }
    };
    thread::scope(|scope| {
        scope.spawn(one_thread);
        scope.spawn(one_thread);
    });
}

/// A state directory that a process of ours may use.
fn state() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o700)).unwrap();
    directory
}

fn start(words: &[&str]) -> Child {
    let program = env::current_exe().unwrap();
    Command::new(program).args(words).spawn().unwrap()
}

fn finish(mut child: Child) {
    assert!(child.wait().unwrap().success());
}

fn read(state: &tempfile::TempDir) -> Snapshot {
    counters::read(state.path()).unwrap()
}

fn path_of(state: &tempfile::TempDir) -> &str {
    state.path().to_str().unwrap()
}

/// Asserts that so many logins were counted, each by all of its numbers.
#[track_caller]
fn assert_counted(snapshot: &Snapshot, logins: u64) {
    assert_eq!(snapshot.total(Total::Challenges), logins);
    assert_eq!(snapshot.accepted(), logins);
    let codes: Vec<_> = snapshot
        .refusals()
        .filter(|(_, count)| *count > 0)
        .collect();
    assert_eq!(codes, [(Minor::BadMic.code(), logins)]);
    let verified: u64 = snapshot.verifications().map(|(_, count)| count).sum();
    assert_eq!(verified, logins);
}

fn processes_count_together() {
    let state = state();
    let logins = LOGINS.to_string();
    let words = ["count", path_of(&state), &logins];
    let all: Vec<Child> = (0..PROCESSES).map(|_| start(&words)).collect();
    all.into_iter().for_each(finish);
    let counted = read(&state);
    assert_counted(&counted, PROCESSES * 2 * LOGINS);
    let each: Vec<u64> = counted
        .entries()
        .iter()
        .map(|entry| entry.accepted)
        .collect();
    assert!(each.iter().all(|logins| *logins == 2 * LOGINS), "{each:?}");
    assert!(counted.entries().iter().all(|entry| !entry.is_running()));
    assert!(counted.entries().iter().all(|entry| entry.connections == 0));
    // The totals stay.
    finish(start(&words));
    assert_counted(&read(&state), (PROCESSES + 1) * 2 * LOGINS);
}

/// Waits until the condition holds.
#[track_caller]
fn wait_until(condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(60), "in vain");
        thread::sleep(Duration::from_millis(2));
    }
}

fn killed_processes_lose_nothing() {
    let state = state();
    let mut before = 0;
    for killed in 1..=20 {
        let mut child = start(&["for ever", path_of(&state)]);
        let accepted = || counters::read(state.path()).map_or(0, |now| now.accepted());
        wait_until(|| accepted() > before);
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(KILL));
        let now = read(&state);
        assert!(now.accepted() > before, "a total went back");
        // Each of two threads was in the middle of one login at most.
        let others = [now.total(Total::Challenges), now.refused()];
        for other in others {
            assert!(now.accepted().abs_diff(other) <= 2 * killed, "{others:?}");
        }
        before = now.accepted();
    }
    finish(start(&["count", path_of(&state), "10"]));
    assert_eq!(read(&state).accepted(), before + 20);
}

/// The lock is held by a process that does not go on: others count nothing, and are not held up.
fn a_held_lock_delays_no_login() {
    let state = state();
    let lock = state.path().join("counters.lock");
    let held = fs::File::create(&lock).unwrap();
    fs::set_permissions(&lock, Permissions::from_mode(0o600)).unwrap();
    held.lock().unwrap();
    let began = Instant::now();
    finish(start(&["count", path_of(&state), "100"]));
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(counters::read(state.path()).is_err());
    held.unlock().unwrap();
    finish(start(&["count", path_of(&state), "100"]));
    assert_counted(&read(&state), 200);
}

/// A process that may not write files of that size stands for a full disk.
fn a_full_disk_is_no_fault() {
    let state = state();
    let program = env::current_exe().unwrap();
    let status = Command::new("bash")
        .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""])
        .arg(program)
        .args(["count", path_of(&state), "100"])
        .status();
    assert!(status.unwrap().success());
    let left: Vec<PathBuf> = fs::read_dir(state.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(left, [state.path().join("counters.lock")]);
    finish(start(&["count", path_of(&state), "100"]));
    assert_counted(&read(&state), 200);
    // All blocks are there, so that no access needs another one.
    let metadata = fs::metadata(state.path().join(FILE)).unwrap();
    assert!(metadata.blocks() * 512 >= metadata.len());
}

fn files_that_are_not_ours() {
    let state = state();
    let path = state.path().join(FILE);
    finish(start(&["count", path_of(&state), "1"]));
    let whole = fs::read(&path).unwrap();
    let with_version = |version| {
        let mut bytes = whole.clone();
        let place = if cfg!(target_endian = "little") { 7 } else { 0 };
        bytes[place] = version;
        bytes
    };
    for (bytes, is_replaced) in [
        (Vec::new(), true),
        (vec![0xFF; whole.len()], true),
        (whole[..whole.len() / 2].to_vec(), true),
        (with_version(0), true),
        (with_version(2), false),
    ] {
        fs::write(&path, &bytes).unwrap();
        finish(start(&["count", path_of(&state), "1"]));
        match is_replaced {
            true => assert_counted(&read(&state), 2),
            false => assert!(fs::read(&path).unwrap() == bytes),
        }
    }
}
