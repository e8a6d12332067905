//! Names in `Require` lines: a backslash is the beginning of an escape there (docs/apache.md).

use super::super::sites::WebServer;
use super::super::tree::Directive;
use crate::check::cause::Cause;
use crate::check::finding::Finding;

/// Looks at each `Require` line where users log in by GSSAPI.
pub fn look(server: &WebServer, findings: &mut Vec<Finding>) {
    let places = server.places.iter().filter(|place| server.is_gssapi(place));
    let lines = places.flat_map(|place| &place.lines);
    findings.extend(lines.filter_map(|line| wrong_escape(line)));
}

fn wrong_escape(line: &Directive) -> Option<Finding> {
    if line.name != "require" {
        return None;
    }
    let mut words = line.words.iter().map(|word| word.to_lowercase());
    let mut kind = words.next()?;
    if kind == "not" {
        kind = words.next()?;
    }
    let needed = match kind.as_str() {
        "user" => 2,
        "expr" if line.raw.contains("-strcmatch") || line.raw.contains("-strmatch") => 4,
        "expr" if line.raw.contains("REMOTE_USER") => 2,
        _ => return None,
    };
    let (name, count) = names(&line.raw).find(|(_, count)| *count < needed)?;
    let right = name.replace('\\', "").len();
    let (domain, user) = parts(&name, right);
    let slashes = "\\".repeat(needed);
    Some(Cause::ApacheRequireEscape.warning(
        format!(
            "{}: Require {}: {name} has {count} of {needed} backslashes",
            line.place(),
            line.raw
        ),
        format!("Write {domain}{slashes}{user}."),
    ))
}

fn parts(name: &str, _length: usize) -> (String, String) {
    let (domain, user) = name.split_once('\\').unwrap_or((name, ""));
    (domain.to_owned(), user.trim_start_matches('\\').to_owned())
}

/// Each `DOMAIN\user`, and how many backslashes it has. A backslash before another character than
/// a letter or a digit is an escape. So is one before a class of a pattern, such as `\d`, unless
/// capitals stand before it.
fn names(raw: &str) -> impl Iterator<Item = (String, usize)> + '_ {
    let is_part = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    let mut rest = raw;
    std::iter::from_fn(move || {
        loop {
            let at = rest.find('\\')?;
            let (before, after) = rest.split_at(at);
            let user = after.trim_start_matches('\\');
            let count = after.len() - user.len();
            let from = before.rfind(|letter| !is_part(letter));
            let first = from.map_or(0, |at| at + before.get(at..).map_or(1, first_length));
            let domain = before.get(first..).unwrap_or_default();
            let end = user.find(|letter| !is_part(letter)).unwrap_or(user.len());
            let name = user.get(..end).unwrap_or_default();
            rest = user;
            let is_capitals =
                domain.chars().any(char::is_uppercase) && !domain.chars().any(char::is_lowercase);
            let is_class = count == 1 && name.starts_with(['d', 'D', 'w', 'W', 's', 'S', 'b', 'B']);
            if !domain.is_empty() && !name.is_empty() && (is_capitals || !is_class) {
                let shown = format!("{domain}{}{name}", "\\".repeat(count));
                return Some((shown, count));
            }
        }
    })
}

fn first_length(text: &str) -> usize {
    text.chars().next().map_or(1, char::len_utf8)
}
