//! NEGOTIATE_MESSAGE (MS-NLMP 2.2.1.1), also called Type 1.

use super::{MessageType, VERSION, begin, start};
use crate::base::wire::DecodeError;
use crate::protocol::ntlm::flags::NegotiateFlags;

/// The client's offer.
///
/// Only the flags are read. Domain and workstation are unproven and no reply depends on them; real
/// clients send them swapped, wrong, or with invalid offsets. The version is for debugging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Negotiate {
    /// `NegotiateFlags`.
    pub flags: NegotiateFlags,
}

impl Negotiate {
    /// Decodes a message of 16 bytes or more.
    ///
    /// # Errors
    /// Names the invalid field.
    pub fn decode(message: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = begin(message, MessageType::Negotiate)?;
        let flags = NegotiateFlags(reader.u32("NegotiateFlags")?);
        Ok(Self { flags })
    }

    /// Encodes 32 bytes, or 40 with a version: empty domain and workstation.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = start(MessageType::Negotiate);
        writer.u32(self.flags.0).zeros(16);
        if self.flags.contains(NegotiateFlags::NEGOTIATE_VERSION) {
            writer.bytes(&VERSION);
        }
        writer.into_bytes()
    }
}
