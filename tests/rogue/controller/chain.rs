//! The calls that carry an authenticator.

use gss_ntlmdc::base::crypto::{Aes128Cfb8Decryptor, Key, md4};

use super::Memory;
use crate::draft::Step;
use crate::seal::{self, Credential};
use crate::wire::u32_at;

/// The size of an `NL_TRUST_PASSWORD` (MS-NRPC 2.2.1.3.7).
const TRUST_PASSWORD: usize = 516;

impl Memory {
    /// Checks the machine's authenticator. Returns the controller's credential, and the seed of the
    /// next link.
    fn link(&self, authenticator: &[u8]) -> (Credential, Credential) {
        let timestamp = u32_at(authenticator, 8);
        let expected = seal::advanced(self.seed, timestamp);
        let expected = seal::credential(&self.session_key, expected);
        assert_eq!(authenticator[..8], expected, "the machine's authenticator");
        let next = seal::advanced(self.seed, timestamp.wrapping_add(1));
        (seal::credential(&self.session_key, next), next)
    }

    pub(super) fn capabilities(&mut self, stub: &[u8]) -> (Step, Vec<u8>, Credential) {
        let (_, end) = stub.split_at(stub.len() - 28);
        let (credential, next) = self.link(end);
        let level = u32_at(end, 24);
        let (step, flags) = match level {
            1 => (Step::Capabilities, self.negotiated),
            _ => (Step::RequestedFlags, self.requested),
        };
        let numbers = [0, level, flags, 0].map(u32::to_le_bytes).concat();
        (step, [&credential[..], &numbers].concat(), next)
    }

    pub(super) fn password_set(&mut self, stub: &[u8]) -> (Vec<u8>, Credential) {
        let (before, _) = stub.split_at(stub.len() - TRUST_PASSWORD);
        let (credential, next) = self.link(&before[before.len() - 12..]);
        let clear = self.clear_password(stub);
        let length = u32_at(&clear, 512);
        assert_eq!(length, 240, "the length of the password");
        let (fill, _) = clear.split_at(512 - 240);
        assert!(
            fill.iter().any(|byte| *byte != fill[0]),
            "the fill is random"
        );
        ([&credential[..], &[0; 8]].concat(), next)
    }

    /// The machine has this password from now on.
    pub(super) fn take_password(&mut self, stub: &[u8]) {
        let clear = self.clear_password(stub);
        self.nt_hash = md4(&clear[512 - 240..512]);
    }

    fn clear_password(&self, stub: &[u8]) -> Vec<u8> {
        let mut clear = stub[stub.len() - TRUST_PASSWORD..].to_vec();
        Aes128Cfb8Decryptor::new(&Key::new(self.session_key), &[0; 16]).apply(&mut clear);
        clear
    }
}
