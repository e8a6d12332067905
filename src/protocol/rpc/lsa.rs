//! LSA: the names of security identifiers. The only call, LsarLookupSids3 (MS-LSAT 3.1.4.9), needs
//! no policy handle; a controller answers it over a secure channel only.

use crate::base::sid::Sid;
use crate::base::wire::DecodeError;
use crate::protocol::rpc::ndr::{Counted, Decoder, Encoder};
use crate::protocol::rpc::{Error, NtStatus};

/// LsarLookupSids3 (MS-LSAT 3.1.4.9)
pub const LOOKUP_SIDS3: u16 = 76;
/// The most identifiers in one call: the answer is then some 30 KiB long. The specification allows
/// 20,480.
pub const MAX_SIDS: usize = 256;

/// `LsapLookupWksta` (MS-LSAT 2.2.16): the controller searches all domains that it can reach.
const LOOKUP_WKSTA: u16 = 1;
/// `ClientRevision` (MS-LSAT 3.1.4.9): the client supports forests.
const CLIENT_REVISION: u32 = 2;

/// `SidTypeGroup` (MS-LSAT 2.2.13)
const TYPE_GROUP: u16 = 2;
/// `SidTypeDomain`
const TYPE_DOMAIN: u16 = 3;
/// `SidTypeAlias`: a domain-local group.
const TYPE_ALIAS: u16 = 4;
/// `SidTypeWellKnownGroup`
const TYPE_WELL_KNOWN_GROUP: u16 = 5;

/// The name of an identifier, from the controller. It may be any text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Called {
    /// A group.
    Group {
        /// The group's name (`sAMAccountName`).
        name: String,
        /// The identifier of the group's domain.
        domain: Sid,
    },
    /// A domain.
    Domain {
        /// The domain's NetBIOS name.
        name: String,
    },
}

/// The stub that asks for the names of `sids`.
///
/// # Errors
/// [`Error::TooLong`] for more than [`MAX_SIDS`].
pub fn request(sids: &[Sid]) -> Result<Vec<u8>, Error> {
    if sids.len() > MAX_SIDS {
        return Err(Error::TooLong("the list of SIDs"));
    }
    let count = u32::try_from(sids.len()).unwrap_or(u32::MAX);
    let mut stub = Encoder::new();
    // SidEnumBuffer
    stub.u32(count).pointer(true).u32(count);
    for _ in sids {
        stub.pointer(true);
    }
    for sid in sids {
        stub.sid(sid);
    }
    stub.u32(0).pointer(false); // TranslatedNames, to be filled in
    stub.u16(LOOKUP_WKSTA)
        .u32(0) // MappedCount, to be filled in
        .u32(0) // LookupOptions
        .u32(CLIENT_REVISION);
    Ok(stub.into_bytes())
}

/// Reads the answer to a question for `asked` identifiers, in their order. `None` for one that is
/// neither a group's nor a domain's.
///
/// # Errors
/// [`Error::Status`]; [`Error::Malformed`], also for an answer to another question.
pub fn reply(stub: &[u8], asked: usize) -> Result<Vec<Option<Called>>, Error> {
    let mut decoder = Decoder::new(stub);
    let domains = match decoder.pointer("ReferencedDomains")? {
        true => referenced_domains(&mut decoder)?,
        false => Vec::new(),
    };
    let names = translated_names(&mut decoder)?;
    decoder.u32("MappedCount")?;
    let status = NtStatus(decoder.u32("status")?);
    decoder.finish("LsarLookupSids3")?;
    match status {
        NtStatus::SUCCESS | NtStatus::SOME_NOT_MAPPED | NtStatus::NONE_MAPPED => {}
        _ => return Err(Error::Status("LsarLookupSids3", status)),
    }
    // Without any name, some controllers send no list.
    if status == NtStatus::NONE_MAPPED && names.is_empty() {
        return Ok(vec![None; asked]);
    }
    if names.len() != asked {
        return Err(
            DecodeError::new("TranslatedNames", "another number than was asked for").into(),
        );
    }
    let named = names.into_iter().map(|name| name.in_domain(&domains));
    Ok(named.collect::<Result<_, _>>()?)
}

