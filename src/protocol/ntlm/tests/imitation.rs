//! Imitated clients for tests of the acceptor: each shape of message that real clients send, and
//! shapes that no client sends. Our own client is [`initiator`](crate::protocol::ntlm::initiator).

use crate::base::crypto::{self, Key};
use crate::base::wire::{Reader, Writer};
use crate::protocol::ntlm::av_pair::{AvFlags, AvId, AvPairs};
use crate::protocol::ntlm::flags::NegotiateFlags;
use crate::protocol::ntlm::keys;
use crate::protocol::ntlm::message::{Authenticate, Challenge, Negotiate, VERSION};
use crate::protocol::ntlm::text::{Charset, utf16le};

/// The client challenge of the samples in MS-NLMP 4.2.1.
pub(crate) const CLIENT_CHALLENGE: [u8; 8] = [0xAA; 8];
/// `ExportedSessionKey`, where the client chooses it.
pub(crate) const RANDOM_SESSION_KEY: [u8; 16] = [0x55; 16];

/// The responses of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// NTLMv2; the LM field is 24 zero bytes.
    NtlmV2,
    /// NTLMv2; the LM field is empty.
    NtlmV2Alone,
    /// NTLMv2 and LMv2.
    NtlmV2LmV2,
    /// LMv2 and no NT response.
    LmV2Only,
    /// NTLMv1; the same in the LM field.
    NtlmV1,
    /// NTLM2 session security.
    Ntlm2Session,
    /// Both fields empty.
    Nothing,
    /// One zero byte in the LM field (MS-NLMP 3.2.5.1.2).
    OneZero,
}

/// How the client converts names and password to the UTF-16 that it hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Widening {
    /// UTF-16; OEM bytes are Latin-1.
    Units,
    /// Bytes are widened and only ASCII letters capitalised, as curl does.
    Ascii,
    /// UTF-8 is converted to UTF-16 (MS-NLMP 3.3.2).
    Utf8,
}

/// The length of the AUTHENTICATE message's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// 64 bytes.
    Flags,
    /// 72 bytes.
    Version,
    /// 88 bytes.
    Mic,
}

/// A client. The default is Windows.
#[derive(Clone, Debug)]
pub(crate) struct Initiator {
    pub(crate) user: &'static str,
    pub(crate) domain: &'static str,
    pub(crate) workstation: &'static str,
    pub(crate) password: &'static str,
    pub(crate) widening: Widening,
    /// Offered in the NEGOTIATE message.
    pub(crate) flags: NegotiateFlags,
    /// `DomainName` in the NEGOTIATE message; `flags` say whether it counts.
    pub(crate) named_domain: &'static str,
    pub(crate) answer: Answer,
    pub(crate) header: Header,
    /// Whether `MsvAvFlags` announces the MIC. With [`Header::Mic`] the message has one either way.
    pub(crate) announces_mic: bool,
    /// Changes the AV pairs before they are sent back.
    pub(crate) alter: fn(AvPairs) -> AvPairs,
    /// The bytes behind `MsvAvEOL`, which `NTProofStr` covers.
    pub(crate) after_eol: &'static [u8],
    /// Changes the AUTHENTICATE message before the MIC is made.
    pub(crate) reshape: fn(&mut Vec<u8>),
    /// The AUTHENTICATE message's flags, given those of the CHALLENGE message.
    pub(crate) final_flags: fn(NegotiateFlags) -> NegotiateFlags,
}

impl Default for Initiator {
    fn default() -> Self {
        Self {
            user: "alice",
            domain: "EXAMPLE",
            workstation: "PC1",
            password: "Password1",
            widening: Widening::Units,
            flags: NegotiateFlags(0xE208_8297),
            named_domain: "",
            answer: Answer::NtlmV2,
            header: Header::Mic,
            announces_mic: true,
            alter: |pairs| pairs,
            after_eol: &[0; 4],
            reshape: |_| (),
            final_flags: |flags| flags,
        }
    }
}

/// An AUTHENTICATE message and the secrets behind it.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) token: Vec<u8>,
    pub(crate) session_base_key: Key,
    pub(crate) exported_session_key: Key,
}

impl Initiator {
    /// curl --ntlm: OEM, no version, no MIC, no session key.
    pub(crate) fn curl() -> Self {
        Self {
            flags: NegotiateFlags(0x0008_8206),
            workstation: "WORKSTATION",
            widening: Widening::Ascii,
            answer: Answer::NtlmV2LmV2,
            header: Header::Flags,
            announces_mic: false,
            ..Self::default()
        }
    }

    /// Chromium: a MIC, no version, no session key.
    pub(crate) fn chromium() -> Self {
        Self {
            flags: NegotiateFlags(0x0008_8207),
            ..Self::default()
        }
    }

    /// The NEGOTIATE message.
    pub(crate) fn negotiate(&self) -> Vec<u8> {
        Negotiate {
            flags: self.flags,
            domain: self.named_domain.as_bytes(),
        }
        .encode()
    }

