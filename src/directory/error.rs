//! Why a question to the directory has no answer.

use std::fmt;

use ldap3_proto::proto::{LdapResult, LdapResultCode};

use crate::base::crypto::NoRandomBytes;
use crate::base::fingerprint::Fingerprint;
use crate::base::net;
use crate::directory::distrust::Distrust;
use crate::directory::security_context::ContextError;
use crate::protocol::ntlm::NtlmError;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// StartTLS.
    StartTls,
    /// The login.
    Bind,
    /// A search.
    Search,
    /// A new entry.
    Add,
    /// A change of an entry.
    Modify,
    /// The end of an entry.
    Delete,
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::StartTls => "StartTLS",
            Self::Bind => "the login",
            Self::Search => "the search",
            Self::Add => "the new entry",
            Self::Modify => "the change",
            Self::Delete => "the deletion",
        })
    }
}

/// The controller's refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The result code (RFC 4511 appendix A).
    pub code: LdapResultCode,
    /// The diagnostic message. Active Directory begins it with an error code of Windows.
    pub message: String,
    /// Where a search that is refused begins.
    pub base: Option<String>,
}

impl Refusal {
    pub(super) fn of(result: LdapResult) -> Self {
        Self {
            code: result.code,
            message: result.message,
            base: None,
        }
    }

    /// The error code of Windows at the beginning of the message: `0000202F: ...`.
    pub fn windows_error(&self) -> Option<u32> {
        let (digits, _) = self.message.split_once(':')?;
        match digits.len() {
            8 => u32::from_str_radix(digits, 16).ok(),
            _ => None,
        }
    }

    /// Why a login was refused, as a Windows error code: `... data 52e, ...`.
    pub fn logon_error(&self) -> Option<u32> {
        let (_, rest) = self.message.split_once(" data ")?;
        let digits = rest
            .split(|letter: char| !letter.is_ascii_hexdigit())
            .next();
        u32::from_str_radix(digits?, 16).ok()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            // The codec's name is misspelt.
            LdapResultCode::InsufficentAccessRights => {
                formatter.write_str("InsufficientAccessRights")?;
            }
            code => write!(formatter, "{code:?}")?,
        }
        if let (LdapResultCode::NoSuchObject, Some(base)) = (&self.code, &self.base) {
            write!(formatter, " (\"{}\")", base.escape_debug())?;
        }
        // The rest of such a message names lines of the controller's source.
        if let Some(code) = self.windows_error() {
            write!(formatter, ", Windows error {code:#010X}")?;
            return match self.logon_error().filter(|data| *data != 0) {
                Some(data) => write!(formatter, ", data {data:#X}"),
                None => Ok(()),
            };
        }
        // Bytes of the peer: no line breaks, no control sequences of a terminal.
        let message = self.message.trim_end_matches(['\0', '\n']);
        match message.is_empty() {
            true => Ok(()),
            false => write!(formatter, ": {}", message.escape_debug()),
        }
    }
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network failed, or the controller did not answer in time.
    #[error("{0}")]
    Net(#[from] net::Error),
    /// TLS failed.
    #[error("TLS: {0}")]
    Tls(String),
    /// The controller's certificate is not accepted.
    #[error("the certificate with the SHA-256 fingerprint {fingerprint} is not accepted: {reason}")]
    Untrusted {
        /// Of the certificate that the controller sent.
        fingerprint: Fingerprint,
        /// Why.
        reason: Distrust,
    },
    /// The controller refused.
    #[error("{operation} is refused: {refusal}")]
    Refused {
        /// What.
        operation: Operation,
        /// Why.
        refusal: Refusal,
    },
    /// The controller ended the connection, for this reason.
    #[error("the controller ended the connection: {0}")]
    Disconnected(Refusal),
    /// The answer breaks the protocol.
    #[error("invalid answer: {0}")]
    Invalid(&'static str),
    /// The answer breaks a limit of this client. The connection is of no more use.
    #[error("the answer is too big: {0}")]
    TooBig(&'static str),
    /// The controller refers to another server, which is not asked.
    #[error("{0} is referred to another server, which is not asked")]
    Referred(Operation),
    /// NTLM cannot answer the challenge, or a sealed message is damaged.
    #[error("NTLM: {0}")]
    Ntlm(#[from] NtlmError),
    /// Kerberos fails, or a message that it has sealed is damaged.
    #[error("Kerberos: {0}")]
    Kerberos(#[from] ContextError),
    /// The controller does not seal.
    #[error("the controller does not agree to seal messages")]
    NotSealed,
    /// A login with a ticket seals messages, which controllers refuse within TLS.
    #[error("a login with a ticket is not possible within TLS")]
    TicketWithinTls,
    /// The connection has no TLS; or the password is empty, which would be a login without a user
    /// (RFC 4513 5.1.2).
    #[error("a password is sent only within TLS, and never an empty one")]
    PasswordNotSent,
    /// The message is longer than this client sends.
    #[error("the message is too long")]
    TooLong,
    /// See [`NoRandomBytes`].
    #[error("{0}")]
    NoRandomBytes(#[from] NoRandomBytes),
}

impl Error {
    /// Whether the controller did not do what it was asked. Otherwise it may have.
    pub fn is_refused(&self) -> bool {
        match self {
            Self::Referred(_) => true,
            Self::Refused { refusal, .. } => !matches!(
                refusal.code,
                LdapResultCode::Unavailable | LdapResultCode::Other
            ),
            _ => false,
        }
    }

    /// With the entry where the search begins.
    pub(super) fn of_search(mut self, base: String) -> Self {
        if let Self::Refused { refusal, .. } = &mut self {
            refusal.base = Some(base);
        }
        self
    }

    /// The refusal, if the controller refused.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(message: &str) -> Refusal {
        Refusal {
            code: LdapResultCode::InvalidCredentials,
            message: message.to_owned(),
            base: None,
        }
    }

    #[test]
    fn codes_of_active_directory_are_read() {
        let login = refusal(
            "8009030C: LdapErr: DSID-0C0906B5, comment: AcceptSecurityContext error, data 52e, v1",
        );
        assert_eq!(login.windows_error(), Some(0x8009_030C));
        assert_eq!(login.logon_error(), Some(0x52E));
        let spn = refusal("000021C7: AtrErr: DSID-03200BBA, #1:\n\t0: 000021C7");
        assert_eq!(spn.windows_error(), Some(0x21C7));
        assert_eq!(spn.logon_error(), None);
        for text in [
            "",
            "data",
            "no code",
            "1234567: x",
            "é: data",
            " data ",
            "zzzzzzzz: data zz",
        ] {
            let other = refusal(text);
            assert_eq!((other.windows_error(), other.logon_error()), (None, None));
        }
    }

    #[test]
    fn the_peers_text_stays_in_its_line() {
        let text = refusal("a\n\u{1b}[31mb\0").to_string();
        assert_eq!(text, r"InvalidCredentials: a\n\u{1b}[31mb");
        let text = Refusal {
            code: LdapResultCode::InsufficentAccessRights,
            message: String::new(),
            base: Some("dc=test".to_owned()),
        };
        assert_eq!(text.to_string(), "InsufficientAccessRights");
        let text = Refusal {
            code: LdapResultCode::NoSuchObject,
            ..text
        };
        assert_eq!(text.to_string(), "NoSuchObject (\"dc=test\")");
        let text = refusal("8009030C: LdapErr: DSID-0C0906B5, comment: x, data 52e, v1");
        let shown = "InvalidCredentials, Windows error 0x8009030C, data 0x52E";
        assert_eq!(text.to_string(), shown);
    }
}
