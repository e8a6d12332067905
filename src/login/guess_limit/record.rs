//! The count of one account. No clock, no files.
//!
//! A record has 28 bytes, numbers in little-endian order:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | keyed hash of the account's name |
//! | 6 | time of the last wrong guess, in milliseconds since 1970 |
//! | 6 | time at which the last guess began, likewise |
//! | 4 | the window, in seconds |
//! | 2 | wrong guesses |
//! | 2 | pending guesses: begun, not answered |

use crate::base::wire::{DecodeError, Reader, Writer};

/// Keyed hash of an account's name.
pub(super) type Id = u64;

/// The size of an encoded [`Record`].
pub(super) const SIZE: usize = 28;

/// Logins read the clock before they take the lock. Their times may be out of order by this many
/// milliseconds.
const DISORDER: u64 = 2000;

/// The current time and the configured window, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) now: u64,
    pub(super) window: u64,
}

impl Moment {
    /// Rounded up, so that a count never ends early.
    fn window_seconds(self) -> u32 {
        u32::try_from(self.window.div_ceil(1000)).unwrap_or(u32::MAX)
    }
}

/// Whether a verifier may be asked about an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permission {
    Given,
    /// Depends on the answers to pending guesses.
    Later,
    Refused,
}

/// What the answer to a guess says about the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was right: clears the wrong guesses before it.
    Right,
    /// It was wrong, or there is no such account. Both count alike, so that the count does not
    /// reveal whether the account exists.
    Wrong,
    /// The answer says nothing about the password, or must not clear the wrong guesses.
    Undecided,
}

/// The count of one account. It ends one window after the last wrong guess, but not while a guess
/// is pending: the controller may have counted that one too. A pending guess is considered lost one
/// window after the last guess began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) id: Id,
    wrong_at: u64,
    begun_at: u64,
    window: u32,
    wrong: u16,
    pending: u16,
}

impl Record {
    pub(super) fn is_free(&self) -> bool {
        self.wrong == 0 && self.pending == 0
    }

    pub(super) fn is_pending(&self) -> bool {
        self.pending > 0
    }

    pub(super) fn is_at(&self, limit: u16) -> bool {
        self.wrong >= limit
    }

    /// Eviction rank, lowest first. `None`: must be kept.
    pub(super) fn rank(&self, limit: u16) -> Option<(u16, u64)> {
        let is_kept = self.is_pending() || self.is_at(limit);
        (!is_kept).then_some((self.wrong, self.wrong_at))
    }

    /// Ends the count if its window is over; the record is then free. A time in the future was
    /// written before the clock was set back. It is replaced by the current time, so the count
    /// lasts one more window at most.
    pub(super) fn settle(&mut self, now: u64) {
        let latest = now.saturating_add(DISORDER);
        let not_later = |at: u64| if at > latest { now } else { at };
        self.wrong_at = not_later(self.wrong_at);
        self.begun_at = not_later(self.begun_at);
        let last = match self.pending {
            0 => self.wrong_at,
            _ => self.wrong_at.max(self.begun_at),
        };
        if now.saturating_sub(last) >= u64::from(self.window) * 1000 {
            *self = Self::default();
        }
    }

    /// Counts a guess as pending, if one more is permitted.
    pub(super) fn begin(&mut self, limit: u16, moment: Moment) -> Permission {
        if self.is_at(limit) {
            return Permission::Refused;
        }
        if self.wrong.saturating_add(self.pending) >= limit {
            return Permission::Later;
        }
        self.pending += 1;
        self.begun_at = moment.now;
        // Configurations with different windows may share a file: the longest window counts.
        self.window = self.window.max(moment.window_seconds());
        Permission::Given
    }

    /// Counts the answer to a guess.
    pub(super) fn end(&mut self, answer: Answer, moment: Moment) {
        self.pending = self.pending.saturating_sub(1);
        match answer {
            Answer::Right => self.wrong = 0,
            Answer::Wrong => {
                self.wrong = self.wrong.saturating_add(1);
                self.wrong_at = moment.now;
                self.window = self.window.max(moment.window_seconds());
            }
            Answer::Undecided => {}
        }
    }

    /// A new record of `id` with the wrong guesses of this one.
    pub(super) fn inherited_by(&self, id: Id) -> Self {
        Self {
            id,
            pending: 0,
            ..*self
        }
    }

    /// Takes over the wrong guesses of an evicted record: the larger of both counts.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.wrong = self.wrong.max(other.wrong);
        self.wrong_at = self.wrong_at.max(other.wrong_at);
        self.window = self.window.max(other.window);
    }

    pub(super) fn encode(&self, writer: &mut Writer) {
        writer.u64(self.id);
        put_time(writer, self.wrong_at);
        put_time(writer, self.begun_at);
        writer.u32(self.window).u16(self.wrong).u16(self.pending);
    }

    pub(super) fn decode(bytes: &[u8; SIZE]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        Ok(Self {
            id: reader.u64("id")?,
            wrong_at: time(&mut reader)?,
            begun_at: time(&mut reader)?,
            window: reader.u32("window")?,
            wrong: reader.u16("wrong")?,
            pending: reader.u16("pending")?,
        })
    }
}

/// 48 bits of milliseconds last until the year 10889.
fn put_time(writer: &mut Writer, time: u64) {
    let [a, b, c, d, e, f, ..] = time.to_le_bytes();
    writer.bytes(&[a, b, c, d, e, f]);
}

fn time(reader: &mut Reader<'_>) -> Result<u64, DecodeError> {
    let [a, b, c, d, e, f] = reader.array("time")?;
    Ok(u64::from_le_bytes([a, b, c, d, e, f, 0, 0]))
}

#[cfg(test)]
mod tests;
