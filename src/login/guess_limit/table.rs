//! A hash table in pages that grows and shrinks by one bucket at a time (linear hashing: Litwin,
//! 1980). No files, no lock, no clock: [`Pages`] stores the pages.
//!
//! Page 0 is the header; page 1 + n is bucket n ([`Bucket`]):
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `ntlmdc`, 0, version 3 |
//! | 16 | random key of the hash: a client cannot tell which names share a bucket |
//! | 4 | number of buckets, little-endian |
//! | 4 | CRC-32 of the fields before it |
//!
//! A process may be killed between any two writes. Pages are written whole. Each change of the size
//! first writes copies of the moved records, then the header that makes the copies valid, then
//! removes the originals. A read drops records that do not belong to their bucket.

use std::io::{self, ErrorKind};

use super::bucket::{self, Bucket, PAGE, Page};
use super::record::Id;
use crate::base::crypto::{self, Crc32, Key};
use crate::base::wire::{DecodeError, Reader, Writer};

const MAGIC: &[u8; 7] = b"ntlmdc\0";
const VERSION: u8 = 3;

/// The size of an empty table.
pub(super) const LEAST: u32 = 16;
/// A guess that fills a bucket to this many records splits a bucket. The capacity is some 7
/// standard deviations above.
const SPLIT_AT: usize = 80;
/// A guess that finds a bucket with at most this many records merges buckets.
const MERGE_AT: usize = 10;
/// The most records of a merged bucket.
const MERGED: usize = 40;
/// The most merges at once.
const MERGES: u32 = 8;

const _: () = assert!(SPLIT_AT < bucket::CAPACITY && MERGED < SPLIT_AT);

/// The storage of a table.
pub(super) trait Pages {
    fn read(&self, number: u32) -> io::Result<Page>;
    /// Replaces a page, or adds the next one.
    fn write(&mut self, number: u32, page: &Page) -> io::Result<()>;
    /// Removes all pages but the first `count`.
    fn cut(&mut self, count: u32) -> io::Result<()>;
}

/// A table whose header was read. Valid until another process changes the table.
pub(super) struct Table<P> {
    pages: P,
    key: Key,
    buckets: u32,
    /// Bound of `buckets`.
    most: u32,
}

/// The size of a table after a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    Fits,
    /// The table needs to grow, and has its greatest size.
    AtBound,
}

impl<P: Pages> Table<P> {
    /// Reads the header.
    ///
    /// # Errors
    /// A damaged table ([`is_damage`]); any error of the storage.
    pub(super) fn open(pages: P, most: u32) -> io::Result<Self> {
        let (key, buckets) = decode_header(&pages.read(0)?, most)?;
        Ok(Self {
            pages,
            key,
            buckets,
            most,
        })
    }

    /// Works on the bucket of an account, then adjusts the size of the table to the records found.
    /// The result of the work is valid once it is written, even if the size cannot be adjusted.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub(super) fn with<T>(
        &mut self,
        account: &str,
        now: u64,
        work: impl FnOnce(&mut Bucket, Id) -> T,
    ) -> io::Result<(T, io::Result<Size>)> {
        let id = hash(&self.key, account);
        let number = bucket_of(id, self.buckets);
        let before = self.pages.read(page_of(number))?;
        let mut bucket = decode(&before, number, self.buckets)?;
        let records = bucket.len();
        let result = work(&mut bucket, id);
        let after = bucket.encode(number);
        if after != before {
            self.pages.write(page_of(number), &after)?;
        }
        let size = match bucket.len() {
            length if length > records && length >= SPLIT_AT => self.split_one(now),
            length if length <= MERGE_AT => self.merge_some(now).map(|()| Size::Fits),
            _ => Ok(Size::Fits),
        };
        Ok((result, size))
    }

    /// How many names are at the limit now, and how many have wrong guesses at all.
    pub(super) fn survey(&self, limit: u16, now: u64) -> io::Result<(u64, u64)> {
        let mut sum = (0, 0);
        for number in 0..self.buckets {
            let mut bucket = decode(&self.pages.read(page_of(number))?, number, self.buckets)?;
            let (at_limit, wrong) = bucket.survey(limit, now);
            sum = (sum.0 + at_limit, sum.1 + wrong);
        }
        Ok(sum)
    }

    /// Adds a bucket, and moves the records that now belong to it.
    fn split_one(&mut self, now: u64) -> io::Result<Size> {
        let (new, buckets) = (self.buckets, self.buckets + 1);
        if buckets > self.most {
            return Ok(Size::AtBound);
        }
        let old = buddy_of(new);
        let mut kept = self.bucket_in(old, new, now)?;
        if kept.is_pinned() {
            return Ok(Size::Fits);
        }
        let moved = kept.split(|id| bucket_of(id, buckets) == new);
        self.pages.write(page_of(new), &moved.encode(new))?;
        self.resize(buckets)?;
        self.pages.write(page_of(old), &kept.encode(old))?;
        Ok(Size::Fits)
    }

    /// Removes the last buckets whose records fit into others.
    fn merge_some(&mut self, now: u64) -> io::Result<()> {
        let before = self.buckets;
        let mut left = before;
        while left > LEAST && before - left < MERGES {
            let last = left - 1;
            let from = self.bucket_in(last, left, now)?;
            if from.is_pinned() {
                break;
            }
            if !from.is_empty() {
                let mut into = self.bucket_in(buddy_of(last), left, now)?;
                if into.len() + from.len() > MERGED {
                    break;
                }
                into.merge(from);
                let page = into.encode(buddy_of(last));
                self.pages.write(page_of(buddy_of(last)), &page)?;
            }
            left = last;
        }
        if left < before {
            self.resize(left)?;
            self.pages.cut(page_of(left))?;
        }
        Ok(())
    }

    fn resize(&mut self, buckets: u32) -> io::Result<()> {
        self.pages.write(0, &encode_header(&self.key, buckets))?;
        self.buckets = buckets;
        Ok(())
    }

    /// The bucket in a table of `buckets`.
    fn bucket_in(&self, number: u32, buckets: u32, now: u64) -> io::Result<Bucket> {
        let mut bucket = decode(&self.pages.read(page_of(number))?, number, buckets)?;
        bucket.settle(now);
        Ok(bucket)
    }
}

