//! SPNEGO tokens (RFC 4178 4.2), and any other GSS-API token by its mechanism (RFC 2743 3.1).

use der::asn1::ObjectIdentifier;

use super::payload::{hex, hidden};
use super::token::NTLMSSP;
use crate::report::{Field, Section};
use crate::spnego::{Numbered, SPNEGO, elements, init, initial, response};

const MECHANISMS: [(&str, &str); 6] = [
    ("1.3.6.1.5.5.2", "SPNEGO"),
    ("1.3.6.1.4.1.311.2.2.10", "NTLM"),
    ("1.2.840.113554.1.2.2", "Kerberos"),
    ("1.2.840.48018.1.2.2", "Kerberos, as Windows also calls it"),
    ("1.2.840.113554.1.2.2.3", "Kerberos, user to user"),
    ("1.3.6.1.4.1.311.2.2.30", "NEGOEX"),
];
/// Whether these bytes are a token with its mechanism's name, or SPNEGO's answer to one.
pub fn is_one(bytes: &[u8]) -> bool {
    initial(bytes).is_some() || response(bytes).is_some()
}

/// What the token says, and the NTLM message in it.
pub fn explain(bytes: &[u8]) -> (Section, Option<Vec<u8>>) {
    if let Some(fields) = response(bytes) {
        let mut section = titled("SPNEGO NegTokenResp", bytes);
        let inner = explain_fields(&mut section, &fields, push_response);
        return (section, inner);
    }
    let Some((mechanism, rest)) = initial(bytes) else {
        return (titled("no SPNEGO token", bytes), None);
    };
    if mechanism != SPNEGO {
        let mut section = titled("GSS-API token", bytes);
        let note = "NTLM is not in this token";
        section.push(Field::new("mechanism", named(mechanism)).note(note));
        return (section, None);
    }
    let mut section = titled("SPNEGO NegTokenInit", bytes);
    let inner = match init(rest) {
        Some(fields) => explain_fields(&mut section, &fields, push_init),
        None => {
            section.push(Field::new("NegTokenInit", "malformed").wrong());
            None
        }
    };
    (section, inner)
}

/// Explains every field; returns the NTLM message in one of them.
fn explain_fields(
    section: &mut Section,
    fields: &[Numbered<'_>],
    push: fn(&mut Section, &Numbered<'_>) -> Option<Vec<u8>>,
) -> Option<Vec<u8>> {
    let mut inner = None;
    for field in fields {
        let token = push(section, field);
        inner = inner.or(token);
    }
    inner
}

fn titled(kind: &str, bytes: &[u8]) -> Section {
    Section::new(format!("{kind}, {} bytes", bytes.len()))
}

fn push_init(section: &mut Section, field: &Numbered<'_>) -> Option<Vec<u8>> {
    let bytes = field.value.value();
    match field.number {
        0 => {
            let offered: Vec<String> = elements(bytes)
                .iter()
                .map(|element| match element.decode_as::<ObjectIdentifier>() {
                    Ok(mechanism) => named(mechanism),
                    Err(_) => "not an object identifier".to_owned(),
                })
                .collect();
            let first = "the token in this message is of the first";
            section.push(Field::list("mechTypes", offered).note(first));
            None
        }
        1 => push(section, "reqFlags", hex(bytes)),
        2 => push_token(section, "mechToken", bytes),
        3 => push(section, "mechListMIC", hidden(bytes)),
        other => push(section, &format!("field [{other}]"), hex(bytes)),
    }
}

fn push_response(section: &mut Section, field: &Numbered<'_>) -> Option<Vec<u8>> {
    let bytes = field.value.value();
    match field.number {
        0 => {
            let state = match bytes {
                [0] => "accept-completed",
                [1] => "accept-incomplete",
                [2] => "reject",
                [3] => "request-mic",
                _ => "unknown",
            };
            push(section, "negState", state.to_owned())
        }
        1 => {
            let mechanism = field.value.decode_as::<ObjectIdentifier>().ok();
            let mechanism = mechanism.map_or_else(|| hex(bytes), named);
            push(section, "supportedMech", mechanism)
        }
        2 => push_token(section, "responseToken", bytes),
        3 => push(section, "mechListMIC", hidden(bytes)),
        other => push(section, &format!("field [{other}]"), hex(bytes)),
    }
}

fn push(section: &mut Section, name: &str, value: String) -> Option<Vec<u8>> {
    section.push(Field::new(name, value));
    None
}

/// A token inside: NTLM's is explained on its own.
fn push_token(section: &mut Section, name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let is_ntlm = bytes.starts_with(NTLMSSP);
    let kind = match (is_ntlm, initial(bytes)) {
        (true, _) => "an NTLM message, see below".to_owned(),
        (false, Some((mechanism, _))) => format!("{}, {} bytes", named(mechanism), bytes.len()),
        (false, None) => format!("{} bytes", bytes.len()),
    };
    section.push(Field::new(name, kind));
    is_ntlm.then(|| bytes.to_vec())
}

fn named(mechanism: ObjectIdentifier) -> String {
    let text = mechanism.to_string();
    let known = MECHANISMS.iter().find(|(dotted, _)| *dotted == text);
    match known {
        Some((_, name)) => format!("{name} ({text})"),
        None => text,
    }
}
