//! The guess limit, and what may happen to the processes and to the disk that it is kept on.
//!
//! The processes are this program itself, called again.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::HashMap;
use std::env;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{self, Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use gss_ntlmdc::base::config::{self, LogTarget};
use gss_ntlmdc::login::guess_limit::{Answer, GuessLimit};

const LIMIT: u16 = 3;
/// SIGKILL, for a process that cannot tidy up.
const KILL: i32 = 9;

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["spray", path, users, rounds] => spray_aloud(Path::new(path), users, rounds),
        ["for ever", path] => guess_for_ever(Path::new(path)),
        ["full disk", path] => on_a_full_disk(Path::new(path)),
        _ => run_tests(),
    }
}

fn run_tests() {
    let tests: [(&str, fn()); 4] = [
        ("processes_count_together", processes_count_together),
        (
            "killed_processes_harm_no_count",
            killed_processes_harm_no_count,
        ),
        ("a_full_disk_forgets_no_count", a_full_disk_forgets_no_count),
        ("no_room_at_all_is_told", no_room_at_all_is_told),
    ];
    // A test that fails panics, and ends the program with a status that says so.
    for (name, test) in tests {
        test();
        println!("test {name} ... ok");
    }
    println!("test result: ok. {} passed; 0 failed", tests.len());
}

fn guess_limit(path: &Path) -> GuessLimit {
    let rule = config::GuessLimit {
        limit: LIMIT,
        window: Duration::from_secs(3600),
    };
    GuessLimit::new(rule, Some(path.to_owned()), LogTarget::Stderr)
}

fn name(user: u32) -> String {
    format!("user{user}")
}

/// Guesses at a user; false if no verifier was asked.
fn is_asked(guess_limit: &GuessLimit, user: u32) -> bool {
    let guess = guess_limit.begin(&name(user));
    guess.map(|guess| guess.refused(Answer::Wrong)).is_ok()
}

/// Logs a user in with the right password; false if no verifier was asked.
fn is_let_in(guess_limit: &GuessLimit, user: u32) -> bool {
    let guess = guess_limit.begin(&name(user));
    guess.map(|guess| guess.accepted(Some(&name(user)))).is_ok()
}

/// A process: guesses at each user in each round, and prints about which a verifier was asked.
fn spray_aloud(path: &Path, users: &str, rounds: &str) {
    let guess_limit = guess_limit(path);
    let mut out = std::io::stdout().lock();
    for _ in 0..rounds.parse::<u32>().unwrap() {
        for user in 0..users.parse().unwrap() {
            if is_asked(&guess_limit, user) {
                writeln!(out, "{user}").unwrap();
            }
        }
    }
}

/// A process: guesses at very many users until it is killed.
fn guess_for_ever(path: &Path) {
    let guess_limit = guess_limit(path);
    let mut user = process::id() % 1000 * 50;
    loop {
        user = (user + 1) % 50_000;
        is_asked(&guess_limit, 100_000 + user);
    }
}

/// A process whose directory has room for some pages.
fn on_a_full_disk(path: &Path) {
    let guess_limit = guess_limit(path);
    let mut asked = HashMap::<u32, u16>::new();
    for user in (0..4000).chain(0..1000).chain(0..1000).chain(0..1000) {
        if is_asked(&guess_limit, user) {
            *asked.entry(user).or_default() += 1;
        }
    }
    assert_eq!(asked.len(), 4000, "none was refused its first guess");
    assert!(asked.values().all(|times| *times <= LIMIT));
    for user in 0..2000 {
        assert!(is_let_in(&guess_limit, 10_000 + user), "{user}");
    }
}

fn start(words: &[&str]) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(words).stdout(Stdio::piped());
    command.spawn().unwrap()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    folder
}

fn processes_count_together() {
    let folder = folder();
    let path = folder.path().join("EXAMPLE.guesses");
    let words = ["spray", path.to_str().unwrap(), "300", "4"];
    let processes: Vec<_> = (0..8).map(|_| start(&words)).collect();
    let mut asked = HashMap::<String, u16>::new();
    for process in processes {
        let done = process.wait_with_output().unwrap();
        assert!(done.status.success());
        for user in String::from_utf8(done.stdout).unwrap().lines() {
            *asked.entry(user.to_owned()).or_default() += 1;
        }
    }
    assert_eq!(asked.len(), 300);
    let odd: Vec<_> = asked.iter().filter(|(_, n)| **n != LIMIT).collect();
    assert!(odd.is_empty(), "{odd:?}");
}

fn killed_processes_harm_no_count() {
    const VICTIMS: u32 = 500;
    let folder = folder();
    let path = folder.path().join("EXAMPLE.guesses");
    let guess_limit = guess_limit(&path);
    for user in 0..VICTIMS {
        for _ in 0..LIMIT {
            assert!(is_asked(&guess_limit, user));
        }
    }
    let inode = fs::metadata(&path).unwrap().ino();
    let words = ["for ever", path.to_str().unwrap()];
    let mut processes: Vec<_> = (0..3).map(|_| start(&words)).collect();
    for killed in 0..90 {
        thread::sleep(Duration::from_millis(20 + killed % 7));
        let mut process = std::mem::replace(&mut processes[killed as usize % 3], start(&words));
        process.kill().unwrap();
        assert_eq!(process.wait().unwrap().signal(), Some(KILL));
    }
    for process in &mut processes {
        process.kill().unwrap();
        process.wait().unwrap();
    }
    let began = Instant::now();
    for user in 0..VICTIMS {
        assert!(!is_asked(&guess_limit, user), "{user}: the count is lost");
        assert!(is_let_in(&guess_limit, 10_000 + user), "{user}");
    }
    assert!(began.elapsed() < Duration::from_secs(10), "no lock is left");
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!(metadata.ino(), inode, "the file was damaged");
    assert!(metadata.len() > 40 * 4096, "the table has grown meanwhile");
}

/// Runs a process in a file system of so many KiB, and returns what it logged.
fn in_a_file_system_of(size: u32) -> String {
    let folder = folder();
    let directory = folder.path().to_str().unwrap();
    let script =
        "mount -t tmpfs -o size=$2k,mode=700 none $1 && exec \"$0\" 'full disk' $1/E.guesses";
    let done = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", script])
        .arg(env::current_exe().unwrap())
        .args([directory, &size.to_string()])
        .output()
        .unwrap();
    let logged = String::from_utf8(done.stderr).unwrap();
    assert!(done.status.success(), "{logged}");
    logged
}

fn a_full_disk_forgets_no_count() {
    let logged = in_a_file_system_of(120);
    assert_eq!(logged.lines().count(), 1, "{logged}");
    assert!(
        logged.contains("its size cannot be changed: No space left"),
        "{logged}"
    );
}

/// The counts are in the memory of the process then.
fn no_room_at_all_is_told() {
    let logged = in_a_file_system_of(40);
    assert_eq!(logged.lines().count(), 1, "{logged}");
    assert!(logged.contains("No space left"), "{logged}");
    assert!(
        logged.contains("counts wrong passwords for itself"),
        "{logged}"
    );
}