/// `LSAPR_TRANSLATED_NAME_EX` (MS-LSAT 2.2.21)
struct Translated {
    /// `Use`
    kind: u16,
    name: Option<String>,
    /// `DomainIndex`: an index into the list of domains, negative for none.
    domain: u32,
}

/// `LSAPR_TRUST_INFORMATION` (MS-LSAT 2.2.11)
struct Domain {
    name: Option<String>,
    sid: Option<Sid>,
}

impl Translated {
    /// `None` if it is unknown, or neither a group nor a domain.
    fn in_domain(self, domains: &[Domain]) -> Result<Option<Called>, DecodeError> {
        let is_group = match self.kind {
            TYPE_GROUP | TYPE_ALIAS | TYPE_WELL_KNOWN_GROUP => true,
            TYPE_DOMAIN => false,
            _ => return Ok(None),
        };
        let index = usize::try_from(self.domain).ok();
        let domain = index.and_then(|index| domains.get(index));
        let domain = domain.ok_or(DecodeError::new("DomainIndex", "out of range"))?;
        let (name, sid) = (self.name, domain.sid.clone());
        Ok(match is_group {
            true => name
                .zip(sid)
                .map(|(name, domain)| Called::Group { name, domain }),
            // The name in the list is authoritative; the translated one may be empty.
            false => domain.name.clone().map(|name| Called::Domain { name }),
        })
    }
}

/// `LSAPR_REFERENCED_DOMAIN_LIST` (MS-LSAT 2.2.12)
fn referenced_domains(decoder: &mut Decoder<'_>) -> Result<Vec<Domain>, DecodeError> {
    const FIELD: &str = "ReferencedDomains";
    let count = decoder.u32(FIELD)?;
    let present = decoder.pointer(FIELD)?;
    decoder.u32(FIELD)?; // MaxEntries, ignored
    begin(decoder, count, present, FIELD)?;
    let mut fixed = Vec::new();
    for _ in 0..count {
        let name = decoder.counted(FIELD)?;
        fixed.push((name, decoder.pointer(FIELD)?));
    }
    let mut domains = Vec::new();
    for (name, has_sid) in fixed {
        let name = text(decoder, name, FIELD)?;
        let sid = match has_sid {
            true => Some(decoder.sid()?),
            false => None,
        };
        domains.push(Domain { name, sid });
    }
    Ok(domains)
}

/// `LSAPR_TRANSLATED_NAMES_EX` (MS-LSAT 2.2.22)
fn translated_names(decoder: &mut Decoder<'_>) -> Result<Vec<Translated>, DecodeError> {
    const FIELD: &str = "TranslatedNames";
    let count = decoder.u32(FIELD)?;
    let present = decoder.pointer(FIELD)?;
    begin(decoder, count, present, FIELD)?;
    let mut fixed = Vec::new();
    for _ in 0..count {
        let kind = decoder.u16(FIELD)?;
        let name = decoder.counted(FIELD)?;
        let domain = decoder.u32(FIELD)?;
        decoder.u32(FIELD)?; // Flags
        fixed.push((kind, name, domain));
    }
    let mut names = Vec::new();
    for (kind, name, domain) in fixed {
        names.push(Translated {
            kind,
            name: text(decoder, name, FIELD)?,
            domain,
        });
    }
    Ok(names)
}

/// Reads the count before the elements of an array, which must be the same one again. There are no
/// more names than were asked for, and no more domains than names.
fn begin(
    decoder: &mut Decoder<'_>,
    count: u32,
    present: bool,
    field: &'static str,
) -> Result<(), DecodeError> {
    if usize::try_from(count).map_or(true, |count| count > MAX_SIDS) {
        return Err(DecodeError::new(field, "too many"));
    }
    match present {
        true if decoder.u32(field)? != count => Err(DecodeError::new(field, "inconsistent counts")),
        false if count > 0 => Err(DecodeError::new(field, "a count without an array")),
        _ => Ok(()),
    }
}

/// A name. `None` if it is not text: one invalid name must not spoil the others.
fn text(
    decoder: &mut Decoder<'_>,
    fixed: Counted,
    field: &'static str,
) -> Result<Option<String>, DecodeError> {
    let units = decoder.counted_units(fixed, field)?;
    Ok(String::from_utf16(&units).ok())
}

#[cfg(test)]
mod tests;
