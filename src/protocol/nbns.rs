//! The query for the controllers of a domain to a NetBIOS name server, which Windows calls WINS
//! (RFC 1001, RFC 1002). All numbers are big endian.
//!
//! No sockets here. A reply is accepted only if it has the random id and the name of the query.

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;

use crate::base::wire::{DecodeError, Reader};

/// The port of the name service (UDP).
pub const PORT: u16 = 137;
/// The longest datagram (RFC 1002 4.2.1.1). It bounds the number of addresses.
pub const MAX_REPLY: usize = 576;

/// The last byte of the name that the controllers of a domain share (MS-NBTE 2.2.1).
const CONTROLLERS: u8 = 0x1C;
/// The length of a name without that byte.
pub const LENGTH: usize = 15;
/// A length, two letters for each byte of the name, and the empty label.
const ENCODED: usize = 1 + 2 * (LENGTH + 1) + 1;
/// A pointer to the name of the question (RFC 1002 4.2.1.2).
const POINTER: [u8; 2] = [0xC0, 0x0C];
/// R and OPCODE (RFC 1002 4.2.1.1).
const KIND: u16 = 0xF800;
/// A response to the operation QUERY.
const RESPONSE: u16 = 0x8000;
/// A name server is to answer.
const RECURSION_DESIRED: u16 = 0x0100;
const RCODE: u16 = 0x000F;
/// The name does not exist.
const NAM_ERR: u16 = 3;
/// The type of records with addresses, and the class of the internet.
const NB: u16 = 0x0020;
const IN: u16 = 0x0001;
/// NB_FLAGS and NB_ADDRESS. The flags tell a group from a host, which proves nothing.
const ENTRY: usize = 6;

/// A query that was made.
#[derive(Clone, Debug)]
pub struct NameQuery {
    id: u16,
    name: [u8; ENCODED],
}

/// A reply to a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameReply {
    /// The addresses, in the server's order, each once.
    Addresses(Vec<Ipv4Addr>),
    /// The server knows no such name.
    Unknown,
    /// The server cannot or will not answer: `RCODE`.
    Refused(u16),
}

/// The datagram is not a valid reply to the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadReply {
    /// Not a reply to this query, possibly forged: the reply may still come.
    #[error("not a reply to the query")]
    Foreign,
    /// The datagram has the id of the query, and is malformed.
    #[error("malformed reply: {0}")]
    Malformed(#[from] DecodeError),
}

impl NameQuery {
    /// Asks for the controllers of a domain, by its NetBIOS name in capitals, with spaces after it.
    /// `id` is random.
    pub fn new(id: u16, domain: [u8; LENGTH]) -> Self {
        // RFC 1001 14.1: each half of a byte is a letter.
        let letters = |byte: u8| [b'A' + (byte >> 4), b'A' + (byte & 0x0F)];
        let mut name = [0; ENCODED];
        name[0] = 0x20;
        let (places, _empty_label) = name[1..].as_chunks_mut();
        for (place, byte) in places
            .iter_mut()
            .zip(domain.into_iter().chain([CONTROLLERS]))
        {
            *place = letters(byte);
        }
        Self { id, name }
    }

    /// NAME QUERY REQUEST (RFC 1002 4.2.12).
    pub fn message(&self) -> Vec<u8> {
        let header = [self.id, RECURSION_DESIRED, 1, 0, 0, 0];
        let mut message: Vec<u8> = header.into_iter().flat_map(u16::to_be_bytes).collect();
        message.extend(self.name);
        message.extend([NB, IN].into_iter().flat_map(u16::to_be_bytes));
        message
    }

    /// Reads a datagram (RFC 1002 4.2.13, 4.2.14). In a list that the server has cut (TC), the
    /// addresses that came are whole.
    ///
    /// # Errors
    /// [`BadReply`].
    pub fn reply(&self, datagram: &[u8]) -> Result<NameReply, BadReply> {
        let mut reader = Reader::new(datagram);
        let head = number(&mut reader, "NAME_TRN_ID")
            .and_then(|id| Ok((id, number(&mut reader, "OPCODE, RCODE")?)));
        let (id, flags) = head.map_err(|_| BadReply::Foreign)?;
        if id != self.id || flags & KIND != RESPONSE {
            return Err(BadReply::Foreign);
        }
        if datagram.len() > MAX_REPLY {
            return Err(DecodeError::new("datagram", "too long").into());
        }
        let questions = number(&mut reader, "QDCOUNT")?;
        let answers = number(&mut reader, "ANCOUNT")?;
        let _authority_and_additional = reader.take(4, "NSCOUNT, ARCOUNT")?;
        if !self.is_repeated(&mut reader, questions)? {
            return Err(BadReply::Foreign);
        }
        match flags & RCODE {
            0 if answers == 1 => Ok(NameReply::Addresses(addresses(reader)?)),
            0 => Err(DecodeError::new("ANCOUNT", "not one answer").into()),
            NAM_ERR => Ok(NameReply::Unknown),
            other => Ok(NameReply::Refused(other)),
        }
    }

    /// Whether the question, if there is one, and the record have the name of the query.
    fn is_repeated(&self, reader: &mut Reader<'_>, questions: u16) -> Result<bool, DecodeError> {
        if questions > 0 {
            let asked = reader.take(ENCODED, "QUESTION_NAME")?;
            let kind = number(reader, "QUESTION_TYPE")?;
            let class = number(reader, "QUESTION_CLASS")?;
            if questions != 1 || asked != self.name || (kind, class) != (NB, IN) {
                return Ok(false);
            }
            if reader.rest().starts_with(&POINTER) {
                reader.take(POINTER.len(), "RR_NAME")?;
                return Ok(true);
            }
        }
        Ok(reader.take(ENCODED, "RR_NAME")? == self.name)
    }
}

/// Reads the record of a positive reply, after its name.
fn addresses(mut reader: Reader<'_>) -> Result<Vec<Ipv4Addr>, DecodeError> {
    let kind = number(&mut reader, "RR_TYPE")?;
    let class = number(&mut reader, "RR_CLASS")?;
    if (kind, class) != (NB, IN) {
        return Err(DecodeError::new("RR_TYPE, RR_CLASS", "not NB, IN"));
    }
    let _ttl = reader.take(4, "TTL")?;
    let length = number(&mut reader, "RDLENGTH")?.into();
    let (entries, rest) = reader.take(length, "RDATA")?.as_chunks::<ENTRY>();
    if !rest.is_empty() {
        return Err(DecodeError::new("RDLENGTH", "not a multiple of 6"));
    }
    let mut addresses = Vec::new();
    for [_, _, octets @ ..] in entries {
        let address = Ipv4Addr::from(*octets);
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

fn number(reader: &mut Reader<'_>, field: &'static str) -> Result<u16, DecodeError> {
    reader.array(field).map(u16::from_be_bytes)
}
