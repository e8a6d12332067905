//! Sealing of PDUs with AES and HMAC-SHA256 (MS-NRPC 3.3.4.2, `NL_AUTH_SHA2_SIGNATURE` 2.2.1.3.3).
//!
//! One counter runs over both directions: each PDU sent or received uses the next number. There is
//! thus one call at a time on a connection, and a lost, repeated or reordered PDU is detected.

use crate::base::crypto::{self, Aes128Cfb8Decryptor, Aes128Cfb8Encryptor, Key};
use crate::base::wire::{DecodeError, Reader, Writer};
use crate::protocol::rpc::Error;
use crate::protocol::rpc::pdu::TRAILER_LENGTH;

/// The length of a signature, in bytes. The last 24 are reserved: sent as zero, ignored on receipt.
pub const SIGNATURE_LENGTH: usize = 56;

/// HMAC-SHA256, AES-128, `Pad`.
const ALGORITHMS: [u8; 6] = [0x13, 0x00, 0x1A, 0x00, 0xFF, 0xFF];
/// `Flags`: none when sent. The server's are signed and have no meaning.
const FLAGS: [u8; 2] = [0x00, 0x00];

/// RPC_C_AUTHN_NETLOGON at RPC_C_AUTHN_LEVEL_PKT_PRIVACY (MS-RPCE 2.2.1.1.7, 2.2.1.1.8).
const TYPE_AND_LEVEL: [u8; 2] = [0x44, 0x06];

/// The `sec_trailer` of a sealed PDU with this much padding after its stub, on the connection with
/// this `auth_context_id` (MS-RPCE 2.2.2.11).
pub fn trailer(padding: u8, context_id: [u8; 4]) -> [u8; TRAILER_LENGTH] {
    let [auth_type, auth_level] = TYPE_AND_LEVEL;
    let [a, b, c, d] = context_id;
    [auth_type, auth_level, padding, 0, a, b, c, d]
}

/// The length of the padding that a `sec_trailer` of the server announces, in bytes.
///
/// # Errors
/// [`Error::Forged`] if the stub is not sealed, or the trailer is of another connection.
pub fn padding(trailer: &[u8; TRAILER_LENGTH], context_id: [u8; 4]) -> Result<usize, Error> {
    let [auth_type, auth_level, padding, _, context @ ..] = trailer;
    if [*auth_type, *auth_level] != TYPE_AND_LEVEL || *context != context_id {
        return Err(Error::Forged("not sealed, or for another connection"));
    }
    Ok(usize::from(*padding))
}

/// `NL_AUTH_MESSAGE` with the NetBIOS names of domain and computer (MS-NRPC 2.2.1.3.1).
pub fn negotiate(netbios_domain: &str, computer: &str) -> Vec<u8> {
    const NETBIOS_DOMAIN_AND_COMPUTER: u32 = 0x3;
    let mut message = Writer::new();
    message.u32(0).u32(NETBIOS_DOMAIN_AND_COMPUTER);
    message.bytes(netbios_domain.as_bytes()).u8(0);
    message.bytes(computer.as_bytes()).u8(0);
    message.into_bytes()
}

/// Checks the server's answer to [`negotiate`] (MS-NRPC 3.3.4.1.4).
///
/// # Errors
/// [`Error::Malformed`] if it is not a negotiate response.
pub fn check_negotiated(value: &[u8]) -> Result<(), Error> {
    const NEGOTIATE_RESPONSE: u32 = 1;
    let mut reader = Reader::new(value);
    let message_type = reader.u32("MessageType")?;
    reader.take(8, "NL_AUTH_MESSAGE")?;
    match message_type {
        NEGOTIATE_RESPONSE => Ok(()),
        _ => Err(DecodeError::new("MessageType", "not a negotiate response").into()),
    }
}

