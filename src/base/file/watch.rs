//! Notices when a file has changed, at the cost of one `stat` a second.

use std::path::Path;
use std::time::{Instant, SystemTime};

use super::{LOOK_AGAIN, Stamp};

/// What is known of a file since the last look.
#[derive(Debug, Default)]
pub struct FileWatch {
    looked: Option<Instant>,
    /// The state at the last look. `None`: there was no file, or one that was just written.
    stamp: Option<Stamp>,
}

/// What a look at the file has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nothing new, or it was looked at less than a second ago.
    Unchanged,
    /// It is not what it was at the last look, or may not be.
    Changed,
    /// There is no such file, or it cannot be looked at; there was one before.
    Gone,
}

impl FileWatch {
    /// Looks at the file, once a second at most. The first look finds a file changed.
    pub fn look(&mut self, path: &Path) -> Look {
        if self.looked.is_some_and(|at| at.elapsed() < LOOK_AGAIN) {
            return Look::Unchanged;
        }
        self.looked = Some(Instant::now());
        let stamp = Stamp::of(path).ok();
        let before = self.stamp;
        self.stamp = stamp.and_then(|stamp| stamp.settled(SystemTime::now()));
        match stamp {
            _ if stamp == before => Look::Unchanged,
            Some(_) => Look::Changed,
            None => Look::Gone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::time::Duration;

    fn look_later(watch: &mut FileWatch, path: &Path) -> Look {
        watch.looked = None;
        watch.look(path)
    }

    #[test]
    fn a_file_that_was_written_is_changed_and_one_that_is_left_alone_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let mut watch = FileWatch::default();
        assert_eq!(watch.look(&path), Look::Unchanged, "none yet");
        fs::write(&path, "1").unwrap();
        assert_eq!(watch.look(&path), Look::Unchanged, "looked at just now");
        assert_eq!(look_later(&mut watch, &path), Look::Changed);
        assert_eq!(look_later(&mut watch, &path), Look::Changed, "not settled");
        std::thread::sleep(Duration::from_millis(60));
        assert_eq!(look_later(&mut watch, &path), Look::Changed);
        assert_eq!(look_later(&mut watch, &path), Look::Unchanged);
        let earlier = SystemTime::now() - Duration::from_secs(9);
        File::open(&path).unwrap().set_modified(earlier).unwrap();
        assert_eq!(look_later(&mut watch, &path), Look::Changed);
        fs::remove_file(&path).unwrap();
        assert_ne!(look_later(&mut watch, &path), Look::Changed);
    }
}
