//! Why no server answered.

use std::fmt;

use crate::base::net;
use crate::directory::error::Error;

/// Why no server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoAnswer {
    /// Of which kind the last problem is.
    pub kind: NoAnswerKind,
    /// Each server and its problem.
    pub text: String,
}

/// The kinds of problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswerKind {
    /// A file of the configuration cannot be used.
    File,
    /// No connection, or it broke.
    Unreachable,
    /// No answer in time, or no connection was free in time.
    Timeout,
    /// The server's certificate is not accepted.
    Untrusted,
    /// The server refused the account or the question, or its answer is invalid.
    Refused,
}

impl NoAnswerKind {
    pub(super) fn of(error: &Error) -> Self {
        match error {
            Error::Net(net::Error::Timeout) => Self::Timeout,
            Error::Net(_) | Error::Disconnected(_) => Self::Unreachable,
            Error::Untrusted { .. } | Error::Tls(_) => Self::Untrusted,
            _ => Self::Refused,
        }
    }
}

impl NoAnswer {
    /// All problems as one: of the kind of the last.
    pub(super) fn all(problems: Vec<Self>) -> Option<Self> {
        let kind = problems.last()?.kind;
        let texts: Vec<String> = problems.into_iter().map(|one| one.text).collect();
        Some(Self {
            kind,
            text: texts.join("; "),
        })
    }
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
