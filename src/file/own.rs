//! Files that the processes of one server share: ours alone, or not used.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

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
    match effective_user()? {
        us if us == owner => Ok(()),
        us => Err(io::Error::other(format!(
            "it belongs to user {owner}, and we are user {us}"
        ))),
    }
}

/// An open file that only we can change.
///
/// # Errors
/// What is wrong, without the path.
pub fn own_file(file: &File) -> io::Result<()> {
    let metadata = file.metadata()?;
    let is_ours = metadata.uid() == effective_user()?;
    if !metadata.is_file() || !is_ours || metadata.mode() & 0o077 != 0 {
        return Err(io::Error::other("not a file of ours with mode 0600"));
    }
    Ok(())
}

/// The process's effective user, from `Uid:` of proc(5): real, effective, saved, file system.
fn effective_user() -> io::Result<u32> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    line.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse().ok())
        .ok_or_else(|| io::Error::other("/proc/self/status does not tell who we are"))
}

/// Never through a link, never waiting as for a pipe; 0600 if it is made.
pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
}
