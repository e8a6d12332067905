//! What the entry of a user says.

use std::time::SystemTime;

use super::hours::LogonHours;
use super::time;
use crate::base::config::{Directory, Schema};
use crate::base::crypto::{self, Key};
use crate::base::fault::{Fault, Minor, is_unprintable};
use crate::base::name_case::alike;
use crate::base::sid::Sid;
use crate::directory::Entry;
use crate::directory::groups::MEMBER_OF;
use crate::login::verify::account_flags::{self, Standing};

const FULL_NAME: &str = "displayName";
const SAMBA: [&str; 9] = [
    "sambaNTPassword",
    "sambaAcctFlags",
    "sambaPwdLastSet",
    "sambaPwdMustChange",
    "sambaKickoffTime",
    "sambaLogonHours",
    "sambaUserWorkstations",
    "sambaSID",
    FULL_NAME,
];
const FREE_IPA: [&str; 6] = [
    "ipaNTHash",
    "nsAccountLock",
    "krbPrincipalExpiration",
    "krbPasswordExpiration",
    "ipaNTSecurityIdentifier",
    FULL_NAME,
];

/// The attributes that are read.
pub(super) fn attributes(config: &Directory) -> Vec<String> {
    let schema: &[&str] = match config.schema {
        Schema::Samba => &SAMBA,
        Schema::FreeIpa => &FREE_IPA,
    };
    let name = config.user_attribute.as_str();
    [&[name], schema]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect()
}

/// A user of the directory.
pub(super) struct UserEntry {
    /// As the directory spells it.
    pub(super) user: String,
    /// The name of the entry.
    pub(super) dn: String,
    pub(super) full_name: Option<String>,
    pub(super) sid: Option<Sid>,
    pub(super) member_of: Vec<String>,
    nt_hash: Result<Key, &'static str>,
    /// An error: the attribute cannot be read, and could forbid the login.
    restrictions: Result<Restrictions, &'static str>,
}

/// What else a login needs but the password.
struct Restrictions {
    standing: Standing,
    /// The fault of a password that is too old, and from when on.
    password: Option<(Minor, SystemTime)>,
    kick_off: Option<SystemTime>,
    hours: Option<LogonHours>,
    /// None: any.
    workstations: Vec<String>,
}

impl UserEntry {
    /// Reads an entry. `None`: none of its names is the wanted one. Directories compare more
    /// loosely than logins do: without regard to spaces, for example.
    pub(super) fn read(config: &Directory, wanted: &str, entry: &Entry) -> Option<Self> {
        let names = entry.texts(config.user_attribute.as_str());
        let name = names.iter().find(|name| alike(name, wanted))?;
        let (hash, sid, restrictions) = match config.schema {
            Schema::Samba => ("sambaNTPassword", "sambaSID", of_samba(entry)),
            Schema::FreeIpa => ("ipaNTHash", "ipaNTSecurityIdentifier", of_free_ipa(entry)),
        };
        // With several names, what was typed would decide who the user is.
        let nt_hash = match names.len() {
            1 => nt_hash(config.schema, &entry.values(hash)),
            _ => Err("the entry has several names"),
        };
        let full_name = entry.text(FULL_NAME).map(str::to_owned);
        Some(Self {
            user: (*name).to_owned(),
            dn: entry.dn().to_owned(),
            full_name: full_name.filter(|name| !name.contains(is_unprintable)),
            sid: entry.text(sid).and_then(|text| text.parse().ok()),
            member_of: owned(&entry.texts(MEMBER_OF)),
            nt_hash,
            restrictions: restrictions.map(|read| read.of_user(name)),
        })
    }

    /// The hash, if the account may log in with it.
    pub(super) fn nt_hash(&self) -> Option<&Key> {
        self.nt_hash.as_ref().ok()
    }

