//! SPNEGO around a CHALLENGE message (RFC 4178 4.2.2). A server may wrap its answer to an NTLM
//! message that came without SPNEGO.

use crate::base::wire::{DecodeError, Reader};

const FIELD: &str = "NegTokenResp";

/// Tags in DER: NegTokenResp, SEQUENCE, `responseToken` and OCTET STRING.
const NEG_TOKEN_RESP: u8 = 0xA1;
const SEQUENCE: u8 = 0x30;
const RESPONSE_TOKEN: u8 = 0xA2;
const OCTET_STRING: u8 = 0x04;

/// How a CHALLENGE message begins: its signature and its type (MS-NLMP 2.2.1.2).
const CHALLENGE: &[u8] = b"NTLMSSP\0\x02\0\0\0";

/// The CHALLENGE message that these bytes are, or that SPNEGO wraps here.
///
/// # Errors
/// There is none.
pub fn ntlm_challenge(token: &[u8]) -> Result<&[u8], DecodeError> {
    let message = match token.first() {
        Some(&NEG_TOKEN_RESP) => response_token(token)?,
        _ => token,
    };
    match message.starts_with(CHALLENGE) {
        true => Ok(message),
        false => Err(DecodeError::new("NTLM message", "not a CHALLENGE message")),
    }
}

fn response_token(token: &[u8]) -> Result<&[u8], DecodeError> {
    let mut fields = Reader::new(only(token, NEG_TOKEN_RESP)?);
    fields = Reader::new(only(fields.rest(), SEQUENCE)?);
    while !fields.rest().is_empty() {
        let (tag, content) = element(&mut fields)?;
        if tag == RESPONSE_TOKEN {
            return only(content, OCTET_STRING);
        }
    }
    Err(DecodeError::new(FIELD, "no responseToken"))
}

/// The content of the one element that these bytes are.
fn only(bytes: &[u8], expected: u8) -> Result<&[u8], DecodeError> {
    let mut reader = Reader::new(bytes);
    let (tag, content) = element(&mut reader)?;
    reader.finish(FIELD)?;
    match tag == expected {
        true => Ok(content),
        false => Err(DecodeError::new(FIELD, "unexpected tag")),
    }
}

/// The tag and the content of the next element (X.690 8.1), of at most 64 KiB.
fn element<'a>(reader: &mut Reader<'a>) -> Result<(u8, &'a [u8]), DecodeError> {
    let tag = reader.u8(FIELD)?;
    let length = match reader.u8(FIELD)? {
        short @ 0..=0x7F => usize::from(short),
        0x81 => usize::from(reader.u8(FIELD)?),
        0x82 => usize::from(u16::from_be_bytes(reader.array(FIELD)?)),
        _ => return Err(DecodeError::new(FIELD, "invalid length")),
    };
    Ok((tag, reader.take(length, FIELD)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82][..], &length, content].concat()
    }

    fn response(fields: &[Vec<u8>]) -> Vec<u8> {
        wrapped(0xA1, &wrapped(0x30, &fields.concat()))
    }

    #[test]
    fn a_challenge_comes_raw_or_wrapped() {
        let challenge = b"NTLMSSP\0\x02\0\0\0 and so on".as_slice();
        assert_eq!(ntlm_challenge(challenge), Ok(challenge));
        let state = vec![0xA0, 3, 0x0A, 1, 1];
        let mechanism = wrapped(0xA1, &[0x06, 1, 0x2A]);
        let token = wrapped(0xA2, &wrapped(0x04, challenge));
        for fields in [
            vec![token.clone()],
            vec![state.clone(), mechanism.clone(), token.clone()],
        ] {
            assert_eq!(ntlm_challenge(&response(&fields)), Ok(challenge));
        }
        let short = [0xA1, 0x11, 0x30, 0x0F, 0xA2, 0x0D, 0x04, 0x0B];
        let cut = [&short[..], &challenge[..11]].concat();
        assert!(ntlm_challenge(&cut).is_err(), "the type is cut");
    }

    #[test]
    fn what_is_no_challenge_is_refused() {
        let token = wrapped(0xA2, &wrapped(0x04, b"NTLMSSP\0\x01\0\0\0"));
        let state = vec![0xA0, 3, 0x0A, 1, 2];
        for wrong in [
            &b""[..],
            b"NTLMSSP\0",
            b"NTLMSSP\0\x03\0\0\0",
            &[0xA1],
            &[0xA1, 0x84, 0, 0, 0, 0],
            &[0xA1, 0x80, 0, 0],
            &response(&[]),
            &response(&[state]),
            &response(std::slice::from_ref(&token)),
            &[response(std::slice::from_ref(&token)), vec![0]].concat(),
            &wrapped(0xA0, &wrapped(0x30, &token)),
        ] {
            assert!(ntlm_challenge(wrong).is_err(), "{wrong:02X?}");
        }
    }
}
