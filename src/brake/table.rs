//! What is counted: a few records for all accounts whose names fall together. No clock, no files.
//!
//! A record has 32 bytes, numbers in little-endian order: 16 of the account's name under a secret
//! hash, 8 of the time of the last guess (milliseconds since 1970), 2 and 2 of guesses that were
//! wrong and that are being asked about, 4 zeros. One that is all zero is free.

use crate::wire::{Reader, Writer};

/// What stands for an account's name.
pub(super) type Id = [u8; 16];

/// How many accounts fall together.
const RECORDS: usize = 8;
const RECORD_SIZE: usize = 32;
/// The size of [`Records`] as they are kept.
pub(super) const SIZE: usize = RECORDS * RECORD_SIZE;

/// The time, and how long what is past counts; in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) now: u64,
    pub(super) window: u64,
}

/// Whether somebody may be asked about an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permission {
    Given,
    /// The answers that others wait for decide.
    Later,
    Refused,
}

/// What has become of a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Right,
    Wrong,
    Undecided,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Record {
    id: Id,
    last: u64,
    wrong: u16,
    pending: u16,
}

impl Record {
    fn is_free(&self) -> bool {
        self.wrong == 0 && self.pending == 0
    }

    /// Also one from a time that has not come yet: the clock was wrong then.
    fn is_over(&self, moment: Moment) -> bool {
        let Moment { now, window } = moment;
        now.saturating_sub(self.last) >= window || self.last.saturating_sub(now) > window
    }
}

/// The records of accounts that fall together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Records([Record; RECORDS]);

impl Records {
    /// Reads what [`Records::encode`] wrote.
    pub(super) fn decode(bytes: &[u8; SIZE]) -> Self {
        let mut records = Self::default();
        let (chunks, _) = bytes.as_chunks::<RECORD_SIZE>();
        for (record, chunk) in records.0.iter_mut().zip(chunks) {
            *record = decode(chunk).unwrap_or_default();
        }
        records
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        for record in &self.0 {
            writer.bytes(&record.id).u64(record.last);
            writer.u16(record.wrong).u16(record.pending).zeros(4);
        }
        writer.into_bytes()
    }

    /// Counts a guess as being asked about, if there may be one.
    pub(super) fn begin(&mut self, id: Id, limit: u16, moment: Moment) -> Permission {
        let Some(record) = self.record_of(id, moment) else {
            return Permission::Later;
        };
        if record.wrong >= limit {
            return Permission::Refused;
        }
        if record.wrong.saturating_add(record.pending) >= limit {
            return Permission::Later;
        }
        record.pending += 1;
        record.last = moment.now;
        Permission::Given
    }

    /// Counts the answer. What is right makes good what was wrong before it.
    pub(super) fn end(&mut self, id: Id, answer: Answer, moment: Moment) {
        let is_known = self.0.iter().any(|record| record.id == id);
        if !is_known && answer != Answer::Wrong {
            return;
        }
        let Some(record) = self.record_of(id, moment) else {
            return;
        };
        record.pending = record.pending.saturating_sub(1);
        match answer {
            Answer::Right => record.wrong = 0,
            Answer::Wrong => {
                record.wrong = record.wrong.saturating_add(1);
                record.last = moment.now;
            }
            Answer::Undecided => {}
        }
        if record.is_free() {
            *record = Record::default();
        }
    }

    /// The account's record: its own, or one that is free or over, or that of whoever has the fewest
    /// wrong guesses, the longest ago. So who floods us with names cannot make us forget a count
    /// before he has made as many guesses about each of several others, of which a secret decides
    /// where they fall. None while all are of accounts that are being asked about.
    fn record_of(&mut self, id: Id, moment: Moment) -> Option<&mut Record> {
        let place = match self.0.iter().position(|record| record.id == id) {
            Some(own) => own,
            None => self
                .0
                .iter()
                .enumerate()
                .filter(|(_, record)| record.pending == 0 || record.is_over(moment))
                .min_by_key(
                    |(_, record)| match record.is_free() || record.is_over(moment) {
                        true => (0, 0),
                        false => (record.wrong, record.last),
                    },
                )
                .map(|(place, _)| place)?,
        };
        let record = self.0.get_mut(place)?;
        if record.id != id || record.is_over(moment) {
            *record = Record {
                id,
                last: moment.now,
                ..Record::default()
            };
        }
        Some(record)
    }
}

fn decode(bytes: &[u8; RECORD_SIZE]) -> Option<Record> {
    let mut reader = Reader::new(bytes);
    Some(Record {
        id: reader.array("id").ok()?,
        last: reader.u64("last").ok()?,
        wrong: reader.u16("wrong").ok()?,
        pending: reader.u16("pending").ok()?,
    })
}

#[cfg(test)]
mod tests;
