//! What an AUTHENTICATE message claims, and the check of its MIC.

use std::fmt;

use super::{Challenged, malformed};
use crate::base::crypto::{Key, constant_time_eq};
use crate::base::fault::{Fault, Minor};
use crate::base::typed_name::split_domain;
use crate::base::wire::{DecodeError, Reader};
use crate::protocol::ntlm::av_pair::{AvFlags, AvPairs};
use crate::protocol::ntlm::flags::NegotiateFlags;
use crate::protocol::ntlm::keys;
use crate::protocol::ntlm::message::{Authenticate, Challenge};
use crate::protocol::ntlm::response::{NtlmV2Response, Response};
use crate::protocol::ntlm::seal::{self, Role, SessionSecurity};
use crate::protocol::ntlm::text::{Charset, Text};

/// `LM_RESPONSE` and `LMv2_RESPONSE` (MS-NLMP 2.2.2.3, 2.2.2.4); clients also send 0 and 1 bytes.
const MAX_LM_RESPONSE: usize = 24;

/// The longest name that is taken, in UTF-16 units. That of a user principal name in Active
/// Directory (`userPrincipalName`, rangeUpper 1024).
const MAX_NAME: usize = 1024;

/// Who the client says it is and how it means to prove it. Well-formed, and made for our challenge
/// as far as can be told without the password; otherwise unproven.
pub struct Claim {
    user: Text,
    domain: Text,
    workstation: Text,
    server_challenge: [u8; 8],
    response: Response,
    flags: NegotiateFlags,
    /// There if KEY_EXCH is negotiated and used.
    encrypted_session_key: Option<[u8; 16]>,
    /// There if the response says that it must be.
    mic: Option<[u8; 16]>,
    challenged: Challenged,
    authenticate: Box<[u8]>,
}

impl Challenged {
    /// Takes the AUTHENTICATE message. There is one try: a challenge is answered once.
    ///
    /// # Errors
    /// The token is not an AUTHENTICATE message, is malformed, answers another server's challenge
    /// (an AV pair is missing or changed), or announces a MIC or a session key and has none.
    pub fn authenticate(self, token: &[u8]) -> Result<Claim, Fault> {
        Claim::parse(self, token)
    }
}

impl Claim {
    fn parse(challenged: Challenged, token: &[u8]) -> Result<Self, Fault> {
        let sent = Challenge::decode(&challenged.challenge)
            .map_err(|error| Minor::InternalError.because(error))?;
        let message = Authenticate::decode(token).map_err(malformed)?;
        // The client may have taken back what makes the rest strong.
        let flags = challenged
            .weakest
            .of(message.flags.intersection(sent.flags));
        let Names {
            user,
            domain,
            workstation,
        } = Names::parse(&message, charset(sent.flags)).map_err(malformed)?;

        if message.lm_response.len() > MAX_LM_RESPONSE {
            let problem = DecodeError::new("LmChallengeResponse", "longer than 24 bytes");
            return Err(malformed(problem));
        }
        let response = match message.flags.contains(NegotiateFlags::ANONYMOUS) {
            true => Response::Anonymous,
            false => Response::decode(
                &user.units,
                message.nt_response,
                message.lm_response,
                sent.flags
                    .contains(NegotiateFlags::NEGOTIATE_EXTENDED_SESSIONSECURITY),
            )
            .map_err(malformed)?,
        };
        let mic = match &response {
            Response::NtlmV2(response) => {
                check_echo(sent.target_info, response)?;
                announced_mic(&message, response)?
            }
            _ => None,
        };
        let encrypted_session_key = match &response {
            Response::Anonymous => None,
            _ => encrypted_session_key(&message, flags)?,
        };
        let flags = match &response {
            // All sessions have one key: a message of one would be right in every other.
            Response::NtlmV1(_) if encrypted_session_key.is_none() => {
                flags.without(seal::PROTECTION)
            }
            _ => flags,
        };
        Ok(Self {
            user,
            domain,
            workstation,
            server_challenge: sent.server_challenge,
            response,
            flags,
            encrypted_session_key,
            mic,
            challenged,
            authenticate: token.into(),
        })
    }

