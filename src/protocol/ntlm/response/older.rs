//! The responses before NTLMv2 (MS-NLMP 3.3.1). They cover the challenge only: not the server's
//! names, a MIC or the channel. An eavesdropper can compute the password's hash.

use std::fmt;

use crate::base::crypto::{Key, constant_time_eq, desl, hmac_md5, md4, md5};

/// A response of NTLMv1, or of NTLM2 session security: NTLMv1 over a challenge made of both sides'.
/// Not verified.
#[derive(Clone)]
pub struct NtlmV1Response {
    bytes: [u8; 24],
    /// Present with NTLM2 session security.
    client_challenge: Option<[u8; 8]>,
}

impl NtlmV1Response {
    pub(super) fn new(bytes: [u8; 24], client_challenge: Option<[u8; 8]>) -> Self {
        Self {
            bytes,
            client_challenge,
        }
    }

    /// The 24 bytes as sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The challenge that the response answers: the server's, or one made of both sides'. A domain
    /// controller is sent this one, and does not distinguish the two kinds.
    pub fn answered_challenge(&self, server_challenge: [u8; 8]) -> [u8; 8] {
        match &self.client_challenge {
            None => server_challenge,
            Some(client_challenge) => {
                let [a, b, c, d, e, f, g, h, ..] = md5(&[&server_challenge, client_challenge]);
                [a, b, c, d, e, f, g, h]
            }
        }
    }

    /// Verifies the response with the user's NT hash. Returns `SessionBaseKey` if it is right.
    pub fn verify(&self, nt_hash: &Key, server_challenge: [u8; 8]) -> Option<Key> {
        let expected = desl(nt_hash, self.answered_challenge(server_challenge));
        constant_time_eq(&expected, &self.bytes).then(|| Key::new(md4(nt_hash.expose())))
    }

    /// `KeyExchangeKey` (MS-NLMP 3.4.5.1) without `NEGOTIATE_LM_KEY` and
    /// `REQUEST_NON_NT_SESSION_KEY`, which are never negotiated.
    pub fn key_exchange_key(&self, session_base_key: &Key, server_challenge: [u8; 8]) -> Key {
        match &self.client_challenge {
            None => session_base_key.clone(),
            Some(client_challenge) => Key::new(hmac_md5(
                session_base_key,
                &[&server_challenge, client_challenge],
            )),
        }
    }
}

impl fmt::Debug for NtlmV1Response {
    /// Omits the response: passwords can be guessed from it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NtlmV1Response")
            .finish_non_exhaustive()
    }
}
