//! Many processes on one machine account, with disturbances.
//!
//! Ten processes start at the same moment on an empty state directory, and log users in through a
//! relay that counts how often a key is agreed on with the controller. Then again while the state
//! file is deleted, damaged or replaced, and while processes are killed. Each login of each living
//! process must be right: the right password is accepted, with the right session key, and a wrong
//! one is refused.
//!
//! The environment is that of `tests/dc/main.rs`, and `NTLMDC_STORM_LOGINS`: how many logins each
//! process makes, 100 if it is not set.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::env;
use std::fs::{self, Permissions};
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gss_ntlmdc::base::fault::Minor;
use gss_ntlmdc::login::verify::Verifier;
use support::client::Client;
use support::dc::{self, Setup};
use support::relay::Relay;

const PROCESSES: usize = 10;
/// They wait for each other: a slot that a killed process kept would be missed.
const HOST_LOGONS: usize = 3;
/// SIGKILL, for a process that cannot tidy up.
const KILL: i32 = 9;

fn main() {
    let mut words = env::args().skip(1);
    match (words.next().as_deref(), words.next(), words.next()) {
        (Some("process"), Some(controller), Some(state)) => process(controller, state.into()),
        (Some("alone"), Some(controller), Some(secret)) => alone(controller, secret.into()),
        _ => {
            storm_without_directory();
            storms();
        }
    }
}

/// One of the processes.
fn process(controller: String, state: PathBuf) {
    let setup = Setup {
        controller,
        connections: 1,
        host_logons: HOST_LOGONS,
        state_dir: Some(state),
        ..Setup::right()
    };
    // The signal to start, for all at once.
    std::io::stdin().read_exact(&mut [0]).unwrap();
    let client = Client::of("alice");
    let wrong = Client::with_password("bob", "wrong password");
    let mut verifier = setup.verifier();
    for number in 0..logins() {
        // As if the process were new: it opens a channel, with the key that is shared.
        if number % 10 == 9 {
            verifier = setup.verifier();
        }
        match verifier.verify(&client.attempt()) {
            Ok(logon) => {
                assert_eq!(logon.session_base_key(), Some(&client.session_base_key()));
            }
            Err(refusal) => panic!("login {number}: {refusal:?}"),
        }
        if number % 50 == 7 {
            let fault = dc::refused(&verifier, &wrong);
            assert_eq!(fault.minor(), Minor::BadUserOrPassword, "login {number}");
        }
    }
}

/// How many processes have no state directory, how many logins each of them makes, and over how
/// many connections.
const ALONE: usize = 32;
const LOGINS_ALONE: usize = 20;
const THREADS: usize = 2;

/// One of the processes that have no state directory.
fn alone(controller: String, secret: PathBuf) {
    let setup = Setup {
        controller,
        connections: THREADS,
        state_dir: Some(secret.join("no directory")),
        secret_file: Some(secret),
        ..Setup::right()
    };
    std::io::stdin().read_exact(&mut [0]).unwrap();
    let client = Client::of("alice");
    let verifier = setup.verifier();
    let log_in = || {
        let outcomes = (0..LOGINS_ALONE / THREADS).map(|_| verifier.verify(&client.attempt()));
        outcomes.filter_map(Result::err).collect::<Vec<_>>()
    };
    let refused: Vec<_> = thread::scope(|scope| {
        let threads = [(); THREADS].map(|()| scope.spawn(log_in));
        threads
            .into_iter()
            .flat_map(|one| one.join().unwrap())
            .collect()
    });
    let (count, first) = (refused.len(), refused.first());
    assert_eq!(count, 0, "logins refused, the first: {first:?}");
}

/// Each process agrees on a key of its own, all at the same moment: no login is lost.
fn storm_without_directory() {
    let relay = Relay::to_netlogon();
    let controller = relay.setup().controller;
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret");
    dc::write_secret(&secret, Setup::right().secret.as_bytes());
    let start = || {
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args(["alone", &controller])
            .arg(&secret)
            .env("TMPDIR", directory.path());
        Process(command.stdin(Stdio::piped()).spawn().unwrap())
    };
    let began = Instant::now();
    let mut running: Vec<Process> = (0..ALONE).map(|_| start()).collect();
    running.iter_mut().for_each(Process::go);
    for process in &mut running {
        process.came_to_its_end();
    }
    println!(
        "no state directory: {ALONE} processes, {LOGINS_ALONE} logins each, all right in {:.1} s; \
         Authenticate3: {}",
        began.elapsed().as_secs_f64(),
        relay.authentications.load(Ordering::SeqCst),
    );
}

fn logins() -> usize {
    let text = env::var("NTLMDC_STORM_LOGINS");
    text.map_or(100, |text| text.parse().unwrap())
}

fn storms() {
    for (name, disturb) in [
        ("undisturbed", None),
        ("state file deleted every 100 ms", Some(delete as Disturb)),
        ("state file damaged every 100 ms", Some(damage as Disturb)),
        (
            "state file gone or an old one every 100 ms",
            Some(restore as Disturb),
        ),
    ] {
        let (survived, agreed) = storm(name, disturb, false);
        assert_eq!(survived, PROCESSES, "{name}");
        match disturb {
            None => assert!((1..=2).contains(&agreed), "{name}: {agreed}"),
            Some(_) => assert!(agreed > 1, "{name}: no process noticed"),
        }
    }
    let (survived, _) = storm("a process killed every 50 ms", None, true);
    assert!(survived >= PROCESSES);
    let name = "a process killed every 50 ms, state file gone or an old one";
    let (survived, _) = storm(name, Some(restore), true);
    assert!(survived >= PROCESSES);
}

