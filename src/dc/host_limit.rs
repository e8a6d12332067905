//! How many logons the processes of this host have under way together.
//!
//! A Windows member has at most ten calls under way on its secure channel (MaxConcurrentApi), and
//! the controllers' own channels to trusted domains have the same limit. So a logon holds a slot of
//! the host while it is under way: a lock (flock) on one of a few files in the state directory. The
//! kernel releases it when the process dies, unless a child that was forked meanwhile lives on
//! without an exec. The files stay open, so a logon costs two system calls. Without a usable state
//! directory there is no limit.

use std::fs::{File, TryLockError};
use std::iter;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use crate::base::backoff::Backoff;
use crate::base::clock::seconds_since_1970;
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
/// In seconds: how long a process goes without a limit when a file cannot be used.
const RETRY: u32 = 60;

/// The limit of one machine account.
pub(super) struct HostLimit {
    most: usize,
    slots: PerProcess<SlotFiles>,
    waiting: PerProcess<SlotFiles>,
}

/// A logon may be under way until this is dropped.
#[derive(Debug)]
pub(super) struct Held<'a>(&'a SlotFile);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
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
    ) -> Result<Option<Held<'_>>, Error> {
        let slots = self
            .slots
            .of_this_process(|| SlotFiles::new("logon", self.most));
        let mut found = slots.try_take(shared, self.order(share, slots));
        let mut deadline = deadline;
        let mut _place = None;
        if matches!(found, TryTake::Full) && share == Share::Elsewhere {
            let waiting = self
                .waiting
                .of_this_process(|| SlotFiles::new("waiting", MAX_WAITING));
            _place = match waiting.try_take(shared, 0..MAX_WAITING) {
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
            found = slots.try_take(shared, self.order(share, slots));
        }
    }

    /// The slots that a login of this share may have, best first. Other domains have a quarter and
    /// no more. Another quarter is not for logins that name no domain.
    fn order(&self, share: Share, slots: &SlotFiles) -> impl Iterator<Item = usize> + use<> {
        let quarter = (self.most / 4).max(1);
        let end = match share {
            Share::Ours => self.most,
            Share::Unnamed => self.most - quarter,
            Share::Elsewhere => 0,
        };
        let own = quarter..end;
        let last = slots.last.load(Ordering::Relaxed);
        // The slot that was free last time comes first, so that few files are open.
        let first = own.contains(&last).then_some(last);
        let others = own.filter(move |slot| Some(*slot) != first);
        first.into_iter().chain(others).chain(0..quarter)
    }
}

/// The slots of one kind, as this process has them open.
struct SlotFiles {
    kind: &'static str,
    slots: Vec<SlotFile>,
    /// The slot that was free last.
    last: AtomicUsize,
    /// When unusable files are tried again, in seconds since 1970.
    retry: AtomicU32,
}

#[derive(Debug, Default)]
struct SlotFile {
    file: OnceLock<File>,
    /// A lock belongs to the open file, so it does not keep out another thread of this process.
    is_held: AtomicBool,
}

/// The result of a try to take a slot.
enum TryTake<'a> {
    Free(Held<'a>),
    Full,
    /// The files cannot be used.
    NoLimit,
}

impl SlotFiles {
    fn new(kind: &'static str, most: usize) -> Self {
        Self {
            kind,
            slots: iter::repeat_with(SlotFile::default).take(most).collect(),
            // Processes begin at different slots.
            last: AtomicUsize::new(usize::try_from(std::process::id()).unwrap_or(0) % most.max(1)),
            retry: AtomicU32::new(0),
        }
    }

    fn try_take(&self, shared: &SharedKeys, order: impl Iterator<Item = usize>) -> TryTake<'_> {
        let now = seconds_since_1970();
        if now < self.retry.load(Ordering::Relaxed) {
            return TryTake::NoLimit;
        }
        for number in order {
            let Some(slot) = self.slots.get(number) else {
                continue;
            };
            match slot.try_take(|| shared.open_private(&format!("{number}.{}", self.kind))) {
                Some(Ok(held)) => {
                    self.last.store(number, Ordering::Relaxed);
                    return TryTake::Free(held);
                }
                Some(Err(BadSlotFile)) => {
                    self.retry
                        .store(now.saturating_add(RETRY), Ordering::Relaxed);
                    return TryTake::NoLimit;
                }
                None => {}
            }
        }
        TryTake::Full
    }
}

/// The file of a slot cannot be opened or locked.
struct BadSlotFile;

impl SlotFile {
    /// Takes the slot if it is free.
    fn try_take(
        &self,
        open: impl FnOnce() -> Option<File>,
    ) -> Option<Result<Held<'_>, BadSlotFile>> {
        if self.is_held.swap(true, Ordering::Acquire) {
            return None;
        }
        let locked = match self.file(open) {
            Some(file) => file.try_lock(),
            None => Err(TryLockError::Error(std::io::ErrorKind::NotFound.into())),
        };
        let outcome = match locked {
            Ok(()) => return Some(Ok(Held(self))),
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Error(_)) => Some(Err(BadSlotFile)),
        };
        self.is_held.store(false, Ordering::Release);
        outcome
    }

    fn file(&self, open: impl FnOnce() -> Option<File>) -> Option<&File> {
        match self.file.get() {
            Some(file) => Some(file),
            None => {
                let file = open()?;
                Some(self.file.get_or_init(|| file))
            }
        }
    }

    fn release(&self) {
        if let Some(file) = self.file.get() {
            // Closing is not enough: a process that was forked meanwhile has the file open too.
            let _gone_anyway = file.unlock();
        }
        self.is_held.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests;
