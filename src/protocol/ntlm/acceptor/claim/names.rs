//! The three names in an AUTHENTICATE message.

use crate::base::typed_name::split_domain;
use crate::base::wire::DecodeError;
use crate::protocol::ntlm::message::Authenticate;
use crate::protocol::ntlm::text::{Charset, Text};

/// The longest accepted name, in UTF-16 units: that of a user principal name in Active Directory
/// (`userPrincipalName`, rangeUpper 1024).
const MAX_NAME: usize = 1024;

/// The names, as sent and as meant.
pub(super) struct Names {
    pub(super) user: Text,
    pub(super) domain: Text,
    pub(super) workstation: Text,
}

impl Names {
    /// Decodes the names.
    ///
    /// # Errors
    /// A name is not in `charset`, too long, or has a control character.
    pub(super) fn parse(message: &Authenticate<'_>, charset: Charset) -> Result<Self, DecodeError> {
        let mut user = decode(message.user, charset, "UserName")?;
        let mut domain = decode(message.domain, charset, "DomainName")?;
        let workstation = decode(message.workstation, charset, "Workstation")?;
        // Some clients send the typed `DOMAIN\user` as the user. The hash covers it unchanged.
        if domain.units.is_empty()
            && let Some((before, after)) = split_domain(&user.meant)
            && !before.is_empty()
            && !after.is_empty()
            && !after.contains(['\\', '@'])
        {
            domain.meant = before.to_owned();
            user.meant = after.to_owned();
        }
        Ok(Self {
            user,
            domain,
            workstation,
        })
    }
}

fn decode(bytes: &[u8], charset: Charset, field: &'static str) -> Result<Text, DecodeError> {
    let name = charset.decode(bytes, field)?;
    if name.units.len() > MAX_NAME {
        Err(DecodeError::new(field, "longer than any name"))
    } else if has_control(&name, charset) {
        Err(DecodeError::new(field, "a control character"))
    } else {
        Ok(name)
    }
}

/// No account has such a name. A verifier may end a name at a NUL and so take it for another
/// account than we do, one that is not counted or refused. In OEM, 0x80 to 0x9F are letters.
fn has_control(name: &Text, charset: Charset) -> bool {
    name.units
        .iter()
        .filter_map(|unit| char::from_u32((*unit).into()))
        .any(|letter| match charset {
            Charset::Unicode => letter.is_control(),
            Charset::Oem => letter.is_ascii_control(),
        })
}
