//! The client's response to the challenge: its kinds, and the parts of an NTLMv2 response.

mod older;
#[cfg(test)]
mod tests;

use std::fmt;

use super::av_pair::{AvFlags, AvId, AvPairs};
use super::keys;
use super::text::{Charset, Text};
use crate::base::crypto::{HmacMd5Key, Key, constant_time_eq};
use crate::base::wire::{DecodeError, Reader};
pub use older::NtlmV1Response;

/// A response, by its kind: the lengths of the two fields tell it (MS-NLMP 3.3).
#[derive(Debug)]
pub enum Response {
    /// An anonymous login (MS-NLMP 3.2.5.1.2). The fields are ignored.
    Anonymous,
    /// A LAN Manager response only, possibly LMv2.
    LmOnly,
    /// NTLMv1.
    NtlmV1(NtlmV1Response),
    /// NTLMv1 over a challenge made of both sides' ("NTLM2 session response").
    Ntlm2Session(NtlmV1Response),
    /// NTLMv2.
    NtlmV2(NtlmV2Response),
}

/// A response that can be verified with a password.
#[derive(Clone, Copy, Debug)]
pub enum Provable<'a> {
    /// NTLMv1, or NTLM2 session security.
    NtlmV1(&'a NtlmV1Response),
    /// NTLMv2.
    NtlmV2(&'a NtlmV2Response),
}

impl<'a> Provable<'a> {
    /// The `NtChallengeResponse` as sent.
    pub fn as_bytes(self) -> &'a [u8] {
        match self {
            Self::NtlmV1(response) => response.as_bytes(),
            Self::NtlmV2(response) => response.as_bytes(),
        }
    }

    /// The challenge that the response answers, from the server's challenge.
    pub fn answered_challenge(self, server_challenge: [u8; 8]) -> [u8; 8] {
        match self {
            Self::NtlmV1(response) => response.answered_challenge(server_challenge),
            Self::NtlmV2(_) => server_challenge,
        }
    }
}

impl<'a> From<&'a NtlmV2Response> for Provable<'a> {
    fn from(response: &'a NtlmV2Response) -> Self {
        Self::NtlmV2(response)
    }
}

impl Response {
    /// The length of both LM responses and of an NTLMv1 response.
    const LM_LENGTH: usize = 24;

    /// Decodes the two fields. Without a user's name or without a response the login is anonymous.
    ///
    /// # Errors
    /// The lengths are those of no kind, or an NTLMv2 response is malformed.
    pub fn decode(
        user: &[u16],
        nt_response: &[u8],
        lm_response: &[u8],
        extended_session_security: bool,
    ) -> Result<Self, DecodeError> {
        if user.is_empty() {
            return Ok(Self::Anonymous);
        }
        if let Ok(bytes) = nt_response.try_into() {
            let client_challenge =
                client_challenge(lm_response).filter(|_| extended_session_security);
            let response = NtlmV1Response::new(bytes, client_challenge);
            return Ok(match client_challenge {
                Some(_) => Self::Ntlm2Session(response),
                None => Self::NtlmV1(response),
            });
        }
        match (nt_response.len(), lm_response) {
            (0, [] | [0]) => Ok(Self::Anonymous),
            (0, _) if lm_response.len() == Self::LM_LENGTH => Ok(Self::LmOnly),
            (NtlmV2Response::MIN_LENGTH.., _) => {
                NtlmV2Response::decode(nt_response).map(Self::NtlmV2)
            }
            _ => Err(DecodeError::new(
                "NtChallengeResponse",
                "length of no known response",
            )),
        }
    }
}

/// The LM field of an NTLM2 session response: 8 bytes of challenge, 16 zeros (MS-NLMP 3.3.1).
fn client_challenge(lm_response: &[u8]) -> Option<[u8; 8]> {
    let (challenge, padding) = lm_response.split_first_chunk()?;
    (padding == [0; 16]).then_some(*challenge)
}

/// `NTLMv2_RESPONSE` (MS-NLMP 2.2.2.8), not verified.
#[derive(Clone)]
pub struct NtlmV2Response {
    bytes: Vec<u8>,
    nt_proof: [u8; 16],
    av_pairs: AvPairs,
    flags: AvFlags,
    target_name: Option<Text>,
    channel_bindings: Option<[u8; 16]>,
}

impl NtlmV2Response {
    /// The parts before the AV pairs: 16 bytes of proof, 28 that it covers.
    const MIN_LENGTH: usize = 44;

