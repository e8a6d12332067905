//! Names in messages: the units that hashes cover, and the text for lookup and display.

#[cfg(test)]
mod tests;

use crate::base::name_case;
use crate::base::wire::DecodeError;

/// The character set of a message's names, as the CHALLENGE message chose it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// UTF-16LE.
    #[default]
    Unicode,
    /// The client's own. No message names it.
    Oem,
}

impl Charset {
    /// Decodes a name.
    ///
    /// OEM bytes are widened one by one; [`Text::readings`] tells what hashes cover. Their meaning
    /// is UTF-8 if they are valid UTF-8, as most clients send today, and Latin-1 otherwise.
    ///
    /// # Errors
    /// `field` is invalid UTF-16. No account has such a name, and a domain controller refuses the
    /// whole request as malformed.
    pub fn decode(self, bytes: &[u8], field: &'static str) -> Result<Text, DecodeError> {
        match self {
            Self::Unicode => {
                let (pairs, []) = bytes.as_chunks() else {
                    return Err(DecodeError::new(field, "odd number of bytes in UTF-16"));
                };
                let units: Vec<u16> = pairs.iter().copied().map(u16::from_le_bytes).collect();
                let meant = String::from_utf16(&units)
                    .map_err(|_| DecodeError::new(field, "not UTF-16: a lone surrogate"))?;
                Ok(Text {
                    units,
                    meant,
                    charset: self,
                })
            }
            Self::Oem => Ok(Text {
                units: bytes.iter().copied().map(u16::from).collect(),
                meant: match str::from_utf8(bytes) {
                    Ok(utf8) => utf8.to_owned(),
                    Err(_) => bytes.iter().copied().map(char::from).collect(),
                },
                charset: self,
            }),
        }
    }

    /// Encodes a name. OEM is written as UTF-8.
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
    /// UTF-16 as sent (or widened): sent to the domain controller unchanged.
    pub units: Vec<u16>,
    /// The meaning: for lookup and display, never for a hash.
    pub meant: String,
    charset: Charset,
}

impl Text {
    /// True if the client sent OEM bytes.
    pub fn is_oem(&self) -> bool {
        self.charset == Charset::Oem
    }

    /// `Upper(user)` and `domain` of NTOWFv2 (MS-NLMP 3.3.2), in each way in which a client may
    /// have computed them. There is one way for UTF-16.
    ///
    /// OEM bytes have up to three: curl widens them and capitalises ASCII letters only; a client
    /// with Latin-1 also capitalises `E0` to `FE`; the specification converts the name to UTF-16.
    pub fn readings(user: &Self, domain: &Self) -> Vec<(Vec<u16>, Vec<u16>)> {
        let capitals = |units: &[u16]| units.iter().copied().map(uppercase).collect();
        let mut readings = vec![(capitals(&user.units), domain.units.clone())];
        if user.is_oem() {
            let widened = user.units.iter().copied().map(ascii_uppercase).collect();
            let converted = (capitals(&user.converted()), domain.converted());
            for reading in [(widened, domain.units.clone()), converted] {
                if !readings.contains(&reading) {
                    readings.push(reading);
                }
            }
        }
        readings
    }

    /// OEM bytes that are valid UTF-8, converted to UTF-16. Other units unchanged.
    fn converted(&self) -> Vec<u16> {
        let bytes: Option<Vec<u8>> = self
            .units
            .iter()
            .map(|unit| u8::try_from(*unit).ok())
            .collect();
        match bytes.as_deref().map(str::from_utf8) {
            Some(Ok(utf8)) if self.is_oem() => utf8.encode_utf16().collect(),
            _ => self.units.clone(),
        }
    }
}

impl From<&str> for Text {
    fn from(name: &str) -> Self {
        Self {
            units: name.encode_utf16().collect(),
            meant: name.to_owned(),
            charset: Charset::Unicode,
        }
    }
}

/// The units as bytes, little endian.
pub fn utf16le(units: impl IntoIterator<Item = u16>) -> Vec<u8> {
    let units = units.into_iter();
    let (least, most) = units.size_hint();
    let mut bytes = Vec::with_capacity(2 * most.unwrap_or(least));
    units.for_each(|unit| bytes.extend(unit.to_le_bytes()));
    bytes
}

/// The capital of a unit (`Upper`, MS-NLMP 6): always one unit.
pub fn uppercase(unit: u16) -> u16 {
    let letter = char::from_u32(unit.into());
    let capital =
        letter.and_then(|letter| u16::try_from(u32::from(name_case::capital(letter))).ok());
    capital.unwrap_or(unit)
}

/// The capital of an ASCII letter. Other units unchanged.
fn ascii_uppercase(unit: u16) -> u16 {
    u8::try_from(unit).map_or(unit, |byte| byte.to_ascii_uppercase().into())
}