    /// Why no password is right. `None`: one is.
    pub(super) fn why_not(&self) -> Option<&'static str> {
        self.nt_hash.as_ref().err().copied()
    }

    /// Whether the account may log in now, from there.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn permits(&self, now: SystemTime, workstation: &str) -> Result<(), Fault> {
        let read = self.restrictions.as_ref();
        let read = read.map_err(|name| {
            let problem = format_args!("{name} of the entry cannot be read");
            Minor::AccountRestriction.confidentially(problem)
        })?;
        let is_over = |time: SystemTime| time <= now;
        let is_listed = |listed: &String| alike(listed, workstation);
        let minor = match read.standing {
            Standing::Disabled => Minor::AccountDisabled,
            Standing::Locked => Minor::AccountLockedOut,
            Standing::Trust => Minor::TrustAccount,
            Standing::Unclear => Minor::AccountRestriction,
            Standing::Normal if read.kick_off.is_some_and(is_over) => Minor::AccountExpired,
            Standing::Normal => match (read.password, read.hours) {
                (Some((minor, since)), _) if is_over(since) => minor,
                (_, Some(hours)) if !hours.permit(now) => Minor::InvalidLogonHours,
                _ if read.workstations.is_empty() || read.workstations.iter().any(is_listed) => {
                    return Ok(());
                }
                _ => Minor::InvalidWorkstation,
            },
        };
        Err(minor.into())
    }

    /// When the account expires.
    pub(super) fn kick_off(&self) -> Option<SystemTime> {
        self.restrictions.as_ref().ok()?.kick_off
    }

    /// When the hours end that began before now.
    pub(super) fn log_off(&self, now: SystemTime) -> Option<SystemTime> {
        self.restrictions.as_ref().ok()?.hours?.end(now)
    }
}

impl Restrictions {
    /// Accounts of computers have a `$` at the end.
    fn of_user(mut self, name: &str) -> Self {
        if name.ends_with('$') && self.standing == Standing::Normal {
            self.standing = Standing::Trust;
        }
        self
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

/// 32 hexadecimal digits; FreeIPA has the 16 bytes.
fn nt_hash(schema: Schema, values: &[&[u8]]) -> Result<Key, &'static str> {
    let hash = match values {
        [] => return Err("the entry has no NT hash that the service may read"),
        [value] => match (schema, <[u8; 16]>::try_from(*value)) {
            (Schema::FreeIpa, Ok(bytes)) => Some(Key::new(bytes)),
            _ => Key::from_hexadecimal(value),
        },
        _ => return Err("the entry has several NT hashes"),
    };
    match hash {
        None => Err("the entry's NT hash is not one"),
        Some(hash) if hash == crypto::nt_hash("") => Err("the password is empty"),
        // A placeholder: a response to it can be computed without a password.
        Some(hash) if hash.is_zero() => Err("the NT hash is zero"),
        Some(hash) => Ok(hash),
    }
}

/// The one value of an attribute, read. `Ok(None)`: there is none. An error is the name of an
/// attribute that cannot be read.
fn read<T>(
    entry: &Entry,
    name: &'static str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, &'static str> {
    match (entry.values(name).as_slice(), entry.text(name)) {
        ([], _) => Ok(None),
        ([_], Some(text)) => read(text.trim()).map(Some).ok_or(name),
        _ => Err(name),
    }
}

fn of_samba(entry: &Entry) -> Result<Restrictions, &'static str> {
    let flags = read(entry, "sambaAcctFlags", |text| {
        let flags = text.strip_prefix('[')?.strip_suffix(']')?;
        Some(flags.to_owned())
    })?;
    let flags = flags.unwrap_or_default();
    let is_zero = |text: &str| text.parse::<i64>().ok().map(|seconds| seconds == 0);
    let is_reset = [
        read(entry, "sambaPwdLastSet", is_zero)?,
        read(entry, "sambaPwdMustChange", is_zero)?,
    ];
    let must_change = read(entry, "sambaPwdMustChange", time::of_seconds)?.flatten();
    let since = match is_reset.contains(&Some(true)) {
        _ if flags.contains('X') => None,
        true => Some(SystemTime::UNIX_EPOCH),
        false => must_change,
    };
    let workstations = read(entry, "sambaUserWorkstations", |text| {
        let names = text.split([',', ' ']).filter(|name| !name.is_empty());
        Some(names.map(str::to_owned).collect())
    })?;
    Ok(Restrictions {
        standing: match account_flags::standing(&flags) {
            Standing::Normal if account_flags::closes(&flags) => Standing::Unclear,
            standing => standing,
        },
        password: since.map(|since| (Minor::PasswordMustChange, since)),
        kick_off: read(entry, "sambaKickoffTime", time::of_seconds)?.flatten(),
        hours: read(entry, "sambaLogonHours", LogonHours::read)?,
        workstations: workstations.unwrap_or_default(),
    })
}

fn of_free_ipa(entry: &Entry) -> Result<Restrictions, &'static str> {
    let is_locked = read(entry, "nsAccountLock", |text| {
        match text.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    })?;
    let expires = read(entry, "krbPasswordExpiration", time::of_generalized)?;
    Ok(Restrictions {
        standing: match is_locked {
            Some(true) => Standing::Disabled,
            _ => Standing::Normal,
        },
        password: expires.map(|since| (Minor::PasswordExpired, since)),
        kick_off: read(entry, "krbPrincipalExpiration", time::of_generalized)?,
        hours: None,
        workstations: Vec::new(),
    })
}