/// How many processes came to their end, and how often a key was agreed on.
fn storm(name: &str, disturb: Option<Disturb>, kill: bool) -> (usize, usize) {
    let storm = Storm::new();
    let start = Instant::now();
    let survived = storm.run(disturb, kill);
    let agreed = storm.relay.authentications.load(Ordering::SeqCst);
    println!(
        "{name}: {survived} processes came to their end, {} logins each, all right in {:.1} s; \
         Authenticate3: {agreed}",
        logins(),
        start.elapsed().as_secs_f64(),
    );
    (survived, agreed)
}

/// Does something to the state file; the copy is an old one.
type Disturb = fn(state: &Path, copy: &Path);

fn delete(state: &Path, _: &Path) {
    let _not_written_yet = fs::remove_file(state);
}

fn damage(state: &Path, _: &Path) {
    put(state, &[0x55; 100]);
}

/// In turns: removed, so that a process agrees on another key, and the first one restored.
fn restore(state: &Path, copy: &Path) {
    match fs::read(state) {
        Ok(now) if !copy.exists() => {
            fs::write(copy, now).unwrap();
            delete(state, copy);
        }
        Ok(now) => match fs::read(copy).unwrap() {
            old if old == now => delete(state, copy),
            old => put(state, &old),
        },
        Err(_) => {}
    }
}

fn put(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

struct Storm {
    relay: Relay,
    directory: tempfile::TempDir,
}

impl Storm {
    fn new() -> Self {
        let storm = Self {
            relay: Relay::to_netlogon(),
            directory: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(storm.temporary_dir()).unwrap();
        fs::create_dir(storm.state_dir()).unwrap();
        fs::set_permissions(storm.state_dir(), Permissions::from_mode(0o700)).unwrap();
        storm
    }

    fn state_dir(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    /// Where the processes have their temporary files.
    fn temporary_dir(&self) -> PathBuf {
        self.directory.path().join("tmp")
    }

    fn state_file(&self) -> PathBuf {
        let address: SocketAddr = self.relay.setup().controller.parse().unwrap();
        let (ip, port) = (address.ip(), address.port());
        let computer = dc::COMPUTER;
        self.state_dir()
            .join(format!("EXAMPLE.{computer}.{ip}.{port}.state"))
    }

    fn start(&self) -> Process {
        let child = Command::new(env::current_exe().unwrap())
            .args(["process", &self.relay.setup().controller])
            .arg(self.state_dir())
            // One that is killed leaves its files, a secret among them: they go with ours.
            .env("TMPDIR", self.temporary_dir())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        Process(child)
    }

    /// Runs the processes to their end, disturbed every 100 ms, or one of them killed every 50 ms
    /// and another started in its place; how many came to their end. Ends at the first that failed.
    fn run(&self, disturb: Option<Disturb>, kill: bool) -> usize {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let finally = Finally(&over);
            let disturbing = scope.spawn(|| {
                let mut times = 0;
                while let Some(disturb) = disturb.filter(|_| !over.load(Ordering::SeqCst)) {
                    thread::sleep(Duration::from_millis(100));
                    disturb(&self.state_file(), &self.directory.path().join("copy"));
                    times += 1;
                }
                times
            });
            let mut running: Vec<Process> = (0..PROCESSES).map(|_| self.start()).collect();
            running.iter_mut().for_each(Process::go);
            let survived = if kill {
                let survived = self.killing(&mut running);
                let left = fs::read_dir(self.temporary_dir()).unwrap().count();
                assert!(left > 0, "the processes have their files elsewhere");
                survived
            } else {
                running
                    .iter_mut()
                    .filter_map(Process::came_to_its_end)
                    .count()
            };
            drop(finally);
            let times = disturbing.join().unwrap();
            assert!(disturb.is_none() || times > 1, "disturbed {times} times");
            if disturb.is_none() {
                assert!(self.state_file().exists(), "what was shared is there");
            }
            survived
        })
    }

    /// Kills the process that has run longest, thirty times; then all may come to their end.
    fn killing(&self, running: &mut Vec<Process>) -> usize {
        let (mut killed, mut survived) = (0, 0);
        while killed < 30 {
            thread::sleep(Duration::from_millis(50));
            let mut oldest = running.remove(0);
            oldest.0.kill().unwrap();
            match oldest.came_to_its_end() {
                Some(()) => survived += 1,
                None => killed += 1,
            }
            let mut next = self.start();
            next.go();
            running.push(next);
        }
        let rest = running.iter_mut().filter_map(Process::came_to_its_end);
        survived + rest.count()
    }
}

/// Ends what disturbs, also when the test has failed.
struct Finally<'a>(&'a AtomicBool);

impl Drop for Finally<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// One of the processes; killed if the test has failed.
struct Process(Child);

impl Process {
    fn go(&mut self) {
        let mut stdin = self.0.stdin.take().unwrap();
        stdin.write_all(b"!").unwrap();
    }

    /// Waits for it; none if it was killed. One that failed ends the test.
    fn came_to_its_end(&mut self) -> Option<()> {
        let status = self.0.wait().unwrap();
        if status.signal() == Some(KILL) {
            return None;
        }
        assert!(status.success(), "a process failed: {status}");
        Some(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _ended_already = self.0.wait();
    }
}
