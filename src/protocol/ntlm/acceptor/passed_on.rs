//! A handshake whose CHALLENGE message another server makes: the messages are passed on to it.

use super::{Challenged, MAX_NEGOTIATE, choose_charset};
use crate::base::wire::{DecodeError, Reader};
use crate::protocol::ntlm::NtlmError;
use crate::protocol::ntlm::av_pair::AvPairs;
use crate::protocol::ntlm::message::{Challenge, Negotiate};
use crate::protocol::ntlm::seal::Weakest;

/// A NEGOTIATE message that may be passed on. Only [`PassedOn::parse`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct PassedOn<'a> {
    negotiate: &'a [u8],
    weakest: Weakest,
}

impl<'a> PassedOn<'a> {
    /// Checks a NEGOTIATE message as [`negotiate`](super::negotiate) does. `weakest` is for the
    /// messages of a login that is verified here.
    ///
    /// # Errors
    /// As there.
    pub fn parse(token: &'a [u8], weakest: Weakest) -> Result<Self, NtlmError> {
        if token.len() > MAX_NEGOTIATE {
            return Err(DecodeError::new("NEGOTIATE_MESSAGE", "longer than 1 KiB").into());
        }
        choose_charset(Negotiate::decode(token)?.flags)?;
        Ok(Self {
            negotiate: token,
            weakest,
        })
    }

    /// The message, unchanged.
    pub fn token(self) -> &'a [u8] {
        self.negotiate
    }

    /// The state after the other server's CHALLENGE message, which goes to the client unchanged.
    ///
    /// # Errors
    /// The message is malformed.
    pub fn challenged(self, challenge: &[u8]) -> Result<Challenged, DecodeError> {
        let decoded = Challenge::decode(challenge)?;
        if !decoded.target_info.is_empty() {
            AvPairs::decode(&mut Reader::new(decoded.target_info))?;
        }
        Ok(Challenged {
            weakest: self.weakest,
            negotiate: self.negotiate.into(),
            challenge: challenge.into(),
        })
    }
}
