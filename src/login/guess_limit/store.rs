//! Where the table is kept: in a file that the processes of this host share; or, where there can be
//! none, in the memory of each.
//!
//! A file that is damaged, or of another version, is replaced by an empty table under the lock of
//! the old file. A process that waited for that lock sees that the file has lost its name, and opens
//! the new one.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
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
/// How long a file is left alone that could not be used: waiting for a lock that is not given back
/// costs one login of a process time, not each.
const PAUSE: Duration = Duration::from_secs(1);
/// How many files in a row may be damaged, or replaced by another process at that moment.
const TRIES: u32 = 4;

pub(super) struct Store {
    /// None if every process counts for itself.
    path: Option<PathBuf>,
    log: LogTarget,
    process: PerProcess<Mutex<Opened>>,
}

/// What one process has.
#[derive(Default)]
struct Opened {
    file: Option<File>,
    memory: Vec<Page>,
    unused_until: Option<Instant>,
    told_alone: bool,
    told_size: bool,
}

impl Store {
    pub(super) fn new(path: Option<PathBuf>, log: LogTarget) -> Self {
        Self {
            path,
            log,
            process: PerProcess::new(),
        }
    }

    /// Works on the bucket of an account. What is written to the file stands; if that fails, the
    /// work is done again in memory.
    ///
    /// # Errors
    /// If the system has no random bytes.
    pub(super) fn with<T>(
        &self,
        account: &str,
        now: u64,
        work: impl Fn(&mut Bucket, Id) -> T,
    ) -> io::Result<T> {
        let mut opened = self.opened();
        if let Some(path) = &self.path
            && !opened.is_paused()
        {
            match self.in_file(path, &mut opened.file, |table| {
                table.with(account, now, &work)
            }) {
                Ok((result, size)) => {
                    self.tell_size(path, &mut opened, size);
                    return Ok(result);
                }
                Err(error) => self.tell_alone(path, &mut opened, &error),
            }
        }
        if opened.memory.is_empty() {
            opened.memory = table::empty()?;
        }
        let mut table = Table::open(&mut opened.memory, MOST_IN_MEMORY)?;
        let (result, _size) = table.with(account, now, &work)?;
        Ok(result)
    }

    fn opened(&self) -> MutexGuard<'_, Opened> {
        let opened = self.process.of_this_process(Mutex::default);
        opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on the table in the file, under its lock.
    fn in_file<T>(
        &self,
        path: &Path,
        opened: &mut Option<File>,
        work: impl Fn(&mut Table<&File>) -> io::Result<T>,
    ) -> io::Result<T> {
        for _ in 0..TRIES {
            let file = match opened.take() {
                Some(file) => file,
                None => open(path)?,
            };
            let file = &*opened.insert(file);
            let lock = Lock::take(file)?;
            let metadata = file.metadata()?;
            if metadata.nlink() > 0 {
                match Table::open(file, MOST_IN_FILE).and_then(|mut table| work(&mut table)) {
                    Err(error) if table::is_damage(&error) => {
                        self.replace(path, metadata.len(), &error)?;
                    }
                    outcome => return outcome,
                }
            }
            drop(lock);
            *opened = None;
        }
        Err(io::Error::other("replaced again and again"))
    }

    /// Puts an empty table in the place of a file that is none. An empty file is a new one.
    fn replace(&self, path: &Path, size: u64, damage: &io::Error) -> io::Result<()> {
        let bytes = SecretBytes::new(table::empty()?.concat());
        replace(&path.with_extension("guesses.new"), path, &bytes)?;
        if size > 0 {
            log::write(
                self.log,
                Severity::Warning,
                format_args!(
                    "{}: {damage}: replaced by an empty file; the wrong passwords counted in it \
                     are forgotten",
                    path.display()
                ),
            );
        }
        Ok(())
    }

    /// Says once that the file cannot be used.
    fn tell_alone(&self, path: &Path, opened: &mut Opened, error: &io::Error) {
        opened.unused_until = Instant::now().checked_add(PAUSE);
        if !std::mem::replace(&mut opened.told_alone, true) {
            log::write(
                self.log,
                Severity::Warning,
                format_args!(
                    "{}: {error}: as long as this lasts, each of the server's processes counts \
                     wrong passwords for itself; the directory must have mode 0700, belong to the \
                     user the server runs as, and have room",
                    path.display()
                ),
            );
        }
    }

    /// Says once that the table needs more room than it gets.
    fn tell_size(&self, path: &Path, opened: &mut Opened, size: io::Result<Size>) {
        let why = match size {
            Ok(Size::Fits) => return,
            Ok(Size::AtBound) => "the greatest size".to_owned(),
            Err(error) => format!("its size cannot be changed: {error}"),
        };
        if !std::mem::replace(&mut opened.told_size, true) {
            log::write(
                self.log,
                Severity::Warning,
                format_args!(
                    "{}: {why}: wrong passwords were counted for very many names; names beyond \
                     these may share counts",
                    path.display()
                ),
            );
        }
    }
}

impl Opened {
    fn is_paused(&self) -> bool {
        self.unused_until
            .is_some_and(|until| Instant::now() < until)
    }
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
