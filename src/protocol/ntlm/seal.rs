//! Session security: the protection of messages after the login (MS-NLMP 3.4).
//!
//! A message is processed as a draft, [`Sending`] or [`Receiving`], on a copy of the key stream.
//! Key stream and sequence number advance only if the draft succeeds: a message that is refused or
//! abandoned changes nothing.
//!
//! One key stream runs through all messages of a direction. A message that is lost, repeated or out
//! of order cannot be decrypted, so each of these is an error, not supplementary information.

mod direction;
mod saved;
#[cfg(test)]
mod tests;

use super::NtlmError;
use super::flags::NegotiateFlags;
use crate::base::crypto::{Crc32, HmacMd5, Key, Rc4, constant_time_eq};
use direction::{CLIENT_TO_SERVER, Direction, Keys, SERVER_TO_CLIENT, Signing, sealing_key_size};

/// The length of a signature (`NTLMSSP_MESSAGE_SIGNATURE`, MS-NLMP 2.2.2.9).
pub const SIGNATURE_SIZE: usize = 16;

/// `Version` of a signature.
const VERSION: [u8; 4] = 1u32.to_le_bytes();

/// Our side of the context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The client.
    Initiator,
    /// The server.
    Acceptor,
}

/// The direction of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the peer.
    Out,
    /// From the peer.
    In,
}

/// The weakest protection of messages that is negotiated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weakest {
    /// Extended session security with keys of 128 bits.
    #[default]
    Strong,
    /// Any: also keys of 56 and 40 bits, and, without extended session security, signatures that
    /// an eavesdropper can forge (a CRC under RC4, MS-NLMP 3.4.4.1).
    Any,
}

impl Weakest {
    /// The flags, without the flags of protection that is too weak.
    pub fn of(self, flags: NegotiateFlags) -> NegotiateFlags {
        match self {
            Self::Strong if !flags.contains(STRONG) => flags.without(PROTECTION),
            _ => flags,
        }
    }
}

/// The flags of strong protection.
const STRONG: NegotiateFlags =
    NegotiateFlags::NEGOTIATE_EXTENDED_SESSIONSECURITY.union(NegotiateFlags::NEGOTIATE_128);

/// Signatures and encryption.
pub const PROTECTION: NegotiateFlags =
    NegotiateFlags::NEGOTIATE_SIGN.union(NegotiateFlags::NEGOTIATE_SEAL);

/// The negotiated protection, with its keys. Its state is the sequence number and the key stream of
/// each direction; everything else follows from flags, key and role.
#[derive(Debug)]
pub struct SessionSecurity {
    flags: NegotiateFlags,
    exported_session_key: Key,
    outgoing: Direction,
    /// `None` without extended session security: both directions then share one key stream and one
    /// sequence number.
    incoming: Option<Direction>,
}

impl SessionSecurity {
    /// The protection of an established context. `flags` are the negotiated ones; the key is
    /// `ExportedSessionKey` (MS-NLMP 3.1.5.1.2).
    pub fn new(flags: NegotiateFlags, exported_session_key: Key, role: Role) -> Self {
        let extended = flags.contains(NegotiateFlags::NEGOTIATE_EXTENDED_SESSIONSECURITY);
        let (ours, theirs) = match role {
            Role::Initiator => (&CLIENT_TO_SERVER, &SERVER_TO_CLIENT),
            Role::Acceptor => (&SERVER_TO_CLIENT, &CLIENT_TO_SERVER),
        };
        Self {
            flags,
            exported_session_key,
            outgoing: Direction::new(extended.then_some(ours)),
            incoming: extended.then(|| Direction::new(Some(theirs))),
        }
    }

    /// Whether messages are signed. Sealed messages are signed too.
    pub fn signs(&self) -> bool {
        self.flags.intersects(PROTECTION)
    }

    /// Whether messages are sealed.
    pub fn seals(&self) -> bool {
        self.flags.contains(NegotiateFlags::NEGOTIATE_SEAL)
    }

