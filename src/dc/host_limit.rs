//! How many logons the processes of this host have under way together.
//!
//! A Windows member has at most ten calls under way on its secure channel (MaxConcurrentApi), and
//! the controllers' own channels to trusted domains have the same limit. So a logon holds a slot of
//! the host while it is under way (see [`Slots`]). Without a usable state directory there is no
//! limit.

use std::sync::Arc;
use std::time::Duration;

use crate::base::backoff::Backoff;
use crate::base::file::slots::{Held, Slots, TryTake};
use crate::base::net::Deadline;
use crate::base::process::PerProcess;
use crate::dc::claim::Share;
use crate::dc::error::Error;
use crate::dc::shared_key::SharedKeys;

/// The wait before the second try; it doubles with each, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(16);
/// How long a login of another domain waits. Its slots are free again soon, unless its domain
/// hangs.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many logins of other domains wait on this host.
const MAX_WAITING: usize = 8;

/// The limit of one machine account.
pub(super) struct HostLimit {
    most: usize,
    slots: PerProcess<Arc<Slots>>,
    waiting: PerProcess<Arc<Slots>>,
}

impl HostLimit {
    /// Opens no file yet.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            slots: PerProcess::new(),
            waiting: PerProcess::new(),
        }
    }

    /// Waits for a slot. `None` if there is no limit.
    ///
    /// # Errors
    /// [`Error::HostBusy`] when the time is over, [`Error::Crowded`] at once when enough logins of
    /// other domains wait.
    pub(super) fn take(
        &self,
        shared: &SharedKeys,
        share: Share,
        deadline: Deadline,
    ) -> Result<Option<Held>, Error> {
        let slots = self.slots.of_this_process(|| Slots::new(self.most));
        let open = |number| shared.open_private(&format!("{number}.logon"));
        let mut found = slots.try_take(self.order(share, slots), open);
        let mut deadline = deadline;
        let mut _place = None;
        if matches!(found, TryTake::Full) && share == Share::Elsewhere {
            let waiting = self.waiting.of_this_process(|| Slots::new(MAX_WAITING));
            let open = |number| shared.open_private(&format!("{number}.waiting"));
            _place = match waiting.try_take(0..MAX_WAITING, open) {
                TryTake::Full => return Err(Error::Crowded),
                place => Some(place),
            };
            deadline = deadline.or_after(PATIENCE);
        }
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            match found {
                TryTake::Free(held) => return Ok(Some(held)),
                TryTake::NoLimit => return Ok(None),
                TryTake::Full => {}
            }
            backoff.pause(deadline).ok_or(Error::HostBusy)?;
            found = slots.try_take(self.order(share, slots), open);
        }
    }

    /// The slots that a login of this share may have, best first. Other domains have a quarter and
    /// no more. Another quarter is not for logins that name no domain.
    fn order(&self, share: Share, slots: &Slots) -> impl Iterator<Item = usize> + use<> {
        let quarter = (self.most / 4).max(1);
        let end = match share {
            Share::Ours => self.most,
            Share::Unnamed => self.most - quarter,
            Share::Elsewhere => 0,
        };
        let own = quarter..end;
        let last = slots.last();
        // The slot that was free last time comes first, so that few files are open.
        let first = own.contains(&last).then_some(last);
        let others = own.filter(move |slot| Some(*slot) != first);
        first.into_iter().chain(others).chain(0..quarter)
    }
}

#[cfg(test)]
mod tests;
