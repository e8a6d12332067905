//! The client's side (MS-NLMP 3.1.5).
//!
//! ```text
//! negotiate ──► Offered + NEGOTIATE
//! CHALLENGE ──Offered::answer──► Completed { AUTHENTICATE, ExportedSessionKey }
//! ```
//!
//! NTLMv2 only: a challenge that does not allow it is refused.

#[cfg(test)]
mod tests;

use super::NtlmError;
use super::av_pair::{AvFlags, AvId, AvPairs};
use super::flags::NegotiateFlags;
use super::keys;
use super::message::{
    Authenticate, Challenge, MessageType, Negotiate, TooLong, VERSION, token_type,
};
use super::text::utf16le;
use crate::base::crypto::Key;
use crate::base::wire::{DecodeError, FileTime, Reader, Writer};

/// The flags that are always offered. Not OEM: the server's OEM character set is unknown.
const OFFER: NegotiateFlags = NegotiateFlags(
    NegotiateFlags::NEGOTIATE_UNICODE.0
        | NegotiateFlags::REQUEST_TARGET.0
        | NegotiateFlags::NEGOTIATE_NTLM.0
        | NegotiateFlags::NEGOTIATE_ALWAYS_SIGN.0
        | NegotiateFlags::NEGOTIATE_EXTENDED_SESSIONSECURITY.0
        | NegotiateFlags::NEGOTIATE_VERSION.0
        | NegotiateFlags::NEGOTIATE_128.0
        | NegotiateFlags::NEGOTIATE_56.0,
);

/// The longest domain that a NEGOTIATE message names; that of a DNS name.
const MAX_DOMAIN: usize = 255;

/// Messages are protected if one of these is negotiated.
const PROTECTED: NegotiateFlags =
    NegotiateFlags::NEGOTIATE_SIGN.union(NegotiateFlags::NEGOTIATE_SEAL);

/// What a challenge must have. NTLMv2 works without extended session security, but its signatures
/// can then be forged (MS-NLMP 3.4.4.1).
const NEEDED: [(NegotiateFlags, &str); 3] = [
    (NegotiateFlags::NEGOTIATE_UNICODE, "Unicode"),
    (
        NegotiateFlags::NEGOTIATE_EXTENDED_SESSIONSECURITY,
        "extended session security",
    ),
    (
        NegotiateFlags::NEGOTIATE_TARGET_INFO,
        "target information, which NTLMv2 needs",
    ),
];

/// The protection of messages after the login, wanted or negotiated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Protection {
    /// Signatures.
    pub sign: bool,
    /// Encryption. Implies signatures.
    pub seal: bool,
}

impl Protection {
    /// KEY_EXCH is offered with protection only (MS-NLMP 3.1.5.1.2): servers disagree about the
    /// flag on its own.
    fn flags(self) -> NegotiateFlags {
        let sign = NegotiateFlags::NEGOTIATE_SIGN | NegotiateFlags::NEGOTIATE_KEY_EXCH;
        match self {
            Self { seal: true, .. } => sign | NegotiateFlags::NEGOTIATE_SEAL,
            Self { sign: true, .. } => sign,
            _ => NegotiateFlags::default(),
        }
    }
}

/// The user who logs in.
#[derive(Clone, Copy, Debug)]
pub struct User<'a> {
    /// The user's name, or the user principal name.
    pub name: &'a str,
    /// The user's domain. Empty with a user principal name, or if the server shall choose.
    pub domain: &'a str,
    /// The hash of the password, `NTOWFv1`.
    pub nt_hash: &'a Key,
    /// The name of this computer, for logs.
    pub workstation: &'a str,
}

/// The service that the user logs in to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Destination<'a> {
    /// The service principal name, `HTTP/www.example.test`. Empty if unknown.
    pub name: &'a str,
    /// [`ChannelBindings::hash`](super::bindings::ChannelBindings::hash) of the channel to the
    /// service.
    pub channel_bindings: Option<[u8; 16]>,
}

/// The inputs that are new in each login: the time and random bytes.
#[derive(Debug)]
pub struct Fresh {
    /// The time, used if the challenge has no timestamp.
    pub now: FileTime,
    /// `ChallengeFromClient`.
    pub challenge: [u8; 8],
    /// `RandomSessionKey`.
    pub session_key: Key,
}

/// Begins a login. The second part of the result is the NEGOTIATE message of 40 bytes.
pub fn negotiate(wanted: Protection) -> (Offered, Vec<u8>) {
    begin("", wanted)
}

