//! `gss_export_cred` and `gss_import_cred` (MIT krb5's gssapi_ext.h): an acceptor's credential in
//! another process. It holds no secret, only where the configuration is; whoever has a token could
//! name that place in a credential store as well.
//!
//! What one initiates with does not leave the process: the hash of a password is as good as the
//! password.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::ptr;

use super::{Acceptance, Credential, Usage};
use crate::base::fault::{Fault, Minor};
use crate::base::wire::{DecodeError, Reader, Writer};
use crate::gss::abi::{BufferDesc, Handle, In, Out};
use crate::gss::entry::{Success, export};
use crate::gss::memory::Buffer;
use crate::login::name::Name;
use crate::login::setup::Source;

/// What every token begins with; the last byte is the version.
const MAGIC: &[u8; 8] = b"ntlmdcA\x01";

/// The token: after the magic the four parts of the source and the name, as it is exported, each a
/// byte that tells if it is there and, if so, its length in 32 bits and its bytes.
fn encode(source: &Source, name: Option<&Name>) -> Result<Vec<u8>, Fault> {
    let path =
        |path: &Option<PathBuf>| path.as_ref().map(|path| path.as_os_str().as_bytes().into());
    let text = |text: &Option<String>| text.as_ref().map(|text| text.as_bytes().into());
    let mut writer = Writer::new();
    writer.bytes(MAGIC);
    for part in [
        path(&source.config),
        path(&source.users_file),
        text(&source.netbios_computer),
        text(&source.netbios_domain),
        name.map(Name::encode).transpose()?,
    ] {
        put(&mut writer, part)?;
    }
    Ok(writer.into_bytes())
}

fn put(writer: &mut Writer, part: Option<Vec<u8>>) -> Result<(), Fault> {
    let Some(part) = part else {
        writer.u8(0);
        return Ok(());
    };
    let length = u32::try_from(part.len()).map_err(|_| Minor::BadName)?;
    writer.u8(1).u32(length).bytes(&part);
    Ok(())
}

fn decode(token: &[u8]) -> Result<(Source, Option<Name>), Fault> {
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
    reader.finish("Credential").map_err(malformed)?;
    Ok((source, name))
}

fn take<'a>(reader: &mut Reader<'a>, field: &'static str) -> Result<Option<&'a [u8]>, DecodeError> {
    match reader.u8(field)? {
        0 => Ok(None),
        1 => {
            let length =
                usize::try_from(reader.u32(field)?).map_err(|_| DecodeError::truncated(field))?;
            Ok(Some(reader.take(length, field)?))
        }
        _ => Err(DecodeError::new(field, "neither there nor not there")),
    }
}

export! {
    /// For an acceptor's credential; one that initiates is not exported.
    fn gss_export_cred(cred_handle: Handle<Credential>, token: Out<BufferDesc>) {
        token.set(BufferDesc::EMPTY);
        token.required("token")?;
        let credential = cred_handle.required("cred_handle")?;
        let Usage::Accept(Acceptance(source)) = &credential.usage else {
            return Err(Minor::CredentialNotExported.into());
        };
        let encoded = encode(source, credential.name.as_ref())?;
        Buffer::copy_of(&encoded)?.give_to(&token);
        Ok(Success::Complete)
    }
}

export! {
    /// The configuration must be there for this process too.
    fn gss_import_cred(token: In<BufferDesc>, cred_handle: Out<*mut Credential>) {
        cred_handle.set(ptr::null_mut());
        cred_handle.required("cred_handle")?;
        let (source, name) = decode(token.bytes("token")?)?;
        let usage = Usage::Accept(Acceptance::acquire(&source)?);
        cred_handle.set(Box::into_raw(Box::new(Credential { usage, name })));
        Ok(Success::Complete)
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
    fn a_token_says_all_that_a_credential_is() {
        for name in [
            None,
            Some(Name::User("HTTP@www".to_owned())),
            Some(Name::hostbased_service(b"HTTP@www").unwrap()),
        ] {
            let token = encode(&source(), name.as_ref()).unwrap();
            let (back, back_name) = decode(&token).unwrap();
            assert_eq!(back, source());
            let told = |name: Name| (name.display(), name.name_type());
            assert_eq!(back_name.map(told), name.map(told));

            for length in 0..token.len() {
                let fault = decode(&token[..length]).err().unwrap();
                assert_eq!(fault.minor(), Minor::BadCredentialToken, "{length}");
            }
            assert!(decode(&[&token[..], &[0]].concat()).is_err());
            assert!(decode(&[b"ntlmdcA\x02", &token[8..]].concat()).is_err());
        }
    }
}
