//! The header of a message (MS-SMB2 2.2.1).

use crate::base::wire::{DecodeError, Reader, Writer};
use crate::protocol::rpc::NtStatus;
use crate::protocol::smb2::error::Smb2Error;
use crate::protocol::smb2::frame::unframed;

/// The length of a header.
pub(super) const LENGTH: u16 = 64;

const PROTOCOL_ID: [u8; 4] = *b"\xFESMB";
const SMB1: [u8; 4] = *b"\xFFSMB";

/// Bits of `Flags`.
const SERVER_TO_REDIR: u32 = 1;
const ASYNC_COMMAND: u32 = 2;

/// `Command`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Negotiate = 0,
    SessionSetup = 1,
    Logoff = 2,
    TreeConnect = 3,
}

impl Command {
    /// The command, as in the specification.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Negotiate => "NEGOTIATE",
            Self::SessionSetup => "SESSION_SETUP",
            Self::Logoff => "LOGOFF",
            Self::TreeConnect => "TREE_CONNECT",
        }
    }
}

/// A request that was sent, to which a reply must fit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) command: Command,
    pub(super) message_id: u64,
    /// Zero before the first reply to SESSION_SETUP.
    pub(super) session_id: u64,
}

impl Sent {
    /// Begins a message with the header of this request.
    pub(super) fn header(self) -> Writer {
        let mut writer = Writer::new();
        writer
            .bytes(&PROTOCOL_ID)
            .u16(LENGTH) // StructureSize
            .u16(0) // CreditCharge: no request is long
            .u32(0) // Status
            .u16(self.command as u16)
            .u16(1) // CreditRequest: one for the next request
            .u32(0) // Flags: not signed
            .u32(0) // NextCommand
            .u64(self.message_id)
            .u32(0) // Reserved
            .u32(0) // TreeId
            .u64(self.session_id)
            .zeros(16); // Signature
        writer
    }

    /// Reads the frame of a reply to this request. `None` if it is an interim one (MS-SMB2
    /// 3.2.5.1.5): the final one follows.
    pub(super) fn reply(self, frame: &[u8]) -> Result<Option<Smb2Reply<'_>>, Smb2Error> {
        let message = unframed(frame)?;
        let mut reader = Reader::new(message);
        match reader.array("ProtocolId")? {
            PROTOCOL_ID => {}
            SMB1 => return Err(Smb2Error::Smb1),
            _ => return Err(DecodeError::new("ProtocolId", "not SMB2").into()),
        }
        expect("StructureSize", reader.u16("StructureSize")?, LENGTH)?;
        reader.u16("CreditCharge")?;
        let status = NtStatus(reader.u32("Status")?);
        expect("Command", reader.u16("Command")?, self.command as u16)?;
        reader.u16("CreditResponse")?;
        let flags = reader.u32("Flags")?;
        if flags & SERVER_TO_REDIR == 0 {
            return Err(DecodeError::new("Flags", "not a reply").into());
        }
        expect("NextCommand", reader.u32("NextCommand")?, 0)?;
        expect("MessageId", reader.u64("MessageId")?, self.message_id)?;
        reader.u64("TreeId or AsyncId")?;
        let session_id = reader.u64("SessionId")?;
        reader.array::<16>("Signature")?;
        if status == NtStatus::PENDING {
            return match flags & ASYNC_COMMAND {
                0 => Err(DecodeError::new("Status", "pending, and not asynchronous").into()),
                _ => Ok(None),
            };
        }
        Ok(Some(Smb2Reply {
            status,
            session_id,
            message,
            body: reader,
        }))
    }
}

/// The final reply to a request.
pub(super) struct Smb2Reply<'a> {
    pub(super) status: NtStatus,
    pub(super) session_id: u64,
    message: &'a [u8],
    /// What follows the header.
    pub(super) body: Reader<'a>,
}

impl<'a> Smb2Reply<'a> {
    /// A buffer that is given by its offset from the header's first byte.
    pub(super) fn buffer(
        &self,
        offset: u16,
        length: u16,
        field: &'static str,
    ) -> Result<&'a [u8], DecodeError> {
        let begin = usize::from(offset);
        if length == 0 {
            return Ok(&[]);
        }
        if begin < self.body.position() {
            return Err(DecodeError::new(field, "the offset lies before the buffer"));
        }
        let buffer = self.message.get(begin..begin + usize::from(length));
        buffer.ok_or(DecodeError::truncated(field))
    }
}

/// Checks a number that can have one value only.
pub(super) fn expect<T: PartialEq>(
    field: &'static str,
    value: T,
    expected: T,
) -> Result<(), DecodeError> {
    match value == expected {
        true => Ok(()),
        false => Err(DecodeError::new(field, "unexpected value")),
    }
}
