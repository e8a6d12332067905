//! Security identifiers (MS-DTYP 2.4.2).

mod well_known;

use std::fmt;
use std::str::FromStr;

/// A security identifier: `S-1-5-21-…-1105`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sid {
    authority: u64,
    sub_authorities: Vec<u32>,
}

impl Sid {
    /// MS-DTYP 2.4.2.2: at most 15 sub-authorities.
    const MAX_SUB_AUTHORITIES: usize = 15;

    /// An identifier of a big-endian 48-bit authority and up to 15 sub-authorities.
    pub fn new(authority: [u8; 6], sub_authorities: Vec<u32>) -> Option<Self> {
        let [a, b, c, d, e, f] = authority;
        (sub_authorities.len() <= Self::MAX_SUB_AUTHORITIES).then(|| Self {
            authority: u64::from_be_bytes([0, 0, a, b, c, d, e, f]),
            sub_authorities,
        })
    }

    /// Reads the packet form (MS-DTYP 2.4.2.2), as in `objectSid`. `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let ([1, count], rest) = bytes.split_first_chunk()? else {
            return None;
        };
        let (authority, rest) = rest.split_first_chunk()?;
        let (numbers, []) = rest.as_chunks() else {
            return None;
        };
        let is_whole = numbers.len() == usize::from(*count) && *count > 0;
        let sub_authorities = numbers.iter().map(|number| u32::from_le_bytes(*number));
        Self::new(*authority, sub_authorities.collect()).filter(|_| is_whole)
    }

    /// `IdentifierAuthority`, big endian.
    pub fn authority(&self) -> [u8; 6] {
        let [_, _, authority @ ..] = self.authority.to_be_bytes();
        authority
    }

    /// `SubAuthority`: 15 at most.
    pub fn sub_authorities(&self) -> &[u32] {
        &self.sub_authorities
    }

    /// The SID of the domain that issued this one: `S-1-5-21-` and three numbers. `None` if no
    /// domain did.
    pub fn domain(&self) -> Option<Self> {
        match (self.authority, self.sub_authorities.split_last()) {
            (5, Some((_, domain @ [21, _, _, _]))) => Some(Self {
                authority: self.authority,
                sub_authorities: domain.to_vec(),
            }),
            _ => None,
        }
    }

    /// Whether this is the SID of a domain: `S-1-5-21-` and three numbers.
    pub fn is_domain(&self) -> bool {
        self.authority == 5 && matches!(*self.sub_authorities, [21, _, _, _])
    }

    /// The last number: the relative identifier of an account or a group.
    pub fn rid(&self) -> Option<u32> {
        self.sub_authorities.last().copied()
    }

    /// Domain and English name of a well-known SID (MS-DTYP 2.4.2.4). The domain may be empty.
    /// `None` for a SID that only its domain can name.
    pub fn well_known_name(&self) -> Option<(&'static str, &'static str)> {
        well_known::name(self.authority, &self.sub_authorities)
    }

    /// The SID of the account or group `rid` in the domain of this SID.
    pub fn with_rid(&self, rid: u32) -> Option<Self> {
        let mut sid = self.clone();
        sid.sub_authorities.push(rid);
        (sid.sub_authorities.len() <= Self::MAX_SUB_AUTHORITIES).then_some(sid)
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // MS-DTYP 2.4.2.1: an authority of 2^32 and above is written in hexadecimal.
        match u32::try_from(self.authority) {
            Ok(authority) => write!(formatter, "S-1-{authority}")?,
            Err(_) => write!(formatter, "S-1-0x{:012X}", self.authority)?,
        }
        self.sub_authorities
            .iter()
            .try_for_each(|sub| write!(formatter, "-{sub}"))
    }
}

impl FromStr for Sid {
    type Err = &'static str;

