//! NetrServerPasswordSet2: gives the machine account a new password (MS-NRPC 3.5.4.4.5).

use crate::base::crypto::{self, Key, NoRandomBytes, SecretBytes};
use crate::protocol::rpc::Error;
use crate::protocol::rpc::ndr::{Decoder, Encoder};
use crate::protocol::rpc::netlogon::{
    self, Authenticator, Credential, Parties, WORKSTATION_SECURE_CHANNEL,
};

/// The size of an `NL_TRUST_PASSWORD` (MS-NRPC 2.2.1.3.7): 256 characters, and their length.
pub const TRUST_PASSWORD_SIZE: usize = 516;
const BUFFER_SIZE: usize = 512;

/// A password for a machine account: ASCII letters and digits, `-` and `_`.
///
/// It stands in a line of the secret's file. It is never 32 characters long, so that it cannot be
/// taken for an NT hash.
#[derive(Clone, Debug)]
pub struct MachinePassword(SecretBytes);

impl MachinePassword {
    /// The length that Windows members use: 120 characters, of 6 random bits each.
    pub const LENGTH: usize = 120;

    /// A new password.
    ///
    /// # Errors
    /// The kernel returned no random bytes.
    pub fn random() -> Result<Self, NoRandomBytes> {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let random = SecretBytes::new(crypto::random::<{ Self::LENGTH }>()?.to_vec());
        let mut password = Vec::with_capacity(Self::LENGTH);
        password.extend(random.expose().iter().filter_map(|byte| {
            let letter = ALPHABET.get(usize::from(byte % 64));
            letter.copied()
        }));
        Ok(Self(SecretBytes::new(password)))
    }

    /// A password that was made by [`Self::random`] and stored. `None` if this is none.
    pub fn stored(text: &str) -> Option<Self> {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let is_made_here = text.len() == Self::LENGTH && text.bytes().all(is_letter);
        is_made_here.then(|| Self(SecretBytes::new(text.as_bytes().to_vec())))
    }

    /// The password, for the file of the secret.
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    /// The secret that both sides of a channel derive from it.
    pub fn nt_hash(&self) -> Key {
        // It is ASCII.
        crypto::nt_hash(str::from_utf8(self.expose()).unwrap_or_default())
    }

    /// `NL_TRUST_PASSWORD`, in clear: random bytes, the password at the end of the buffer, and its
    /// length in bytes.
    ///
    /// # Errors
    /// [`Error::NoRandomBytes`], also if all of them are equal: a buffer of zeros is how
    /// CVE-2020-1472 set an empty password.
    pub fn trust_password(&self) -> Result<SecretBytes, Error> {
        let random: [u8; BUFFER_SIZE] = crypto::random()?;
        let (fill, _) = random
            .split_at_checked(BUFFER_SIZE.saturating_sub(2 * Self::LENGTH))
            .ok_or(NoRandomBytes)?;
        if fill.windows(2).all(|pair| pair.first() == pair.last()) {
            return Err(NoRandomBytes.into());
        }
        Ok(self.filled_with(fill))
    }

    fn filled_with(&self, fill: &[u8]) -> SecretBytes {
        let password = self.0.expose();
        // With room for all, so that no copy of it stays behind in a buffer that grows.
        let mut bytes = Vec::with_capacity(TRUST_PASSWORD_SIZE);
        bytes.extend(fill);
        bytes.extend(password.iter().flat_map(|byte| [*byte, 0]));
        let length = u32::try_from(2 * password.len()).unwrap_or_default();
        bytes.extend(length.to_le_bytes());
        SecretBytes::new(bytes)
    }
}

/// The stub. `encrypted` is an `NL_TRUST_PASSWORD` under the session key.
///
/// # Errors
/// [`Error::TooLong`].
pub fn request(
    parties: Parties<'_>,
    authenticator: Authenticator,
    encrypted: &[u8],
) -> Result<Vec<u8>, Error> {
    let mut stub = Encoder::new();
    stub.unique_string(parties.server, "PrimaryName")?
        .string(parties.account, "AccountName")?
        .u16(WORKSTATION_SECURE_CHANNEL)
        .string(parties.computer, "ComputerName")?
        .align(4)
        .bytes(&authenticator.credential)
        .u32(authenticator.timestamp)
        .bytes(encrypted);
    Ok(stub.into_bytes())
}

