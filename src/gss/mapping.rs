//! The mapping of the file of counters, which the processes of a server share.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::AtomicU64;

/// Maps the first `words` words of a file that was opened for reading and writing. Children share
/// the mapping after a fork. It is never unmapped, so no thread can use it afterwards; a process
/// makes one for each file that it counts in.
///
/// What remains: an access behind the end of a file that was cut short ends the process (SIGBUS).
/// The file has its whole size here, and all its blocks (`base/counters/attach.rs`). Only a process
/// of the same user can cut it: the file has mode 0600 in a directory of mode 0700. Such a process
/// could as well kill this one.
///
/// # Errors
/// The file is too short; or what the system says.
pub fn map_words(file: &File, words: usize) -> io::Result<&'static [AtomicU64]> {
    let size = words.checked_mul(size_of::<AtomicU64>());
    let size = size.filter(|size| *size > 0 && *size <= isize::MAX as usize);
    let size = size.ok_or(io::ErrorKind::InvalidInput)?;
    if file.metadata()?.len() < size as u64 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let descriptor = file.as_raw_fd();
    // SAFETY: the kernel chooses the address, so no memory of this process is replaced. The
    // descriptor is open. Size and offset are valid, else the call fails.
    let start = unsafe {
        libc::mmap(
            ptr::null_mut(),
            size,
            protection,
            libc::MAP_SHARED,
            descriptor,
            0,
        )
    };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    let start = NonNull::new(start.cast::<AtomicU64>()).ok_or(io::ErrorKind::OutOfMemory)?;
    // SAFETY: the mapping has this size, begins at a page and is never unmapped. Every bit pattern
    // is a valid `AtomicU64`. This process accesses it through these atomics only, and so do other
    // processes with this library; the mapping may change at any time, as atomics may.
    Ok(unsafe { slice::from_raw_parts(start.as_ptr(), words) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::FileExt as _;
    use std::sync::atomic::Ordering;

    fn file(size: u64) -> File {
        let file = tempfile::tempfile().unwrap();
        file.set_len(size).unwrap();
        file
    }

    #[test]
    fn a_mapping_is_the_file_and_outlives_its_descriptor() {
        let file = file(4096);
        let words = map_words(&file, 512).unwrap();
        assert_eq!(words.len(), 512);
        let again = file.try_clone().unwrap();
        drop(file);
        words[511].fetch_add(7, Ordering::Relaxed);
        let mut last = [0; 8];
        again.read_exact_at(&mut last, 4088).unwrap();
        assert_eq!(u64::from_ne_bytes(last), 7);
        again.write_all_at(&9_u64.to_ne_bytes(), 0).unwrap();
        assert_eq!(words[0].load(Ordering::Relaxed), 9);
    }

    #[test]
    fn a_file_that_is_too_short_is_refused() {
        assert!(map_words(&file(4095), 512).is_err());
        assert!(map_words(&file(4096), 0).is_err());
        assert!(map_words(&file(4096), usize::MAX).is_err());
        let directory = fs::File::open("/").unwrap();
        assert!(map_words(&directory, 1).is_err());
    }
}
