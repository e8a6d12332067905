//! Every cryptographic primitive that the protocols need. No other module names a crypto crate.
//! Secrets are [`Secret`] and [`SecretBytes`]: they are wiped when dropped, never printed, and
//! compared only in constant time. The protocols prescribe the algorithms (NTLM uses MD4, MD5 and
//! RC4), except for the one that seals data of our own. All keys of the protocols have 16 bytes.

mod aead;
mod cfb8;
mod rc4;
#[cfg(test)]
mod tests;

use std::fmt;

use des::Des;
use des::cipher::BlockCipherEncrypt;
use hmac::{Hmac, KeyInit, Mac};
use md4::{Digest, Md4};
use md5::Md5;
use sha2::{Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

pub use aead::{NONCE_SIZE, open, seal};
pub use cfb8::{Aes128Cfb8Decryptor, Aes128Cfb8Encryptor};
pub use rc4::{Rc4, rc4};

/// A secret of `N` bytes: wiped on drop, never printed, equal only in constant time.
#[derive(Clone)]
pub struct Secret<const N: usize>(Zeroizing<[u8; N]>);

/// A 16-byte key or hash.
pub type Key = Secret<16>;

impl Key {
    /// Reads 32 hexadecimal digits of either case. `None` for anything else.
    pub fn from_hexadecimal(digits: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0; 16]);
        let (pairs, []) = digits.as_chunks() else {
            return None;
        };
        if pairs.len() != key.len() {
            return None;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        for (byte, [high, low]) in key.iter_mut().zip(pairs) {
            *byte = u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()?;
        }
        Some(Self(key))
    }
}

impl<const N: usize> Secret<N> {
    /// Takes the bytes. The caller must keep no copy.
    pub fn new(bytes: [u8; N]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for the protocol.
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }

    /// Whether every byte is zero, which a peer sends for "no key".
    pub fn is_zero(&self) -> bool {
        constant_time_eq(self.expose(), &[0; N])
    }
}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq(self.expose(), other.expose())
    }
}

impl<const N: usize> Eq for Secret<N> {}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Secret<{N}>")
    }
}

/// A secret of any length: wiped on drop, never printed.
#[derive(Clone)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes the bytes. The caller must keep no copy.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for the protocol.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretBytes")
    }
}

/// Overwrites bytes that were a secret.
pub fn wipe(bytes: &mut [u8]) {
    bytes.zeroize();
}

/// Compares in constant time. Lengths are not secret.
#[must_use]
pub fn constant_time_eq(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// The kernel had no random bytes to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gave no random bytes")]
pub struct NoRandomBytes;

/// `N` random bytes from the kernel. A generator of our own would have state that a fork copies.
pub fn random<const N: usize>() -> Result<[u8; N], NoRandomBytes> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomBytes)?;
    Ok(bytes)
}

/// MD4 (RFC 1320).
pub fn md4(bytes: &[u8]) -> [u8; 16] {
    Md4::digest(bytes).into()
}

/// `NTOWFv1` (MS-NLMP 3.3.1): the MD4 of a password in UTF-16LE. Windows and Samba store it, and a
/// machine account shares it with its domain (MS-NRPC 3.1.4.3.1).
pub fn nt_hash(password: &str) -> Key {
    // With room for the longest result, so that no reallocation leaves a copy behind.
    let mut units = Zeroizing::new(Vec::with_capacity(2 * password.len()));
    units.extend(password.encode_utf16().flat_map(u16::to_le_bytes));
    Key::new(md4(&units))
}

/// The hash of a client that widens each byte of the password instead of converting it to UTF-16,
/// as curl and wget do.
pub fn nt_hash_of_widened(password: &str) -> Key {
    let mut units = Zeroizing::new(Vec::with_capacity(2 * password.len()));
    units.extend(password.bytes().flat_map(|byte| [byte, 0]));
    Key::new(md4(&units))
}