fn decode(page: &Page, number: u32, buckets: u32) -> io::Result<Bucket> {
    let mut bucket = Bucket::decode(page, number).map_err(damaged)?;
    bucket.retain(|id| bucket_of(id, buckets) == number);
    Ok(bucket)
}

/// The pages of an empty table with a new key.
///
/// # Errors
/// If the system has no random bytes.
pub(super) fn empty() -> io::Result<Vec<Page>> {
    let key = Key::new(crypto::random().map_err(io::Error::other)?);
    let buckets = (0..LEAST).map(|number| Bucket::default().encode(number));
    Ok(std::iter::once(encode_header(&key, LEAST))
        .chain(buckets)
        .collect())
}

/// Whether an error means that the bytes are not a valid table.
pub(super) fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof
    )
}

fn damaged(error: DecodeError) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error)
}

pub(super) fn encode_header(key: &Key, buckets: u32) -> Page {
    let mut writer = Writer::new();
    writer.bytes(MAGIC).u8(VERSION).bytes(key.expose());
    writer.u32(buckets);
    let mut bytes = writer.into_bytes();
    bytes.extend(checksum(&bytes).to_le_bytes());
    bytes.resize(PAGE, 0);
    bytes.try_into().unwrap_or([0; PAGE])
}

fn decode_header(page: &Page, most: u32) -> io::Result<(Key, u32)> {
    let mut reader = Reader::new(page);
    if &reader.array("magic").map_err(damaged)? != MAGIC {
        return Err(damaged(DecodeError::new("header", "not a table of counts")));
    }
    if reader.u8("version").map_err(damaged)? != VERSION {
        let error = DecodeError::new("header", "written by another version");
        return Err(damaged(error));
    }
    let key = Key::new(reader.array("key").map_err(damaged)?);
    let buckets = reader.u32("buckets").map_err(damaged)?;
    let (covered, _) = page.split_at(reader.position());
    let is_right = reader.u32("checksum").map_err(damaged)? == checksum(covered);
    if !is_right || !(LEAST..=most).contains(&buckets) {
        return Err(damaged(DecodeError::new("header", "wrong checksum")));
    }
    Ok((key, buckets))
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = Crc32::new();
    crc.update(bytes);
    crc.finish()
}

fn page_of(bucket: u32) -> u32 {
    bucket.saturating_add(1)
}

/// The bucket of a name: its hash modulo the next power of two, or half of that if there is no such
/// bucket yet.
pub(super) fn bucket_of(id: Id, buckets: u32) -> u32 {
    let full = buckets.next_power_of_two();
    let [a, b, c, d, ..] = id.to_le_bytes();
    let hash = u32::from_le_bytes([a, b, c, d]);
    match hash % full {
        number if number < buckets => number,
        number => number % (full / 2),
    }
}

/// The bucket that bucket `number` is split from, and merged into.
fn buddy_of(number: u32) -> u32 {
    number - (number + 1).next_power_of_two() / 2
}

/// The keyed hash of a name: a client cannot choose names by their hash.
fn hash(key: &Key, account: &str) -> Id {
    let [a, b, c, d, e, f, g, h, ..] = crypto::hmac_sha256(key, &[account.as_bytes()]);
    Id::from_le_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests;
