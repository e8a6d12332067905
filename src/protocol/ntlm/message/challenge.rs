//! CHALLENGE_MESSAGE (MS-NLMP 2.2.1.2), also called Type 2.

use super::fields::{Fields, Layout};
use super::{MessageType, TooLong, VERSION, begin, start};
use crate::base::wire::DecodeError;
use crate::protocol::ntlm::flags::NegotiateFlags;

/// The part before `Version`.
const FIXED: usize = 48;

/// The server's challenge and its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge<'a> {
    /// `TargetName`, in the character set of `flags`.
    pub target_name: &'a [u8],
    /// `NegotiateFlags`: the part of the client's offer that the server accepts.
    pub flags: NegotiateFlags,
    /// `ServerChallenge`.
    pub server_challenge: [u8; 8],
    /// `TargetInfo`: AV pairs.
    pub target_info: &'a [u8],
}

impl<'a> Challenge<'a> {
    /// Decodes a message of 48 bytes or more.
    ///
    /// # Errors
    /// Names the invalid field.
    pub fn decode(message: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = begin(message, MessageType::Challenge)?;
        let target_name = Fields::decode(&mut reader, "TargetName")?;
        let flags = NegotiateFlags(reader.u32("NegotiateFlags")?);
        let server_challenge = reader.array("ServerChallenge")?;
        let _reserved = reader.u64("Reserved")?;
        let target_info = Fields::decode(&mut reader, "TargetInfo")?;
        Ok(Self {
            target_name: target_name.resolve(message, FIXED)?,
            flags,
            server_challenge,
            target_info: target_info.resolve(message, FIXED)?,
        })
    }

    /// Encodes the message. `Version` is always present, and zero unless negotiated.
    ///
    /// # Errors
    /// Names the item that is too long.
    pub fn encode(&self) -> Result<Vec<u8>, TooLong> {
        let version = match self.flags.contains(NegotiateFlags::NEGOTIATE_VERSION) {
            true => VERSION,
            false => [0; 8],
        };
        let mut layout = Layout::new(start(MessageType::Challenge), FIXED + version.len());
        layout.item("TargetName", self.target_name)?;
        layout
            .header()
            .u32(self.flags.0)
            .bytes(&self.server_challenge)
            .zeros(8);
        layout.item("TargetInfo", self.target_info)?;
        layout.header().bytes(&version);
        Ok(layout.finish())
    }
}
