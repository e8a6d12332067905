//! The bodies of replies. Fields that are of no use here are not looked at.

use crate::base::wire::DecodeError;
use crate::protocol::smb2::header::{Smb2Reply, expect};
use crate::protocol::smb2::requests::Dialect;

/// `SecurityMode`: SMB2_NEGOTIATE_SIGNING_REQUIRED.
const SIGNING_REQUIRED: u16 = 2;

/// The reply to NEGOTIATE (MS-SMB2 2.2.4).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NegotiateReply {
    pub(super) dialect: Dialect,
    pub(super) is_signing_required: bool,
}

impl NegotiateReply {
    pub(super) fn parse(
        mut reply: Smb2Reply<'_>,
        offered: &[Dialect],
    ) -> Result<Self, DecodeError> {
        let body = &mut reply.body;
        expect("StructureSize", body.u16("StructureSize")?, 65)?;
        let security_mode = body.u16("SecurityMode")?;
        let revision = body.u16("DialectRevision")?;
        // The rest: limits of sizes, times, and a SPNEGO message, of which raw NTLM needs none.
        body.take(58, "NegotiateReply")?;
        let mut chosen = offered.iter().filter(|one| **one as u16 == revision);
        let dialect = chosen
            .next()
            .ok_or(DecodeError::new("DialectRevision", "not offered"))?;
        Ok(Self {
            dialect: *dialect,
            is_signing_required: security_mode & SIGNING_REQUIRED != 0,
        })
    }
}

/// `SessionFlags` (MS-SMB2 2.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SessionFlags(u16);

impl SessionFlags {
    pub(super) fn is_guest(self) -> bool {
        self.0 & 1 != 0
    }

    pub(super) fn is_null(self) -> bool {
        self.0 & 2 != 0
    }

    pub(super) fn is_encrypted(self) -> bool {
        self.0 & 4 != 0
    }
}

/// The reply to SESSION_SETUP (MS-SMB2 2.2.6).
#[derive(Debug)]
pub(super) struct SessionSetupReply<'a> {
    pub(super) session_id: u64,
    pub(super) flags: SessionFlags,
    pub(super) token: &'a [u8],
}

impl<'a> SessionSetupReply<'a> {
    pub(super) fn parse(mut reply: Smb2Reply<'a>) -> Result<Self, DecodeError> {
        let body = &mut reply.body;
        expect("StructureSize", body.u16("StructureSize")?, 9)?;
        let flags = SessionFlags(body.u16("SessionFlags")?);
        let offset = body.u16("SecurityBufferOffset")?;
        let length = body.u16("SecurityBufferLength")?;
        Ok(Self {
            session_id: reply.session_id,
            flags,
            token: reply.buffer(offset, length, "SecurityBuffer")?,
        })
    }
}

/// Checks the reply to TREE_CONNECT (MS-SMB2 2.2.10), whose status is success.
pub(super) fn tree_connected(mut reply: Smb2Reply<'_>) -> Result<(), DecodeError> {
    expect("StructureSize", reply.body.u16("StructureSize")?, 16)?;
    reply.body.take(14, "TreeConnectReply").map(drop)
}
