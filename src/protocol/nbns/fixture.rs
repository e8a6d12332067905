//! Replies of a WINS server, for the unit tests of every floor.

use super::{ENCODED, IN, NAM_ERR, NB};

/// Where the name of a query or of a reply is.
pub(crate) const NAME: usize = 12;
/// Where the length of the answer in a reply is, and the answer.
pub(crate) const RDLENGTH: usize = NAME + ENCODED + 8;
pub(crate) const RDATA: usize = RDLENGTH + 2;
/// A response with AA, RD and RA (RFC 1002 4.2.1.1).
pub(crate) const POSITIVE: u16 = 0x8580;
/// Such a response: no such name.
pub(crate) const UNKNOWN: u16 = POSITIVE | NAM_ERR;
/// The record of a negative reply: type NULL.
const NULL: u16 = 0x000A;

/// Id, flags and the other numbers, and the name of the query.
fn head(query: &[u8], flags: u16) -> Vec<u8> {
    let numbers = [flags, 0, 1, 0, 0].map(u16::to_be_bytes).concat();
    [&query[..2], &numbers, &query[NAME..NAME + ENCODED]].concat()
}

/// Type, class, lifetime and length of an answer, and the answer.
pub(crate) fn record(kind: u16, class: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    let numbers = [kind, class, 0, 60, length].map(u16::to_be_bytes);
    [&numbers.concat(), data].concat()
}

/// The answer with these addresses, those of a group.
pub(crate) fn addresses(addresses: &[[u8; 4]]) -> Vec<u8> {
    let entries = addresses.iter();
    let entries = entries.flat_map(|address| [&[0xE0, 0], &address[..]].concat());
    record(NB, IN, &entries.collect::<Vec<_>>())
}

/// POSITIVE NAME QUERY RESPONSE (RFC 1002 4.2.13).
pub(crate) fn positive(query: &[u8], of: &[[u8; 4]]) -> Vec<u8> {
    [head(query, POSITIVE), addresses(of)].concat()
}

/// NEGATIVE NAME QUERY RESPONSE (RFC 1002 4.2.14), with these flags.
pub(crate) fn negative(query: &[u8], flags: u16) -> Vec<u8> {
    [head(query, flags), record(NULL, IN, &[])].concat()
}
