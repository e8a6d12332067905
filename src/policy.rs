//! What is acceptable before anybody is asked: no anonymous logins, NTLMv2 only, a message integrity
//! code where one is required.

use crate::config::{Mic, Policy};
use crate::fault::{Fault, Minor};
use crate::ntlm::acceptor::{Claim, MicChecked};
use crate::ntlm::bindings::ChannelBindings;
use crate::ntlm::response::{NtlmV2Response, Response};
use crate::verify::{Attempt, Logon};

/// A claim that is acceptable, if it is true: only [`admit`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct Admitted<'a> {
    claim: &'a Claim,
    response: &'a NtlmV2Response,
}

/// Decides whether a claim may be verified at all.
///
/// # Errors
/// The rule that it breaks.
pub fn admit<'a>(policy: &Policy, claim: &'a Claim) -> Result<Admitted<'a>, Fault> {
    let refused = match claim.response() {
        Response::NtlmV2(_) if policy.mic == Mic::Require && !claim.mic_present() => {
            Minor::MissingMic
        }
        Response::NtlmV2(response) => return Ok(Admitted { claim, response }),
        Response::Anonymous => Minor::AnonymousRefused,
        Response::LmOnly => Minor::LmOnlyRefused,
        Response::NtlmV1 => Minor::NtlmV1Refused,
        Response::Ntlm2Session => Minor::Ntlm2SessionRefused,
    };
    Err(refused.into())
}

/// Decides whether a client means the channel that the server sees, if both say (MS-NLMP
/// 3.2.5.1.2). What the client says is part of what it proves afterwards.
///
/// # Errors
/// [`Minor::OtherChannel`]
pub fn check_channel(channel: Option<&ChannelBindings<'_>>, claim: &Claim) -> Result<(), Fault> {
    match (channel, claim.channel_bindings()) {
        (Some(ours), Some(theirs)) if ours.hash() != theirs => Err(Minor::OtherChannel.into()),
        _ => Ok(()),
    }
}

impl<'a> Admitted<'a> {
    /// What the verifiers are asked.
    pub fn attempt(&self) -> Attempt<'a> {
        Attempt {
            user: self.claim.user(),
            domain: self.claim.domain(),
            workstation: self.claim.workstation(),
            server_challenge: self.claim.server_challenge(),
            response: self.response,
        }
    }

    /// What the client calls its computer; unproven.
    pub fn workstation(&self) -> &'a str {
        &self.claim.workstation().meant
    }

    /// Checks the messages with the key that the verifier gave (MS-NLMP 3.2.5.1.2).
    ///
    /// # Errors
    /// See [`Claim::check_mic`].
    pub fn check_mic(&self, logon: &Logon) -> Result<MicChecked, Fault> {
        self.claim.check_mic(logon.session_base_key())
    }
}
