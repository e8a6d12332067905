//! The channel binding of a certificate: `tls-server-end-point` (RFC 5929 4.1).
//!
//! Of the certificate (RFC 5280 4.1), only the algorithm of its signature is read.

#[cfg(test)]
mod tests;

use crate::base::crypto;
use crate::base::wire::{DecodeError, Reader};
use crate::protocol::ntlm::bindings::ChannelBindings;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The value of `MsvAvChannelBindings` for the first certificate of a PEM file, which is the
/// server's own.
///
/// # Errors
/// There is no certificate, or RFC 5929 defines no hash for the algorithm of its signature.
pub fn channel_binding(pem: &[u8]) -> Result<[u8; 16], DecodeError> {
    let certificate = first_certificate(pem).ok_or_else(|| wrong("none in PEM form"))?;
    channel_binding_of_der(&certificate)
}

/// The same for a certificate in DER, as a TLS server sends it.
///
/// # Errors
/// It is no certificate, or RFC 5929 defines no hash for the algorithm of its signature.
pub fn channel_binding_of_der(certificate: &[u8]) -> Result<[u8; 16], DecodeError> {
    let hash = match signature_hash(certificate)? {
        Hash::Sha256 => crypto::sha256(certificate).to_vec(),
        Hash::Sha384 => crypto::sha384(certificate).to_vec(),
        Hash::Sha512 => crypto::sha512(certificate).to_vec(),
    };
    let application_data = [b"tls-server-end-point:", hash.as_slice()].concat();
    let bindings = ChannelBindings {
        application_data: &application_data,
        ..ChannelBindings::default()
    };
    Ok(bindings.hash())
}

fn wrong(problem: &'static str) -> DecodeError {
    DecodeError::new("certificate", problem)
}

/// The bytes between the first BEGIN and END lines (RFC 7468 5.1).
fn first_certificate(pem: &[u8]) -> Option<Vec<u8>> {
    let text = str::from_utf8(pem).ok()?;
    let (_, after) = text.split_once(BEGIN)?;
    let (base64, _) = after.split_once(END)?;
    decode_base64(base64)
}

/// RFC 4648 4, without white space.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    let is_digit = |byte: &u8| !byte.is_ascii_whitespace();
    for byte in text
        .trim_end()
        .trim_end_matches('=')
        .bytes()
        .filter(is_digit)
    {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 & 0xFFFF | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xFF) as u8);
        }
    }
    Some(bytes)
}

/// The hash functions of RFC 5929 4.1, which replaces MD5 and SHA-1 by SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
/// `hashAlgorithm [0]` of RSASSA-PSS-params.
const HASH_ALGORITHM: u8 = 0xA0;

/// The hash of `signatureAlgorithm`, the second field of a certificate.
fn signature_hash(certificate: &[u8]) -> Result<Hash, DecodeError> {
    let mut whole = Reader::new(certificate);
    let mut parts = Reader::new(element(&mut whole, SEQUENCE)?);
    whole.finish("certificate")?;
    let _to_be_signed = element(&mut parts, SEQUENCE)?;
    let mut algorithm = Reader::new(element(&mut parts, SEQUENCE)?);
    match element(&mut algorithm, OBJECT_IDENTIFIER)? {
        RSASSA_PSS => pss_hash(element(&mut algorithm, SEQUENCE)?),
        identifier => hash_of(SIGNATURES, identifier),
    }
}

/// The hash of `RSASSA-PSS-params` (RFC 4055 3.1). The default is SHA-1.
fn pss_hash(parameters: &[u8]) -> Result<Hash, DecodeError> {
    if parameters.first() != Some(&HASH_ALGORITHM) {
        return Ok(Hash::Sha256);
    }
    let mut named = Reader::new(element(&mut Reader::new(parameters), HASH_ALGORITHM)?);
    let mut algorithm = Reader::new(element(&mut named, SEQUENCE)?);
    hash_of(HASHES, element(&mut algorithm, OBJECT_IDENTIFIER)?)
}

fn hash_of(table: &[(&[u8], Hash)], identifier: &[u8]) -> Result<Hash, DecodeError> {
    let found = table.iter().find(|(known, _)| *known == identifier);
    found.map(|(_, hash)| *hash).ok_or_else(|| {
        wrong("no channel binding is defined for its signature algorithm (RFC 5929 4.1)")
    })
}

/// The content of the next DER element (X.690 8.1), which must have this tag.
fn element<'a>(reader: &mut Reader<'a>, tag: u8) -> Result<&'a [u8], DecodeError> {
    if reader.u8("certificate")? != tag {
        return Err(wrong("not an X.509 certificate"));
    }
    let length = match reader.u8("certificate")? {
        short @ 0..=0x7F => usize::from(short),
        0x81 => usize::from(reader.u8("certificate")?),
        0x82 => usize::from(u16::from_be_bytes(reader.array("certificate")?)),
        _ => {
            return Err(wrong("invalid DER length, or 64 KiB and more"));
        }
    };
    reader.take(length, "certificate")
}

/// 1.2.840.113549.1.1.10
const RSASSA_PSS: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0A";

/// Signature algorithms (RFC 3279, RFC 4055, RFC 5758) and their hashes.
const SIGNATURES: &[(&[u8], Hash)] = &[
    // 1.2.840.113549.1.1: MD5, SHA-1, SHA-256, SHA-384, SHA-512 with RSA
    (b"\x2A\x86\x48\x86\xF7\x0D\x01\x01\x04", Hash::Sha256),
    (b"\x2A\x86\x48\x86\xF7\x0D\x01\x01\x05", Hash::Sha256),
    (b"\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0B", Hash::Sha256),
    (b"\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0C", Hash::Sha384),
    (b"\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0D", Hash::Sha512),
    // 1.2.840.10045.4: ECDSA with SHA-1, SHA-256, SHA-384, SHA-512
    (b"\x2A\x86\x48\xCE\x3D\x04\x01", Hash::Sha256),
    (b"\x2A\x86\x48\xCE\x3D\x04\x03\x02", Hash::Sha256),
    (b"\x2A\x86\x48\xCE\x3D\x04\x03\x03", Hash::Sha384),
    (b"\x2A\x86\x48\xCE\x3D\x04\x03\x04", Hash::Sha512),
];

/// Hash functions (RFC 4055 2.1).
const HASHES: &[(&[u8], Hash)] = &[
    // 1.3.14.3.2.26: SHA-1
    (b"\x2B\x0E\x03\x02\x1A", Hash::Sha256),
    // 2.16.840.1.101.3.4.2: SHA-256, SHA-384, SHA-512
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x01", Hash::Sha256),
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x02", Hash::Sha384),
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x03", Hash::Sha512),
];
