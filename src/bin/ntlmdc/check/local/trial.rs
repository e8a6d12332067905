//! Programs of the system that are asked about something: run to their end, within a time.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// The most that is read of what a program says, in bytes.
const LIMIT: u64 = 16 << 10;

/// How long after the end of a program its last words are waited for.
const REST: Duration = Duration::from_secs(2);

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    pub is_success: bool,
    /// What it wrote to its standard error, without spaces around it.
    pub errors: String,
}

/// Runs a program without input. `None`: it cannot be run, or did not end in time.
pub fn run(mut command: Command, patience: Duration) -> Option<Ended> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    // The pipe is read while the program runs: it may say more than the pipe holds.
    let from = child.stderr.take()?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut said = Vec::new();
        let mut from = from;
        let read = from.by_ref().take(LIMIT).read_to_end(&mut said);
        let _rest = read.and_then(|_| std::io::copy(&mut from, &mut std::io::sink()));
        // Nothing waits for it if it comes too late.
        let _late = sender.send(said);
    });
    let is_success = wait(&mut child, patience)?;
    // A process that the program has left behind may keep the pipe open.
    let said = receiver.recv_timeout(REST).ok()?;
    let errors = String::from_utf8_lossy(&said).trim().to_owned();
    Some(Ended { is_success, errors })
}

/// Whether the program succeeded; `None` if it had to be killed.
fn wait(child: &mut Child, patience: Duration) -> Option<bool> {
    let end = Instant::now() + patience;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(5)),
            _ => {
                let _gone_already = child.kill();
                let _status = child.wait();
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", text]);
        command
    }

    #[test]
    fn a_program_that_says_much_ends() {
        let text = "i=0; while [ $i -lt 20000 ]; do echo 1234567890 >&2; i=$((i+1)); done; exit 3";
        let outcome = run(script(text), Duration::from_secs(60)).unwrap();
        assert!(!outcome.is_success && outcome.errors.starts_with("1234567890\n"));
        assert!(outcome.errors.len() <= LIMIT as usize);
    }

    #[test]
    fn a_program_that_hangs_is_killed() {
        let began = Instant::now();
        assert!(run(script("exec sleep 60"), Duration::from_millis(50)).is_none());
        assert!(began.elapsed() < Duration::from_secs(30));
        assert!(run(Command::new("/nonexistent"), Duration::ZERO).is_none());
        // Its child keeps the pipe open.
        assert!(run(script("sleep 60 & exit 0"), Duration::from_secs(30)).is_none());
        assert!(began.elapsed() < Duration::from_secs(50));
    }
}