/// MD5 (RFC 1321) of `parts`, one after the other.
pub fn md5(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Md5::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// SHA-256 (FIPS 180-4).
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-384 (FIPS 180-4).
pub fn sha384(bytes: &[u8]) -> [u8; 48] {
    Sha384::digest(bytes).into()
}

/// SHA-512 (FIPS 180-4).
pub fn sha512(bytes: &[u8]) -> [u8; 64] {
    Sha512::digest(bytes).into()
}

/// `DESL` (MS-NLMP 6): 8 bytes under DES with each third of the key, which five zeros fill up.
pub fn desl(key: &Key, block: [u8; 8]) -> [u8; 24] {
    let mut padded = Zeroizing::new([0; 21]);
    padded
        .iter_mut()
        .zip(key.expose())
        .for_each(|(to, from)| *to = *from);
    let mut result = [0; 24];
    let (thirds, _) = padded.as_chunks();
    let (blocks, _) = result.as_chunks_mut();
    for (encrypted, third) in blocks.iter_mut().zip(thirds) {
        let mut one = block.into();
        let cipher = Des::new(&(*des_key(third)).into());
        BlockCipherEncrypt::encrypt_block(&cipher, &mut one);
        *encrypted = one.into();
    }
    result
}

/// 56 bits of key, seven to a byte from the top; the lowest bit is parity, which DES ignores.
fn des_key(bytes: &[u8; 7]) -> Zeroizing<[u8; 8]> {
    let bits = bytes
        .iter()
        .fold(0, |bits, byte| bits << 8 | u64::from(*byte));
    let mut key = Zeroizing::new([0; 8]);
    for (seven, byte) in (0..8).rev().zip(key.iter_mut()) {
        *byte = (bits >> (7 * seven) & 0x7F) as u8 * 2;
    }
    key
}

/// HMAC-MD5 (RFC 2104) of `parts`, one after the other.
pub fn hmac_md5(key: impl Into<HmacMd5Key>, parts: &[&[u8]]) -> [u8; 16] {
    let HmacMd5Key(mut mac) = key.into();
    for part in parts {
        mac.update(part);
    }
    mac.finish()
}

/// A key of HMAC-MD5, made ready once for several values.
#[derive(Clone)]
pub struct HmacMd5Key(HmacMd5);

impl From<&Key> for HmacMd5Key {
    fn from(key: &Key) -> Self {
        Self(HmacMd5::new(key))
    }
}

/// HMAC-MD5 (RFC 2104), computed piece by piece. A clone goes on from the pieces so far.
#[derive(Clone)]
pub struct HmacMd5(Hmac<Md5>);

impl HmacMd5 {
    /// With no input yet.
    pub fn new(key: &Key) -> Self {
        Self(Hmac::new(&padded_to_block(key)))
    }

    /// Adds the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The value for the pieces so far.
    pub fn finish(self) -> [u8; 16] {
        self.0.finalize().into_bytes().into()
    }
}

/// HMAC-SHA256 (RFC 2104) of `parts`, one after the other.
pub fn hmac_sha256(key: &Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new(&padded_to_block(key));
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The first half of an HMAC-SHA256 (RFC 2104), as a key. No copy of it is left in memory.
pub fn hmac_sha256_key(key: &Key, parts: &[&[u8]]) -> Key {
    let mac = Zeroizing::new(hmac_sha256(key, parts));
    let mut half = Zeroizing::new([0; 16]);
    half.iter_mut()
        .zip(mac.iter())
        .for_each(|(to, from)| *to = *from);
    Secret(half)
}

/// The key as HMAC uses it: padded with zeros to the 64-byte block of MD5 and SHA-256 (RFC 2104 2).
fn padded_to_block<B: From<[u8; 64]>>(key: &Key) -> B {
    let mut block = Zeroizing::new([0; 64]);
    block
        .iter_mut()
        .zip(key.expose())
        .for_each(|(to, from)| *to = *from);
    B::from(*block)
}

/// CRC-32 (ISO 3309), which NTLM uses as a checksum that it then encrypts.
pub struct Crc32(crc32fast::Hasher);

impl Crc32 {
    /// With no input yet.
    #[allow(clippy::new_without_default)] // as the others here
    pub fn new() -> Self {
        Self(crc32fast::Hasher::new())
    }

    /// Adds the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The value for the pieces so far.
    pub fn finish(&self) -> u32 {
        self.0.clone().finalize()
    }
}
