//! What an AUTHENTICATE message claims, and the check of its MIC.

mod names;
mod onward;

use std::fmt;

use super::Challenged;
use crate::base::crypto::{Key, constant_time_eq};
use crate::base::wire::{DecodeError, Reader};
use crate::protocol::ntlm::NtlmError;
use crate::protocol::ntlm::av_pair::{AvFlags, AvId, AvPairs};
use crate::protocol::ntlm::flags::NegotiateFlags;
use crate::protocol::ntlm::keys;
use crate::protocol::ntlm::message::{Authenticate, Challenge};
use crate::protocol::ntlm::response::{NtlmV2Response, Response};
use crate::protocol::ntlm::seal::{self, Role, SessionSecurity};
use crate::protocol::ntlm::text::{Charset, Text};
use names::Names;

/// `LM_RESPONSE` and `LMv2_RESPONSE` (MS-NLMP 2.2.2.3, 2.2.2.4); clients also send 0 and 1 bytes.
const MAX_LM_RESPONSE: usize = 24;

/// An AUTHENTICATE message: well-formed, and its AV pairs are those of our challenge. Nothing in it
/// is proven.
pub struct Claim {
    names: Names,
    server_challenge: [u8; 8],
    response: Response,
    flags: NegotiateFlags,
    /// `EncryptedRandomSessionKey`, if KEY_EXCH is negotiated and used.
    encrypted_session_key: Option<[u8; 16]>,
    /// The MIC, if `MsvAvFlags` of the response announces one.
    mic: Option<[u8; 16]>,
    challenged: Challenged,
    authenticate: Box<[u8]>,
}

impl Challenged {
    /// Parses the AUTHENTICATE message. A challenge is answered once, so it is consumed.
    ///
    /// # Errors
    /// The token is not an AUTHENTICATE message, is malformed, answers another challenge (an AV
    /// pair is missing or changed), or announces a MIC or a session key and has none.
    pub fn parse_authenticate(self, token: &[u8]) -> Result<Claim, NtlmError> {
        let sent = Challenge::decode(&self.challenge).map_err(NtlmError::OwnMessage)?;
        let message = Authenticate::decode(token)?;
        let names = Names::parse(&message, charset(sent.flags))?;
        let response = parse_response(&message, &names.user, sent.flags)?;
        let mic = match &response {
            Response::NtlmV2(response) => {
                check_echo(sent.target_info, response)?;
                announced_mic(&message, response)?
            }
            _ => None,
        };
        // The client may drop flags of the challenge, among them those that make protection strong.
        let flags = self.weakest.of(message.flags.intersection(sent.flags));
        let encrypted_session_key = match &response {
            Response::Anonymous => None,
            _ => encrypted_session_key(&message, flags)?,
        };
        let flags = match &response {
            // Every session of the user has the same key: a message of one would verify in another.
            Response::NtlmV1(_) if encrypted_session_key.is_none() => {
                flags.without(seal::PROTECTION)
            }
            _ => flags,
        };
        Ok(Claim {
            names,
            server_challenge: sent.server_challenge,
            response,
            flags,
            encrypted_session_key,
            mic,
            challenged: self,
            authenticate: token.into(),
        })
    }
}

impl Claim {
    /// The user. `units` are as sent; `meant` is without the domain if it came as `DOMAIN\user` or
    /// `DOMAIN/user` with an empty domain. A user principal name is passed unchanged.
    pub fn user(&self) -> &Text {
        &self.names.user
    }

    /// The domain. `units` are as sent; `meant` is what `user` named, if the field is empty.
    pub fn domain(&self) -> &Text {
        &self.names.domain
    }

    /// The client's computer, as the client says.
    pub fn workstation(&self) -> &Text {
        &self.names.workstation
    }

    /// Our challenge.
    pub fn server_challenge(&self) -> [u8; 8] {
        self.server_challenge
    }

    /// `TargetInfo` of the challenge.
    pub fn target_info(&self) -> &[u8] {
        let sent = Challenge::decode(&self.challenged.challenge);
        sent.map_or(&[], |sent| sent.target_info)
    }

    /// The response.
    pub fn response(&self) -> &Response {
        &self.response
    }

    /// The negotiated flags.
    pub fn flags(&self) -> NegotiateFlags {
        self.flags
    }

