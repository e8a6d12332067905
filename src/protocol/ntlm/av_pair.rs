//! AV_PAIR (MS-NLMP 2.2.2.1): the elements of `TargetInfo` and of the NTLMv2 response.

#[cfg(test)]
mod tests;

use std::{fmt, iter};

use super::message::TooLong;
use crate::base::wire::{DecodeError, Reader};

/// `AvId`: the meaning of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AvId(pub u16);

impl AvId {
    /// The end of the list.
    pub const EOL: Self = Self(0);
    /// The server's NetBIOS name, in UTF-16 like all names in the list.
    pub const NB_COMPUTER_NAME: Self = Self(1);
    /// The NetBIOS name of the server's domain.
    pub const NB_DOMAIN_NAME: Self = Self(2);
    /// The server's DNS name.
    pub const DNS_COMPUTER_NAME: Self = Self(3);
    /// The DNS name of the server's domain.
    pub const DNS_DOMAIN_NAME: Self = Self(4);
    /// The DNS name of the server's forest.
    pub const DNS_TREE_NAME: Self = Self(5);
    /// [`AvFlags`], in 32 bits.
    pub const FLAGS: Self = Self(6);
    /// The server's time, a `FILETIME` in 8 bytes.
    pub const TIMESTAMP: Self = Self(7);
    /// An identifier of the client's machine, for logins to itself.
    pub const SINGLE_HOST: Self = Self(8);
    /// The principal name of the service that the client means.
    pub const TARGET_NAME: Self = Self(9);
    /// MD5 of the channel bindings, 16 bytes. All zero: none.
    pub const CHANNEL_BINDINGS: Self = Self(10);

    /// The name in the specification.
    pub const fn name(self) -> &'static str {
        match self.0 {
            0 => "MsvAvEOL",
            1 => "MsvAvNbComputerName",
            2 => "MsvAvNbDomainName",
            3 => "MsvAvDnsComputerName",
            4 => "MsvAvDnsDomainName",
            5 => "MsvAvDnsTreeName",
            6 => "MsvAvFlags",
            7 => "MsvAvTimestamp",
            8 => "MsvAvSingleHost",
            9 => "MsvAvTargetName",
            10 => "MsvAvChannelBindings",
            _ => "AvId",
        }
    }
}

impl fmt::Debug for AvId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            "AvId" => write!(formatter, "AvId({})", self.0),
            name => formatter.write_str(name),
        }
    }
}

/// The value of `MsvAvFlags`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AvFlags(pub u32);

impl AvFlags {
    /// The account's authentication is constrained.
    pub const CONSTRAINED: Self = Self(0x1);
    /// The AUTHENTICATE message has a MIC.
    pub const MIC: Self = Self(0x2);
    /// The service principal name comes from an untrusted source.
    pub const UNTRUSTED_SPN: Self = Self(0x4);

    /// True if every flag of `other` is set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A list of AV pairs, each identifier at most once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AvPairs {
    /// The encoded pairs, without the end.
    encoded: Vec<u8>,
}

impl Default for AvPairs {
    /// With room for the names of most servers, to avoid reallocations.
    fn default() -> Self {
        const ROOM: usize = 256;
        Self {
            encoded: Vec::with_capacity(ROOM),
        }
    }
}

impl AvPairs {
    /// Three times the number of identifiers.
    const MAX: usize = 32;

    /// Reads a list up to its `MsvAvEOL`. The bytes behind it stay unread.
    ///
    /// # Errors
    /// The list does not end, is longer than 32 pairs, or has a duplicate pair: a verifier could
    /// read the other of the two.
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let list = reader.rest();
        let start = reader.position();
        let mut ids = Vec::with_capacity(Self::MAX);
        while ids.len() <= Self::MAX {
            let before = list.get(..reader.position() - start).unwrap_or_default();
            let (id, value) = decode_pair(reader)?;
            if id == AvId::EOL {
                return match value {
                    [] => Ok(Self {
                        encoded: before.to_vec(),
                    }),
                    _ => Err(DecodeError::new("MsvAvEOL", "not empty")),
                };
            }
            if ids.contains(&id) {
                return Err(DecodeError::new(id.name(), "duplicate"));
            }
            ids.push(id);
        }
        Err(DecodeError::new("AvPairs", "more than 32"))
    }

    /// Appends a pair. An earlier pair with this identifier is removed.
    ///
    /// # Errors
    /// The value is longer than 65,535 bytes.
    pub fn set(&mut self, id: AvId, value: impl AsRef<[u8]>) -> Result<(), TooLong> {
        let value = value.as_ref();
        let length = u16::try_from(value.len()).map_err(|_| TooLong { field: id.name() })?;
        if self.value(id).is_some() {
            let others = self.iter().filter(|(other, _)| *other != id);
            let mut rest = Self::default();
            for (other, value) in others {
                rest.set(other, value)?;
            }
            *self = rest;
        }
        self.encoded.extend(id.0.to_le_bytes());
        self.encoded.extend(length.to_le_bytes());
        self.encoded.extend_from_slice(value);
        Ok(())
    }

    /// The value of a pair, if present.
    pub fn value(&self, id: AvId) -> Option<&[u8]> {
        self.iter()
            .find_map(|(other, value)| (other == id).then_some(value))
    }

    /// The pairs in their order, without the end.
    pub fn iter(&self) -> impl Iterator<Item = (AvId, &[u8])> {
        pairs(&self.encoded)
    }

    /// Encodes the list and its end.
    pub fn encode(&self) -> Vec<u8> {
        [self.encoded.as_slice(), &[0; 4]].concat()
    }
}

/// The pairs of a valid list.
fn pairs(encoded: &[u8]) -> impl Iterator<Item = (AvId, &[u8])> {
    let mut reader = Reader::new(encoded);
    iter::from_fn(move || decode_pair(&mut reader).ok())
}

fn decode_pair<'a>(reader: &mut Reader<'a>) -> Result<(AvId, &'a [u8]), DecodeError> {
    let id = AvId(reader.u16("AvId")?);
    let length = usize::from(reader.u16("AvLen")?);
    Ok((id, reader.take(length, id.name())?))
}
