//! From the machine account's secret to a session key that both sides have proven to know, and to
//! the certainty that nobody changed what was negotiated (MS-NRPC 3.1.4.1, 3.4.5.2.10).

use crate::base::crypto::{self, Key};
use crate::protocol::rpc::client::{Association, Outcome, Sealed};
use crate::protocol::rpc::netlogon::{self, Credential, Parties};
use crate::protocol::rpc::schannel::seal::Seal;
use crate::protocol::rpc::schannel::{self, CredentialChain};
use crate::protocol::rpc::{Error, FaultStatus, NtStatus};

/// What we offer: all that Windows offers but Kerberos (MS-NRPC 3.1.4.2). Bit L
/// (NeutralizeNt4Emulation, 0x00100000) keeps a controller with the setting `NT4Emulator` from
/// downgrading.
const OFFERED: u32 = 0x613F_FFFF;
/// Bit W: AES and SHA-256.
const AES: u32 = 0x0100_0000;
/// What is required of the answer.
const REQUIRED: [(u32, &str); 3] = [
    (AES, "no AES"),
    // Bit Y.
    (0x4000_0000, "no authenticated RPC"),
    // Bit T. With Y it says that the controller answers SamLogonEx at level 6 (MS-APDS 3.1.5.2).
    (0x0008_0000, "no validation level 6"),
];
/// Bit P: logons are asked for as "network transitive" (MS-NRPC 3.4.5.3.2).
const TRANSITIVE_TRUSTS: u32 = 0x0000_8000;

/// Our challenge is out; the controller's is to come.
#[derive(Debug)]
pub struct Challenging<'a> {
    parties: Parties<'a>,
    nt_hash: &'a Key,
    client_challenge: Credential,
}

impl<'a> Challenging<'a> {
    /// The stub of NetrServerReqChallenge.
    ///
    /// # Errors
    /// [`Error::NoRandomBytes`].
    pub fn begin(parties: Parties<'a>, nt_hash: &'a Key) -> Result<(Vec<u8>, Self), Error> {
        let client_challenge = loop {
            let challenge = crypto::random()?;
            if schannel::is_acceptable_challenge(&challenge) {
                break challenge;
            }
        };
        Self::begin_with(parties, nt_hash, client_challenge)
    }

    fn begin_with(
        parties: Parties<'a>,
        nt_hash: &'a Key,
        client_challenge: Credential,
    ) -> Result<(Vec<u8>, Self), Error> {
        let stub = netlogon::req_challenge(parties, &client_challenge)?;
        let state = Self {
            parties,
            nt_hash,
            client_challenge,
        };
        Ok((stub, state))
    }

    /// Takes the answer, and gives the stub of NetrServerAuthenticate3.
    ///
    /// # Errors
    /// The call was refused, or its answer is none.
    pub fn challenged(self, reply: &[u8]) -> Result<(Vec<u8>, Authenticating), Error> {
        let server_challenge = netlogon::req_challenge_reply(reply)?;
        if !schannel::is_acceptable_challenge(&server_challenge) {
            return Err(Error::Forged("its challenge is not random"));
        }
        // Else it could make its credential of ours.
        if schannel::are_alike(&self.client_challenge, &server_challenge) {
            return Err(Error::Forged("its challenge begins as ours does"));
        }
        let session_key =
            schannel::session_key(self.nt_hash, &self.client_challenge, &server_challenge);
        let client_credential = schannel::credential(&session_key, &self.client_challenge);
        let stub = netlogon::authenticate3(self.parties, &client_credential, OFFERED)?;
        let state = Authenticating {
            expected: schannel::credential(&session_key, &server_challenge),
            client_credential,
            session_key,
        };
        Ok((stub, state))
    }
}

/// Our credential is out; the controller's is to come.
#[derive(Debug)]
pub struct Authenticating {
    session_key: Key,
    client_credential: Credential,
    expected: Credential,
}

