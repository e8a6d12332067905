//! A mapped file of counters, and where it is.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::layout::Field;

/// Maps so many words at the start of a file, for the rest of the process's life.
pub type MapFile = fn(&File, usize) -> io::Result<&'static [AtomicU64]>;

/// Which state directory is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// This one, which is made if it is missing.
    Made(PathBuf),
    /// This one, if an administrator has made it.
    IfThere(PathBuf),
}

impl Place {
    /// The directory.
    pub fn path(&self) -> &Path {
        let (Self::Made(path) | Self::IfThere(path)) = self;
        path
    }
}

/// A mapped file, and the entry of this process in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attached {
    pub(super) words: &'static [AtomicU64],
    /// The first word of the entry. `None`: there is no free one.
    pub(super) entry: Option<usize>,
    pub(super) file: FileId,
}

/// Device and inode.
pub(super) type FileId = (u64, u64);

impl Attached {
    pub(super) fn word(&self, index: usize) -> Option<&'static AtomicU64> {
        self.words.get(index)
    }

    pub(super) fn field(&self, field: Field) -> Option<&'static AtomicU64> {
        self.entry
            .and_then(|entry| self.word(entry + field as usize))
    }

    pub(super) fn add(&self, index: usize, more: u64) {
        if let Some(word) = self.word(index) {
            word.fetch_add(more, Ordering::Relaxed);
        }
    }

    pub(super) fn add_to_field(&self, field: Field, more: u64) {
        if let Some(word) = self.field(field) {
            word.fetch_add(more, Ordering::Relaxed);
        }
    }

    pub(super) fn set_field(&self, field: Field, value: u64) {
        if let Some(word) = self.field(field) {
            word.store(value, Ordering::Relaxed);
        }
    }
}
