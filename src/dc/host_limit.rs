//! How many logons the processes of this host have under way together.
//!
//! A Windows member has at most ten calls under way on its secure channel (MaxConcurrentApi), and the
//! controllers' own channels to trusted domains have the same limit. So a logon holds a slot of the host
//! while it is under way: a lock (flock) on one of a few files in the state directory. The kernel
//! releases it when the process dies, unless a child that was forked meanwhile lives on without an exec.
//! The files stay open, so a logon costs two system calls. Without a usable state directory there is no
//! limit.

use std::fs::{File, TryLockError};
use std::iter;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::base::clock::seconds_since_1970;
use crate::base::net::Deadline;
use crate::base::process::PerProcess;
use crate::dc::claim::Share;
use crate::dc::error::Error;
use crate::dc::shared_key::SharedKeys;

/// The wait before the second try; it doubles with each, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(16);
/// How long a login of another domain waits: its slots are free again at once, or its domain hangs.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many logins of other domains wait on this host.
const MAX_WAITING: usize = 8;
/// In seconds: how long a process goes without a limit when a file cannot be used.
const RETRY: u32 = 60;

/// The limit of one machine account.
pub(super) struct HostLimit {
    most: usize,
    slots: PerProcess<Slots>,
    waiting: PerProcess<Slots>,
}

/// A logon may be under way until this is dropped.
#[derive(Debug)]
pub(super) struct Held<'a>(&'a Slot);

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
    /// [`Error::HostBusy`] when the time is over, [`Error::Crowded`] at once when enough logins of other
    /// domains wait.
    pub(super) fn take(
        &self,
        shared: &SharedKeys,
        share: Share,
        deadline: Deadline,
    ) -> Result<Option<Held<'_>>, Error> {
        let slots = self
            .slots
            .of_this_process(|| Slots::new("logon", self.most));
        let mut found = slots.try_take(shared, self.order(share, slots));
        let mut deadline = deadline;
        let mut _place = None;
        if matches!(found, Found::Full) && share == Share::Elsewhere {
            let waiting = self
                .waiting
                .of_this_process(|| Slots::new("waiting", MAX_WAITING));
            _place = match waiting.try_take(shared, 0..MAX_WAITING) {
                Found::Full => return Err(Error::Crowded),
                place => Some(place),
            };
            deadline = deadline.or_after(PATIENCE);
        }
        let mut pause = FIRST_PAUSE;
        loop {
            match found {
                Found::Free(held) => return Ok(Some(held)),
                Found::NoLimit => return Ok(None),
                Found::Full => {}
            }
            let left = deadline.remaining().ok_or(Error::HostBusy)?;
            thread::sleep(left.min(jittered(pause)));
            pause = (pause * 2).min(LONGEST_PAUSE);
            found = slots.try_take(shared, self.order(share, slots));
        }
    }

    /// The slots that a login of this share may have, the best first: a quarter is for other domains,
    /// and they have no more; another quarter is not for logins that name no domain.
    fn order(&self, share: Share, slots: &Slots) -> impl Iterator<Item = usize> + use<> {
        let quarter = (self.most / 4).max(1);
        let end = match share {
            Share::Ours => self.most,
            Share::Unnamed => self.most - quarter,
            Share::Elsewhere => 0,
        };
        let own = quarter..end;
        let last = slots.last.load(Ordering::Relaxed);
        // The one that was free last time, so that few files are open.
        let first = own.contains(&last).then_some(last);
        let others = own.filter(move |slot| Some(*slot) != first);
        first.into_iter().chain(others).chain(0..quarter)
    }
}

/// So that those who wait do not all look at the same moment.
fn jittered(pause: Duration) -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let part = now.unwrap_or_default().subsec_nanos() % 512;
    pause / 2 + pause * part / 1024
}

/// The slots of one kind, as this process has them open.
struct Slots {
    kind: &'static str,
    slots: Vec<Slot>,
    /// The one that was free last.
    last: AtomicUsize,
    /// When unusable files are tried again, in seconds since 1970.
    retry: AtomicU32,
}

#[derive(Debug, Default)]
struct Slot {
    file: OnceLock<File>,
    /// A lock is the open file's: it does not keep out another thread of this process.
    is_held: AtomicBool,
}

/// What a look at the slots has found.
enum Found<'a> {
    Free(Held<'a>),
    Full,
    /// The files cannot be used.
    NoLimit,
}

impl Slots {
    fn new(kind: &'static str, most: usize) -> Self {
        Self {
            kind,
            slots: iter::repeat_with(Slot::default).take(most).collect(),
            // Processes begin at different slots.
            last: AtomicUsize::new(usize::try_from(std::process::id()).unwrap_or(0) % most.max(1)),
            retry: AtomicU32::new(0),
        }
    }

    fn try_take(&self, shared: &SharedKeys, order: impl Iterator<Item = usize>) -> Found<'_> {
        let now = seconds_since_1970();
        if now < self.retry.load(Ordering::Relaxed) {
            return Found::NoLimit;
        }
        for number in order {
            let Some(slot) = self.slots.get(number) else {
                continue;
            };
            match slot.try_take(|| shared.open_private(&format!("{number}.{}", self.kind))) {
                Some(Ok(held)) => {
                    self.last.store(number, Ordering::Relaxed);
                    return Found::Free(held);
                }
                Some(Err(Unusable)) => {
                    self.retry
                        .store(now.saturating_add(RETRY), Ordering::Relaxed);
                    return Found::NoLimit;
                }
                None => {}
            }
        }
        Found::Full
    }
}

/// The file of a slot cannot be opened or locked.
struct Unusable;

impl Slot {
    /// Takes the slot if it is free.
    fn try_take(&self, open: impl FnOnce() -> Option<File>) -> Option<Result<Held<'_>, Unusable>> {
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
            Err(TryLockError::Error(_)) => Some(Err(Unusable)),
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
            // Closing would not do: a process that was forked meanwhile has the file open too.
            let _gone_anyway = file.unlock();
        }
        self.is_held.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests;
