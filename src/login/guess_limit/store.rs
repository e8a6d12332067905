//! Stores the table in a file that the processes of this host share; without a usable file, in the
//! memory of each process.
//!
//! A file that is damaged, or of another version, is replaced by an empty table under the lock of
//! the old file. A process that waited for that lock sees that the file has no name left, and opens
//! the new one.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::mem;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::bucket::{Bucket, PAGE, Page};
use super::record::Id;
use super::table::{self, Pages, Size, Table};
use crate::base::config::LogTarget;
use crate::base::crypto::SecretBytes;
use crate::base::file::private::{Lock, make_directory, own_directory, own_file, private, replace};
use crate::base::log::{self, Severity};
use crate::base::process::PerProcess;

/// Bound of the file: 64 MiB, 1.5 million names before they begin to share counts.
const MOST_IN_FILE: u32 = 16_384;
/// Bound of the memory of each process: 4 MiB, 90,000 names.
const MOST_IN_MEMORY: u32 = 1024;
/// How long an unusable file is not tried again. So the wait for a lock that is never released
/// delays one login of a process, not each.
const PAUSE: Duration = Duration::from_secs(1);
/// How often in a row the file may be damaged, or be replaced by another process.
const TRIES: u32 = 4;

pub(super) struct Store {
    /// `None`: every process counts alone.
    path: Option<PathBuf>,
    log: LogTarget,
    process: PerProcess<Mutex<Tables>>,
}

/// The tables of one process.
#[derive(Default)]
struct Tables {
    file: Option<File>,
    memory: Vec<Page>,
    unused_until: Option<Instant>,
    logged_alone: bool,
    logged_size: bool,
    /// Log lines, written after the mutex is released.
    warnings: Vec<String>,
}

impl Store {
    pub(super) fn new(path: Option<PathBuf>, log: LogTarget) -> Self {
        Self {
            path,
            log,
            process: PerProcess::new(),
        }
    }

    /// Works on the bucket of an account. If the work cannot be written to the file, it is done
    /// again in memory.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub(super) fn with<T>(
        &self,
        account: &str,
        now: u64,
        work: impl Fn(&mut Bucket, Id) -> T,
    ) -> io::Result<T> {
        // The mutex is held during the I/O: the file's lock does not exclude threads that share its
        // descriptor. With descriptors of their own they would poll for that lock.
        let mut tables = self.tables();
        let outcome = tables.with(self.path.as_deref(), account, now, work);
        let warnings = mem::take(&mut tables.warnings);
        drop(tables);
        for warning in warnings {
            log::write(self.log, Severity::Warning, format_args!("{warning}"));
        }
        outcome
    }

    /// How many names in the file are at the limit now, and how many have wrong guesses. `None`:
    /// there is no file. Takes no lock: a page that is being written is read again.
    pub(super) fn survey(&self, limit: u16, now: u64) -> io::Result<Option<(u64, u64)>> {
        let Some(path) = &self.path else {
            return Ok(None);
        };
        let file = match private(OpenOptions::new().read(true)).open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        own_file(&file)?;
        let read = || Table::open(&file, MOST_IN_FILE)?.survey(limit, now);
        read().or_else(|_| read()).map(Some)
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        let tables = self.process.of_this_process(Mutex::default);
        tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn with<T>(
        &mut self,
        path: Option<&Path>,
        account: &str,
        now: u64,
        work: impl Fn(&mut Bucket, Id) -> T,
    ) -> io::Result<T> {
        if let Some(path) = path.filter(|_| !self.is_paused()) {
            match self.in_file(path, |table| table.with(account, now, &work)) {
                Ok((result, size)) => {
                    self.warn_of_size(path, size);
                    return Ok(result);
                }
                Err(error) => self.warn_of_counting_alone(path, &error),
            }
        }
        if self.memory.is_empty() {
            self.memory = table::empty()?;
        }
        let mut table = Table::open(&mut self.memory, MOST_IN_MEMORY)?;
        let (result, _size) = table.with(account, now, &work)?;
        Ok(result)
    }

    fn is_paused(&self) -> bool {
        self.unused_until
            .is_some_and(|until| Instant::now() < until)
    }

    /// Works on the table in the file, under the file's lock.
    fn in_file<T>(
        &mut self,
        path: &Path,
        work: impl Fn(&mut Table<&File>) -> io::Result<T>,
    ) -> io::Result<T> {
        for _ in 0..TRIES {
            let file = match self.file.take() {
                Some(file) => file,
                None => open(path)?,
            };
            let file = &*self.file.insert(file);
            let lock = Lock::take(file)?;
            let metadata = file.metadata()?;
            if metadata.nlink() > 0 {
                match Table::open(file, MOST_IN_FILE).and_then(|mut table| work(&mut table)) {
                    Err(error) if table::is_damage(&error) => {
                        replace_by_empty(path)?;
                        // An empty file is a new one.
                        if metadata.len() > 0 {
                            self.warnings.push(replaced(path, &error));
                        }
                    }
                    outcome => return outcome,
                }
            }
            drop(lock);
            self.file = None;
        }
        Err(io::Error::other("damaged or replaced on every try"))
    }

    /// Warns once that the file cannot be used.
    fn warn_of_counting_alone(&mut self, path: &Path, error: &io::Error) {
        self.unused_until = Instant::now().checked_add(PAUSE);
        if !mem::replace(&mut self.logged_alone, true) {
            self.warnings.push(format!(
                "{}: {error}: as long as this lasts, each of the server's processes counts wrong \
                 passwords for itself; the directory must have mode 0700, belong to the user the \
                 server runs as, and have room",
                path.display()
            ));
        }
    }

    /// Warns once that the table cannot grow as it needs to.
    fn warn_of_size(&mut self, path: &Path, size: io::Result<Size>) {
        let why = match size {
            Ok(Size::Fits) => return,
            Ok(Size::AtBound) => "the table has its greatest size".to_owned(),
            Err(error) => format!("its size cannot be changed: {error}"),
        };
        if !mem::replace(&mut self.logged_size, true) {
            self.warnings.push(format!(
                "{}: {why}: wrong passwords were counted for very many names; names beyond these \
                 may share counts",
                path.display()
            ));
        }
    }
}

