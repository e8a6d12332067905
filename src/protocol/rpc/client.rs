//! An association (C706 12.6): a connection bound to an interface, one call at a time.
//!
//! Each step consumes the state before it, and returns the bytes to send or takes one PDU that
//! arrived. After an error there is no state: the caller closes the connection.
//!
//! ```text
//! Binding ──bind_ack──► Association ──call──► Call ──response…──► Association
//! ```

mod protection;

use crate::base::crypto::SecretBytes;
use crate::base::wire::DecodeError;
use crate::protocol::rpc::pdu::{self, Pdu, RequestHead, Syntax};
use crate::protocol::rpc::{Error, FaultStatus};

pub use protection::{Nonce, PduProtection, Plain, Sealed};

/// The longest answer, in bytes of stub. With the groups of a large domain it is some 50 KiB long.
pub const MAX_ANSWER: usize = 1 << 20;
/// The most PDUs of an answer.
const MAX_FRAGMENTS: usize = 1024;

/// The bind is sent.
#[derive(Debug)]
pub struct Binding<P>(P);

/// The connection is bound; no call is in progress.
#[derive(Debug)]
pub struct Association<P> {
    protection: P,
    max_fragment: u16,
    last_call_id: u32,
}

/// A call is in progress: its answer, or the rest of it, is expected.
#[derive(Debug)]
pub struct Call<P> {
    association: Association<P>,
    /// The stub so far.
    pieces: Vec<SecretBytes>,
    length: usize,
}

/// The state of a call after a PDU.
#[derive(Debug)]
pub enum Progress<P> {
    /// More PDUs are expected.
    More(Call<P>),
    /// The PDU was the last.
    Done(Outcome, Association<P>),
}

/// How a call ended.
#[derive(Debug)]
pub enum Outcome {
    /// The stub of the answer: authentic if the connection is sealed.
    Response(SecretBytes),
    /// A fault: the server did not execute the call. Never authentic.
    Fault(FaultStatus),
}

impl Outcome {
    /// The stub of the answer.
    ///
    /// # Errors
    /// [`Error::Fault`] for a fault.
    pub fn response(self) -> Result<SecretBytes, Error> {
        match self {
            Self::Response(stub) => Ok(stub),
            Self::Fault(status) => Err(Error::Fault(status)),
        }
    }
}

impl<P: PduProtection> Binding<P> {
    /// The PDU that asks for `interface`.
    pub fn begin(interface: Syntax, protection: P) -> (Vec<u8>, Self) {
        let pdu = pdu::bind(protection.bind_call_id(), interface, protection.offer());
        (pdu, Self(protection))
    }

    /// Takes the server's answer.
    ///
    /// # Errors
    /// [`Error::BindRefused`]; [`Error::Fault`]; the PDU is not a bind_ack, or grants no
    /// protection.
    pub fn answered(self, pdu: &[u8]) -> Result<Association<P>, Error> {
        let Self(mut protection) = self;
        let bind_call_id = protection.bind_call_id();
        match Pdu::decode(pdu, bind_call_id)? {
            Pdu::BindAck(ack) => {
                protection.accept(&ack)?;
                Ok(Association {
                    protection,
                    max_fragment: ack.max_fragment,
                    last_call_id: bind_call_id,
                })
            }
            Pdu::BindNak(reason) => Err(Error::BindRefused(reason)),
            Pdu::Fault(status) => Err(Error::Fault(status)),
            Pdu::Response(_) => Err(Error::Sequence("a response before the bind_ack")),
        }
    }
}

impl<P: PduProtection> Association<P> {
    /// Begins a call of the interface. The bytes are its PDUs, one after the other.
    ///
    /// # Errors
    /// [`Error::NoRandomBytes`]; [`Error::TooLong`]; [`Error::HeadersUnsigned`] for a request of
    /// more than one PDU without signed headers; the connection's numbers are used up.
    pub fn call(mut self, opnum: u16, stub: &[u8]) -> Result<(Vec<u8>, Call<P>), Error> {
        self.last_call_id = self
            .last_call_id
            .checked_add(1)
            .ok_or(Error::Sequence("no call numbers left"))?;
        let (mut piece, mut rest) = self.split(stub);
        if !rest.is_empty() && !self.protection.binds_fragments() {
            return Err(Error::HeadersUnsigned("the request is longer than one PDU"));
        }
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
            association: self,
            pieces: Vec::new(),
            length: 0,
        };
        Ok((pdus, call))
    }

    /// The protection of the connection.
    pub fn protection(&self) -> &P {
        &self.protection
    }

    /// The part for the next PDU, and the rest.
    fn split<'a>(&self, stub: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let most = self.protection.max_stub(self.max_fragment);
        stub.split_at_checked(most).unwrap_or((stub, &[]))
    }
}

impl<P: PduProtection> Call<P> {
    /// Takes the next PDU.
    ///
    /// # Errors
    /// The PDU is not part of the answer or not authentic, or the answer is too long.
    pub fn receive(mut self, pdu: &[u8]) -> Result<Progress<P>, Error> {
        let fragment = match Pdu::decode(pdu, self.association.last_call_id)? {
            Pdu::Response(fragment) => fragment,
            Pdu::Fault(status) => {
                return Ok(Progress::Done(Outcome::Fault(status), self.association));
            }
            Pdu::BindAck(_) | Pdu::BindNak(_) => {
                return Err(Error::Sequence("the answer of a bind to a call"));
            }
        };
        if fragment.first != self.pieces.is_empty() {
            return Err(Error::Sequence("a fragment of another answer"));
        }
        let piece = self.association.protection.unprotect(&fragment)?;
        self.length += piece.expose().len();
        self.pieces.push(piece);
        if self.length > MAX_ANSWER {
            return Err(DecodeError::new("response", "longer than 1 MiB").into());
        }
        if fragment.last {
            return Ok(Progress::Done(
                Outcome::Response(joined(self.pieces, self.length)),
                self.association,
            ));
        }
        if self.pieces.len() >= MAX_FRAGMENTS {
            return Err(DecodeError::new("response", "too many fragments").into());
        }
        Ok(Progress::More(self))
    }
}

/// One buffer of the final size: growing would leave copies of secrets behind.
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
