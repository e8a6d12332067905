//! The bytes of a state file: a session key and what was negotiated with it.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `ntlmdc`, 0, version 2 |
//! | 2, n | length (little-endian) and text of the name: the account and the controller |
//! | 32 | fingerprint of the secret that the key was agreed on with |
//! | 4 | `NegotiateFlags`, little-endian |
//! | 4 | when the key was agreed on, in seconds since 1970, little-endian |
//! | 16 | session key |
//! | 32 | HMAC-SHA256 of all before it, keyed with the secret |

use crate::base::crypto::{self, Key, SecretBytes};
use crate::base::wire::{DecodeError, Reader, Writer};
use crate::dc::nt_hashes::NtHashes;
use crate::protocol::rpc::schannel::agreement::Capable;

const MAGIC: &[u8; 8] = b"ntlmdc\0\x02";
/// Separates fingerprints from every other use of the secret.
const FINGERPRINT: &[u8] = b"ntlmdc: which secret a channel's key was agreed on with";
const CHECKSUM: &[u8] = b"ntlmdc: a channel's key, kept";

/// The length limit of a file: the longest name, and the rest.
pub(super) const LIMIT: u64 = 1024;

/// Why a file cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// It was made with another secret, as after a change of the machine account's password.
    OtherSecret,
    /// It is not whole, or of another kind; the text says how.
    Damaged(String),
}

impl From<DecodeError> for Unusable {
    fn from(error: DecodeError) -> Self {
        Self::Damaged(error.to_string())
    }
}

pub(super) fn encode(name: &str, nt_hash: &Key, capable: &Capable) -> Option<SecretBytes> {
    let mut writer = Writer::new();
    writer.bytes(MAGIC).u16(u16::try_from(name.len()).ok()?);
    writer.bytes(name.as_bytes()).bytes(&fingerprint(nt_hash));
    let proof = capable.proof();
    writer.u32(proof.negotiated()).u32(proof.agreed());
    writer.bytes(capable.session_key().expose());
    // The key came last, so no buffer that was reallocated has held it.
    let body = SecretBytes::new(writer.into_bytes());
    let checksum = checksum(nt_hash, body.expose());
    Some(SecretBytes::new([body.expose(), &checksum].concat()))
}

/// The name in a file, and when its key was agreed on, in seconds since 1970. Nothing of it is
/// proven: that needs the secret.
pub(super) fn name_and_time(bytes: &[u8]) -> Result<(String, u32), Unusable> {
    let mut reader = Reader::new(bytes);
    if &reader.array("magic")? != MAGIC {
        return Err(Unusable::Damaged("it is of another version".to_owned()));
    }
    let length = reader.u16("name")?;
    let name = String::from_utf8_lossy(reader.take(usize::from(length), "name")?);
    let _fingerprint: [u8; 32] = reader.array("fingerprint")?;
    let _flags = reader.u32("flags")?;
    Ok((name.into_owned(), reader.u32("time")?))
}

/// Reads what [`encode`] wrote, with one of these secrets.
pub(super) fn decode(bytes: &[u8], name: &str, secrets: &NtHashes) -> Result<Capable, Unusable> {
    let damaged = |how: &str| Unusable::Damaged(how.to_owned());
    let mut reader = Reader::new(bytes);
    if &reader.array("magic")? != MAGIC {
        return Err(damaged("it is of another version, or of another program"));
    }
    let length = reader.u16("name")?;
    if reader.take(usize::from(length), "name")? != name.as_bytes() {
        return Err(damaged("it is about another channel"));
    }
    let made_with: [u8; 32] = reader.array("fingerprint")?;
    let negotiated = reader.u32("flags")?;
    let agreed = reader.u32("time")?;
    let session_key = Key::new(reader.array("session key")?);
    let (body, _) = bytes
        .split_at_checked(reader.position())
        .unwrap_or_default();
    let written: [u8; 32] = reader.array("checksum")?;
    reader.finish("checksum")?;

    let secret = secrets
        .iter()
        .find(|secret| crypto::constant_time_eq(&fingerprint(secret), &made_with))
        .ok_or(Unusable::OtherSecret)?;
    if !crypto::constant_time_eq(&checksum(secret, body), &written) {
        return Err(damaged("its checksum is wrong"));
    }
    Capable::proven_before(session_key, negotiated, agreed)
        .ok_or_else(|| damaged("what was negotiated is too weak"))
}

