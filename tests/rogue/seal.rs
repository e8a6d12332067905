//! The controller's side of the secure channel's cryptography, written from MS-NRPC only and with
//! other primitives than the mechanism's: the two implementations verify each other.

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use hmac::{Hmac, Mac};
use sha2::Sha256;

pub type Key = [u8; 16];
pub type Credential = [u8; 8];

/// `NL_AUTH_SHA2_SIGNATURE` (MS-NRPC 2.2.1.3.3), in bytes.
pub const SIGNATURE: usize = 56;
/// HMAC-SHA256, AES-128, filling, flags.
pub const ALGORITHMS: [u8; 8] = [0x13, 0, 0x1A, 0, 0xFF, 0xFF, 0, 0];

/// MS-NRPC 3.1.4.3.1.
pub fn session_key(nt_hash: &Key, client: &Credential, server: &Credential) -> Key {
    hmac_sha256(nt_hash, &[client, server])[..16]
        .try_into()
        .unwrap()
}

/// MS-NRPC 3.1.4.4.1.
pub fn credential(session_key: &Key, input: Credential) -> Credential {
    let mut output = input;
    cfb8(session_key, [0; 16], &mut output, Direction::Encrypt);
    output
}

/// The seed that comes after an authenticator of `seconds` (MS-NRPC 3.1.4.5).
pub fn advanced(seed: Credential, seconds: u32) -> Credential {
    let [low, high] = [0, 4].map(|at| u32::from_le_bytes(seed[at..at + 4].try_into().unwrap()));
    let sum = low.wrapping_add(seconds).to_le_bytes();
    [sum, high.to_le_bytes()].concat().try_into().unwrap()
}

fn hmac_sha256(key: &Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Encrypt,
    Decrypt,
}

/// AES-128 in 8-bit cipher feedback: each byte is masked with the first of the encrypted last 16
/// bytes of ciphertext.
fn cfb8(key: &Key, iv: [u8; 16], data: &mut [u8], direction: Direction) {
    let cipher = Aes128::new(&(*key).into());
    let mut register = iv;
    for byte in data {
        let mut block = register.into();
        cipher.encrypt_block(&mut block);
        let changed = *byte ^ block[0];
        register.rotate_left(1);
        register[15] = match direction {
            Direction::Encrypt => changed,
            Direction::Decrypt => *byte,
        };
        *byte = changed;
    }
}

/// The deviations of a rogue's seal.
#[derive(Clone, Debug)]
pub struct Slip {
    /// `auth_type`, `auth_level`.
    pub kind: [u8; 2],
    /// `auth_pad_length`, if not the true one.
    pub padding: Option<u8>,
    /// Added to `auth_context_id`.
    pub context_off: u32,
    pub algorithms: [u8; 8],
    /// Added to the sequence number.
    pub numbers_off: u32,
    /// The number says that the client has sealed it.
    pub as_client: bool,
    /// Another key.
    pub wrong_key: bool,
    /// The length of the signature.
    pub length: usize,
}

impl Slip {
    pub const NONE: Self = Self {
        kind: [0x44, 6],
        padding: None,
        context_off: 0,
        algorithms: ALGORITHMS,
        numbers_off: 0,
        as_client: false,
        wrong_key: false,
        length: SIGNATURE,
    };
}

/// The protection of one connection, at the controller.
pub struct Seal {
    key: Key,
    sequence: u32,
    /// `auth_context_id`, as the machine chose it.
    pub context: u32,
    pub header_signing: bool,
}

impl Seal {
    pub fn new(key: Key, context: u32, header_signing: bool) -> Self {
        Self {
            key,
            sequence: 0,
            context,
            header_signing,
        }
    }

    /// Skips a sequence number.
    pub fn skip(&mut self) {
        self.sequence += 1;
    }

    /// The stub of a request; none if it is not the next one that the machine sealed.
    pub fn open(&mut self, pdu: &[u8]) -> Option<Vec<u8>> {
        let (rest, signature) = pdu.split_at(pdu.len() - SIGNATURE);
        let (covered, trailer) = rest.split_at(rest.len() - 8);
        let (head, sealed) = covered.split_at(24);
        assert_eq!(trailer[..2], [0x44, 6]);
        assert_eq!(trailer[4..], self.context.to_le_bytes());
        assert_eq!(signature[..8], ALGORITHMS);
        assert_eq!(signature[32..], [0; 24]);
        let mut number = self.number(0, true);
        self.skip();

        let mut clear = [&signature[24..32], sealed].concat();
        cfb8(
            &encryption_key(&self.key),
            twice(number),
            &mut clear,
            Direction::Decrypt,
        );
        let (confounder, stub) = clear.split_at(8);
        let key = self.key;
        let checksum = self.checksum(&key, &ALGORITHMS, confounder, [head, stub, trailer]);
        cfb8(&key, twice(checksum), &mut number, Direction::Encrypt);
        let is_next = signature[16..24] == checksum && signature[8..16] == number;
        is_next.then(|| stub[..stub.len() - usize::from(trailer[2])].to_vec())
    }

    /// A sealed stub, its trailer and its signature. `garbage` fills reserved bytes and padding.
    pub fn close(&mut self, head: &[u8], stub: &[u8], slip: &Slip, garbage: u8) -> Vec<u8> {
        let padding = stub.len().next_multiple_of(16) - stub.len();
        let stub = [stub, &vec![garbage; padding]].concat();
        let mut algorithms = slip.algorithms;
        if garbage != 0 {
            algorithms[6..].fill(garbage);
        }
        let announced = slip.padding.unwrap_or(padding.try_into().unwrap());
        let [kind, level] = slip.kind;
        let mut trailer = vec![kind, level, announced, garbage];
        let context = self.context.wrapping_add(slip.context_off);
        trailer.extend(context.to_le_bytes());
        let key = match slip.wrong_key {
            true => [0x77; 16],
            false => self.key,
        };
        let mut number = self.number(slip.numbers_off, slip.as_client);
        self.skip();

        let confounder = *b"confound";
        let checksum = self.checksum(&key, &algorithms, &confounder, [head, &stub, &trailer]);
        let mut sealed = [&confounder[..], &stub].concat();
        cfb8(
            &encryption_key(&key),
            twice(number),
            &mut sealed,
            Direction::Encrypt,
        );
        cfb8(&key, twice(checksum), &mut number, Direction::Encrypt);
        let (confounder, sealed) = sealed.split_at(8);
        let mut signature = [&algorithms[..], &number, &checksum, confounder].concat();
        signature.resize(slip.length, garbage);
        [sealed, &trailer, &signature].concat()
    }

    fn number(&self, off: u32, from_client: bool) -> [u8; 8] {
        let side = if from_client { 0x8000_0000_u32 } else { 0 };
        let low = self.sequence.wrapping_add(off).to_be_bytes();
        [low, side.to_be_bytes()].concat().try_into().unwrap()
    }

    fn checksum(
        &self,
        key: &Key,
        algorithms: &[u8; 8],
        confounder: &[u8],
        [head, stub, trailer]: [&[u8]; 3],
    ) -> [u8; 8] {
        let covered = match self.header_signing {
            true => [head, stub, trailer].concat(),
            false => stub.to_vec(),
        };
        let mac = hmac_sha256(key, &[algorithms, confounder, &covered]);
        mac[..8].try_into().unwrap()
    }
}

/// MS-NRPC 3.3.4.2.1 step 5.
fn encryption_key(key: &Key) -> Key {
    key.map(|byte| byte ^ 0xF0)
}

fn twice(half: [u8; 8]) -> [u8; 16] {
    [half, half].concat().try_into().unwrap()
}