    /// The user. `units` are as sent; `meant` is without the domain if it came as `DOMAIN\user` or
    /// `DOMAIN/user` with an empty domain. A user principal name is passed unchanged.
    pub fn user(&self) -> &Text {
        &self.user
    }

    /// The domain. `units` are as sent; `meant` is what `user` named, if the field is empty.
    pub fn domain(&self) -> &Text {
        &self.domain
    }

    /// What the client calls its computer.
    pub fn workstation(&self) -> &Text {
        &self.workstation
    }

    /// Our challenge.
    pub fn server_challenge(&self) -> [u8; 8] {
        self.server_challenge
    }

    /// The response by its kind.
    pub fn response(&self) -> &Response {
        &self.response
    }

    /// What both sides agreed on.
    pub fn flags(&self) -> NegotiateFlags {
        self.flags
    }

    /// The service that the client means to talk to, as far as it says. A name that the client
    /// itself has from an untrusted source (MS-NLMP 2.2.2.1, `MsvAvFlags`) says nothing.
    pub fn target_name(&self) -> Option<&Text> {
        self.v2()
            .filter(|response| !response.flags().contains(AvFlags::UNTRUSTED_SPN))
            .and_then(NtlmV2Response::target_name)
    }

    /// The hash of the TLS channel that the client came through, as far as it says.
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

    /// Checks the MIC, if the client announced one, and opens the session key. `session_base_key`
    /// comes from whoever proved the response.
    ///
    /// # Errors
    /// The MIC is wrong; nobody logs in; or there is no key, and something needs one (the MIC, or a
    /// session key, signatures or encryption that were negotiated).
    pub fn check_mic(&self, session_base_key: Option<&Key>) -> Result<MicChecked, Fault> {
        let session_base_key = session_base_key.filter(|key| !key.is_zero());
        // MS-NLMP 3.4.5.1: with NTLMv2, `KeyExchangeKey` is `SessionBaseKey`.
        let key_exchange_key = match (&self.response, session_base_key) {
            (Response::Anonymous, _) => return Err(Minor::AnonymousRefused.into()),
            (Response::LmOnly, _) => return Err(Minor::LmOnlyRefused.into()),
            (Response::NtlmV2(_), key) => key.cloned(),
            (Response::NtlmV1(response) | Response::Ntlm2Session(response), key) => {
                key.map(|key| response.key_exchange_key(key, self.server_challenge))
            }
        };
        let Some(key_exchange_key) = key_exchange_key else {
            return match self.needs_key() {
                true => Err(Minor::NoSessionKey.into()),
                false => Ok(MicChecked {
                    verified: false,
                    security: None,
                }),
            };
        };
        let exported_session_key = match self.encrypted_session_key {
            Some(encrypted) => keys::exchange_session_key(&key_exchange_key, encrypted),
            None => key_exchange_key,
        };
        if let Some(mic) = &self.mic {
            let expected = keys::mic(
                &exported_session_key,
                &self.challenged.negotiate,
                &self.challenged.challenge,
                &self.authenticate,
            );
            if !expected.is_some_and(|expected| constant_time_eq(&expected, mic)) {
                return Err(Minor::BadMic.into());
            }
        }
        Ok(MicChecked {
            verified: self.mic.is_some(),
            security: Some(SessionSecurity::new(
                self.flags,
                exported_session_key,
                Role::Acceptor,
            )),
        })
    }

    fn needs_key(&self) -> bool {
        let protection = NegotiateFlags::NEGOTIATE_KEY_EXCH | seal::PROTECTION;
        self.mic.is_some() || self.flags.intersects(protection)
    }
}

impl fmt::Debug for Claim {
    /// Leaves out what passwords can be guessed from.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Claim")
            .field("user", &self.user.meant)
            .field("domain", &self.domain.meant)
            .field("workstation", &self.workstation.meant)
            .field("flags", &self.flags)
            .field("response", &self.response)
            .finish_non_exhaustive()
    }
}

/// Proof that a claim's MIC is right, or that the client announced none. Only
/// [`Claim::check_mic`] makes one.
#[derive(Debug)]
pub struct MicChecked {
    verified: bool,
    security: Option<SessionSecurity>,
}

impl MicChecked {
    /// True if there was a MIC.
    pub fn verified(&self) -> bool {
        self.verified
    }

