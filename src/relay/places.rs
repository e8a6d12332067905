//! How many handshakes there are, and which of them gives way.
//!
//! Each handshake has a connection, and any client can begin one. So a process has a few places,
//! and a host has a limit for all its processes. There is no thread that watches the time: each
//! handshake closes, when it begins, those that are overdue.
//!
//! ```text
//! enter ── overdue handshakes are closed ─┬─ a place is free ──────────────────► Seat
//!                                         ├─ the oldest waits for its client for
//!                                         │  a second or more: it is closed ───► Seat
//!                                         └─ else ──────────────────────► Busy, HostBusy
//! Seat ── park: the connection waits for the client ── take: it is used again, or was closed
//!      └─ dropped: the place is free
//! ```

#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::base::config::{self, LogTarget};
use crate::base::file::private::{make_directory, own_directory, own_file, private};
use crate::base::file::slots::{Held, Slots, TryTake};
use crate::base::log::{self, Severity};
use crate::base::process::PerProcess;
use crate::relay::error::Error;

/// How long a handshake is safe from eviction. A client's answer takes less.
const SAFE: Duration = Duration::from_secs(1);

/// The places of one configuration. `C`: a connection, which closes when it is dropped.
#[derive(Debug)]
pub(super) struct Places<C> {
    most: usize,
    host_most: usize,
    /// How long a handshake may take.
    patience: Duration,
    state_dir: PathBuf,
    /// How the files of the host's slots begin.
    file_name: String,
    log: LogTarget,
    own: PerProcess<Own<C>>,
}

/// What one process has.
#[derive(Debug)]
struct Own<C> {
    /// In the order of their beginning.
    places: Mutex<Vec<Arc<Place<C>>>>,
    slots: Arc<Slots>,
    /// Whether the log has the problem with the state directory.
    is_told: AtomicBool,
}

#[derive(Debug)]
struct Place<C> {
    began: Instant,
    content: Mutex<Content<C>>,
}

#[derive(Debug)]
struct Content<C> {
    state: State<C>,
    /// The host's slot. `None`: there is no limit, or the place was given up.
    slot: Option<Held>,
}

#[derive(Debug)]
enum State<C> {
    /// A controller is asked.
    InUse,
    /// The client is waited for.
    Parked(C),
    /// The connection was closed.
    Closed(Closed),
}

/// Why a connection was closed.
#[derive(Clone, Copy, Debug)]
enum Closed {
    Overdue,
    Evicted,
}

/// The place of one handshake, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat<C> {
    places: Arc<Places<C>>,
    place: Arc<Place<C>>,
    process: u32,
}

impl<C> Places<C> {
    /// Opens no file yet.
    pub(super) fn new(config: &config::Relay, log: LogTarget) -> Arc<Self> {
        Arc::new(Self {
            most: config.connections,
            host_most: config.host_connections,
            patience: config.handshake_timeout,
            state_dir: config.state_dir.clone(),
            file_name: config.domain.clone(),
            log,
            own: PerProcess::new(),
        })
    }

    /// Takes a place.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::HostBusy`].
    pub(super) fn enter(self: &Arc<Self>) -> Result<Seat<C>, Error> {
        self.enter_at(Instant::now())
    }

    fn enter_at(self: &Arc<Self>, now: Instant) -> Result<Seat<C>, Error> {
        let own = self.own();
        let seat = self.reserve(own, now)?;
        // A slot may need its file to be opened: no lock is held meanwhile.
        let slot = match self.slot(own) {
            TryTake::Full if evict(&mut lock(&own.places), now) => self.slot(own),
            slot => slot,
        };
        match slot {
            TryTake::Free(held) => lock(&seat.place.content).slot = Some(held),
            TryTake::NoLimit => {}
            TryTake::Full => return Err(Error::HostBusy),
        }
        Ok(seat)
    }

