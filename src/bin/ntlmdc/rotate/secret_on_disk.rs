//! The file of the secret: read with the rights of the server's user, replaced with root's.

use std::fmt;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, IsTerminal, Write as _};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use gss_ntlmdc::base::file::private::Lock;
use gss_ntlmdc::dc::rotation::RotationHost;
use gss_ntlmdc::dc::secret_file::SecretFile;

use crate::privileges::BorrowedRights;
use crate::secret_directory;

/// The file, locked against other runs.
pub struct SecretOnDisk {
    /// Behind symbolic links.
    path: PathBuf,
    directory: PathBuf,
    rights: BorrowedRights,
    _lock: Lock<File>,
}

impl SecretOnDisk {
    /// Takes the lock, which is a file beside this one.
    ///
    /// # Errors
    /// Another run has it; the file is missing, or not safe in its directory.
    pub fn lock(path: &Path, rights: BorrowedRights) -> Result<Self, String> {
        let named = |error: io::Error| format!("{}: {error}", path.display());
        let is_root = rights.is_root();
        let (real, directory, lock) = rights.as_root(|| {
            let real = path.canonicalize().map_err(named)?;
            let directory = real.parent().unwrap_or(Path::new("/")).to_owned();
            if is_root {
                secret_directory::check(&directory)?;
            }
            let lock = secret_directory::lock(&real)?;
            Ok((real, directory, lock))
        })?;
        Ok(Self {
            path: real,
            directory,
            rights,
            _lock: lock,
        })
    }

    /// Beside the file, on the same file system. `join` has another name: what it leaves behind
    /// if it is killed may be the account's password.
    fn new_path(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".rotate");
        name.into()
    }

    /// Writes the new file beside the old one, with its owner and mode.
    fn write_beside(&self, file: &SecretFile) -> io::Result<()> {
        let new = self.new_path();
        match fs::remove_file(&new) {
            // A run that was killed left it.
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let old = fs::metadata(&self.path)?;
        let mut options = OpenOptions::new();
        // It follows no link: there is no such name.
        let mut opened = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        opened.write_all(file.content().expose())?;
        opened.set_permissions(Permissions::from_mode(old.mode() & 0o7777))?;
        fchown(&opened, Some(old.uid()), Some(old.gid()))?;
        opened.sync_all()
    }

    fn put_in_place(&self) -> io::Result<()> {
        fs::rename(self.new_path(), &self.path)?;
        File::open(&self.directory)?.sync_all()
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

impl RotationHost for SecretOnDisk {
    fn read(&mut self) -> Result<(SecretFile, u32), String> {
        SecretFile::read(&self.path)
            .map_err(|problem| format!("{}: {problem}", self.path.display()))
    }

    fn write(&mut self, file: &SecretFile) -> Result<(), String> {
        let new = self.new_path();
        let written = self.rights.as_root(|| {
            self.write_beside(file)
                .map_err(|error| self.problem(&error))
        });
        // With the rights of the server, which has to read it.
        let readable = written.and_then(|()| {
            SecretFile::read(&new).map(drop).map_err(|problem| {
                format!("{}: the server could not read it: {problem}", new.display())
            })
        });
        self.rights.as_root(|| {
            let placed =
                readable.and_then(|()| self.put_in_place().map_err(|error| self.problem(&error)));
            if placed.is_err() {
                let _gone_already = fs::remove_file(&new);
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
