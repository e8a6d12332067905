//! A code with its detail.

use std::fmt;

use super::Minor;

impl Minor {
    /// The fault with something to say about this occurrence, fit for everybody's eyes.
    pub fn because(self, detail: impl fmt::Display) -> Fault {
        Fault {
            minor: self,
            detail: Some(Detail::Public(one_line(&detail.to_string()))),
        }
    }

    /// The fault with something to say that the peer may not learn: for the log only.
    pub fn confidentially(self, detail: impl fmt::Display) -> Fault {
        Fault {
            minor: self,
            detail: Some(Detail::Private(one_line(&detail.to_string()))),
        }
    }
}

/// A minor code and what is known of this occurrence.
///
/// [`Display`](fmt::Display) leaves out what the peer may not learn; [`Fault::for_the_log`] does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    minor: Minor,
    detail: Option<Detail>,
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

    /// Text and detail, confidential ones included.
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
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Some(Detail::Public(detail)) => write!(formatter, "{}: {detail}", self.minor.text()),
            Some(Detail::Private(_)) | None => formatter.write_str(self.minor.text()),
        }
    }
}

impl std::error::Error for Fault {}

/// A detail may quote what a client typed: it stays on its line, in the direction of the text.
fn one_line(text: &str) -> String {
    text.chars().fold(String::new(), |mut line, letter| {
        match is_unprintable(letter) {
            true => line.extend(letter.escape_unicode()),
            false => line.push(letter),
        }
        line
    })
}

/// Control characters, and those that separate lines or turn the direction of the text.
pub fn is_unprintable(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}
