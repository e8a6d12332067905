//! A code with its detail.

use std::fmt;

use super::Minor;

impl Minor {
    /// The fault with a detail about this occurrence, which the peer may read.
    pub fn because(self, detail: impl fmt::Display) -> Fault {
        Fault {
            minor: self,
            detail: Some(Detail::Public(one_line(&detail.to_string()))),
            claimed: None,
        }
    }

    /// The fault with a detail that the peer may not read: for the log only.
    pub fn confidentially(self, detail: impl fmt::Display) -> Fault {
        Fault {
            minor: self,
            detail: Some(Detail::Private(one_line(&detail.to_string()))),
            claimed: None,
        }
    }
}

/// A minor code and the details of this occurrence. [`Display`](fmt::Display) leaves out details
/// that the peer may not read; [`Fault::for_the_log`] has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    minor: Minor,
    detail: Option<Detail>,
    claimed: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Detail {
    Public(String),
    Private(String),
}

impl Fault {
    /// The code.
    pub fn minor(&self) -> Minor {
        self.minor
    }

    /// The same fault with one more detail, as public or confidential as before.
    pub fn and(self, more: impl fmt::Display) -> Self {
        let more = one_line(&more.to_string());
        let detail = match self.detail {
            None => Detail::Public(more),
            Some(Detail::Public(ref detail)) => Detail::Public(format!("{detail}; {more}")),
            Some(Detail::Private(ref detail)) => Detail::Private(format!("{detail}; {more}")),
        };
        Self {
            detail: Some(detail),
            ..self
        }
    }

    /// The same fault with the names that the peer sent, which it may read.
    pub fn of_login(self, claimed: impl fmt::Display) -> Self {
        Self {
            claimed: Some(one_line(&claimed.to_string())),
            ..self
        }
    }

    /// Text and detail, also a confidential one, without the names of the login.
    pub fn for_the_log(&self) -> String {
        match &self.detail {
            None => self.minor.text().to_owned(),
            Some(Detail::Public(detail) | Detail::Private(detail)) => {
                format!("{}: {detail}", self.minor.text())
            }
        }
    }
}

impl From<Minor> for Fault {
    fn from(minor: Minor) -> Self {
        Self {
            minor,
            detail: None,
            claimed: None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Some(Detail::Public(detail)) => write!(formatter, "{}: {detail}", self.minor.text())?,
            Some(Detail::Private(_)) | None => formatter.write_str(self.minor.text())?,
        }
        match &self.claimed {
            Some(claimed) => write!(formatter, "; {claimed}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Fault {}

/// Escapes what a client may have typed, so that it stays on its line, in the direction of the
/// text, with every character visible.
fn one_line(text: &str) -> String {
    text.chars().fold(String::new(), |mut line, letter| {
        match is_unprintable(letter) || is_joiner(letter) {
            true => line.extend(letter.escape_unicode()),
            false => line.push(letter),
        }
        line
    })
}

/// Whether no name may have this character: control characters, those that separate lines or turn
/// the direction of the text, and invisible ones (Unicode's `Default_Ignorable_Code_Point`). With
/// one of them, a name looks like another name. [`is_joiner`] has the invisible characters that
/// names do have.
pub fn is_unprintable(letter: char) -> bool {
    // ASCII needs no tables of Unicode.
    if letter.is_ascii() {
        return letter.is_ascii_control();
    }
    letter.is_control()
        || matches!(letter,
            // Soft hyphen; the direction of Arabic letters.
            '\u{00AD}' | '\u{061C}'
            // Fillers of Hangul, vowels of Khmer that are not shown.
            | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{3164}' | '\u{FFA0}'
            // Zero width space; left-to-right and right-to-left mark.
            | '\u{200B}' | '\u{200E}' | '\u{200F}'
            // Line and paragraph separator; embeddings and overrides.
            | '\u{2028}'..='\u{202E}'
            // Word joiner, invisible operators, isolates, deprecated format characters.
            | '\u{2060}'..='\u{206F}'
            // Byte order mark; interlinear annotations, and what is reserved before them.
            | '\u{FEFF}' | '\u{FFF0}'..='\u{FFFB}'
            // Format characters of shorthand and of music; tags.
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E00FF}' | '\u{E01F0}'..='\u{E0FFF}'
        )
}

/// Whether this is an invisible character that names need in some scripts, such as Persian,
/// Mongolian and Japanese, or in emoji. A log shows it by its number.
pub fn is_joiner(letter: char) -> bool {
    // Most letters are ASCII: none of the ranges is looked at.
    if letter.is_ascii() {
        return false;
    }
    matches!(letter,
        // Combining grapheme joiner; Mongolian variations and vowel separator.
        '\u{034F}' | '\u{180B}'..='\u{180F}'
        // Zero width non-joiner and joiner.
        | '\u{200C}' | '\u{200D}'
        // Variation selectors.
        | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}'
    )
}
