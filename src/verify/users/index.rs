//! The lines of a users file, found by name.

use std::collections::HashMap;
use std::fmt;

use crate::crypto::{self, Key};

/// A user of the file.
#[derive(Debug)]
pub(super) struct Entry {
    /// As the file spells it.
    pub(super) user: String,
    /// As the file spells it; none if the line names no domain.
    pub(super) domain: Option<String>,
    /// MD4 of the password; none if no password is right.
    pub(super) nt_hash: Option<Key>,
    pub(super) standing: Standing,
}

/// What an account may do, beyond its password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Normal,
    Disabled,
    /// A computer or a trust.
    Trust,
}

/// What a name leads to.
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

/// Every user of the file, by his name in capitals.
#[derive(Debug, Default)]
pub(super) struct Index(HashMap<String, Vec<Entry>>);

impl Index {
    /// Reads the lines: `DOMAIN:user:password`, or those of smbpasswd(5) with an optional `DOMAIN\`
    /// before the name. Empty lines and lines that begin with `#` mean nothing.
    pub(super) fn parse(text: &[u8]) -> (Self, Vec<Problem>) {
        let mut index = Self::default();
        let mut problems = Vec::new();
        for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let outcome = parse_line(line).and_then(|entry| match entry {
                Some(entry) => index.insert(entry),
                None => Ok(()),
            });
            if let Err(what) = outcome {
                let line = number + 1;
                problems.push(Problem { line, what });
            }
        }
        (index, problems)
    }

    fn insert(&mut self, entry: Entry) -> Result<(), &'static str> {
        let namesakes = self.0.entry(fold(&entry.user)).or_default();
        let taken = |other: &Entry| match (&other.domain, &entry.domain) {
            (Some(one), Some(other)) => fold(one) == fold(other),
            (one, other) => one.is_none() && other.is_none(),
        };
        if namesakes.iter().any(taken) {
            return Err("an earlier line has the same user");
        }
        namesakes.push(entry);
        Ok(())
    }

    /// Finds the user that a client means. With no domain, that is `default_domain`'s, or the only
    /// one of that name. A user principal name counts as name and domain.
    pub(super) fn look_up(&self, user: &str, domain: &str, default_domain: &str) -> Lookup<'_> {
        let by_name = self.among_namesakes(user, domain, default_domain);
        match (by_name, user.rsplit_once('@')) {
            (Lookup::Unknown, Some((name, suffix))) if domain.is_empty() => {
                self.of_principal(name, suffix)
            }
            _ => by_name,
        }
    }

    /// The user of `name@suffix`: the suffix is the domain, or its first label is.
    fn of_principal(&self, name: &str, suffix: &str) -> Lookup<'_> {
        let label = suffix.split_once('.').map_or(suffix, |(label, _)| label);
        match self.among_namesakes(name, suffix, suffix) {
            Lookup::Unknown => self.among_namesakes(name, label, label),
            found => found,
        }
    }

    fn among_namesakes(&self, user: &str, domain: &str, default_domain: &str) -> Lookup<'_> {
        let namesakes = self.0.get(&fold(user)).map_or(&[][..], Vec::as_slice);
        let of = |domain: &str| {
            let domain = fold(domain);
            namesakes
                .iter()
                .find(|entry| entry.domain.as_deref().map(fold) == Some(domain.clone()))
        };
        let without_domain = || namesakes.iter().find(|entry| entry.domain.is_none());
        let wanted = if domain.is_empty() {
            default_domain
        } else {
            domain
        };
        match (of(wanted).or_else(without_domain), namesakes) {
            (Some(entry), _) => Lookup::Found(entry),
            (None, [only]) if domain.is_empty() => Lookup::Found(only),
            (None, [_, _, ..]) if domain.is_empty() => Lookup::Ambiguous,
            (None, _) => Lookup::Unknown,
        }
    }
}

/// Capitals letter by letter, as the names in a directory are compared.
fn fold(name: &str) -> String {
    name.chars()
        .map(|letter| {
            let mut capitals = letter.to_uppercase();
            match (capitals.next(), capitals.next()) {
                (Some(capital), None) => capital,
                _ => letter,
            }
        })
        .collect()
}

fn parse_line(line: &[u8]) -> Result<Option<Entry>, &'static str> {
    let line = str::from_utf8(line).map_err(|_| "it is not UTF-8")?;
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.trim().is_empty() || line.trim_start().starts_with('#') {
        return Ok(None);
    }
    let entry = match smbpasswd_fields(line) {
        Some(fields) => smbpasswd_entry(fields)?,
        None => plain_entry(line)?,
    };
    if entry.user.is_empty() {
        return Err("the user's name is empty");
    }
    Ok(Some(entry))
}

/// `DOMAIN:user:password`; the password may have colons.
fn plain_entry(line: &str) -> Result<Entry, &'static str> {
    let (domain, rest) = line.split_once(':').ok_or(NEITHER_FORM)?;
    let (user, password) = rest.split_once(':').ok_or(NEITHER_FORM)?;
    Ok(Entry {
        user: user.to_owned(),
        domain: some_unless_empty(domain),
        nt_hash: Some(crypto::nt_hash(password)),
        standing: Standing::Normal,
    })
}

const NEITHER_FORM: &str = "it is neither DOMAIN:user:password nor a line of smbpasswd";

struct SmbpasswdFields<'a> {
    name: &'a str,
    nt_hash: &'a str,
    flags: &'a str,
}

/// The fields of `name:uid:LM:NT:[flags]:…`, if the line has that form.
fn smbpasswd_fields(line: &str) -> Option<SmbpasswdFields<'_>> {
    let mut fields = line.split(':');
    let (name, uid) = (fields.next()?, fields.next()?);
    let (lm_hash, nt_hash, flags) = (fields.next()?, fields.next()?, fields.next()?);
    let is_hash = |field: &str| field.len() == 32 && field.is_ascii();
    let flags = flags.strip_prefix('[')?.strip_suffix(']')?;
    (uid.bytes().all(|digit| digit.is_ascii_digit()) && is_hash(lm_hash) && is_hash(nt_hash))
        .then_some(SmbpasswdFields {
            name,
            nt_hash,
            flags,
        })
}

fn smbpasswd_entry(fields: SmbpasswdFields<'_>) -> Result<Entry, &'static str> {
    let (domain, user) = match fields.name.split_once('\\') {
        Some((domain, user)) => (some_unless_empty(domain), user),
        None => (None, fields.name),
    };
    // smbpasswd(5): `N`, no password needed, means no password here: nothing is proven without one.
    let nt_hash = match fields.flags.contains('N') || fields.nt_hash.starts_with("XXXXXXXX") {
        true => None,
        false => Some(
            Key::from_hexadecimal(fields.nt_hash.as_bytes())
                .ok_or("the NT hash is not hexadecimal")?,
        ),
    };
    let standing = if fields.flags.contains('D') {
        Standing::Disabled
    } else if fields.flags.contains(['W', 'S', 'I']) {
        Standing::Trust
    } else {
        Standing::Normal
    };
    Ok(Entry {
        user: user.to_owned(),
        domain,
        nt_hash,
        standing,
    })
}

fn some_unless_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
