//! The NT hash of a machine account from its keytab.
//!
//! The arcfour-hmac key of a principal is the MD4 of its password in UTF-16 (RFC 4757 2): the
//! secret that NETLOGON needs. The NT hash cannot be computed from AES keys. The format is MIT
//! krb5's "keytab file format", version 0x0502: big-endian, entries with a signed length before
//! each; a negative length is a hole.

use std::fmt;

use crate::base::crypto::Key;
use crate::base::wire::{DecodeError, Reader};
use crate::dc::nt_hashes::{NtHashes, OVERLAP};

/// The length limit: more than any keytab of one host.
pub(super) const LIMIT: u64 = 1 << 20;

const VERSION: [u8; 2] = [0x05, 0x02];

/// True if the content begins as a keytab does.
pub(super) fn is_keytab(content: &[u8]) -> bool {
    content.starts_with(&VERSION)
}

/// RFC 4757
const ARCFOUR_HMAC: u16 = 23;

/// Why a keytab has no usable secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// Not of the format.
    Malformed(DecodeError),
    /// Another version.
    Version([u8; 2]),
    /// No entry of this principal.
    NoEntry(String),
    /// The newest keys of this principal are not of the type that is needed.
    NoArcfour { principal: String, kvno: u32 },
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => write!(formatter, "it is no keytab: {error}"),
            Self::Version([major, minor]) => write!(
                formatter,
                "it is a keytab of version 0x{major:02x}{minor:02x}, or none; 0x0502 is needed"
            ),
            Self::NoEntry(principal) => {
                write!(formatter, "it has no key of {principal}; see klist -k")
            }
            Self::NoArcfour { principal, kvno } => write!(
                formatter,
                "the newest key of {principal} (version {kvno}) is there for AES only, and \
                 NETLOGON needs the arcfour-hmac key (etype 23), which tools no longer write: \
                 write the account's password to a file and set `secret` instead of `keytab`; \
                 or add the key with ktutil: \
                 addent -password -p {principal} -k {kvno} -e arcfour-hmac"
            ),
        }
    }
}

