//! Why no server answered.

use std::fmt;

use crate::base::net;
use crate::directory::distrust::Distrust;
use crate::directory::error::{Error, Operation};

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
    /// TLS failed, or the server's certificate is not accepted.
    Untrusted,
    /// The certificate has other names than the server's.
    OtherName,
    /// The certificate has expired, or is not valid yet.
    Expired,
    /// The server does not begin TLS on a port without it.
    NoStartTls,
    /// The server refused the account or the question, or its answer is invalid.
    Refused,
}

impl NoAnswerKind {
    pub(super) fn of(error: &Error) -> Self {
        match error {
            Error::Net(net::Error::Timeout) => Self::Timeout,
            Error::Net(_) | Error::Disconnected(_) => Self::Unreachable,
            Error::Untrusted {
                reason: Distrust::OtherName(_),
                ..
            } => Self::OtherName,
            Error::Untrusted {
                reason: Distrust::Time(_),
                ..
            } => Self::Expired,
            Error::Untrusted { .. } | Error::Tls(_) => Self::Untrusted,
            Error::Refused {
                operation: Operation::StartTls,
                ..
            } => Self::NoStartTls,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::fingerprint::Fingerprint;
    use crate::directory::{Refusal, ResultCode};

    #[test]
    fn what_an_administrator_mends_in_other_ways_is_of_another_kind() {
        let untrusted = |reason| Error::Untrusted {
            fingerprint: Fingerprint::of(b"certificate"),
            reason,
        };
        let refused = |operation| Error::Refused {
            operation,
            refusal: Refusal {
                code: ResultCode::ProtocolError,
                message: String::new(),
                base: None,
            },
        };
        for (error, kind) in [
            (untrusted(Distrust::Issuer), NoAnswerKind::Untrusted),
            (untrusted(Distrust::NotPinned), NoAnswerKind::Untrusted),
            (
                untrusted(Distrust::OtherName(String::new())),
                NoAnswerKind::OtherName,
            ),
            (
                untrusted(Distrust::Time(String::new())),
                NoAnswerKind::Expired,
            ),
            (refused(Operation::StartTls), NoAnswerKind::NoStartTls),
            (refused(Operation::Bind), NoAnswerKind::Refused),
        ] {
            assert_eq!(NoAnswerKind::of(&error), kind, "{error}");
        }
    }
}
