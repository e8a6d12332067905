//! Saves an initiator context for another process, and restores it there.

use std::time::{Duration, SystemTime};

use super::{Initiator, InitiatorState};
use crate::base::crypto::SecretBytes;
use crate::base::fault::{Fault, Minor};
use crate::base::wire::{DecodeError, FileTime, Reader, Writer};
use crate::login::handover::{Opened, malformed};
use crate::login::name::{Name, NameType};
use crate::protocol::ntlm::seal::{Role, SessionSecurity};

/// How long an exported context can be imported if the login has no expiry.
const UNDER_WAY_AT_MOST: Duration = Duration::from_secs(24 * 60 * 60);

const USER: u8 = 1;
const SERVICE: u8 = 2;

impl Initiator {
    /// The state for another process, and the time until which it can be restored. The state has
    /// the keys of messages, and neither the password nor its hash.
    ///
    /// # Errors
    /// `ContextNotExported` if the login is not complete.
    pub fn save(&self) -> Result<(SystemTime, SecretBytes), Fault> {
        let security = self.established().ok_or(Minor::ContextNotExported)?;
        let mut writer = Writer::new();
        put_name(&mut writer, Some(&self.source));
        put_name(&mut writer, self.target.as_ref());
        writer.reserve(SessionSecurity::SAVED_AT_MOST + 9);
        security.save(&mut writer);
        writer.u8(self.expires.is_some().into());
        if let Some(expires) = self.expires {
            writer.u64(FileTime::from(expires).0);
        }
        let until = SystemTime::now() + UNDER_WAY_AT_MOST;
        let until = self.expires.map_or(until, |expires| until.min(expires));
        Ok((until, SecretBytes::new(writer.into_bytes())))
    }

    /// The context that another process saved.
    ///
    /// # Errors
    /// `BadContextToken`: another version of this library saved it.
    pub fn restore(opened: &Opened) -> Result<Self, Fault> {
        let mut reader = Reader::new(opened.body());
        let mut name = |field| take_name(&mut reader, field);
        let source = name("source")?.ok_or(Minor::BadContextToken)?;
        let target = name("target")?;
        let security = SessionSecurity::restore(&mut reader, Role::Initiator).map_err(malformed)?;
        let expires = take_expiry(&mut reader).map_err(malformed)?;
        reader.finish("Context").map_err(malformed)?;
        Ok(Self {
            state: InitiatorState::Established(Box::new(security)),
            source,
            target,
            expires,
        })
    }
}

fn take_expiry(reader: &mut Reader<'_>) -> Result<Option<SystemTime>, DecodeError> {
    const EXPIRY: &str = "expiry";
    match reader.flag(EXPIRY)? {
        true => FileTime(reader.u64(EXPIRY)?)
            .to_system_time()
            .map(Some)
            .ok_or(DecodeError::new(EXPIRY, "out of range")),
        false => Ok(None),
    }
}

/// A byte for the kind, 0 if there is no name; then the name.
fn put_name(writer: &mut Writer, name: Option<&Name>) {
    let kind = match name {
        None => 0,
        Some(name) if name.name_type() == NameType::HostbasedService => SERVICE,
        Some(_) => USER,
    };
    writer.u8(kind);
    if let Some(name) = name {
        writer.block(name.display().as_bytes());
    }
}

fn take_name(reader: &mut Reader<'_>, field: &'static str) -> Result<Option<Name>, Fault> {
    let of_kind = match reader.u8(field).map_err(malformed)? {
        0 => return Ok(None),
        USER => Name::user,
        SERVICE => Name::hostbased_service,
        _ => return Err(malformed(DecodeError::new(field, "unknown kind"))),
    };
    let text = reader.block(field).map_err(malformed)?;
    of_kind(text).map(Some)
}
