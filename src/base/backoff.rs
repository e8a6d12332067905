//! Pauses between tries, each up to twice as long as the one before.

use std::thread;
use std::time::Duration;

use crate::base::crypto;
use crate::base::net::Deadline;

/// How long to pause before the next try.
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// The first pause is no longer than `first`, and none is longer than `longest`.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self {
            next: first,
            longest,
        }
    }

    /// Pauses for a random time, from half of the next pause to the whole, so that two processes
    /// that collided do not collide again. The deadline cuts the pause short. `None`, without a
    /// pause, if it is over.
    pub fn pause(&mut self, deadline: Deadline) -> Option<()> {
        let left = deadline.remaining()?;
        thread::sleep(left.min(self.next()));
        Some(())
    }

    fn next(&mut self) -> Duration {
        let whole = self.next;
        self.next = (whole * 2).min(self.longest);
        // Without random bytes, the whole.
        let part = crypto::random().map_or(u16::MAX, u16::from_le_bytes);
        whole / 2 + whole / 2 * u32::from(part) / u32::from(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pause_is_up_to_twice_as_long_as_the_one_before() {
        let millis = Duration::from_millis;
        let mut backoff = Backoff::new(millis(2), millis(10));
        for longest in [2, 4, 8, 10, 10] {
            let pause = backoff.next();
            let range = millis(longest) / 2..=millis(longest);
            assert!(range.contains(&pause), "{pause:?} of {longest} ms");
        }
    }

    #[test]
    fn no_pause_after_the_deadline() {
        let mut backoff = Backoff::new(Duration::from_secs(60), Duration::from_secs(60));
        assert_eq!(backoff.pause(Deadline::after(Duration::ZERO)), None);
    }
}
