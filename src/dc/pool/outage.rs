//! What is remembered when no controller answered, or when they refuse our account.

use std::time::{Duration, Instant};

use crate::base::fault::Fault;
use crate::dc::failure;

/// How long no login tries to open a channel; then one tries for all.
const PAUSE: Duration = Duration::from_secs(2);
/// When controllers refuse our account, the pause doubles with each try in vain, up to this: as often
/// may a machine agree on a new key (MS-NRPC 3.1.4.6 step 4).
const LONGEST_PAUSE: Duration = Duration::from_secs(45);

/// No controller answered, or none knows our account.
pub(super) struct Outage {
    pub(super) fault: Fault,
    pub(super) pause: Duration,
    pub(super) until: Instant,
    /// One login is trying again.
    pub(super) being_tried: bool,
}

impl Outage {
    /// The outage after this `fault`; `last` is the one that it prolongs.
    pub(super) fn after(last: Option<&Self>, fault: Fault, now: Instant) -> Self {
        let pause = Self::next_pause(last, &fault);
        Self {
            fault,
            pause,
            until: now + pause,
            being_tried: false,
        }
    }

    /// Whether logins are refused at once.
    pub(super) fn bars(&self, now: Instant) -> bool {
        self.being_tried || now < self.until
    }

    /// A refused account needs an administrator: once it is mended, the wait is no longer than it has
    /// been broken.
    fn next_pause(last: Option<&Self>, fault: &Fault) -> Duration {
        let is_refused = failure::is_account_refused(fault.minor());
        // Those that had begun before, and failed too, were no further tries.
        match last.filter(|last| is_refused && last.being_tried) {
            Some(last) => (last.pause * 2).min(LONGEST_PAUSE),
            None => PAUSE,
        }
    }
}