    /// The service that the client means, `MsvAvTargetName`. `None` if the client names none or
    /// marks the name as untrusted (`MsvAvFlags`, MS-NLMP 2.2.2.1).
    pub fn target_name(&self) -> Option<&Text> {
        self.v2()
            .filter(|response| !response.flags().contains(AvFlags::UNTRUSTED_SPN))
            .and_then(NtlmV2Response::target_name)
    }

    /// The hash of the client's TLS channel, `MsvAvChannelBindings`. `None` if the client sends
    /// none.
    pub fn channel_bindings(&self) -> Option<[u8; 16]> {
        self.v2().and_then(NtlmV2Response::channel_bindings)
    }

    /// True if there is a MIC that [`Claim::check_mic`] will check.
    pub fn mic_present(&self) -> bool {
        self.mic.is_some()
    }

    fn v2(&self) -> Option<&NtlmV2Response> {
        match &self.response {
            Response::NtlmV2(response) => Some(response),
            _ => None,
        }
    }

    /// Checks the MIC, if the client announced one. `session_base_key` comes from the verifier that
    /// proved the response.
    ///
    /// # Errors
    /// The MIC is wrong; the login is anonymous or LM only; or the verifier gave no key, and the
    /// MIC, the key exchange or the negotiated protection of messages needs one.
    pub fn check_mic(&self, session_base_key: Option<&Key>) -> Result<MicChecked, NtlmError> {
        let session_base_key = session_base_key.filter(|key| !key.is_zero());
        let exported_session_key = self.exported_session_key(session_base_key)?;
        match &exported_session_key {
            None if self.needs_key() => return Err(NtlmError::NoSessionKey),
            None => (),
            Some(key) => self.verify_mic(key)?,
        }
        Ok(MicChecked {
            verified: self.mic.is_some(),
            flags: self.flags,
            exported_session_key,
        })
    }

    /// For a claim whose three messages another server has seen unchanged and accepted: it has
    /// checked the MIC, and keeps the key.
    pub fn checked_elsewhere(&self) -> MicChecked {
        MicChecked {
            verified: false,
            flags: self.flags,
            exported_session_key: None,
        }
    }

    /// `ExportedSessionKey` (MS-NLMP 3.2.5.1.2), if the verifier gave a key.
    fn exported_session_key(
        &self,
        session_base_key: Option<&Key>,
    ) -> Result<Option<Key>, NtlmError> {
        // MS-NLMP 3.4.5.1: with NTLMv2, `KeyExchangeKey` is `SessionBaseKey`.
        let key_exchange_key = match (&self.response, session_base_key) {
            (Response::Anonymous, _) => return Err(NtlmError::Anonymous),
            (Response::LmOnly, _) => return Err(NtlmError::LmOnly),
            (Response::NtlmV2(_), key) => key.cloned(),
            (Response::NtlmV1(response) | Response::Ntlm2Session(response), key) => {
                key.map(|key| response.key_exchange_key(key, self.server_challenge))
            }
        };
        Ok(
            key_exchange_key.map(|key| match self.encrypted_session_key {
                Some(encrypted) => keys::exchange_session_key(&key, encrypted),
                None => key,
            }),
        )
    }

    fn verify_mic(&self, exported_session_key: &Key) -> Result<(), NtlmError> {
        let Some(mic) = &self.mic else {
            return Ok(());
        };
        let expected = keys::mic(
            exported_session_key,
            &self.challenged.negotiate,
            &self.challenged.challenge,
            &self.authenticate,
        );
        match expected.is_some_and(|expected| constant_time_eq(&expected, mic)) {
            true => Ok(()),
            false => Err(NtlmError::WrongMic),
        }
    }

    fn needs_key(&self) -> bool {
        let protection = NegotiateFlags::NEGOTIATE_KEY_EXCH | seal::PROTECTION;
        self.mic.is_some() || self.flags.intersects(protection)
    }
}

impl fmt::Debug for Claim {
    /// Omits the response: passwords can be guessed from it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Claim")
            .field("user", &self.names.user.meant)
            .field("domain", &self.names.domain.meant)
            .field("workstation", &self.names.workstation.meant)
            .field("flags", &self.flags)
            .field("response", &self.response)
            .finish_non_exhaustive()
    }
}

