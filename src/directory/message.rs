//! LDAP messages (RFC 4511 4.1.1), with limits on their size and depth. No I/O.
//!
//! The codec gets nothing but whole messages that are answers of a server. It would print an
//! operation that it does not know, and answers hold secrets: what is read here is wiped.

use std::fmt;

use bytes::BytesMut;
use ldap3_proto::LdapCodec;
use ldap3_proto::proto::{LdapMsg, LdapOp};
use tokio_util::codec::{Decoder, Encoder};

use crate::base::crypto::{self, SecretBytes};
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
#[derive(Default)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    /// How many of them belong to messages that were returned.
    read: usize,
}

impl Drop for Inbox {
    fn drop(&mut self) {
        crypto::wipe(&mut self.bytes);
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Inbox({} bytes)", self.unread().len())
    }
}

impl Inbox {
    /// Appends bytes that came.
    pub(super) fn push(&mut self, came: &[u8]) {
        if self.bytes.capacity() - self.bytes.len() < came.len() {
            // A vector that grows by itself leaves its bytes behind.
            let unread = self.unread();
            let mut grown = Vec::with_capacity(2 * (unread.len() + came.len()));
            grown.extend_from_slice(unread);
            crypto::wipe(&mut self.bytes);
            self.bytes = grown;
            self.read = 0;
        }
        self.bytes.extend_from_slice(came);
    }

    fn unread(&self) -> &[u8] {
        self.bytes.get(self.read..).unwrap_or_default()
    }

    /// Whether no part of a message is left.
    pub(super) fn is_empty(&self) -> bool {
        self.unread().is_empty()
    }

    /// The next message. `None` if it has not come as a whole yet.
    pub(super) fn next(&mut self) -> Result<Option<LdapMsg>, Error> {
        let Some(length) = length(self.unread())? else {
            return Ok(None);
        };
        let Some(whole) = self.unread().get(..length) else {
            return Ok(None);
        };
        let message = decode(whole)?;
        self.read += length;
        if self.is_empty() {
            crypto::wipe(&mut self.bytes);
            self.bytes.clear();
            self.read = 0;
        }
        Ok(Some(message))
    }
}

/// Reads one whole message.
fn decode(message: &[u8]) -> Result<LdapMsg, Error> {
    if !is_answer(message) {
        return Err(Error::Invalid("not an answer of an LDAP server"));
    }
    let mut buffer = BytesMut::from(message);
    let decoded = codec().decode(&mut buffer);
    let is_all = buffer.is_empty();
    // What was decoded is still behind the end of the buffer.
    buffer.resize(message.len(), 0);
    crypto::wipe(&mut buffer);
    match decoded {
        Ok(Some(message)) if is_all => Ok(message),
        _ => Err(Error::Invalid("not an LDAP message")),
    }
}

/// Whether the message is one that answers a question of this client: its number in up to 127
/// bytes, and then the tag of the operation.
fn is_answer(message: &[u8]) -> bool {
    const BIND: u8 = 0x61;
    const SEARCH: [u8; 3] = [0x64, 0x65, 0x73];
    const CHANGES: [u8; 3] = [0x67, 0x69, 0x6B];
    const EXTENDED: u8 = 0x78;
    let content = match message {
        [_, length @ 0x81..=0x84, rest @ ..] => rest.get(usize::from(length & 0x7F)..),
        [_, 0..=0x7F, rest @ ..] => Some(rest),
        _ => None,
    };
    let operation = match content {
        Some([0x02, length @ 0..=0x7F, rest @ ..]) => rest.get(usize::from(*length)),
        _ => None,
    };
    operation.is_some_and(|tag| {
        [BIND, EXTENDED].contains(tag) || SEARCH.contains(tag) || CHANGES.contains(tag)
    })
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
        _ => Err(Error::TooBig("a message over 1 MiB")),
    }
}

/// The entries in a stream of bytes, up to what is no message.
#[cfg(feature = "fuzzing")]
pub fn entries_of(stream: &[u8]) -> Vec<crate::directory::entry::Entry> {
    let mut inbox = Inbox::default();
    let mut entries = Vec::new();
    for piece in stream.chunks(1000) {
        inbox.push(piece);
        while let Ok(Some(message)) = inbox.next() {
            if let LdapOp::SearchResultEntry(entry) = message.op {
                entries.push(crate::directory::entry::Entry::new(entry));
            }
        }
    }
    entries
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
        let cases: [&[u8]; 12] = [
            b"HTTP/1.1 400 Bad Request",
            b"\x30\x80\x02\x01\x01\0\0",
            b"\x30\x85\0\0\0\0\x01",
            b"\x30\x84\xFF\xFF\xFF\xFF",
            b"\x30\x84\0\x20\0\0",
            b"\x30\0",
            b"\x30\x03\x02\x01\x01",
            // The codec prints the first, and takes the others, which only clients send.
            b"\x30\x05\x02\x01\x01\x7E\0",
            b"\x30\x05\x02\x01\x01\x42\0",
            b"\x30\x08\x02\x01\x01\x4A\x03abc",
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
