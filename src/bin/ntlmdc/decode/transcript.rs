//! What an input holds: tokens, and HTTP responses as `curl -v` shows them, or a log.

use gss_ntlmdc::protocol::ntlm::message::{MessageType, token_type};

use super::token::{Token, find};
use crate::arguments::Scheme;
use crate::http::response::Response;
use crate::http::{headers, verdict};
use crate::report::Section;

/// More headers than any server sends.
const MAX_HEADERS: usize = 100;

/// A part of an input.
#[derive(Debug)]
pub enum Entry {
    Token(Token),
    Response(Response),
}

/// The parts of an input in their order; each token once.
pub fn read(input: &[u8]) -> Vec<Entry> {
    let text = String::from_utf8_lossy(input);
    if !text.lines().any(|line| status_line(bare(line)).is_some()) {
        return find(input).into_iter().map(Entry::Token).collect();
    }
    let mut found = Vec::new();
    let mut lines = text.lines().peekable();
    // The lines since the last response.
    let mut others = String::new();
    while let Some(line) = lines.next() {
        let Some(mut response) = status_line(bare(line)) else {
            others.push_str(line);
            others.push('\n');
            continue;
        };
        add_tokens(&mut found, &std::mem::take(&mut others));
        while let Some(line) = lines.next_if(|line| is_of_head(line)) {
            others.push_str(line);
            others.push('\n');
            if let Some((name, value)) = bare(line).split_once(':')
                && response.headers.len() < MAX_HEADERS
            {
                let header = (name.to_owned(), value.trim().to_owned());
                response.headers.push(header);
            }
        }
        found.push(Entry::Response(response));
    }
    add_tokens(&mut found, &others);
    found
}

fn add_tokens(found: &mut Vec<Entry>, text: &str) {
    for token in find(text.as_bytes()) {
        let is_it = |entry: &Entry| matches!(entry, Entry::Token(other) if *other == token);
        if !found.iter().any(is_it) {
            found.push(Entry::Token(token));
        }
    }
}

/// The line without the mark of curl for what the server sent, and for what was sent to it.
fn bare(line: &str) -> &str {
    let rest = line.strip_prefix("< ").or_else(|| line.strip_prefix("> "));
    rest.unwrap_or(line)
}

/// A header, or a remark of curl among headers.
fn is_of_head(line: &str) -> bool {
    let line = bare(line);
    let is_header = line.split_once(':').is_some_and(|(name, _)| {
        let is_part = |byte: u8| b"-_".contains(&byte) || byte.is_ascii_alphanumeric();
        !name.is_empty() && name.bytes().all(is_part)
    });
    is_header || line.starts_with("* ")
}

/// `HTTP/1.1 401 Unauthorized` (RFC 9112 4), or `HTTP/2 401` as clients show it.
fn status_line(line: &str) -> Option<Response> {
    let (version, rest) = line.strip_prefix("HTTP/")?.split_once(' ')?;
    let is_version = |byte: u8| byte == b'.' || byte.is_ascii_digit();
    let (status, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    (version.bytes().all(is_version) && status.len() == 3).then(|| {
        Some(Response {
            version: version.to_owned(),
            status: status.parse().ok()?,
            reason: reason.trim().to_owned(),
            headers: Vec::new(),
        })
    })?
}

/// The tokens alone.
pub fn tokens(entries: Vec<Entry>) -> Vec<Token> {
    let token = |entry| match entry {
        Entry::Token(token) => Some(token),
        Entry::Response(_) => None,
    };
    entries.into_iter().filter_map(token).collect()
}

/// A section or two for each part. A response to a message has what became of the login.
pub fn explain(entries: &[Entry]) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut sent = None;
    for entry in entries {
        match entry {
            Entry::Token(token) => {
                sent = Some(token);
                sections.extend(token.explain());
            }
            Entry::Response(response) => {
                let mut section = Section::new("HTTP response");
                headers::push(&mut section, response);
                let verdict = sent.take().and_then(|token| outcome(token, response));
                section
                    .fields
                    .extend(verdict.into_iter().flat_map(|verdict| verdict.fields));
                sections.push(section);
            }
        }
    }
    sections
}

/// What the response to a client's message says of the login. `None`: it goes on, or the response
/// is a proxy's.
fn outcome(sent: &Token, response: &Response) -> Option<Section> {
    let scheme = match sent {
        Token::Ntlm(_) => Scheme::Ntlm,
        Token::Spnego(_) => Scheme::Negotiate,
    };
    if response.status < 200 || response.status == 407 {
        return None;
    }
    match token_type(&sent.ntlm()?).ok()? {
        MessageType::Authenticate => Some(verdict::of_last(scheme, response)),
        MessageType::Negotiate => {
            let answer = response.challenge(scheme.name()).unwrap_or_default();
            (response.status != 401 || answer.is_empty()).then(|| verdict::no_challenge(response))
        }
        MessageType::Challenge => None,
    }
}
