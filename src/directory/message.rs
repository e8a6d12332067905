//! LDAP messages (RFC 4511 4.1.1), with limits on their size and depth. No I/O.

use bytes::BytesMut;
use ldap3_proto::LdapCodec;
use ldap3_proto::proto::{LdapMsg, LdapOp};
use tokio_util::codec::{Decoder, Encoder};

use crate::base::crypto::SecretBytes;
use crate::directory::error::{Error, Refusal};

/// The size limit of a message, in bytes. Answers to this client's questions have a few kilobytes.
pub(super) const MAX_MESSAGE: usize = 1024 * 1024;
/// The limit of nested elements. An answer has seven.
const MAX_DEPTH: usize = 32;

/// A message to send. It may hold a password; copies of the codec are not wiped.
pub(super) fn encode(id: i32, op: LdapOp) -> Result<SecretBytes, Error> {
    let message = LdapMsg {
        msgid: id,
        op,
        ctrl: Vec::new(),
    };
    let mut bytes = BytesMut::new();
    let encoded = codec().encode(message, &mut bytes);
    let bytes = SecretBytes::new(bytes.into());
    match encoded {
        Ok(()) if bytes.expose().len() <= MAX_MESSAGE => Ok(bytes),
        _ => Err(Error::TooLong),
    }
}

fn codec() -> LdapCodec {
    LdapCodec::new(Some(MAX_MESSAGE), Some(MAX_DEPTH))
}

/// A message that answers no question. The notice of disconnection has the id 0 (RFC 4511 4.4.1).
pub(super) fn unexpected(message: LdapMsg) -> Error {
    match message {
        LdapMsg {
            msgid: 0,
            op: LdapOp::ExtendedResponse(notice),
            ..
        } => Error::Disconnected(Refusal::of(notice.res)),
        _ => Error::Invalid("an answer to another question"),
    }
}

/// The messages in a stream of bytes.
#[derive(Debug, Default)]
pub(super) struct Inbox(BytesMut);

impl Inbox {
    /// Appends bytes that came.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Whether no part of a message is left.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next message. `None` if it has not come as a whole yet.
    pub(super) fn next(&mut self) -> Result<Option<LdapMsg>, Error> {
        let Some(length) = length(&self.0)? else {
            return Ok(None);
        };
        if self.0.len() < length {
            return Ok(None);
        }
        let mut whole = self.0.split_to(length);
        match codec().decode(&mut whole) {
            Ok(Some(message)) if whole.is_empty() => Ok(Some(message)),
            _ => Err(Error::Invalid("not an LDAP message")),
        }
    }
}

/// The length of the message that begins here, its tag and length included. `None` if more bytes
/// are needed to tell it.
fn length(bytes: &[u8]) -> Result<Option<usize>, Error> {
    let (first, rest) = match bytes {
        [] => return Ok(None),
        [0x30] => return Ok(None),
        [0x30, first, rest @ ..] => (*first, rest),
        _ => return Err(Error::Invalid("not an LDAP message")),
    };
    let (head, content) = match first {
        short @ 0..=0x7F => (2, usize::from(short)),
        0x81..=0x84 => {
            let count = usize::from(first & 0x7F);
            let Some(digits) = rest.get(..count) else {
                return Ok(None);
            };
            let add = |value, digit: &u8| value << 8 | usize::from(*digit);
            (2 + count, digits.iter().fold(0, add))
        }
        _ => return Err(Error::Invalid("the length of a message")),
    };
    match head + content {
        whole if whole <= MAX_MESSAGE => Ok(Some(whole)),
        _ => Err(Error::Invalid("a message over 1 MiB")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ldap3_proto::proto::{LdapResult, LdapResultCode};

    fn done(id: i32) -> Vec<u8> {
        let result = LdapResult {
            code: LdapResultCode::Success,
            matcheddn: String::new(),
            message: "x".repeat(200),
            referral: Vec::new(),
        };
        let message = encode(id, LdapOp::SearchResultDone(result)).unwrap();
        message.expose().to_vec()
    }

    #[test]
    fn messages_come_in_any_pieces() {
        let stream = [done(1), done(2), done(3)].concat();
        for size in [1, 2, 7, 200, stream.len()] {
            let mut inbox = Inbox::default();
            let mut ids = Vec::new();
            for piece in stream.chunks(size) {
                inbox.push(piece);
                while let Some(message) = inbox.next().unwrap() {
                    ids.push(message.msgid);
                }
            }
            assert_eq!(ids, [1, 2, 3], "{size}");
            assert!(inbox.is_empty());
        }
    }

    #[test]
    fn lengths_of_windows_and_others_are_read() {
        // Active Directory writes every length in four bytes.
        assert_eq!(length(b"\x30\x84\0\0\0\x10").unwrap(), Some(22));
        assert_eq!(length(b"\x30\x05").unwrap(), Some(7));
        assert_eq!(length(b"\x30\x81\x80").unwrap(), Some(131));
        for part in [&b""[..], b"\x30", b"\x30\x84", b"\x30\x84\0\0\0"] {
            assert_eq!(length(part).unwrap(), None);
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let deep = [
            &[0x30_u8, 0x84, 0, 0, 0x7F, 0xFE][..],
            &[0x30, 0x80].repeat(0x3FFF),
        ]
        .concat();
        let nested = {
            let mut bytes = vec![0x05, 0x00];
            for _ in 0..60 {
                let length = u8::try_from(bytes.len()).unwrap();
                bytes.splice(..0, [0x30, length]);
            }
            bytes
        };
        let cases: [&[u8]; 9] = [
            b"HTTP/1.1 400 Bad Request",
            b"\x30\x80\x02\x01\x01\0\0",
            b"\x30\x85\0\0\0\0\x01",
            b"\x30\x84\xFF\xFF\xFF\xFF",
            b"\x30\x84\0\x20\0\0",
            b"\x30\0",
            b"\x30\x03\x02\x01\x01",
            &deep,
            &nested,
        ];
        for bytes in cases {
            let mut inbox = Inbox::default();
            inbox.push(bytes);
            assert!(inbox.next().is_err(), "{:?}", bytes.get(..8));
        }
    }

    #[test]
    fn every_prefix_and_every_damage_is_survived() {
        let whole = done(7);
        for at in 0..whole.len() {
            for value in [0, 0x30, 0x7F, 0x80, 0xFF] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                let mut inbox = Inbox::default();
                inbox.push(&bytes);
                let _any = inbox.next();
            }
        }
    }
}
