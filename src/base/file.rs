//! Files that the configuration names: read as a whole, with a limit, and watched for changes.

pub mod private;
pub mod slots;
pub mod text;
pub mod watch;

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::process::{getegid, geteuid};

use crate::base::crypto::SecretBytes;

/// How long after a look at a file the next one follows at the earliest.
pub const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// The state of the file now: one `stat`, no open.
    ///
    /// # Errors
    /// What `stat` says.
    pub fn of(path: &Path) -> io::Result<Self> {
        std::fs::metadata(path).map(|metadata| Self::from(&metadata))
    }

    /// When the content was written, in seconds since 1970.
    #[must_use]
    pub fn modified(self) -> u32 {
        let (seconds, _) = self.modified;
        u32::try_from(seconds).unwrap_or_default()
    }

    /// The stamp, if a change after it would surely make another one. The kernel's file clock
    /// advances in steps of some milliseconds: a file that was just changed may be changed again
    /// without its times moving. Such a stamp must not be kept.
    #[must_use]
    pub fn settled(self, now: SystemTime) -> Option<Self> {
        const CLOCK_STEP: Duration = Duration::from_millis(50);
        let (seconds, nanos) = self.changed;
        let changed = SystemTime::UNIX_EPOCH
            .checked_add(Duration::new(
                u64::try_from(seconds).ok()?,
                u32::try_from(nanos).ok()?,
            ))?
            .checked_add(CLOCK_STEP)?;
        (changed <= now).then_some(self)
    }
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// Reads a file that holds no secret, at most `limit` bytes. Refuses one that is world-writable.
///
/// # Errors
/// The problem with the file, without its path, and the cure.
pub fn read(path: &Path, limit: u64) -> io::Result<(Vec<u8>, Stamp)> {
    let (mut file, metadata) = open(path)?;
    if metadata.mode() & 0o002 != 0 {
        return Err(io::Error::other(format!(
            "mode {:04o} lets others write it; make it 0644: chmod 0644",
            metadata.mode() & 0o7777
        )));
    }
    let bytes = read_to_end(&mut file, limit)?;
    Ok((bytes, Stamp::from(&metadata)))
}

/// Reads a file of the system, at most `limit` bytes. Its owner and mode are not checked.
///
/// # Errors
/// The problem with the file, without its path.
pub fn read_system(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let (mut file, _) = open(path)?;
    read_to_end(&mut file, limit)
}

/// Reads a file that holds secrets, at most `limit` bytes. Refuses one that others can read or
/// write.
///
/// # Errors
/// The problem with the file, without its path, and the cure.
pub fn read_secret(path: &Path, limit: u64) -> io::Result<(SecretBytes, Stamp)> {
    let (mut file, metadata) = open(path).map_err(with_cure)?;
    if metadata.mode() & 0o007 != 0 {
        return Err(io::Error::other(format!(
            "mode {:04o} lets others at it; {CURE}",
            metadata.mode() & 0o7777
        )));
    }
    let bytes = read_to_end(&mut file, limit).map(SecretBytes::new)?;
    Ok((bytes, Stamp::from(&metadata)))
}

const CURE: &str = "make it 0640, group of the server: chmod 0640, chgrp www-data";

/// Adds the process's user and group, and the cure, to a refused permission.
fn with_cure(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            let (user, group) = (geteuid().as_raw(), getegid().as_raw());
            let text = format!("{error}: this process is user {user}, group {group}; {CURE}");
            io::Error::new(io::ErrorKind::PermissionDenied, text)
        }
        _ => error,
    }
}

/// Opens a regular file for reading. Never waits, as opening a pipe would.
///
/// # Errors
/// The problem with the file, without its path.
pub fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    Ok((file, metadata))
}

fn read_to_end(file: &mut File, limit: u64) -> io::Result<Vec<u8>> {
    let size = file.metadata()?.len();
    if size > limit {
        return Err(io::Error::other(format!("longer than {limit} bytes")));
    }
    // With room for all, so that no copy of a secret stays behind in a buffer that grows.
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    file.take(size).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_is_for_owner_and_group_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        fs::write(&path, b"hunter2").unwrap();
        for (mode, taken) in [(0o600, true), (0o640, true), (0o644, false), (0o602, false)] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let read = read_secret(&path, 100);
            assert_eq!(read.is_ok(), taken, "{mode:o}");
            match read {
                Ok((secret, _)) => assert_eq!(secret.expose(), b"hunter2"),
                Err(error) => assert!(error.to_string().contains("chmod 0640")),
            }
        }
    }

    #[test]
    fn a_world_writable_file_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (mode, taken) in [(0o644, true), (0o640, true), (0o664, true), (0o666, false)] {
            fs::set_permissions(file.path(), Permissions::from_mode(mode)).unwrap();
            assert_eq!(read(file.path(), 100).is_ok(), taken, "{mode:o}");
        }
    }

    #[test]
    fn only_regular_files_of_bounded_size() {
        let directory = tempfile::tempdir().unwrap();
        let error = read(directory.path(), 100).unwrap_err();
        assert_eq!(error.to_string(), "not a regular file");

        let path = directory.path().join("config");
        fs::write(&path, [b'x'; 101]).unwrap();
        let error = read(&path, 100).unwrap_err();
        assert_eq!(error.to_string(), "longer than 100 bytes");
        assert_eq!(read(&path, 101).unwrap().0.len(), 101);
    }

    #[test]
    fn a_stamp_is_kept_only_once_the_file_clock_has_moved_on() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let stamp = Stamp::of(file.path()).unwrap();
        let now = SystemTime::now();
        assert_eq!(stamp.settled(now), None);
        assert_eq!(stamp.settled(now + Duration::from_secs(1)), Some(stamp));

        fs::write(file.path(), b"more").unwrap();
        assert_ne!(Stamp::of(file.path()).unwrap(), stamp);
    }
}