    /// What protects the messages that follow; none if whoever proved the claim gave no key.
    pub fn into_security(self) -> Option<SessionSecurity> {
        self.security
    }

    /// `ExportedSessionKey` (MS-NLMP 3.1.5.1.2).
    #[cfg(test)]
    pub(crate) fn exported_session_key(&self) -> Option<&Key> {
        self.security.as_ref().map(SessionSecurity::session_key)
    }
}

/// The negotiated character set: what we chose, whatever the AUTHENTICATE message's flags say.
fn charset(sent: NegotiateFlags) -> Charset {
    match sent.contains(NegotiateFlags::NEGOTIATE_UNICODE) {
        true => Charset::Unicode,
        false => Charset::Oem,
    }
}

struct Names {
    user: Text,
    domain: Text,
    workstation: Text,
}

impl Names {
    fn parse(message: &Authenticate<'_>, charset: Charset) -> Result<Self, DecodeError> {
        let decode = |bytes, field| {
            let name = charset.decode(bytes, field)?;
            if name.units.len() > MAX_NAME {
                Err(DecodeError::new(field, "longer than any name"))
            } else if has_control(&name, charset) {
                Err(DecodeError::new(field, "a control character"))
            } else {
                Ok(name)
            }
        };
        let mut user = decode(message.user, "UserName")?;
        let mut domain = decode(message.domain, "DomainName")?;
        let workstation = decode(message.workstation, "Workstation")?;
        // Programs that know no domains hand over what was typed. The hash runs over that as it is.
        if domain.units.is_empty()
            && let Some((before, after)) = split_domain(&user.meant)
            && !before.is_empty()
            && !after.is_empty()
            && !after.contains(['\\', '@'])
        {
            domain.meant = before.to_owned();
            user.meant = after.to_owned();
        }
        Ok(Self {
            user,
            domain,
            workstation,
        })
    }
}

/// No account has such a name. Who verifies may end a name at a NUL, and mean another account than we
/// do: one that is counted, or let in, under another name. In OEM the upper half is letters.
fn has_control(name: &Text, charset: Charset) -> bool {
    name.units
        .iter()
        .filter_map(|unit| char::from_u32((*unit).into()))
        .any(|letter| match charset {
            Charset::Unicode => letter.is_control(),
            Charset::Oem => letter.is_ascii_control(),
        })
}

/// Every AV pair that we sent must be in the response as we sent it: else the response was made for
/// another server's challenge, or somebody changed ours on the way to the client.
fn check_echo(target_info: &[u8], response: &NtlmV2Response) -> Result<(), Fault> {
    let sent = AvPairs::decode(&mut Reader::new(target_info))
        .map_err(|error| Minor::InternalError.because(error))?;
    for (id, value) in sent.iter() {
        let problem = match response.av_pairs().value(id) {
            Some(echo) if echo == value => continue,
            Some(_) => "changed",
            None => "missing",
        };
        return Err(Minor::TargetInfoChanged.because(DecodeError::new(id.name(), problem)));
    }
    Ok(())
}

/// The MIC if the response's flags announce one. One that they do not announce proves nothing and
/// is not looked at: whoever could take it away could take it away there.
fn announced_mic(
    message: &Authenticate<'_>,
    response: &NtlmV2Response,
) -> Result<Option<[u8; 16]>, Fault> {
    match (response.flags().contains(AvFlags::MIC), message.mic) {
        (false, _) => Ok(None),
        (true, Some(mic)) => Ok(Some(mic)),
        (true, None) => Err(Minor::BadMic.because("announced by MsvAvFlags, and not there")),
    }
}

/// The client's session key, if one is negotiated. Without signatures and encryption it may leave
/// the key out (MS-NLMP 3.1.5.1.2); one that is not negotiated is ignored (.NET sends it).
fn encrypted_session_key(
    message: &Authenticate<'_>,
    flags: NegotiateFlags,
) -> Result<Option<[u8; 16]>, Fault> {
    if !flags.contains(NegotiateFlags::NEGOTIATE_KEY_EXCH) {
        return Ok(None);
    }
    match message.encrypted_session_key {
        [] if !flags.intersects(seal::PROTECTION) => Ok(None),
        key => key
            .try_into()
            .map(Some)
            .map_err(|_| Minor::BadSessionKey.into()),
    }
}
