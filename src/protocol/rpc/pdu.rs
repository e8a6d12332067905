//! The PDUs of connection-oriented DCE/RPC (C706 12.6, MS-RPCE 2.2.2).
//!
//! ```text
//! header 16: 05 00 | ptype | flags | drep 10 00 00 00 | u16 frag_len | u16 auth_len | u32 call_id
//! body
//! if auth_len > 0: padding, sec_trailer 8, auth_value[auth_len]
//! ```

use crate::base::wire::{DecodeError, Reader, Writer};
use crate::protocol::rpc::{Error, FaultStatus};

/// The longest PDU that is sent and accepted, in bytes: the offer of every implementation.
pub const MAX_FRAGMENT: u16 = 5840;
/// The shortest maximum that a peer may name (C706 12.6.3.1, `MustRecvFragSize`).
const MIN_MAX_FRAGMENT: u16 = 1432;
/// The common header.
pub const HEADER_LENGTH: usize = 16;
/// The common header and the fields before the stub of a request or a response.
pub const HEAD_LENGTH: usize = 24;
/// `sec_trailer` (MS-RPCE 2.2.2.11).
pub const TRAILER_LENGTH: usize = 8;

/// `PFC_FIRST_FRAG`
const FIRST: u8 = 0x01;
/// `PFC_LAST_FRAG`
const LAST: u8 = 0x02;
/// `PFC_SUPPORT_HEADER_SIGN` (MS-RPCE 2.2.2.3), in the PDUs of a bind only.
const SUPPORT_HEADER_SIGN: u8 = 0x04;
/// `PFC_CONC_MPX`
const CONC_MPX: u8 = 0x10;

/// Little-endian integers, ASCII; IEEE floating point; two reserved bytes (C706 14.1).
const DREP: [u8; 4] = [0x10, 0, 0, 0];

/// `p_cont_def_result_t` (C706 12.6.3.1)
const ACCEPTANCE: u16 = 0;
/// `p_cont_def_result_t`
const PROVIDER_REJECTION: u16 = 2;
/// `p_provider_reason_t` (C706 12.6.3.1)
const ABSTRACT_SYNTAX_NOT_SUPPORTED: u16 = 1;

/// The value of `ptype`.
mod ptype {
    pub const REQUEST: u8 = 0x00;
    pub const RESPONSE: u8 = 0x02;
    pub const FAULT: u8 = 0x03;
    pub const BIND: u8 = 0x0B;
    pub const BIND_ACK: u8 = 0x0C;
    pub const BIND_NAK: u8 = 0x0D;
}

/// The identifier of an interface or of an encoding: UUID and version, as on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syntax(pub(crate) [u8; 20]);

impl Syntax {
    /// NETLOGON, 12345678-1234-abcd-ef00-01234567cffb version 1.0 (MS-NRPC 1.9).
    pub const NETLOGON: Self = Self([
        0x78, 0x56, 0x34, 0x12, 0x34, 0x12, 0xCD, 0xAB, 0xEF, 0x00, 0x01, 0x23, 0x45, 0x67, 0xCF,
        0xFB, 1, 0, 0, 0,
    ]);
    /// LSA, 12345778-1234-abcd-ef00-0123456789ab version 0.0 (MS-LSAT 1.9).
    pub const LSA: Self = Self([
        0x78, 0x57, 0x34, 0x12, 0x34, 0x12, 0xCD, 0xAB, 0xEF, 0x00, 0x01, 0x23, 0x45, 0x67, 0x89,
        0xAB, 0, 0, 0, 0,
    ]);
    /// The endpoint mapper, e1af8308-5d1f-11c9-91a4-08002b14a0fa version 3.0 (C706 appendix O).
    pub const ENDPOINT_MAPPER: Self = Self([
        0x08, 0x83, 0xAF, 0xE1, 0x1F, 0x5D, 0xC9, 0x11, 0x91, 0xA4, 0x08, 0x00, 0x2B, 0x14, 0xA0,
        0xFA, 3, 0, 0, 0,
    ]);
    /// NDR, 8a885d04-1ceb-11c9-9fe8-08002b104860 version 2.0 (C706 appendix I).
    pub const NDR: Self = Self([
        0x04, 0x5D, 0x88, 0x8A, 0xEB, 0x1C, 0xC9, 0x11, 0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10, 0x48,
        0x60, 2, 0, 0, 0,
    ]);
}

/// The length of the PDU with this header, in bytes, header included.
///
/// # Errors
/// The length is out of range.
pub fn fragment_length(header: &[u8; HEADER_LENGTH]) -> Result<usize, DecodeError> {
    let mut reader = Reader::new(header);
    reader.take(8, "header")?;
    let length = usize::from(reader.u16("frag_len")?);
    match length {
        HEADER_LENGTH..=MAX_FRAGMENT_BYTES => Ok(length),
        _ => Err(DecodeError::new("frag_len", "out of range")),
    }
}