/// A file with this key. For tests/fuzz.
#[cfg(feature = "fuzzing")]
pub fn shared_key(name: &str, nt_hash: &Key, key: Key, flags: u32, time: u32) -> Option<Vec<u8>> {
    let capable = Capable::proven_before(key, flags, time)?;
    encode(name, nt_hash, &capable).map(|bytes| bytes.expose().to_vec())
}

/// The bytes of a file, written again. For tests/fuzz.
#[cfg(feature = "fuzzing")]
pub fn reencoded_shared_key(bytes: &[u8], name: &str, nt_hash: &Key) -> Option<Vec<u8>> {
    let secrets = NtHashes {
        newest: nt_hash.clone(),
        before: None,
    };
    let _unproven = name_and_time(bytes);
    let capable = decode(bytes, name, &secrets).ok()?;
    encode(name, nt_hash, &capable).map(|bytes| bytes.expose().to_vec())
}

fn fingerprint(nt_hash: &Key) -> [u8; 32] {
    crypto::hmac_sha256(nt_hash, &[FINGERPRINT])
}

fn checksum(nt_hash: &Key, body: &[u8]) -> [u8; 32] {
    crypto::hmac_sha256(nt_hash, &[CHECKSUM, body])
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "EXAMPLE.WEB1.192.0.2.1";
    const FLAGS: u32 = 0x612F_FFFF;

    const AGREED: u32 = 1_700_000_000;

    fn secret(byte: u8) -> Key {
        Key::new([byte; 16])
    }

    fn secrets(newest: u8, before: Option<u8>) -> NtHashes {
        NtHashes {
            newest: secret(newest),
            before: before.map(secret),
        }
    }

    fn written() -> Vec<u8> {
        let capable = Capable::pretended(FLAGS, AGREED);
        let bytes = encode(NAME, &secret(1), &capable).unwrap();
        bytes.expose().to_vec()
    }

    #[test]
    fn what_is_written_is_read_with_the_same_secret_only() {
        let read = decode(&written(), NAME, &secrets(2, Some(1))).unwrap();
        assert_eq!(read, Capable::pretended(FLAGS, AGREED));
        let read = decode(&written(), NAME, &secrets(2, None));
        assert_eq!(read, Err(Unusable::OtherSecret));
        let read = decode(&written(), "EXAMPLE.WEB2.192.0.2.1", &secrets(1, None));
        assert!(matches!(read, Err(Unusable::Damaged(_))));
    }

    #[test]
    fn every_change_is_noticed() {
        let bytes = written();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(decode(&changed, NAME, &secrets(1, None)).is_err(), "{at}");
            assert!(
                decode(&bytes[..at], NAME, &secrets(1, None)).is_err(),
                "{at}"
            );
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(decode(&longer, NAME, &secrets(1, None)).is_err());
        assert!(u64::try_from(bytes.len()).unwrap() < LIMIT);
    }

    #[test]
    fn a_negotiation_that_is_too_weak_is_refused_from_a_file_too() {
        let weak = Capable::pretended(FLAGS & !0x0100_0000, AGREED);
        let bytes = encode(NAME, &secret(1), &weak).unwrap();
        let read = decode(bytes.expose(), NAME, &secrets(1, None));
        assert!(matches!(read, Err(Unusable::Damaged(how)) if how.contains("weak")));
    }

    #[test]
    fn the_machine_accounts_secret_is_not_in_the_file() {
        let bytes = written();
        assert!(!bytes.windows(16).any(|window| window == [1; 16]));
    }
}
