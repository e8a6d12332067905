//! One line for each decision, to the system log or to the host's standard error. A line that the
//! system log does not accept goes to standard error: in a container or a chroot there is no system
//! log, and one that hangs must not stop a login. `stderr` says what counts as standard error.

mod held;
mod stderr;

use std::fmt::{self, Write as _};
use std::io;
use std::os::unix::net::UnixDatagram;
use std::process;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::base::config::LogTarget;
use crate::base::fault::{is_joiner, is_unprintable};
use crate::base::process::PerProcess;
pub use held::{hold, release};

/// The severity of a line (RFC 5424 6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// An administrator must act.
    Error = 3,
    /// A login was refused.
    Warning = 4,
    /// A login was accepted.
    Info = 6,
}

/// Writes one line.
pub fn write(target: LogTarget, severity: Severity, line: fmt::Arguments<'_>) {
    match target {
        LogTarget::Syslog => to_system_log(severity, line),
        LogTarget::Stderr => {
            /// The wait for a reader of a pipe that has fallen behind.
            const PATIENCE: Duration = Duration::from_millis(100);
            to_stderr(line, PATIENCE);
        }
        LogTarget::Off => {}
    }
}

fn to_stderr(line: fmt::Arguments<'_>, patience: Duration) {
    let line = text(format_args!("ntlmdc: {line}"));
    if !held::keep(&line) {
        stderr::write(line, patience);
    }
}

fn text(line: fmt::Arguments<'_>) -> String {
    /// The length of most lines.
    const LENGTH: usize = 256;
    let mut text = String::with_capacity(LENGTH);
    let _ = text.write_fmt(line);
    text
}

/// Reports a bug of ours, where no configuration is available.
pub fn internal_error(text: &str) {
    write(
        LogTarget::Syslog,
        Severity::Error,
        format_args!("internal error: {text}"),
    );
}

/// The socket of syslog(3).
const SOCKET: &str = "/dev/log";

/// The socket of the system log, opened with the first line that this process writes.
static SYSTEM_LOG: PerProcess<Mutex<Option<UnixDatagram>>> = PerProcess::new();
/// Whether this process has logged that lines for the system log go to standard error.
static TOLD: PerProcess<AtomicBool> = PerProcess::new();

/// Each line tries the system log first, so that it is used again as soon as it works.
fn to_system_log(severity: Severity, line: fmt::Arguments<'_>) {
    /// `LOG_AUTHPRIV` of syslog(3): the facility for lines that not every user may read.
    const AUTHPRIV: u32 = 10 << 3;
    let message = text(format_args!(
        "<{}>ntlmdc[{}]: {line}",
        AUTHPRIV | severity as u32,
        process::id()
    ));
    let Err(error) = send(message.as_bytes()) else {
        return;
    };
    let told = TOLD.of_this_process(AtomicBool::default);
    if !told.swap(true, Ordering::Relaxed) {
        let notice = format_args!(
            "the system log {SOCKET} cannot be used: {error}; log lines of this process go to \
             standard error until it can"
        );
        to_stderr(notice, Duration::ZERO);
    }
    to_stderr(line, Duration::ZERO);
}

fn send(message: &[u8]) -> io::Result<()> {
    let socket = SYSTEM_LOG.of_this_process(|| Mutex::new(None));
    // While another thread writes, a socket for this line alone is cheaper than waiting.
    let Ok(mut kept) = socket.try_lock() else {
        return connect()?.send(message).map(drop);
    };
    if let Some(socket) = kept.as_ref()
        && socket.send(message).is_ok()
    {
        return Ok(());
    }
    // Not connected yet, or the log daemon was restarted.
    *kept = None;
    let fresh = connect()?;
    fresh.send(message)?;
    *kept = Some(fresh);
    Ok(())
}

fn connect() -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect(SOCKET)?;
    Ok(socket)
}

/// A text from a client, in quotes and on one line. Control characters and quotes are escaped, so
/// that every quote is one of ours. A backslash is not: most names have one.
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Enough for any name; a client could send 1,024 characters.
        const LONGEST: usize = 128;
        let shown = match self.0.char_indices().nth(LONGEST) {
            Some((end, _)) => self.0.get(..end).unwrap_or_default(),
            None => self.0,
        };
        formatter.write_char('"')?;
        for run in shown.split_inclusive(needs_escape) {
            let last = run.chars().next_back().filter(|last| needs_escape(*last));
            let plain = run.len() - last.map_or(0, char::len_utf8);
            formatter.write_str(run.get(..plain).unwrap_or_default())?;
            if let Some(letter) = last {
                write!(formatter, "{}", letter.escape_unicode())?;
            }
        }
        formatter.write_str(if shown.len() < self.0.len() {
            "…\""
        } else {
            "\""
        })
    }
}

fn needs_escape(letter: char) -> bool {
    letter == '"' || is_unprintable(letter) || is_joiner(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_typed_stays_on_its_line() {
        assert_eq!(Quoted("EXAMPLE\\jürgen").to_string(), "\"EXAMPLE\\jürgen\"");
        assert_eq!(
            Quoted("a\nb\"c\u{1b}[31m\u{202e}").to_string(),
            "\"a\\u{a}b\\u{22}c\\u{1b}[31m\\u{202e}\""
        );
        assert_eq!(
            Quoted("a\u{200e}b\u{200f}c\u{61c}d\u{200c}e\u{fe0f}").to_string(),
            "\"a\\u{200e}b\\u{200f}c\\u{61c}d\\u{200c}e\\u{fe0f}\""
        );
        let long = Quoted(&"x".repeat(1000)).to_string();
        assert_eq!(long.chars().count(), 128 + 3);
    }
}
