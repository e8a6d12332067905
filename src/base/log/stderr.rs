//! The host's standard error, if file descriptor 2 is a log. A daemon may have closed its standard
//! streams, and descriptor 2 may have become one of its own files or a client's connection. A line
//! is written only to a descriptor that is certainly neither:
//!
//! | descriptor 2 | written to |
//! |---|---|
//! | regular file | opened for appending, or for writing only; a database is opened for both |
//! | pipe, terminal | yes |
//! | socket | the journal's (its peer is `/run/systemd/journal/stdout`); no other |
//! | anything else, or closed | no |
//! A pipe by which a daemon wakes itself cannot be distinguished from one to a log. No descriptor
//! is opened, duplicated or closed: closing a duplicate would release the host's record locks
//! (fcntl(2)).

use std::io::IsTerminal as _;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
use socket2::SockRef;

/// The longest line that a pipe takes as a whole or not at all (pipe(7), `PIPE_BUF`).
const LONGEST: usize = 4096;
/// Where journald listens for the standard error of services.
const JOURNAL: &str = "/run/systemd/journal/stdout";

/// Writes one line in one call, so that lines of several processes do not mix. The line is lost if
/// there is no room within `patience`, or if descriptor 2 is not a log.
pub(super) fn write(line: String, patience: Duration) {
    write_to(rustix::stdio::stderr(), line, patience);
}

fn write_to(fd: BorrowedFd<'_>, mut line: String, patience: Duration) {
    let Some(kind) = Kind::of(fd) else {
        return;
    };
    let most = line.len().min(LONGEST - 1);
    let end = (0..=most).rev().find(|end| line.is_char_boundary(*end));
    line.truncate(end.unwrap_or_default());
    line.push('\n');
    // poll(2) says of every regular file that there is room.
    if kind != Kind::File && !has_room(fd, patience) {
        return;
    }
    match kind {
        Kind::File | Kind::Stream => {
            let _ = rustix::io::write(fd, line.as_bytes());
        }
        Kind::Socket => {
            let without_waiting = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
            let _ = SockRef::from(&fd).send_with_flags(line.as_bytes(), without_waiting);
        }
    }
}

/// How to write to a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    /// A pipe or a terminal.
    Stream,
    Socket,
}

impl Kind {
    /// `None` if the descriptor is not a log.
    fn of(fd: BorrowedFd<'_>) -> Option<Self> {
        let stat = fstat(fd).ok()?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => {
                let flags = fcntl_getfl(fd).ok()?;
                let access = flags & OFlags::RWMODE;
                let is_log = flags.contains(OFlags::APPEND) || access == OFlags::WRONLY;
                is_log.then_some(Self::File)
            }
            FileType::Fifo => Some(Self::Stream),
            FileType::CharacterDevice => fd.is_terminal().then_some(Self::Stream),
            FileType::Socket => {
                let peer = SockRef::from(&fd).peer_addr().ok()?;
                (peer.as_pathname() == Some(Path::new(JOURNAL))).then_some(Self::Socket)
            }
            _ => None,
        }
    }
}

/// Whether a line can be written within `patience`: there is room, and a pipe has a reader. Without
/// a reader the writer would get SIGPIPE.
fn has_room(fd: BorrowedFd<'_>, patience: Duration) -> bool {
    let mut wanted = [PollFd::from_borrowed_fd(fd, PollFlags::OUT)];
    let patience = Timespec::try_from(patience).ok();
    // A signal ends the wait: then there is no room yet.
    let polled = poll(&mut wanted, patience.as_ref());
    let [wanted] = wanted;
    polled.is_ok() && wanted.revents() == PollFlags::OUT
}

#[cfg(test)]
mod tests;
