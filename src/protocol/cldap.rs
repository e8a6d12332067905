//! The ping of a domain controller: one LDAP search over UDP or TCP, and its answer (MS-ADTS
//! 6.3.3; RFC 4511 for the frame).
//!
//! No sockets here. Nothing in an answer is authentic: it serves to rank controllers, never to
//! accept a login.

use std::ops::Range;

use domain::base::ParsedName;
use domain::dep::octseq::Parser;

use crate::base::wire::{DecodeError, Reader};

/// The port of the ping, over UDP and TCP.
pub const PORT: u16 = 389;
/// The longest accepted answer, in bytes.
pub const MAX_ANSWER: usize = 4096;

/// The controller's clock, as an attribute of the root.
const CURRENT_TIME: &str = "currentTime";

/// `NtVer`: NETLOGON_NT_VERSION_5, _5EX, _WITH_CLOSEST_SITE and _IP
/// (MS-ADTS 6.3.1.1).
const NT_VERSION: [u8; 4] = 0x2000_0016_u32.to_le_bytes();

/// LOGON_SAM_LOGON_RESPONSE_EX (MS-ADTS 6.3.1.3).
const RESPONSE: u16 = 23;
/// LOGON_SAM_PAUSE_RESPONSE_EX.
const PAUSED: u16 = 24;

/// A controller's description of itself (NETLOGON_SAM_LOGON_RESPONSE_EX, MS-ADTS 6.3.1.9). Not
/// authentic. The NetBIOS names may have any characters: parse them before use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The controller accepts no logins at present.
    pub paused: bool,
    /// What it is and does (MS-ADTS 6.3.1.2).
    pub flags: u32,
    /// The domain's DNS name, lower case, without the last dot.
    pub dns_domain: String,
    /// The host's DNS name, likewise.
    pub dns_host: String,
    /// The domain's NetBIOS name, as sent.
    pub netbios_domain: String,
    /// The host's NetBIOS name, as sent.
    pub netbios_host: String,
    /// The controller's site.
    pub controller_site: String,
    /// Our site, if the controller knows it.
    pub client_site: String,
}

impl Identity {
    /// True for a directory server with a writable copy of the domain: it has all secrets. A
    /// read-only one (RODC) has some, and forwards the other requests.
    pub fn is_writable(&self) -> bool {
        const DS_FLAG: u32 = 0x10;
        const WRITABLE_FLAG: u32 = 0x100;
        self.flags & (DS_FLAG | WRITABLE_FLAG) == DS_FLAG | WRITABLE_FLAG
    }

    /// True if the controller is in our site or in the closest one.
    pub fn is_closest(&self) -> bool {
        const CLOSEST_FLAG: u32 = 0x80;
        self.flags & CLOSEST_FLAG != 0
    }
}

/// The question: a search of the root for `Netlogon`. The answer repeats `id` (1 to 2^31 - 1).
/// `domain` is the DNS name, `host` our NetBIOS name.
pub fn request(id: u32, domain: &str, host: &str) -> Vec<u8> {
    let equals = |attribute: &str, value: &[u8]| {
        let pair = [element(0x04, attribute.as_bytes()), element(0x04, value)];
        element(0xA3, &pair.concat())
    };
    let filter = [
        equals("DnsDomain", domain.as_bytes()),
        equals("Host", host.as_bytes()),
        equals("NtVer", &NT_VERSION),
    ];
    root_search(id, &element(0xA0, &filter.concat()), "Netlogon")
}

/// The question for the controller's clock: a search of the root for `currentTime` (MS-ADTS
/// 3.1.1.3.2.2). The answer repeats `id`.
pub fn clock_request(id: u32) -> Vec<u8> {
    root_search(id, &element(0x87, b"objectClass"), CURRENT_TIME)
}

/// A search of the root for one attribute.
fn root_search(id: u32, filter: &[u8], attribute: &str) -> Vec<u8> {
    let search = [
        &element(0x04, b""),  // baseObject
        &element(0x0A, &[0]), // scope: baseObject
        &element(0x0A, &[0]), // derefAliases: never
        &element(0x02, &[0]), // sizeLimit
        &element(0x02, &[0]), // timeLimit
        &element(0x01, &[0]), // typesOnly: false
        filter,
        &element(0x30, &element(0x04, attribute.as_bytes())),
    ];
    let message = [integer(id), element(0x63, &search.concat())];
    element(0x30, &message.concat())
}

