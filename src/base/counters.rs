//! Counters that the processes of a server share: a small file in the state directory, mapped into
//! each process. `ntlmdc status` reads it.
//!
//! Counting is one atomic addition to a word of the mapping: no lock, no system call. Totals are of
//! all processes together. So a process that dies leaves nothing to be added up, at most its last
//! event is missing in one of two totals, and no total ever goes back. What holds at present, such
//! as open connections, stands in an entry of each process (`layout`). The entry of a process
//! that is gone is cleared when another one takes it.
//!
//! ```text
//! first login ──► lock ─► file: make, or check ─► map ─► take an entry ─► unlock
//!                   │ any failure: nothing is counted, and another try follows after 10 s
//! ```
//!
//! Without the file, logins go on. A mapping survives a fork and stays right, since all processes
//! share the words. An entry does not: [`Counters`] are made once in each process, so a child takes
//! its own.
//!
//! This floor has no `unsafe`: [`set_mapper`] gets the function that maps a file.

mod attach;
mod layout;
mod liveness;
mod mapped;
mod snapshot;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::base::clock::seconds_since_1970;
use crate::base::fault::Minor;
use crate::base::process::PerProcess;

use layout::Field;
pub use layout::{BOUNDS, FILE, Total};
use mapped::{Attached, FileId};
pub use mapped::{MapFile, Place};
pub use snapshot::{ProcessEntry, Snapshot, Unusable, read};

/// After this time, a process looks again whether the file is still the one that it has mapped.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

static MAPPER: OnceLock<MapFile> = OnceLock::new();

/// Sets the function that maps a file. Without one, nothing is counted. Only the first call counts.
pub fn set_mapper(map: MapFile) {
    MAPPER.get_or_init(|| map);
}

/// The counters of one state directory in this process.
#[derive(Clone, Debug)]
pub struct Counters(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    place: Place,
    made: Instant,
    /// When to look at the file again, in seconds after `made`.
    look_at: AtomicU64,
    /// Held by the thread that looks at the file.
    looking: Mutex<()>,
    attached: RwLock<Option<Attached>>,
}

impl Counters {
    /// The counters of this directory; the same ones for every caller in a process. Opens nothing
    /// before the first login.
    pub fn of(place: Place) -> Self {
        static ALL: PerProcess<Mutex<Vec<Counters>>> = PerProcess::new();
        let all = ALL.of_this_process(Mutex::default);
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all
            .iter()
            .find(|counters| counters.0.place.path() == place.path());
        if let Some(known) = known {
            return known.clone();
        }
        let counters = Self::new(place);
        all.push(counters.clone());
        counters
    }

    fn new(place: Place) -> Self {
        Self(Arc::new(Inner {
            place,
            made: Instant::now(),
            look_at: AtomicU64::new(0),
            looking: Mutex::new(()),
            attached: RwLock::new(None),
        }))
    }

    /// A challenge was sent. Each login has one, so this is where the file is looked at again.
    pub fn challenged(&self) {
        let now = self.0.made.elapsed().as_secs();
        let attached = match now < self.0.look_at.load(Ordering::Acquire) {
            true => self.attached(),
            false => self.look(now),
        };
        if let Some(attached) = attached {
            attached.add(layout::total(Total::Challenges), 1);
        }
    }

    /// An AUTHENTICATE message came for a challenge.
    pub fn challenge_answered(&self) {
        self.add(Total::ChallengesAnswered, 1);
    }

    /// A login was accepted, by the verifier of this name.
    pub fn accepted(&self, verifier: &str) {
        let Some(attached) = self.attached() else {
            return;
        };
        let total = match verifier {
            "users" => Total::AcceptedByUsers,
            "directory" => Total::AcceptedByDirectory,
            _ => Total::AcceptedByNetlogon,
        };
        attached.add(layout::total(total), 1);
        attached.add_to_field(Field::Accepted, 1);
        if let Some(word) = attached.word(layout::total(Total::LastAccepted)) {
            word.fetch_max(seconds_since_1970().into(), Ordering::Relaxed);
        }
    }

    /// A message was refused.
    pub fn refused(&self, minor: Minor) {
        if let Some(attached) = self.attached() {
            attached.add(layout::refusal(minor), 1);
            attached.add_to_field(Field::Refused, 1);
        }
    }