    /// The strength of the protection as Cyrus SASL counts it (`sasl_ssf_t`): the bits of the
    /// sealing key, 1 for signatures only, 0 for no protection or signatures that can be forged.
    pub fn strength(&self) -> u32 {
        let extended = NegotiateFlags::NEGOTIATE_EXTENDED_SESSIONSECURITY;
        let is_proof = self.flags.contains(extended);
        match (self.seals() && is_proof, self.signs() && is_proof) {
            (true, _) => 8 * u32::from(sealing_key_size(self.flags)),
            (false, true) => 1,
            (false, false) => 0,
        }
    }

    /// `ExportedSessionKey`.
    pub fn session_key(&self) -> &Key {
        &self.exported_session_key
    }

    /// Begins a message to the peer.
    pub fn send(&mut self) -> Sending<'_> {
        Sending(self.draft(Way::Out))
    }

    /// Begins a message from the peer.
    pub fn receive(&mut self) -> Receiving<'_> {
        Receiving(self.draft(Way::In))
    }

    /// Restarts a key stream; sequence numbers continue. Both sides do this after each signature of
    /// SPNEGO's list of mechanisms, as gss-ntlmssp, Samba and pyspnego do.
    pub fn reset(&mut self, way: Way) {
        self.direction(way).stream = None;
    }

    fn direction(&mut self, way: Way) -> &mut Direction {
        match (way, &mut self.incoming) {
            (Way::In, Some(incoming)) => incoming,
            (Way::In, None) | (Way::Out, _) => &mut self.outgoing,
        }
    }

    fn draft(&mut self, way: Way) -> Draft<'_> {
        let (flags, session_key) = (self.flags, self.exported_session_key.clone());
        let (keys, stream, sequence) = self.direction(way).begin(flags, &session_key);
        Draft::new(keys, stream, sequence)
    }
}

/// A checksum that is being computed.
enum Checksum {
    Crc32(Crc32),
    Hmac(HmacMd5),
}

/// A message that is being processed, in either direction.
struct Draft<'a> {
    keys: &'a Keys,
    /// Where `stream` goes if the draft succeeds.
    stream_after: &'a mut Option<Rc4>,
    sequence: &'a mut u32,
    stream: Option<Rc4>,
    checksum: Checksum,
}

impl<'a> Draft<'a> {
    fn new(keys: &'a Keys, stream: &'a mut Option<Rc4>, sequence: &'a mut u32) -> Self {
        let checksum = match &keys.signing {
            Signing::Crc32 => Checksum::Crc32(Crc32::new()),
            Signing::Extended { key, .. } => {
                let mut hmac = HmacMd5::new(key);
                hmac.update(&sequence.to_le_bytes());
                Checksum::Hmac(hmac)
            }
        };
        Self {
            keys,
            stream: stream.clone(),
            stream_after: stream,
            sequence,
            checksum,
        }
    }

    fn cover(&mut self, plain: &[u8]) {
        match &mut self.checksum {
            Checksum::Crc32(crc) => crc.update(plain),
            Checksum::Hmac(hmac) => hmac.update(plain),
        }
    }

    /// Encrypts or decrypts.
    fn crypt(&mut self, data: &mut [u8]) {
        self.stream
            .get_or_insert_with(|| Rc4::new(&self.keys.sealing))
            .apply(data);
    }

    /// The signature of the covered bytes. The last use of the key stream.
    fn signature(&mut self) -> [u8; SIGNATURE_SIZE] {
        let mut signature = [0; SIGNATURE_SIZE];
        signature[12..].copy_from_slice(&self.sequence.to_le_bytes());
        match (&self.checksum, &self.keys.signing) {
            (Checksum::Crc32(crc), _) => {
                signature[8..12].copy_from_slice(&crc.finish().to_le_bytes());
                // `RandomPad` is encrypted with the rest, and then sent as zero.
                self.crypt(&mut signature[4..]);
                signature[4..8].fill(0);
            }
            (Checksum::Hmac(hmac), signing) => {
                let [checksum @ .., _, _, _, _, _, _, _, _] = hmac.clone().finish();
                let encrypts = matches!(signing, Signing::Extended { encrypts: true, .. });
                signature[4..12].copy_from_slice(&checksum);
                if encrypts {
                    self.crypt(&mut signature[4..12]);
                }
            }
        }
        signature[..4].copy_from_slice(&VERSION);
        signature
    }

