//! Makes the file, maps it, and takes an entry. Once in a process, under a lock that the kernel
//! releases when its holder dies.
//!
//! The file never changes its size. It is made beside its place, with all its blocks, and renamed.
//! So a full disk is an error here, and no fault on a page later. A file that is damaged or of an
//! older version is replaced in the same way: a process that has the old one mapped keeps it, and
//! moves to the new one within ten seconds.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

use super::layout::{self, ENTRY, FILE, Field, SIZE, Total, WORDS, entries};
use super::liveness::{began, is_running};
use super::mapped::{Attached, FileId, MapFile, Place};
use crate::base::clock::seconds_since_1970;
use crate::base::file::private::{Lock, make_directory, own_directory, own_file, private};

/// Attaches to the file of this place, and makes it if necessary.
///
/// # Errors
/// The directory or the file cannot be used, another process holds the lock, or the disk is full.
pub(super) fn attach(place: &Place, map: MapFile) -> io::Result<Attached> {
    let directory = place.path();
    if let Place::Made(_) = place {
        make_directory(directory)?;
    }
    own_directory(directory)?;
    let mut options = OpenOptions::new();
    let lock = private(options.write(true).create(true)).open(directory.join("counters.lock"))?;
    own_file(&lock)?;
    let _turn = Lock::take(&lock)?;
    let path = directory.join(FILE);
    let file = match open(&path)? {
        Some(file) => file,
        None => make(directory, &path)?,
    };
    let metadata = file.metadata()?;
    let words = map(&file, WORDS)?;
    Ok(Attached {
        words,
        entry: take_entry(words),
        file: (metadata.dev(), metadata.ino()),
    })
}

/// Whether the file of this place is the one that is mapped.
pub(super) fn is_current(place: &Place, file: FileId) -> bool {
    let now = fs::symlink_metadata(place.path().join(FILE));
    now.is_ok_and(|now| (now.dev(), now.ino()) == file)
}

/// Opens the file. `None`: it is missing, damaged, or of an older version.
fn open(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    let mut file = match private(options.read(true).write(true)).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    own_file(&file)?;
    let mut first = [0; 8];
    let is_whole = file.metadata()?.len() == SIZE as u64 && file.read_exact(&mut first).is_ok();
    match layout::version(u64::from_ne_bytes(first)) {
        Some(newer) if newer > layout::VERSION => Err(io::Error::other("of a newer version")),
        Some(layout::VERSION) if is_whole => {
            // Another program may have made it with holes.
            allocate(&file)?;
            Ok(Some(file))
        }
        _ => Ok(None),
    }
}

/// Makes the file, with all its blocks.
fn make(directory: &Path, path: &Path) -> io::Result<File> {
    let beside = directory.join("counters.new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let file = private(options.read(true).write(true).create_new(true)).open(&beside)?;
    let filled = fill(&file).and_then(|()| fs::rename(&beside, path));
    if filled.is_err() {
        // It would take room from a full disk.
        let _not_worse = fs::remove_file(&beside);
    }
    filled.map(|()| file)
}

fn fill(mut file: &File) -> io::Result<()> {
    let mut words = vec![0; WORDS];
    let header = [
        (layout::MAGIC_WORD, layout::magic(layout::VERSION)),
        (layout::WORDS_WORD, WORDS as u64),
        (layout::MADE_WORD, seconds_since_1970().into()),
    ];
    for (index, value) in header {
        if let Some(word) = words.get_mut(index) {
            *word = value;
        }
    }
    allocate(file)?;
    let bytes: Vec<u8> = words.into_iter().flat_map(u64::to_ne_bytes).collect();
    file.write_all(&bytes)
}

/// Takes the blocks of the file from the disk. A file system that cannot has got the zeros that are
/// written.
fn allocate(file: &File) -> io::Result<()> {
    match fallocate(file, FallocateFlags::empty(), 0, SIZE as u64) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        outcome => Ok(outcome?),
    }
}

/// Takes a free entry; if there is none, that of a process that is gone. Only under the lock.
pub(super) fn take_entry(words: &[AtomicU64]) -> Option<usize> {
    let load = |index: usize| words.get(index).map(|word| word.load(Ordering::Relaxed));
    let process = |entry: &usize| load(entry + Field::Process as usize).unwrap_or_default();
    let is_free = |entry: &usize| process(entry) == 0;
    let is_left = |entry: &usize| {
        let began = load(entry + Field::Began as usize).unwrap_or_default();
        !is_running(process(entry), began)
    };
    let Some(entry) = entries().find(is_free).or_else(|| entries().find(is_left)) else {
        if let Some(word) = words.get(layout::total(Total::WithoutEntry)) {
            word.fetch_add(1, Ordering::Relaxed);
        }
        return None;
    };
    let store = |index: usize, value| {
        if let Some(word) = words.get(entry + index) {
            word.store(value, Ordering::Release);
        }
    };
    // The process comes last: a reader never finds it with the numbers of the one before.
    (0..ENTRY).for_each(|index| store(index, 0));
    store(
        Field::Began as usize,
        began(process::id()).unwrap_or_default(),
    );
    store(Field::Since as usize, seconds_since_1970().into());
    store(Field::Process as usize, process::id().into());
    Some(entry)
}
