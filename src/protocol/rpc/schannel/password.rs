//! A new password for the machine account, over a connection whose negotiation was checked
//! (MS-NRPC 3.5.4.4.5).
//!
//! ```text
//! CredentialChain ──set_password──► PasswordSent ──answered──► set, or refused
//! ```

use crate::base::crypto::Aes128Cfb8Encryptor;
use crate::protocol::rpc::Error;
use crate::protocol::rpc::client::Outcome;
use crate::protocol::rpc::netlogon::Parties;
use crate::protocol::rpc::netlogon::password_set::{self, MachinePassword};
use crate::protocol::rpc::schannel::CredentialChain;

/// A NetrServerPasswordSet2 is sent.
#[derive(Debug)]
pub struct PasswordSent(CredentialChain);

impl CredentialChain {
    /// The stub of NetrServerPasswordSet2. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`Error::NoRandomBytes`].
    pub fn set_password(
        self,
        parties: Parties<'_>,
        password: &MachinePassword,
        now: u32,
    ) -> Result<(Vec<u8>, PasswordSent), Error> {
        let clear = password.trust_password()?;
        self.send(parties, clear.expose(), now)
    }

    fn send(
        mut self,
        parties: Parties<'_>,
        clear: &[u8],
        now: u32,
    ) -> Result<(Vec<u8>, PasswordSent), Error> {
        // AES was negotiated, so the whole structure is encrypted with it, from a zero IV.
        let mut encrypted = clear.to_vec();
        Aes128Cfb8Encryptor::new(&self.session_key, &[0; 16]).apply(&mut encrypted);
        let stub = password_set::request(parties, self.next(now), &encrypted)?;
        Ok((stub, PasswordSent(self)))
    }
}

impl PasswordSent {
    /// Takes the answer of a sealed connection. Success: the controller has the new password.
    ///
    /// # Errors
    /// [`Error::Status`]: the controller has the old password, and says why. After any other error
    /// it may have either.
    pub fn answered(mut self, outcome: Outcome) -> Result<(), Error> {
        let stub = outcome.response()?;
        let returned = password_set::reply(stub.expose())?;
        match self.0.accepts(&returned) {
            true => Ok(()),
            false => Err(Error::Forged("wrong authenticator")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::crypto::{Aes128Cfb8Decryptor, Key, SecretBytes};
    use crate::protocol::rpc::NtStatus;
    use crate::protocol::rpc::netlogon::password_set::TRUST_PASSWORD_SIZE;
    use crate::protocol::rpc::netlogon::password_set::tests::known;
    use crate::protocol::rpc::netlogon::tests::PARTIES;
    use hex_literal::hex;

    const SESSION_KEY: [u8; 16] = hex!("4f17bd190438bc1eab854c89d442313f");

    /// The chain of the vectors, before its first link.
    fn chain() -> CredentialChain {
        CredentialChain::new(Key::new(SESSION_KEY), hex!("c1cf3ca98c3e2a6a"))
    }

    /// Its first authenticator and the answer to it, at this time.
    const NOW: u32 = 1_700_000_000;
    const SENT: [u8; 8] = hex!("01ffdcab3cdad776");
    const RETURNED: [u8; 8] = hex!("02c402c99901bc4b");

    fn encrypted(stub: &[u8]) -> &[u8] {
        &stub[stub.len() - TRUST_PASSWORD_SIZE..]
    }

    #[test]
    fn the_password_is_encrypted_with_the_session_key() {
        let (_, clear) = known();
        let (stub, _) = chain().send(PARTIES, clear.expose(), NOW).unwrap();
        // openssl enc -aes-128-cfb8 -K 4f17… -iv 0: the first bytes, and the last.
        let encrypted = encrypted(&stub);
        assert_eq!(encrypted[..16], hex!("95f7ce556150eeb19854242b40ec5dce"));
        assert_eq!(encrypted[500..], hex!("31f5a2812623b401b41a6cf287cd0731"));
        let authenticator = &stub[stub.len() - TRUST_PASSWORD_SIZE - 12..][..12];
        assert_eq!(authenticator, [&SENT[..], &NOW.to_le_bytes()].concat());
    }

    #[test]
    fn a_controller_reads_what_was_sent() {
        let (password, clear) = known();
        let (stub, _) = chain().set_password(PARTIES, &password, NOW).unwrap();
        let mut read = encrypted(&stub).to_vec();
        Aes128Cfb8Decryptor::new(&Key::new(SESSION_KEY), &[0; 16]).apply(&mut read);
        assert_eq!(read[272..], clear.expose()[272..]);
        let (again, _) = chain().set_password(PARTIES, &password, NOW).unwrap();
        assert_ne!(encrypted(&stub), encrypted(&again), "the fill");
    }

    fn outcome(credential: [u8; 8], status: u32) -> Outcome {
        let words = [0, status].map(u32::to_le_bytes).concat();
        Outcome::Response(SecretBytes::new([&credential[..], &words].concat()))
    }

    #[test]
    fn only_an_answer_with_the_next_authenticator_is_success() {
        let sent = || {
            let (password, _) = known();
            chain().set_password(PARTIES, &password, NOW).unwrap().1
        };
        assert_eq!(sent().answered(outcome(RETURNED, 0)), Ok(()));
        let forged = sent().answered(outcome(SENT, 0));
        assert!(matches!(forged, Err(Error::Forged(_))));
        // A controller that refuses returns no authenticator.
        let refused = sent().answered(outcome([0; 8], 0xC000_0022));
        let status = NtStatus::ACCESS_DENIED;
        let expected = Error::Status("NetrServerPasswordSet2", status);
        assert_eq!(refused, Err(expected));
    }
}
