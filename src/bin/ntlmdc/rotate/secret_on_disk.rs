//! The file of the secret: read with the rights of the server's user, replaced with root's.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use gss_ntlmdc::base::file::private::Lock;
use gss_ntlmdc::dc::rotation::RotationHost;
use gss_ntlmdc::dc::secret_file::SecretFile;

use crate::privileges::BorrowedRights;
use crate::secret_directory;
use crate::whole_file::{Access, Draft};

/// The end of the new file's name, beside the old one. `join` has another one: what it leaves
/// behind if it is killed may be the account's password.
const ENDING: &str = ".rotate";

/// The file, locked against other runs.
pub struct SecretOnDisk<'a> {
    /// Behind symbolic links.
    path: PathBuf,
    rights: &'a BorrowedRights,
    _lock: Lock<File>,
}

impl<'a> SecretOnDisk<'a> {
    /// Takes the lock, which is a file beside this one.
    ///
    /// # Errors
    /// Another run has it; the file is missing, or not safe in its directory.
    pub fn lock(path: &Path, rights: &'a BorrowedRights) -> Result<Self, String> {
        let named = |error: io::Error| format!("{}: {error}", path.display());
        let is_root = rights.is_root();
        let (real, lock) = rights.as_root(|| {
            let real = path.canonicalize().map_err(named)?;
            if is_root {
                secret_directory::check(real.parent().unwrap_or(Path::new("/")))?;
            }
            let lock = secret_directory::lock(&real)?;
            Ok((real, lock))
        })?;
        Ok(Self {
            path: real,
            rights,
            _lock: lock,
        })
    }

    /// Writes the new file beside the old one, with its owner and mode.
    fn write_beside(&self, file: &SecretFile) -> io::Result<Draft> {
        let old = fs::metadata(&self.path)?;
        let access = Access {
            mode: old.mode() & 0o7777,
            owner: Some(old.uid()),
            group: Some(old.gid()),
        };
        Draft::write(&self.path, ENDING, file.content().expose(), access)
    }

    fn problem(&self, error: &io::Error) -> String {
        let path = self.path.display();
        match error.kind() {
            io::ErrorKind::PermissionDenied => {
                format!("{path} cannot be replaced: {error}; run it as root")
            }
            io::ErrorKind::ResourceBusy => format!(
                "{path} cannot be replaced: {error}; it is mounted by itself: mount its directory"
            ),
            _ => format!("{path} cannot be replaced: {error}"),
        }
    }
}

impl RotationHost for SecretOnDisk<'_> {
    fn read(&mut self) -> Result<(SecretFile, u32), String> {
        SecretFile::read(&self.path)
            .map_err(|problem| format!("{}: {problem}", self.path.display()))
    }

    fn write(&mut self, file: &SecretFile) -> Result<(), String> {
        let draft = self.rights.as_root(|| {
            self.write_beside(file)
                .map_err(|error| self.problem(&error))
        })?;
        // With the rights of the server, which has to read it.
        let readable = SecretFile::read(draft.path()).map(drop).map_err(|problem| {
            let shown = draft.path().display();
            format!("{shown}: the server could not read it: {problem}")
        });
        self.rights.as_root(|| {
            let placed =
                readable.and_then(|()| draft.place().map_err(|error| self.problem(&error)));
            if placed.is_err() {
                let _gone_already = fs::remove_file(draft.path());
            }
            placed
        })
    }

    fn tell(&mut self, step: fmt::Arguments<'_>) {
        if io::stderr().is_terminal() {
            anstream::eprintln!("{step} …");
        }
    }
}

#[cfg(test)]
mod tests;
