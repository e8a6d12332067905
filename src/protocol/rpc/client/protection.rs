//! How the PDUs of a connection are protected: not at all, or sealed.

use crate::base::crypto::SecretBytes;
use crate::base::wire::DecodeError;
use crate::protocol::rpc::Error;
use crate::protocol::rpc::pdu::{self, BindAck, Fragment, RequestHead};
use crate::protocol::rpc::schannel::seal::{self, SIGNATURE_LENGTH, Seal};

/// How the PDUs of a connection are protected.
pub trait PduProtection {
    /// The number of the bind; those of the calls follow.
    fn bind_call_id(&self) -> u32;

    /// What is told to the server in the bind: a `sec_trailer` and its value.
    fn offer(&self) -> Option<([u8; pdu::TRAILER_LENGTH], &[u8])>;

    /// Takes what the server answered to it.
    ///
    /// # Errors
    /// The server protects the connection in another way.
    fn accept(&mut self, ack: &BindAck<'_>) -> Result<(), Error>;

    /// Whether a request may go in several PDUs: nobody can take one of them for another, or a part for
    /// the whole.
    fn binds_fragments(&self) -> bool;

    /// The longest stub of a PDU whose length is at most `max_fragment`.
    fn max_stub(&self, max_fragment: u16) -> usize;

    /// One whole PDU; `head` but for its lengths.
    ///
    /// # Errors
    /// [`Error::NoRandomBytes`], or the sequence is used up.
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

/// What makes a sealed connection unlike every other with the same key: random numbers.
///
/// Each connection counts its PDUs from zero, and no answer to a logon names the question: one that
/// was recorded would fit as well on the next connection that the same key seals. Two numbers that we
/// choose are in what the server signs: where the numbers of the calls begin, and `auth_context_id`.
/// So where headers are signed, an answer fits on its own connection only (but for one in 2^63).
///
/// Where they are not, the key is this connection's alone ([`Seal::settle`]), and its numbers are
/// enough for whole answers. But anybody may then move the marks of the first and the last fragment,
/// and the length of the padding: of a request in several PDUs, the rest could be made a request of
/// its own, whose bytes some client chose. So each goes in one. And of an answer, padding is taken off
/// the last fragment only: what is too short or too long is no answer to those who read it.
///
/// A proof that the controller is there now would be a NetrLogonGetCapabilities first of all: its
/// answer carries an authenticator. But the chain of authenticators is one for all connections with a
/// key (MS-NRPC 3.1.4.5): processes would have to keep it in the file they share, and hold its lock
/// for a round trip whenever one of them connects.
#[derive(Clone, Copy, Debug)]
pub struct Nonce {
    pub(super) bind_call_id: u32,
    pub(super) context_id: [u8; 4],
}

impl Nonce {
    /// From eight random bytes, used for nothing else.
    pub fn new(random: [u8; 8]) -> Self {
        let [a, b, c, d, context_id @ ..] = random;
        Self {
            // The lower half of the numbers: the upper half is left for the calls.
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
    /// For the domain and the computer, by their NetBIOS names, that agreed on the key.
    pub fn new(seal: Seal, nonce: Nonce, netbios_domain: &str, computer: &str) -> Self {
        Self {
            seal,
            nonce,
            negotiate: seal::negotiate(netbios_domain, computer),
        }
    }

    /// Whether the server signs headers; before its bind_ack, that it must.
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

    /// There is nothing to lose.
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

/// What is around the stub of a sealed PDU, in bytes.
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
            .ok_or(Error::Downgraded("the connection is not sealed"))?;
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
        // 0 to 15.
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
        let auth = fragment
            .auth
            .as_ref()
            .ok_or(Error::Forged("it is not sealed"))?;
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
