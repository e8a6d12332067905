//! A page of records, of the names that hash to one bucket. No clock, no files.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | CRC-32 of the rest |
//! | 4 | number of the bucket, little-endian |
//! | 28 | the shared record, of names without their own |
//! | 145 times 28 | records; those not in use are zeros |
//!
//! A table below its greatest size splits its buckets long before one is full. At the greatest
//! size, a full bucket evicts the record with the fewest wrong guesses, but never one at the
//! limit or pending. The evicted count moves to the shared record, and a name without a record
//! starts with that count (the "space saving" counter of Metwally, Agrawal and El Abbadi, 2005). So
//! a count may be too high, but never too low. A name without guesses still has a guess left, since
//! evicted counts are below the limit. If no record can be evicted, all other names count in the
//! shared record.

use super::record::{self, Answer, Id, Moment, Permission, Record};
use crate::base::crypto::Crc32;
use crate::base::wire::{DecodeError, Reader, Writer};

pub(super) const PAGE: usize = 4096;
pub(super) type Page = [u8; PAGE];

/// The size of a page's checksum.
const CRC: usize = 4;
/// Records of a bucket, besides the shared one.
pub(super) const CAPACITY: usize = 145;

const _: () = assert!(CRC + 4 + (1 + CAPACITY) * record::SIZE == PAGE);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    /// The shared record: counts every name without its own record.
    others: Record,
    records: Vec<Record>,
}

impl Bucket {
    /// Reads what [`Bucket::encode`] wrote.
    pub(super) fn decode(page: &Page, number: u32) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(page);
        let crc = reader.u32("checksum")?;
        if crc != checksum(reader.rest()) {
            return Err(DecodeError::new("bucket", "wrong checksum"));
        }
        if reader.u32("number")? != number {
            return Err(DecodeError::new("bucket", "wrong number"));
        }
        let others = Record::decode(&reader.array("shared record")?)?;
        let (chunks, _) = reader.rest().as_chunks::<{ record::SIZE }>();
        let mut records = Vec::with_capacity(CAPACITY);
        for chunk in chunks {
            let record = Record::decode(chunk)?;
            if record.is_free() {
                break;
            }
            records.push(record);
        }
        Ok(Self { others, records })
    }

    pub(super) fn encode(&self, number: u32) -> Page {
        let mut writer = Writer::new();
        writer.reserve(PAGE).u32(number);
        let in_use = self.records.iter().filter(|record| !record.is_free());
        for record in std::iter::once(&self.others).chain(in_use) {
            record.encode(&mut writer);
        }
        writer.zeros(PAGE.saturating_sub(CRC + writer.len()));
        let rest = writer.into_bytes();
        let page = [checksum(&rest).to_le_bytes().as_slice(), &rest].concat();
        // The length is always right, since `add` and `merge` respect the capacity. Zeros are an
        // invalid page.
        page.try_into().unwrap_or([0; PAGE])
    }

    /// Drops every count whose window is over.
    pub(super) fn settle(&mut self, now: u64) {
        self.others.settle(now);
        self.records
            .iter_mut()
            .for_each(|record| record.settle(now));
        self.records.retain(|record| !record.is_free());
    }

    /// Drops the records of names that belong to another bucket.
    pub(super) fn retain(&mut self, belongs: impl Fn(Id) -> bool) {
        self.records.retain(|record| belongs(record.id));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.others.is_free()
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Counts a guess as pending, if one more is permitted.
    pub(super) fn begin(&mut self, id: Id, limit: u16, moment: Moment) -> Permission {
        self.settle(moment.now);
        self.record_of(id, limit).begin(limit, moment)
    }

    /// Counts the answer to a guess. A wrong answer counts even if the guess is unknown. A right
    /// answer clears no wrong guesses of other names.
    pub(super) fn end(&mut self, id: Id, answer: Answer, limit: u16, moment: Moment) {
        self.settle(moment.now);
        let is_shared = self.place(id).is_none() && self.others.is_pending();
        match answer {
            Answer::Right | Answer::Undecided if is_shared => {
                self.others.end(Answer::Undecided, moment);
            }
            Answer::Right | Answer::Undecided if self.place(id).is_none() => {}
            answer => self.record_of(id, limit).end(answer, moment),
        }
        self.records.retain(|record| !record.is_free());
    }

    fn place(&self, id: Id) -> Option<usize> {
        self.records.iter().position(|record| record.id == id)
    }

    /// The record in which a name counts: its own, a new one, or the shared one.
    fn record_of(&mut self, id: Id, limit: u16) -> &mut Record {
        let place = self.place(id).or_else(|| self.add(id, limit));
        match place.and_then(|place| self.records.get_mut(place)) {
            Some(own) => own,
            None => &mut self.others,
        }
    }

    /// Adds a record. `None`: there is no room, or a shared guess is pending, which may be of this
    /// name.
    fn add(&mut self, id: Id, limit: u16) -> Option<usize> {
        if self.others.is_pending() || self.others.is_at(limit) {
            return None;
        }
        if self.records.len() >= CAPACITY {
            let ranks = self.records.iter().enumerate();
            let (_, lowest) = ranks
                .filter_map(|(place, record)| Some((record.rank(limit)?, place)))
                .min()?;
            let evicted = self.records.swap_remove(lowest);
            self.others.absorb(&evicted);
        }
        self.records.push(self.others.inherited_by(id));
        Some(self.records.len() - 1)
    }

    /// How many names are at the limit now, and how many have wrong guesses at all.
    pub(super) fn survey(&mut self, limit: u16, now: u64) -> (u64, u64) {
        self.settle(now);
        let at_limit = self.records.iter().filter(|record| record.is_at(limit));
        let wrong = self.records.iter().filter(|record| record.is_at(1));
        let number = |count| u64::try_from(count).unwrap_or(u64::MAX);
        (number(at_limit.count()), number(wrong.count()))
    }

    /// Whether a shared guess is pending: its name must stay in this bucket.
    pub(super) fn is_pinned(&self) -> bool {
        self.others.is_pending()
    }

    /// Splits off the records for which `moves` is true, as a new bucket.
    pub(super) fn split(&mut self, moves: impl Fn(Id) -> bool) -> Self {
        let (moved, kept) = self.records.iter().partition(|record| moves(record.id));
        self.records = kept;
        Self {
            others: self.others.inherited_by(0),
            records: moved,
        }
    }

    /// Takes over the records of another bucket.
    pub(super) fn merge(&mut self, other: Self) {
        self.others.absorb(&other.others);
        self.records.extend(other.records);
    }
}

/// How many of some guesses at a name are permitted by a bucket with these bytes after its
/// checksum, and the bytes written again. For tests/fuzz.
#[cfg(feature = "fuzzing")]
pub fn guesses_permitted(rest: &[u8], limit: u16, now: u64) -> Option<(u32, Vec<u8>)> {
    let page = [checksum(rest).to_le_bytes().as_slice(), rest].concat();
    let mut bucket = Bucket::decode(&page.try_into().ok()?, 0).ok()?;
    let again = bucket.encode(0).into_iter().skip(CRC).collect();
    let window = 60_000;
    let moment = Moment { now, window };
    let guesses = 0..2 * u32::from(limit);
    let is_given = |_: &u32| bucket.begin(1, limit, moment) == Permission::Given;
    Some((u32::try_from(guesses.filter(is_given).count()).ok()?, again))
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = Crc32::new();
    crc.update(bytes);
    crc.finish()
}

#[cfg(test)]
mod tests;
