//! The list of domains in the state directory, for all processes of the host.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `ntlmdc`, `d`, version 1 |
//! | 4 | when a controller was asked, in seconds since 1970 |
//! | each | 1, then a domain: NetBIOS name, DNS name, SID as texts, flags, trust attributes |
//! | 1 | 0 |
//! | 32 | SHA-256 of all before it |

use std::io;

use crate::base::config;
use crate::base::crypto::{self, SecretBytes};
use crate::base::file::private::SharedFile;
use crate::base::wire::{DecodeError, Reader, Writer};
use crate::protocol::rpc::netlogon::domain_trusts::DomainTrust;

const MAGIC: &[u8; 8] = b"ntlmdcd\x01";
/// A thousand domains with the longest names.
const LIMIT: u64 = 1024 * 1024;

/// The file of one machine account.
pub(super) struct Store(SharedFile);

/// A list, and the time of the question.
pub(super) struct Kept {
    pub(super) trusts: Vec<DomainTrust>,
    /// In seconds since 1970.
    pub(super) asked: u32,
}

impl Store {
    /// Reads nothing yet.
    pub(super) fn new(config: &config::Netlogon) -> Self {
        let computer = config.account.computer().as_str();
        // A DNS name has no slash.
        let name = format!("{}.{computer}.domains", config.domain);
        Self(SharedFile::new(&config.state_dir, name))
    }

    /// The list that a process has stored. An error if there is no usable one.
    pub(super) fn recall(&self) -> io::Result<Kept> {
        let bytes = self.0.read(LIMIT)?;
        decode(bytes.expose()).map_err(io::Error::other)
    }

    /// Stores a list for the other processes. Without the directory, nothing is shared.
    pub(super) fn keep(&self, kept: &Kept) -> io::Result<()> {
        self.0.replace(&SecretBytes::new(encode(kept)))
    }
}

fn encode(kept: &Kept) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.bytes(MAGIC).u32(kept.asked);
    for row in &kept.trusts {
        let sid = row.sid.as_ref().map(ToString::to_string);
        writer.u8(1);
        for text in [&row.netbios_name, &row.dns_name, &sid] {
            writer.block(text.as_deref().unwrap_or_default().as_bytes());
        }
        writer.u32(row.flags).u32(row.attributes);
    }
    writer.u8(0);
    let body = writer.into_bytes();
    let checksum = crypto::sha256(&body);
    [&body[..], &checksum].concat()
}

fn decode(bytes: &[u8]) -> Result<Kept, DecodeError> {
    let mut reader = Reader::new(bytes);
    if &reader.array("magic")? != MAGIC {
        return Err(DecodeError::new("magic", "of another version"));
    }
    let asked = reader.u32("time")?;
    let mut trusts = Vec::new();
    while reader.flag("domain")? {
        let mut text = |field| {
            let text = reader.text(field)?;
            Ok(Some(text).filter(|text| !text.is_empty()))
        };
        let (netbios_name, dns_name) = (text("NetBIOS name")?, text("DNS name")?);
        let sid = text("SID")?.map(|sid| sid.parse()).transpose();
        trusts.push(DomainTrust {
            netbios_name,
            dns_name,
            sid: sid.map_err(|_| DecodeError::new("SID", "none"))?,
            flags: reader.u32("flags")?,
            attributes: reader.u32("attributes")?,
        });
    }
    let (body, _) = bytes
        .split_at_checked(reader.position())
        .unwrap_or_default();
    let written: [u8; 32] = reader.array("checksum")?;
    reader.finish("checksum")?;
    match crypto::sha256(body) == written {
        true => Ok(Kept { trusts, asked }),
        false => Err(DecodeError::new("checksum", "wrong")),
    }
}

/// The bytes of a list, written again. For tests/fuzz.
#[cfg(feature = "fuzzing")]
pub fn reencoded_domains(body: &[u8]) -> Option<Vec<u8>> {
    let whole = [body, &crypto::sha256(body)].concat();
    decode(&whole).ok().map(|kept| encode(&kept))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dc::domains::tests::{config_in, trusts};
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_list_is_read_back_and_damaged_bytes_are_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let store = Store::new(&config_in(path));
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        let kept = Kept {
            trusts: trusts(),
            asked: 1_700_000_000,
        };
        assert!(store.keep(&kept).is_err(), "a directory of others");
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
        assert!(store.recall().is_err(), "nothing kept");
        store.keep(&kept).unwrap();
        let back = store.recall().unwrap();
        assert_eq!((back.trusts, back.asked), (kept.trusts, kept.asked));
        let file = store.0.path();
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );

        let whole = fs::read(&file).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(decode(&changed).is_err(), "byte {at}");
            assert!(decode(&whole[..at]).is_err(), "{at} bytes");
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(store.recall().is_err(), "a file of others");
    }
}
