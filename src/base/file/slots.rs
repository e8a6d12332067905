//! A limit that the processes of a host share: a few slots, each a lock (flock) on a file.
//!
//! The kernel releases a lock when the process dies, unless a child that was forked meanwhile lives
//! on without an exec. Files stay open, so a slot costs two system calls. Without usable files
//! there is no limit.

use std::fs::{File, TryLockError};
use std::io;
use std::iter;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::base::clock::seconds_since_1970;

/// In seconds: how long a process goes without a limit when a file cannot be used.
const RETRY: u32 = 60;

/// The slots of one kind, as this process has them open.
#[derive(Debug)]
pub struct Slots {
    slots: Vec<Slot>,
    /// The slot that was free last.
    last: AtomicUsize,
    /// When unusable files are tried again, in seconds since 1970.
    retry: AtomicU32,
}

#[derive(Debug, Default)]
struct Slot {
    file: OnceLock<File>,
    /// A lock belongs to the open file, so it does not keep out another thread of this process.
    is_held: AtomicBool,
}

/// A slot that is taken until this is dropped.
#[derive(Debug)]
pub struct Held {
    slots: Arc<Slots>,
    number: usize,
    process: u32,
}

impl Drop for Held {
    fn drop(&mut self) {
        // A child of a fork has no slot, and the lock is its parent's.
        if self.process == process::id()
            && let Some(slot) = self.slots.slots.get(self.number)
        {
            slot.release();
        }
    }
}

/// The result of a try to take a slot.
#[derive(Debug)]
pub enum TryTake {
    /// A slot was free.
    Free(Held),
    /// None was free.
    Full,
    /// The files cannot be used.
    NoLimit,
}

impl Slots {
    /// Opens no file yet.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            slots: iter::repeat_with(Slot::default).take(most).collect(),
            // Processes begin at different slots.
            last: AtomicUsize::new(usize::try_from(process::id()).unwrap_or(0) % most.max(1)),
            retry: AtomicU32::new(0),
        })
    }

    /// The slot that was free last: tried first, it keeps few files open.
    pub fn last(&self) -> usize {
        self.last.load(Ordering::Relaxed)
    }

    /// Takes the first of these slots that is free. `open` opens the file of a slot; without it
    /// there is no limit for a minute.
    pub fn try_take(
        self: &Arc<Self>,
        order: impl Iterator<Item = usize>,
        open: impl Fn(usize) -> Option<File>,
    ) -> TryTake {
        let now = seconds_since_1970();
        if now < self.retry.load(Ordering::Relaxed) {
            return TryTake::NoLimit;
        }
        for number in order {
            let Some(slot) = self.slots.get(number) else {
                continue;
            };
            match slot.try_take(|| open(number)) {
                Some(Ok(())) => {
                    self.last.store(number, Ordering::Relaxed);
                    return TryTake::Free(Held {
                        slots: Arc::clone(self),
                        number,
                        process: process::id(),
                    });
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

impl Slot {
    /// Takes the slot if it is free.
    fn try_take(&self, open: impl FnOnce() -> Option<File>) -> Option<Result<(), BadSlotFile>> {
        if self.is_held.swap(true, Ordering::Acquire) {
            return None;
        }
        let locked = match self.file(open) {
            Some(file) => file.try_lock(),
            None => Err(TryLockError::Error(io::ErrorKind::NotFound.into())),
        };
        let outcome = match locked {
            Ok(()) => return Some(Ok(())),
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
