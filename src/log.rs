//! One line for each decision, to the system log or to the host's standard error.
//!
//! The line goes out without waiting: a log that is stuck loses lines, it does not stop logins.

use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::os::unix::net::UnixDatagram;
use std::process;
use std::sync::Mutex;

use crate::config::LogTarget;
use crate::fault::is_unprintable;
use crate::process::PerProcess;

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
            let _ = std::io::stderr().write_all(format!("ntlmdc: {line}\n").as_bytes());
        }
        LogTarget::Off => {}
    }
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
    let message = format!(
        "<{}>ntlmdc[{}]: {line}",
        AUTHPRIV | severity as u32,
        process::id()
    );
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

/// What a client typed, in quotes and on one line: control characters and quotes are escaped.
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Enough for any name; a client could send 32,000 characters.
        const LONGEST: usize = 256;
        formatter.write_char('"')?;
        for (index, letter) in self.0.chars().enumerate() {
            match letter {
                _ if index == LONGEST => {
                    formatter.write_char('…')?;
                    break;
                }
                '"' => formatter.write_str("\\\"")?,
                _ if is_unprintable(letter) => write!(formatter, "{}", letter.escape_unicode())?,
                _ => formatter.write_char(letter)?,
            }
        }
        formatter.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_typed_stays_on_its_line() {
        assert_eq!(Quoted("EXAMPLE\\jürgen").to_string(), "\"EXAMPLE\\jürgen\"");
        assert_eq!(
            Quoted("a\nb\"c\u{1b}[31m\u{202e}").to_string(),
            "\"a\\u{a}b\\\"c\\u{1b}[31m\\u{202e}\""
        );
        let long = Quoted(&"x".repeat(1000)).to_string();
        assert_eq!(long.chars().count(), 256 + 3);
    }

    #[test]
    fn a_missing_log_daemon_is_no_error() {
        internal_error("only a test");
        internal_error("only a test");
    }
}
