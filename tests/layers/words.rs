//! Rust source as words, without comments and texts.

/// A name, a `::`, or one other character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    pub line: usize,
}

/// The words of a text, comments and literals left out.
pub fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let length = literal(rest).unwrap_or_else(|| {
            let length = word(rest, first);
            if !first.is_whitespace() {
                let text = rest[..length].to_owned();
                words.push(Word { text, line });
            }
            length
        });
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    words
}

/// How long the first word is.
fn word(rest: &str, first: char) -> usize {
    let goes_on = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if goes_on(first) {
        return rest.find(|letter| !goes_on(letter)).unwrap_or(rest.len());
    }
    if rest.starts_with("::") {
        2
    } else {
        first.len_utf8()
    }
}

/// How long the comment, the text or the character is that stands first, if one does.
fn literal(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(rest.find("*/").map_or(rest.len(), |at| at + 2));
    }
    let bare = rest.trim_start_matches(['b', 'c', 'r']);
    let prefix = rest.len() - bare.len();
    if prefix <= 2 && rest[..prefix].contains('r') {
        let quoted = bare.trim_start_matches('#');
        let hashes = &bare[..bare.len() - quoted.len()];
        if let Some(inside) = quoted.strip_prefix('"') {
            let end = format!("\"{hashes}");
            let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
            return Some(rest.len() - inside.len() + length);
        }
    }
    match bare.chars().next()? {
        '"' if prefix <= 1 => Some(prefix + quoted(bare, '"')?),
        // Not a lifetime.
        '\'' if prefix <= 1 && is_character(bare) => Some(prefix + quoted(bare, '\'')?),
        _ => None,
    }
}

fn is_character(bare: &str) -> bool {
    let mut letters = bare.chars().skip(1);
    letters.next() == Some('\\') || letters.next() == Some('\'')
}

/// How long a literal in these quotes is.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            letter if letter == quote => return Some(at + 1),
            _ => (),
        }
    }
    None
}
