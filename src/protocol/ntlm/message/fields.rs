//! Length, maximum length and offset of a payload item: the eight bytes called `…Fields` in MS-NLMP
//! 2.2.1.

use super::TooLong;
use crate::base::wire::{DecodeError, Reader, Writer};

/// Where in a message an item lies.
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

    /// The offset, if there is something: that of an empty item means nothing.
    pub(super) fn start(&self) -> Option<usize> {
        (self.length > 0).then_some(self.offset)
    }

    /// The item's bytes. It may not reach outside the message, nor into its first `fixed` bytes.
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

/// A message being written: the header's fields, and the payload that they point into.
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

    /// The header, for what is not a payload item.
    pub(super) fn header(&mut self) -> &mut Writer {
        &mut self.header
    }

    /// The message; the header is filled up with zeros to where the payload starts.
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
