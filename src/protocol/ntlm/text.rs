//! Names in messages: the units that hashes are computed over, and what a person means by them.

#[cfg(test)]
mod tests;

use crate::base::name_case;
use crate::base::wire::DecodeError;

/// The character set of a message's names, as the CHALLENGE message chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// UTF-16LE.
    Unicode,
    /// The client's own; no message says which.
    Oem,
}

impl Charset {
    /// Decodes a name.
    ///
    /// OEM is widened byte by byte: the clients that send it (curl, wget) compute their hashes so,
    /// whatever character set their bytes are in. Today that is UTF-8, and it is taken for that if
    /// it can be; else for Latin-1.
    ///
    /// # Errors
    /// `field` should be UTF-16 and is not. No account has such a name, and a domain controller takes
    /// the whole question for damaged.
    pub fn decode(self, bytes: &[u8], field: &'static str) -> Result<Text, DecodeError> {
        match self {
            Self::Unicode => {
                let (pairs, []) = bytes.as_chunks() else {
                    return Err(DecodeError::new(field, "odd number of bytes in UTF-16"));
                };
                let units: Vec<u16> = pairs.iter().copied().map(u16::from_le_bytes).collect();
                let meant = String::from_utf16(&units)
                    .map_err(|_| DecodeError::new(field, "not UTF-16: a lone surrogate"))?;
                Ok(Text { units, meant })
            }
            Self::Oem => Ok(Text {
                units: bytes.iter().copied().map(u16::from).collect(),
                meant: match str::from_utf8(bytes) {
                    Ok(utf8) => utf8.to_owned(),
                    Err(_) => bytes.iter().copied().map(char::from).collect(),
                },
            }),
        }
    }

    /// Encodes a name; OEM is written as UTF-8.
    pub fn encode(self, name: &str) -> Vec<u8> {
        match self {
            Self::Unicode => utf16le(name.encode_utf16()),
            Self::Oem => name.as_bytes().to_vec(),
        }
    }
}

/// A name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// UTF-16 as sent (or widened): what hashes are computed over, never changed.
    pub units: Vec<u16>,
    /// What a person means: for looking up and for showing, never for a computation.
    pub meant: String,
}

impl From<&str> for Text {
    fn from(name: &str) -> Self {
        Self {
            units: name.encode_utf16().collect(),
            meant: name.to_owned(),
        }
    }
}

/// The units as bytes, low byte first.
pub fn utf16le(units: impl IntoIterator<Item = u16>) -> Vec<u8> {
    let units = units.into_iter();
    let (least, most) = units.size_hint();
    let mut bytes = Vec::with_capacity(2 * most.unwrap_or(least));
    units.for_each(|unit| bytes.extend(unit.to_le_bytes()));
    bytes
}

/// The capital of a unit, as `Upper` of MS-NLMP 6 has it: one unit for one.
pub fn uppercase(unit: u16) -> u16 {
    let letter = char::from_u32(unit.into());
    let capital =
        letter.and_then(|letter| u16::try_from(u32::from(name_case::capital(letter))).ok());
    capital.unwrap_or(unit)
}
