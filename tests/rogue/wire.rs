//! Identifiers of interfaces, PDUs on a stream, and integers in them.

use std::io::{ErrorKind, Read};
use std::net::TcpStream;

use crate::draft::{FIRST, LAST};
use crate::seal::Seal;

/// 12345678-1234-abcd-ef00-01234567cffb version 1.0 (MS-NRPC 1.9).
pub const NETLOGON: [u8; 20] =
    *b"\x78\x56\x34\x12\x34\x12\xCD\xAB\xEF\x00\x01\x23\x45\x67\xCF\xFB\x01\0\0\0";
/// 12345778-1234-abcd-ef00-0123456789ab version 0.0 (MS-LSAT 1.9).
pub const LSA: [u8; 20] =
    *b"\x78\x57\x34\x12\x34\x12\xCD\xAB\xEF\x00\x01\x23\x45\x67\x89\xAB\0\0\0\0";
/// 8a885d04-1ceb-11c9-9fe8-08002b104860 version 2.0 (C706 appendix I).
pub const NDR: [u8; 20] =
    *b"\x04\x5D\x88\x8A\xEB\x1C\xC9\x11\x9F\xE8\x08\x00\x2B\x10\x48\x60\x02\0\0\0";

/// The next PDU. `None` if the connection ends or times out.
pub fn next_pdu(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut pdu = vec![0; 16];
    let read = stream.read_exact(&mut pdu).and_then(|()| {
        pdu.resize(u16_at(&pdu, 8).into(), 0);
        stream.read_exact(&mut pdu[16..])
    });
    match read {
        Ok(()) => Some(pdu),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => None,
        // What we sent and it did not read.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
        // A channel that is kept.
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(error) => panic!("{error}"),
    }
}

pub fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap())
}

pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// The stub of a request, in clear. `None` if the seal is wrong.
pub fn opened(pdu: &[u8], seal: Option<&mut Seal>) -> Option<Vec<u8>> {
    assert_eq!(pdu[3], FIRST | LAST, "a request in one PDU");
    match seal {
        Some(seal) => seal.open(pdu),
        None => Some(pdu[24..].to_vec()),
    }
}
