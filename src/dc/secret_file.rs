//! The content of the file of the machine account's secret.
//!
//! ```text
//! the secret: the password, or its NT hash in 32 hexadecimal digits
//! changed 1795823040         when this became the password, in seconds since 1970
//! previous the-old-one       the secret before it: counts for a day after the change
//! next the-new-one           a change is under way: the controllers know either of them
//! ```
//!
//! The first line is required. `ntlmdc rotate` writes the others.

use std::path::Path;

use crate::base::crypto::{self, Key, SecretBytes};
use crate::base::file::{self, text};
use crate::dc::keytab;
use crate::dc::nt_hashes::{NtHashes, OVERLAP};
use crate::protocol::rpc::netlogon::password_set::MachinePassword;

/// The length limit: two passwords of 256 characters (Active Directory's limit), and the rest.
const LIMIT: u64 = 4096;

const CHANGED: &str = "changed ";
const PREVIOUS: &str = "previous ";
const NEXT: &str = "next ";

/// The secret and what is known of its change.
#[derive(Clone, Debug)]
pub struct SecretFile {
    present: SecretBytes,
    changed: Option<u32>,
    previous: Option<SecretBytes>,
    next: Option<MachinePassword>,
}

impl SecretFile {
    /// Reads a file: its content, and when that was written, in seconds since 1970.
    ///
    /// # Errors
    /// The problem, without the path, and the cure.
    pub fn read(path: &Path) -> Result<(Self, u32), String> {
        let (content, stamp) = file::read_secret(path, LIMIT).map_err(|error| error.to_string())?;
        Ok((Self::parse(&content)?, stamp.modified()))
    }

    /// Reads the content of a file.
    ///
    /// # Errors
    /// The problem, without the path, and the cure.
    pub(super) fn parse(content: &SecretBytes) -> Result<Self, String> {
        if keytab::is_keytab(content.expose()) {
            return Err(
                "it is a keytab; name it with `keytab`, in the place of `secret`".to_owned(),
            );
        }
        let text = text::parse(content.expose()).map_err(|error| error.to_string())?;
        let mut lines = text
            .split('\n')
            .map(|line| line.strip_suffix('\r').unwrap_or(line));
        let present = lines.next().unwrap_or_default();
        if present.is_empty() {
            return Err("it is empty".to_owned());
        }
        let mut file = Self {
            present: secret(present),
            changed: None,
            previous: None,
            next: None,
        };
        for (number, line) in (2..).zip(lines) {
            let is_known = line.is_empty() || file.take(line);
            if !is_known {
                return Err(format!(
                    "line {number} is not valid: the secret is the first line alone; after it \
                     there may be `changed`, `previous` and `next`, as `ntlmdc rotate` writes them"
                ));
            }
        }
        Ok(file)
    }

    /// The content of a file, written again. For tests/fuzz.
    #[cfg(feature = "fuzzing")]
    pub fn reencoded(content: &SecretBytes) -> Option<SecretBytes> {
        Self::parse(content).ok().map(|file| file.content())
    }

    /// Takes a line after the first. False if it is not valid.
    fn take(&mut self, line: &str) -> bool {
        if let Some(time) = line.strip_prefix(CHANGED) {
            self.changed = time.parse().ok();
            self.changed.is_some()
        } else if let Some(previous) = line.strip_prefix(PREVIOUS) {
            self.previous = Some(secret(previous)).filter(|_| !previous.is_empty());
            self.previous.is_some()
        } else if let Some(next) = line.strip_prefix(NEXT) {
            self.next = MachinePassword::stored(next);
            self.next.is_some()
        } else {
            false
        }
    }

