//! The secure channel between a machine and a domain controller (MS-NRPC 3.1, 3.3).
//!
//! [`agreement`] proves to each side that the other knows the machine account's secret, and that no
//! attacker has weakened the negotiation. [`seal`] protects PDUs with the resulting session key.
//! [`password`] gives the account a new password.
//! Only the AES variants are implemented: a controller without AES is refused.

pub mod agreement;
pub mod password;
pub mod seal;

use crate::base::crypto::{self, Aes128Cfb8Encryptor, Key};
use crate::protocol::rpc::netlogon::{Authenticator, Credential};

/// `SessionKey` from the account's NT hash and both challenges (MS-NRPC 3.1.4.3.1).
pub fn session_key(nt_hash: &Key, client: &Credential, server: &Credential) -> Key {
    crypto::hmac_sha256_key(nt_hash, &[client, server])
}

/// `ComputeNetlogonCredential` (MS-NRPC 3.1.4.4.1).
pub fn credential(session_key: &Key, input: &Credential) -> Credential {
    let mut output = *input;
    Aes128Cfb8Encryptor::new(session_key, &[0; 16]).apply(&mut output);
    output
}

/// False if the first five bytes of a challenge are equal: CFB8 with its zero IV can then yield the
/// credential without the key (MS-NRPC 3.1.4.1 step 7, CVE-2020-1472).
fn is_acceptable_challenge(challenge: &Credential) -> bool {
    let [first, others @ ..] = challenge;
    others.iter().take(4).any(|byte| byte != first)
}

/// True if a controller could derive its credential from ours, without the key, by its choice of
/// the challenge. True for an honest controller once in some 2^29 times.
///
/// CFB8 starts from a zero IV: two challenges with a common prefix have credentials with a common
/// prefix, and the byte behind it follows from ours. If the key maps the zero register to the byte
/// x (one key in 256), each x at the start of a challenge encrypts to zero and leaves the register
/// unchanged: the bytes behind such a run are encrypted as if they were at the start.
fn are_alike(ours: &Credential, theirs: &Credential) -> bool {
    common(ours, theirs) >= 4 || is_shifted(ours, theirs) || is_shifted(theirs, ours)
}

/// True if `shifted` is a repeated byte and then the start of `other`, together five bytes or more:
/// as many as [`is_acceptable_challenge`] compares.
fn is_shifted(shifted: &Credential, other: &Credential) -> bool {
    let [first, ..] = shifted;
    let run = shifted.iter().take_while(|byte| *byte == first).count();
    (1..=run).any(|by| by + common(shifted.get(by..).unwrap_or_default(), other) >= 5)
}

/// The length of the common prefix of two challenges.
fn common(one: &[u8], other: &[u8]) -> usize {
    let pairs = one.iter().zip(other);
    pairs.take_while(|(a, b)| a == b).count()
}

/// The chain of authenticators, one link for each call that carries one (MS-NRPC 3.1.4.5).
#[derive(Debug)]
pub struct CredentialChain {
    session_key: Key,
    /// `ClientStoredCredential`, in clear.
    seed: Credential,
    last_timestamp: u32,
}

impl CredentialChain {
    /// Starts at the credential that Authenticate3 carried.
    fn new(session_key: Key, seed: Credential) -> Self {
        Self {
            session_key,
            seed,
            last_timestamp: 0,
        }
    }

    /// The next authenticator. `now` is in seconds since 1970. Samba requires increasing
    /// timestamps.
    ///
    /// The chain advances only with the answer: a controller that cannot decode a call does not
    /// advance its own.
    fn next(&mut self, now: u32) -> Authenticator {
        self.last_timestamp = now.max(self.last_timestamp.wrapping_add(2));
        let sent = advanced(&self.seed, self.last_timestamp);
        Authenticator {
            credential: credential(&self.session_key, &sent),
            timestamp: self.last_timestamp,
        }
    }

    /// Checks the authenticator in the answer, which proves the key, and advances the chain.
    fn accepts(&mut self, returned: &Credential) -> bool {
        self.seed = advanced(&self.seed, self.last_timestamp.wrapping_add(1));
        crypto::constant_time_eq(&credential(&self.session_key, &self.seed), returned)
    }
}