impl From<DecodeError> for Problem {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

/// A key of the account.
struct KeytabEntry {
    kvno: u32,
    /// When it was written, in seconds since 1970. Every writer sets it; zero is long ago.
    written: u32,
    /// `None` if the key is of another type.
    arcfour: Option<Key>,
}

/// The NT hash of the account's newest key, and that of the key before it if it is there and the
/// newest was written within a day of `now` (seconds since 1970): a controller may not have heard
/// of the change.
pub(super) fn nt_hashes(
    keytab: &[u8],
    account: &str,
    domain: &str,
    now: u32,
) -> Result<NtHashes, Problem> {
    let entries = entries(keytab, account, domain)?;
    let principal = || format!("{account}@{}", domain.to_uppercase());
    let Some(newest) = entries.iter().map(|entry| entry.kvno).max() else {
        return Err(Problem::NoEntry(principal()));
    };
    let arcfour_of = |kvno: u32| {
        let mut of_kvno = entries.iter().filter(|entry| entry.kvno == kvno);
        of_kvno.find_map(|entry| entry.arcfour.clone())
    };
    let Some(key) = arcfour_of(newest) else {
        return Err(Problem::NoArcfour {
            principal: principal(),
            kvno: newest,
        });
    };
    let mut of_newest = entries.iter().filter(|entry| entry.kvno == newest);
    // Before or after `now`: clocks differ.
    let is_recent = of_newest.all(|entry| now.abs_diff(entry.written) < OVERLAP);
    let before = newest.checked_sub(1).filter(|_| is_recent);
    Ok(NtHashes {
        newest: key,
        before: before.and_then(arcfour_of),
    })
}

/// The account's newest key in a keytab, and the one before it. For tests/fuzz.
#[cfg(feature = "fuzzing")]
pub fn keytab_keys(keytab: &[u8], account: &str, domain: &str, now: u32) -> Option<Vec<Key>> {
    let hashes = nt_hashes(keytab, account, domain, now).ok()?;
    Some(hashes.iter().cloned().collect())
}

fn entries(keytab: &[u8], account: &str, domain: &str) -> Result<Vec<KeytabEntry>, Problem> {
    let mut reader = Reader::new(keytab);
    let version = reader.array("version")?;
    if version != VERSION {
        return Err(Problem::Version(version));
    }
    let mut entries = Vec::new();
    while !reader.rest().is_empty() {
        let size = i32::from_be_bytes(reader.array("entry size")?);
        let length = usize::try_from(size.unsigned_abs())
            .map_err(|_| DecodeError::truncated("entry size"))?;
        if size == 0 {
            break;
        }
        let body = reader.take(length, "entry")?;
        if size > 0 {
            entries.extend(entry(body, account, domain)?);
        }
    }
    Ok(entries)
}

/// Reads an entry. `None` if it is of another principal.
fn entry(body: &[u8], account: &str, domain: &str) -> Result<Option<KeytabEntry>, DecodeError> {
    let mut reader = Reader::new(body);
    let components = u16_be(&mut reader, "components")?;
    let realm = counted(&mut reader, "realm")?;
    let first = counted(&mut reader, "component")?;
    for _ in 1..components {
        counted(&mut reader, "component")?;
    }
    let _name_type: [u8; 4] = reader.array("name type")?;
    let written = u32::from_be_bytes(reader.array("timestamp")?);
    let short_kvno = reader.u8("kvno")?;
    let key_type = u16_be(&mut reader, "key type")?;
    let key = counted(&mut reader, "key")?;
    // Newer writers repeat the version in 32 bits. Less than that, or zero, is none.
    let long_kvno = reader.array("kvno").map(u32::from_be_bytes);
    let is_ours = components == 1
        && first.eq_ignore_ascii_case(account.as_bytes())
        && realm.eq_ignore_ascii_case(domain.as_bytes());
    if !is_ours {
        return Ok(None);
    }
    let arcfour = (key_type == ARCFOUR_HMAC)
        .then(|| <[u8; 16]>::try_from(key).map(Key::new))
        .transpose()
        .map_err(|_| DecodeError::new("key", "is not 16 bytes long"))?;
    let kvno = long_kvno.ok().filter(|kvno| *kvno != 0);
    Ok(Some(KeytabEntry {
        kvno: kvno.unwrap_or_else(|| short_kvno.into()),
        written,
        arcfour,
    }))
}

fn u16_be(reader: &mut Reader<'_>, field: &'static str) -> Result<u16, DecodeError> {
    reader.array(field).map(u16::from_be_bytes)
}

fn counted<'a>(reader: &mut Reader<'a>, field: &'static str) -> Result<&'a [u8], DecodeError> {
    let length = u16_be(reader, field)?;
    reader.take(usize::from(length), field)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AES: u16 = 18;
    const WRITTEN: u32 = 1_700_000_000;

    fn counted(bytes: &[u8]) -> Vec<u8> {
        let length = u16::try_from(bytes.len()).unwrap();
        [&length.to_be_bytes(), bytes].concat()
    }

    fn entry(principal: &[&str], realm: &str, kvno: u32, key_type: u16, key: &[u8]) -> Vec<u8> {
        let mut body = u16::try_from(principal.len())
            .unwrap()
            .to_be_bytes()
            .to_vec();
        body.extend(counted(realm.as_bytes()));
        for component in principal {
            body.extend(counted(component.as_bytes()));
        }
        body.extend([0, 0, 0, 1]);
        body.extend(WRITTEN.to_be_bytes());
        body.push((kvno & 0xFF) as u8);
        body.extend(key_type.to_be_bytes());
        body.extend(counted(key));
        body.extend(kvno.to_be_bytes());
        let size = i32::try_from(body.len()).unwrap();
        [size.to_be_bytes().as_slice(), &body].concat()
    }

    fn ours(kvno: u32, key_type: u16, key: u8) -> Vec<u8> {
        let length = if key_type == AES { 32 } else { 16 };
        let key = vec![key; length];
        entry(&["WEB1$"], "EXAMPLE.TEST", kvno, key_type, &key)
    }

    fn keytab(entries: &[Vec<u8>]) -> Vec<u8> {
        [VERSION.as_slice(), &entries.concat()].concat()
    }

    fn first_bytes(keytab: &[u8]) -> Result<Vec<u8>, Problem> {
        first_bytes_at(keytab, WRITTEN)
    }

    fn first_bytes_at(keytab: &[u8], now: u32) -> Result<Vec<u8>, Problem> {
        let hashes = nt_hashes(keytab, "web1$", "example.test", now)?;
        Ok(hashes.iter().map(|hash| hash.expose()[0]).collect())
    }

    #[test]
    fn the_newest_key_comes_first_and_the_one_before_it_second() {
        let hole = [(-5_i32).to_be_bytes().as_slice(), &[0xFF; 5]].concat();
        let bytes = keytab(&[
            ours(300, ARCFOUR_HMAC, 30),
            ours(301, AES, 99),
            hole,
            entry(
                &["host", "web1"],
                "EXAMPLE.TEST",
                999,
                ARCFOUR_HMAC,
                &[98; 16],
            ),
            entry(&["OTHER$"], "EXAMPLE.TEST", 999, ARCFOUR_HMAC, &[97; 16]),
            entry(&["WEB1$"], "OTHER.TEST", 999, ARCFOUR_HMAC, &[96; 16]),
            ours(301, ARCFOUR_HMAC, 31),
            ours(299, ARCFOUR_HMAC, 29),
        ]);
        assert_eq!(first_bytes(&bytes).unwrap(), [31, 30]);
        // No key that is older by more is used.
        let bytes = keytab(&[ours(2, ARCFOUR_HMAC, 2), ours(4, ARCFOUR_HMAC, 4)]);
        assert_eq!(first_bytes(&bytes).unwrap(), [4]);
    }

    #[test]
    fn an_old_key_is_of_use_for_a_day() {
        let bytes = keytab(&[ours(1, ARCFOUR_HMAC, 1), ours(2, ARCFOUR_HMAC, 2)]);
        let at = |now| first_bytes_at(&bytes, now).unwrap();
        assert_eq!(at(WRITTEN + OVERLAP - 1), [2, 1]);
        assert_eq!(at(WRITTEN + OVERLAP), [2]);
        // Clocks differ, but by less than a day.
        assert_eq!(at(WRITTEN - 60), [2, 1]);
        assert_eq!(at(WRITTEN - OVERLAP), [2]);
    }

    #[test]
    fn aes_alone_says_what_to_do() {
        let bytes = keytab(&[ours(1, ARCFOUR_HMAC, 1), ours(2, AES, 2)]);
        let text = first_bytes(&bytes).unwrap_err().to_string();
        assert!(text.contains("web1$@EXAMPLE.TEST"), "{text}");
        assert!(text.contains("-k 2 -e arcfour-hmac"), "{text}");
        let [secret, ktutil] = ["set `secret`", "ktutil"].map(|way| text.find(way).unwrap());
        assert!(secret < ktutil, "the better way comes first: {text}");
    }

    #[test]
    fn invalid_keytabs_are_refused() {
        assert_eq!(
            first_bytes(&keytab(&[])),
            Err(Problem::NoEntry("web1$@EXAMPLE.TEST".to_owned()))
        );
        assert_eq!(
            first_bytes(&[0x05, 0x01]),
            Err(Problem::Version([0x05, 0x01]))
        );
        let bytes = keytab(&[ours(1, ARCFOUR_HMAC, 1)]);
        for length in 0..bytes.len() {
            let cut = first_bytes(&bytes[..length]);
            assert!(cut.is_err(), "{length}");
        }
        let endless = [VERSION.as_slice(), &i32::MIN.to_be_bytes()].concat();
        assert!(matches!(first_bytes(&endless), Err(Problem::Malformed(_))));
        let short_key = keytab(&[entry(&["WEB1$"], "EXAMPLE.TEST", 1, ARCFOUR_HMAC, &[1; 8])]);
        assert!(matches!(
            first_bytes(&short_key),
            Err(Problem::Malformed(_))
        ));
    }
}
