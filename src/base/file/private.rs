//! Files that the processes of one server share: ours alone, or not used.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::geteuid;

use crate::base::crypto::SecretBytes;

/// Makes the directory if there is none: where the parent lets us, or an administrator has.
///
/// # Errors
/// What is wrong, without the path.
pub fn make_directory(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // A reader of the log is helped more by what is missing than by why we could not make it.
        Err(error) if fs::symlink_metadata(path).is_ok() => Err(error),
        Err(error) => Err(io::Error::new(error.kind(), format!("missing ({error})"))),
        Ok(()) => Ok(()),
    }
}

/// A directory that only we can change: no link, ours, closed to others.
///
/// # Errors
/// What is wrong, without the path.
pub fn own_directory(path: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_dir() {
        return Err(io::Error::other("not a directory"));
    }
    let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
    if mode & 0o077 != 0 {
        return Err(io::Error::other(format!("mode {mode:04o} lets others in")));
    }
    match geteuid().as_raw() {
        us if us == owner => Ok(()),
        us => Err(io::Error::other(format!(
            "it belongs to user {owner}, and this process is user {us}"
        ))),
    }
}

/// An open file that only we can change.
///
/// # Errors
/// What is wrong, without the path.
pub fn own_file(file: &File) -> io::Result<()> {
    let metadata = file.metadata()?;
    let is_ours = metadata.uid() == geteuid().as_raw();
    if !metadata.is_file() || !is_ours || metadata.mode() & 0o077 != 0 {
        return Err(io::Error::other("not a file of ours with mode 0600"));
    }
    Ok(())
}

/// Never through a link, never waiting as for a pipe; 0600 if it is made.
pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
}

/// Reads a file that only we can change, no more than `limit` bytes of it.
///
/// # Errors
/// What is wrong, without the path.
pub fn read(path: &Path, limit: u64) -> io::Result<SecretBytes> {
    let file = private(OpenOptions::new().read(true)).open(path)?;
    own_file(&file)?;
    let mut bytes = Vec::with_capacity(usize::try_from(limit).unwrap_or_default());
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(SecretBytes::new(bytes))
}

/// Writes the bytes to `new` and renames it to `path`. Only a process with the lock of the file may
/// call this. What a killed process left in `new` is removed.
///
/// # Errors
/// What the system says.
pub fn replace(new: &Path, path: &Path, bytes: &SecretBytes) -> io::Result<()> {
    match fs::remove_file(new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private(OpenOptions::new().write(true).create_new(true)).open(new)?;
    file.write_all(bytes.expose())?;
    fs::rename(new, path)
}

/// A file that the processes of a host read, and that is replaced as a whole: a reader sees the old
/// content or the new one. Its directory is an administrator's to make; without it nothing is shared.
pub struct SharedFile {
    directory: PathBuf,
    name: String,
}

impl SharedFile {
    /// Looks at nothing yet.
    pub fn new(directory: &Path, name: String) -> Self {
        let directory = directory.to_owned();
        Self { directory, name }
    }

    /// Where the content is.
    pub fn path(&self) -> PathBuf {
        self.directory.join(&self.name)
    }

    /// Reads the file, no more than `limit` bytes of it.
    ///
    /// # Errors
    /// The directory or the file is missing, or others can change it.
    pub fn read(&self, limit: u64) -> io::Result<SecretBytes> {
        own_directory(&self.directory)?;
        read(&self.path(), limit)
    }

    /// Replaces the file, or makes it.
    ///
    /// # Errors
    /// The directory is missing, or others can change it; what the system says.
    pub fn replace(&self, content: &SecretBytes) -> io::Result<()> {
        own_directory(&self.directory)?;
        let beside = |suffix| self.directory.join(format!("{}.{suffix}", self.name));
        let mut options = OpenOptions::new();
        let lock = private(options.write(true).create(true)).open(beside("lock"))?;
        own_file(&lock)?;
        let _turn = Lock::take(&lock)?;
        replace(&beside("new"), &self.path(), content)
    }
}

/// No other process works under the lock of the file until it is dropped.
pub struct Lock<'a>(&'a File);

impl<'a> Lock<'a> {
    /// No process has it for longer than it takes to read and write a few bytes.
    const PATIENCE: Duration = Duration::from_millis(250);

    /// Waits for the lock, though not for ever.
    ///
    /// # Errors
    /// `TimedOut`, or what the system says.
    pub fn take(file: &'a File) -> io::Result<Self> {
        let patience = Instant::now() + Self::PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if Instant::now() >= patience => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_micros(200)),
            }
        }
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        // Closing would not do: a process that was forked meanwhile has the file open too.
        let _gone_anyway = self.0.unlock();
    }
}