    /// Advances key stream and sequence number.
    fn commit(self) -> Result<(), NtlmError> {
        let next = self.sequence.checked_add(1);
        *self.sequence = next.ok_or(NtlmError::TooManyMessages)?;
        *self.stream_after = self.stream;
        Ok(())
    }
}

/// A message to the peer: first [`cover`](Self::cover) all of it in order, then
/// [`seal`](Self::seal) the parts to be sealed, in order.
pub struct Sending<'a>(Draft<'a>);

impl Sending<'_> {
    /// The next piece of the message, sealed or not.
    pub fn cover(&mut self, plain: &[u8]) {
        self.0.cover(plain);
    }

    /// Encrypts the next piece in place.
    pub fn seal(&mut self, plain: &mut [u8]) {
        self.0.crypt(plain);
    }

    /// The signature to send with the message.
    ///
    /// # Errors
    /// [`NtlmError::TooManyMessages`]
    pub fn finish(mut self) -> Result<[u8; SIGNATURE_SIZE], NtlmError> {
        let signature = self.0.signature();
        self.0.commit()?;
        Ok(signature)
    }
}

/// A message from the peer: first [`unseal`](Self::unseal) the sealed parts, in order, then
/// [`cover`](Self::cover) all of it in order. Its bytes are not authentic before
/// [`check`](Self::check).
pub struct Receiving<'a>(Draft<'a>);

impl Receiving<'_> {
    /// Decrypts the next piece in place.
    pub fn unseal(&mut self, sealed: &mut [u8]) {
        self.0.crypt(sealed);
    }

    /// The next piece of the message, sealed or not.
    pub fn cover(&mut self, plain: &[u8]) {
        self.0.cover(plain);
    }

    /// Checks the signature of the message.
    ///
    /// # Errors
    /// It is not a signature, or not the one of this message as the next of the context. The state
    /// is then unchanged: the right message is still accepted.
    pub fn check(mut self, signature: &[u8]) -> Result<(), NtlmError> {
        let signature: &[u8; SIGNATURE_SIZE] = signature
            .try_into()
            .map_err(|_| NtlmError::NotSignature("the signature is not 16 bytes"))?;
        let [v0, v1, v2, v3, _checksum @ .., s0, s1, s2, s3] = signature;
        if [*v0, *v1, *v2, *v3] != VERSION {
            return Err(NtlmError::NotSignature("not a signature of version 1"));
        }
        if let Signing::Extended { .. } = self.0.keys.signing {
            // Sent in clear, and covered by the signature.
            in_turn(u32::from_le_bytes([*s0, *s1, *s2, *s3]), *self.0.sequence)?;
        }
        let expected = self.0.signature();
        let (expected, signature) = match self.0.keys.signing {
            // `RandomPad` is not covered.
            Signing::Crc32 => (&expected[8..], &signature[8..]),
            Signing::Extended { .. } => (&expected[4..], &signature[4..]),
        };
        if !constant_time_eq(expected, signature) {
            return Err(NtlmError::WrongSignature);
        }
        self.0.commit()
    }
}

/// Checks that a message has the next sequence number.
fn in_turn(sequence: u32, expected: u32) -> Result<(), NtlmError> {
    match sequence {
        _ if sequence < expected => Err(NtlmError::MessageRepeated),
        _ if sequence > expected => Err(NtlmError::MessageMissing),
        _ => Ok(()),
    }
}
