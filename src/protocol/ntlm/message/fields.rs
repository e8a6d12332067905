//! Length, maximum length and offset of a payload item: the eight bytes called `…Fields` in MS-NLMP
//! 2.2.1.

use super::TooLong;
use crate::base::wire::{DecodeError, Reader, Writer};

/// The position of an item in a message.
#[derive(Clone, Copy)]
pub(super) struct Fields {
    name: &'static str,
    length: usize,
    offset: usize,
}

impl Fields {
    /// Reads the eight bytes. The maximum length is ignored on receipt.
    pub(super) fn decode(reader: &mut Reader<'_>, name: &'static str) -> Result<Self, DecodeError> {
        let length = usize::from(reader.u16(name)?);
        let _max_length = reader.u16(name)?;
        let offset = usize::try_from(reader.u32(name)?)
            .map_err(|_| DecodeError::new(name, "offset out of range"))?;
        Ok(Self {
            name,
            length,
            offset,
        })
    }

    /// The offset of an item that is not empty. The offset of an empty item is meaningless.
    pub(super) fn start(&self) -> Option<usize> {
        (self.length > 0).then_some(self.offset)
    }

    /// The item's bytes, which must be inside the message and behind its first `fixed` bytes.
    pub(super) fn resolve<'a>(
        &self,
        message: &'a [u8],
        fixed: usize,
    ) -> Result<&'a [u8], DecodeError> {
        let Some(start) = self.start() else {
            return Ok(&[]);
        };
        if start < fixed {
            return Err(DecodeError::new(self.name, "offset inside the header"));
        }
        start
            .checked_add(self.length)
            .and_then(|end| message.get(start..end))
            .ok_or(DecodeError::new(self.name, "outside the message"))
    }
}

/// A message that is being written: the header's fields, and the payload that they point into.
pub(super) struct Layout {
    header: Writer,
    payload: Writer,
    payload_offset: usize,
}

impl Layout {
    /// A message that begins with `header`; the payload will start at `payload_offset`.
    pub(super) fn new(header: Writer, payload_offset: usize) -> Self {
        Self {
            header,
            payload: Writer::new(),
            payload_offset,
        }
    }

    /// Appends an item: its fields to the header, its bytes to the payload.
    pub(super) fn item(&mut self, field: &'static str, bytes: &[u8]) -> Result<(), TooLong> {
        let too_long = |_| TooLong { field };
        let length = u16::try_from(bytes.len()).map_err(too_long)?;
        let offset = u32::try_from(self.payload_offset + self.payload.len()).map_err(too_long)?;
        self.header.u16(length).u16(length).u32(offset);
        self.payload.bytes(bytes);
        Ok(())
    }

    /// The header, for fields that are not payload items.
    pub(super) fn header(&mut self) -> &mut Writer {
        &mut self.header
    }

    /// The message. The header is padded with zeros up to the payload.
    pub(super) fn finish(self) -> Vec<u8> {
        let Self {
            mut header,
            payload,
            payload_offset,
        } = self;
        let missing = payload_offset.saturating_sub(header.len());
        header.zeros(missing).bytes(&payload.into_bytes());
        header.into_bytes()
    }
}
