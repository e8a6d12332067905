//! Exported names (RFC 2743 3.2), which applications keep in access control lists.
//!
//! An imported name proves nothing: a list may contain any name. A verified name comes back as a
//! typed name that is equal to it.

use std::borrow::Cow;

use super::Name;
use crate::base::fault::{Fault, Minor};
use crate::base::wire::{DecodeError, Reader, Writer};
use crate::protocol::ntlm::OBJECT_IDENTIFIER;

/// The token identifier; then the length of the mechanism's OID with its DER tag and length; then
/// these two.
const HEADER: [u8; 6] = [
    4,
    1,
    0,
    2 + OBJECT_IDENTIFIER.len() as u8,
    6,
    OBJECT_IDENTIFIER.len() as u8,
];

/// The kind of name: the first byte of the part that the mechanism defines.
mod kind {
    pub(super) const USER: u8 = 1;
    pub(super) const SERVICE: u8 = 2;
    pub(super) const ANONYMOUS: u8 = 3;
}

impl Name {
    /// The token: the header, the length of the rest in 32 bits (big-endian), the kind of name in
    /// one byte, and its text. Equal names give equal bytes.
    ///
    /// # Errors
    /// `BadName` if the name is too long.
    pub fn encode(&self) -> Result<Vec<u8>, Fault> {
        let (kind, text) = match self {
            Self::Verified(_) | Self::User(_) => (kind::USER, self.display()),
            Self::HostbasedService { .. } => (kind::SERVICE, self.display()),
            Self::Acceptor(name, _) => return name.encode(),
            Self::Anonymous => (kind::ANONYMOUS, Cow::default()),
        };
        let length = text.len().checked_add(1).map(u32::try_from);
        let Some(Ok(length)) = length else {
            return Err(Minor::BadName.because("too long"));
        };
        let mut writer = Writer::new();
        writer.bytes(&HEADER).bytes(OBJECT_IDENTIFIER);
        writer.bytes(&length.to_be_bytes());
        writer.u8(kind).bytes(text.as_bytes());
        Ok(writer.into_bytes())
    }

    /// The name of a token, unproven.
    ///
    /// # Errors
    /// `BadName` if the token is not from [`Self::encode`].
    pub fn decode(token: &[u8]) -> Result<Self, Fault> {
        let malformed = |error: DecodeError| Minor::BadName.because(error);
        let mut reader = Reader::new(token);
        let header = reader.array("Header").map_err(malformed)?;
        let mechanism = reader
            .take(OBJECT_IDENTIFIER.len(), "Mechanism")
            .map_err(malformed)?;
        if header != HEADER || mechanism != OBJECT_IDENTIFIER {
            return Err(Minor::BadName.because("not an exported name of NTLM"));
        }
        let length = reader.array("Length").map_err(malformed)?;
        let kind = reader.u8("Kind").map_err(malformed)?;
        let text = reader.rest();
        if u32::try_from(text.len().saturating_add(1)) != Ok(u32::from_be_bytes(length)) {
            return Err(Minor::BadName.because("wrong length"));
        }
        match kind {
            _ if text.ends_with(b"\0") => Err(Minor::BadName.because("contains a NUL")),
            kind::USER => Self::user(text),
            kind::SERVICE if text.contains(&b'@') => Self::hostbased_service(text),
            kind::ANONYMOUS if text.is_empty() => Ok(Self::Anonymous),
            _ => Err(Minor::BadName.because("unknown kind")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{service, user, verified};
    use super::*;

    #[test]
    fn a_token_has_the_layout_of_the_rfc() {
        let expected = b"\x04\x01\x00\x0C\x06\x0A\x2B\x06\x01\x04\x01\x82\x37\x02\x02\x0A\
                         \x00\x00\x00\x04\x01a\\b";
        assert_eq!(user("a\\b").encode().unwrap(), expected);
    }

    #[test]
    fn every_name_is_restored_unverified() {
        for name in [
            user("EXAMPLE\\jürgen"),
            user("HTTP@www"),
            service("HTTP@www"),
            verified("alice", "EXAMPLE"),
            Name::Anonymous,
        ] {
            let token = name.encode().unwrap();
            let back = Name::decode(&token).unwrap();
            assert!(back.identity().is_none());
            assert_eq!(
                (back.display(), back.name_type()),
                (name.display(), name.name_type())
            );
            assert_eq!(back.encode().unwrap(), token);

            for length in 0..token.len() {
                assert!(Name::decode(&token[..length]).is_err(), "{length}");
            }
            assert!(Name::decode(&[&token[..], &[0]].concat()).is_err());
            for bit in 0..8 * 20 {
                let mut other = token.clone();
                other[bit / 8] ^= 1 << (bit % 8);
                assert!(Name::decode(&other).is_err(), "bit {bit}");
            }
        }
        assert_ne!(
            user("HTTP@www").encode().unwrap(),
            service("HTTP@www").encode().unwrap()
        );
    }

    #[test]
    fn a_token_that_no_export_makes_is_refused() {
        let token = |kind: u8, text: &[u8]| {
            let mut token = user("").encode().unwrap();
            token[19] = 1 + text.len() as u8;
            token[20] = kind;
            token.extend(text);
            Name::decode(&token)
        };
        assert!(token(kind::USER, b"alice").is_ok());
        // An empty user, a NUL, a service without its host, an anonymous name with a text.
        for (kind, text) in [
            (kind::USER, &b""[..]),
            (kind::USER, b"a\0"),
            (kind::USER, b"\xFF"),
            (kind::SERVICE, b"HTTP"),
            (kind::ANONYMOUS, b"alice"),
            (0, b"alice"),
            (4, b"alice"),
        ] {
            let refused = token(kind, text).err().map(|fault| fault.minor());
            assert_eq!(refused, Some(Minor::BadName), "{kind} {text:?}");
        }
    }
}
