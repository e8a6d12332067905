//! Where in the file an error is.

/// The error on one line, fit for a log.
pub(super) fn told(text: &str, error: &toml::de::Error) -> String {
    let message = error.message();
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else {
        return message.to_owned();
    };
    let lines: Vec<_> = before.split('\n').collect();
    let column = lines.last().map_or(0, |line| line.chars().count()) + 1;
    let place = format!("line {}, column {column}", lines.len());
    match key_of_value_after(before).filter(|key| !message.contains(key)) {
        Some(key) => format!("{place}: {key}: {message}"),
        None => format!("{place}: {message}"),
    }
}

/// The key whose value begins at the end of this text.
fn key_of_value_after(before: &str) -> Option<&str> {
    let key = before.trim_end().strip_suffix('=')?.trim_end();
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
    key.rsplit(|letter| !is_part(letter)).next()
}
