//! A connection: bound to an interface, plain or sealed, one call at a time.
//!
//! Each step consumes the state before it and gives the bytes to send, or takes one PDU that came.
//! After an error there is no state left, and nothing to do but close the connection.
//!
//! ```text
//! Binding ──bind_ack──► Connection ──call──► Call ──response…──► Connection
//! ```

use crate::crypto::SecretBytes;
use crate::rpc::pdu::{self, BindAck, Fragment, Pdu, RequestHead, Syntax};
use crate::rpc::schannel::seal::{self, SIGNATURE_LENGTH, Seal};
use crate::rpc::{Error, FaultStatus};
use crate::wire::DecodeError;

/// The longest answer, in bytes of stub. One with the groups of a large domain is some 50 KiB long.
pub const MAX_ANSWER: usize = 1 << 20;
/// The most PDUs that an answer may come in.
const MAX_FRAGMENTS: usize = 1024;

/// How the PDUs of a connection are protected.
pub trait Protection {
    /// The number of the bind; those of the calls follow.
    fn bind_call_id(&self) -> u32;

    /// What is told to the server in the bind: a `sec_trailer` and its value.
    fn offer(&self) -> Option<([u8; pdu::TRAILER_LENGTH], &[u8])>;

    /// Takes what the server answered to it.
    ///
    /// # Errors
    /// The server protects the connection in another way.
    fn accept(&self, ack: &BindAck<'_>) -> Result<(), Error>;

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
/// So headers must be signed, and an answer fits on its own connection only (but for one in 2^63).
///
/// A proof that the controller is there now would be a NetrLogonGetCapabilities first of all: its
/// answer carries an authenticator. But the chain of authenticators is one for all connections with a
/// key (MS-NRPC 3.1.4.5): processes would have to keep it in the file they share, and hold its lock
/// for a round trip whenever one of them connects.
#[derive(Clone, Copy, Debug)]
pub struct Nonce {
    bind_call_id: u32,
    context_id: [u8; 4],
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
}

impl Protection for Plain {
    fn bind_call_id(&self) -> u32 {
        1
    }

    fn offer(&self) -> Option<([u8; pdu::TRAILER_LENGTH], &[u8])> {
        None
    }

    fn accept(&self, ack: &BindAck<'_>) -> Result<(), Error> {
        unexpected_auth(ack.auth.is_some())
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

impl Protection for Sealed {
    fn bind_call_id(&self) -> u32 {
        self.nonce.bind_call_id
    }

    fn offer(&self) -> Option<([u8; pdu::TRAILER_LENGTH], &[u8])> {
        Some((seal::trailer(0, self.nonce.context_id), &self.negotiate))
    }

    fn accept(&self, ack: &BindAck<'_>) -> Result<(), Error> {
        let auth = ack
            .auth
            .as_ref()
            .ok_or(Error::Downgraded("the connection is not sealed"))?;
        seal::check_negotiated(auth.value)?;
        match ack.header_signing {
            true => Ok(()),
            false => Err(Error::Downgraded("headers are not signed")),
        }
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

/// A bind is out.
#[derive(Debug)]
pub struct Binding<P>(P);

/// Bound, and no call is out.
#[derive(Debug)]
pub struct Connection<P> {
    protection: P,
    max_fragment: u16,
    last_call_id: u32,
}

/// A call is out; its answer, or the rest of it, is to come.
#[derive(Debug)]
pub struct Call<P> {
    connection: Connection<P>,
    /// What has come of the answer.
    pieces: Vec<SecretBytes>,
    length: usize,
}

/// Where a call is after one more PDU.
#[derive(Debug)]
pub enum Progress<P> {
    /// More PDUs are to come.
    More(Call<P>),
    /// That was the last.
    Done(Outcome, Connection<P>),
}

/// How a call ended.
#[derive(Debug)]
pub enum Outcome {
    /// The stub of the answer: authentic if the connection is sealed.
    Response(SecretBytes),
    /// The server did not execute the call, or somebody on the way says so: never authentic.
    Fault(FaultStatus),
}

impl Outcome {
    /// The stub of the answer.
    ///
    /// # Errors
    /// [`Error::Fault`] if there is none.
    pub fn response(self) -> Result<SecretBytes, Error> {
        match self {
            Self::Response(stub) => Ok(stub),
            Self::Fault(status) => Err(Error::Fault(status)),
        }
    }
}

impl<P: Protection> Binding<P> {
    /// The PDU that asks for `interface`.
    pub fn begin(interface: Syntax, protection: P) -> (Vec<u8>, Self) {
        let pdu = pdu::bind(protection.bind_call_id(), interface, protection.offer());
        (pdu, Self(protection))
    }

    /// Takes the server's answer.
    ///
    /// # Errors
    /// [`Error::BindRefused`]; [`Error::Fault`]; the answer is none, or promises no protection.
    pub fn answered(self, pdu: &[u8]) -> Result<Connection<P>, Error> {
        let Self(protection) = self;
        let bind_call_id = protection.bind_call_id();
        match Pdu::decode(pdu, bind_call_id)? {
            Pdu::BindAck(ack) => {
                protection.accept(&ack)?;
                Ok(Connection {
                    protection,
                    max_fragment: ack.max_fragment,
                    last_call_id: bind_call_id,
                })
            }
            Pdu::BindNak(reason) => Err(Error::BindRefused(reason)),
            Pdu::Fault(status) => Err(Error::Fault(status)),
            Pdu::Response(_) => Err(Error::Sequence("a response came before the bind_ack")),
        }
    }
}

impl<P: Protection> Connection<P> {
    /// The PDUs, one after the other, of a call of the interface.
    ///
    /// # Errors
    /// [`Error::NoRandomBytes`]; [`Error::TooLong`]; the connection's numbers are used up.
    pub fn call(mut self, opnum: u16, stub: &[u8]) -> Result<(Vec<u8>, Call<P>), Error> {
        self.last_call_id = self
            .last_call_id
            .checked_add(1)
            .ok_or(Error::Sequence("the connection has no call numbers left"))?;
        let (mut piece, mut rest) = self.split(stub);
        let mut first = true;
        let mut pdus = Vec::new();
        loop {
            let remaining = u32::try_from(piece.len() + rest.len());
            let head = RequestHead {
                call_id: self.last_call_id,
                opnum,
                first,
                last: rest.is_empty(),
                alloc_hint: remaining.map_err(|_| Error::TooLong("the request"))?,
                frag_len: 0,
                auth_len: 0,
            };
            pdus.append(&mut self.protection.protect(head, piece)?);
            if rest.is_empty() {
                break;
            }
            (piece, rest) = self.split(rest);
            first = false;
        }
        let call = Call {
            connection: self,
            pieces: Vec::new(),
            length: 0,
        };
        Ok((pdus, call))
    }

    /// What goes into the next PDU, and what is left.
    fn split<'a>(&self, stub: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let most = self.protection.max_stub(self.max_fragment);
        stub.split_at_checked(most).unwrap_or((stub, &[]))
    }
}

impl<P: Protection> Call<P> {
    /// Takes the next PDU.
    ///
    /// # Errors
    /// It is not part of the answer, not authentic, or too much.
    pub fn receive(mut self, pdu: &[u8]) -> Result<Progress<P>, Error> {
        let fragment = match Pdu::decode(pdu, self.connection.last_call_id)? {
            Pdu::Response(fragment) => fragment,
            Pdu::Fault(status) => {
                return Ok(Progress::Done(Outcome::Fault(status), self.connection));
            }
            Pdu::BindAck(_) | Pdu::BindNak(_) => {
                return Err(Error::Sequence("the answer of a bind came for a call"));
            }
        };
        if fragment.first != self.pieces.is_empty() {
            return Err(Error::Sequence("a fragment of another answer came"));
        }
        let piece = self.connection.protection.unprotect(&fragment)?;
        self.length += piece.expose().len();
        self.pieces.push(piece);
        if self.length > MAX_ANSWER {
            return Err(DecodeError::new("response", "longer than 1 MiB").into());
        }
        if fragment.last {
            return Ok(Progress::Done(
                Outcome::Response(joined(self.pieces, self.length)),
                self.connection,
            ));
        }
        if self.pieces.len() >= MAX_FRAGMENTS {
            return Err(DecodeError::new("response", "in too many fragments").into());
        }
        Ok(Progress::More(self))
    }
}

/// One buffer of the right size from the start: growing would leave copies behind.
fn joined(mut pieces: Vec<SecretBytes>, length: usize) -> SecretBytes {
    if pieces.len() == 1 {
        return pieces.swap_remove(0);
    }
    let mut whole = Vec::with_capacity(length);
    for piece in &pieces {
        whole.extend_from_slice(piece.expose());
    }
    SecretBytes::new(whole)
}

#[cfg(test)]
mod tests;
