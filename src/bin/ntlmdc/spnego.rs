//! The DER of SPNEGO tokens (RFC 4178 4.2), and of the frame around them (RFC 2743 3.1).

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Reader, SliceReader, Tag, TagNumber, Tagged};

pub const SPNEGO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.2");
pub const NTLM: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.2.10");

/// `[APPLICATION 0]`, around a mechanism's name and its token.
const INITIAL_CONTEXT_TOKEN: Tag = Tag::Application {
    constructed: true,
    number: TagNumber(0),
};
/// More elements than any token has.
const MAX_ELEMENTS: usize = 64;

/// A field of a SEQUENCE by the number of its tag.
pub struct Numbered<'a> {
    pub number: u32,
    pub value: AnyRef<'a>,
    /// The value as it is encoded, with its tag.
    pub encoded: &'a [u8],
}

/// The fields of a `NegTokenInit`, as it stands behind SPNEGO's name.
pub fn init(bytes: &[u8]) -> Option<Vec<Numbered<'_>>> {
    numbered(bytes, 0)
}

/// `InitialContextToken`: the mechanism, and what follows its name.
pub fn initial(bytes: &[u8]) -> Option<(ObjectIdentifier, &[u8])> {
    let whole = one(bytes)?;
    let content = (whole.tag() == INITIAL_CONTEXT_TOKEN).then(|| whole.value())?;
    let mut reader = SliceReader::new(content).ok()?;
    let mechanism = reader.decode::<AnyRef<'_>>().ok()?;
    let mechanism = mechanism.decode_as::<ObjectIdentifier>().ok()?;
    let rest = usize::try_from(reader.position()).ok()?;
    Some((mechanism, content.get(rest..)?))
}

/// The fields of a `NegTokenResp`.
pub fn response(bytes: &[u8]) -> Option<Vec<Numbered<'_>>> {
    numbered(bytes, 1)
}

/// The fields of a SEQUENCE inside the context-specific tag of this number.
fn numbered(bytes: &[u8], number: u32) -> Option<Vec<Numbered<'_>>> {
    let choice = one(bytes)?;
    (context(&choice) == Some(number)).then_some(())?;
    let sequence = one(choice.value())?;
    (sequence.tag() == Tag::Sequence).then_some(())?;
    elements(sequence.value())
        .into_iter()
        .map(|element| {
            Some(Numbered {
                number: context(&element)?,
                value: one(element.value())?,
                encoded: element.value(),
            })
        })
        .collect()
}

fn context(element: &AnyRef<'_>) -> Option<u32> {
    match element.tag() {
        Tag::ContextSpecific {
            number: TagNumber(number),
            ..
        } => Some(number),
        _ => None,
    }
}

/// The one element that these bytes are.
fn one(bytes: &[u8]) -> Option<AnyRef<'_>> {
    AnyRef::try_from(bytes).ok()
}

/// The elements that stand one after another.
pub fn elements(bytes: &[u8]) -> Vec<AnyRef<'_>> {
    let mut found = Vec::new();
    let Ok(mut reader) = SliceReader::new(bytes) else {
        return found;
    };
    while !reader.is_finished() && found.len() < MAX_ELEMENTS {
        match reader.decode() {
            Ok(element) => found.push(element),
            Err(_) => break,
        }
    }
    found
}

/// One element in DER: tag, length, content (X.690 8.1).
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut encoded = vec![tag];
    match u8::try_from(content.len()) {
        Ok(length) if length < 0x80 => encoded.push(length),
        _ => {
            let length = content.len().to_be_bytes();
            let first = length.iter().position(|byte| *byte != 0);
            let digits = length.get(first.unwrap_or_default()..).unwrap_or_default();
            // At most eight.
            encoded.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
            encoded.extend(digits);
        }
    }
    encoded.extend(content);
    encoded
}
