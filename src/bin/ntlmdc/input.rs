//! What a subcommand reads: files, the standard input, a password.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write as _};
use std::path::Path;

use gss_ntlmdc::base::crypto::SecretBytes;
use nix::sys::signal::{SigSet, Signal};

/// The longest file that is read, in bytes.
const MAX_FILE: u64 = 256 * 1024 * 1024;
/// The longest password of a domain has 256 characters.
const MAX_PASSWORD: usize = 4096;

/// The bytes of a file; `-` is the standard input.
///
/// # Errors
/// The text says which file and why.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    let source: Box<dyn Read> = match path.as_os_str() == "-" {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(path).map_err(|error| with_path(path, &error))?),
    };
    let mut bytes = Vec::new();
    source
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| with_path(path, &error))?;
    match bytes.len() as u64 > MAX_FILE {
        true => Err(format!("{}: longer than 256 MiB", path.display())),
        false => Ok(bytes),
    }
}

fn with_path(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// The password of `whose`: from a file, or typed on the terminal.
///
/// # Errors
/// The file has none, or there is no terminal.
pub fn password(file: Option<&Path>, whose: &str) -> Result<SecretBytes, String> {
    match file {
        Some(path) => first_line(path),
        None => prompt(&format!("Password of {whose}: ")),
    }
}

/// A password: the first line of a file, without its end; `-` is the standard input.
///
/// # Errors
/// The text says what is wrong with it.
pub fn first_line(path: &Path) -> Result<SecretBytes, String> {
    let source: Box<dyn Read> = match path.as_os_str() == "-" {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(path).map_err(|error| with_path(path, &error))?),
    };
    // The buffer of a reader is not wiped.
    let line = line(&mut BufReader::with_capacity(1, source), MAX_PASSWORD)
        .map_err(|error| with_path(path, &error))?;
    match line {
        Some(line) if !line.expose().is_empty() => Ok(line),
        _ => Err(format!("{}: no password in the first line", path.display())),
    }
}

/// A line without its end, which may hold a password; `None` at the end of the input.
///
/// # Errors
/// `InvalidData`: the line is longer than `limit` bytes; it is skipped. Any other error of reading.
pub fn line(input: &mut impl BufRead, limit: usize) -> io::Result<Option<SecretBytes>> {
    // Room for the longest: a buffer that grows leaves copies behind.
    let mut line = Vec::with_capacity(limit);
    let read = input
        .by_ref()
        .take(limit as u64)
        .read_until(b'\n', &mut line);
    let is_ended = line.pop_if(|last| *last == b'\n').is_some();
    if is_ended {
        line.pop_if(|last| *last == b'\r');
    }
    let is_full = !is_ended && line.len() == limit;
    let line = SecretBytes::new(line);
    match read? {
        0 => Ok(None),
        _ if is_full => {
            input.skip_until(b'\n')?;
            let problem = "the line is too long";
            Err(io::Error::new(io::ErrorKind::InvalidData, problem))
        }
        _ => Ok(Some(line)),
    }
}

/// A password that is typed on the terminal, without an echo.
fn prompt(text: &str) -> Result<SecretBytes, String> {
    // What was printed comes first, also through a pipe.
    let _lost = io::stdout().flush();
    // Ctrl-C ends the process when the terminal is as it was before.
    let interrupt = SigSet::from(Signal::SIGINT);
    let _not_blocked = interrupt.thread_block();
    let typed = rpassword::prompt_password(text);
    let _not_unblocked = interrupt.thread_unblock();
    typed
        .map(|password| SecretBytes::new(password.into_bytes()))
        .map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => "interrupted".to_owned(),
            _ => format!("no terminal to ask for the password: {error}; see --help"),
        })
}

/// Asks a question on the terminal, and returns whether the answer is yes. `None`: there is no
/// terminal to ask on.
pub fn confirm(question: &str) -> Option<bool> {
    let input = io::stdin();
    if !input.is_terminal() || !io::stderr().is_terminal() {
        return None;
    }
    anstream::eprint!("{question}");
    let answer = line(&mut input.lock(), MAX_PASSWORD).ok()??;
    let answer = str::from_utf8(answer.expose()).ok()?.trim().to_lowercase();
    Some(["y", "yes"].contains(&answer.as_str()))
}
