//! The lines of a users file, found by name.

use std::collections::HashMap;
use std::fmt;
use std::mem;

use crate::base::config::first_label;
use crate::base::crypto::{self, Key};
use crate::base::fault::is_unprintable;
use crate::base::file::text::{self, NotText};
use crate::base::name_case::{alike, capitals};
use crate::login::verify::account_flags::{self, Standing};

/// A user of the file.
#[derive(Debug)]
pub(super) struct Entry {
    /// As the file spells it.
    pub(super) user: String,
    /// As the file spells it. `None`: the line names no domain.
    pub(super) domain: Option<String>,
    /// MD4 of the password. `None`: no password is right.
    pub(super) nt_hash: Option<Key>,
    /// The hash of clients that send OEM names and widen the bytes of the password. `None`: it
    /// equals `nt_hash`, or the line has no password.
    pub(super) oem_hash: Option<Key>,
    pub(super) standing: Standing,
}

/// The domain of this server, and how users without a domain are matched.
#[derive(Debug)]
pub struct Own {
    /// The domain of users whose line names no domain.
    pub domain: String,
    /// Whether the configuration names `domain`. Otherwise it is the name of the computer.
    pub configured: bool,
    /// Whether this is the only verifier. Then users whose line names no domain match every typed
    /// domain. Beside another verifier they could pass for users of its domains.
    pub alone: bool,
}

/// The result of a lookup.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lookup<'a> {
    Found(&'a Entry),
    Unknown,
    Ambiguous,
}

/// A line that is not used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    line: usize,
    what: &'static str,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {} is not used: {}", self.line, self.what)
    }
}

/// The users of the file.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// By the user's name in capitals.
    by_name: HashMap<String, Vec<Entry>>,
    domains: NamedDomains,
}

/// The domains that the lines of a file name.
#[derive(Debug, Default)]
enum NamedDomains {
    /// The file has no user.
    #[default]
    None,
    /// Every line names this one, spelt as in the first.
    One(String),
    /// Lines name several domains, or some name none.
    Several,
}

impl NamedDomains {
    fn and(self, domain: Option<&str>) -> Self {
        match (self, domain) {
            (Self::None, Some(domain)) => Self::One(domain.to_owned()),
            (Self::One(one), Some(domain)) if alike(&one, domain) => Self::One(one),
            _ => Self::Several,
        }
    }
}

impl Index {
    /// Reads the lines: `DOMAIN:user:password`, or those of smbpasswd(5) with an optional `DOMAIN\`
    /// before the name. Empty lines and lines that begin with `#` are skipped. A line without a
    /// domain is an account of `own_domain`.
    ///
    /// # Errors
    /// [`NotText`]: no line can be read.
    pub(super) fn parse(text: &[u8], own_domain: &str) -> Result<(Self, Vec<Problem>), NotText> {
        let mut index = Self::default();
        let mut problems = Vec::new();
        for (number, line) in text::lines(text)?.enumerate() {
            let outcome = parse_line(line).and_then(|entry| match entry {
                Some(entry) => {
                    let unclear = entry.standing == Standing::Unclear;
                    index.insert(entry, own_domain)?;
                    match unclear {
                        true => Err(UNKNOWN_FLAG),
                        false => Ok(()),
                    }
                }
                None => Ok(()),
            });
            if let Err(what) = outcome {
                let line = number + 1;
                problems.push(Problem { line, what });
            }
        }
        Ok((index, problems))
    }

