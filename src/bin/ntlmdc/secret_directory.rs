//! The directory of the secret: root writes there, and one run at a time.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use gss_ntlmdc::base::file::private::Lock;

/// Takes the lock of a secret, which is a file beside it, behind symbolic links. It is kept as long
/// as the value.
///
/// # Errors
/// Another run has it, or what the system says.
pub fn lock(path: &Path) -> Result<Lock<File>, String> {
    let named = |error: io::Error| format!("{}: {error}", path.display());
    let real = path.canonicalize();
    let opened = open_lock(real.as_deref().unwrap_or(path)).map_err(named)?;
    Lock::take(opened).map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => format!(
            "{}: another `ntlmdc rotate`, `join` or `leave` is at work; wait for its end",
            path.display()
        ),
        _ => named(error),
    })
}

/// The file that is locked, which stays. Other users cannot open it: with the lock they could keep
/// the password from being changed.
fn open_lock(path: &Path) -> io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    options.mode(0o600).custom_flags(libc::O_NOFOLLOW);
    options.open(name)
}

/// Root writes in the directory: who can write there, or in one above it, could lead root to
/// another file. In a directory like /tmp others cannot replace what is root's (sticky bit).
///
/// # Errors
/// Which directory lets others write, and the cure.
pub fn check(directory: &Path) -> Result<(), String> {
    const STICKY: u32 = 0o1000;
    let named = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    let real = directory
        .canonicalize()
        .map_err(|error| named(directory, error))?;
    for (above, path) in real.ancestors().enumerate() {
        let metadata = fs::metadata(path).map_err(|error| named(path, error))?;
        let mode = metadata.mode() & 0o7777;
        let is_shut = mode & 0o022 == 0 || (above > 0 && mode & STICKY != 0);
        if metadata.uid() != 0 || !is_shut {
            let shown = path.display();
            return Err(format!(
                "{shown}: user {} and mode {mode:04o} let others than root write there; \
                 chown root {shown}, chmod go-w {shown}",
                metadata.uid()
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_directory_above_that_others_may_write_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let below = root.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        let is_root = fs::metadata(&below).unwrap().uid() == 0;
        assert_eq!(check(&below).is_ok(), is_root, "{:?}", check(&below));
        let above = root.path().join("a");
        fs::set_permissions(&above, Permissions::from_mode(0o777)).unwrap();
        let problem = check(&below).unwrap_err();
        assert!(
            !is_root || problem.starts_with(&*above.to_string_lossy()),
            "{problem}"
        );
        fs::set_permissions(&above, Permissions::from_mode(0o1777)).unwrap();
        assert_eq!(check(&below).is_ok(), is_root);
        assert!(check(&above).is_err());
    }

    #[test]
    fn two_runs_do_not_have_one_lock() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("secret");
        let first = lock(&path).unwrap();
        assert!(lock(&path).is_err_and(|problem| problem.contains("at work")));
        drop(first);
        assert!(lock(&path).is_ok());
    }
}