    /// Reads the decimal form of MS-DTYP 2.4.2.1.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "a SID is expected: S-1-5-21-1-2-3-1105";
        let parts = text.strip_prefix("S-1-").ok_or(EXPECTED)?;
        let mut numbers = parts.split('-').map(|part| {
            let is_plain = part.bytes().all(|digit| digit.is_ascii_digit());
            part.parse::<u32>().ok().filter(|_| is_plain)
        });
        let authority = numbers.next().flatten().ok_or(EXPECTED)?;
        let sub_authorities: Option<Vec<u32>> = numbers.collect();
        let [a, b, c, d] = authority.to_be_bytes();
        sub_authorities
            .filter(|sub_authorities| !sub_authorities.is_empty())
            .and_then(|sub_authorities| Self::new([0, 0, a, b, c, d], sub_authorities))
            .ok_or(EXPECTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packet_form_is_read() {
        let bytes = b"\x01\x05\0\0\0\0\0\x05\x15\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x51\x04\0\0";
        let sid = Sid::from_bytes(bytes).unwrap();
        assert_eq!(sid.to_string(), "S-1-5-21-1-2-3-1105");
        for length in 0..bytes.len() {
            assert_eq!(Sid::from_bytes(&bytes[..length]), None, "{length}");
        }
        for (at, value) in [(0, 2), (1, 4), (1, 6), (1, 0)] {
            let mut changed = *bytes;
            changed[at] = value;
            assert_eq!(Sid::from_bytes(&changed), None);
        }
        let many = [&[1, 16][..], &[0; 6 + 4 * 16]].concat();
        assert_eq!(Sid::from_bytes(&many), None);
    }

    #[test]
    fn written_as_the_specification_has_it() {
        let domain = Sid::new([0, 0, 0, 0, 0, 5], vec![21, 1, 2, 3]).unwrap();
        assert_eq!(domain.to_string(), "S-1-5-21-1-2-3");
        let user = domain.with_rid(1105).unwrap();
        assert_eq!(user.to_string(), "S-1-5-21-1-2-3-1105");
        let odd = Sid::new([1, 0, 0, 0, 0, 5], vec![]).unwrap();
        assert_eq!(odd.to_string(), "S-1-0x010000000005");
    }

    #[test]
    fn read_as_it_is_written() {
        for text in ["S-1-5-21-1-2-4294967295-1105", "S-1-1-0", "S-1-5-32-545"] {
            assert_eq!(text.parse::<Sid>().unwrap().to_string(), text);
        }
        for wrong in [
            "",
            "Web Users",
            "S-1-5",
            "S-1-5-",
            "S-2-5-21",
            "S-1-5-+21",
            "S-1-5-4294967296",
            "S-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1",
        ] {
            assert!(wrong.parse::<Sid>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn has_at_most_15_sub_authorities() {
        assert_eq!(Sid::new([0; 6], vec![0; 16]), None);
        let full = Sid::new([0; 6], vec![0; 15]).unwrap();
        assert_eq!(full.with_rid(1), None);
    }

    #[test]
    fn the_parts_come_back() {
        let sid = Sid::new([1, 2, 3, 4, 5, 6], vec![7, 8]).unwrap();
        assert_eq!(sid.authority(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(sid.sub_authorities(), [7, 8]);
    }

    #[test]
    fn what_a_domain_gave_out() {
        let nt = |subs: &[u32]| Sid::new([0, 0, 0, 0, 0, 5], subs.to_vec()).unwrap();
        let domain = nt(&[21, 1, 2, 3]);
        assert!(domain.is_domain());
        assert_eq!(nt(&[21, 1, 2, 3, 1105]).rid(), Some(1105));
        assert_eq!(nt(&[21, 1, 2, 3, 1105]).domain(), Some(domain.clone()));
        for other in [domain, nt(&[21, 1, 2, 3, 4, 5]), nt(&[32, 544]), nt(&[])] {
            assert_eq!(other.domain(), None, "{other}");
        }
        for other in [nt(&[21, 1, 2, 3, 1105]), nt(&[32, 544]), nt(&[21, 1, 2])] {
            assert!(!other.is_domain(), "{other}");
        }
        let elsewhere = Sid::new([0, 0, 0, 0, 0, 1], vec![21, 1, 2, 3, 1105]).unwrap();
        assert_eq!(elsewhere.domain(), None);
    }
}
