//! The bodies of requests.

use crate::base::wire::Writer;
use crate::protocol::smb2::error::Smb2Error;
use crate::protocol::smb2::frame::framed;
use crate::protocol::smb2::header::{LENGTH, Sent};

/// `SecurityMode`: SMB2_NEGOTIATE_SIGNING_ENABLED.
const SIGNING_ENABLED: u8 = 1;
/// SMB2_GLOBAL_CAP_ENCRYPTION.
const CAP_ENCRYPTION: u32 = 0x40;

/// Types and values of negotiate contexts (MS-SMB2 2.2.3.1).
const PREAUTH_INTEGRITY_CAPABILITIES: u16 = 1;
const ENCRYPTION_CAPABILITIES: u16 = 2;
const SHA_512: u16 = 1;
const AES_128_CCM: u16 = 1;
const AES_128_GCM: u16 = 2;

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u16)]
pub enum Dialect {
    /// SMB 2.0.2
    Smb202 = 0x0202,
    /// SMB 2.1
    Smb210 = 0x0210,
    /// SMB 3.0
    Smb300 = 0x0300,
    /// SMB 3.0.2
    Smb302 = 0x0302,
    /// SMB 3.1.1
    Smb311 = 0x0311,
}

impl Dialect {
    /// All, oldest first.
    pub const ALL: &[Self] = &[
        Self::Smb202,
        Self::Smb210,
        Self::Smb300,
        Self::Smb302,
        Self::Smb311,
    ];
    /// Those in which a request of a user's session need not be signed. Since 3.1.1, TREE_CONNECT
    /// must be (MS-SMB2 3.3.5.7).
    pub const UNSIGNED: &[Self] = &[Self::Smb202, Self::Smb210, Self::Smb300, Self::Smb302];
}

/// Random bytes of a conversation.
#[derive(Clone, Copy, Debug)]
pub struct Smb2Random {
    /// ClientGuid.
    pub client: [u8; 16],
    /// The salt of the preauthentication hash.
    pub salt: [u8; 32],
}

/// NEGOTIATE (MS-SMB2 2.2.3).
///
/// Encryption is offered, and never used: a server that encrypts all sessions refuses the login of
/// a client that cannot (MS-SMB2 3.3.5.5), and the login's own messages are not encrypted.
pub(super) fn negotiate(
    sent: Sent,
    dialects: &[Dialect],
    fresh: &Smb2Random,
) -> Result<Vec<u8>, Smb2Error> {
    let mut writer = sent.header();
    let count = u16::try_from(dialects.len()).map_err(|_| Smb2Error::TooLong)?;
    writer
        .u16(36) // StructureSize
        .u16(count)
        .u16(SIGNING_ENABLED.into())
        .u16(0) // Reserved
        .u32(CAP_ENCRYPTION)
        .bytes(&fresh.client);
    let has_contexts = dialects.contains(&Dialect::Smb311);
    let dialects_end = writer.len() + 8 + 2 * dialects.len();
    match has_contexts {
        true => {
            let offset = u32::try_from(dialects_end.next_multiple_of(8));
            let offset = offset.map_err(|_| Smb2Error::TooLong)?;
            writer.u32(offset).u16(2).u16(0);
        }
        false => {
            writer.u64(0); // ClientStartTime
        }
    }
    for dialect in dialects {
        writer.u16(*dialect as u16);
    }
    if has_contexts {
        contexts(&mut writer, &fresh.salt);
    }
    framed(&writer.into_bytes())
}

/// The negotiate contexts: hashes and ciphers.
fn contexts(writer: &mut Writer, salt: &[u8; 32]) {
    let mut preauth = Writer::new();
    preauth.u16(1).u16(32).u16(SHA_512).bytes(salt);
    context(
        writer,
        PREAUTH_INTEGRITY_CAPABILITIES,
        &preauth.into_bytes(),
    );
    let mut encryption = Writer::new();
    encryption.u16(2).u16(AES_128_GCM).u16(AES_128_CCM);
    context(writer, ENCRYPTION_CAPABILITIES, &encryption.into_bytes());
}

fn context(writer: &mut Writer, kind: u16, data: &[u8]) {
    // Each has a few bytes.
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
    writer.align(8).u16(kind).u16(length).u32(0).bytes(data);
}

/// SESSION_SETUP (MS-SMB2 2.2.5), with an NTLM message as it is.
pub(super) fn session_setup(sent: Sent, token: &[u8]) -> Result<Vec<u8>, Smb2Error> {
    const BODY: u16 = 24;
    let length = u16::try_from(token.len()).map_err(|_| Smb2Error::TooLong)?;
    let mut writer = sent.header();
    writer
        .u16(BODY + 1) // StructureSize
        .u8(0) // Flags
        .u8(SIGNING_ENABLED)
        .u32(0) // Capabilities
        .u32(0) // Channel
        .u16(LENGTH + BODY)
        .u16(length)
        .u64(0) // PreviousSessionId
        .bytes(token);
    framed(&writer.into_bytes())
}

/// TREE_CONNECT (MS-SMB2 2.2.9).
pub(super) fn tree_connect(sent: Sent, share: &str) -> Result<Vec<u8>, Smb2Error> {
    const BODY: u16 = 8;
    let path: Vec<u8> = share.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let length = u16::try_from(path.len()).map_err(|_| Smb2Error::TooLong)?;
    let mut writer = sent.header();
    writer
        .u16(BODY + 1) // StructureSize
        .u16(0) // Flags
        .u16(LENGTH + BODY)
        .u16(length)
        .bytes(&path);
    framed(&writer.into_bytes())
}

/// LOGOFF (MS-SMB2 2.2.7).
pub(super) fn logoff(sent: Sent) -> Result<Vec<u8>, Smb2Error> {
    let mut writer = sent.header();
    writer.u16(4).u16(0);
    framed(&writer.into_bytes())
}