    /// Verifiers were asked about a login, which took so long.
    pub fn verified(&self, took: Duration) {
        if let Some(attached) = self.attached() {
            let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            attached.add(layout::bucket(microseconds), 1);
            attached.add(layout::total(Total::VerificationTime), microseconds);
        }
    }

    /// Adds to a total.
    pub fn add(&self, total: Total, more: u64) {
        if let Some(attached) = self.attached() {
            attached.add(layout::total(total), more);
        }
    }

    /// A controller answered a login.
    pub fn answered(&self, controller: IpAddr) {
        let Some(attached) = self.attached() else {
            return;
        };
        let now = u64::from(seconds_since_1970());
        let [high, low] = halves(controller);
        let fields = [(Field::ControllerHigh, high), (Field::ControllerLow, low)];
        let is_same = |(field, value)| {
            let word = attached.field(field);
            word.is_some_and(|word| word.load(Ordering::Relaxed) == value)
        };
        if !fields.into_iter().all(is_same) {
            for (field, value) in fields {
                attached.set_field(field, value);
            }
            attached.set_field(Field::ControllerSince, now);
        }
        attached.set_field(Field::Answered, now);
    }

    /// Logins are refused with this code since no controller answers; `None`: no longer.
    pub fn outage(&self, minor: Option<Minor>) {
        if let Some(attached) = self.attached() {
            let code = minor.map_or(0, Minor::code);
            attached.set_field(Field::Outage, code.into());
        }
    }

    /// A part of this process's numbers, nothing yet.
    pub fn gauge(&self) -> Gauge {
        Gauge {
            counters: self.clone(),
            shown: [0, 0],
            file: None,
        }
    }

    /// The mapping. The first call of a process attaches to the file.
    fn attached(&self) -> Option<Attached> {
        if self.0.look_at.load(Ordering::Acquire) == 0 {
            return self.look(0);
        }
        self.mapping()
    }

    fn mapping(&self) -> Option<Attached> {
        let attached = self.0.attached.read();
        *attached.unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks whether the file is there, or still the one that is mapped. `now` is in seconds.
    #[cold]
    fn look(&self, now: u64) -> Option<Attached> {
        let looking = &self.0.looking;
        // At the first time others wait: nothing is lost.
        let turn = match self.0.look_at.load(Ordering::Acquire) {
            0 => Some(looking.lock().unwrap_or_else(PoisonError::into_inner)),
            _ => looking.try_lock().ok(),
        };
        let before = self.mapping();
        let look_at = self.0.look_at.load(Ordering::Acquire);
        if turn.is_none() || now < look_at {
            return before;
        }
        let attached = MAPPER.get().and_then(|map| {
            let known = before.filter(|known| attach::is_current(&self.0.place, known.file));
            // A file that cannot be used is no reason to refuse a login.
            known.or_else(|| attach::attach(&self.0.place, *map).ok())
        });
        let mut place = self
            .0
            .attached
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *place = attached;
        drop(place);
        let next = now + LOOK_AGAIN.as_secs();
        self.0.look_at.store(next, Ordering::Release);
        attached
    }
}

/// An address as the two halves of an IPv6 address.
fn halves(address: IpAddr) -> [u64; 2] {
    let address = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    let bits = address.to_bits();
    let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or_default();
    [half(bits >> 64), half(bits)]
}

/// The part of one pool in the numbers of its process.
#[derive(Debug)]
pub struct Gauge {
    counters: Counters,
    /// The connections and waiting logins that stand in the entry.
    shown: [u64; 2],
    file: Option<FileId>,
}

impl Gauge {
    /// Sets the numbers of connections and of waiting logins.
    pub fn set(&mut self, connections: usize, waiting: usize) {
        let number = |count| u64::try_from(count).unwrap_or_default();
        let now = [number(connections), number(waiting)];
        if now == self.shown {
            return;
        }
        let Some(attached) = self.counters.attached() else {
            return;
        };
        if self.file != Some(attached.file) {
            // A new entry has nothing of this pool.
            (self.file, self.shown) = (Some(attached.file), [0, 0]);
        }
        let fields = [Field::Connections, Field::Waiting];
        for ((field, now), shown) in fields.into_iter().zip(now).zip(&mut self.shown) {
            if now != *shown {
                attached.add_to_field(field, now.wrapping_sub(*shown));
                *shown = now;
            }
        }
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        self.set(0, 0);
    }
}

#[cfg(test)]
mod tests;
