//! NDR 2.0, little endian (C706 chapter 14): the encoding of the calls' stubs.
//!
//! Only the types of these calls: aligned integers, unique pointers, `[string] wchar_t *`, RPC_SID,
//! and the counted strings RPC_UNICODE_STRING and STRING, whose characters follow the structure.

use crate::base::sid::Sid;
use crate::base::wire::{DecodeError, Reader, Writer};
use crate::protocol::rpc::Error;

/// Writes a stub.
#[derive(Debug, Default)]
pub struct Encoder {
    writer: Writer,
    referents: u32,
}

impl Encoder {
    /// An empty stub.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends bytes as they are, unaligned: octet arrays.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.writer.bytes(bytes);
        self
    }

    /// Appends zeros up to the next multiple of `alignment`.
    pub fn align(&mut self, alignment: usize) -> &mut Self {
        self.writer.align(alignment);
        self
    }

    /// Appends a `short`, or an enumeration.
    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.writer.align(2).u16(value);
        self
    }

    /// Appends a `long`.
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.writer.align(4).u32(value);
        self
    }

    /// Appends a unique pointer. Its value follows the structure.
    pub fn pointer(&mut self, present: bool) -> &mut Self {
        // A referent is not 0, and different for each pointer (C706 14.3.10).
        const FIRST: u32 = 0x0002_0004;
        let referent = match present {
            true => FIRST.wrapping_add(self.referents.wrapping_mul(4)),
            false => 0,
        };
        self.referents = self.referents.wrapping_add(u32::from(present));
        self.u32(referent)
    }

    /// Appends a `[string] wchar_t *` that is a reference: counts, then UTF-16 with a final NUL.
    ///
    /// # Errors
    /// [`Error::TooLong`] if the count exceeds 32 bits.
    pub fn string(&mut self, text: &str, field: &'static str) -> Result<&mut Self, Error> {
        let units: Vec<u16> = text.encode_utf16().chain([0]).collect();
        self.units(&units, field)
    }

    /// Appends a `[unique, string] wchar_t *` and its value.
    ///
    /// # Errors
    /// [`Error::TooLong`] if the count exceeds 32 bits.
    pub fn unique_string(
        &mut self,
        text: Option<&str>,
        field: &'static str,
    ) -> Result<&mut Self, Error> {
        self.pointer(text.is_some());
        match text {
            Some(text) => self.string(text, field),
            None => Ok(self),
        }
    }

    /// Appends the fixed part of an RPC_UNICODE_STRING or STRING of `bytes` bytes. An empty one has
    /// a null pointer.
    ///
    /// # Errors
    /// [`Error::TooLong`] if the count exceeds 16 bits.
    pub fn counted(&mut self, bytes: usize, field: &'static str) -> Result<&mut Self, Error> {
        let length = u16::try_from(bytes).map_err(|_| Error::TooLong(field))?;
        self.align(4).u16(length).u16(length);
        Ok(self.pointer(bytes > 0))
    }

    /// Appends the characters of an RPC_UNICODE_STRING. Appends nothing for an empty one.
    ///
    /// # Errors
    /// [`Error::TooLong`] if the count exceeds 32 bits.
    pub fn counted_units(
        &mut self,
        units: &[u16],
        field: &'static str,
    ) -> Result<&mut Self, Error> {
        match units {
            [] => Ok(self),
            _ => self.units(units, field),
        }
    }

    /// Appends the bytes of a STRING. Appends nothing for an empty one.
    ///
    /// # Errors
    /// [`Error::TooLong`] if the count exceeds 32 bits.
    pub fn counted_bytes(&mut self, bytes: &[u8], field: &'static str) -> Result<&mut Self, Error> {
        if !bytes.is_empty() {
            self.counts(bytes.len(), field)?.bytes(bytes);
        }
        Ok(self)
    }

    /// Appends an `RPC_SID` (MS-DTYP 2.4.2.3) with the count that precedes the structure.
    pub fn sid(&mut self, sid: &Sid) -> &mut Self {
        let sub_authorities = sid.sub_authorities();
        // At most 15.
        let count = u8::try_from(sub_authorities.len()).unwrap_or(u8::MAX);
        self.u32(count.into()).bytes(&[1, count]);
        self.bytes(&sid.authority());
        sub_authorities.iter().for_each(|sub| {
            self.u32(*sub);
        });
        self
    }

    /// The stub.
    pub fn into_bytes(self) -> Vec<u8> {
        self.writer.into_bytes()
    }

    fn units(&mut self, units: &[u16], field: &'static str) -> Result<&mut Self, Error> {
        self.counts(units.len(), field)?;
        for unit in units {
            self.writer.u16(*unit);
        }
        Ok(self)
    }

    /// The counts before a conformant and varying array: maximum, offset, actual.
    fn counts(&mut self, elements: usize, field: &'static str) -> Result<&mut Self, Error> {
        let elements = u32::try_from(elements).map_err(|_| Error::TooLong(field))?;
        Ok(self.u32(elements).u32(0).u32(elements))
    }
}

