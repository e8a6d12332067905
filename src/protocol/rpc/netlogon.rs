//! The stubs of NETLOGON's calls (MS-NRPC 3.5.4).

pub mod domain_trusts;
pub mod password_set;
pub mod sam_info;
pub mod sam_logon;

use crate::base::wire::DecodeError;
use crate::protocol::rpc::ndr::{Decoder, Encoder};
use crate::protocol::rpc::{Error, NtStatus};

/// NetrServerReqChallenge (MS-NRPC 3.5.4.4.1)
pub const SERVER_REQ_CHALLENGE: u16 = 4;
/// NetrLogonGetCapabilities (MS-NRPC 3.5.4.4.11)
pub const LOGON_GET_CAPABILITIES: u16 = 21;
/// NetrServerAuthenticate3 (MS-NRPC 3.5.4.4.2)
pub const SERVER_AUTHENTICATE3: u16 = 26;
/// NetrServerPasswordSet2 (MS-NRPC 3.5.4.4.5)
pub const SERVER_PASSWORD_SET2: u16 = 30;
/// NetrLogonSamLogonEx (MS-NRPC 3.5.4.5.1)
pub const LOGON_SAM_LOGON_EX: u16 = 39;
/// DsrEnumerateDomainTrusts (MS-NRPC 3.5.4.7.1)
pub const DSR_ENUMERATE_DOMAIN_TRUSTS: u16 = 40;

/// `WorkstationSecureChannel` (MS-NRPC 2.2.1.3.13)
const WORKSTATION_SECURE_CHANNEL: u16 = 2;

/// The two ends of a secure channel.
#[derive(Clone, Copy, Debug)]
pub struct Parties<'a> {
    /// The controller, `\\dc1.example.test`; a wrong name is refused. `None` is a null pointer.
    pub server: Option<&'a str>,
    /// The machine account, with its `$`.
    pub account: &'a str,
    /// The machine's NetBIOS name: the account's without the `$`.
    pub computer: &'a str,
}

/// `NETLOGON_CREDENTIAL` (MS-NRPC 2.2.1.3.4): a challenge or a credential.
pub type Credential = [u8; 8];

/// `NETLOGON_AUTHENTICATOR` (MS-NRPC 2.2.1.1.5)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authenticator {
    /// Proves that the sender knows the session key and the position in the chain.
    pub credential: Credential,
    /// Seconds since 1970.
    pub timestamp: u32,
}

/// A controller's credential, and flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CredentialAndFlags {
    /// Unchecked.
    pub credential: Credential,
    /// `NegotiateFlags` (MS-NRPC 3.1.4.2).
    pub flags: u32,
}

/// The stub of NetrServerReqChallenge.
///
/// # Errors
/// [`Error::TooLong`].
pub fn req_challenge(parties: Parties<'_>, challenge: &Credential) -> Result<Vec<u8>, Error> {
    let mut stub = Encoder::new();
    stub.unique_string(parties.server, "PrimaryName")?
        .string(parties.computer, "ComputerName")?
        .bytes(challenge);
    Ok(stub.into_bytes())
}

/// Reads the answer: the controller's challenge.
///
/// # Errors
/// [`Error::Status`], [`Error::Malformed`].
pub fn req_challenge_reply(stub: &[u8]) -> Result<Credential, Error> {
    let mut decoder = Decoder::new(stub);
    let challenge = decoder.array("ServerChallenge")?;
    finish("NetrServerReqChallenge", decoder)?;
    Ok(challenge)
}

/// The stub of NetrServerAuthenticate3.
///
/// # Errors
/// [`Error::TooLong`].
pub fn authenticate3(
    parties: Parties<'_>,
    credential: &Credential,
    flags: u32,
) -> Result<Vec<u8>, Error> {
    let mut stub = Encoder::new();
    stub.unique_string(parties.server, "PrimaryName")?
        .string(parties.account, "AccountName")?
        .u16(WORKSTATION_SECURE_CHANNEL)
        .string(parties.computer, "ComputerName")?
        .bytes(credential)
        .u32(flags);
    Ok(stub.into_bytes())
}

/// Reads the answer.
///
/// # Errors
/// [`Error::Status`], [`Error::Malformed`].
pub fn authenticate3_reply(stub: &[u8]) -> Result<CredentialAndFlags, Error> {
    let mut decoder = Decoder::new(stub);
    let credential = decoder.array("ServerCredential")?;
    let flags = decoder.u32("NegotiateFlags")?;
    decoder.u32("AccountRid")?;
    finish("NetrServerAuthenticate3", decoder)?;
    Ok(CredentialAndFlags { credential, flags })
}

/// The stub of NetrLogonGetCapabilities.
///
/// # Errors
/// [`Error::TooLong`].
pub fn capabilities(
    parties: Parties<'_>,
    authenticator: Authenticator,
    level: u32,
) -> Result<Vec<u8>, Error> {
    let mut stub = Encoder::new();
    // This parameter cannot be null. An empty name means the controller that is asked.
    stub.string(parties.server.unwrap_or_default(), "ServerName")?
        .unique_string(Some(parties.computer), "ComputerName")?
        .align(4)
        .bytes(&authenticator.credential)
        .u32(authenticator.timestamp)
        .bytes(&[0; 12]) // ReturnAuthenticator, to be filled in
        .u32(level);
    Ok(stub.into_bytes())
}

/// Reads the answer to a question of `level`.
///
/// # Errors
/// [`Error::Status`], [`Error::Malformed`].
pub fn capabilities_reply(stub: &[u8], level: u32) -> Result<CredentialAndFlags, Error> {
    let mut decoder = Decoder::new(stub);
    let credential = decoder.array("ReturnAuthenticator")?;
    decoder.u32("ReturnAuthenticator")?;
    let answered = decoder.u32("ServerCapabilities")?;
    let flags = decoder.u32("ServerCapabilities")?;
    finish("NetrLogonGetCapabilities", decoder)?;
    if answered != level {
        return Err(DecodeError::new("ServerCapabilities", "of another level").into());
    }
    Ok(CredentialAndFlags { credential, flags })
}

/// Reads the status that ends every answer.
fn finish(call: &'static str, mut decoder: Decoder<'_>) -> Result<(), Error> {
    let status = NtStatus(decoder.u32("status")?);
    decoder.finish(call)?;
    match status {
        NtStatus::SUCCESS => Ok(()),
        _ => Err(Error::Status(call, status)),
    }
}

#[cfg(test)]
pub(in crate::protocol::rpc) mod tests;
