//! Ctrl-C while something is being changed: says what was made so far, and how to go on.

use std::process;
use std::sync::{Arc, Mutex};
use std::thread;

use nix::sys::signal::{SigSet, Signal};

/// What was made so far.
#[derive(Clone, Default)]
pub struct Made(Arc<Mutex<Vec<String>>>);

impl Made {
    pub fn push(&self, what: String) {
        if let Ok(mut made) = self.0.lock() {
            made.push(what);
        }
    }

    fn text(&self) -> String {
        let made = self.0.lock().map(|made| made.clone()).unwrap_or_default();
        let rows: String = made.iter().map(|what| format!("\n  {what}")).collect();
        format!(
            "ntlmdc: interrupted. So far:{rows}\n\
             Run the same command again: it goes on from there. To undo it instead, delete the \
             account and\nthese files."
        )
    }
}

/// As long as it lives, SIGINT and SIGTERM end the process with a word about what was made.
pub struct Watch(SigSet);

impl Watch {
    /// Begins. The signals are blocked in this thread, and another one waits for them.
    pub fn begin(made: &Made) -> Self {
        let signals: SigSet = [Signal::SIGINT, Signal::SIGTERM].into_iter().collect();
        let made = made.clone();
        if signals.thread_block().is_ok() {
            thread::spawn(move || {
                if let Ok(signal) = signals.wait() {
                    anstream::eprintln!("\n{}", made.text());
                    process::exit(128 + signal as i32);
                }
            });
        }
        Self(signals)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _still_blocked = self.0.thread_unblock();
    }
}

/// Takes the signals in a process that a thread has started which blocks them.
pub fn take_signals() {
    let _still_blocked = SigSet::all().thread_unblock();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_told() {
        let made = Made::default();
        made.clone().push("CN=X: asked for".to_owned());
        let text = made.text();
        assert!(
            text.contains("\n  CN=X: asked for\nRun the same command again"),
            "{text}"
        );
    }
}
