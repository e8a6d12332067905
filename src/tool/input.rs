//! What a subcommand reads: files, the standard input, a password.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use zeroize::Zeroizing;

/// More than any log that is worth a look, in bytes.
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
        false => Box::new(File::open(path).map_err(|error| told(path, &error))?),
    };
    let mut bytes = Vec::new();
    source
        .take(MAX_FILE)
        .read_to_end(&mut bytes)
        .map_err(|error| told(path, &error))?;
    Ok(bytes)
}

fn told(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// A password: the first line of a file, without its end; `-` is the standard input.
///
/// # Errors
/// The text says what is wrong with it.
pub fn first_line(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let source: Box<dyn Read> = match path.as_os_str() == "-" {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(path).map_err(|error| told(path, &error))?),
    };
    // Room for the longest: a buffer that grows leaves copies behind.
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_PASSWORD));
    BufReader::new(source.take(MAX_PASSWORD as u64))
        .read_until(b'\n', &mut line)
        .map_err(|error| told(path, &error))?;
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    match line.is_empty() {
        true => Err(format!("{}: no password in the first line", path.display())),
        false => Ok(line),
    }
}

/// A password that is typed on the terminal, without an echo.
///
/// # Errors
/// There is no terminal.
pub fn prompt(text: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    rpassword::prompt_password(text)
        .map(|password| Zeroizing::new(password.into_bytes()))
        .map_err(|error| format!("no terminal to ask for the password: {error}; see --help"))
}
