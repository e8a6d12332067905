//! `NETLOGON_VALIDATION_SAM_INFO4`: the account that logged on (MS-NRPC 2.2.1.4.13).

use crate::base::crypto::Key;
use crate::base::fault::is_unprintable;
use crate::base::sid::Sid;
use crate::base::wire::{DecodeError, FileTime};
use crate::protocol::rpc::ndr::{Counted, Decoder};

/// `UserFlags`: the logon is a guest's.
const LOGON_GUEST: u32 = 0x0000_0001;
/// The guest account's relative identifier (MS-DTYP 2.4.2.4).
const DOMAIN_USER_RID_GUEST: u32 = 501;
/// `SE_GROUP_ENABLED` (MS-PAC 2.2.1): the membership applies.
const GROUP_ENABLED: u32 = 0x0000_0004;
/// The membership applies to denials only.
const GROUP_USE_FOR_DENY_ONLY: u32 = 0x0000_0010;

/// The fields that are used. The others are read, checked and dropped.
#[derive(Debug, PartialEq, Eq)]
pub struct SamInfo4 {
    /// `EffectiveName`: the account's name. Never empty.
    pub effective_name: String,
    /// `FullName`: a text for display.
    pub full_name: String,
    /// `LogonDomainName`: the NetBIOS name of the account's domain. Never empty.
    pub logon_domain_name: String,
    /// `DnsLogonDomainName`. Empty if unknown.
    pub dns_logon_domain_name: String,
    /// `Upn`. Empty if there is none.
    pub upn: String,
    /// `LogonServer`: the controller that verified the response.
    pub logon_server: String,
    /// `LogoffTime`: when the account's hours end.
    pub logoff_time: FileTime,
    /// `KickOffTime`: when the account's session must end.
    pub kick_off_time: FileTime,
    /// From `LogonDomainId` and `UserId`.
    pub sid: Option<Sid>,
    /// From `LogonDomainId` and `PrimaryGroupId`.
    pub primary_group_sid: Option<Sid>,
    /// The enabled memberships: from `LogonDomainId` and `GroupIds`, then `ExtraSids`.
    pub group_sids: Vec<Sid>,
    /// `UserFlags`.
    pub user_flags: u32,
    /// `UserFlags` or `UserId` are those of a guest.
    pub is_guest: bool,
    /// `UserSessionKey`. `None` if all zero.
    pub user_session_key: Option<Key>,
}

/// The fields of the fixed part that are used or needed to read the rest.
struct Fixed {
    logoff_time: FileTime,
    kick_off_time: FileTime,
    /// EffectiveName, FullName, LogonScript, ProfilePath, HomeDirectory, HomeDirectoryDrive.
    names: [Counted; 6],
    user_id: u32,
    primary_group_id: u32,
    groups: Array,
    user_flags: u32,
    user_session_key: Key,
    logon_server: Counted,
    logon_domain_name: Counted,
    has_logon_domain_id: bool,
    extra_sids: Array,
    dns_logon_domain_name: Counted,
    upn: Counted,
    expansions: [Counted; 10],
}

/// The count of an array, and whether the array follows.
#[derive(Clone, Copy)]
struct Array {
    count: u32,
    present: bool,
}

impl SamInfo4 {
    /// Reads the structure and the values of its pointers.
    ///
    /// # Errors
    /// A field is truncated or inconsistent; a required name is empty or not text.
    pub fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let fixed = Fixed::decode(decoder)?;
        let [effective_name, full_name, others @ ..] = fixed.names;
        let effective_name = required_name(decoder, effective_name, "EffectiveName")?;
        let full_name = decoder.counted_units(full_name, "FullName")?;
        for other in others {
            decoder.counted_units(other, "LogonScript")?;
        }
        let groups = memberships(decoder, fixed.groups)?;
        let logon_server = name(decoder, fixed.logon_server, "LogonServer")?;
        let logon_domain_name = required_name(decoder, fixed.logon_domain_name, "LogonDomainName")?;
        let domain = optional_sid(decoder, fixed.has_logon_domain_id)?;
        let extra_sids = extra_sids(decoder, fixed.extra_sids)?;
        let dns_logon_domain_name =
            name(decoder, fixed.dns_logon_domain_name, "DnsLogonDomainName")?;
        let upn = name(decoder, fixed.upn, "Upn")?;
        for expansion in fixed.expansions {
            decoder.counted_units(expansion, "ExpansionString")?;
        }

        let in_domain = |rid| domain.as_ref().and_then(|domain| domain.with_rid(rid));
        let group_sids = groups.into_iter().filter_map(in_domain);
        Ok(Self {
            effective_name,
            full_name: text(&full_name),
            logon_domain_name,
            dns_logon_domain_name,
            upn,
            logon_server,
            logoff_time: fixed.logoff_time,
            kick_off_time: fixed.kick_off_time,
            sid: in_domain(fixed.user_id),
            primary_group_sid: in_domain(fixed.primary_group_id),
            group_sids: group_sids.chain(extra_sids).collect(),
            user_flags: fixed.user_flags,
            is_guest: fixed.user_flags & LOGON_GUEST != 0 || fixed.user_id == DOMAIN_USER_RID_GUEST,
            user_session_key: Some(fixed.user_session_key).filter(|key| !key.is_zero()),
        })
    }
}

