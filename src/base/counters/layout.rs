//! The words of the file: 64-bit numbers in the byte order of the host.
//!
//! | words | what |
//! |---|---|
//! | 0 | magic and version |
//! | 1 | number of words |
//! | 2 | when the file was made, in seconds since 1970 |
//! | 16 to 31 | [`Total`]s |
//! | 32 to 63 | histogram of the verification: one bucket for each of [`BOUNDS`], one above |
//! | 64 to 383 | refusals, by minor code: 32 for each of ten families |
//! | 384 to 8575 | 512 entries of 16 words, one for each process; see [`Field`] |
//!
//! Totals are of all processes together, and only grow. An entry has what holds at present.

use crate::base::fault::Minor;

/// The name of the file in the state directory.
pub const FILE: &str = "counters";

/// The version of this layout.
pub(super) const VERSION: u8 = 1;
const MAGIC: [u8; 7] = *b"ntlmctr";

/// The number of words.
pub(super) const WORDS: usize = ENTRIES + ENTRY_COUNT * ENTRY;
/// The size of the file in bytes.
pub(super) const SIZE: usize = WORDS * size_of::<u64>();

/// Header words.
pub(super) const MAGIC_WORD: usize = 0;
pub(super) const WORDS_WORD: usize = 1;
pub(super) const MADE_WORD: usize = 2;

const TOTALS: usize = 16;
const BUCKETS: usize = 32;
const REFUSALS: usize = 64;
const CODES_OF_FAMILY: usize = 32;
const FAMILIES: usize = 10;
pub(super) const ENTRIES: usize = REFUSALS + FAMILIES * CODES_OF_FAMILY;
/// The number of words of an entry: two cache lines, so that no two processes write to the same.
pub(super) const ENTRY: usize = 16;
/// How many processes have an entry at the same time. Others only add to the totals.
pub(super) const ENTRY_COUNT: usize = 512;

/// The upper bounds of the histogram's buckets, in microseconds.
pub const BOUNDS: [u64; 18] = [
    100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000,
    1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000,
];

const _: () = assert!(BUCKETS + BOUNDS.len() < REFUSALS);

/// What is counted for all processes together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Total {
    /// Challenges sent.
    Challenges = 0,
    /// Challenges that an AUTHENTICATE message came for.
    ChallengesAnswered = 1,
    /// Logins accepted by the users file.
    AcceptedByUsers = 2,
    /// Logins accepted by a domain controller.
    AcceptedByNetlogon = 3,
    /// The time of all verifications, in microseconds.
    VerificationTime = 4,
    /// Logons that a controller answered, whatever the answer.
    QuestionsAnswered = 5,
    /// Logons that a controller did not answer, or channels to it that could not be opened.
    QuestionsFailed = 6,
    /// Changes to another controller within a login.
    Failovers = 7,
    /// Secure channels opened.
    ChannelsOpened = 8,
    /// When a login was last accepted, in seconds since 1970.
    LastAccepted = 9,
    /// Processes that found no free entry.
    WithoutEntry = 10,
    /// Logins accepted by a directory.
    AcceptedByDirectory = 11,
}

const _: () = assert!(Total::AcceptedByDirectory as usize + TOTALS < BUCKETS);

/// A word of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Field {
    /// The process; 0 in a free entry.
    Process = 0,
    /// When the process began, in ticks since the system's start; 0 if unknown.
    Began = 1,
    /// When it took the entry, in seconds since 1970.
    Since = 2,
    /// Logins of this process.
    Accepted = 3,
    Refused = 4,
    /// Channels that are open, being opened, or in use.
    Connections = 5,
    /// Logins that wait for a channel.
    Waiting = 6,
    /// The address of the controller that last answered, as IPv6: high and low half.
    ControllerHigh = 7,
    ControllerLow = 8,
    /// Since when it is that one, and when it last answered, in seconds since 1970.
    ControllerSince = 9,
    Answered = 10,
    /// The minor code that logins are refused with since no controller answers; 0 if none.
    Outage = 11,
}

const _: () = assert!((Field::Outage as usize) < ENTRY);

/// The first word of the file in this version.
pub(super) fn magic(version: u8) -> u64 {
    let [a, b, c, d, e, f, g] = MAGIC;
    u64::from_ne_bytes([a, b, c, d, e, f, g, version])
}

/// The version in a first word. `None`: it is no file of counters.
pub(super) fn version(word: u64) -> Option<u8> {
    let [.., version] = word.to_ne_bytes();
    (word == magic(version)).then_some(version)
}

pub(super) fn total(total: Total) -> usize {
    TOTALS + total as usize
}

/// The bucket of a duration. The one after the last bound has no upper bound.
pub(super) fn bucket(microseconds: u64) -> usize {
    BUCKETS + BOUNDS.partition_point(|bound| *bound < microseconds)
}

/// The buckets, the last without an upper bound.
pub(super) fn buckets() -> std::ops::Range<usize> {
    BUCKETS..BUCKETS + BOUNDS.len() + 1
}

/// The word of a minor code. A unit test shows that each code has one.
pub(super) fn refusal(minor: Minor) -> usize {
    let [number, family, ..] = minor.code().to_le_bytes();
    let number = usize::from(number) % CODES_OF_FAMILY;
    REFUSALS + usize::from(family) % FAMILIES * CODES_OF_FAMILY + number
}

/// The codes of the refusals, with the words that they are counted in.
pub(super) fn refusals() -> impl Iterator<Item = (u32, usize)> {
    let codes = (0..FAMILIES).flat_map(|family| (0..CODES_OF_FAMILY).map(move |n| (family, n)));
    codes.filter_map(|(family, number)| {
        let low = u32::try_from(family << 8 | number).ok()?;
        Some((
            0x4E44_0000 | low,
            REFUSALS + family * CODES_OF_FAMILY + number,
        ))
    })
}

/// The index of the first word of each entry.
pub(super) fn entries() -> impl Iterator<Item = usize> {
    (ENTRIES..WORDS).step_by(ENTRY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_a_word_of_its_own() {
        for minor in Minor::ALL {
            let word = refusal(*minor);
            let code = refusals().find(|(_, other)| *other == word);
            assert_eq!(code.unwrap().0, minor.code(), "{minor:?}");
        }
    }

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        assert_eq!(bucket(0), buckets().start);
        assert_eq!(bucket(100), buckets().start);
        assert_eq!(bucket(101), buckets().start + 1);
        assert_eq!(bucket(50_000_001), buckets().end - 1);
        assert_eq!(bucket(u64::MAX), buckets().end - 1);
    }

    #[test]
    fn a_first_word_has_its_version() {
        assert_eq!(version(magic(7)), Some(7));
        assert_eq!(version(magic(7).swap_bytes()), None);
        assert_eq!(version(0), None);
    }
}
