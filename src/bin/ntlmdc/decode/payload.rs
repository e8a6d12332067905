//! The payload items of a message: where they lie and what they hold, however wrong they are.

use gss_ntlmdc::base::wire::{DecodeError, Reader};

use crate::report::{Field, Section};

/// An item of the payload, or why it cannot be read.
pub struct Item<'a> {
    pub name: &'static str,
    /// Its length and its offset, as the header has them.
    pub place: (usize, usize),
    pub bytes: Result<&'a [u8], &'static str>,
}

impl<'a> Item<'a> {
    /// Reads the eight bytes that point to it (MS-NLMP 2.2.1: `Len`, `MaxLen`, `BufferOffset`).
    ///
    /// # Errors
    /// The message ends before.
    pub fn read(
        reader: &mut Reader<'_>,
        message: &'a [u8],
        name: &'static str,
    ) -> Result<Self, DecodeError> {
        let length = usize::from(reader.u16(name)?);
        let _max_length = reader.u16(name)?;
        let offset = usize::try_from(reader.u32(name)?).unwrap_or(usize::MAX);
        let end = offset.checked_add(length);
        let bytes = match length {
            0 => Ok(&[][..]),
            _ => end
                .and_then(|end| message.get(offset..end))
                .ok_or("outside the message"),
        };
        Ok(Self {
            name,
            place: (length, offset),
            bytes,
        })
    }

    /// The bytes; none if they cannot be read.
    pub fn or_empty(&self) -> &'a [u8] {
        self.bytes.unwrap_or_default()
    }

    /// Shows the item by what `show` makes of its bytes.
    pub fn push(&self, section: &mut Section, show: impl Fn(&[u8]) -> String) {
        let (length, offset) = self.place;
        section.push(match self.bytes {
            Ok([]) => Field::new(self.name, "(empty)"),
            Ok(bytes) => Field::new(self.name, show(bytes)),
            Err(problem) => {
                Field::new(self.name, format!("{length} bytes at {offset}: {problem}")).wrong()
            }
        });
    }
}

/// Bytes as hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes that are not shown.
pub fn hidden(bytes: &[u8]) -> String {
    format!("{} bytes, hidden", bytes.len())
}

/// A name in UTF-16, or in the client's OEM character set.
pub fn name(bytes: &[u8], is_unicode: bool) -> String {
    match is_unicode {
        true => {
            let (pairs, rest) = bytes.as_chunks();
            let units: Vec<u16> = pairs.iter().copied().map(u16::from_le_bytes).collect();
            let name = String::from_utf16_lossy(&units);
            match rest.is_empty() {
                true => format!("\"{}\"", name.escape_debug()),
                false => format!("\"{}\" and half a character", name.escape_debug()),
            }
        }
        false => format!(
            "\"{}\" (OEM)",
            String::from_utf8_lossy(bytes).escape_debug()
        ),
    }
}
