//! The outage: no controller answers, or they refuse our account.
//!
//! ```text
//!                    no controller answers
//!            ┌──────► login ──────────────► outage: logins are refused at once, 2 s
//!            │        ▲                        │ the pause is over
//!            │        │ answered, or local     ▼
//!          normal ◄───┴─────────────────── one login tries for all, the others are refused
//!                                              │ in vain: outage again; if the account is refused,
//!                                              └─► after twice the pause, up to 45 s
//! ```

use std::time::{Duration, Instant};

use crate::base::fault::Fault;
use crate::dc::failure;

/// How long no login tries to open a channel. Then one login tries for all.
const PAUSE: Duration = Duration::from_secs(2);
/// If controllers refuse our account, the pause doubles with each failed try, up to this one: no
/// machine may agree on a new key more often (MS-NRPC 3.1.4.6 step 4).
const LONGEST_PAUSE: Duration = Duration::from_secs(45);

/// No controller answers, or none knows our account.
pub(super) struct Outage {
    pub(super) fault: Fault,
    pub(super) pause: Duration,
    pub(super) until: Instant,
    /// One login is trying again.
    pub(super) being_tried: bool,
}

impl Outage {
    /// The outage that begins with this `fault`, or prolongs the `last` one.
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

    /// A refused account needs an administrator. Once it is repaired, the wait is no longer than
    /// the outage was.
    fn next_pause(last: Option<&Self>, fault: &Fault) -> Duration {
        let is_refused = failure::is_account_refused(fault.minor());
        // Logins that had begun before, and failed too, were no further tries.
        match last.filter(|last| is_refused && last.being_tried) {
            Some(last) => (last.pause * 2).min(LONGEST_PAUSE),
            None => PAUSE,
        }
    }
}
