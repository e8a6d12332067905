//! What the headers of a response say about a login.

use super::response::Response;
use crate::decode::token;
use crate::report::{Field, Section};

/// The longest value that is shown, in characters.
const MAX_SHOWN: usize = 200;
/// Headers whose values are secrets of a session.
const HIDDEN: [&str; 2] = ["Set-Cookie", "Authentication-Info"];

/// Adds the status and each header, with what it means for a login.
pub fn push(section: &mut Section, response: &Response) {
    let status = format!(
        "HTTP/{} {} {}",
        response.version, response.status, response.reason
    );
    let field = Field::new("status", status.trim());
    section.push(match response.version.as_str() {
        "1.0" => field.note("HTTP/1.0: a server or a proxy that keeps no connection"),
        "1.1" => field,
        _ => field.note("NTLM does not work over HTTP/2 and later: Protocols http/1.1"),
    });
    for (name, value) in &response.headers {
        let field = Field::new(name.as_str(), shown(name, value));
        section.push(match meaning(name, value) {
            Some(note) => field.note(note),
            None => field,
        });
    }
}

fn shown(name: &str, value: &str) -> String {
    if HIDDEN
        .iter()
        .any(|hidden| name.eq_ignore_ascii_case(hidden))
    {
        let end = value.find('=').map_or(0, |end| end + 1);
        return format!("{}…", value.get(..end).unwrap_or_default());
    }
    if ["WWW-Authenticate", "Proxy-Authenticate"]
        .iter()
        .any(|header| name.eq_ignore_ascii_case(header))
        && let Some((scheme, token)) = value.trim().split_once(' ')
        && !token.trim_end_matches('=').contains('=')
    {
        return format!("{scheme}, with {}", token::named(token));
    }
    let short: String = value.chars().take(MAX_SHOWN).collect();
    let is_whole = short.len() == value.len();
    if is_whole {
        short
    } else {
        format!("{short}…")
    }
}

fn meaning(name: &str, value: &str) -> Option<&'static str> {
    let has = |word: &str| {
        let mut words = value.split(',');
        words.any(|found| found.trim().eq_ignore_ascii_case(word))
    };
    match name.to_ascii_lowercase().as_str() {
        "connection" if has("close") => {
            Some("the server closes this connection: NTLM cannot go on over it")
        }
        "keep-alive" => Some("how long an idle connection is kept, and for how many requests"),
        "upgrade" if value.to_ascii_lowercase().contains("h2") => {
            Some("HTTP/2 is on: NTLM does not work over it")
        }
        "via" => Some("a proxy is between: it must not share connections between clients"),
        "x-cache" | "age" => Some("a cache is between"),
        "alt-svc" => Some("clients may change to HTTP/3, over which NTLM does not work"),
        "location" => Some("a redirection, which is not followed"),
        _ => None,
    }
}