/// Reads the answer: the credential of the return authenticator.
///
/// # Errors
/// [`Error::Status`]: the controller did not set the password; [`Error::Malformed`].
pub fn reply(stub: &[u8]) -> Result<Credential, Error> {
    let mut decoder = Decoder::new(stub);
    let credential = decoder.array("ReturnAuthenticator")?;
    decoder.u32("ReturnAuthenticator")?;
    netlogon::finish("NetrServerPasswordSet2", decoder)?;
    Ok(credential)
}

#[cfg(test)]
pub(in crate::protocol::rpc) mod tests {
    use super::*;
    use crate::protocol::rpc::NtStatus;
    use crate::protocol::rpc::netlogon::tests::PARTIES;

    /// 120 letters `a`, and a fill of 0x55.
    pub(in crate::protocol::rpc) fn known() -> (MachinePassword, SecretBytes) {
        let password = MachinePassword::stored(&"a".repeat(120)).unwrap();
        let clear = password.filled_with(&[0x55; 272]);
        (password, clear)
    }

    #[test]
    fn the_password_stands_at_the_end_of_the_buffer() {
        let (_, clear) = known();
        let clear = clear.expose();
        assert_eq!(clear.len(), TRUST_PASSWORD_SIZE);
        assert!(clear[..272].iter().all(|byte| *byte == 0x55));
        assert_eq!(clear[272..512], b"a\0".repeat(120));
        assert_eq!(clear[512..], 240_u32.to_le_bytes());
    }

    #[test]
    fn the_fill_is_random() {
        let (password, _) = known();
        let [one, other] = [(); 2].map(|()| password.trust_password().unwrap());
        assert_ne!(one.expose()[..272], other.expose()[..272]);
        assert_eq!(one.expose()[272..], other.expose()[272..]);
        for made in [one, other] {
            assert!(made.expose()[..272].iter().any(|byte| *byte != 0));
        }
    }

    #[test]
    fn passwords_are_random_and_stored_as_they_are() {
        let [one, other] = [(); 2].map(|()| MachinePassword::random().unwrap());
        assert_ne!(one.expose(), other.expose());
        let text = str::from_utf8(one.expose()).unwrap();
        let stored = MachinePassword::stored(text).unwrap();
        assert_eq!(stored.nt_hash(), crypto::nt_hash(text));
        assert_eq!(one.nt_hash(), stored.nt_hash());
        assert_ne!(one.nt_hash(), other.nt_hash());
        for other in ["", "a", &"ä".repeat(60), &" ".repeat(120), &"a".repeat(121)] {
            assert!(MachinePassword::stored(other).is_none(), "{other}");
        }
    }

    #[test]
    fn the_request_has_its_layout() {
        let parties = Parties {
            server: None,
            ..PARTIES
        };
        let authenticator = Authenticator {
            credential: *b"12345678",
            timestamp: 0x0403_0201,
        };
        let stub = request(parties, authenticator, &[0xEE; TRUST_PASSWORD_SIZE]).unwrap();
        let string = |text: &str| {
            let count = u32::try_from(text.len() + 1).unwrap().to_le_bytes();
            let units = format!("{text}\0").into_bytes();
            let units: Vec<u8> = units.into_iter().flat_map(|unit| [unit, 0]).collect();
            [&count[..], &[0; 4], &count, &units].concat()
        };
        let account = string("NLRES1$");
        let expected = [
            &[0; 4][..],
            &account,
            &[2, 0],
            &[0; 2], // the alignment of the next string
            &string("NLRES1"),
            &[0; 2], // the alignment of the authenticator
            b"12345678\x01\x02\x03\x04",
            &[0xEE; TRUST_PASSWORD_SIZE],
        ]
        .concat();
        assert_eq!(stub, expected);
    }

    #[test]
    fn the_answer_is_read() {
        let answer = |status: u32| {
            let words = [7, status].map(u32::to_le_bytes).concat();
            [&b"returned"[..], &words].concat()
        };
        assert_eq!(reply(&answer(0)), Ok(*b"returned"));
        let refused = Error::Status("NetrServerPasswordSet2", NtStatus::ACCESS_DENIED);
        assert_eq!(reply(&answer(0xC000_0022)), Err(refused));
        for length in 0..16 {
            assert!(reply(&answer(0)[..length]).is_err(), "{length}");
        }
        assert!(reply(&[&answer(0)[..], &[0]].concat()).is_err());
    }
}