    /// The content to be written.
    pub fn content(&self) -> SecretBytes {
        let changed = self.changed.map(|time| time.to_string());
        let lines = [
            ("", Some(self.present.expose())),
            (CHANGED, changed.as_deref().map(str::as_bytes)),
            (PREVIOUS, self.previous.as_ref().map(SecretBytes::expose)),
            (NEXT, self.next.as_ref().map(MachinePassword::expose)),
        ];
        // With room for all, so that no copy stays behind in a buffer that grows.
        let mut content = Vec::with_capacity(usize::try_from(LIMIT).unwrap_or_default());
        for (keyword, value) in lines {
            if let Some(value) = value {
                content.extend(keyword.bytes());
                content.extend(value);
                content.push(b'\n');
            }
        }
        SecretBytes::new(content)
    }

    /// The hashes that the account's password may have, at this time, in seconds since 1970.
    /// `modified`: when the file was written.
    pub(super) fn nt_hashes(&self, modified: u32, now: u32) -> NtHashes {
        let present = self.nt_hash();
        match &self.next {
            // The controllers may have either of them, whenever it was written.
            Some(next) => NtHashes {
                newest: next.nt_hash(),
                before: Some(present),
            },
            None => {
                let is_recent = now.abs_diff(self.changed.unwrap_or(modified)) < OVERLAP;
                let previous = self.previous.as_ref().filter(|_| is_recent);
                NtHashes {
                    newest: present,
                    before: previous.map(hash_of),
                }
            }
        }
    }

    /// The hash of the present secret.
    pub fn nt_hash(&self) -> Key {
        hash_of(&self.present)
    }

    /// The present secret, if it is a password that [`MachinePassword`] made.
    pub fn present(&self) -> Option<MachinePassword> {
        MachinePassword::stored(str::from_utf8(self.present.expose()).ok()?)
    }

    /// When the present secret became the password, in seconds since 1970. `None` if no rotation
    /// wrote the file.
    pub fn changed(&self) -> Option<u32> {
        self.changed
    }

    /// Whether a controller may know the previous secret alone.
    pub(super) fn is_just_changed(&self, now: u32) -> bool {
        let is_recent = |changed| now.abs_diff(changed) < OVERLAP;
        self.previous.is_some() && self.next.is_none() && self.changed.is_some_and(is_recent)
    }

    /// The password of a change that is not finished.
    pub fn next(&self) -> Option<&MachinePassword> {
        self.next.as_ref()
    }

    /// With a change to `next` under way. `modified`: when the file was written.
    pub fn begun(self, next: MachinePassword, modified: u32) -> Self {
        Self {
            changed: self.changed.or(Some(modified)),
            next: Some(next),
            ..self
        }
    }

    /// With the change under way taken back.
    pub(super) fn abandoned(self) -> Self {
        Self { next: None, ..self }
    }

    /// With the change under way done, at this time.
    pub fn finished(self, now: u32) -> Self {
        match self.next {
            None => self,
            Some(next) => Self {
                present: secret_of(&next),
                changed: Some(now),
                previous: Some(self.present),
                next: None,
            },
        }
    }
}

fn secret(text: &str) -> SecretBytes {
    SecretBytes::new(text.as_bytes().to_vec())
}

fn secret_of(password: &MachinePassword) -> SecretBytes {
    SecretBytes::new(password.expose().to_vec())
}

