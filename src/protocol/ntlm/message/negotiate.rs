//! NEGOTIATE_MESSAGE (MS-NLMP 2.2.1.1), also called Type 1.

use super::fields::Fields;
use super::{MessageType, VERSION, begin, start};
use crate::base::wire::DecodeError;
use crate::protocol::ntlm::flags::NegotiateFlags;

/// The part before `Version`.
const FIXED: u8 = 32;

/// The client's offer.
///
/// The version is for debugging. The workstation is unproven, and no reply depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Negotiate<'a> {
    /// `NegotiateFlags`.
    pub flags: NegotiateFlags,
    /// `DomainName` in an OEM character set, unproven. Empty if the client supplies none, or none
    /// that can be read: real clients send it swapped with the workstation, wrong, or with invalid
    /// offsets.
    pub domain: &'a [u8],
}

impl<'a> Negotiate<'a> {
    /// Decodes a message of 16 bytes or more.
    ///
    /// # Errors
    /// Names the invalid field.
    pub fn decode(message: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = begin(message, MessageType::Negotiate)?;
        let flags = NegotiateFlags(reader.u32("NegotiateFlags")?);
        let domain = Fields::decode(&mut reader, "DomainName")
            .and_then(|domain| domain.resolve(message, FIXED.into()));
        Ok(Self {
            flags,
            domain: match flags.contains(NegotiateFlags::NEGOTIATE_OEM_DOMAIN_SUPPLIED) {
                true => domain.unwrap_or_default(),
                false => &[],
            },
        })
    }

    /// Encodes 32 bytes, or 40 with a version, and the domain. The workstation is empty. A domain
    /// that is longer than its field can say is left out.
    pub fn encode(&self) -> Vec<u8> {
        let (offset, version) = match self.flags.contains(NegotiateFlags::NEGOTIATE_VERSION) {
            true => (FIXED + 8, &VERSION[..]),
            false => (FIXED, &[][..]),
        };
        let (length, domain) = match u16::try_from(self.domain.len()) {
            Ok(length) => (length, self.domain),
            Err(_) => (0, &[][..]),
        };
        let mut writer = start(MessageType::Negotiate);
        writer.u32(self.flags.0);
        writer.u16(length).u16(length).u32(offset.into()).zeros(8);
        writer.bytes(version).bytes(domain);
        writer.into_bytes()
    }
}
