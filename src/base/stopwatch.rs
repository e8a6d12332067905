//! How long each wait of a login takes, for `ntlmdc login`. A server sets no observer, and measures
//! nothing.

use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A wait that has ended.
pub struct Lap<'a> {
    /// What was done: "agreeing on a session key".
    pub step: &'a dyn Display,
    /// The other host, if it is one.
    pub peer: Option<SocketAddr>,
    /// When it began.
    pub began: Instant,
    /// How long it took, whatever came of it; with the steps within it.
    pub took: Duration,
}

type Observer = fn(Lap<'_>);

static OBSERVER: OnceLock<Observer> = OnceLock::new();

/// Sets the function that is told of each wait of this process. Only the first call counts.
pub fn observe(observer: Observer) {
    OBSERVER.get_or_init(|| observer);
}

/// Does the work of a step. The laps of steps within it, as of the probe of a controller that is
/// late, come before its own.
pub fn timed<T>(step: impl Display, peer: Option<SocketAddr>, work: impl FnOnce() -> T) -> T {
    let Some(observer) = OBSERVER.get() else {
        return work();
    };
    let began = Instant::now();
    let done = work();
    observer(Lap {
        step: &step,
        peer,
        began,
        took: began.elapsed(),
    });
    done
}
