//! `decode`: NTLM and SPNEGO tokens, field by field. What passwords can be guessed from is hidden.

mod message;
mod payload;
mod proof;
mod response;
mod spnego;
#[cfg(test)]
mod tests;
pub mod token;
mod transcript;

use crate::arguments::Decode;
use crate::input;
use crate::report::Report;
pub use response::push_av_pairs;
use transcript::Entry;

/// Explains every token in the arguments and files, or in the standard input if there are none.
///
/// # Errors
/// A file cannot be read, or there is no token.
pub fn run(arguments: &Decode) -> Result<Report, String> {
    let mut entries: Vec<Entry> = arguments
        .tokens
        .iter()
        .flat_map(|text| transcript::read(text.as_bytes()))
        .collect();
    for path in &arguments.file {
        entries.extend(transcript::read(&input::read(path)?));
    }
    if arguments.tokens.is_empty() && arguments.file.is_empty() && !arguments.password_stdin {
        entries = transcript::read(&input::read("-".as_ref())?);
    }
    if entries.is_empty() {
        return Err(
            "no NTLM or SPNEGO token found: give Base64 or hex, an HTTP header (Authorization, \
             WWW-Authenticate), or a file that holds one"
                .to_owned(),
        );
    }
    let mut sections = transcript::explain(&entries);
    if arguments.password_stdin {
        let tokens = transcript::tokens(entries);
        sections.push(proof::check(&tokens, arguments)?);
    }
    Ok(Report { sections })
}
