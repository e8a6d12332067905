//! The machine account's secret, from its file or its keytab.
//!
//! It is read for each handshake and not kept, so a change of the file needs no restart. A change
//! is also noticed, so that no channel that was opened with the old secret is used any longer.

use std::fmt::Display;
use std::path::Path;
use std::sync::Mutex;

use crate::base::clock::seconds_since_1970;
use crate::base::config;
use crate::base::crypto::Key;
use crate::base::fault::{Fault, Minor};
use crate::base::file;
use crate::base::file::watch::{FileWatch, Look};
use crate::base::process::PerProcess;
use crate::dc::keytab;
use crate::dc::nt_hashes::NtHashes;
use crate::dc::secret_file::SecretFile;

/// Notices when the file of the secret has changed.
pub(super) struct Watch(PerProcess<Mutex<FileWatch>>);

impl Watch {
    /// Reads nothing yet.
    pub(super) fn new() -> Self {
        Self(PerProcess::new())
    }

    /// Whether the file has changed since it was last looked at, which is once a second at most. No
    /// thread waits for another that looks.
    pub(super) fn has_changed(&self, secret: &config::AccountSecret) -> bool {
        let (config::AccountSecret::File(path) | config::AccountSecret::Keytab(path)) = secret;
        let watch = self.0.of_this_process(|| {
            let mut watch = FileWatch::default();
            watch.look(path);
            Mutex::new(watch)
        });
        let look = watch.try_lock().map(|mut watch| watch.look(path));
        look.is_ok_and(|look| look != Look::Unchanged)
    }
}

/// Reads the NT hashes that the account's password may have.
///
/// # Errors
/// [`Minor::SecretFileUnusable`] with the path and the cure.
pub(super) fn nt_hashes(config: &config::Netlogon) -> Result<NtHashes, Fault> {
    let now = seconds_since_1970();
    match &config.secret {
        config::AccountSecret::File(path) => SecretFile::read(path)
            .map(|(file, modified)| file.nt_hashes(modified, now))
            .map_err(|problem| unusable(path, &problem)),
        config::AccountSecret::Keytab(path) => {
            let keytab = file::read_secret(path, keytab::LIMIT);
            let (keytab, _) = keytab.map_err(|error| unusable(path, &error))?;
            let account = config.account.account();
            keytab::nt_hashes(keytab.expose(), account, &config.domain, now)
                .map_err(|problem| unusable(path, &problem))
        }
    }
}

/// Whether the machine account's secret can be read and used, by this process.
///
/// # Errors
/// [`Minor::SecretFileUnusable`] with the path and the cure.
pub fn check(config: &config::Netlogon) -> Result<(), Fault> {
    nt_hashes(config).map(drop)
}

/// The NT hashes that the machine account's password may have, newest first: a change of it may be
/// under way. At least one.
///
/// # Errors
/// [`Minor::SecretFileUnusable`] with the path and the cure.
pub fn machine_nt_hashes(config: &config::Netlogon) -> Result<Vec<Key>, Fault> {
    nt_hashes(config).map(|hashes| hashes.iter().cloned().collect())
}

fn unusable(path: &Path, problem: &dyn Display) -> Fault {
    Minor::SecretFileUnusable.because(format_args!("{}: {problem}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    fn file(directory: &tempfile::TempDir, content: &[u8], mode: u32) -> PathBuf {
        let path = directory.path().join("secret");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    fn nt_hash(path: &Path) -> Result<Key, Fault> {
        let config = config::fixture::netlogon(&format!("secret = {path:?}"));
        nt_hashes(&config).map(|hashes| hashes.newest)
    }

    #[test]
    fn passwords_and_hashes_are_read() {
        let directory = tempfile::tempdir().unwrap();
        // MS-NLMP 4.2.2.1.2: NTOWFv1 of "Password".
        let hash = hex!("a4f49c406510bdcab6824ee7c30fd852");
        for content in [
            "Password",
            "\u{FEFF}Password\r\n",
            "\u{FEFF}a4f49c406510bdcab6824ee7c30fd852\r\n",
            "Password\n",
            "Password\r\n",
            "a4f49c406510bdcab6824ee7c30fd852",
            "A4F49C406510BDCAB6824EE7C30FD852\n",
        ] {
            let path = file(&directory, content.as_bytes(), 0o640);
            assert_eq!(nt_hash(&path).unwrap().expose(), &hash, "{content}");
        }
        // Not 32 digits: a password.
        let path = file(&directory, b"a4f49c406510bdcab6824ee7c30fd85g", 0o600);
        assert_ne!(nt_hash(&path).unwrap().expose(), &hash);
    }

    #[test]
    fn what_cannot_be_a_secret_is_refused_with_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let refused = |path: &Path, what: &str| {
            let fault = nt_hash(path).unwrap_err();
            assert_eq!(fault.minor(), Minor::SecretFileUnusable);
            let text = fault.for_the_log();
            assert!(text.contains(path.to_str().unwrap()), "{text}");
            assert!(text.contains(what), "{text}");
            assert!(!text.contains("hunter2"), "{text}");
        };
        refused(&directory.path().join("missing"), "No such file");
        refused(directory.path(), "not a regular file");
        refused(&file(&directory, b"hunter2", 0o644), "chmod 0640");
        refused(&file(&directory, b"\n", 0o640), "empty");
        refused(&file(&directory, b"\xEF\xBB\xBF\r\n", 0o640), "empty");
        refused(&file(&directory, b"hunter2\xFF", 0o640), "UTF-8");
        let wide: Vec<u8> = "hunter2"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        refused(&file(&directory, &wide, 0o640), "UTF-16LE");
        let marked = [b"\xFF\xFE", wide.as_slice()].concat();
        refused(
            &file(&directory, &marked, 0o640),
            "iconv -f UTF-16 -t UTF-8",
        );
        refused(&file(&directory, b"\x05\x02\0\0\0\x01x", 0o640), "`keytab`");
        refused(&file(&directory, &[b'x'; 4097], 0o640), "longer than 4096");
    }
}
