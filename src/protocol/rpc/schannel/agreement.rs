//! From the machine account's secret to a session key that both sides have proven, and to the proof
//! that the negotiation was not changed (MS-NRPC 3.1.4.1, 3.4.5.2.10).
//!
//! ```text
//! Challenging                NetrServerReqChallenge is sent
//!   │ challenged(reply)          errors: refused, malformed, weak challenge
//! Authenticating             NetrServerAuthenticate3 is sent
//!   │ authenticated(reply)       errors: refused, malformed, wrong credential, weak flags
//! Agreed                     both sides have the session key
//!   │ seal()                     the next bind is sealed with it
//! Unchecked                  the flags may have been changed
//!   │ check(connection)
//! Check ◄───────────────┐    NetrLogonGetCapabilities is sent: level 1, then 2
//!   │ answered(outcome) │        errors: other flags, wrong authenticator, refused, malformed
//!   ├─ Checking::Ask ───┘        a controller without level 2 is asked level 1 again
//!   └─ Checking::Checked     the negotiation is proven
//!        ├─ Shared(Capable)      headers are signed: the key may seal other connections
//!        └─ Exclusive(Proof)     they are not: the key is this connection's only
//! ```
//!
//! Each step consumes the state; an error leaves none.

use crate::base::crypto::{self, Key};
use crate::protocol::rpc::client::{Association, Outcome, Sealed};
use crate::protocol::rpc::netlogon::{self, Credential, Parties};
use crate::protocol::rpc::schannel::seal::Seal;
use crate::protocol::rpc::schannel::{self, CredentialChain};
use crate::protocol::rpc::{Error, FaultStatus, NtStatus};

/// The offered flags: those of Windows without Kerberos (MS-NRPC 3.1.4.2). Bit L
/// (NeutralizeNt4Emulation, 0x00100000) prevents the downgrade by a controller with the setting
/// `NT4Emulator`.
const OFFERED: u32 = 0x613F_FFFF;
/// Bit W: AES and SHA-256.
const AES: u32 = 0x0100_0000;
/// The flags that the answer must have.
const REQUIRED: [(u32, &str); 3] = [
    (AES, "no AES"),
    // Bit Y.
    (0x4000_0000, "no authenticated RPC"),
    // Bit T. With Y, the controller supports SamLogonEx at level 6 (MS-APDS 3.1.5.2).
    (0x0008_0000, "no validation level 6"),
];
/// Bit P: logons are asked for as "network transitive" (MS-NRPC 3.4.5.3.2).
const TRANSITIVE_TRUSTS: u32 = 0x0000_8000;

