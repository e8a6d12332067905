//! Files that are replaced as a whole: each is written beside its place, and then renamed. It is
//! there as a whole, or not at all, also when power fails.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// Who has a file, and who may use it. `None`: as the process makes it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Access {
    pub mode: u32,
    pub owner: Option<u32>,
    pub group: Option<u32>,
}

/// A file that is complete, beside its place.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    /// Its place.
    target: PathBuf,
}

/// The path of the draft of a file.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

impl Draft {
    /// Writes a file of the name of `path` with `ending`, in the place of one that an earlier run
    /// has left.
    ///
    /// # Errors
    /// What the system says. There is no draft.
    pub fn write(path: &Path, ending: &str, bytes: &[u8], access: Access) -> io::Result<Self> {
        let beside = beside(path, ending);
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        // It follows no link: there is no such name.
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)?;
        let written = file.write_all(bytes).and_then(|()| grant(&file, access));
        written.inspect_err(|_| drop(fs::remove_file(&beside)))?;
        Ok(Self {
            path: beside,
            target: path.to_owned(),
        })
    }

    /// The draft that an earlier run has left, with this access; `None` if there is none.
    ///
    /// # Errors
    /// What the system says. The draft is still there.
    pub fn left(path: &Path, ending: &str, access: Access) -> io::Result<Option<Self>> {
        let beside = beside(path, ending);
        let mut options = OpenOptions::new();
        let opened = options
            .write(true)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&beside);
        let file = match opened {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        grant(&file, access)?;
        Ok(Some(Self {
            path: beside,
            target: path.to_owned(),
        }))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it into its place.
    ///
    /// # Errors
    /// What the system says.
    pub fn place(&self) -> io::Result<()> {
        fs::rename(&self.path, &self.target)?;
        let directory = self.target.parent().unwrap_or(&self.target);
        File::open(directory)?.sync_all()
    }
}

fn grant(file: &File, access: Access) -> io::Result<()> {
    // The mode first: then the file may be another user's, who alone could change it.
    file.set_permissions(Permissions::from_mode(access.mode))?;
    fchown(file, access.owner, access.group)?;
    file.sync_all()
}

/// Writes a file as a whole.
///
/// # Errors
/// What the system says. The file is as before.
pub fn replace(path: &Path, ending: &str, bytes: &[u8], access: Access) -> io::Result<()> {
    let draft = Draft::write(path, ending, bytes, access)?;
    let placed = draft.place();
    placed.inspect_err(|_| drop(fs::remove_file(draft.path())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let access = Access {
            mode: 0o640,
            group: Some(fs::metadata(folder.path()).unwrap().gid()),
            ..Access::default()
        };
        for content in [&b"one"[..], b"two"] {
            // A draft of a killed run is no obstacle.
            fs::write(beside(&path, ".new"), b"half").unwrap();
            replace(&path, ".new", content, access).unwrap();
            assert_eq!(fs::read(&path).unwrap(), content);
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
            assert!(!beside(&path, ".new").exists());
        }
        fs::create_dir(beside(&path, ".dir")).unwrap();
        assert!(replace(&path, ".dir", b"three", access).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"two");
    }
}