/// An INTEGER that is not negative.
fn integer(value: u32) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let significant = bytes.get(zeros.min(3)..).unwrap_or_default();
    match significant.first() {
        Some(0x80..) => element(0x02, &[&[0], significant].concat()),
        _ => element(0x02, significant),
    }
}

/// A BER element with a definite length of up to 65,535 bytes: more than a datagram holds.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let [.., high, low] = content.len().to_be_bytes();
    let head = match (high, low) {
        (0, 0..=0x7F) => vec![tag, low],
        _ => vec![tag, 0x82, high, low],
    };
    [&head, content].concat()
}

/// The bytes of an LDAPMessage that tell its length. No LDAPMessage is shorter.
pub const HEADER: usize = 6;

/// The length of an LDAPMessage over TCP, from its first bytes.
///
/// # Errors
/// [`DecodeError`] for anything but an LDAPMessage of at most [`MAX_ANSWER`] bytes.
pub fn message_length(header: &[u8; HEADER]) -> Result<usize, DecodeError> {
    let mut reader = Reader::new(header);
    if reader.u8("LDAPMessage")? != 0x30 {
        return Err(DecodeError::new("LDAPMessage", "unexpected tag"));
    }
    let length = length(&mut reader, "LDAPMessage")?;
    match length.checked_add(reader.position()) {
        Some(whole) if whole <= MAX_ANSWER => Ok(whole),
        _ => Err(DecodeError::new("LDAPMessage", "too long")),
    }
}

/// Reads the answer to the question `id`. `None` if the search found nothing: the controller does
/// not serve the domain.
///
/// # Errors
/// [`DecodeError`] for anything else.
pub fn answer(id: u32, message: &[u8]) -> Result<Option<Identity>, DecodeError> {
    value(id, message, "Netlogon")?.map(identity).transpose()
}

/// Reads the answer to [`clock_request`]: seconds since 1970. `None` if the root has no clock.
///
/// # Errors
/// [`DecodeError`] for anything else.
pub fn clock_answer(id: u32, message: &[u8]) -> Result<Option<u64>, DecodeError> {
    value(id, message, CURRENT_TIME)?
        .map(|text| generalized_time(text).ok_or(DecodeError::new(CURRENT_TIME, "not a time")))
        .transpose()
}

/// The value of the attribute in the answer to the question `id`, if it has one.
fn value<'a>(
    id: u32,
    message: &'a [u8],
    attribute: &'static str,
) -> Result<Option<&'a [u8]>, DecodeError> {
    let mut message = Reader::new(expect(&mut Reader::new(message), 0x30, "LDAPMessage")?);
    let came = expect(&mut message, 0x02, "messageID")?;
    if came.len() > 5
        || came.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)) != u64::from(id)
    {
        return Err(DecodeError::new("messageID", "of another question"));
    }
    let (tag, operation) = any(&mut message, "protocolOp")?;
    match tag {
        0x64 => entry(operation, attribute),
        // SearchResultDone without an entry before it.
        0x65 => Ok(None),
        _ => Err(DecodeError::new("protocolOp", "not a search result")),
    }
}

/// SearchResultEntry: one attribute. The case of its name may differ from the question's.
fn entry<'a>(operation: &'a [u8], wanted: &'static str) -> Result<Option<&'a [u8]>, DecodeError> {
    let mut entry = Reader::new(operation);
    expect(&mut entry, 0x04, "objectName")?;
    let mut attributes = Reader::new(expect(&mut entry, 0x30, "attributes")?);
    while !attributes.rest().is_empty() {
        let mut attribute = Reader::new(expect(&mut attributes, 0x30, "attribute")?);
        let name = expect(&mut attribute, 0x04, "type")?;
        let mut values = Reader::new(expect(&mut attribute, 0x31, "vals")?);
        if name.eq_ignore_ascii_case(wanted.as_bytes()) && !values.rest().is_empty() {
            return expect(&mut values, 0x04, wanted).map(Some);
        }
    }
    Ok(None)
}

