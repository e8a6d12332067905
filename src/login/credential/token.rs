//! Exports an acceptor's credential to another process.
//!
//! The token has the source of the configuration and no secret. A process with a token can name the
//! same source in a credential store. An initiator's credential is not exported: the hash of a
//! password can log in like the password.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

use super::{AcceptorPart, Credential, Parts};
use crate::base::fault::{Fault, Minor};
use crate::base::wire::{DecodeError, Reader, Writer};
use crate::login::loopback::Loopback;
use crate::login::name::Name;
use crate::login::setup::Source;

/// The first bytes of every token. The last is the version.
const MAGIC: &[u8; 8] = b"ntlmdcA\x02";

impl Credential {
    /// The token of an acceptor's credential.
    ///
    /// # Errors
    /// `CredentialNotExported` if it initiates; `BadName` if its name is too long.
    pub fn encode(&self) -> Result<Vec<u8>, Fault> {
        match &self.parts {
            Parts::Accept(AcceptorPart(source)) => {
                encode(source, self.name.as_ref(), self.lifetime)
            }
            Parts::Initiate(_) | Parts::Both(..) => Err(Minor::CredentialNotExported.into()),
        }
    }

    /// The credential of a token.
    ///
    /// # Errors
    /// `BadCredentialToken`; `BadName`; as [`setup::load`](crate::login::setup::load): the
    /// configuration must be there for this process too.
    pub fn decode(token: &[u8]) -> Result<Self, Fault> {
        let (source, name, lifetime) = decode(token)?;
        Ok(Self {
            parts: Parts::Accept(AcceptorPart::acquire(source)?),
            name,
            lifetime,
            loopback: Loopback::default(),
        })
    }
}

/// | field | size |
/// |---|---|
/// | [`MAGIC`] | 8 bytes |
/// | the four parts of the source, the exported name | each: presence byte, 32-bit length, bytes |
/// | lifetime in seconds, 0 for no limit | 64 bits |
fn encode(
    source: &Source,
    name: Option<&Name>,
    lifetime: Option<Duration>,
) -> Result<Vec<u8>, Fault> {
    let path =
        |path: &Option<PathBuf>| path.as_ref().map(|path| path.as_os_str().as_bytes().into());
    let text = |text: &Option<String>| text.as_ref().map(|text| text.as_bytes().into());
    let parts: [Option<Vec<u8>>; 5] = [
        path(&source.config),
        path(&source.users_file),
        text(&source.netbios_computer),
        text(&source.netbios_domain),
        name.map(Name::encode).transpose()?,
    ];
    let mut writer = Writer::new();
    writer.bytes(MAGIC);
    for part in parts {
        writer.u8(part.is_some().into());
        if let Some(part) = part {
            writer.block(&part);
        }
    }
    writer.u64(lifetime.unwrap_or_default().as_secs());
    Ok(writer.into_bytes())
}

fn decode(token: &[u8]) -> Result<(Source, Option<Name>, Option<Duration>), Fault> {
    let malformed = |error: DecodeError| Minor::BadCredentialToken.because(error);
    let mut reader = Reader::new(token);
    if reader.array("Magic").map_err(malformed)? != *MAGIC {
        return Err(Minor::BadCredentialToken.into());
    }
    let mut part = |field| take(&mut reader, field).map_err(malformed);
    let path = |bytes: &[u8]| PathBuf::from(OsStr::from_bytes(bytes));
    let text =
        |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| Minor::BadCredentialToken);
    let source = Source {
        config: part("Config")?.map(path),
        users_file: part("UsersFile")?.map(path),
        netbios_computer: part("NetbiosComputer")?.map(text).transpose()?,
        netbios_domain: part("NetbiosDomain")?.map(text).transpose()?,
    };
    let name = part("Name")?.map(Name::decode).transpose()?;
    let seconds = reader.u64("Lifetime").map_err(malformed)?;
    reader.finish("Credential").map_err(malformed)?;
    let lifetime = (seconds > 0).then_some(Duration::from_secs(seconds));
    Ok((source, name, lifetime))
}

/// A token, written again. For tests/fuzz.
#[cfg(feature = "fuzzing")]
pub fn reencoded_credential(token: &[u8]) -> Option<Vec<u8>> {
    let (source, name, lifetime) = decode(token).ok()?;
    encode(&source, name.as_ref(), lifetime).ok()
}

fn take<'a>(reader: &mut Reader<'a>, field: &'static str) -> Result<Option<&'a [u8]>, DecodeError> {
    match reader.flag(field)? {
        true => reader.block(field).map(Some),
        false => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Source {
        Source {
            config: Some(PathBuf::from(OsStr::from_bytes(b"/etc/\xFF"))),
            users_file: None,
            netbios_computer: Some("WEB1".to_owned()),
            netbios_domain: Some(String::new()),
        }
    }

    #[test]
    fn a_token_holds_the_whole_credential() {
        for name in [
            None,
            Some(Name::User("HTTP@www".to_owned())),
            Some(Name::hostbased_service(b"HTTP@www").unwrap()),
        ] {
            let lifetime = name.as_ref().map(|_| Duration::from_secs(300));
            let token = encode(&source(), name.as_ref(), lifetime).unwrap();
            let (back, back_name, back_lifetime) = decode(&token).unwrap();
            assert_eq!(back, source());
            assert_eq!(back_lifetime, lifetime);
            let shown = |name: Name| (name.display().into_owned(), name.name_type());
            assert_eq!(back_name.map(shown), name.map(shown));

            for length in 0..token.len() {
                let fault = decode(&token[..length]).err().unwrap();
                assert_eq!(fault.minor(), Minor::BadCredentialToken, "{length}");
            }
            assert!(decode(&[&token[..], &[0]].concat()).is_err());
            assert!(decode(&[b"ntlmdcA\x01", &token[8..]].concat()).is_err());
        }
    }
}