/// As [`negotiate`], with the domain of the user in the message, or the suffix of a user principal
/// name: a server of several forests chooses one by it. A domain that is not in ASCII or longer
/// than 255 bytes is left out.
pub fn negotiate_for(name: &str, domain: &str, wanted: Protection) -> (Offered, Vec<u8>) {
    let suffix = name.rsplit_once('@').map_or("", |(_, suffix)| suffix);
    begin(if domain.is_empty() { suffix } else { domain }, wanted)
}

fn begin(domain: &str, wanted: Protection) -> (Offered, Vec<u8>) {
    let flags = OFFER | wanted.flags();
    let negotiate = match domain.is_ascii() && (1..=MAX_DOMAIN).contains(&domain.len()) {
        true => Negotiate {
            flags: flags | NegotiateFlags::NEGOTIATE_OEM_DOMAIN_SUPPLIED,
            domain: domain.as_bytes(),
        },
        false => Negotiate { flags, domain: &[] },
    };
    let negotiate = negotiate.encode();
    let offered = Offered {
        flags,
        negotiate: negotiate.as_slice().into(),
    };
    (offered, negotiate)
}

/// The NEGOTIATE message is sent.
#[derive(Debug)]
pub struct Offered {
    flags: NegotiateFlags,
    negotiate: Box<[u8]>,
}

/// The AUTHENTICATE message, and what both sides have if the server accepts it.
#[derive(Debug)]
pub struct Completed {
    /// The message.
    pub token: Vec<u8>,
    /// The negotiated flags.
    pub flags: NegotiateFlags,
    /// `ExportedSessionKey`.
    pub exported_session_key: Key,
}

impl Offered {
    /// Answers the server's challenge (MS-NLMP 3.1.5.1.2).
    ///
    /// # Errors
    /// The token is not a CHALLENGE message, is malformed, or does not allow NTLMv2 with extended
    /// session security; or a field of the answer is too long.
    pub fn answer(
        self,
        token: &[u8],
        user: &User<'_>,
        service: &Destination<'_>,
        fresh: &Fresh,
    ) -> Result<Completed, NtlmError> {
        let challenge = decode(token)?;
        let flags = self.agreed(&challenge)?;
        let target_info = AvPairs::decode(&mut Reader::new(challenge.target_info))?;
        check_names(&target_info, flags)?;
        let time = timestamp(&target_info)?.unwrap_or(fresh.now);
        let pairs = with_ours(target_info, service).map_err(NtlmError::AnswerTooLong)?;
        let (nt_response, session_base_key) = respond(user, &challenge, &pairs, time, fresh);
        let keys = SessionKeys::new(flags, session_base_key, &fresh.session_key);
        let answer = self.authenticate(token, flags, user, &nt_response, &keys);
        Ok(Completed {
            token: answer.map_err(NtlmError::AnswerTooLong)?,
            flags,
            exported_session_key: keys.exported,
        })
    }

    /// The AUTHENTICATE message, with the MIC over all three messages.
    fn authenticate(
        &self,
        challenge: &[u8],
        flags: NegotiateFlags,
        user: &User<'_>,
        nt_response: &[u8],
        keys: &SessionKeys,
    ) -> Result<Vec<u8>, TooLong> {
        let mut message = Authenticate {
            // An LMv2 response proves the password without covering the names, the bindings and the
            // MIC. MS-NLMP 3.1.5.1.2 asks for zeros if the challenge has a timestamp.
            lm_response: &[0; 24],
            nt_response,
            domain: &utf16le(user.domain.encode_utf16()),
            user: &utf16le(user.name.encode_utf16()),
            workstation: &utf16le(user.workstation.encode_utf16()),
            encrypted_session_key: match &keys.encrypted {
                Some(encrypted) => encrypted.expose(),
                None => &[],
            },
            flags,
            version: Some(match flags.contains(NegotiateFlags::NEGOTIATE_VERSION) {
                true => VERSION,
                false => [0; 8],
            }),
            mic: Some([0; 16]),
        };
        let unsigned = message.encode()?;
        message.mic = keys::mic(&keys.exported, &self.negotiate, challenge, &unsigned);
        message.encode()
    }