/// The parts that a signature may cover.
#[derive(Clone, Copy)]
struct Covered<'a> {
    flags: [u8; 2],
    head: &'a [u8],
    stub: &'a [u8],
    trailer: &'a [u8],
}

/// The connections that may have a session key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// Any number. Signed headers distinguish them.
    Many,
    /// This one only, unless headers turn out to be signed.
    ThisConnection,
}

/// The parts that a signature covers (MS-RPCE 3.3.1.5.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coverage {
    /// The whole PDU but for the signature itself.
    Pdu,
    /// The stub with its padding.
    Stub,
}

/// The protection of one connection.
#[derive(Debug)]
pub struct Seal {
    session_key: Key,
    encryption_key: Key,
    owner: Owner,
    coverage: Coverage,
    /// `ClientSequenceNumber`: the number of the next PDU in either direction.
    sequence: u32,
}

#[derive(Clone, Copy)]
enum Sender {
    Client,
    Server,
}

impl Seal {
    /// With a key that other connections may have. Sequence numbers start at zero.
    pub fn new(session_key: Key) -> Self {
        Self::of(Owner::Many, session_key)
    }

    /// With a key that no other connection has had, and that none may have later unless
    /// [`Seal::signs_headers`].
    pub(super) fn with_fresh_key(session_key: Key) -> Self {
        Self::of(Owner::ThisConnection, session_key)
    }

    fn of(owner: Owner, session_key: Key) -> Self {
        let encryption_key = Key::new(session_key.expose().map(|byte| byte ^ 0xF0));
        Self {
            session_key,
            encryption_key,
            owner,
            coverage: Coverage::Pdu,
            sequence: 0,
        }
    }

    /// Takes the header signing of the bind_ack.
    ///
    /// Without signed headers only the sequence number binds an answer to its question, and each
    /// connection counts from zero: the key must then be exclusive to this connection.
    ///
    /// # Errors
    /// [`Error::HeadersUnsigned`] if other connections may have the key.
    pub fn settle(&mut self, header_signing: bool) -> Result<(), Error> {
        self.coverage = match (header_signing, self.owner) {
            (true, _) => Coverage::Pdu,
            (false, Owner::ThisConnection) => Coverage::Stub,
            (false, Owner::Many) => {
                return Err(Error::HeadersUnsigned("other connections may have the key"));
            }
        };
        Ok(())
    }

    /// Whether signatures cover headers.
    pub fn signs_headers(&self) -> bool {
        self.coverage == Coverage::Pdu
    }

    /// Encrypts a padded stub in place, and returns the signature that follows `trailer`.
    ///
    /// # Errors
    /// [`Error::NoRandomBytes`]; [`Error::Sequence`] if the numbers are used up.
    pub fn seal(&mut self, head: &[u8], stub: &mut [u8], trailer: &[u8]) -> Result<Vec<u8>, Error> {
        self.seal_with(crypto::random()?, head, stub, trailer)
    }

    fn seal_with(
        &mut self,
        confounder: [u8; 8],
        head: &[u8],
        stub: &mut [u8],
        trailer: &[u8],
    ) -> Result<Vec<u8>, Error> {
        self.seal_as(Sender::Client, confounder, head, stub, trailer)
    }

    /// Seals as a server does: its next PDU. For tests/fuzz.
    ///
    /// # Errors
    /// [`Error::Sequence`] if the numbers are used up.
    #[cfg(feature = "fuzzing")]
    pub fn seal_as_server(
        &mut self,
        confounder: [u8; 8],
        head: &[u8],
        stub: &mut [u8],
        trailer: &[u8],
    ) -> Result<Vec<u8>, Error> {
        self.seal_as(Sender::Server, confounder, head, stub, trailer)
    }

