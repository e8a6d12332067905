//! The AUTHENTICATE message for the server that made the challenge.

use std::borrow::Cow;

use super::Claim;
use crate::protocol::ntlm::message::Authenticate;
use crate::protocol::ntlm::response::Response;

/// Where the length and the offset of `LmChallengeResponse` are (MS-NLMP 2.2.1.3).
const LM_LENGTH: usize = 12;
const LM_OFFSET: usize = 16;

impl Claim {
    /// The message to pass on to the server that made the challenge.
    ///
    /// That server may accept a response in the LM field where the NTLMv2 response is wrong
    /// (MS-NLMP 3.2.5.1.2). It proves none of the AV pairs, which our rules are about. So it is
    /// overwritten with zeros, which clients send there beside NTLMv2. `None`: the message has a
    /// MIC, so it cannot be changed, and a client that sends one sends no LM response.
    pub fn onward(&self) -> Option<Cow<'_, [u8]>> {
        let message: &[u8] = &self.authenticate;
        let lm_response = Authenticate::decode(message).ok()?.lm_response;
        let is_v2 = matches!(self.response, Response::NtlmV2(_));
        if !is_v2 || lm_response.iter().all(|byte| *byte == 0) {
            return Some(Cow::Borrowed(message));
        }
        if self.mic.is_some() {
            return None;
        }
        let mut changed = message.to_vec();
        lm_field(&mut changed)?.fill(0);
        Some(Cow::Owned(changed))
    }
}

fn lm_field(message: &mut [u8]) -> Option<&mut [u8]> {
    let length: [u8; 2] = message.get(LM_LENGTH..)?.first_chunk().copied()?;
    let offset: [u8; 4] = message.get(LM_OFFSET..)?.first_chunk().copied()?;
    let start = usize::try_from(u32::from_le_bytes(offset)).ok()?;
    let end = start.checked_add(u16::from_le_bytes(length).into())?;
    message.get_mut(start..end)
}