    fn insert(&mut self, entry: Entry, own_domain: &str) -> Result<(), &'static str> {
        let domains = mem::take(&mut self.domains);
        self.domains = domains.and(entry.domain.as_deref());
        let namesakes = self.by_name.entry(capitals(&entry.user)).or_default();
        let domain = |of: &Entry| capitals(of.domain.as_deref().unwrap_or(own_domain));
        if namesakes
            .iter()
            .any(|other| domain(other) == domain(&entry))
        {
            return Err("an earlier line has the same user");
        }
        namesakes.push(entry);
        Ok(())
    }

    /// The domain that every line names, if it is the same.
    pub(super) fn only_domain(&self) -> Option<&str> {
        match &self.domains {
            NamedDomains::One(domain) => Some(domain),
            NamedDomains::None | NamedDomains::Several => None,
        }
    }

    /// The domain that `.` means: the one of this server.
    fn own_domain<'a>(&'a self, own: &'a Own) -> &'a str {
        match own.configured || !own.alone {
            true => &own.domain,
            false => self.only_domain().unwrap_or(&own.domain),
        }
    }

    /// Finds the user that a client names. A user principal name has a name and a domain.
    pub(super) fn look_up(&self, user: &str, domain: &str, own: &Own) -> Lookup<'_> {
        let by_name = self.among_namesakes(user, domain, own);
        match (by_name, user.rsplit_once('@')) {
            (Lookup::Unknown, Some((name, suffix))) if domain.is_empty() => {
                self.of_principal(name, suffix, own)
            }
            _ => by_name,
        }
    }

    /// The user of `name@suffix`. The suffix, or its first label, is the domain.
    fn of_principal(&self, name: &str, suffix: &str, own: &Own) -> Lookup<'_> {
        match self.among_namesakes(name, suffix, own) {
            Lookup::Unknown => self.among_namesakes(name, first_label(suffix), own),
            found => found,
        }
    }

    /// Without a typed domain, the user of our domain; or the only user of the name, if there is no
    /// other verifier.
    fn among_namesakes(&self, user: &str, domain: &str, own: &Own) -> Lookup<'_> {
        let namesakes = self
            .by_name
            .get(&capitals(user))
            .map_or(&[][..], Vec::as_slice);
        let wanted = match domain {
            "" => &own.domain,
            "." => self.own_domain(own),
            _ => domain,
        };
        let is_wanted = |domain: &str| alike(domain, wanted);
        let of_wanted = namesakes
            .iter()
            .find(|entry| entry.domain.as_deref().is_some_and(is_wanted));
        let without_domain = namesakes
            .iter()
            .find(|entry| entry.domain.is_none())
            .filter(|_| own.alone || is_wanted(&own.domain));
        match (of_wanted.or(without_domain), namesakes) {
            (Some(entry), _) => Lookup::Found(entry),
            (None, [only]) if own.alone && domain.is_empty() => Lookup::Found(only),
            (None, [_, _, ..]) if own.alone && domain.is_empty() => Lookup::Ambiguous,
            (None, _) => Lookup::Unknown,
        }
    }
}

/// The accounts of a file that can log in, in its order.
///
/// # Errors
/// [`NotText`]: no line can be read.
pub(super) fn usable(text: &[u8]) -> Result<impl Iterator<Item = Entry>, NotText> {
    let entries = text::lines(text)?.filter_map(|line| parse_line(line).ok().flatten());
    Ok(entries.filter(|entry| entry.standing == Standing::Normal && entry.nt_hash.is_some()))
}

fn parse_line(line: &[u8]) -> Result<Option<Entry>, &'static str> {
    let line = str::from_utf8(line).map_err(|_| "not UTF-8")?;
    if line.trim().is_empty() || line.trim_start().starts_with('#') {
        return Ok(None);
    }
    let entry = match smbpasswd_fields(line)? {
        Some(fields) => smbpasswd_entry(fields)?,
        None => plain_entry(line)?,
    };
    if entry.user.is_empty() {
        return Err("empty user name");
    }
    let domain = entry.domain.as_deref().unwrap_or_default();
    if [domain, &entry.user]
        .iter()
        .any(|name| name.trim() != *name)
    {
        return Err(SPACES);
    }
    if entry.user.contains(is_unprintable) || domain.contains(is_unprintable) {
        return Err("the name has an invisible character");
    }
    Ok(Some(entry))
}

