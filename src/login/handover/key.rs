//! The key that seals tokens: 32 random bytes in `export.key`.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::base::crypto::{self, Secret, SecretBytes};
use crate::base::file::private::{self, Lock, own_file, private};

const SIZE: usize = 32;

/// The key. `None`: there is no file, or it is damaged (another length).
///
/// # Errors
/// The file has another owner or mode, or cannot be read.
pub(super) fn read(directory: &Path) -> io::Result<Option<Secret<SIZE>>> {
    const LIMIT: u64 = SIZE as u64 + 1;
    match private::read(&directory.join("export.key"), LIMIT) {
        Ok(bytes) => Ok(bytes.expose().try_into().ok().map(Secret::new)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(about_the_key(error)),
    }
}

/// The key, made if there is none. A lock ensures that all processes get the same key.
///
/// # Errors
/// As [`read`]; or the key cannot be written.
pub(super) fn read_or_make(directory: &Path) -> io::Result<Secret<SIZE>> {
    if let Some(key) = read(directory)? {
        return Ok(key);
    }
    let path = directory.join("export.lock");
    let file = private(OpenOptions::new().write(true).create(true)).open(path)?;
    own_file(&file)?;
    let lock = Lock::take(&file)?;
    if let Some(key) = read(directory)? {
        return Ok(key);
    }
    let key = Secret::new(crypto::random().map_err(io::Error::other)?);
    let bytes = SecretBytes::new(key.expose().to_vec());
    let (new, path) = (directory.join("export.new"), directory.join("export.key"));
    private::replace(&new, &path, &bytes)?;
    drop(lock);
    Ok(key)
}

fn about_the_key(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("export.key: {error}"))
}
