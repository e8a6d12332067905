//! The counters at one moment, read from the file without mapping it.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::path::Path;

use super::layout::{self, BOUNDS, FILE, Field, SIZE, Total, WORDS, entries};
use super::liveness::is_running;
use crate::base::fault::Minor;
use crate::base::file::private::{own_directory, read as read_private};

/// Why there are no counters.
#[derive(Debug)]
pub enum Unusable {
    /// There is no state directory.
    NoDirectory,
    /// There is no file: no login has been counted.
    NoFile,
    /// The file is of another version of the library.
    OtherVersion(u8),
    /// The file is not whole, or none of ours; or it cannot be read.
    Damaged(String),
}

impl fmt::Display for Unusable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDirectory => formatter.write_str("there is no state directory"),
            Self::NoFile => formatter.write_str("no login has been counted"),
            Self::OtherVersion(version) => write!(
                formatter,
                "the file is of version {version}, and this program reads version {}",
                layout::VERSION
            ),
            Self::Damaged(how) => formatter.write_str(how),
        }
    }
}

impl std::error::Error for Unusable {}

/// The counters of all processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    words: Vec<u64>,
}

/// What holds at present in one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessEntry {
    /// Its number.
    pub process: u64,
    began: u64,
    /// When it began to count, in seconds since 1970.
    pub since: u64,
    /// Logins that it accepted.
    pub accepted: u64,
    /// Messages that it refused.
    pub refused: u64,
    /// Connections to controllers.
    pub connections: u64,
    /// Logins that wait for one.
    pub waiting: u64,
    /// The controller that last answered.
    pub controller: Option<Answering>,
    /// The code that logins are refused with since no controller answers.
    pub outage: Option<u32>,
}

/// A controller that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answering {
    /// Its address.
    pub address: IpAddr,
    /// Since when it is this one, in seconds since 1970.
    pub since: u64,
    /// When it last answered, in seconds since 1970.
    pub last: u64,
}

/// Reads the counters of a state directory.
///
/// # Errors
/// There are none, or they cannot be used.
pub fn read(directory: &Path) -> Result<Snapshot, Unusable> {
    let damaged = |error: io::Error| Unusable::Damaged(error.to_string());
    own_directory(directory).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Unusable::NoDirectory,
        _ => damaged(error),
    })?;
    // One byte more, so that a longer file is seen.
    let bytes = read_private(&directory.join(FILE), SIZE as u64 + 1);
    let bytes = bytes.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Unusable::NoFile,
        _ => damaged(error),
    })?;
    Snapshot::decode(bytes.expose())
}

impl Snapshot {
    /// Counters of which each is 0.
    pub fn empty() -> Self {
        Self {
            words: vec![0; WORDS],
        }
    }

    /// Reads the bytes of the file.
    ///
    /// # Errors
    /// [`Unusable::OtherVersion`] or [`Unusable::Damaged`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Unusable> {
        let (chunks, _) = bytes.as_chunks();
        let words: Vec<u64> = chunks
            .iter()
            .map(|chunk| u64::from_ne_bytes(*chunk))
            .collect();
        let damaged = |how: String| Err(Unusable::Damaged(how));
        match words.first().and_then(|first| layout::version(*first)) {
            None => return damaged("not a file of counters".to_owned()),
            Some(layout::VERSION) => {}
            Some(version) => return Err(Unusable::OtherVersion(version)),
        }
        if bytes.len() != SIZE || words.get(layout::WORDS_WORD) != Some(&(WORDS as u64)) {
            return damaged(format!("not {SIZE} bytes long"));
        }
        Ok(Self { words })
    }

    fn word(&self, index: usize) -> u64 {
        self.words.get(index).copied().unwrap_or_default()
    }

    /// When counting began, in seconds since 1970.
    pub fn made(&self) -> u64 {
        self.word(layout::MADE_WORD)
    }

    /// A total.
    pub fn total(&self, total: Total) -> u64 {
        self.word(layout::total(total))
    }

    /// How many logins were accepted.
    pub fn accepted(&self) -> u64 {
        self.total(Total::AcceptedByUsers)
            .saturating_add(self.total(Total::AcceptedByNetlogon))
            .saturating_add(self.total(Total::AcceptedByDirectory))
    }

    /// How many messages were refused with each code, in the order of the codes: every code that is
    /// known, and those of another version that occurred.
    pub fn refusals(&self) -> impl Iterator<Item = (u32, u64)> {
        let counted = layout::refusals().map(|(code, word)| (code, self.word(word)));
        counted.filter(|(code, count)| *count > 0 || Minor::from_code(*code).is_some())
    }

    /// How many messages were refused.
    pub fn refused(&self) -> u64 {
        self.refusals()
            .fold(0, |sum, (_, count)| sum.saturating_add(count))
    }

    /// How many verifications took at most so many microseconds and more than the bound before; the
    /// last has no bound.
    pub fn verifications(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let bounds = BOUNDS.into_iter().map(Some).chain([None]);
        bounds.zip(layout::buckets().map(|index| self.word(index)))
    }

    /// The bound, in microseconds, below which this share of the verifications is, in hundredths.
    /// `None`: there were none, or it is above the last bound.
    pub fn percentile(&self, hundredths: u64) -> Option<u64> {
        let all = self
            .verifications()
            .fold(0_u64, |sum, (_, count)| sum.saturating_add(count));
        let wanted = u128::from(all) * u128::from(hundredths);
        let mut sum = 0_u128;
        let mut counted = self.verifications();
        let found = counted.find(|(_, count)| {
            sum += u128::from(*count) * 100;
            sum > 0 && sum >= wanted
        });
        found.and_then(|(bound, _)| bound)
    }

    /// The processes with an entry, also those that are gone.
    pub fn entries(&self) -> Vec<ProcessEntry> {
        let entries = entries().map(|entry| self.entry(entry));
        entries.filter(|entry| entry.process != 0).collect()
    }

    fn entry(&self, first: usize) -> ProcessEntry {
        let field = |field: Field| self.word(first + field as usize);
        let high = u128::from(field(Field::ControllerHigh));
        let address = Ipv6Addr::from_bits(high << 64 | u128::from(field(Field::ControllerLow)));
        let answering = Answering {
            address: IpAddr::V6(address).to_canonical(),
            since: field(Field::ControllerSince),
            last: field(Field::Answered),
        };
        let outage = u32::try_from(field(Field::Outage)).unwrap_or_default();
        ProcessEntry {
            process: field(Field::Process),
            began: field(Field::Began),
            since: field(Field::Since),
            accepted: field(Field::Accepted),
            refused: field(Field::Refused),
            connections: field(Field::Connections),
            waiting: field(Field::Waiting),
            controller: (answering.last != 0).then_some(answering),
            outage: (outage != 0).then_some(outage),
        }
    }
}

impl ProcessEntry {
    /// Whether the process still runs.
    pub fn is_running(&self) -> bool {
        is_running(self.process, self.began)
    }
}