/// `DOMAIN:user:password`; the password may have colons.
fn plain_entry(line: &str) -> Result<Entry, &'static str> {
    let (domain, rest) = line.split_once(':').ok_or(NEITHER_FORM)?;
    let (user, password) = rest.split_once(':').ok_or(NEITHER_FORM)?;
    if password.is_empty() {
        return Err("empty password");
    }
    let is_ascii = password.is_ascii();
    Ok(Entry {
        user: user.to_owned(),
        domain: some_unless_empty(domain),
        nt_hash: Some(crypto::nt_hash(password)),
        oem_hash: (!is_ascii).then(|| crypto::nt_hash_of_widened(password)),
        standing: Standing::Normal,
    })
}

const SPACES: &str = "the domain or the user's name begins or ends with a space; \
                      write DOMAIN:user:password without spaces around the colons";
const NEITHER_FORM: &str = "neither DOMAIN:user:password nor a line of smbpasswd";

struct SmbpasswdFields<'a> {
    name: &'a str,
    nt_hash: &'a str,
    flags: &'a str,
}

/// The fields of `name:uid:LM:NT:[flags]:…`, if the line has that form. A line that begins so, and
/// is damaged or in the old form without flags, is not read as `DOMAIN:user:password`.
fn smbpasswd_fields(line: &str) -> Result<Option<SmbpasswdFields<'_>>, &'static str> {
    let fields: Vec<&str> = line.splitn(6, ':').collect();
    let is_number = |field: &str| field.bytes().all(|digit| digit.is_ascii_digit());
    let is_hash = |field: &str| field.len() == 32 && field.is_ascii();
    // Of another length: a digit was lost, or is one too many.
    let is_like_hash = |field: &str| {
        (24..=40).contains(&field.len())
            && field.bytes().all(|b| b.is_ascii_hexdigit() || b == b'X')
    };
    match fields.as_slice() {
        [name, uid, lm_hash, nt_hash, flags, ..]
            if is_number(uid)
                && (is_hash(lm_hash) || is_hash(nt_hash) || is_like_hash(nt_hash)) =>
        {
            let flags = flags
                .strip_prefix('[')
                .and_then(|flags| flags.strip_suffix(']'));
            match flags {
                Some(_) if !is_hash(lm_hash) || !is_hash(nt_hash) => Err(HASH_LENGTH),
                Some(flags) => Ok(Some(SmbpasswdFields {
                    name,
                    nt_hash,
                    flags,
                })),
                None => Err(DAMAGED),
            }
        }
        [_, uid, lm_hash, ..] if is_number(uid) && is_hash(lm_hash) => Err(DAMAGED),
        _ => Ok(None),
    }
}

const DAMAGED: &str = "a line of smbpasswd without hashes or flags; \
                       write name:uid:LM:NT:[flags]: as pdbedit -Lw does";
const HASH_LENGTH: &str = "a line of smbpasswd whose LM or NT hash has not 32 characters";

fn smbpasswd_entry(fields: SmbpasswdFields<'_>) -> Result<Entry, &'static str> {
    let (domain, user) = match fields.name.split_once('\\') {
        Some((domain, user)) => (some_unless_empty(domain), user),
        None => (None, fields.name),
    };
    let nt_hash = match fields.nt_hash.starts_with("XXXXXXXX") {
        true => None,
        false => Some(
            Key::from_hexadecimal(fields.nt_hash.as_bytes())
                .ok_or("the NT hash is not hexadecimal")?,
        ),
    };
    let standing = account_flags::standing(fields.flags);
    let closed = account_flags::closes(fields.flags);
    Ok(Entry {
        user: user.to_owned(),
        domain,
        nt_hash: nt_hash.filter(|hash| !closed && !hash.is_zero() && *hash != crypto::nt_hash("")),
        oem_hash: None,
        standing,
    })
}

const UNKNOWN_FLAG: &str = "unknown flag; the account is closed";

fn some_unless_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
