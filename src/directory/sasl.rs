//! The SASL layer: LDAP messages sealed by NTLM or Kerberos (RFC 4422 3.7; MS-ADTS 5.1.1.1.2). No
//! I/O.
//!
//! Each piece is sent as its length in four bytes, and what the mechanism makes of it: with NTLM
//! the signature and the sealed bytes. A piece and a message need not begin or end together.

use crate::base::crypto::SecretBytes;
use crate::directory::error::Error;
use crate::directory::message::MAX_MESSAGE;
use crate::directory::security_context::SecurityContext;
use crate::protocol::ntlm::seal::{SIGNATURE_SIZE, SessionSecurity};

/// The sealed connection.
#[derive(Debug)]
pub(super) struct SaslLayer {
    sealing: Sealing,
    received: Vec<u8>,
}

#[derive(Debug)]
enum Sealing {
    Ntlm(Box<SessionSecurity>),
    Context {
        context: Box<dyn SecurityContext>,
        /// The longest piece that the controller takes.
        limit: usize,
    },
}

impl SaslLayer {
    /// Begins after the bind.
    ///
    /// # Errors
    /// [`Error::NotSealed`]: the two sides did not agree to seal.
    pub(super) fn new(security: SessionSecurity) -> Result<Self, Error> {
        match security.seals() {
            true => Ok(Self::with(Sealing::Ntlm(Box::new(security)))),
            false => Err(Error::NotSealed),
        }
    }

    /// Begins after a bind by another mechanism. `limit`: the longest piece that the controller
    /// takes.
    pub(super) fn of_context(context: Box<dyn SecurityContext>, limit: usize) -> Self {
        Self::with(Sealing::Context { context, limit })
    }

    fn with(sealing: Sealing) -> Self {
        Self {
            sealing,
            received: Vec::new(),
        }
    }

    /// The bytes to send for a message.
    pub(super) fn seal(&mut self, plain: &SecretBytes) -> Result<Vec<u8>, Error> {
        let piece = match &mut self.sealing {
            Sealing::Ntlm(security) => {
                let mut sealed = plain.expose().to_vec();
                let mut sending = security.send();
                sending.cover(plain.expose());
                sending.seal(&mut sealed);
                [&sending.finish()?[..], &sealed].concat()
            }
            Sealing::Context { context, limit } => {
                let piece = context.wrap(plain.expose(), true)?;
                match piece.len() > *limit {
                    true => return Err(Error::TooLong),
                    false => piece,
                }
            }
        };
        let length = u32::try_from(piece.len()).map_err(|_| Error::TooLong)?;
        Ok([&length.to_be_bytes(), &piece[..]].concat())
    }

    /// Appends bytes that came.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
    }

    /// The next piece, without its protection. `None` if it has not come as a whole yet.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let Some((length, rest)) = self.received.split_first_chunk() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let shortest = match &self.sealing {
            Sealing::Ntlm(_) => SIGNATURE_SIZE,
            Sealing::Context { .. } => 1,
        };
        if !(shortest..=MAX_MESSAGE).contains(&length) {
            return Err(Error::Invalid("the length of a sealed piece"));
        }
        let Some(piece) = rest.get(..length) else {
            return Ok(None);
        };
        let plain = self.sealing.unseal(piece)?;
        self.received.drain(..size_of::<u32>() + length);
        Ok(Some(plain))
    }
}

impl Sealing {
    fn unseal(&mut self, piece: &[u8]) -> Result<Vec<u8>, Error> {
        match self {
            Self::Ntlm(security) => {
                let (signature, sealed) =
                    piece.split_at_checked(SIGNATURE_SIZE).unwrap_or_default();
                let mut plain = sealed.to_vec();
                let mut receiving = security.receive();
                receiving.unseal(&mut plain);
                receiving.cover(&plain);
                receiving.check(signature)?;
                Ok(plain)
            }
            Self::Context { context, .. } => match context.unwrap(piece)? {
                (plain, true) => Ok(plain),
                (_, false) => Err(Error::NotSealed),
            },
        }
    }
}