/// Proof that a claim's MIC is right, or that the client announced none. Only [`Claim::check_mic`]
/// and [`Claim::checked_elsewhere`] make one.
#[derive(Debug)]
pub struct MicChecked {
    verified: bool,
    flags: NegotiateFlags,
    exported_session_key: Option<Key>,
}

impl MicChecked {
    /// True if there was a MIC and it was checked here.
    pub fn verified(&self) -> bool {
        self.verified
    }

    /// The protection of the messages that follow. `None` if the verifier gave no session key.
    pub fn into_security(self) -> Option<SessionSecurity> {
        self.exported_session_key
            .map(|key| SessionSecurity::new(self.flags, key, Role::Acceptor))
    }

    /// `ExportedSessionKey` (MS-NLMP 3.1.5.1.2).
    #[cfg(test)]
    pub(crate) fn exported_session_key(&self) -> Option<&Key> {
        self.exported_session_key.as_ref()
    }
}

/// The negotiated character set: what we chose, whatever the AUTHENTICATE message's flags say.
fn charset(sent: NegotiateFlags) -> Charset {
    match sent.contains(NegotiateFlags::NEGOTIATE_UNICODE) {
        true => Charset::Unicode,
        false => Charset::Oem,
    }
}

/// The kind of the response. The flag says "anonymous" whatever the fields hold.
fn parse_response(
    message: &Authenticate<'_>,
    user: &Text,
    sent: NegotiateFlags,
) -> Result<Response, DecodeError> {
    if message.lm_response.len() > MAX_LM_RESPONSE {
        let problem = DecodeError::new("LmChallengeResponse", "longer than 24 bytes");
        return Err(problem);
    }
    if message.flags.contains(NegotiateFlags::ANONYMOUS) {
        return Ok(Response::Anonymous);
    }
    Response::decode(
        &user.units,
        message.nt_response,
        message.lm_response,
        sent.contains(NegotiateFlags::NEGOTIATE_EXTENDED_SESSIONSECURITY),
    )
}

/// `MsvAvDnsDomainName` of a `TargetInfo`, if it has one.
pub fn dns_domain(target_info: &[u8]) -> Option<String> {
    let pairs = AvPairs::decode(&mut Reader::new(target_info)).ok()?;
    let name = pairs.value(AvId::DNS_DOMAIN_NAME)?;
    let name = Charset::Unicode.decode(name, "MsvAvDnsDomainName").ok()?;
    Some(name.meant)
}

/// Every AV pair that we sent must be in the response as we sent it. If not, the response was made
/// for another server's challenge, or ours was changed on its way to the client.
fn check_echo(target_info: &[u8], response: &NtlmV2Response) -> Result<(), NtlmError> {
    let sent = AvPairs::decode(&mut Reader::new(target_info)).map_err(NtlmError::OwnMessage)?;
    for (id, value) in sent.iter() {
        let problem = match response.av_pairs().value(id) {
            Some(echo) if echo == value => continue,
            Some(_) => "changed",
            None => "missing",
        };
        return Err(NtlmError::TargetInfoChanged(DecodeError::new(
            id.name(),
            problem,
        )));
    }
    Ok(())
}

/// The MIC, if the response's flags announce one. An unannounced MIC is ignored. It would prove
/// nothing: an attacker could have removed it instead of changing it.
fn announced_mic(
    message: &Authenticate<'_>,
    response: &NtlmV2Response,
) -> Result<Option<[u8; 16]>, NtlmError> {
    match (response.flags().contains(AvFlags::MIC), message.mic) {
        (false, _) => Ok(None),
        (true, Some(mic)) => Ok(Some(mic)),
        (true, None) => Err(NtlmError::NoMic),
    }
}

/// The client's session key, if one is negotiated. Without signatures and encryption it may leave
/// the key out (MS-NLMP 3.1.5.1.2); one that is not negotiated is ignored (.NET sends it).
fn encrypted_session_key(
    message: &Authenticate<'_>,
    flags: NegotiateFlags,
) -> Result<Option<[u8; 16]>, NtlmError> {
    if !flags.contains(NegotiateFlags::NEGOTIATE_KEY_EXCH) {
        return Ok(None);
    }
    match message.encrypted_session_key {
        [] if !flags.intersects(seal::PROTECTION) => Ok(None),
        key => key
            .try_into()
            .map(Some)
            .map_err(|_| NtlmError::BadSessionKey),
    }
}
