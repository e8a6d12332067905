//! Bytes of a message: a bounded reader and a writer, both little endian. No input can cause a
//! panic: every read names its field, and fails with [`DecodeError`] if there are too few bytes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A field that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct DecodeError {
    /// The field's name in the specification, e.g. `NtChallengeResponse`.
    pub field: &'static str,
    /// What is wrong with it, e.g. `truncated`.
    pub problem: &'static str,
}

impl DecodeError {
    /// There are too few bytes for the field.
    pub const fn truncated(field: &'static str) -> Self {
        Self::new(field, "truncated")
    }

    /// The value of the field is not valid.
    pub const fn new(field: &'static str, problem: &'static str) -> Self {
        Self { field, problem }
    }
}

/// Reads a borrowed buffer from front to back.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    whole: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            whole: bytes,
            position: 0,
        }
    }

    /// How many bytes have been read.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The bytes not yet read.
    pub fn rest(&self) -> &'a [u8] {
        self.whole.get(self.position..).unwrap_or_default()
    }

    /// Reads `length` bytes.
    pub fn take(&mut self, length: usize, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let end = self
            .position
            .checked_add(length)
            .ok_or(DecodeError::truncated(field))?;
        let bytes = self
            .whole
            .get(self.position..end)
            .ok_or(DecodeError::truncated(field))?;
        self.position = end;
        Ok(bytes)
    }

    /// Reads an array of `N` bytes.
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let (bytes, _) = self
            .rest()
            .split_first_chunk::<N>()
            .ok_or(DecodeError::truncated(field))?;
        self.position += N;
        Ok(*bytes)
    }

    /// Reads one byte.
    pub fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        self.array::<1>(field).map(|[byte]| byte)
    }

    /// Reads a little-endian 16-bit number.
    pub fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        self.array(field).map(u16::from_le_bytes)
    }

    /// Reads a little-endian 32-bit number.
    pub fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        self.array(field).map(u32::from_le_bytes)
    }

    /// Reads a little-endian 64-bit number.
    pub fn u64(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        self.array(field).map(u64::from_le_bytes)
    }

    /// Reads a 32-bit length and that many bytes.
    pub fn block(&mut self, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let length = self.u32(field)?;
        let length = usize::try_from(length).map_err(|_| DecodeError::truncated(field))?;
        self.take(length, field)
    }

    /// Reads a [`Self::block`] of UTF-8.
    pub fn text(&mut self, field: &'static str) -> Result<String, DecodeError> {
        String::from_utf8(self.block(field)?.to_vec())
            .map_err(|_| DecodeError::new(field, "not UTF-8"))
    }

    /// Reads a byte that is 0 or 1.
    pub fn flag(&mut self, field: &'static str) -> Result<bool, DecodeError> {
        match self.u8(field)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::new(field, "invalid flag")),
        }
    }

    /// Skips to the next multiple of `alignment` (a power of two), counted from the first byte.
    pub fn align(&mut self, alignment: usize, field: &'static str) -> Result<(), DecodeError> {
        let aligned = self
            .position
            .checked_next_multiple_of(alignment)
            .ok_or(DecodeError::truncated(field))?;
        self.take(aligned - self.position, field).map(drop)
    }

    /// Ends reading. Fails if bytes are left.
    pub fn finish(self, field: &'static str) -> Result<(), DecodeError> {
        match self.rest() {
            [] => Ok(()),
            _ => Err(DecodeError::new(field, "trailing bytes")),
        }
    }
}

/// Appends to a growing buffer.
#[derive(Clone, Debug)]
pub struct Writer(Vec<u8>);

impl Default for Writer {
    /// With room for most messages, to avoid reallocations.
    fn default() -> Self {
        const ROOM: usize = 512;
        Self(Vec::with_capacity(ROOM))
    }
}