/// The pieces in a stream of bytes, up to what is none. For tests/fuzz.
#[cfg(feature = "fuzzing")]
pub fn pieces_of(security: SessionSecurity, stream: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut layer = SaslLayer::new(security).ok()?;
    let mut pieces = Vec::new();
    for bytes in stream.chunks(100) {
        layer.push(bytes);
        while let Some(piece) = layer.next().transpose() {
            match piece {
                Ok(piece) => pieces.push(piece),
                Err(_) => return Some(pieces),
            }
        }
    }
    Some(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::crypto::Key;
    use crate::directory::security_context::imitation::Turning;
    use crate::protocol::ntlm::flags::NegotiateFlags;
    use crate::protocol::ntlm::seal::Role;

    fn side(role: Role, flags: NegotiateFlags) -> SessionSecurity {
        SessionSecurity::new(flags, Key::new([0x55; 16]), role)
    }

    fn sealing() -> NegotiateFlags {
        NegotiateFlags::NEGOTIATE_SIGN
            | NegotiateFlags::NEGOTIATE_SEAL
            | NegotiateFlags::NEGOTIATE_KEY_EXCH
            | NegotiateFlags::NEGOTIATE_128
            | NegotiateFlags::NEGOTIATE_EXTENDED_SESSIONSECURITY
    }

    fn pair() -> (SaslLayer, SaslLayer) {
        let of = |role| SaslLayer::new(side(role, sealing())).unwrap();
        (of(Role::Initiator), of(Role::Acceptor))
    }

    fn sealed(layer: &mut SaslLayer, text: &[u8]) -> Vec<u8> {
        layer.seal(&SecretBytes::new(text.to_vec())).unwrap()
    }

    #[test]
    fn pieces_arrive_sealed_and_in_order() {
        let (mut client, mut server) = pair();
        let texts: [&[u8]; 3] = [b"first", b"", &[7; 5000]];
        let stream: Vec<u8> = texts
            .iter()
            .flat_map(|text| sealed(&mut client, text))
            .collect();
        assert!(!stream.windows(5).any(|window| window == b"first"));
        assert_eq!(stream[..4], [0, 0, 0, 21]);
        let mut came = Vec::new();
        for part in stream.chunks(3) {
            server.push(part);
            while let Some(piece) = server.next().unwrap() {
                came.push(piece);
            }
        }
        assert_eq!(came, texts);
        // The other direction has a key stream of its own.
        let answer = sealed(&mut server, b"answer");
        client.push(&answer);
        assert_eq!(client.next().unwrap().unwrap(), b"answer");
    }

    #[test]
    fn a_changed_repeated_or_missing_piece_is_refused() {
        let (mut client, _) = pair();
        let (first, second) = (
            sealed(&mut client, b"first"),
            sealed(&mut client, b"second"),
        );
        for at in 4..first.len() {
            let (_, mut server) = pair();
            let mut changed = first.clone();
            changed[at] ^= 1;
            server.push(&changed);
            assert!(server.next().is_err(), "byte {at}");
        }
        for stream in [&[&first[..], &first].concat(), &second] {
            let (_, mut server) = pair();
            server.push(stream);
            let results: Vec<_> = (0..2).map_while(|_| server.next().transpose()).collect();
            assert!(results.iter().any(Result::is_err));
        }
    }

    #[test]
    fn pieces_of_kerberos_are_sealed_too() {
        let mut layer = SaslLayer::of_context(Box::new(Turning(0)), 9);
        let stream = sealed(&mut layer, b"a mess");
        assert_eq!(stream[..5], [0, 0, 0, 7, 1]);
        layer.push(&stream);
        assert_eq!(layer.next().unwrap().unwrap(), b"a mess");
        let long = SecretBytes::new(vec![b'x'; 9]);
        assert!(matches!(layer.seal(&long), Err(Error::TooLong)));
        // Signed only; and shorter than the signature of NTLM.
        layer.push(&[0, 0, 0, 2, 0, b'x']);
        assert!(matches!(layer.next(), Err(Error::NotSealed)));
    }

    #[test]
    fn impossible_lengths_are_refused_at_once() {
        for length in [0, 15, 1024 * 1024 + 1, u32::MAX] {
            let (_, mut server) = pair();
            server.push(&length.to_be_bytes());
            assert!(server.next().is_err(), "{length}");
        }
    }

    #[test]
    fn nothing_goes_on_unsealed() {
        let signing = sealing().without(NegotiateFlags::NEGOTIATE_SEAL);
        let signed = SaslLayer::new(side(Role::Initiator, signing));
        assert!(matches!(signed, Err(Error::NotSealed)));
    }
}