/// Reads a stub.
#[derive(Clone, Debug)]
pub struct Decoder<'a>(Reader<'a>);

/// The fixed part of an RPC_UNICODE_STRING. Its characters follow later.
#[derive(Clone, Copy, Debug)]
#[must_use = "the characters that follow must be read"]
pub struct Counted {
    /// The length in bytes.
    length: u16,
    present: bool,
}

impl Counted {
    /// A null pointer: no characters follow.
    pub const NULL: Self = Self {
        length: 0,
        present: false,
    };
}

impl<'a> Decoder<'a> {
    /// Starts at the first byte of a stub.
    pub fn new(stub: &'a [u8]) -> Self {
        Self(Reader::new(stub))
    }

    /// Reads an octet array, unaligned.
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        self.0.array(field)
    }

    /// Reads `length` octets, unaligned.
    pub fn take(&mut self, length: u32, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let length = usize::try_from(length).map_err(|_| DecodeError::truncated(field))?;
        self.0.take(length, field)
    }

    /// Reads a `small`.
    pub fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        self.0.u8(field)
    }

    /// Reads a `short`, or an enumeration.
    pub fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        self.0.align(2, field)?;
        self.0.u16(field)
    }

    /// Reads a `long`.
    pub fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        self.0.align(4, field)?;
        self.0.u32(field)
    }

    /// Reads 64 bits as a structure of two longs, the low one first.
    pub fn u64(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        self.0.align(4, field)?;
        self.0.u64(field)
    }

    /// Reads a unique pointer: true if it is not null.
    pub fn pointer(&mut self, field: &'static str) -> Result<bool, DecodeError> {
        Ok(self.u32(field)? != 0)
    }

    /// Reads the fixed part of an RPC_UNICODE_STRING.
    pub fn counted(&mut self, field: &'static str) -> Result<Counted, DecodeError> {
        self.0.align(4, field)?;
        let length = self.u16(field)?;
        let maximum = self.u16(field)?;
        let present = self.pointer(field)?;
        if length % 2 != 0 || length > maximum || (length > 0 && !present) {
            return Err(DecodeError::new(field, "invalid length"));
        }
        Ok(Counted { length, present })
    }

    /// Reads the characters of an RPC_UNICODE_STRING: UTF-16 without a NUL. Empty for a null
    /// pointer.
    pub fn counted_units(
        &mut self,
        fixed: Counted,
        field: &'static str,
    ) -> Result<Vec<u16>, DecodeError> {
        if !fixed.present {
            return Ok(Vec::new());
        }
        let maximum = self.u32(field)?;
        let offset = self.u32(field)?;
        let actual = self.u32(field)?;
        if offset != 0 || actual > maximum || actual != u32::from(fixed.length / 2) {
            return Err(DecodeError::new(field, "inconsistent counts"));
        }
        let bytes = self.take(u32::from(fixed.length), field)?;
        let (units, _) = bytes.as_chunks();
        Ok(units.iter().copied().map(u16::from_le_bytes).collect())
    }

    /// Reads the value of a `[string] wchar_t *`: UTF-16, without the final NUL.
    pub fn string(&mut self, field: &'static str) -> Result<Vec<u16>, DecodeError> {
        let maximum = self.u32(field)?;
        let offset = self.u32(field)?;
        let actual = self.u32(field)?;
        let length = actual
            .checked_mul(2)
            .filter(|_| offset == 0 && actual <= maximum);
        let length = length.ok_or(DecodeError::new(field, "inconsistent counts"))?;
        let (units, _) = self.take(length, field)?.as_chunks();
        let mut units: Vec<u16> = units.iter().copied().map(u16::from_le_bytes).collect();
        match units.pop() {
            Some(0) => Ok(units),
            _ => Err(DecodeError::new(field, "no final NUL")),
        }
    }

    /// Reads an `RPC_SID` (MS-DTYP 2.4.2.3).
    pub fn sid(&mut self) -> Result<Sid, DecodeError> {
        const FIELD: &str = "SID";
        let count = self.u32(FIELD)?;
        let revision = self.u8(FIELD)?;
        let sub_authority_count = self.u8(FIELD)?;
        let authority = self.array(FIELD)?;
        if revision != 1 || u32::from(sub_authority_count) != count {
            return Err(DecodeError::new(FIELD, "not a SID"));
        }
        let sub_authorities = (0..sub_authority_count).map(|_| self.u32(FIELD));
        let sub_authorities = sub_authorities.collect::<Result<_, _>>()?;
        Sid::new(authority, sub_authorities).ok_or(DecodeError::new(FIELD, "too long"))
    }

    /// Ends the reading. An error if bytes are left.
    pub fn finish(self, field: &'static str) -> Result<(), DecodeError> {
        self.0.finish(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;

    #[test]
    fn strings_are_aligned_counted_and_terminated() {
        let mut encoder = Encoder::new();
        encoder.bytes(&[0xFF]);
        encoder.unique_string(Some("a"), "x").unwrap();
        encoder.unique_string(None, "x").unwrap();
        assert_eq!(
            encoder.into_bytes(),
            hex!("ff000000 04000200 02000000 00000000 02000000 61000000 00000000")
        );
    }

    #[test]
    fn counted_strings_come_back() {
        let units: Vec<u16> = "héllo".encode_utf16().collect();
        let mut encoder = Encoder::new();
        encoder.counted(units.len() * 2, "x").unwrap();
        encoder.counted(0, "x").unwrap();
        encoder.counted_units(&units, "x").unwrap();
        encoder.counted_units(&[], "x").unwrap();
        let stub = encoder.into_bytes();

        let mut decoder = Decoder::new(&stub);
        let first = decoder.counted("x").unwrap();
        let second = decoder.counted("x").unwrap();
        assert_eq!(decoder.counted_units(first, "x"), Ok(units));
        assert_eq!(decoder.counted_units(second, "x"), Ok(vec![]));
        assert_eq!(decoder.finish("x"), Ok(()));
    }

    #[test]
    fn sids_come_back() {
        let sid = Sid::new([0, 0, 0, 0, 0, 5], vec![32, 544]).unwrap();
        let mut encoder = Encoder::new();
        encoder.bytes(&[0xFF]).sid(&sid);
        let stub = encoder.into_bytes();
        assert_eq!(
            stub,
            hex!("ff000000 02000000 01 02 000000000005 20000000 20020000")
        );
        let mut decoder = Decoder::new(&stub);
        decoder.u8("x").unwrap();
        assert_eq!(decoder.sid(), Ok(sid));
        assert_eq!(decoder.finish("x"), Ok(()));
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        let mut encoder = Encoder::new();
        assert_eq!(
            encoder.counted(0x1_0000, "UserName").err(),
            Some(Error::TooLong("UserName"))
        );
        assert!(encoder.into_bytes().is_empty());
    }

    #[test]
    fn lying_counts_are_refused() {
        for fixed in [
            hex!("0100 0200 04000200"), // half a character
            hex!("0400 0200 04000200"), // more than the maximum
            hex!("0200 0200 00000000"), // characters, and no pointer
        ] {
            assert!(Decoder::new(&fixed).counted("x").is_err(), "{fixed:?}");
        }
        for counts in [
            hex!("0200 0200 04000200 01000000 01000000 01000000 6100"), // offset
            hex!("0200 0200 04000200 00000000 00000000 01000000 6100"), // actual > maximum
            hex!("0200 0200 04000200 ffffffff 00000000 ffffffff 6100"), // not the length above
        ] {
            let mut decoder = Decoder::new(&counts);
            let fixed = decoder.counted("x").unwrap();
            assert!(decoder.counted_units(fixed, "x").is_err(), "{counts:?}");
        }
    }
}
