//! Finds tokens in text: in Base64 or hex, in headers, logs and HAR files; or the input is one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::{message, spnego};
use crate::report::Section;

/// What every NTLM message begins with.
pub const NTLMSSP: &[u8; 8] = b"NTLMSSP\0";
/// Shorter runs of letters are words.
const MIN_TEXT: usize = 16;

/// A token by its kind.
#[derive(Debug, PartialEq, Eq)]
pub enum Token {
    Ntlm(Vec<u8>),
    Spnego(Vec<u8>),
}

impl Token {
    fn of(bytes: Vec<u8>) -> Option<Self> {
        if bytes.starts_with(NTLMSSP) {
            Some(Self::Ntlm(bytes))
        } else if spnego::is_one(&bytes) {
            Some(Self::Spnego(bytes))
        } else {
            None
        }
    }

    /// The section of the token, and that of the NTLM message in it.
    pub fn explain(&self) -> Vec<Section> {
        match self {
            Self::Ntlm(bytes) => vec![message::explain(bytes)],
            Self::Spnego(bytes) => {
                let (section, inner) = spnego::explain(bytes);
                let inner = inner.iter().map(|bytes| message::explain(bytes));
                [section].into_iter().chain(inner).collect()
            }
        }
    }

    /// The NTLM message of the token.
    pub fn ntlm(&self) -> Option<Vec<u8>> {
        match self {
            Self::Ntlm(bytes) => Some(bytes.clone()),
            Self::Spnego(bytes) => spnego::explain(bytes).1,
        }
    }
}

/// The kind of a token in Base64, and its length.
pub fn named(text: &str) -> String {
    let token = decoded(text.trim_end_matches('='));
    let sections = token.as_ref().map(Token::explain).unwrap_or_default();
    let titles: Vec<String> = sections.into_iter().map(|section| section.title).collect();
    match titles.is_empty() {
        true => "a token that is not NTLM or SPNEGO".to_owned(),
        false => titles.join(": "),
    }
}

/// The tokens of an input in their order, each once.
pub fn find(input: &[u8]) -> Vec<Token> {
    if let Some(token) = Token::of(input.to_vec()) {
        return vec![token];
    }
    // JSON writes a slash with a backslash before it, if it likes.
    let text = String::from_utf8_lossy(input).replace("\\/", "/");
    let mut found = Vec::new();
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "+/".contains(letter);
    for run in text.split(|letter| !is_part(letter)) {
        let token = (run.len() >= MIN_TEXT).then(|| decoded(run)).flatten();
        if let Some(token) = token.filter(|token| !found.contains(token)) {
            found.push(token);
        }
    }
    found
}

fn decoded(run: &str) -> Option<Token> {
    hex(run)
        .and_then(Token::of)
        .or_else(|| Token::of(STANDARD_NO_PAD.decode(run).ok()?))
}

fn hex(run: &str) -> Option<Vec<u8>> {
    let run = run.strip_prefix("0x").unwrap_or(run);
    let (pairs, []) = run.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let byte = |[high, low]: &[u8; 2]| {
        let digit = |byte: u8| {
            char::from(byte)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        };
        Some(digit(*high)? << 4 | digit(*low)?)
    };
    pairs.iter().map(byte).collect()
}