const MAX_FRAGMENT_BYTES: usize = MAX_FRAGMENT as usize;

/// A bind to `interface`. With `auth`, it has the `sec_trailer` and its value, and offers header
/// signing.
pub fn bind(
    call_id: u32,
    interface: Syntax,
    auth: Option<([u8; TRAILER_LENGTH], &[u8])>,
) -> Vec<u8> {
    let mut body = Writer::new();
    body.u16(MAX_FRAGMENT).u16(MAX_FRAGMENT);
    body.u32(0); // assoc_group_id: a new one
    body.u8(1).zeros(3); // one context
    body.u16(0).u8(1).u8(0); // its id, and one transfer syntax
    body.bytes(&interface.0).bytes(&Syntax::NDR.0);
    let (flags, value) = match auth {
        None => (FIRST | LAST | CONC_MPX, [].as_slice()),
        Some((trailer, value)) => {
            body.bytes(&trailer).bytes(value);
            (FIRST | LAST | CONC_MPX | SUPPORT_HEADER_SIGN, value)
        }
    };
    let body = body.into_bytes();
    let mut pdu = Writer::new();
    // Some hundred bytes: only two names of at most 15 characters vary.
    let length = u16::try_from(HEADER_LENGTH + body.len()).unwrap_or(u16::MAX);
    let auth_length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    header(&mut pdu, ptype::BIND, flags, [length, auth_length], call_id);
    pdu.bytes(&body);
    pdu.into_bytes()
}

/// The fields before the stub of a request's fragment.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead {
    /// The same in all fragments of a call.
    pub call_id: u32,
    /// The number of the call in the interface.
    pub opnum: u16,
    /// The first fragment of its call.
    pub first: bool,
    /// The last fragment of its call.
    pub last: bool,
    /// The bytes of stub in this fragment and the following ones.
    pub alloc_hint: u32,
    /// The length of the PDU, in bytes.
    pub frag_len: u16,
    /// The length of the signature, in bytes.
    pub auth_len: u16,
}

impl RequestHead {
    /// The [`HEAD_LENGTH`] bytes.
    pub fn encode(self) -> Vec<u8> {
        let mut flags = 0;
        flags |= if self.first { FIRST } else { 0 };
        flags |= if self.last { LAST } else { 0 };
        let mut head = Writer::new();
        let lengths = [self.frag_len, self.auth_len];
        header(&mut head, ptype::REQUEST, flags, lengths, self.call_id);
        head.u32(self.alloc_hint).u16(0).u16(self.opnum);
        head.into_bytes()
    }
}

fn header(to: &mut Writer, ptype: u8, flags: u8, [length, auth]: [u16; 2], call_id: u32) {
    to.u8(5).u8(0).u8(ptype).u8(flags).bytes(&DREP);
    to.u16(length).u16(auth).u32(call_id);
}

/// A PDU from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pdu<'a> {
    /// The bind was accepted.
    BindAck(BindAck<'a>),
    /// The bind was refused: `provider_reject_reason`.
    BindNak(u16),
    /// A part of an answer.
    Response(Fragment<'a>),
    /// The call was not executed. Not authentic: faults are not signed.
    Fault(FaultStatus),
}

/// An accepted bind: the one requested context, with the requested encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindAck<'a> {
    /// The longest PDU that the server accepts.
    pub max_fragment: u16,
    /// Both sides sign the headers of PDUs.
    pub header_signing: bool,
    /// `sec_trailer` and its value.
    pub auth: Option<Auth<'a>>,
}

/// A part of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// The first of its answer.
    pub first: bool,
    /// The last of its answer.
    pub last: bool,
    /// The [`HEAD_LENGTH`] bytes before the stub.
    pub head: &'a [u8],
    /// The stub as received: sealed and padded if `auth` is present.
    pub stub: &'a [u8],
    /// `sec_trailer` and its value.
    pub auth: Option<Auth<'a>>,
}

/// `sec_trailer` and its value (MS-RPCE 2.2.2.11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth<'a> {
    /// `auth_type`, `auth_level`, `auth_pad_length`, a reserved byte, `auth_context_id`.
    pub trailer: [u8; TRAILER_LENGTH],
    /// The security provider's value.
    pub value: &'a [u8],
}

