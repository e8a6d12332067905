//! The server's side of a login: NTLM, plain or in SPNEGO (RFC 4178).

use der::asn1::{ObjectIdentifier, OctetStringRef};
use gss_ntlmdc::base::fault::{Fault, Minor};
use gss_ntlmdc::login::accept::{Acceptor, Step};
use gss_ntlmdc::protocol::ntlm::seal::Way;

use crate::server::Server;
use crate::spnego::{self, NTLM, Numbered, SPNEGO, element};

/// `negState` (RFC 4178 4.2.2).
const ACCEPT_COMPLETED: u8 = 0;
const ACCEPT_INCOMPLETE: u8 = 1;
const REQUEST_MIC: u8 = 3;

/// A login that has begun, or not.
#[derive(Default)]
pub struct Negotiation {
    acceptor: Acceptor,
    offer: Option<Offer>,
}

/// What a client offered in SPNEGO.
struct Offer {
    /// `MechTypeList` as it was encoded: what `mechListMIC` signs.
    mechanisms: Vec<u8>,
    /// The client's first choice is NTLM.
    is_first: bool,
}

/// What comes of a client's token.
pub enum Outcome {
    /// Send this and wait for the client's answer.
    Continue(Vec<u8>),
    /// The login is complete; send this, if there is something to send.
    Established(Option<Vec<u8>>),
}

/// The parts of a client's SPNEGO token that matter.
#[derive(Default)]
struct Parts<'a> {
    token: Option<&'a [u8]>,
    mic: Option<&'a [u8]>,
}

impl Negotiation {
    /// The acceptor of the NTLM messages.
    pub fn acceptor(&self) -> &Acceptor {
        &self.acceptor
    }

    /// Takes the client's next token; in SPNEGO only if `with_spnego`.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn step(
        &mut self,
        server: &Server,
        with_spnego: bool,
        token: &[u8],
    ) -> Result<Outcome, Fault> {
        // A login that began in SPNEGO goes on there: its list of mechanisms must be signed.
        let is_plain = self.offer.is_none() && token.starts_with(b"NTLMSSP\0");
        if !with_spnego || is_plain {
            return Ok(match server.accept(&mut self.acceptor, token)? {
                Step::Continue(challenge) => Outcome::Continue(challenge),
                Step::Established => Outcome::Established(None),
            });
        }
        let parts = match &self.offer {
            None => {
                let (offer, parts) = begin(token)?;
                self.offer = Some(offer);
                parts
            }
            Some(_) => parts(&spnego::response(token).ok_or_else(malformed)?),
        };
        let Some(inner) = parts.token else {
            return Ok(Outcome::Continue(self.ask_for_ntlm()));
        };
        match server.accept(&mut self.acceptor, inner)? {
            Step::Continue(challenge) => Ok(Outcome::Continue(response(
                ACCEPT_INCOMPLETE,
                Some(&challenge),
                None,
            ))),
            Step::Established => self.finish(parts.mic).map(Outcome::Established),
        }
    }

    /// The client's first token is of another mechanism: asks for one of NTLM. The client's list
    /// must then be signed: an attacker may have changed its order (RFC 4178 5).
    fn ask_for_ntlm(&self) -> Vec<u8> {
        response(REQUEST_MIC, None, None)
    }

    /// Checks the client's `mechListMIC`, and signs ours. It may be left out if NTLM was the first
    /// choice.
    fn finish(&mut self, mic: Option<&[u8]>) -> Result<Option<Vec<u8>>, Fault> {
        let Some(offer) = &self.offer else {
            return Ok(None);
        };
        let security = self.acceptor.security().filter(|security| security.signs());
        let ours = match (mic, security) {
            (Some(mic), Some(security)) => {
                let mut receiving = security.receive();
                receiving.cover(&offer.mechanisms);
                receiving.check(mic)?;
                security.reset(Way::In);
                let mut sending = security.send();
                sending.cover(&offer.mechanisms);
                let ours = sending.finish()?;
                security.reset(Way::Out);
                Some(ours)
            }
            (None, _) if offer.is_first => None,
            (None, None) => None,
            (None, Some(_)) => {
                return Err(Minor::MissingMic.because("the list of mechanisms is not signed"));
            }
            (Some(_), None) => {
                return Err(Minor::NoSessionKey.because("the signature of the mechanisms"));
            }
        };
        let mic = ours.as_ref().map(|mic| mic.as_slice());
        Ok(Some(response(ACCEPT_COMPLETED, None, mic)))
    }
}

/// The offer in the client's first token, and the parts of NTLM's, if that was the first choice.
fn begin(token: &[u8]) -> Result<(Offer, Parts<'_>), Fault> {
    let (mechanism, rest) = spnego::initial(token).ok_or(Minor::NotNtlm)?;
    if mechanism != SPNEGO {
        return Err(Minor::NotNtlm.because(format_args!("a token of {mechanism}")));
    }
    let fields = spnego::init(rest).ok_or_else(malformed)?;
    let list = fields
        .iter()
        .find(|field| field.number == 0)
        .ok_or_else(malformed)?;
    let mechanisms: Vec<ObjectIdentifier> = spnego::elements(list.value.value())
        .iter()
        .filter_map(|element| element.decode_as().ok())
        .collect();
    if !mechanisms.contains(&NTLM) {
        return Err(Minor::NotNtlm.because("the client does not offer NTLM"));
    }
    let offer = Offer {
        mechanisms: list.encoded.to_vec(),
        is_first: mechanisms.first() == Some(&NTLM),
    };
    let parts = match offer.is_first {
        true => parts(&fields),
        false => Parts::default(),
    };
    Ok((offer, parts))
}

/// Token and `mechListMIC` have the same numbers in both kinds of SPNEGO tokens.
fn parts<'a>(fields: &[Numbered<'a>]) -> Parts<'a> {
    let value = |number| {
        let field = fields.iter().find(|field| field.number == number)?;
        field
            .value
            .decode_as::<&OctetStringRef>()
            .ok()
            .map(OctetStringRef::as_bytes)
    };
    Parts {
        token: value(2),
        mic: value(3),
    }
}

fn malformed() -> Fault {
    Minor::Malformed.because("not a SPNEGO token")
}

/// A `NegTokenResp` (RFC 4178 4.2.2). The mechanism is named in the first one only.
fn response(state: u8, token: Option<&[u8]>, mic: Option<&[u8]>) -> Vec<u8> {
    let octets = |bytes: &[u8]| element(0x04, bytes);
    let mut fields = element(0xA0, &element(0x0A, &[state]));
    if state != ACCEPT_COMPLETED {
        fields.extend(element(0xA1, &element(0x06, NTLM.as_bytes())));
    }
    if let Some(token) = token {
        fields.extend(element(0xA2, &octets(token)));
    }
    if let Some(mic) = mic {
        fields.extend(element(0xA3, &octets(mic)));
    }
    element(0xA1, &element(0x30, &fields))
}
