//! AUTHENTICATE_MESSAGE (MS-NLMP 2.2.1.3), also called Type 3.

use super::fields::{Fields, Layout};
use super::{MessageType, TooLong, begin, start};
use crate::base::wire::{DecodeError, Reader};
use crate::protocol::ntlm::flags::NegotiateFlags;

/// The client's answer. Strings are in the character set of the CHALLENGE message, whatever `flags`
/// says: wget sets UNICODE here and sends OEM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authenticate<'a> {
    /// `LmChallengeResponse`.
    pub lm_response: &'a [u8],
    /// `NtChallengeResponse`.
    pub nt_response: &'a [u8],
    /// `DomainName`.
    pub domain: &'a [u8],
    /// `UserName`.
    pub user: &'a [u8],
    /// `Workstation`.
    pub workstation: &'a [u8],
    /// `EncryptedRandomSessionKey`.
    pub encrypted_session_key: &'a [u8],
    /// `NegotiateFlags`.
    pub flags: NegotiateFlags,
    /// `Version`, if the header has room for it.
    pub version: Option<[u8; 8]>,
    /// `MIC`, if the header has room for it. Valid only if `MsvAvFlags` of the response announces
    /// it.
    pub mic: Option<[u8; 16]>,
}

impl<'a> Authenticate<'a> {
    /// The header up to `NegotiateFlags`, which every client sends.
    const FIXED: usize = 64;
    /// The header with `Version`.
    const WITH_VERSION: usize = 72;
    /// The header with `Version` and `MIC`.
    const WITH_MIC: usize = 88;
    /// Where the 16 bytes of `MIC` begin.
    pub const MIC_OFFSET: usize = Self::WITH_VERSION;

    /// Decodes a message of 64 bytes or more. No flag tells the length of the header (64, 72 or 88
    /// bytes): it ends where the payload begins.
    ///
    /// # Errors
    /// Names the invalid field.
    pub fn decode(message: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = begin(message, MessageType::Authenticate)?;
        let lm_response = Fields::decode(&mut reader, "LmChallengeResponse")?;
        let nt_response = Fields::decode(&mut reader, "NtChallengeResponse")?;
        let domain = Fields::decode(&mut reader, "DomainName")?;
        let user = Fields::decode(&mut reader, "UserName")?;
        let workstation = Fields::decode(&mut reader, "Workstation")?;
        let session_key = Fields::decode(&mut reader, "EncryptedRandomSessionKey")?;
        let flags = NegotiateFlags(reader.u32("NegotiateFlags")?);

        let items = [
            lm_response,
            nt_response,
            domain,
            user,
            workstation,
            session_key,
        ];
        let payload = items.iter().filter_map(Fields::start).min();
        let header = payload.unwrap_or(message.len());
        Ok(Self {
            lm_response: lm_response.resolve(message, Self::FIXED)?,
            nt_response: nt_response.resolve(message, Self::FIXED)?,
            domain: domain.resolve(message, Self::FIXED)?,
            user: user.resolve(message, Self::FIXED)?,
            workstation: workstation.resolve(message, Self::FIXED)?,
            encrypted_session_key: session_key.resolve(message, Self::FIXED)?,
            flags,
            version: optional(&mut reader, header >= Self::WITH_VERSION, "Version")?,
            mic: optional(&mut reader, header >= Self::WITH_MIC, "MIC")?,
        })
    }

    /// Encodes the message with the shortest header that holds version and MIC. The payload is in
    /// the order of the header.
    ///
    /// # Errors
    /// Names the item that is too long.
    pub fn encode(&self) -> Result<Vec<u8>, TooLong> {
        let header = match (self.version, self.mic) {
            (_, Some(_)) => Self::WITH_MIC,
            (Some(_), None) => Self::WITH_VERSION,
            (None, None) => Self::FIXED,
        };
        let mut layout = Layout::new(start(MessageType::Authenticate), header);
        layout.item("LmChallengeResponse", self.lm_response)?;
        layout.item("NtChallengeResponse", self.nt_response)?;
        layout.item("DomainName", self.domain)?;
        layout.item("UserName", self.user)?;
        layout.item("Workstation", self.workstation)?;
        layout.item("EncryptedRandomSessionKey", self.encrypted_session_key)?;
        layout.header().u32(self.flags.0);
        if header >= Self::WITH_VERSION {
            layout.header().bytes(&self.version.unwrap_or_default());
        }
        if let Some(mic) = &self.mic {
            layout.header().bytes(mic);
        }
        Ok(layout.finish())
    }
}

fn optional<const N: usize>(
    reader: &mut Reader<'_>,
    present: bool,
    field: &'static str,
) -> Result<Option<[u8; N]>, DecodeError> {
    match present {
        true => reader.array(field).map(Some),
        false => Ok(None),
    }
}
