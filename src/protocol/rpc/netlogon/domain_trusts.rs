//! DsrEnumerateDomainTrusts (MS-NRPC 3.5.4.7.1): the controller's domain and the domains that it
//! trusts.
//!
//! The call carries no authenticator, so it does not advance the credential chain of the session
//! key: all processes that share the key may make it.

use crate::base::fault::is_unprintable;
use crate::base::sid::Sid;
use crate::base::wire::DecodeError;
use crate::protocol::rpc::ndr::{Decoder, Encoder};
use crate::protocol::rpc::netlogon::Parties;
use crate::protocol::rpc::{Error, NtStatus};

/// `DS_DOMAIN_IN_FOREST` (MS-NRPC 2.2.1.6.2): a domain of the controller's own forest.
pub const IN_FOREST: u32 = 0x01;
/// `DS_DOMAIN_DIRECT_OUTBOUND`: the controller's domain trusts it.
pub const DIRECT_OUTBOUND: u32 = 0x02;
/// `DS_DOMAIN_PRIMARY`: the controller's own domain.
pub const PRIMARY: u32 = 0x08;
/// `TRUST_ATTRIBUTE_FOREST_TRANSITIVE` (MS-ADTS 6.1.6.7.9): the root of a trusted forest.
pub const FOREST_TRANSITIVE: u32 = 0x08;

/// The most domains that are accepted.
const MAX_DOMAINS: u32 = 1024;
const CALL: &str = "DsrEnumerateDomainTrusts";

/// `DS_DOMAIN_TRUSTSW` (MS-NRPC 2.2.1.6.2), as the controller gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainTrust {
    /// `NetbiosDomainName`. `None` if it is null, empty or not printable.
    pub netbios_name: Option<String>,
    /// `DnsDomainName`. `None` likewise.
    pub dns_name: Option<String>,
    /// `Flags`
    pub flags: u32,
    /// `TrustAttributes`
    pub attributes: u32,
    /// `DomainSid`
    pub sid: Option<Sid>,
}

/// The stub: asks for the controller's own domain, its forest, and the directly trusted domains.
///
/// # Errors
/// [`Error::TooLong`].
pub fn request(parties: Parties<'_>) -> Result<Vec<u8>, Error> {
    let mut stub = Encoder::new();
    stub.unique_string(parties.server, "ServerName")?
        .u32(PRIMARY | IN_FOREST | DIRECT_OUTBOUND);
    Ok(stub.into_bytes())
}

/// Reads the answer.
///
/// # Errors
/// [`Error::Status`] if the call was refused; [`Error::Malformed`].
pub fn reply(stub: &[u8]) -> Result<Vec<DomainTrust>, Error> {
    const FIELD: &str = "Domains";
    let mut decoder = Decoder::new(stub);
    let count = decoder.u32(FIELD)?;
    let present = decoder.pointer(FIELD)?;
    if count > MAX_DOMAINS {
        return Err(DecodeError::new(FIELD, "too many").into());
    }
    match present {
        true if decoder.u32(FIELD)? != count => {
            return Err(DecodeError::new(FIELD, "inconsistent counts").into());
        }
        false if count > 0 => {
            return Err(DecodeError::new(FIELD, "a count without an array").into());
        }
        _ => {}
    }
    let mut fixed = Vec::new();
    for _ in 0..count {
        fixed.push(TrustEntry::decode(&mut decoder)?);
    }
    let mut domains = Vec::new();
    for fixed in fixed {
        domains.push(fixed.with_pointees(&mut decoder)?);
    }
    // NET_API_STATUS: a Win32 code, not an NTSTATUS; 0 is success in both.
    let status = decoder.u32("status")?;
    decoder.finish(CALL)?;
    match status {
        0 => Ok(domains),
        code => Err(Error::Status(CALL, NtStatus(code))),
    }
}

/// The fixed part of a domain, in the array.
struct TrustEntry {
    has_netbios_name: bool,
    has_dns_name: bool,
    flags: u32,
    attributes: u32,
    has_sid: bool,
}

impl TrustEntry {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let has_netbios_name = decoder.pointer("NetbiosDomainName")?;
        let has_dns_name = decoder.pointer("DnsDomainName")?;
        let flags = decoder.u32("Flags")?;
        decoder.u32("ParentIndex")?;
        decoder.u32("TrustType")?;
        let attributes = decoder.u32("TrustAttributes")?;
        let has_sid = decoder.pointer("DomainSid")?;
        decoder.array::<16>("DomainGuid")?;
        Ok(Self {
            has_netbios_name,
            has_dns_name,
            flags,
            attributes,
            has_sid,
        })
    }

    fn with_pointees(self, decoder: &mut Decoder<'_>) -> Result<DomainTrust, DecodeError> {
        Ok(DomainTrust {
            netbios_name: name(decoder, self.has_netbios_name, "NetbiosDomainName")?,
            dns_name: name(decoder, self.has_dns_name, "DnsDomainName")?,
            flags: self.flags,
            attributes: self.attributes,
            sid: match self.has_sid {
                true => Some(decoder.sid()?),
                false => None,
            },
        })
    }
}

/// A name. `None` if it is not printable: one invalid name must not spoil the others.
fn name(
    decoder: &mut Decoder<'_>,
    present: bool,
    field: &'static str,
) -> Result<Option<String>, DecodeError> {
    if !present {
        return Ok(None);
    }
    let units = decoder.string(field)?;
    let name = String::from_utf16(&units).ok();
    Ok(name.filter(|name| !name.is_empty() && !name.contains(is_unprintable)))
}

#[cfg(test)]
mod tests;