impl Writer {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many bytes have been written.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True before the first byte.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Appends one byte.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes(&[value])
    }

    /// Appends a little-endian 16-bit number.
    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Appends a little-endian 32-bit number.
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Appends a little-endian 64-bit number.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Appends a 32-bit length and the bytes. Bytes beyond the largest length are left out.
    pub fn block(&mut self, bytes: &[u8]) -> &mut Self {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let counted = usize::try_from(length).ok().and_then(|n| bytes.get(..n));
        self.u32(length).bytes(counted.unwrap_or(bytes))
    }

    /// Makes room for so many more bytes, so that writing them leaves no copy in a smaller buffer.
    pub fn reserve(&mut self, room: usize) -> &mut Self {
        self.0.reserve_exact(room);
        self
    }

    /// Appends `count` zero bytes.
    pub fn zeros(&mut self, count: usize) -> &mut Self {
        self.0.resize(self.0.len() + count, 0);
        self
    }

    /// Appends zero bytes up to the next multiple of `alignment`, counted from the first byte.
    pub fn align(&mut self, alignment: usize) -> &mut Self {
        self.zeros(self.len().next_multiple_of(alignment) - self.len())
    }

    /// The bytes written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// FILETIME: units of 100 nanoseconds since 1601-01-01 UTC (MS-DTYP 2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileTime(pub u64);

impl FileTime {
    /// From 1601 to 1970.
    const UNIX_EPOCH: u64 = 116_444_736_000_000_000;

    /// The system's time. `None` for "never" and all else that is out of range.
    pub fn to_system_time(self) -> Option<SystemTime> {
        let since_1970 = self.0.checked_sub(Self::UNIX_EPOCH)?;
        let duration = Duration::new(
            since_1970 / 10_000_000,
            u32::try_from(since_1970 % 10_000_000)
                .ok()?
                .checked_mul(100)?,
        );
        match self.0 {
            0x7FFF_FFFF_FFFF_FFFF.. => None,
            _ => UNIX_EPOCH.checked_add(duration),
        }
    }
}

impl From<SystemTime> for FileTime {
    fn from(time: SystemTime) -> Self {
        let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let units = since_1970
            .as_secs()
            .saturating_mul(10_000_000)
            .saturating_add(u64::from(since_1970.subsec_nanos() / 100));
        Self(units.saturating_add(Self::UNIX_EPOCH))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_was_written() {
        let mut writer = Writer::new();
        writer.u8(1).u16(0x0203).align(4).u32(0x0405_0607).u64(8);
        writer.reserve(100).block(&[9, 9]).block("é".as_bytes());
        let bytes = writer.into_bytes();
        assert_eq!(bytes.len(), 4 + 4 + 8 + 6 + 6);

        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.u8("a"), Ok(1));
        assert_eq!(reader.u16("b"), Ok(0x0203));
        assert_eq!(reader.align(4, "pad"), Ok(()));
        assert_eq!(reader.u32("c"), Ok(0x0405_0607));
        assert_eq!(reader.u64("d"), Ok(8));
        assert_eq!(reader.block("e"), Ok(&[9, 9][..]));
        assert_eq!(reader.text("f"), Ok("é".to_owned()));
        assert_eq!(reader.finish("end"), Ok(()));
    }

    #[test]
    fn a_short_buffer_names_the_field() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u32("Flags"), Err(DecodeError::truncated("Flags")));
        assert_eq!(reader.position(), 0);
        assert_eq!(
            reader.take(usize::MAX, "Payload"),
            Err(DecodeError::truncated("Payload"))
        );
        assert_eq!(reader.align(8, "pad"), Ok(()), "already aligned");
        assert_eq!(reader.take(1, "x"), Ok(&[1][..]));
        assert_eq!(reader.align(8, "pad"), Err(DecodeError::truncated("pad")));
        assert_eq!(
            reader.finish("message"),
            Err(DecodeError::new("message", "trailing bytes"))
        );
        let mut reader = Reader::new(&[0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0, 0xFF, 2]);
        assert_eq!(reader.block("a"), Err(DecodeError::truncated("a")));
        assert_eq!(reader.text("b"), Err(DecodeError::new("b", "not UTF-8")));
        assert!(reader.flag("c").is_err());
    }

    #[test]
    fn file_times_convert() {
        // MS-DTYP 2.3.3 counts from 1601; this one is 2023-11-14 22:13:20 UTC.
        let time = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        assert_eq!(FileTime::from(time), FileTime(133_444_736_000_000_000));
        assert_eq!(
            FileTime(133_444_736_000_000_000).to_system_time(),
            Some(time)
        );
        for never in [0, 1, 0x7FFF_FFFF_FFFF_FFFF, u64::MAX] {
            assert_eq!(FileTime(never).to_system_time(), None, "{never:#x}");
        }
    }
}
