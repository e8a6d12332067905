//! The file of the secret while its account is reset.
//!
//! ```text
//! before the request      the present secret, and `next` the new one; the new one if none is there
//! the controller agrees   the new one, and `previous` the one before
//! it refuses              as before
//! no answer               both stay: the account has one of them
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use gss_ntlmdc::base::clock::seconds_since_1970;
use gss_ntlmdc::base::crypto::SecretBytes;
use gss_ntlmdc::dc::secret_file::SecretFile;

use super::files;
use crate::steps::Problem;

/// The file of the secret, as it was before.
pub struct ResetSecret {
    path: PathBuf,
    group: u32,
    /// `None` if there was none, or an empty one.
    before: Option<(SecretFile, u32)>,
}

impl ResetSecret {
    /// Reads the file.
    ///
    /// # Errors
    /// It is there, and is not a secret's.
    pub fn read(path: &Path, group: u32) -> Result<Self, Problem> {
        let is_used = fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0);
        let before = is_used.then(|| SecretFile::read(path)).transpose();
        let before = before.map_err(|problem| {
            Problem::new(
                format!("{}: {problem}", path.display()),
                "Mend the file or move it away, then run this again: a reset keeps the secret \
                 until the controller has the new one.",
            )
        })?;
        Ok(Self {
            path: path.to_owned(),
            group,
            before,
        })
    }

    /// The new password of an earlier run: the account may have it.
    pub fn password_of_earlier_run(&self) -> Option<SecretBytes> {
        let (file, _) = self.before.as_ref()?;
        let next = file.next()?;
        Some(SecretBytes::new(next.expose().to_vec()))
    }

    /// Before the request: adds the new password.
    ///
    /// # Errors
    /// The file cannot be written. It is as before.
    pub fn begin(&self, password: &SecretBytes) -> Result<(), Problem> {
        self.write(&self.begun(password).map_or_else(
            || SecretBytes::new([password.expose(), b"\n"].concat()),
            |file| file.content(),
        ))
    }

    fn begun(&self, password: &SecretBytes) -> Option<SecretFile> {
        let (file, modified) = self.before.clone()?;
        let text = str::from_utf8(password.expose()).ok()?;
        file.begun_with(text, modified)
    }

    /// The account has the new password.
    ///
    /// # Errors
    /// The file cannot be written. It has the new password among others.
    pub fn finish(&self, password: &SecretBytes) -> Result<(), Problem> {
        match self.begun(password) {
            Some(file) => self.write(&file.finished(seconds_since_1970()).content()),
            None => Ok(()),
        }
    }

    /// The account does not have the new password.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn take_back(&self) -> Result<(), Problem> {
        match &self.before {
            Some((file, _)) => self.write(&file.content()),
            None => fs::remove_file(&self.path).map_err(|error| files::failed(&self.path, &error)),
        }
    }

    /// What is left if the answer of the controller is not known.
    pub fn undecided(&self) -> Problem {
        let shown = self.path.display();
        let unknown = "whether the account has the new password is not known";
        match &self.before {
            Some(_) => Problem::new(
                format!("{unknown}; {shown} has the present one and the new one"),
                "Logins go on with either of them. Run this again with --reset: it sets the same \
                 new password.",
            ),
            None => Problem::new(
                format!("{unknown}; {shown} has it"),
                format!(
                    "Keep it. Move it to {shown}.kept, then run this again with --reset; or take \
                     the account with it: --offline --password-file {shown}.kept"
                ),
            ),
        }
    }

    fn write(&self, content: &SecretBytes) -> Result<(), Problem> {
        files::replace_secret(&self.path, content, self.group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    fn password() -> SecretBytes {
        SecretBytes::new(vec![b'n'; 120])
    }

    #[test]
    fn the_file_has_both_secrets_until_the_controller_answers() {
        let folder = tempfile::tempdir().unwrap();
        let group = fs::metadata(folder.path()).unwrap().gid();
        let path = folder.path().join("secret");
        let content = || fs::read_to_string(&path).unwrap();
        files::write(&path, b"old\n", 0o640, group).unwrap();
        let next = "n".repeat(120);

        let reset = ResetSecret::read(&path, group).unwrap();
        assert!(reset.password_of_earlier_run().is_none());
        reset.begin(&password()).unwrap();
        assert!(content().starts_with("old\nchanged "), "{}", content());
        assert!(content().ends_with(&format!("\nnext {next}\n")));
        reset.take_back().unwrap();
        assert_eq!(content(), "old\n");

        reset.begin(&password()).unwrap();
        let again = ResetSecret::read(&path, group).unwrap();
        let earlier = again.password_of_earlier_run().unwrap();
        assert_eq!(earlier.expose(), password().expose());
        again.finish(&earlier).unwrap();
        assert!(content().starts_with(&format!("{next}\nchanged ")));
        assert!(content().ends_with("\nprevious old\n"));
    }

    #[test]
    fn without_a_file_the_new_secret_is_there_before_the_request() {
        let folder = tempfile::tempdir().unwrap();
        let group = fs::metadata(folder.path()).unwrap().gid();
        let path = folder.path().join("secret");
        let reset = ResetSecret::read(&path, group).unwrap();
        reset.begin(&password()).unwrap();
        reset.finish(&password()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap().trim(), "n".repeat(120));
        assert!(reset.undecided().what.contains(&*path.to_string_lossy()));
        reset.take_back().unwrap();
        assert!(!path.exists());
        fs::write(&path, "a\nb\n").unwrap();
        assert!(ResetSecret::read(&path, group).is_err());
    }
}
