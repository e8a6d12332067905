//! Session security saved for another process.

use super::{Direction, Role, SessionSecurity};
use crate::base::crypto::{Key, Rc4};
use crate::base::wire::{DecodeError, Reader, Writer};
use crate::protocol::ntlm::flags::NegotiateFlags;

impl SessionSecurity {
    /// The most bytes that [`Self::save`] writes.
    pub const SAVED_AT_MOST: usize = 20 + 2 * Direction::SAVED_AT_MOST;

    /// Writes flags, key and the state of each direction. The key is in clear: the writer must have
    /// enough room reserved, so that no copy stays behind.
    pub fn save(&self, writer: &mut Writer) {
        writer
            .u32(self.flags.0)
            .bytes(self.exported_session_key.expose());
        self.outgoing.save(writer);
        if let Some(incoming) = &self.incoming {
            incoming.save(writer);
        }
    }

    /// Reads what [`Self::save`] wrote on the same side of the context.
    ///
    /// # Errors
    /// The bytes are not a saved state.
    pub fn restore(reader: &mut Reader<'_>, role: Role) -> Result<Self, DecodeError> {
        let flags = NegotiateFlags(reader.u32("NegotiateFlags")?);
        let key = Key::new(reader.array("ExportedSessionKey")?);
        let mut security = Self::new(flags, key, role);
        security.outgoing.restore(reader)?;
        if let Some(incoming) = &mut security.incoming {
            incoming.restore(reader)?;
        }
        Ok(security)
    }
}

impl Direction {
    const SAVED_AT_MOST: usize = 5 + Rc4::SAVED_SIZE;

    fn save(&self, writer: &mut Writer) {
        writer.u32(self.sequence).u8(self.stream.is_some().into());
        if let Some(stream) = &self.stream {
            writer.bytes(stream.save().expose());
        }
    }

    fn restore(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        const STREAM: &str = "key stream";
        self.sequence = reader.u32("sequence number")?;
        self.stream = match reader.flag(STREAM)? {
            true => {
                let stream = Rc4::restore(&reader.array(STREAM)?);
                Some(stream.ok_or(DecodeError::new(STREAM, "invalid"))?)
            }
            false => None,
        };
        Ok(())
    }
}
