//! Channel bindings (RFC 2744 3.11): the connection below that a login is meant for.

use crate::base::crypto::md5;

/// What an application knows of its channel. NTLM sends [`Self::hash`] only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelBindings<'a> {
    /// The client's address.
    pub initiator: Address<'a>,
    /// The server's address.
    pub acceptor: Address<'a>,
    /// With TLS: `tls-server-end-point:` and the hash of the server's certificate (RFC 5929 4.1).
    pub application_data: &'a [u8],
}

/// An address. The default has no type and no bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Address<'a> {
    /// `GSS_C_AF_INET` and the like (RFC 2744 appendix A); 0 for none.
    pub family: u32,
    /// In network byte order.
    pub bytes: &'a [u8],
}

impl ChannelBindings<'_> {
    /// The value of `MsvAvChannelBindings` (MS-NLMP 3.1.5.1.2): MD5 over the form of RFC 4121
    /// 4.1.1.2, whose numbers are in little-endian order.
    pub fn hash(&self) -> [u8; 16] {
        let Address { family, bytes } = self.initiator;
        let to = self.acceptor;
        md5(&[
            &family.to_le_bytes(),
            &length(bytes),
            bytes,
            &to.family.to_le_bytes(),
            &length(to.bytes),
            to.bytes,
            &length(self.application_data),
            self.application_data,
        ])
    }
}

/// A length of 32 bits.
fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;

    #[test]
    fn hashed_as_windows_does_it() {
        // A certificate and its hash from Microsoft's description of extended protection.
        let mut data = b"tls-server-end-point:".to_vec();
        data.extend(hex!(
            "ea05fefecc6b0bd571dbbc5baa3ed45386d0446835f7b74c85621b9983475f95"
        ));
        let bindings = ChannelBindings {
            application_data: &data,
            ..ChannelBindings::default()
        };
        assert_eq!(bindings.hash(), hex!("6586e99d81c2fc984e47172fd4dd0310"));
    }

    #[test]
    fn every_part_counts() {
        let address = |family, bytes| Address { family, bytes };
        let bindings = ChannelBindings {
            initiator: address(2, b"\x7f\0\0\x01"),
            acceptor: address(2, b"\x7f\0\0\x02"),
            application_data: b"data",
        };
        // The same bytes in one piece.
        let whole =
            b"\x02\0\0\0\x04\0\0\0\x7f\0\0\x01\x02\0\0\0\x04\0\0\0\x7f\0\0\x02\x04\0\0\0data";
        assert_eq!(bindings.hash(), md5(&[whole]));
        let mut other = bindings;
        other.acceptor.family = 24;
        assert_ne!(bindings.hash(), other.hash());
    }
}
