//! Challenges that no client answers on the connection they went out on.
//!
//! A server that closes each connection (`KeepAlive Off`) drops the context with its challenge, the
//! client begins anew, and no message is ever wrong. Clients that give up leave the same trace, so one
//! context that is used again shows that connections are kept, for as long as the process lives.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::base::config::LogTarget;
use crate::base::log::{self, Severity};
use crate::base::process::PerProcess;

/// So many in a row, before any came back, are no clients that gave up.
const SUSPICIOUS: u32 = 8;

/// What this process has seen of its challenges.
#[derive(Debug, Default)]
pub(super) struct Unreturned {
    dropped: AtomicU32,
    is_settled: AtomicBool,
}

impl Unreturned {
    /// That of this process.
    pub(super) fn of_this_process() -> &'static Self {
        static SEEN: PerProcess<Unreturned> = PerProcess::new();
        SEEN.of_this_process(Self::default)
    }

    /// A context was dropped after its challenge.
    pub(super) fn dropped(&self) {
        if !self.is_settled.load(Ordering::Relaxed) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A message came on a context whose challenge was out: connections are kept.
    pub(super) fn came_back(&self) {
        self.is_settled.store(true, Ordering::Relaxed);
    }

    /// Whether to tell the log; true once.
    fn is_due(&self) -> bool {
        self.dropped.load(Ordering::Relaxed) >= SUSPICIOUS
            && !self.is_settled.swap(true, Ordering::Relaxed)
    }

    /// Says once that logins begin and none goes on.
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
    fn told_once_when_none_came_back() {
        assert!(!seen(SUSPICIOUS - 1).is_due());
        let many = seen(SUSPICIOUS);
        assert!(many.is_due());
        assert!(!many.is_due());
    }

    #[test]
    fn never_told_after_one_came_back() {
        let kept = seen(SUSPICIOUS - 1);
        kept.came_back();
        (0..10 * SUSPICIOUS).for_each(|_| kept.dropped());
        assert!(!kept.is_due());
    }
}