/// The seed with `by` added to its low half.
fn advanced(seed: &Credential, by: u32) -> Credential {
    let [a, b, c, d, e, f, g, h] = *seed;
    let low = u32::from_le_bytes([a, b, c, d]).wrapping_add(by);
    let [a, b, c, d] = low.to_le_bytes();
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::rpc::tests::recorded;
    use hex_literal::hex;

    const NT_HASH: [u8; 16] = hex!("4254ca75a04a0ece45f734291f7fa782");
    const SESSION_KEY: [u8; 16] = hex!("4f17bd190438bc1eab854c89d442313f");

    #[test]
    fn session_keys_and_credentials_match_the_vectors() {
        let client = hex!("0102030405060708");
        let server = hex!("1112131415161718");
        let key = session_key(&Key::new(NT_HASH), &client, &server);
        assert_eq!(key.expose(), &SESSION_KEY);
        assert_eq!(credential(&key, &client), hex!("c1cf3ca98c3e2a6a"));
        assert_eq!(credential(&key, &server), hex!("d1e87777746b1c7e"));

        let key = session_key(
            &Key::new(recorded::NT_HASH),
            &recorded::CLIENT_CHALLENGE,
            &recorded::SERVER_CHALLENGE,
        );
        assert_eq!(key.expose(), &recorded::SESSION_KEY);
    }

    #[test]
    fn authenticators_match_the_vectors() {
        let key = Key::new(SESSION_KEY);
        let seed = credential(&key, &hex!("0102030405060708"));
        let mut chain = CredentialChain::new(key, seed);
        let authenticator = chain.next(1_700_000_000);
        assert_eq!(authenticator.credential, hex!("01ffdcab3cdad776"));
        assert_eq!(authenticator.timestamp, 1_700_000_000);
        assert!(chain.accepts(&hex!("02c402c99901bc4b")));
        assert!(!chain.accepts(&hex!("02c402c99901bc4b")), "a replay");
        assert_eq!(chain.next(0).timestamp, 1_700_000_002, "a clock set back");
    }

    #[test]
    fn a_call_that_was_not_executed_leaves_the_chain_where_it_was() {
        let new = || CredentialChain::new(Key::new(SESSION_KEY), hex!("c1cf3ca98c3e2a6a"));
        let mut interrupted = new();
        interrupted.next(1_699_999_990);
        assert_eq!(
            interrupted.next(1_700_000_000).credential,
            new().next(1_700_000_000).credential
        );
    }

    #[test]
    fn weak_challenges_are_recognised() {
        assert!(!is_acceptable_challenge(&[0; 8]));
        assert!(!is_acceptable_challenge(&[7, 7, 7, 7, 7, 1, 2, 3]));
        assert!(is_acceptable_challenge(&[7, 7, 7, 7, 8, 7, 7, 7]));
        assert!(is_acceptable_challenge(&[8, 7, 7, 7, 7, 7, 7, 7]));
        let ours = [1, 2, 3, 4, 5, 6, 7, 8];
        assert!(are_alike(&ours, &ours));
        assert!(are_alike(&ours, &[1, 2, 3, 4, 0, 0, 0, 0]));
        assert!(!are_alike(&ours, &[1, 2, 3, 0, 5, 6, 7, 8]));
        for shifted in [
            [0, 1, 2, 3, 4, 0, 0, 0],
            [9, 9, 1, 2, 3, 0, 0, 0],
            [9, 9, 9, 1, 2, 0, 0, 0],
            [9, 9, 9, 9, 1, 0, 0, 0],
        ] {
            assert!(are_alike(&ours, &shifted), "{shifted:?}");
            assert!(are_alike(&shifted, &ours), "{shifted:?}");
        }
        for honest in [
            [0, 1, 2, 3, 0, 0, 0, 0],
            [9, 8, 1, 2, 3, 4, 5, 6],
            [9, 9, 1, 2, 0, 0, 0, 0],
            [9, 9, 9, 9, 0, 1, 2, 3],
        ] {
            assert!(!are_alike(&ours, &honest), "{honest:?}");
        }
    }
}
