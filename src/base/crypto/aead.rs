//! Authenticated encryption with XChaCha20-Poly1305 (RFC 8439 and draft-irtf-cfrg-xchacha-03), for
//! data that only this mechanism writes and reads. Its nonce is long enough to be random each time.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};

use super::{Secret, SecretBytes};

/// The length of a nonce. A nonce must not be used twice with one key.
pub const NONCE_SIZE: usize = 24;

/// Encrypts `plain`, and authenticates it together with `beside`, which is sent in the clear. The
/// result is 16 bytes longer than `plain`. `None` if it is too long for the algorithm.
pub fn seal(
    key: &Secret<32>,
    nonce: &[u8; NONCE_SIZE],
    beside: &[u8],
    plain: &[u8],
) -> Option<Vec<u8>> {
    let payload = Payload {
        msg: plain,
        aad: beside,
    };
    cipher(key).encrypt(&(*nonce).into(), payload).ok()
}

/// Undoes [`seal`]. `None`, with nothing decrypted, if anything was changed.
pub fn open(
    key: &Secret<32>,
    nonce: &[u8; NONCE_SIZE],
    beside: &[u8],
    sealed: &[u8],
) -> Option<SecretBytes> {
    let payload = Payload {
        msg: sealed,
        aad: beside,
    };
    let plain = cipher(key).decrypt(&(*nonce).into(), payload).ok()?;
    Some(SecretBytes::new(plain))
}

fn cipher(key: &Secret<32>) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.expose().into())
}