    /// A place of this process, without a slot of the host.
    fn reserve(self: &Arc<Self>, own: &Own<C>, now: Instant) -> Result<Seat<C>, Error> {
        let mut places = lock(&own.places);
        places.retain(|place| !place.close_if(now, self.patience, Closed::Overdue));
        if places.len() >= self.most && !evict(&mut places, now) {
            return Err(Error::Busy);
        }
        let place = Arc::new(Place {
            began: now,
            content: Mutex::new(Content {
                state: State::InUse,
                slot: None,
            }),
        });
        places.push(Arc::clone(&place));
        Ok(Seat {
            places: Arc::clone(self),
            place,
            process: process::id(),
        })
    }

    fn slot(&self, own: &Own<C>) -> TryTake {
        let first = own.slots.last();
        let order = (first..self.host_most).chain(0..first);
        own.slots.try_take(order, |number| {
            let file = self.open(number);
            if let Err(error) = &file
                && !own.is_told.swap(true, Ordering::Relaxed)
            {
                let place = self.state_dir.display();
                log::write(
                    self.log,
                    Severity::Warning,
                    format_args!(
                        "`host_connections` limits nothing without the state directory {place}: \
                         {error}; `ntlmdc check` has the cure"
                    ),
                );
            }
            file.ok()
        })
    }

    fn open(&self, number: usize) -> io::Result<File> {
        make_directory(&self.state_dir)?;
        own_directory(&self.state_dir)?;
        let name = format!("{}.{number}.relay", self.file_name);
        let mut options = OpenOptions::new();
        let file = private(options.write(true).create(true)).open(self.state_dir.join(name))?;
        own_file(&file)?;
        Ok(file)
    }

    fn own(&self) -> &Own<C> {
        self.own.of_this_process(|| Own {
            places: Mutex::default(),
            slots: Slots::new(self.host_most),
            is_told: AtomicBool::new(false),
        })
    }
}

/// Closes the oldest handshake whose client is waited for, unless it began a moment ago.
fn evict<C>(places: &mut Vec<Arc<Place<C>>>, now: Instant) -> bool {
    let closed = places
        .iter()
        .position(|place| place.close_if(now, SAFE, Closed::Evicted));
    closed.map(|number| places.remove(number)).is_some()
}

impl<C> Place<C> {
    /// Closes the connection if it waits for a client, and the handshake is so old.
    fn close_if(&self, now: Instant, age: Duration, why: Closed) -> bool {
        let mut content = lock(&self.content);
        let is_old = now.saturating_duration_since(self.began) >= age;
        let closes = is_old && matches!(content.state, State::Parked(_));
        if closes {
            content.state = State::Closed(why);
            content.slot = None;
        }
        closes
    }
}

impl<C> Seat<C> {
    /// Keeps the connection while the client is waited for.
    pub(super) fn park(&self, connection: C) {
        lock(&self.place.content).state = State::Parked(connection);
    }

    /// The connection, to be used again.
    ///
    /// # Errors
    /// It was closed, or a fork came between.
    pub(super) fn take(&self) -> Result<C, Error> {
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> Result<C, Error> {
        // The lock may be held by a thread that is not in this process.
        if self.process != process::id() {
            return Err(Error::Forked);
        }
        let patience = self.places.patience;
        self.place.close_if(now, patience, Closed::Overdue);
        let mut content = lock(&self.place.content);
        match std::mem::replace(&mut content.state, State::InUse) {
            State::Parked(connection) => Ok(connection),
            State::Closed(Closed::Evicted) => Err(Error::Evicted),
            State::Closed(Closed::Overdue) | State::InUse => Err(Error::TooLate),
        }
    }
}

impl<C> Drop for Seat<C> {
    fn drop(&mut self) {
        if self.process == process::id() {
            let mut places = lock(&self.places.own().places);
            places.retain(|place| !Arc::ptr_eq(place, &self.place));
        }
    }
}

/// No change under these locks is left half done, so a poisoned lock can be used.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
