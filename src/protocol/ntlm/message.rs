//! The three messages (MS-NLMP 2.2.1), borrowed from the bytes that they came in.

mod authenticate;
mod challenge;
mod fields;
mod negotiate;
#[cfg(test)]
pub(super) mod tests;

pub use authenticate::Authenticate;
pub use challenge::Challenge;
pub use negotiate::Negotiate;

use super::NtlmError;
use crate::base::wire::{DecodeError, Reader, Writer};

/// The first bytes of each message.
const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";

/// The `Version` that is sent if negotiated (MS-NLMP 2.2.2.10): major, minor, two bytes of build,
/// three reserved bytes, `NTLMSSP_REVISION_W2K3`. For debugging only, by that section.
pub const VERSION: [u8; 8] = [6, 1, 0, 0, 0, 0, 0, 0x0F];

/// `MessageType` (MS-NLMP 2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum MessageType {
    /// The client's offer.
    Negotiate = 1,
    /// The server's challenge.
    Challenge = 2,
    /// The client's answer.
    Authenticate = 3,
}

/// The longest accepted message, in bytes. Its fields could hold more; no peer sends that.
pub const MAX_TOKEN: usize = 128 * 1024;

/// The type of a message.
///
/// # Errors
/// The token is not an NTLM message, of an unknown type, or longer than [`MAX_TOKEN`].
pub fn token_type(token: &[u8]) -> Result<MessageType, NtlmError> {
    if token.len() > MAX_TOKEN {
        return Err(NtlmError::TokenTooLong);
    }
    if !is_ntlmssp(token) {
        return Err(NtlmError::NotNtlm);
    }
    message_type(token).ok_or(NtlmError::Malformed(DecodeError::new(
        "MessageType",
        "unknown",
    )))
}

/// True if the token begins as an NTLM message.
fn is_ntlmssp(token: &[u8]) -> bool {
    token.starts_with(SIGNATURE)
}

/// The type of the message. `None` if it is not NTLM, too short, or of an unknown type.
fn message_type(token: &[u8]) -> Option<MessageType> {
    let mut reader = Reader::new(token.strip_prefix(SIGNATURE)?);
    match reader.u32("MessageType").ok()? {
        1 => Some(MessageType::Negotiate),
        2 => Some(MessageType::Challenge),
        3 => Some(MessageType::Authenticate),
        _ => None,
    }
}

/// A field is longer than its 16-bit length can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} is longer than 65535 bytes")]
pub struct TooLong {
    /// The field's name in the specification.
    pub field: &'static str,
}

/// Reads the signature and the type, which must be `expected`.
fn begin(message: &[u8], expected: MessageType) -> Result<Reader<'_>, DecodeError> {
    let mut reader = Reader::new(message);
    if reader.array("Signature")? != *SIGNATURE {
        return Err(DecodeError::new("Signature", "not NTLMSSP"));
    }
    match reader.u32("MessageType")? {
        found if found == expected as u32 => Ok(reader),
        _ => Err(DecodeError::new("MessageType", "unexpected message")),
    }
}

/// Writes the signature and the type.
fn start(message_type: MessageType) -> Writer {
    let mut writer = Writer::new();
    writer.bytes(SIGNATURE).u32(message_type as u32);
    writer
}
