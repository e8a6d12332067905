//! One line for each decision, to the system log or to the host's standard error.
//!
//! The system log never stops a login: while it is stuck, lines are lost. Standard error is the
//! host's, and as fast as the host's own log.

use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::process;
use std::sync::Mutex;

use crate::base::config::LogTarget;
use crate::base::fault::is_unprintable;
use crate::base::process::PerProcess;

/// How much a line matters (RFC 5424 6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Something that an administrator must mend.
    Error = 3,
    /// Somebody was refused.
    Warning = 4,
    /// Somebody was let in.
    Info = 6,
}

/// Writes one line.
pub fn write(target: LogTarget, severity: Severity, line: fmt::Arguments<'_>) {
    match target {
        LogTarget::Syslog => to_system_log(severity, line),
        LogTarget::Stderr => {
            // In one call, so that lines of several processes do not mix.
            let text = text(format_args!("ntlmdc: {line}\n"));
            // Past the standard library's lock, which a fork could leave locked in the child.
            if let Ok(stderr) = io::stderr().as_fd().try_clone_to_owned() {
                let _ = File::from(stderr).write_all(text.as_bytes());
            }
        }
        LogTarget::Off => {}
    }
}

fn text(line: fmt::Arguments<'_>) -> String {
    /// That of most lines.
    const LENGTH: usize = 256;
    let mut text = String::with_capacity(LENGTH);
    let _ = text.write_fmt(line);
    text
}

/// Reports a bug of ours, from where no configuration is at hand.
pub fn internal_error(text: &str) {
    write(
        LogTarget::Syslog,
        Severity::Error,
        format_args!("internal error: {text}"),
    );
}

/// The socket of the system log, opened with the first line that this process writes.
static SYSTEM_LOG: PerProcess<Mutex<Option<UnixDatagram>>> = PerProcess::new();

fn to_system_log(severity: Severity, line: fmt::Arguments<'_>) {
    /// `LOG_AUTHPRIV` of syslog(3): the facility for what not everybody may read.
    const AUTHPRIV: u32 = 10 << 3;
    let message = text(format_args!(
        "<{}>ntlmdc[{}]: {line}",
        AUTHPRIV | severity as u32,
        process::id()
    ));
    let socket = SYSTEM_LOG.of_this_process(|| Mutex::new(None));
    // While another thread writes, a socket for this line alone is cheaper than waiting.
    match socket.try_lock() {
        Ok(mut kept) => {
            let sent = kept
                .as_ref()
                .is_some_and(|socket| socket.send(message.as_bytes()).is_ok());
            if !sent {
                // Not connected yet, or the log daemon was restarted.
                *kept = connect().filter(|socket| socket.send(message.as_bytes()).is_ok());
            }
        }
        Err(_) => {
            if let Some(socket) = connect() {
                let _ = socket.send(message.as_bytes());
            }
        }
    }
}

fn connect() -> Option<UnixDatagram> {
    let socket = UnixDatagram::unbound().ok()?;
    socket.set_nonblocking(true).ok()?;
    socket.connect("/dev/log").ok()?;
    Some(socket)
}

/// What a client typed, in quotes and on one line: control characters and quotes are escaped, so
/// that a quote is always one of ours. A backslash stays: it stands in most names.
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
    letter == '"' || is_unprintable(letter)
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
        let long = Quoted(&"x".repeat(1000)).to_string();
        assert_eq!(long.chars().count(), 128 + 3);
    }

    #[test]
    fn a_missing_log_daemon_is_no_error() {
        internal_error("only a test");
        internal_error("only a test");
    }
}