impl Authenticating {
    /// Takes the answer: the controller knows the key, and negotiated enough.
    ///
    /// # Errors
    /// The call was refused, its answer is none, not authentic, or too weak.
    pub fn authenticated(self, reply: &[u8]) -> Result<Agreed, Error> {
        let reply = netlogon::authenticate3_reply(reply)?;
        if !crypto::constant_time_eq(&reply.credential, &self.expected) {
            return Err(Error::Forged(
                "its credential does not show that it knows the machine account's secret",
            ));
        }
        let negotiated = reply.flags & OFFERED;
        for (flag, missing) in REQUIRED {
            if negotiated & flag == 0 {
                return Err(Error::Downgraded(missing));
            }
        }
        Ok(Agreed(Unchecked {
            chain: CredentialChain::new(self.session_key, self.client_credential),
            negotiated,
        }))
    }
}

/// Both sides have the session key, and nothing is sealed with it yet.
#[derive(Debug)]
pub struct Agreed(Unchecked);

impl Agreed {
    /// The protection for one connection, and what is to be checked over it.
    pub fn seal(self) -> (Seal, Unchecked) {
        let Self(unchecked) = self;
        let seal = Seal::with_fresh_key(unchecked.chain.session_key.clone());
        (seal, unchecked)
    }
}

/// A connection is sealed with the session key. That nobody changed the flags is not proven yet.
#[derive(Debug)]
pub struct Unchecked {
    negotiated: u32,
    chain: CredentialChain,
}

impl Unchecked {
    /// The stub of the first NetrLogonGetCapabilities; `now` in seconds since 1970. To be called on
    /// `sealed`, the connection with the key.
    ///
    /// # Errors
    /// None that the configuration's names can cause.
    pub fn check(
        mut self,
        sealed: &Association<Sealed>,
        parties: Parties<'_>,
        now: u32,
    ) -> Result<(Vec<u8>, Check), Error> {
        let stub = netlogon::capabilities(parties, self.chain.next(now), NEGOTIATED)?;
        let check = Check {
            negotiated: self.negotiated,
            chain: self.chain,
            signs_headers: sealed.protection().signs_headers(),
            asked: Asked::Negotiated,
        };
        Ok((stub, check))
    }
}

/// `QueryLevel` of NetrLogonGetCapabilities: what the controller believes was negotiated.
const NEGOTIATED: u32 = 1;
/// `QueryLevel` of NetrLogonGetCapabilities: what the controller believes we offered.
const REQUESTED: u32 = 2;

/// A NetrLogonGetCapabilities is out.
#[derive(Debug)]
pub struct Check {
    negotiated: u32,
    chain: CredentialChain,
    signs_headers: bool,
    asked: Asked,
}

#[derive(Clone, Copy, Debug)]
enum Asked {
    Negotiated,
    Requested,
    /// Once more, after a fault that anybody could have sent: the sequence must be intact.
    NegotiatedAgain,
}

/// What follows an answer to NetrLogonGetCapabilities.
#[derive(Debug)]
pub enum Checking {
    /// Another question: its stub.
    Ask(Vec<u8>, Check),
    /// Nobody changed anything.
    Checked(Checked),
}

/// The proof that a controller negotiated what we believe it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    negotiated: u32,
    /// In seconds since 1970.
    agreed: u32,
}

/// The longest use of a session key, in seconds: whoever learns one has not learnt it for ever.
const MAX_AGE: u32 = 60 * 60;

impl Proof {
    /// Whether the key may still be used; `now` in seconds since 1970. One of the future is as good
    /// as old: the clock was set back, and nobody knows how old it is.
    pub fn is_young(&self, now: u32) -> bool {
        let age = now.checked_sub(self.agreed);
        age.is_some_and(|age| age < MAX_AGE)
    }

    /// Whether logons are asked for as "network transitive".
    pub fn transitive(&self) -> bool {
        self.negotiated & TRANSITIVE_TRUSTS != 0
    }

    /// `NegotiateFlags`, to be kept.
    pub(crate) fn negotiated(&self) -> u32 {
        self.negotiated
    }

    /// When the key was agreed on, in seconds since 1970, to be kept.
    pub(crate) fn agreed(&self) -> u32 {
        self.agreed
    }
}

/// A session key whose controller signs headers, and the proof.
///
/// The proof belongs to the key, not to the connection over which it was given: whoever has both may
/// seal other connections with the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capable {
    session_key: Key,
    proof: Proof,
}

impl Capable {
    /// What another process of this host has proven, and kept where only we can write it
    /// (`dc::shared`, which alone may call this). None if it would not be enough today.
    pub(crate) fn proven_before(session_key: Key, negotiated: u32, agreed: u32) -> Option<Self> {
        let is_enough = REQUIRED.iter().all(|(flag, _)| negotiated & flag != 0);
        let proof = Proof { negotiated, agreed };
        is_enough.then_some(Self { session_key, proof })
    }

