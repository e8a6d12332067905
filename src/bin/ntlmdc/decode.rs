//! `decode`: NTLM and SPNEGO tokens, field by field. What passwords can be guessed from is hidden.

mod message;
mod payload;
mod proof;
mod response;
mod spnego;
#[cfg(test)]
mod tests;
mod token;

use crate::arguments::Decode;
use crate::input;
use crate::report::{Report, Section};
pub use response::push_av_pairs;
use token::Token;

/// Explains every token in the arguments and files, or in the standard input if there are none.
///
/// # Errors
/// A file cannot be read, or there is no token.
pub fn run(arguments: &Decode) -> Result<Report, String> {
    let mut tokens: Vec<Token> = arguments
        .tokens
        .iter()
        .flat_map(|text| token::find(text.as_bytes()))
        .collect();
    for path in &arguments.file {
        tokens.extend(token::find(&input::read(path)?));
    }
    if arguments.tokens.is_empty() && arguments.file.is_empty() && !arguments.password_stdin {
        tokens = token::find(&input::read("-".as_ref())?);
    }
    if tokens.is_empty() {
        return Err(
            "no NTLM or SPNEGO token found: give Base64 or hex, an HTTP header (Authorization, \
             WWW-Authenticate), or a file that holds one"
                .to_owned(),
        );
    }
    let mut sections: Vec<Section> = tokens.iter().flat_map(explain).collect();
    if arguments.password_stdin {
        sections.push(proof::check(&tokens, arguments)?);
    }
    Ok(Report { sections })
}

/// The section of the token, and that of the NTLM message in it.
fn explain(token: &Token) -> Vec<Section> {
    match token {
        Token::Ntlm(bytes) => vec![message::explain(bytes)],
        Token::Spnego(bytes) => {
            let (section, inner) = spnego::explain(bytes);
            let inner = inner.iter().map(|bytes| message::explain(bytes));
            [section].into_iter().chain(inner).collect()
        }
    }
}
