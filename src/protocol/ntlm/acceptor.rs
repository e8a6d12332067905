//! The server's side (MS-NLMP 3.2.5).
//!
//! ```text
//! NEGOTIATE ──negotiate──► Challenged + CHALLENGE
//! AUTHENTICATE ──Challenged::parse_authenticate──► Claim
//!                  a verifier proves the response and returns SessionBaseKey
//!              Claim::check_mic(SessionBaseKey) ──► MicChecked ──into_security──► SessionSecurity
//! ```
//!
//! If another server makes the challenge, the messages are passed on to it:
//!
//! ```text
//! NEGOTIATE ──PassedOn::parse──► PassedOn ──challenged(its CHALLENGE)──► Challenged ──► Claim
//!                  that server proves the response and checks the MIC
//!              Claim::checked_elsewhere ──► MicChecked, without a key
//! ```
//!
//! Each step returns a [`NtlmError`] for a message that is refused. [`Challenged`] is consumed: a
//! challenge is answered once. Nothing here knows a password.

mod claim;
mod passed_on;
#[cfg(test)]
mod tests;

pub use claim::{Claim, MicChecked, dns_domain};
pub use passed_on::PassedOn;

use super::NtlmError;
use super::av_pair::{AvId, AvPairs};
use super::flags::NegotiateFlags;
use super::message::{Challenge, Negotiate};
use super::seal::Weakest;
use super::text::{Charset, utf16le};
use crate::base::wire::{DecodeError, FileTime, Reader, Writer};

/// The longest accepted NEGOTIATE message. Clients send 32 to 48 bytes and two short names.
const MAX_NEGOTIATE: usize = 1024;

/// The longest name in a [`Target`], in UTF-16 units; that of a DNS name.
pub const MAX_NAME: usize = 255;

/// The flags that are accepted from a client's offer.
const SUPPORTED: NegotiateFlags = NegotiateFlags::NEGOTIATE_SIGN
    .union(NegotiateFlags::NEGOTIATE_SEAL)
    .union(NegotiateFlags::NEGOTIATE_ALWAYS_SIGN)
    .union(NegotiateFlags::NEGOTIATE_EXTENDED_SESSIONSECURITY)
    .union(NegotiateFlags::NEGOTIATE_VERSION)
    .union(NegotiateFlags::NEGOTIATE_128)
    .union(NegotiateFlags::NEGOTIATE_KEY_EXCH)
    .union(NegotiateFlags::NEGOTIATE_56);

/// What `TargetName` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// The domain's NetBIOS name.
    Domain,
    /// The computer's NetBIOS name.
    Server,
}

/// The server's names, as sent in the challenge. An empty name is omitted; each has at most 255
/// UTF-16 units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The computer's NetBIOS name. A domain controller compares it with the name of the machine
    /// account that asks, without the `$`.
    pub netbios_computer: String,
    /// The domain's NetBIOS name. A controller compares it with the machine account's domain.
    pub netbios_domain: String,
    /// The computer's DNS name.
    pub dns_computer: String,
    /// The domain's DNS name.
    pub dns_domain: String,
    /// Which of them is `TargetName`.
    pub kind: TargetKind,
}

impl Target {
    fn name(&self) -> &str {
        match self.kind {
            TargetKind::Domain => &self.netbios_domain,
            TargetKind::Server => &self.netbios_computer,
        }
    }

    fn kind_flag(&self) -> NegotiateFlags {
        match self.kind {
            TargetKind::Domain => NegotiateFlags::TARGET_TYPE_DOMAIN,
            TargetKind::Server => NegotiateFlags::TARGET_TYPE_SERVER,
        }
    }

    /// `TargetInfo`, in Windows' order. The timestamp makes clients send a MIC, and an empty LM
    /// response (MS-NLMP 3.1.5.1.2).
    fn info(&self, now: FileTime) -> Result<AvPairs, NtlmError> {
        let names = [
            (AvId::NB_DOMAIN_NAME, &self.netbios_domain),
            (AvId::NB_COMPUTER_NAME, &self.netbios_computer),
            (AvId::DNS_DOMAIN_NAME, &self.dns_domain),
            (AvId::DNS_COMPUTER_NAME, &self.dns_computer),
        ];
        let mut info = AvPairs::default();
        for (id, name) in names.into_iter().filter(|(_, name)| !name.is_empty()) {
            let name = utf16le(name.encode_utf16());
            if name.len() > 2 * MAX_NAME {
                return Err(NtlmError::TargetNameTooLong(id));
            }
            info.set(id, name).map_err(NtlmError::ChallengeTooLong)?;
        }
        info.set(AvId::TIMESTAMP, now.0.to_le_bytes())
            .map_err(NtlmError::ChallengeTooLong)?;
        Ok(info)
    }
}