impl Fixed {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.u64("LogonTime")?;
        let logoff_time = FileTime(decoder.u64("LogoffTime")?);
        let kick_off_time = FileTime(decoder.u64("KickOffTime")?);
        for _ in 0..3 {
            decoder.u64("PasswordLastSet")?; // PasswordCanChange, PasswordMustChange
        }
        let names = counted_array(decoder, "EffectiveName")?;
        decoder.u16("LogonCount")?;
        decoder.u16("BadPasswordCount")?;
        let user_id = decoder.u32("UserId")?;
        let primary_group_id = decoder.u32("PrimaryGroupId")?;
        let groups = Array::decode(decoder, "GroupCount")?;
        let user_flags = decoder.u32("UserFlags")?;
        let user_session_key = Key::new(decoder.array("UserSessionKey")?);
        let logon_server = decoder.counted("LogonServer")?;
        let logon_domain_name = decoder.counted("LogonDomainName")?;
        let has_logon_domain_id = decoder.pointer("LogonDomainId")?;
        skip_to_extra_sids(decoder)?;
        Ok(Self {
            logoff_time,
            kick_off_time,
            names,
            user_id,
            primary_group_id,
            groups,
            user_flags,
            user_session_key,
            logon_server,
            logon_domain_name,
            has_logon_domain_id,
            extra_sids: Array::decode(decoder, "SidCount")?,
            dns_logon_domain_name: decoder.counted("DnsLogonDomainName")?,
            upn: decoder.counted("Upn")?,
            expansions: counted_array(decoder, "ExpansionString")?,
        })
    }
}

/// `LMKey`, then `UserAccountControl`, `SubAuthStatus`, `LastSuccessfulILogon`,
/// `LastFailedILogon`, `FailedILogonCount` and `Reserved4`: 8 times 4 bytes.
fn skip_to_extra_sids(decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
    decoder.array::<8>("LMKey")?;
    for _ in 0..8 {
        decoder.u32("UserAccountControl")?;
    }
    Ok(())
}

fn optional_sid(decoder: &mut Decoder<'_>, present: bool) -> Result<Option<Sid>, DecodeError> {
    match present {
        true => decoder.sid().map(Some),
        false => Ok(None),
    }
}

impl Array {
    fn decode(decoder: &mut Decoder<'_>, field: &'static str) -> Result<Self, DecodeError> {
        let count = decoder.u32(field)?;
        let present = decoder.pointer(field)?;
        if count > 0 && !present {
            return Err(DecodeError::new(field, "a count without an array"));
        }
        Ok(Self { count, present })
    }

    /// Reads the count before the elements, which must be the same one again.
    fn begin(self, decoder: &mut Decoder<'_>, field: &'static str) -> Result<(), DecodeError> {
        match self.present && decoder.u32(field)? != self.count {
            true => Err(DecodeError::new(field, "inconsistent counts")),
            false => Ok(()),
        }
    }
}

fn counted_array<const N: usize>(
    decoder: &mut Decoder<'_>,
    field: &'static str,
) -> Result<[Counted; N], DecodeError> {
    let mut strings = [Counted::NULL; N];
    for string in &mut strings {
        *string = decoder.counted(field)?;
    }
    Ok(strings)
}

/// `GroupIds`: the relative identifiers of the enabled memberships.
fn memberships(decoder: &mut Decoder<'_>, array: Array) -> Result<Vec<u32>, DecodeError> {
    array.begin(decoder, "GroupIds")?;
    let mut groups = Vec::new();
    for _ in 0..array.count {
        let rid = decoder.u32("GroupIds")?;
        let attributes = decoder.u32("GroupIds")?;
        groups.extend(is_membership(attributes).then_some(rid));
    }
    Ok(groups)
}

/// `ExtraSids`: the enabled memberships.
fn extra_sids(decoder: &mut Decoder<'_>, array: Array) -> Result<Vec<Sid>, DecodeError> {
    array.begin(decoder, "ExtraSids")?;
    let mut attributes_of_all = Vec::new();
    for _ in 0..array.count {
        let present = decoder.pointer("ExtraSids")?;
        let attributes = decoder.u32("ExtraSids")?;
        attributes_of_all.extend(present.then_some(attributes));
    }
    let mut sids = Vec::new();
    for attributes in attributes_of_all {
        let sid = decoder.sid()?;
        sids.extend(is_membership(attributes).then_some(sid));
    }
    Ok(sids)
}

fn is_membership(attributes: u32) -> bool {
    attributes & (GROUP_ENABLED | GROUP_USE_FOR_DENY_ONLY) == GROUP_ENABLED
}

/// A name that identifies the account. Refused if it could be read as another account's.
fn required_name(
    decoder: &mut Decoder<'_>,
    fixed: Counted,
    field: &'static str,
) -> Result<String, DecodeError> {
    match name(decoder, fixed, field)? {
        name if name.is_empty() => Err(DecodeError::new(field, "empty")),
        // It separates domain and name.
        name if name.contains('\\') => Err(DecodeError::new(field, "contains a backslash")),
        name => Ok(name),
    }
}

fn name(
    decoder: &mut Decoder<'_>,
    fixed: Counted,
    field: &'static str,
) -> Result<String, DecodeError> {
    let units = decoder.counted_units(fixed, field)?;
    match String::from_utf16(&units) {
        Ok(name) if !name.contains(is_unprintable) => Ok(name),
        _ => Err(DecodeError::new(field, "not a name")),
    }
}

/// A text for display, with replacement characters for unprintable ones.
fn text(units: &[u16]) -> String {
    String::from_utf16_lossy(units).replace(is_unprintable, "\u{FFFD}")
}

#[cfg(test)]
mod tests;
