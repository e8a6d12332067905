//! The three NTLM messages (MS-NLMP 2.2.1).

use gss_ntlmdc::base::wire::{DecodeError, Reader};
use gss_ntlmdc::protocol::ntlm::flags::NegotiateFlags;
use gss_ntlmdc::protocol::ntlm::message::Authenticate;

use super::payload::{Item, hex, hidden, name};
use super::response;
use crate::report::{Field, Section};

/// Adds the fields of a message after its type.
type AddFields = fn(&[u8], Reader<'_>, &mut Section) -> Result<(), DecodeError>;

/// Explains a message that begins with the signature.
pub fn explain(message: &[u8]) -> Section {
    let mut reader = Reader::new(message);
    let _signature = reader.take(8, "Signature");
    let (title, add_fields): (_, AddFields) = match reader.u32("MessageType") {
        Ok(1) => ("NEGOTIATE_MESSAGE (Type 1, from the client)", negotiate),
        Ok(2) => ("CHALLENGE_MESSAGE (Type 2, from the server)", challenge),
        Ok(3) => (
            "AUTHENTICATE_MESSAGE (Type 3, from the client)",
            authenticate,
        ),
        _ => ("an NTLM message of no known type", |_, _, _| {
            Err(DecodeError::new("MessageType", "not 1, 2 or 3"))
        }),
    };
    let mut section = Section::new(format!("{title}, {} bytes", message.len()));
    if let Err(error) = add_fields(message, reader, &mut section) {
        section.push(Field::new(error.field, error.problem).wrong());
    }
    section
}

/// MS-NLMP 2.2.1.1. The names are in OEM always.
fn negotiate(
    message: &[u8],
    mut reader: Reader<'_>,
    section: &mut Section,
) -> Result<(), DecodeError> {
    let flags = NegotiateFlags(reader.u32("NegotiateFlags")?);
    push_flags(section, flags);
    if reader.rest().is_empty() {
        return Ok(());
    }
    let domain = Item::read(&mut reader, message, "DomainName")?;
    let workstation = Item::read(&mut reader, message, "Workstation")?;
    // Clients send anything here unless the flags say that it is there.
    for (item, flag) in [
        (domain, NegotiateFlags::NEGOTIATE_OEM_DOMAIN_SUPPLIED),
        (
            workstation,
            NegotiateFlags::NEGOTIATE_OEM_WORKSTATION_SUPPLIED,
        ),
    ] {
        if flags.contains(flag) {
            item.push(section, |bytes| name(bytes, false));
        }
    }
    push_version(section, &mut reader, flags);
    Ok(())
}

/// MS-NLMP 2.2.1.2.
fn challenge(
    message: &[u8],
    mut reader: Reader<'_>,
    section: &mut Section,
) -> Result<(), DecodeError> {
    let target = Item::read(&mut reader, message, "TargetName")?;
    let flags = NegotiateFlags(reader.u32("NegotiateFlags")?);
    let is_unicode = flags.contains(NegotiateFlags::NEGOTIATE_UNICODE);
    target.push(section, |bytes| name(bytes, is_unicode));
    push_flags(section, flags);
    let challenge: [u8; 8] = reader.array("ServerChallenge")?;
    section.push(Field::new("ServerChallenge", hex(&challenge)));
    if reader.rest().is_empty() {
        return Ok(());
    }
    let _reserved = reader.u64("Reserved")?;
    let info = Item::read(&mut reader, message, "TargetInfo")?;
    info.push(section, |bytes| format!("{} bytes", bytes.len()));
    push_version(section, &mut reader, flags);
    response::push_av_pairs(section, info.or_empty());
    Ok(())
}

/// MS-NLMP 2.2.1.3.
fn authenticate(
    message: &[u8],
    mut reader: Reader<'_>,
    section: &mut Section,
) -> Result<(), DecodeError> {
    let lm = Item::read(&mut reader, message, "LmChallengeResponse")?;
    let nt = Item::read(&mut reader, message, "NtChallengeResponse")?;
    let domain = Item::read(&mut reader, message, "DomainName")?;
    let user = Item::read(&mut reader, message, "UserName")?;
    let workstation = Item::read(&mut reader, message, "Workstation")?;
    let key = Item::read(&mut reader, message, "EncryptedRandomSessionKey")?;
    let flags = NegotiateFlags(reader.u32("NegotiateFlags")?);
    // wget sets UNICODE and sends OEM; half of the bytes of UTF-16 are zero in most names.
    let is_unicode = flags.contains(NegotiateFlags::NEGOTIATE_UNICODE);
    for item in [domain, user, workstation] {
        item.push(section, |bytes| name(bytes, is_unicode));
    }
    push_flags(section, flags);
    lm.push(section, response::lm);
    nt.push(section, response::nt);
    key.push(section, hidden);
    if let Ok(decoded) = Authenticate::decode(message) {
        if let Some(version) = decoded.version {
            section.push(Field::new("Version", version_text(version)));
        }
        section.push(match decoded.mic {
            Some(mic) if mic == [0; 16] => Field::new("MIC", "16 zero bytes"),
            Some(mic) => Field::new("MIC", hidden(&mic)),
            None => Field::new("MIC", "(none)"),
        });
    }
    response::push_v2(section, nt.or_empty());
    Ok(())
}

/// The flags in hex, and by name.
fn push_flags(section: &mut Section, flags: NegotiateFlags) {
    let is_set = |(_, flag): &&(&str, NegotiateFlags)| flags.contains(*flag);
    let set: Vec<_> = NegotiateFlags::NAMED.iter().filter(is_set).collect();
    let unnamed = set
        .iter()
        .fold(flags, |rest, (_, flag)| rest.without(*flag));
    let mut lines = vec![format!("{:#010x}", flags.0)];
    lines.extend(set.iter().map(|(name, _)| (*name).to_owned()));
    if unnamed.0 != 0 {
        lines.push(format!("{:#010x} (not named in MS-NLMP)", unnamed.0));
    }
    section.push(Field::list("NegotiateFlags", lines));
}

/// `Version`, if it is there (MS-NLMP 2.2.2.10).
fn push_version(section: &mut Section, reader: &mut Reader<'_>, flags: NegotiateFlags) {
    if !flags.contains(NegotiateFlags::NEGOTIATE_VERSION) {
        return;
    }
    section.push(match reader.array("Version") {
        Ok(version) => Field::new("Version", version_text(version)),
        Err(error) => Field::new("Version", error.problem).note("negotiated, and not there"),
    });
}

fn version_text(version: [u8; 8]) -> String {
    let [major, minor, low, high, _, _, _, revision] = version;
    let build = u16::from_le_bytes([low, high]);
    format!("{major}.{minor} build {build}, NTLM revision {revision}")
}
