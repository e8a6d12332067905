//! The key that tokens are sealed with: 32 random bytes in `export.key`.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::base::crypto::{self, Secret, SecretBytes};
use crate::base::file::private::{self, Lock, own_file, private};

const SIZE: usize = 32;

/// The key, if there is one. A file of another length is damaged, and as good as none.
///
/// # Errors
/// The file is not ours alone, or cannot be read.
pub(super) fn read(directory: &Path) -> io::Result<Option<Secret<SIZE>>> {
    const ONE_MORE: u64 = SIZE as u64 + 1;
    match private::read(&directory.join("export.key"), ONE_MORE) {
        Ok(bytes) => Ok(bytes.expose().try_into().ok().map(Secret::new)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(about_the_key(error)),
    }
}

/// The key; a new one if there is none. Whoever makes it, all have the same.
///
/// # Errors
/// As [`read`]; or it cannot be made.
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
