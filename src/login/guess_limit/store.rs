//! Where the counts are kept: in a file that the processes of this host share; or, where there can
//! be none, in the memory of each.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `ntlmdc`, 0, version 2 |
//! | 16 | a random key: nobody else can tell which names fall together |
//! | 8 | zeros |
//! | 512 times 256 | [`Records`] |

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::table::{self, Id, Records};
use crate::base::config::LogTarget;
use crate::base::crypto::{self, Key};
use crate::base::file::private::{Lock, make_directory, own_directory, own_file, private};
use crate::base::log::{self, Severity};
use crate::base::process::PerProcess;

const MAGIC: &[u8; 8] = b"ntlmdc\0\x02";
const KEY_AT: u64 = 8;
const HEADER: usize = 32;
const BUCKETS: u16 = 512;

pub(super) struct Store {
    /// None if every process counts for itself.
    path: Option<PathBuf>,
    log: LogTarget,
    process: PerProcess<Mutex<Opened>>,
}

/// What one process has.
#[derive(Default)]
struct Opened {
    shared: Option<Shared>,
    own: Vec<Records>,
    told: bool,
}

/// The file, and the key in it.
struct Shared {
    file: File,
    key: Key,
}

impl Store {
    pub(super) fn new(path: Option<PathBuf>, log: LogTarget) -> Self {
        Self {
            path,
            log,
            process: PerProcess::new(),
        }
    }

    /// Works on the records where this account's is.
    pub(super) fn with<T>(&self, account: &str, work: impl Fn(&mut Records, Id) -> T) -> T {
        let mut opened = self.opened();
        if let Some(path) = &self.path {
            match in_file(path, &mut opened.shared, account, &work) {
                Ok(result) => return result,
                Err(error) => self.tell_once(path, &mut opened.told, &error),
            }
        }
        if opened.own.is_empty() {
            opened.own = vec![Records::default(); BUCKETS.into()];
        }
        let (id, bucket) = place_of(&Key::new([0; 16]), account);
        match opened.own.get_mut(usize::from(bucket)) {
            Some(records) => work(records, id),
            None => work(&mut Records::default(), id),
        }
    }

    fn opened(&self) -> MutexGuard<'_, Opened> {
        let opened = self.process.of_this_process(Mutex::default);
        opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_once(&self, path: &Path, told: &mut bool, error: &io::Error) {
        if !std::mem::replace(told, true) {
            log::write(
                self.log,
                Severity::Warning,
                format_args!(
                    "{}: {error}: each of the server's processes counts wrong passwords for \
                     itself; make the directory with mode 0700 for the user the server runs as",
                    path.display()
                ),
            );
        }
    }
}

fn in_file<T>(
    path: &Path,
    opened: &mut Option<Shared>,
    account: &str,
    work: impl Fn(&mut Records, Id) -> T,
) -> io::Result<T> {
    // Somebody may have taken the file away: then the others count in another.
    let is_gone = |shared: &Shared| shared.file.metadata().map_or(0, |file| file.nlink()) == 0;
    let shared = match opened.take().filter(|shared| !is_gone(shared)) {
        Some(shared) => shared,
        None => Shared::open(path)?,
    };
    let Shared { file, key } = opened.insert(shared);
    let _lock = Lock::take(file)?;
    let (id, bucket) = place_of(key, account);
    let offset = HEADER + usize::from(bucket) * table::SIZE;
    let offset = u64::try_from(offset).map_err(io::Error::other)?;
    let mut bytes = [0; table::SIZE];
    file.read_exact_at(&mut bytes, offset)?;
    let before = Records::decode(&bytes);
    let mut records = before;
    let result = work(&mut records, id);
    if records != before {
        file.write_all_at(&records.encode(), offset)?;
    }
    Ok(result)
}

impl Shared {
    fn open(path: &Path) -> io::Result<Self> {
        let directory = path.parent().ok_or(ErrorKind::NotFound)?;
        make_directory(directory)?;
        own_directory(directory)?;
        let mut options = OpenOptions::new();
        let file = private(options.read(true).write(true).create(true)).open(path)?;
        own_file(&file)?;
        let key = prepare(&file)?;
        Ok(Self { file, key })
    }
}

/// The file's key; a new file is filled first, what shows that it is one last.
fn prepare(file: &File) -> io::Result<Key> {
    let _lock = Lock::take(file)?;
    let size = HEADER + usize::from(BUCKETS) * table::SIZE;
    let size = u64::try_from(size).map_err(io::Error::other)?;
    if file.metadata()?.len() < size {
        file.set_len(size)?;
    }
    let mut magic = [0; 8];
    file.read_exact_at(&mut magic, 0)?;
    let mut key = [0; 16];
    match &magic {
        MAGIC => file.read_exact_at(&mut key, KEY_AT)?,
        [0, 0, 0, 0, 0, 0, 0, 0] => {
            key = crypto::random().map_err(io::Error::other)?;
            file.write_all_at(&key, KEY_AT)?;
            file.write_all_at(MAGIC, 0)?;
        }
        _ => {
            let problem = "it is of another version, or of another program";
            return Err(io::Error::other(problem));
        }
    }
    Ok(Key::new(key))
}

/// What stands for an account, and where it is counted.
fn place_of(key: &Key, account: &str) -> (Id, u16) {
    let [a, b, id @ ..] = crypto::hmac_sha256(key, &[account.as_bytes()]);
    let mut short = Id::default();
    short.iter_mut().zip(id).for_each(|(to, from)| *to = from);
    (short, u16::from_le_bytes([a, b]) % BUCKETS)
}

#[cfg(test)]
mod tests;
