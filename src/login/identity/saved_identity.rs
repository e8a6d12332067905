//! Saves an identity for another process, and restores it there.

use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::time::SystemTime;

use super::Identity;
use crate::base::sid::Sid;
use crate::base::wire::{DecodeError, FileTime, Reader, Writer};
use crate::login::verify::{Account, GroupName};

impl Identity {
    /// Writes the identity without the names of groups that have security identifiers: the other
    /// process looks them up again.
    pub fn save(&self, writer: &mut Writer) {
        let Self {
            account,
            workstation,
            display,
            local,
            own_domain,
            group_names: _,
            attributes: _,
            groups: _,
            asked: _,
        } = self;
        for text in [workstation, display, own_domain] {
            writer.block(text.as_bytes());
        }
        put(writer, local.as_ref(), put_text);
        put_account(writer, account);
    }

    /// Reads what [`Self::save`] wrote.
    ///
    /// # Errors
    /// The bytes were not written by [`Self::save`].
    pub fn restore(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            workstation: reader.text("workstation")?,
            display: reader.text("display name")?,
            own_domain: reader.text("own domain")?,
            local: take(reader, "local name", take_text)?,
            account: take_account(reader)?,
            group_names: None,
            attributes: OnceLock::new(),
            groups: OnceLock::new(),
            asked: AtomicU32::new(0),
        })
    }
}

fn put_account(writer: &mut Writer, account: &Account) {
    let Account {
        user,
        is_name_typed,
        domain,
        dns_domain,
        upn,
        full_name,
        sid,
        primary_group_sid,
        group_sids,
        group_names,
        logon_server,
        user_flags,
        log_off,
        kick_off,
    } = account;
    writer.block(user.as_bytes()).block(domain.as_bytes());
    writer.u8((*is_name_typed).into());
    for text in [dns_domain, upn, full_name, logon_server] {
        put(writer, text.as_ref(), put_text);
    }
    put(writer, sid.as_ref(), put_sid);
    put(writer, primary_group_sid.as_ref(), put_sid);
    put(writer, user_flags.as_ref(), |writer, flags| {
        writer.u32(*flags);
    });
    for time in [log_off, kick_off] {
        put(writer, time.as_ref(), |writer, time| {
            writer.u64(FileTime::from(*time).0);
        });
    }
    put_each(writer, group_sids, put_sid);
    put_each(writer, group_names, put_group);
}

/// Each value, and the mark of the end.
fn put_each<T>(writer: &mut Writer, values: &[T], value: fn(&mut Writer, &T)) {
    for one in values {
        put(writer, Some(one), value);
    }
    put(writer, None, value);
}

fn take_account(reader: &mut Reader<'_>) -> Result<Account, DecodeError> {
    let (user, domain) = (reader.text("user")?, reader.text("domain")?);
    let is_name_typed = reader.flag("typed name")?;
    let mut text = |field| take(reader, field, take_text);
    let (dns_domain, upn) = (text("DNS domain")?, text("user principal name")?);
    let (full_name, logon_server) = (text("full name")?, text("logon server")?);
    let sid = take(reader, "user's SID", take_sid)?;
    let primary_group_sid = take(reader, "primary group's SID", take_sid)?;
    let user_flags = take(reader, "user flags", |reader, field| reader.u32(field))?;
    let log_off = take(reader, "log-off time", take_time)?;
    let kick_off = take(reader, "kick-off time", take_time)?;
    let mut group_sids = Vec::new();
    while let Some(sid) = take(reader, "group's SID", take_sid)? {
        group_sids.push(sid);
    }
    let mut group_names = Vec::new();
    while let Some(group) = take(reader, "group's name", take_group)? {
        group_names.push(group);
    }
    Ok(Account {
        user,
        is_name_typed,
        domain,
        dns_domain,
        upn,
        full_name,
        sid,
        primary_group_sid,
        group_sids,
        group_names,
        logon_server,
        user_flags,
        log_off,
        kick_off,
    })
}

/// A presence byte, and the value.
fn put<T: ?Sized>(writer: &mut Writer, value: Option<&T>, write: impl FnOnce(&mut Writer, &T)) {
    writer.u8(value.is_some().into());
    if let Some(value) = value {
        write(writer, value);
    }
}

fn take<T>(
    reader: &mut Reader<'_>,
    field: &'static str,
    read: impl FnOnce(&mut Reader<'_>, &'static str) -> Result<T, DecodeError>,
) -> Result<Option<T>, DecodeError> {
    match reader.flag(field)? {
        true => read(reader, field).map(Some),
        false => Ok(None),
    }
}

fn put_text(writer: &mut Writer, text: &String) {
    writer.block(text.as_bytes());
}

fn take_text(reader: &mut Reader<'_>, field: &'static str) -> Result<String, DecodeError> {
    reader.text(field)
}

fn put_group(writer: &mut Writer, group: &GroupName) {
    let (domain, name) = (group.domain(), group.name());
    writer.block(domain.as_bytes()).block(name.as_bytes());
}

fn take_group(reader: &mut Reader<'_>, field: &'static str) -> Result<GroupName, DecodeError> {
    let (domain, name) = (reader.text(field)?, reader.text(field)?);
    GroupName::new(&domain, &name).ok_or(DecodeError::new(field, "invalid"))
}

fn take_time(reader: &mut Reader<'_>, field: &'static str) -> Result<SystemTime, DecodeError> {
    let time = FileTime(reader.u64(field)?).to_system_time();
    time.ok_or(DecodeError::new(field, "out of range"))
}

/// Authority, count of sub-authorities, sub-authorities (MS-DTYP 2.4.2.2, in another order).
fn put_sid(writer: &mut Writer, sid: &Sid) {
    let sub_authorities = sid.sub_authorities();
    let count = u8::try_from(sub_authorities.len()).unwrap_or_default();
    writer.bytes(&sid.authority()).u8(count);
    for sub_authority in sub_authorities {
        writer.u32(*sub_authority);
    }
}

fn take_sid(reader: &mut Reader<'_>, field: &'static str) -> Result<Sid, DecodeError> {
    let authority = reader.array(field)?;
    let sub_authorities = (0..reader.u8(field)?)
        .map(|_| reader.u32(field))
        .collect::<Result<_, _>>()?;
    Sid::new(authority, sub_authorities).ok_or(DecodeError::new(field, "too long"))
}