    /// The AUTHENTICATE message that answers `challenge`.
    pub(crate) fn authenticate(&self, negotiate: &[u8], challenge: &[u8]) -> Answered {
        let received = Challenge::decode(challenge).unwrap();
        let charset = match received.flags.contains(NegotiateFlags::NEGOTIATE_UNICODE) {
            true => Charset::Unicode,
            false => Charset::Oem,
        };
        let flags = (self.final_flags)(received.flags);
        let user = charset.encode(self.user);
        let domain = charset.encode(self.domain);
        let ntowf_v2 = self.ntowf_v2(charset);
        let (nt_response, lm_response) = self.responses(&received, &ntowf_v2);
        let nt_proof = nt_response.first_chunk().copied().unwrap_or_default();
        let session_base_key = keys::session_base_key(&ntowf_v2, &nt_proof);
        let key_exchange = flags.contains(NegotiateFlags::NEGOTIATE_KEY_EXCH);
        let exported_session_key = match key_exchange {
            true => Key::new(RANDOM_SESSION_KEY),
            false => session_base_key.clone(),
        };
        let encrypted_session_key = match key_exchange {
            true => keys::exchange_session_key(&session_base_key, RANDOM_SESSION_KEY)
                .expose()
                .to_vec(),
            false => Vec::new(),
        };
        let version = match flags.contains(NegotiateFlags::NEGOTIATE_VERSION) {
            true => VERSION,
            false => [0; 8],
        };
        let message = Authenticate {
            lm_response: &lm_response,
            nt_response: &nt_response,
            domain: &domain,
            user: &user,
            workstation: &charset.encode(self.workstation),
            encrypted_session_key: &encrypted_session_key,
            flags,
            version: (self.header != Header::Flags).then_some(version),
            mic: (self.header == Header::Mic).then_some([0; 16]),
        };
        let mut token = message.encode().unwrap();
        (self.reshape)(&mut token);
        if self.header == Header::Mic {
            let mic = keys::mic(&exported_session_key, negotiate, challenge, &token).unwrap();
            token[Authenticate::MIC_OFFSET..][..16].copy_from_slice(&mic);
        }
        Answered {
            token,
            session_base_key,
            exported_session_key,
        }
    }

    fn ntowf_v2(&self, charset: Charset) -> Key {
        let widened = |name: &str, byte: fn(&u8) -> u8| -> Vec<u16> {
            name.as_bytes().iter().map(|it| byte(it).into()).collect()
        };
        let utf16 = |name: &str| -> Vec<u16> { name.encode_utf16().collect() };
        let nt_hash = self.nt_hash(charset);
        let (user, domain) = match (charset, self.widening) {
            (Charset::Unicode, _) | (_, Widening::Utf8) => (utf16(self.user), utf16(self.domain)),
            (Charset::Oem, Widening::Units) => (
                widened(self.user, |byte| *byte),
                widened(self.domain, |byte| *byte),
            ),
            (Charset::Oem, Widening::Ascii) => {
                let user = widened(self.user, u8::to_ascii_uppercase);
                let domain = widened(self.domain, |byte| *byte);
                let both = utf16le(user.into_iter().chain(domain));
                return Key::new(crypto::hmac_md5(&nt_hash, &[&both]));
            }
        };
        keys::ntowf_v2(&nt_hash, &user, &domain)
    }

    fn nt_hash(&self, charset: Charset) -> Key {
        match (charset, self.widening) {
            (Charset::Oem, Widening::Ascii) => crypto::nt_hash_of_widened(self.password),
            _ => crypto::nt_hash(self.password),
        }
    }

    fn responses(&self, received: &Challenge<'_>, ntowf_v2: &Key) -> (Vec<u8>, Vec<u8>) {
        let server_challenge = received.server_challenge;
        let nt_hash = crypto::nt_hash(self.password);
        let v2 = || self.nt_v2(received, ntowf_v2);
        let lm_v2 = || keys::lm_v2_response(ntowf_v2, server_challenge, CLIENT_CHALLENGE).to_vec();
        match self.answer {
            Answer::NtlmV2 => (v2(), vec![0; 24]),
            Answer::NtlmV2Alone => (v2(), Vec::new()),
            Answer::NtlmV2LmV2 => (v2(), lm_v2()),
            Answer::LmV2Only => (Vec::new(), lm_v2()),
            Answer::NtlmV1 => {
                let response = crypto::desl(&nt_hash, server_challenge).to_vec();
                (response.clone(), response)
            }
            Answer::Ntlm2Session => {
                let both = crypto::md5(&[&server_challenge, &CLIENT_CHALLENGE]);
                let response = crypto::desl(&nt_hash, *both.first_chunk().unwrap()).to_vec();
                (response, [&CLIENT_CHALLENGE[..], &[0; 16]].concat())
            }
            Answer::Nothing => (Vec::new(), Vec::new()),
            Answer::OneZero => (Vec::new(), vec![0]),
        }
    }

    fn nt_v2(&self, received: &Challenge<'_>, ntowf_v2: &Key) -> Vec<u8> {
        let mut pairs = AvPairs::decode(&mut Reader::new(received.target_info)).unwrap();
        if self.announces_mic {
            let flags = AvFlags::MIC.0.to_le_bytes().to_vec();
            pairs.set(AvId::FLAGS, flags).unwrap();
        }
        let timestamp = pairs.value(AvId::TIMESTAMP).unwrap_or(&[0; 8]).to_vec();
        let mut temp = Writer::new();
        temp.bytes(&[1, 1])
            .zeros(6)
            .bytes(&timestamp)
            .bytes(&CLIENT_CHALLENGE)
            .zeros(4)
            .bytes(&(self.alter)(pairs).encode())
            .bytes(self.after_eol);
        let temp = temp.into_bytes();
        let proof = keys::v2_proof(ntowf_v2, received.server_challenge, &temp);
        [&proof[..], &temp].concat()
    }
}
