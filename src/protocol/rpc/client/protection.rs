//! The protection of a connection's PDUs: none, or sealed.

use crate::base::crypto::SecretBytes;
use crate::base::wire::DecodeError;
use crate::protocol::rpc::Error;
use crate::protocol::rpc::pdu::{self, BindAck, Fragment, RequestHead};
use crate::protocol::rpc::schannel::seal::{self, SIGNATURE_LENGTH, Seal};

/// The protection of a connection's PDUs.
pub trait PduProtection {
    /// The number of the bind. The calls have the numbers after it.
    fn bind_call_id(&self) -> u32;

    /// The `sec_trailer` and its value in the bind.
    fn offer(&self) -> Option<([u8; pdu::TRAILER_LENGTH], &[u8])>;

    /// Takes the server's answer to it.
    ///
    /// # Errors
    /// The server does not grant the protection.
    fn accept(&mut self, ack: &BindAck<'_>) -> Result<(), Error>;

    /// Whether a request may be sent in several PDUs: an attacker can neither swap them nor pass a
    /// part for the whole.
    fn binds_fragments(&self) -> bool;

    /// The longest stub of a PDU whose length is at most `max_fragment`.
    fn max_stub(&self, max_fragment: u16) -> usize;

    /// Builds one PDU. The lengths in `head` are filled in.
    ///
    /// # Errors
    /// [`Error::NoRandomBytes`], or the sequence numbers are used up.
    fn protect(&mut self, head: RequestHead, stub: &[u8]) -> Result<Vec<u8>, Error>;

    /// The stub of one PDU.
    ///
    /// # Errors
    /// [`Error::Forged`]; [`Error::Malformed`].
    fn unprotect(&mut self, fragment: &Fragment<'_>) -> Result<SecretBytes, Error>;
}

/// No protection.
#[derive(Debug)]
pub struct Plain;

/// Random numbers that distinguish a sealed connection from every other with the same key.
///
/// Each connection numbers its PDUs from zero, and no answer to a logon names its question: a
/// recorded answer would be valid on the next connection under the same key. The server's signature
/// covers two numbers that we choose: the first number of the calls, and `auth_context_id`. If
/// headers are signed, an answer is therefore valid on its own connection only (but for one in
/// 2^63).
///
/// If they are not, only this connection has the key ([`Seal::settle`]), and its sequence numbers
/// protect whole answers. An attacker can then change the flags of the first and last fragment and
/// the length of the padding. The rest of a request in several PDUs could become a request of its
/// own, with bytes that a client chose: each request is therefore sent in one PDU. Of an answer,
/// padding is removed from the last fragment only: the decoder refuses an answer that is too short
/// or too long.
///
/// A NetrLogonGetCapabilities at the beginning would prove that the controller is present: its
/// answer carries an authenticator. But all connections with a key share one chain of
/// authenticators (MS-NRPC 3.1.4.5): processes would have to keep it in the shared file, and hold
/// its lock for a round trip at each connect.
#[derive(Clone, Copy, Debug)]
pub struct Nonce {
    pub(super) bind_call_id: u32,
    pub(super) context_id: [u8; 4],
}

impl Nonce {
    /// From eight random bytes that are used for nothing else.
    pub fn new(random: [u8; 8]) -> Self {
        let [a, b, c, d, context_id @ ..] = random;
        Self {
            // From the lower half of the numbers, so that enough are left for the calls.
            bind_call_id: u32::from_le_bytes([a, b, c, d]) >> 1,
            context_id,
        }
    }
}

/// Sealed with the session key of a secure channel.
#[derive(Debug)]
pub struct Sealed {
    seal: Seal,
    nonce: Nonce,
    /// `NL_AUTH_MESSAGE`
    negotiate: Vec<u8>,
}

impl Sealed {
    /// For the domain and the computer (NetBIOS names) that agreed on the key.
    pub fn new(seal: Seal, nonce: Nonce, netbios_domain: &str, computer: &str) -> Self {
        Self {
            seal,
            nonce,
            negotiate: seal::negotiate(netbios_domain, computer),
        }
    }

    /// Whether the server signs headers. True before its bind_ack.
    pub fn signs_headers(&self) -> bool {
        self.seal.signs_headers()
    }
}

impl PduProtection for Plain {
    fn bind_call_id(&self) -> u32 {
        1
    }

    fn offer(&self) -> Option<([u8; pdu::TRAILER_LENGTH], &[u8])> {
        None
    }

    fn accept(&mut self, ack: &BindAck<'_>) -> Result<(), Error> {
        unexpected_auth(ack.auth.is_some())
    }

    /// Plain PDUs are never authentic.
    fn binds_fragments(&self) -> bool {
        true
    }

    fn max_stub(&self, max_fragment: u16) -> usize {
        let room = usize::from(max_fragment).saturating_sub(pdu::HEAD_LENGTH);
        room - room % 8
    }

    fn protect(&mut self, mut head: RequestHead, stub: &[u8]) -> Result<Vec<u8>, Error> {
        head.frag_len = fragment_length(pdu::HEAD_LENGTH + stub.len())?;
        let mut pdu = head.encode();
        pdu.extend_from_slice(stub);
        Ok(pdu)
    }

    fn unprotect(&mut self, fragment: &Fragment<'_>) -> Result<SecretBytes, Error> {
        unexpected_auth(fragment.auth.is_some())?;
        Ok(SecretBytes::new(fragment.stub.to_vec()))
    }
}

fn unexpected_auth(present: bool) -> Result<(), Error> {
    match present {
        true => Err(DecodeError::new("auth_length", "not zero").into()),
        false => Ok(()),
    }
}

/// The length of a sealed PDU without its stub, in bytes.
const AROUND_SEALED: usize = pdu::HEAD_LENGTH + pdu::TRAILER_LENGTH + SIGNATURE_LENGTH;

impl PduProtection for Sealed {
    fn bind_call_id(&self) -> u32 {
        self.nonce.bind_call_id
    }

    fn offer(&self) -> Option<([u8; pdu::TRAILER_LENGTH], &[u8])> {
        Some((seal::trailer(0, self.nonce.context_id), &self.negotiate))
    }

    fn accept(&mut self, ack: &BindAck<'_>) -> Result<(), Error> {
        let auth = ack
            .auth
            .as_ref()
            .ok_or(Error::Downgraded("the server does not seal the connection"))?;
        seal::check_negotiated(auth.value)?;
        self.seal.settle(ack.header_signing)
    }

    fn binds_fragments(&self) -> bool {
        self.seal.signs_headers()
    }

    fn max_stub(&self, max_fragment: u16) -> usize {
        let room = usize::from(max_fragment).saturating_sub(AROUND_SEALED);
        room - room % 16
    }

    fn protect(&mut self, mut head: RequestHead, stub: &[u8]) -> Result<Vec<u8>, Error> {
        let padded = stub.len().next_multiple_of(16);
        head.frag_len = fragment_length(AROUND_SEALED + padded)?;
        head.auth_len = fragment_length(SIGNATURE_LENGTH)?;
        // 0 to 15 bytes.
        let padding = u8::try_from(padded - stub.len()).unwrap_or_default();
        let trailer = seal::trailer(padding, self.nonce.context_id);
        let mut pdu = Vec::with_capacity(AROUND_SEALED + padded);
        pdu.extend_from_slice(&head.encode());
        pdu.extend_from_slice(stub);
        pdu.resize(pdu::HEAD_LENGTH + padded, 0);
        let (head, sealed) = pdu.split_at_mut(pdu::HEAD_LENGTH);
        let signature = self.seal.seal(head, sealed, &trailer)?;
        pdu.extend_from_slice(&trailer);
        pdu.extend_from_slice(&signature);
        Ok(pdu)
    }

    fn unprotect(&mut self, fragment: &Fragment<'_>) -> Result<SecretBytes, Error> {
        let auth = fragment.auth.as_ref().ok_or(Error::Forged("not sealed"))?;
        let padding = seal::padding(&auth.trailer, self.nonce.context_id)?;
        if padding > 0 && !fragment.last && !self.seal.signs_headers() {
            return Err(Error::Forged("padding within an answer is not signed"));
        }
        let mut stub = fragment.stub.to_vec();
        self.seal
            .unseal(fragment.head, &mut stub, &auth.trailer, auth.value)?;
        let length = stub
            .len()
            .checked_sub(padding)
            .ok_or(DecodeError::new("auth_pad_length", "more than the stub"))?;
        stub.truncate(length);
        Ok(SecretBytes::new(stub))
    }
}

fn fragment_length(length: usize) -> Result<u16, Error> {
    u16::try_from(length).map_err(|_| Error::TooLong("the PDU"))
}