    fn seal_as(
        &mut self,
        sender: Sender,
        mut confounder: [u8; 8],
        head: &[u8],
        stub: &mut [u8],
        trailer: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let sequence = self.take_number(sender)?;
        let covered = Covered {
            flags: FLAGS,
            head,
            stub,
            trailer,
        };
        let checksum = self.checksum(&confounder, covered);
        let mut encryptor = Aes128Cfb8Encryptor::new(&self.encryption_key, &twice(sequence));
        encryptor.apply(&mut confounder);
        encryptor.apply(stub);

        let mut signature = Writer::new();
        signature.bytes(&ALGORITHMS).bytes(&FLAGS);
        signature.bytes(&self.encrypted_number(sequence, checksum));
        signature.bytes(&checksum).bytes(&confounder).zeros(24);
        Ok(signature.into_bytes())
    }

    /// Decrypts a stub in place, and checks the signature.
    ///
    /// # Errors
    /// [`Error::Forged`] unless the stub is the server's next one, sealed with our key.
    pub fn unseal(
        &mut self,
        head: &[u8],
        stub: &mut [u8],
        trailer: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        if signature.len() < SIGNATURE_LENGTH {
            return Err(Error::Forged("the signature is too short"));
        }
        let mut reader = Reader::new(signature);
        if reader.array("SignatureAlgorithm")? != ALGORITHMS {
            return Err(Error::Forged("not sealed with AES and SHA-256"));
        }
        let flags = reader.array("Flags")?;
        let number: [u8; 8] = reader.array("SequenceNumber")?;
        let checksum: [u8; 8] = reader.array("Checksum")?;
        let mut confounder: [u8; 8] = reader.array("Confounder")?;

        let sequence = self.take_number(Sender::Server)?;
        let mut decryptor = Aes128Cfb8Decryptor::new(&self.encryption_key, &twice(sequence));
        decryptor.apply(&mut confounder);
        decryptor.apply(stub);

        let covered = Covered {
            flags,
            head,
            stub,
            trailer,
        };
        if !crypto::constant_time_eq(&self.checksum(&confounder, covered), &checksum) {
            return Err(Error::Forged("wrong checksum"));
        }
        let expected = self.encrypted_number(sequence, checksum);
        if !crypto::constant_time_eq(&expected, &number) {
            return Err(Error::Forged("wrong sequence number"));
        }
        Ok(())
    }

    /// The next number in the form that is encrypted: low half, then high half, big endian. The
    /// client's have the highest bit of the high half set.
    fn take_number(&mut self, sender: Sender) -> Result<[u8; 8], Error> {
        let [a, b, c, d] = self.sequence.to_be_bytes();
        self.sequence = self
            .sequence
            .checked_add(1)
            .ok_or(Error::Sequence("no sequence numbers left"))?;
        let side = match sender {
            Sender::Client => 0x80,
            Sender::Server => 0x00,
        };
        Ok([a, b, c, d, side, 0, 0, 0])
    }

    fn checksum(&self, confounder: &[u8; 8], covered: Covered<'_>) -> [u8; 8] {
        let Covered {
            flags,
            head,
            stub,
            trailer,
        } = covered;
        let (head, trailer) = match self.coverage {
            Coverage::Pdu => (head, trailer),
            Coverage::Stub => <(&[u8], &[u8])>::default(),
        };
        let parts: [&[u8]; 6] = [&ALGORITHMS, &flags, confounder, head, stub, trailer];
        let mac = crypto::hmac_sha256(&self.session_key, &parts);
        let [a, b, c, d, e, f, g, h, ..] = mac;
        [a, b, c, d, e, f, g, h]
    }

    fn encrypted_number(&self, mut number: [u8; 8], checksum: [u8; 8]) -> [u8; 8] {
        Aes128Cfb8Encryptor::new(&self.session_key, &twice(checksum)).apply(&mut number);
        number
    }
}

/// An initialisation vector: the 8 bytes twice.
fn twice(half: [u8; 8]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h] = half;
    [a, b, c, d, e, f, g, h, a, b, c, d, e, f, g, h]
}

#[cfg(test)]
pub(in crate::protocol::rpc) mod tests;
