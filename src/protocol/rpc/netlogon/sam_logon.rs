//! NetrLogonSamLogonEx: has the controller verify a response to our challenge (MS-NRPC 3.5.4.5.1).
//!
//! Always at validation level 6: its session key is not encrypted with the channel's key, so that
//! several processes can use one machine account at the same time.

use crate::base::wire::DecodeError;
use crate::protocol::rpc::ndr::{Decoder, Encoder};
use crate::protocol::rpc::netlogon::Parties;
use crate::protocol::rpc::netlogon::sam_info::SamInfo4;
use crate::protocol::rpc::schannel::agreement::Proof;
use crate::protocol::rpc::{Error, NtStatus};

/// `NetlogonNetworkInformation` (MS-NRPC 2.2.1.4.16)
const NETWORK: u16 = 2;
/// `NetlogonNetworkTransitiveInformation`
const NETWORK_TRANSITIVE: u16 = 6;
/// `NetlogonValidationSamInfo4` (MS-NRPC 2.2.1.4.17)
const SAM_INFO_4: u16 = 6;

/// `ParameterControl` (MS-NRPC 2.2.1.4.15): computer accounts may log on too (bits 0x20, 0x800); an
/// unknown account is not tried as guest (0x10).
pub const PARAMETER_CONTROL: u32 = 0x0000_0830;

/// `NETLOGON_NETWORK_INFO` (MS-NRPC 2.2.1.4.5), with the client's own bytes, without the LM
/// response.
#[derive(Clone, Copy, Debug)]
pub struct NetworkLogon<'a> {
    /// `LogonDomainName`, UTF-16.
    pub domain: &'a [u16],
    /// `UserName`, UTF-16.
    pub user: &'a [u16],
    /// `Workstation`, UTF-16, without leading backslashes.
    pub workstation: &'a [u16],
    /// `LmChallenge`: the challenge that was answered.
    pub challenge: [u8; 8],
    /// `NtChallengeResponse`. The LM response is never sent: a controller would accept it after a
    /// wrong NT response, and it covers neither the target's names nor the announcement of a MIC.
    pub nt_response: &'a [u8],
}

/// The controller's verdict.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The response is right. The account.
    Validated(Box<SamInfo4>),
    /// The response is wrong, or the controller cannot verify it.
    Refused {
        /// The reason.
        status: NtStatus,
        /// False if another controller may be able to verify it.
        authoritative: bool,
    },
}

impl Verdict {
    /// True if the controller refused the name that it was addressed by (MS-NRPC 3.5.4.5.1). It
    /// does so before it verifies the response.
    pub fn is_name_refused(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if *status == NtStatus::INVALID_COMPUTER_NAME)
    }
}

/// True if the controller refused the name that it was addressed by: in an answer, or with a fault,
/// which is not authentic.
pub fn is_name_refused(answer: &Result<Verdict, Error>) -> bool {
    match answer {
        Ok(verdict) => verdict.is_name_refused(),
        Err(Error::Fault(status)) => status.0 == NtStatus::INVALID_COMPUTER_NAME.0,
        Err(_) => false,
    }
}

/// The stub of NetrLogonSamLogonEx. The proof is of a channel whose negotiation was checked.
///
/// # Errors
/// [`Error::TooLong`] for a value that is too long for an NTLM message.
pub fn request(
    proof: Proof,
    parties: Parties<'_>,
    logon: &NetworkLogon<'_>,
) -> Result<Vec<u8>, Error> {
    let level = match proof.transitive() {
        true => NETWORK_TRANSITIVE,
        false => NETWORK,
    };
    request_with(level, PARAMETER_CONTROL, parties, logon, &[])
}

pub(super) fn request_with(
    level: u16,
    parameter_control: u32,
    parties: Parties<'_>,
    logon: &NetworkLogon<'_>,
    lm_response: &[u8],
) -> Result<Vec<u8>, Error> {
    let mut stub = Encoder::new();
    stub.unique_string(parties.server, "LogonServer")?
        .unique_string(Some(parties.computer), "ComputerName")?
        .u16(level)
        .u16(level) // the union's tag
        .pointer(true)
        .counted(logon.domain.len() * 2, "LogonDomainName")?
        .u32(parameter_control)
        .u32(0) // Reserved
        .u32(0)
        .counted(logon.user.len() * 2, "UserName")?
        .counted(logon.workstation.len() * 2, "Workstation")?
        .bytes(&logon.challenge)
        .counted(logon.nt_response.len(), "NtChallengeResponse")?
        .counted(lm_response.len(), "LmChallengeResponse")?
        .counted_units(logon.domain, "LogonDomainName")?
        .counted_units(logon.user, "UserName")?
        .counted_units(logon.workstation, "Workstation")?
        .counted_bytes(logon.nt_response, "NtChallengeResponse")?
        .counted_bytes(lm_response, "LmChallengeResponse")?
        .u16(SAM_INFO_4)
        .u32(0); // ExtraFlags
    Ok(stub.into_bytes())
}

/// Reads the answer.
///
/// # Errors
/// [`Error::Malformed`], also for a success without an account.
pub fn reply(stub: &[u8]) -> Result<Verdict, Error> {
    let mut decoder = Decoder::new(stub);
    if decoder.u16("ValidationInformation")? != SAM_INFO_4 {
        return Err(DecodeError::new("ValidationInformation", "not of level 6").into());
    }
    let info = match decoder.pointer("ValidationInformation")? {
        true => Some(SamInfo4::decode(&mut decoder)?),
        false => None,
    };
    let authoritative = decoder.u8("Authoritative")? != 0;
    decoder.u32("ExtraFlags")?;
    let status = NtStatus(decoder.u32("status")?);
    decoder.finish("NetrLogonSamLogonEx")?;
    match (status, info) {
        (NtStatus::SUCCESS, Some(info)) => Ok(Verdict::Validated(Box::new(info))),
        (NtStatus::SUCCESS, None) => {
            Err(DecodeError::new("ValidationInformation", "missing in a success").into())
        }
        (status, _) => Ok(Verdict::Refused {
            status,
            authoritative,
        }),
    }
}
