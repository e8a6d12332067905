//! What is counted: a few records for all accounts whose names fall together. No clock, no files.
//!
//! A record has 32 bytes, numbers in little-endian order: 16 of the account's name under a secret
//! hash, 8 of the time of the last question (milliseconds since 1970), 2 and 2 of guesses that were
//! wrong and that are being asked about, 4 of the milliseconds from the last wrong guess to the last
//! question, times two, plus 1 if a verifier knows the account. One that is all zero is free.

use crate::base::wire::{Reader, Writer};

/// What stands for an account's name.
pub(super) type Id = [u8; 16];

/// How many accounts fall together.
const RECORDS: usize = 8;
const RECORD_SIZE: usize = 32;
/// What `since_wrong` can be.
const MAX_SINCE: u32 = u32::MAX >> 1;
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

/// What has come of a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was right, and makes good what was wrong before.
    Right,
    /// It was wrong, and a verifier knows the account.
    Wrong,
    /// Nobody says that there is such an account. Counted like a wrong one, so that both look alike.
    Unknown,
    /// It says nothing of the password, or not to whoever asked.
    Undecided,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Record {
    id: Id,
    last: u64,
    wrong: u16,
    pending: u16,
    /// From the last wrong guess to `last`, at most 24 days.
    since_wrong: u32,
    known: bool,
}

impl Record {
    fn is_free(&self) -> bool {
        self.wrong == 0 && self.pending == 0
    }

    /// Also one from a time that has not come yet: the clock was wrong then. What is wrong is over
    /// so long after the last of it, however often somebody else of that name is right meanwhile;
    /// but not while somebody is asked.
    fn is_over(&self, moment: Moment) -> bool {
        let Moment { now, window } = moment;
        let before = match self.pending {
            0 => u64::from(self.since_wrong),
            _ => 0,
        };
        now.saturating_sub(self.last).saturating_add(before) >= window
            || self.last.saturating_sub(now) > window
    }

    fn ask(&mut self, now: u64) {
        let since = now.saturating_sub(self.last);
        let since = u32::try_from(since).unwrap_or(MAX_SINCE);
        self.since_wrong = self.since_wrong.saturating_add(since).min(MAX_SINCE);
        self.last = now;
        self.pending += 1;
    }

    /// Whom it may make place for, the least worth first; none if for nobody.
    fn worth(&self, limit: u16, moment: Moment) -> Option<(bool, u16, u64)> {
        if self.is_free() || self.is_over(moment) {
            return Some((false, 0, 0));
        }
        let is_kept = self.pending > 0 || (self.known && self.wrong >= limit);
        (!is_kept).then_some((self.known, self.wrong, self.last))
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
            writer.u16(record.wrong).u16(record.pending);
            writer.u32(record.since_wrong << 1 | u32::from(record.known));
        }
        writer.into_bytes()
    }

    /// Counts a guess as being asked about, if there may be one.
    pub(super) fn begin(&mut self, id: Id, limit: u16, moment: Moment) -> Permission {
        let Some(record) = self.record_of(id, limit, moment) else {
            return match self.0.iter().any(|record| record.pending > 0) {
                true => Permission::Later,
                false => Permission::Refused,
            };
        };
        if record.wrong >= limit {
            return Permission::Refused;
        }
        if record.wrong.saturating_add(record.pending) >= limit {
            return Permission::Later;
        }
        record.ask(moment.now);
        Permission::Given
    }

    /// Counts the answer. What is right makes good what was wrong before it.
    pub(super) fn end(&mut self, id: Id, answer: Answer, limit: u16, moment: Moment) {
        let is_counted = self.0.iter().any(|record| record.id == id);
        if !is_counted && matches!(answer, Answer::Right | Answer::Undecided) {
            return;
        }
        let Some(record) = self.record_of(id, limit, moment) else {
            return;
        };
        record.pending = record.pending.saturating_sub(1);
        match answer {
            Answer::Right => record.wrong = 0,
            Answer::Wrong | Answer::Unknown => {
                record.wrong = record.wrong.saturating_add(1);
                record.last = moment.now;
                record.since_wrong = 0;
                record.known |= answer == Answer::Wrong;
            }
            Answer::Undecided => {}
        }
        if record.is_free() {
            *record = Record::default();
        }
    }

    /// The account's record: its own, or one that is free or over, or that of a name that no verifier
    /// knows, or of whoever has the fewest wrong guesses, the longest ago. So who floods us with names
    /// cannot make us forget the counts of accounts. None if all are of accounts that are at the
    /// limit or being asked about: what locks one is never forgotten.
    fn record_of(&mut self, id: Id, limit: u16, moment: Moment) -> Option<&mut Record> {
        let place = match self.0.iter().position(|record| record.id == id) {
            Some(own) => own,
            None => self
                .0
                .iter()
                .enumerate()
                .filter_map(|(place, record)| Some((record.worth(limit, moment)?, place)))
                .min()
                .map(|(_, place)| place)?,
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
    let record = Record {
        id: reader.array("id").ok()?,
        last: reader.u64("last").ok()?,
        wrong: reader.u16("wrong").ok()?,
        pending: reader.u16("pending").ok()?,
        ..Record::default()
    };
    let rest = reader.u32("since_wrong").ok()?;
    Some(Record {
        since_wrong: rest >> 1,
        known: rest & 1 != 0,
        ..record
    })
}

#[cfg(test)]
mod tests;
