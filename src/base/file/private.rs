//! Files that the processes of one server share. They are used only if they are ours alone.

use std::borrow::Borrow;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::geteuid;

use crate::base::backoff::Backoff;
use crate::base::crypto::SecretBytes;
use crate::base::net::Deadline;

/// Makes the directory if there is none.
///
/// # Errors
/// The problem, without the path.
pub fn make_directory(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // What is missing helps a reader of the log more than why it could not be made.
        Err(error) if fs::symlink_metadata(path).is_ok() => Err(error),
        Err(error) => Err(io::Error::new(
            error.kind(),
            format!("it is missing, and this process cannot make it ({error})"),
        )),
        Ok(()) => Ok(()),
    }
}

/// Checks that only we can change a directory: no link, ours, closed to others.
///
/// # Errors
/// The problem, without the path.
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

/// Checks that only we can change an open file.
///
/// # Errors
/// The problem, without the path.
pub fn own_file(file: &File) -> io::Result<()> {
    let metadata = file.metadata()?;
    let is_ours = metadata.uid() == geteuid().as_raw();
    if !metadata.is_file() || !is_ours || metadata.mode() & 0o077 != 0 {
        return Err(io::Error::other("not a file of ours with mode 0600"));
    }
    Ok(())
}

/// Options for a private file: no link is followed, opening never waits, a new file has mode 0600.
pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
}

/// Reads a file that only we can change, no more than `limit` bytes of it.
///
/// # Errors
/// The problem, without the path.
pub fn read(path: &Path, limit: u64) -> io::Result<SecretBytes> {
    let file = private(OpenOptions::new().read(true)).open(path)?;
    own_file(&file)?;
    let mut bytes = Vec::with_capacity(usize::try_from(limit).unwrap_or_default());
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(SecretBytes::new(bytes))
}

/// Writes the bytes to `new` and renames it to `path`. Only a process that holds the lock of the
/// file may call this. Removes a `new` that a killed process left behind.
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

/// A file that the processes of a host share. It is replaced as a whole, so a reader sees the old
/// content or the new one. An administrator makes its directory; without it nothing is shared.
pub struct SharedFile {
    directory: PathBuf,
    name: String,
}

impl SharedFile {
    /// Reads nothing yet.
    pub fn new(directory: &Path, name: String) -> Self {
        let directory = directory.to_owned();
        Self { directory, name }
    }

    /// The path of the file.
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

/// The lock of a file, which no other process has until it is dropped.
///
/// The kernel releases it when the process dies, unless a child that was forked meanwhile lives on
/// without an exec: the child has the file open too. So no process waits for it without end.
#[derive(Debug)]
pub struct Lock<F: Borrow<File>>(F);

impl<F: Borrow<File>> Lock<F> {
    /// Waits for the lock of a file that no process holds for longer than it takes to read and
    /// write a few bytes.
    ///
    /// # Errors
    /// `TimedOut`, or what the system says.
    pub fn take(file: F) -> io::Result<Self> {
        const PATIENCE: Duration = Duration::from_millis(250);
        const PAUSE: Duration = Duration::from_micros(200);
        let backoff = Backoff::new(PAUSE, PAUSE);
        let lock = Self::wait(file, backoff, Deadline::after(PATIENCE))?;
        lock.ok_or_else(|| io::ErrorKind::TimedOut.into())
    }

    /// Waits for the lock of a file that another process may hold for long. `None` when the
    /// deadline is over.
    ///
    /// # Errors
    /// What the system says.
    pub fn take_by(file: F, deadline: Deadline) -> io::Result<Option<Self>> {
        let backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(16));
        Self::wait(file, backoff, deadline)
    }

    /// The locked file.
    #[cfg(test)]
    pub fn file(&self) -> &File {
        self.0.borrow()
    }

    fn wait(file: F, mut backoff: Backoff, deadline: Deadline) -> io::Result<Option<Self>> {
        loop {
            match file.borrow().try_lock() {
                Ok(()) => return Ok(Some(Self(file))),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) => {}
            }
            if backoff.pause(deadline).is_none() {
                return Ok(None);
            }
        }
    }
}

impl<F: Borrow<File>> Drop for Lock<F> {
    fn drop(&mut self) {
        // Closing is not enough: a process that was forked meanwhile has the file open too.
        let _gone_anyway = self.0.borrow().unlock();
    }
}
