//! Counts challenges that no client answers on the same connection.
//!
//! A server that closes each connection (`KeepAlive Off`) drops the context with its challenge. The
//! client starts again, and no message is ever refused. Clients that give up look the same. One
//! context that is used again shows that connections are kept; this holds for the life of the
//! process.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::base::config::LogTarget;
use crate::base::log::{self, Severity};
use crate::base::process::PerProcess;

/// From this many dropped challenges without an answer, the connections are suspected.
const SUSPICIOUS: u32 = 8;

/// The challenges of this process.
#[derive(Debug, Default)]
pub(super) struct Unreturned {
    dropped: AtomicU32,
    is_settled: AtomicBool,
}

impl Unreturned {
    /// The counter of this process.
    pub(super) fn of_this_process() -> &'static Self {
        static SEEN: PerProcess<Unreturned> = PerProcess::new();
        SEEN.of_this_process(Self::default)
    }

    /// Counts a context that was dropped after its challenge.
    pub(super) fn dropped(&self) {
        if !self.is_settled.load(Ordering::Relaxed) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Call this for a message on a context whose challenge was sent: connections are kept.
    pub(super) fn came_back(&self) {
        self.is_settled.store(true, Ordering::Relaxed);
    }

    /// Whether to log the suspicion. True once.
    fn is_due(&self) -> bool {
        self.dropped.load(Ordering::Relaxed) >= SUSPICIOUS
            && !self.is_settled.swap(true, Ordering::Relaxed)
    }

    /// Logs once that no login goes on after its challenge.
    pub(super) fn tell_once(&self, to: LogTarget) {
        if self.is_due() {
            log::write(
                to,
                Severity::Error,
                format_args!(
                    "{SUSPICIOUS} logins began and none came back on its connection: is KeepAlive \
                     on? NTLM needs the connection to stay open between its messages"
                ),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(dropped: u32) -> Unreturned {
        let seen = Unreturned::default();
        (0..dropped).for_each(|_| seen.dropped());
        seen
    }

    #[test]
    fn logged_once_if_none_came_back() {
        assert!(!seen(SUSPICIOUS - 1).is_due());
        let many = seen(SUSPICIOUS);
        assert!(many.is_due());
        assert!(!many.is_due());
    }

    #[test]
    fn never_logged_after_one_came_back() {
        let kept = seen(SUSPICIOUS - 1);
        kept.came_back();
        (0..10 * SUSPICIOUS).for_each(|_| kept.dropped());
        assert!(!kept.is_due());
    }
}