/// Answers a NEGOTIATE message with a CHALLENGE message, the second part of the result.
/// `challenge` is random and used once. Protection of messages below `weakest` is not negotiated;
/// the login continues without protection.
///
/// # Errors
/// The token is not a NEGOTIATE message, offers no character set (MS-NLMP 3.2.5.1.1), or is longer
/// than 1 KiB; or a name of `target` is too long.
pub fn negotiate(
    token: &[u8],
    target: &Target,
    weakest: Weakest,
    challenge: [u8; 8],
    now: FileTime,
) -> Result<(Challenged, Vec<u8>), NtlmError> {
    if token.len() > MAX_NEGOTIATE {
        return Err(DecodeError::new("NEGOTIATE_MESSAGE", "longer than 1 KiB").into());
    }
    let offer = Negotiate::decode(token)?.flags;
    let (charset, charset_flag) = choose_charset(offer)?;
    let flags = weakest.of(offer.intersection(SUPPORTED))
        | charset_flag
        | target.kind_flag()
        | NegotiateFlags::REQUEST_TARGET
        | NegotiateFlags::NEGOTIATE_NTLM
        | NegotiateFlags::NEGOTIATE_TARGET_INFO;
    let reply = Challenge {
        target_name: &charset.encode(target.name()),
        flags,
        server_challenge: challenge,
        target_info: &target.info(now)?.encode(),
    }
    .encode()
    .map_err(NtlmError::ChallengeTooLong)?;
    let challenged = Challenged {
        weakest,
        negotiate: token.into(),
        challenge: reply.as_slice().into(),
    };
    Ok((challenged, reply))
}

/// The domain that a NEGOTIATE message names: unproven, and absent in most. `None`: it names none
/// that can be read.
pub fn named_domain(negotiate: &[u8]) -> Option<&str> {
    let domain = Negotiate::decode(negotiate).ok()?.domain;
    str::from_utf8(domain).ok().filter(|name| !name.is_empty())
}

/// UNICODE wins over OEM, MS-NLMP 2.2.2.5.
fn choose_charset(offer: NegotiateFlags) -> Result<(Charset, NegotiateFlags), DecodeError> {
    if offer.contains(NegotiateFlags::NEGOTIATE_UNICODE) {
        Ok((Charset::Unicode, NegotiateFlags::NEGOTIATE_UNICODE))
    } else if offer.contains(NegotiateFlags::NEGOTIATE_OEM) {
        Ok((Charset::Oem, NegotiateFlags::NEGOTIATE_OEM))
    } else {
        Err(DecodeError::new(
            "NegotiateFlags",
            "neither UNICODE nor OEM",
        ))
    }
}

/// The challenge is sent. Holds both messages so far, as they were on the wire.
#[derive(Debug)]
pub struct Challenged {
    weakest: Weakest,
    negotiate: Box<[u8]>,
    challenge: Box<[u8]>,
}

impl Challenged {
    /// Writes the state for another process.
    pub fn save(&self, writer: &mut Writer) {
        writer.u8((self.weakest == Weakest::Any).into());
        writer.block(&self.negotiate).block(&self.challenge);
    }

    /// Reads what [`Self::save`] wrote.
    ///
    /// # Errors
    /// The bytes are not a saved state.
    pub fn restore(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let weakest = match reader.flag("weakest")? {
            true => Weakest::Any,
            false => Weakest::Strong,
        };
        let negotiate = reader.block("NEGOTIATE_MESSAGE")?;
        let challenge = reader.block("CHALLENGE_MESSAGE")?;
        Negotiate::decode(negotiate)?;
        Challenge::decode(challenge)?;
        Ok(Self {
            weakest,
            negotiate: negotiate.into(),
            challenge: challenge.into(),
        })
    }
}