impl<'a> Pdu<'a> {
    /// Reads one whole PDU, an answer to the call `call_id`.
    ///
    /// # Errors
    /// [`Error::Malformed`]; [`Error::Sequence`] for an answer to another call.
    pub fn decode(pdu: &'a [u8], call_id: u32) -> Result<Self, Error> {
        let mut reader = Reader::new(pdu);
        if reader.array("rpc_vers")? != [5, 0] {
            return Err(DecodeError::new("rpc_vers", "not 5.0").into());
        }
        let ptype = reader.u8("ptype")?;
        let flags = reader.u8("pfc_flags")?;
        // The format of floating point numbers is irrelevant; the rest is reserved.
        let [integers_and_characters, _, _, _] = reader.array("drep")?;
        let [ours, ..] = DREP;
        if integers_and_characters != ours {
            return Err(DecodeError::new("drep", "not little endian").into());
        }
        let frag_len = usize::from(reader.u16("frag_len")?);
        if frag_len != pdu.len() || frag_len > MAX_FRAGMENT_BYTES {
            return Err(DecodeError::new("frag_len", "not the length of the PDU").into());
        }
        let auth_len = usize::from(reader.u16("auth_len")?);
        if reader.u32("call_id")? != call_id {
            return Err(Error::Sequence("an answer to another call"));
        }
        let (body, auth) = split_auth(pdu, auth_len)?;
        match ptype {
            ptype::RESPONSE => Self::response(body, flags, auth),
            ptype::FAULT => Self::fault(body),
            ptype::BIND_ACK => Self::bind_ack(body, flags, auth),
            ptype::BIND_NAK => {
                let reason = after_header(body)?.u16("provider_reject_reason")?;
                Ok(Self::BindNak(reason))
            }
            _ => Err(DecodeError::new("ptype", "unexpected").into()),
        }
    }

    fn response(body: &'a [u8], flags: u8, auth: Option<Auth<'a>>) -> Result<Self, Error> {
        let (head, stub) = body
            .split_at_checked(HEAD_LENGTH)
            .ok_or(DecodeError::truncated("response"))?;
        let mut reader = after_header(head)?;
        reader.u32("alloc_hint")?;
        if reader.u16("p_cont_id")? != 0 {
            return Err(DecodeError::new("p_cont_id", "not the context that was bound").into());
        }
        Ok(Self::Response(Fragment {
            first: flags & FIRST != 0,
            last: flags & LAST != 0,
            head,
            stub,
            auth,
        }))
    }

    fn fault(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body);
        reader.take(HEAD_LENGTH, "fault")?;
        Ok(Self::Fault(FaultStatus(reader.u32("status")?)))
    }

    fn bind_ack(body: &'a [u8], flags: u8, auth: Option<Auth<'a>>) -> Result<Self, Error> {
        let mut reader = after_header(body)?;
        reader.u16("max_xmit_frag")?;
        let max_fragment = reader.u16("max_recv_frag")?;
        if max_fragment < MIN_MAX_FRAGMENT {
            return Err(DecodeError::new("max_recv_frag", "less than 1432").into());
        }
        reader.u32("assoc_group_id")?;
        let address_length = usize::from(reader.u16("sec_addr")?);
        reader.take(address_length, "sec_addr")?;
        reader.align(4, "sec_addr")?;
        // Windows sends any value in the three reserved bytes.
        let [results, _, _, _] = reader.array("p_result_list")?;
        if results != 1 {
            return Err(DecodeError::new("p_result_list", "not one result").into());
        }
        let result = reader.u16("result")?;
        let reason = reader.u16("reason")?;
        let syntax: [u8; 20] = reader.array("transfer_syntax")?;
        // Padding may follow.
        match (result, reason) {
            (ACCEPTANCE, _) => {}
            (PROVIDER_REJECTION, ABSTRACT_SYNTAX_NOT_SUPPORTED) => {
                return Err(Error::InterfaceNotServed);
            }
            _ => return Err(Error::BindRefused(reason)),
        }
        if syntax != Syntax::NDR.0 {
            return Err(DecodeError::new("transfer_syntax", "not the one offered").into());
        }
        Ok(Self::BindAck(BindAck {
            max_fragment: max_fragment.min(MAX_FRAGMENT),
            header_signing: flags & SUPPORT_HEADER_SIGN != 0,
            auth,
        }))
    }
}

/// Splits the `sec_trailer` and its value from the end of a PDU.
fn split_auth(pdu: &[u8], auth_len: usize) -> Result<(&[u8], Option<Auth<'_>>), DecodeError> {
    let truncated = DecodeError::truncated("auth_value");
    if auth_len == 0 {
        return Ok((pdu, None));
    }
    let value_at = pdu.len().checked_sub(auth_len).ok_or(truncated)?;
    let (before, value) = pdu.split_at_checked(value_at).ok_or(truncated)?;
    let (body, trailer) = before.split_last_chunk().ok_or(truncated)?;
    let trailer = *trailer;
    Ok((body, Some(Auth { trailer, value })))
}

/// A reader behind the common header. Its alignment counts from the first byte of the PDU.
fn after_header(pdu: &[u8]) -> Result<Reader<'_>, DecodeError> {
    let mut reader = Reader::new(pdu);
    reader.take(HEADER_LENGTH, "header")?;
    Ok(reader)
}

#[cfg(test)]
mod tests;