/// GeneralizedTime in UTC (`20261127234316.0Z`), in seconds since 1970. A fraction is left out.
fn generalized_time(text: &[u8]) -> Option<u64> {
    let (digits, rest) = text.split_at_checked(14)?;
    let is_utc = rest == b"Z" || (rest.starts_with(b".") && rest.ends_with(b"Z"));
    let is_number = digits.iter().all(u8::is_ascii_digit);
    let digits = std::str::from_utf8(digits)
        .ok()
        .filter(|_| is_utc && is_number)?;
    let number = |range: Range<usize>| digits.get(range)?.parse::<u64>().ok();
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    let (hour, minute, second) = (number(8..10)?, number(10..12)?, number(12..14)?);
    (1..=12).contains(&month).then_some(())?;
    // The year from March on, so that a leap day is its last one.
    let march_year = if month > 2 {
        year
    } else {
        year.checked_sub(1)?
    };
    let month_from_march = (month + 9) % 12;
    let days = march_year * 365 + march_year / 4 - march_year / 100
        + march_year / 400
        + (month_from_march * 153 + 2) / 5
        + day;
    // 0000-03-01 is the first day of this count, and 1970-01-01 the 719,469th.
    let since_1970 = days.checked_sub(719_469)?;
    Some(((since_1970 * 24 + hour) * 60 + minute) * 60 + second)
}

fn identity(blob: &[u8]) -> Result<Identity, DecodeError> {
    let mut fixed = Reader::new(blob);
    let opcode = fixed.u16("OpCode")?;
    if opcode != RESPONSE && opcode != PAUSED {
        return Err(DecodeError::new("OpCode", "unexpected opcode"));
    }
    fixed.u16("Sbz")?;
    let flags = fixed.u32("Flags")?;
    fixed.take(16, "DomainGuid")?;

    let mut parser = Parser::from_ref(blob);
    let truncated = |_| DecodeError::truncated("Names");
    parser.seek(fixed.position()).map_err(truncated)?;
    let mut next = || {
        ParsedName::parse(&mut parser)
            .map_err(|_| DecodeError::new("Names", "not a compressed name"))
    };
    let _dns_forest = next()?;
    let dns_domain = dns_name(&next()?);
    let dns_host = dns_name(&next()?);
    let netbios_domain = label(&next()?);
    let netbios_host = label(&next()?);
    let _user = next()?;
    Ok(Identity {
        paused: opcode == PAUSED,
        flags,
        dns_domain,
        dns_host,
        netbios_domain,
        netbios_host,
        controller_site: label(&next()?),
        client_site: label(&next()?),
    })
}

/// The name in lower case, without the last dot. Bytes that are not printable ASCII are escaped.
fn dns_name(name: &ParsedName<&[u8]>) -> String {
    let text = name.to_string().to_ascii_lowercase();
    text.strip_suffix('.').unwrap_or(&text).to_owned()
}

/// The text of a name of one label. Empty for a name without labels.
fn label(name: &ParsedName<&[u8]>) -> String {
    let first = name.iter().next();
    String::from_utf8_lossy(first.map_or(&[], |label| label.as_slice())).into_owned()
}

/// The content of the next element, which must have this tag.
fn expect<'a>(
    reader: &mut Reader<'a>,
    tag: u8,
    field: &'static str,
) -> Result<&'a [u8], DecodeError> {
    match any(reader, field)? {
        (came, content) if came == tag => Ok(content),
        _ => Err(DecodeError::new(field, "unexpected tag")),
    }
}

/// Tag and content of the next element: low tag numbers, definite lengths (RFC 4511 5.1).
fn any<'a>(reader: &mut Reader<'a>, field: &'static str) -> Result<(u8, &'a [u8]), DecodeError> {
    let tag = reader.u8(field)?;
    let length = length(reader, field)?;
    Ok((tag, reader.take(length, field)?))
}

fn length(reader: &mut Reader<'_>, field: &'static str) -> Result<usize, DecodeError> {
    Ok(match reader.u8(field)? {
        short @ 0..=0x7F => usize::from(short),
        0x81 => usize::from(reader.u8(field)?),
        0x82 => usize::from(u16::from_be_bytes(reader.array(field)?)),
        // Windows writes all lengths in this form.
        0x84 => usize::try_from(u32::from_be_bytes(reader.array(field)?)).unwrap_or(usize::MAX),
        _ => return Err(DecodeError::new(field, "unsupported form of length")),
    })
}

#[cfg(test)]
mod tests;
