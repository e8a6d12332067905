//! The SHA-256 hash of a certificate, as administrators compare it.

use std::fmt;
use std::str::FromStr;

use crate::base::crypto::sha256;

/// The SHA-256 hash of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a certificate in DER.
    pub fn of(certificate: &[u8]) -> Self {
        Self(sha256(certificate))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, byte) in self.0.iter().enumerate() {
            let colon = if number > 0 { ":" } else { "" };
            write!(formatter, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

impl FromStr for Fingerprint {
    type Err = &'static str;

    /// 64 hexadecimal digits, with or without colons.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "a SHA-256 fingerprint has 64 hexadecimal digits";
        let digits: String = text.chars().filter(|letter| *letter != ':').collect();
        let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
        let mut hash = [0; 32];
        if pairs.len() != hash.len() || !rest.is_empty() {
            return Err(EXPECTED);
        }
        for (byte, pair) in hash.iter_mut().zip(pairs) {
            let digits = str::from_utf8(pair).map_err(|_| EXPECTED)?;
            if !pair.iter().all(u8::is_ascii_hexdigit) {
                return Err(EXPECTED);
            }
            *byte = u8::from_str_radix(digits, 16).map_err(|_| EXPECTED)?;
        }
        Ok(Self(hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_it_is_printed() {
        let fingerprint = Fingerprint::of(b"certificate");
        let text = fingerprint.to_string();
        assert_eq!(text.len(), 95);
        assert_eq!(text.parse(), Ok(fingerprint));
        assert_eq!(
            text.replace(':', "").to_lowercase().parse(),
            Ok(fingerprint)
        );
        for wrong in [
            "",
            "00",
            &text[3..],
            &format!("{text}:00"),
            &text.replace('A', "+"),
        ] {
            assert!(
                wrong == text || wrong.parse::<Fingerprint>().is_err(),
                "{wrong}"
            );
        }
        assert!("+1".repeat(32).parse::<Fingerprint>().is_err());
    }
}