    /// Decodes a response. Absent AV pairs, even without an end, are an empty list.
    ///
    /// Bytes behind `MsvAvEOL` are ignored: MS-NLMP 3.3.2 (`temp`) has four zero bytes there;
    /// Windows also sends eight, or memory that it did not clear. `NTProofStr` covers them.
    ///
    /// # Errors
    /// Names the invalid field.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let nt_proof = reader.array("NTProofStr")?;
        if reader.array("RespType")? != [1, 1] {
            return Err(DecodeError::new("RespType", "not version 1"));
        }
        let _reserved: [u8; 6] = reader.array("Reserved1")?;
        // MS-NLMP 3.1.5.1.2 asks for the server's time; curl and Java send their own.
        let _timestamp: [u8; 8] = reader.array("TimeStamp")?;
        let _client_challenge: [u8; 8] = reader.array("ChallengeFromClient")?;
        let _reserved: [u8; 4] = reader.array("Reserved3")?;
        let av_pairs = match reader.rest() {
            [] => AvPairs::default(),
            _ => AvPairs::decode(&mut reader)?,
        };
        Ok(Self {
            bytes: bytes.to_vec(),
            nt_proof,
            flags: flags(&av_pairs)?,
            target_name: target_name(&av_pairs)?,
            channel_bindings: channel_bindings(&av_pairs)?,
            av_pairs,
        })
    }

    /// Verifies the proof with the user's [`keys::ntowf_v2`]. Returns `SessionBaseKey` if it is
    /// right.
    pub fn verify(&self, ntowf_v2: &Key, server_challenge: [u8; 8]) -> Option<Key> {
        let (_, challenge_from_client) = self.bytes.split_first_chunk::<16>()?;
        let keyed = HmacMd5Key::from(ntowf_v2);
        let proof = keys::v2_proof(keyed.clone(), server_challenge, challenge_from_client);
        constant_time_eq(&proof, &self.nt_proof)
            .then(|| keys::session_base_key(keyed, &self.nt_proof))
    }

    /// The whole response as sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// `NTProofStr`.
    pub fn nt_proof(&self) -> &[u8; 16] {
        &self.nt_proof
    }

    /// The AV pairs: those of the server's `TargetInfo`, and those that the client added.
    pub fn av_pairs(&self) -> &AvPairs {
        &self.av_pairs
    }

    /// `MsvAvFlags`. No flags if it is absent.
    pub fn flags(&self) -> AvFlags {
        self.flags
    }

    /// `MsvAvTargetName`: the service that the client means. `None` if it is absent or empty.
    pub fn target_name(&self) -> Option<&Text> {
        self.target_name.as_ref()
    }

    /// `MsvAvChannelBindings`. `None` if it is absent, or all zero: the client had no channel.
    pub fn channel_bindings(&self) -> Option<[u8; 16]> {
        self.channel_bindings
    }
}

impl fmt::Debug for NtlmV2Response {
    /// Omits the response: passwords can be guessed from it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NtlmV2Response")
            .field("flags", &self.flags)
            .field("target_name", &self.target_name)
            .finish_non_exhaustive()
    }
}

fn flags(av_pairs: &AvPairs) -> Result<AvFlags, DecodeError> {
    match av_pairs.value(AvId::FLAGS) {
        None => Ok(AvFlags::default()),
        Some(value) => match value.try_into() {
            Ok(bytes) => Ok(AvFlags(u32::from_le_bytes(bytes))),
            Err(_) => Err(DecodeError::new("MsvAvFlags", "not 4 bytes")),
        },
    }
}

fn target_name(av_pairs: &AvPairs) -> Result<Option<Text>, DecodeError> {
    match av_pairs.value(AvId::TARGET_NAME) {
        None | Some([]) => Ok(None),
        Some(value) => Charset::Unicode.decode(value, "MsvAvTargetName").map(Some),
    }
}

fn channel_bindings(av_pairs: &AvPairs) -> Result<Option<[u8; 16]>, DecodeError> {
    match av_pairs.value(AvId::CHANNEL_BINDINGS) {
        None => Ok(None),
        Some(value) => match value.try_into() {
            Ok(hash) => Ok(Some(hash).filter(|hash| *hash != [0; 16])),
            Err(_) => Err(DecodeError::new("MsvAvChannelBindings", "not 16 bytes")),
        },
    }
}