    /// The protection for one connection.
    pub fn seal(&self) -> Seal {
        Seal::new(self.session_key.clone())
    }

    /// The key itself, to be kept.
    pub(crate) fn session_key(&self) -> &Key {
        &self.session_key
    }

    /// What was proven.
    pub fn proof(&self) -> Proof {
        self.proof
    }
}

/// What is known of a channel whose negotiation was checked.
#[derive(Clone, Debug)]
pub enum Checked {
    /// Its key may be kept, and seal other connections.
    Shared(Capable),
    /// The controller does not sign headers: the key is in the channel's seal, and nowhere else.
    Exclusive(Proof),
}

impl Checked {
    /// What was proven.
    pub fn proof(&self) -> Proof {
        match self {
            Self::Shared(capable) => capable.proof,
            Self::Exclusive(proof) => *proof,
        }
    }

    /// The key, unless it is this channel's alone.
    pub fn key(&self) -> Option<&Capable> {
        match self {
            Self::Shared(capable) => Some(capable),
            Self::Exclusive(_) => None,
        }
    }
}

impl Check {
    /// Takes an answer; `now` in seconds since 1970.
    ///
    /// # Errors
    /// [`Error::Downgraded`] if the controller tells something else than the negotiation did, or
    /// cannot tell; the call was refused; its answer is none, or not authentic.
    pub fn answered(
        mut self,
        outcome: &Outcome,
        parties: Parties<'_>,
        now: u32,
    ) -> Result<Checking, Error> {
        let next = match (self.asked, outcome) {
            (Asked::Requested, Outcome::Fault(fault)) if is_unknown_level(*fault) => {
                Some((NEGOTIATED, Asked::NegotiatedAgain))
            }
            (Asked::Negotiated | Asked::NegotiatedAgain, Outcome::Fault(fault))
                if *fault == FaultStatus::OP_RNG_ERROR =>
            {
                return Err(Error::Downgraded("it cannot tell what was negotiated"));
            }
            (_, Outcome::Fault(fault)) => return Err(Error::Fault(*fault)),
            (asked, Outcome::Response(stub)) => {
                self.compare(asked, stub.expose())?;
                match asked {
                    Asked::Negotiated => Some((REQUESTED, Asked::Requested)),
                    Asked::Requested | Asked::NegotiatedAgain => None,
                }
            }
        };
        let Some((level, asked)) = next else {
            return Ok(Checking::Checked(self.checked(now)));
        };
        let stub = netlogon::capabilities(parties, self.chain.next(now), level)?;
        self.asked = asked;
        Ok(Checking::Ask(stub, self))
    }

    fn checked(self, now: u32) -> Checked {
        let proof = Proof {
            negotiated: self.negotiated,
            agreed: now,
        };
        match self.signs_headers {
            true => Checked::Shared(Capable {
                session_key: self.chain.session_key,
                proof,
            }),
            false => Checked::Exclusive(proof),
        }
    }

    fn compare(&mut self, asked: Asked, stub: &[u8]) -> Result<(), Error> {
        let (level, expected) = match asked {
            Asked::Requested => (REQUESTED, OFFERED),
            Asked::Negotiated | Asked::NegotiatedAgain => (NEGOTIATED, self.negotiated),
        };
        let reply = match netlogon::capabilities_reply(stub, level) {
            Err(Error::Status(_, NtStatus::NOT_IMPLEMENTED)) => {
                return Err(Error::Downgraded("it cannot tell what was negotiated"));
            }
            reply => reply?,
        };
        if !self.chain.accepts(&reply.credential) {
            return Err(Error::Forged("its authenticator does not match"));
        }
        if reply.flags != expected {
            return Err(Error::Downgraded(
                "it negotiated something else than we did",
            ));
        }
        Ok(())
    }
}

/// What controllers say that do not know level 2, which came in July 2023 (KB5028166).
fn is_unknown_level(fault: FaultStatus) -> bool {
    matches!(fault, FaultStatus::INVALID_TAG | FaultStatus::BAD_STUB_DATA)
}

#[cfg(test)]
mod tests;