/// The hash that stands in 32 hexadecimal digits, or that of the password.
fn hash_of(secret: &SecretBytes) -> Key {
    match Key::from_hexadecimal(secret.expose()) {
        Some(hash) => hash,
        // It was taken from a text.
        None => crypto::nt_hash(str::from_utf8(secret.expose()).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u32 = 1_700_000_000;

    fn parse(content: &str) -> Result<SecretFile, String> {
        SecretFile::parse(&secret(content))
    }

    fn hashes(file: &SecretFile, now: u32) -> Vec<Key> {
        file.nt_hashes(NOW, now).iter().cloned().collect()
    }

    fn password(letter: &str) -> MachinePassword {
        MachinePassword::stored(&letter.repeat(MachinePassword::LENGTH)).unwrap()
    }

    #[test]
    fn a_change_is_begun_and_finished() {
        let old = parse("old\r\n").unwrap();
        assert_eq!(old.content().expose(), b"old\n");
        assert_eq!(hashes(&old, NOW), [crypto::nt_hash("old")]);

        let begun = old.begun(password("b"), NOW - 9);
        let new = "b".repeat(120);
        let expected = format!("old\nchanged {}\nnext {new}\n", NOW - 9);
        assert_eq!(begun.content().expose(), expected.as_bytes());
        let both = [crypto::nt_hash(&new), crypto::nt_hash("old")];
        // Without an end: the run may have been killed.
        for now in [NOW, NOW + OVERLAP, u32::MAX] {
            assert_eq!(hashes(&begun, now), both);
        }
        let abandoned = begun.clone().abandoned();
        let expected = format!("old\nchanged {}\n", NOW - 9);
        assert_eq!(abandoned.content().expose(), expected.as_bytes());

        let finished = begun.finished(NOW);
        let expected = format!("{new}\nchanged {NOW}\nprevious old\n");
        assert_eq!(finished.content().expose(), expected.as_bytes());
        assert_eq!(hashes(&finished, NOW + OVERLAP - 1), both);
        assert_eq!(hashes(&finished, NOW + OVERLAP), both[..1]);

        // The second change ends the use of the first secret, unless it is taken back.
        let begun = finished.clone().begun(password("c"), NOW);
        let newest = "c".repeat(120);
        let known = [crypto::nt_hash(&newest), crypto::nt_hash(&new)];
        assert_eq!(hashes(&begun, NOW), known);
        let content = |file: SecretFile| file.content().expose().to_vec();
        assert_eq!(content(begun.clone().abandoned()), content(finished));
        let expected = format!("{newest}\nchanged {}\nprevious {new}\n", NOW + 1);
        assert_eq!(content(begun.finished(NOW + 1)), expected.as_bytes());
    }

    #[test]
    fn what_is_written_is_read() {
        for content in [
            "old\n",
            "8846f7eaee8fb117ad06bdd830b7586c\nchanged 1\nprevious a b \n",
            "next a\nchanged 4294967295\nprevious previous x\n",
            &format!("old\nchanged 7\nnext {}\n", "-".repeat(120)),
        ] {
            let file = parse(content).unwrap();
            assert_eq!(file.content().expose(), content.as_bytes());
        }
    }

    #[test]
    fn a_previous_secret_of_an_administrator_counts_for_a_day_after_the_file_was_written() {
        let file = parse("new\nprevious 8846f7eaee8fb117ad06bdd830b7586c\n\n").unwrap();
        // MS-NLMP's password, in lower case.
        let both = [crypto::nt_hash("new"), crypto::nt_hash("password")];
        assert_eq!(hashes(&file, NOW + OVERLAP - 1), both);
        assert_eq!(hashes(&file, NOW + OVERLAP), both[..1]);
    }

    #[test]
    fn lines_that_are_not_valid_are_refused() {
        for line in [
            "x",
            "changed",
            "changed ",
            "changed yesterday",
            "changed 4294967296",
            "previous ",
            "next too-short",
            " previous x",
        ] {
            let problem = parse(&format!("hunter2\n\n{line}\n")).unwrap_err();
            assert!(problem.starts_with("line 3 is not valid"), "{problem}");
            assert!(!problem.contains("hunter2"), "{problem}");
        }
    }

    #[test]
    fn the_longest_content_is_within_the_limit() {
        // 256 characters of three bytes each.
        let longest = "李".repeat(256);
        let begun = parse(&longest).unwrap().begun(password("b"), u32::MAX);
        assert!(begun.content().expose().len() < 2048);
        let finished = format!("{longest}\nchanged {}\nprevious {longest}\n", u32::MAX);
        assert!(finished.len() as u64 <= LIMIT);
    }
}