    /// The offered flags that the server accepted. Flags that were not offered are ignored.
    fn agreed(&self, challenge: &Challenge<'_>) -> Result<NegotiateFlags, NtlmError> {
        for (flag, name) in NEEDED {
            if !challenge.flags.contains(flag) {
                return Err(NtlmError::WeakChallenge(name));
            }
        }
        let agreed = challenge
            .flags
            .intersection(self.flags | NegotiateFlags::NEGOTIATE_TARGET_INFO);
        if !agreed.intersects(PROTECTED) {
            return Ok(NegotiateFlags(
                agreed.0 & !NegotiateFlags::NEGOTIATE_KEY_EXCH.0,
            ));
        }
        match agreed.contains(NegotiateFlags::NEGOTIATE_128) {
            true => Ok(agreed),
            false => Err(NtlmError::WeakChallenge("128-bit keys")),
        }
    }
}

/// `ExportedSessionKey`, and how it is sent (MS-NLMP 3.1.5.1.2).
struct SessionKeys {
    exported: Key,
    /// `EncryptedRandomSessionKey`, if KEY_EXCH is negotiated.
    encrypted: Option<Key>,
}

impl SessionKeys {
    /// With NTLMv2, `KeyExchangeKey` is `SessionBaseKey` (MS-NLMP 3.4.5.1).
    fn new(flags: NegotiateFlags, session_base_key: Key, random: &Key) -> Self {
        match flags.contains(NegotiateFlags::NEGOTIATE_KEY_EXCH) {
            true => Self {
                exported: random.clone(),
                encrypted: Some(keys::exchange_session_key(
                    &session_base_key,
                    *random.expose(),
                )),
            },
            false => Self {
                exported: session_base_key,
                encrypted: None,
            },
        }
    }
}

fn decode(token: &[u8]) -> Result<Challenge<'_>, NtlmError> {
    match token_type(token)? {
        MessageType::Challenge => Ok(Challenge::decode(token)?),
        _ => Err(NtlmError::NotChallenge),
    }
}

/// Messages are protected only for a server that names itself (MS-NLMP 3.1.5.1.2).
fn check_names(target_info: &AvPairs, flags: NegotiateFlags) -> Result<(), NtlmError> {
    for id in [AvId::NB_COMPUTER_NAME, AvId::NB_DOMAIN_NAME] {
        if flags.intersects(PROTECTED) && target_info.value(id).is_none() {
            return Err(NtlmError::WeakChallenge(id.name()));
        }
    }
    Ok(())
}

/// The server's time, which the response carries in place of ours.
fn timestamp(target_info: &AvPairs) -> Result<Option<FileTime>, DecodeError> {
    match target_info.value(AvId::TIMESTAMP).map(<[u8; 8]>::try_from) {
        None => Ok(None),
        Some(Ok(time)) => Ok(Some(FileTime(u64::from_le_bytes(time)))),
        Some(Err(_)) => Err(DecodeError::new("MsvAvTimestamp", "not 8 bytes")),
    }
}

/// `NTLMv2_RESPONSE` and `SessionBaseKey` (MS-NLMP 3.3.2).
fn respond(
    user: &User<'_>,
    challenge: &Challenge<'_>,
    pairs: &AvPairs,
    time: FileTime,
    fresh: &Fresh,
) -> (Vec<u8>, Key) {
    let ntowf_v2 = keys::ntowf_v2(user.nt_hash, &utf16(user.name), &utf16(user.domain));
    let mut temp = Writer::new();
    temp.bytes(&[1, 1])
        .zeros(6)
        .u64(time.0)
        .bytes(&fresh.challenge)
        .zeros(4)
        .bytes(&pairs.encode())
        .zeros(4);
    let temp = temp.into_bytes();
    let proof = keys::v2_proof(&ntowf_v2, challenge.server_challenge, &temp);
    let session_base_key = keys::session_base_key(&ntowf_v2, &proof);
    ([&proof[..], &temp].concat(), session_base_key)
}

/// The server's AV pairs and ours. The MIC is always announced, with or without a timestamp in the
/// challenge, so that an attacker cannot remove it. A server without MICs ignores it.
fn with_ours(mut pairs: AvPairs, service: &Destination<'_>) -> Result<AvPairs, TooLong> {
    let theirs = pairs
        .value(AvId::FLAGS)
        .and_then(|flags| flags.try_into().ok());
    let flags = u32::from_le_bytes(theirs.unwrap_or_default()) | AvFlags::MIC.0;
    pairs.set(AvId::FLAGS, flags.to_le_bytes())?;
    pairs.set(
        AvId::CHANNEL_BINDINGS,
        service.channel_bindings.unwrap_or_default(),
    )?;
    pairs.set(AvId::TARGET_NAME, utf16le(service.name.encode_utf16()))?;
    Ok(pairs)
}

fn utf16(name: &str) -> Vec<u16> {
    name.encode_utf16().collect()
}