/// Our challenge is sent; the controller's is expected.
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

    /// Takes the answer, and returns the stub of NetrServerAuthenticate3.
    ///
    /// # Errors
    /// The call was refused, its answer is malformed, or the challenge is weak.
    pub fn challenged(self, reply: &[u8]) -> Result<(Vec<u8>, Authenticating), Error> {
        let server_challenge = netlogon::req_challenge_reply(reply)?;
        if !schannel::is_acceptable_challenge(&server_challenge) {
            return Err(Error::Forged("the challenge is not random"));
        }
        // The controller could derive its credential from ours.
        if schannel::are_alike(&self.client_challenge, &server_challenge) {
            return Err(Error::Forged("the challenge resembles ours"));
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

/// Our credential is sent; the controller's is expected.
#[derive(Debug)]
pub struct Authenticating {
    session_key: Key,
    client_credential: Credential,
    expected: Credential,
}

impl Authenticating {
    /// Takes the answer, which proves that the controller knows the key.
    ///
    /// # Errors
    /// The call was refused, its answer is malformed or not authentic, or a required flag is
    /// missing.
    pub fn authenticated(self, reply: &[u8]) -> Result<Agreed, Error> {
        let reply = netlogon::authenticate3_reply(reply)?;
        if !crypto::constant_time_eq(&reply.credential, &self.expected) {
            return Err(Error::Forged(
                "the credential does not prove the machine account's secret",
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

/// Both sides have the session key. Nothing is sealed with it yet.
#[derive(Debug)]
pub struct Agreed(Unchecked);

impl Agreed {
    /// The protection for one connection, and the check to be made over it.
    pub fn seal(self) -> (Seal, Unchecked) {
        let Self(unchecked) = self;
        let seal = Seal::with_fresh_key(unchecked.chain.session_key.clone());
        (seal, unchecked)
    }
}

/// A connection is sealed with the session key. An attacker may have changed the flags.
#[derive(Debug)]
pub struct Unchecked {
    negotiated: u32,
    chain: CredentialChain,
}

impl Unchecked {
    /// The stub of the first NetrLogonGetCapabilities, to be called on `sealed`, the connection
    /// with the key. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`Error::TooLong`], which no configured name causes.
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

/// `QueryLevel` of NetrLogonGetCapabilities: the flags that the controller negotiated.
const NEGOTIATED: u32 = 1;
/// `QueryLevel` of NetrLogonGetCapabilities: the flags that were offered to the controller.
const REQUESTED: u32 = 2;

/// A NetrLogonGetCapabilities is sent.
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
    /// Again, after a fault, which is not authentic: the answer proves that the sequence is intact.
    NegotiatedAgain,
}

/// What follows an answer to NetrLogonGetCapabilities.
#[derive(Debug)]
pub enum Checking {
    /// The stub of another question.
    Ask(Vec<u8>, Check),
    /// The negotiation was not changed. The chain is for further calls with an authenticator.
    Checked(Checked, CredentialChain),
}

/// The proof that both sides negotiated the same flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    negotiated: u32,
    /// When the key was agreed on, in seconds since 1970.
    agreed: u32,
}

/// The longest use of a session key, in seconds. Limits the damage of a leaked key.
const MAX_AGE: u32 = 60 * 60;

impl Proof {
    /// Whether the key may still be used. `now` is in seconds since 1970. A key of the future may
    /// not: the clock was set back, and the key's age is unknown.
    pub fn is_young(&self, now: u32) -> bool {
        let age = now.checked_sub(self.agreed);
        age.is_some_and(|age| age < MAX_AGE)
    }

    /// Whether logons are asked for as "network transitive".
    pub fn transitive(&self) -> bool {
        self.negotiated & TRANSITIVE_TRUSTS != 0
    }

    /// `NegotiateFlags`, to be stored.
    pub(crate) fn negotiated(&self) -> u32 {
        self.negotiated
    }

    /// When the key was agreed on, in seconds since 1970, to be stored.
    pub(crate) fn agreed(&self) -> u32 {
        self.agreed
    }
}

/// A session key of a controller that signs headers, and the proof.
///
/// The proof belongs to the key, not to the connection: both together may seal other connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capable {
    session_key: Key,
    proof: Proof,
}

impl Capable {
    /// A key that another process of this host has proven and stored where only its user can write
    /// (called by `dc::shared_key` only). `None` if a required flag is missing.
    pub(crate) fn proven_before(session_key: Key, negotiated: u32, agreed: u32) -> Option<Self> {
        let is_enough = REQUIRED.iter().all(|(flag, _)| negotiated & flag != 0);
        let proof = Proof { negotiated, agreed };
        is_enough.then_some(Self { session_key, proof })
    }

    /// The protection for one connection.
    pub fn seal(&self) -> Seal {
        Seal::new(self.session_key.clone())
    }

    /// The key, to be stored.
    pub(crate) fn session_key(&self) -> &Key {
        &self.session_key
    }

    /// The proof.
    pub fn proof(&self) -> Proof {
        self.proof
    }
}

/// The result of the check.
#[derive(Clone, Debug)]
pub enum Checked {
    /// The key may be stored and may seal other connections.
    Shared(Capable),
    /// The controller does not sign headers: only this channel's seal has the key.
    Exclusive(Proof),
}

impl Checked {
    /// The proof.
    pub fn proof(&self) -> Proof {
        match self {
            Self::Shared(capable) => capable.proof,
            Self::Exclusive(proof) => *proof,
        }
    }

    /// The key, unless only this channel may use it.
    pub fn key(&self) -> Option<&Capable> {
        match self {
            Self::Shared(capable) => Some(capable),
            Self::Exclusive(_) => None,
        }
    }
}

impl Check {
    /// Takes an answer. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`Error::Downgraded`] if the controller has other flags or cannot tell them; the call was
    /// refused; its answer is malformed or not authentic.
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
                return Err(Error::Downgraded(
                    "the controller cannot confirm the negotiated flags",
                ));
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
            return Ok(self.checked(now));
        };
        let stub = netlogon::capabilities(parties, self.chain.next(now), level)?;
        self.asked = asked;
        Ok(Checking::Ask(stub, self))
    }

    fn checked(self, now: u32) -> Checking {
        let proof = Proof {
            negotiated: self.negotiated,
            agreed: now,
        };
        let session_key = self.chain.session_key.clone();
        let checked = match self.signs_headers {
            true => Checked::Shared(Capable { session_key, proof }),
            false => Checked::Exclusive(proof),
        };
        Checking::Checked(checked, self.chain)
    }

    fn compare(&mut self, asked: Asked, stub: &[u8]) -> Result<(), Error> {
        let (level, expected) = match asked {
            Asked::Requested => (REQUESTED, OFFERED),
            Asked::Negotiated | Asked::NegotiatedAgain => (NEGOTIATED, self.negotiated),
        };
        let reply = match netlogon::capabilities_reply(stub, level) {
            Err(Error::Status(_, NtStatus::NOT_IMPLEMENTED)) => {
                return Err(Error::Downgraded(
                    "the controller cannot confirm the negotiated flags",
                ));
            }
            reply => reply?,
        };
        if !self.chain.accepts(&reply.credential) {
            return Err(Error::Forged("wrong authenticator"));
        }
        if reply.flags != expected {
            return Err(Error::Downgraded("the controller negotiated other flags"));
        }
        Ok(())
    }
}

/// The faults of controllers without level 2, which was added in July 2023 (KB5028166).
fn is_unknown_level(fault: FaultStatus) -> bool {
    matches!(fault, FaultStatus::INVALID_TAG | FaultStatus::BAD_STUB_DATA)
}

#[cfg(test)]
mod tests;