/// Replaces a file that is not a valid table.
fn replace_by_empty(path: &Path) -> io::Result<()> {
    let bytes = SecretBytes::new(table::empty()?.concat());
    replace(&path.with_extension("guesses.new"), path, &bytes)
}

fn replaced(path: &Path, damage: &io::Error) -> String {
    format!(
        "{}: {damage}: replaced by an empty file; the wrong passwords counted in it are forgotten",
        path.display()
    )
}

fn open(path: &Path) -> io::Result<File> {
    let directory = path.parent().ok_or(ErrorKind::NotFound)?;
    make_directory(directory)?;
    own_directory(directory)?;
    let mut options = OpenOptions::new();
    let file = private(options.read(true).write(true).create(true)).open(path)?;
    own_file(&file)?;
    Ok(file)
}

impl Pages for &File {
    fn read(&self, number: u32) -> io::Result<Page> {
        let mut page = [0; PAGE];
        self.read_exact_at(&mut page, offset(number)?)?;
        Ok(page)
    }

    fn write(&mut self, number: u32, page: &Page) -> io::Result<()> {
        self.write_all_at(page, offset(number)?)
    }

    fn cut(&mut self, count: u32) -> io::Result<()> {
        self.set_len(offset(count)?)
    }
}

fn offset(number: u32) -> io::Result<u64> {
    let size = u64::try_from(PAGE).map_err(io::Error::other)?;
    Ok(size * u64::from(number))
}

impl Pages for &mut Vec<Page> {
    fn read(&self, number: u32) -> io::Result<Page> {
        let number = usize::try_from(number).map_err(io::Error::other)?;
        self.get(number)
            .copied()
            .ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }

    fn write(&mut self, number: u32, page: &Page) -> io::Result<()> {
        let number = usize::try_from(number).map_err(io::Error::other)?;
        match self.get_mut(number) {
            Some(old) => *old = *page,
            None => self.push(*page),
        }
        Ok(())
    }

    fn cut(&mut self, count: u32) -> io::Result<()> {
        let count = usize::try_from(count).map_err(io::Error::other)?;
        Vec::truncate(self, count);
        self.shrink_to(2 * count);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
