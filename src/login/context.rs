//! Security contexts: one side of a login, and then what protects its messages.
//!
//! The mechglue keeps a context whose later call failed, but answers for us once our variable is
//! NULL. So a context stays where it is after a failure and takes the NEGOTIATE message of the next
//! login: servers keep one context a connection.

mod party;

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, MutexGuard};

use crate::base::crypto::Key;
use crate::base::fault::{Fault, Minor};
use crate::login::accept::{Acceptor, Step, Terms};
use crate::login::handover::{Handover, Opened};
use crate::login::initiate::{Initiator, Purpose};
use crate::login::setup::Setup;
use crate::protocol::ntlm::bindings::ChannelBindings;
use crate::protocol::ntlm::seal::SessionSecurity;
use party::Party;
pub use party::{INDEFINITE, Login};

/// What a `gss_ctx_id_t` points to. Any thread may use it: during a step of the login one at a time,
/// the others are told so; for messages they wait for each other.
pub struct Context {
    /// Absent while a thread takes a step with it: no lock is held while a verifier is waited for.
    party: Mutex<Option<Box<Party>>>,
}

/// What a step of an acceptor leads to.
pub enum Progress {
    /// The message to send.
    Continue(Vec<u8>),
    /// The login is complete.
    Complete(Login),
}

impl Context {
    fn new(party: Party) -> Self {
        Self {
            party: Mutex::new(Some(Box::new(party))),
        }
    }

    /// A context that shall accept.
    pub fn accepting() -> Self {
        Self::new(Party::Acceptor(Acceptor::new()))
    }

    /// A context that shall initiate.
    pub fn initiating(purpose: Purpose) -> Self {
        Self::new(Party::Initiator(Box::new(Initiator::new(purpose))))
    }

    /// Gives an acceptor a message.
    ///
    /// # Errors
    /// As [`Acceptor::step`]; the context is an initiator's, or another thread takes a step with it.
    pub fn accept(&self, terms: &Terms<'_>, token: &[u8]) -> Result<Progress, Fault> {
        self.step(|party| {
            let Party::Acceptor(acceptor) = party else {
                return Err(other_side());
            };
            match acceptor.step(terms, token)? {
                Step::Continue(answer) => Ok(Progress::Continue(answer)),
                Step::Established => {
                    let login = party.login().ok_or(Minor::InternalError)?;
                    Ok(Progress::Complete(login))
                }
            }
        })
    }

    /// The caller deletes the context.
    pub fn deleted(&self) {
        if let Some(Party::Acceptor(acceptor)) = self.lock().as_deref() {
            acceptor.deleted();
        }
    }

    /// Gives an initiator the server's message, or none to begin; gives its next message, and the
    /// login if it is complete with it.
    ///
    /// # Errors
    /// As [`Initiator::step`]; the context is an acceptor's, or another thread takes a step with it.
    pub fn initiate(
        &self,
        channel: Option<&ChannelBindings<'_>>,
        token: &[u8],
    ) -> Result<(Vec<u8>, Option<Login>), Fault> {
        self.step(|party| {
            let Party::Initiator(initiator) = party else {
                return Err(other_side());
            };
            let message = initiator.step(channel, token)?;
            Ok((message, party.login()))
        })
    }

    /// Takes a step of the login, which may wait for a verifier. No other thread has the party
    /// meanwhile. If the work panics, a new party takes its place: the state of the old is unknown.
    fn step<T>(&self, work: impl FnOnce(&mut Party) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut party = self.lock().take().ok_or(Minor::ContextBusy)?;
        match panic::catch_unwind(AssertUnwindSafe(|| work(&mut party))) {
            Ok(outcome) => {
                *self.lock() = Some(party);
                outcome
            }
            Err(panic) => {
                *self.lock() = Some(Box::new(party.afresh()));
                panic::resume_unwind(panic)
            }
        }
    }

    /// Works with what protects messages. The work does no I/O, so other threads wait for it.
    ///
    /// # Errors
    /// No login is complete, or it has expired; there is nothing that protects messages; or what the
    /// work says.
    pub fn with_security<T>(
        &self,
        work: impl FnOnce(&mut SessionSecurity) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.with_established(|party| {
            party.require_time()?;
            let security = party.security().filter(|security| security.signs());
            work(security.ok_or(Minor::NoProtection)?)
        })
    }

    /// Nothing, if a login is complete.
    ///
    /// # Errors
    /// No login is complete, or it has expired.
    pub fn require_login(&self) -> Result<(), Fault> {
        self.time_left().map(drop)
    }

    /// Seconds until the login expires; never 0.
    ///
    /// # Errors
    /// No login is complete, or it has expired.
    pub fn time_left(&self) -> Result<u32, Fault> {
        self.with_established(|party| party.require_time())
    }

    /// Whether the AUTHENTICATE message had a message integrity code.
    ///
    /// # Errors
    /// No login is complete.
    pub fn has_mic(&self) -> Result<bool, Fault> {
        self.with_established(|party| Ok(party.login().is_some_and(|login| login.has_mic)))
    }

    /// The strength of the protection of messages, as SASL counts it.
    ///
    /// # Errors
    /// No login is complete.
    pub fn strength(&self) -> Result<u32, Fault> {
        self.with_established(|party| {
            Ok(party.security().map_or(0, |security| security.strength()))
        })
    }

    /// `ExportedSessionKey`, for programs with a protection of their own.
    ///
    /// # Errors
    /// No login is complete, or the verifier gave no key.
    pub fn session_key(&self) -> Result<Key, Fault> {
        self.with_established(|party| match party.security() {
            Some(security) => Ok(security.session_key().clone()),
            None => Err(Minor::NoSuchOption.because("there is no session key")),
        })
    }

    /// What another process needs to go on with the context, sealed. The context is of no more use
    /// then: two would use one key stream.
    ///
    /// # Errors
    /// It is in no state to be exported, or cannot be here; it goes on then.
    pub fn export(&self, handover: &Handover) -> Result<Vec<u8>, Fault> {
        self.step(|party| {
            let (kind, until, body) = party.save()?;
            handover.seal(kind, until, &body)
        })
    }

    /// The context that another process exported.
    ///
    /// # Errors
    /// `BadContextToken`: another version exported it.
    pub fn import(opened: &Opened, setup: Option<&Setup>) -> Result<Self, Fault> {
        Party::restore(opened, setup).map(Self::new)
    }

    fn with_established<T>(
        &self,
        work: impl FnOnce(&mut Party) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut party = self.lock();
        let party = party.as_mut().ok_or(Minor::ContextBusy)?;
        if !party.is_established() {
            return Err(not_established());
        }
        work(party)
    }

    /// The login, if there is one now.
    ///
    /// # Errors
    /// Another thread takes a step with the context.
    pub fn login(&self) -> Result<Option<Login>, Fault> {
        let party = self.lock();
        Ok(party.as_ref().ok_or(Minor::ContextBusy)?.login())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<Party>>> {
        self.party.lock().unwrap_or_else(|poisoned| {
            // Another thread panicked in the midst of a change.
            let mut party = poisoned.into_inner();
            if let Some(party) = party.as_mut() {
                **party = party.afresh();
            }
            self.party.clear_poison();
            party
        })
    }
}

fn other_side() -> Fault {
    Minor::BadArgument.because("the context is one of the other side")
}

fn not_established() -> Fault {
    Minor::ContextFailed.because("no login is complete on it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy<T>(outcome: Result<T, Fault>) -> bool {
        outcome.is_err_and(|fault| fault.minor() == Minor::ContextBusy)
    }

    #[test]
    fn one_at_a_time() {
        let context = Context::accepting();
        let inner = context.step(|_| {
            assert!(busy(context.login()));
            assert!(busy(context.step(|_| Ok(()))));
            assert!(busy(context.with_security(|_| Ok(()))));
            Err::<(), _>(Minor::Malformed.into())
        });
        assert_eq!(inner, Err(Minor::Malformed.into()));
        assert!(context.login().is_ok_and(|login| login.is_none()));
    }

    #[test]
    fn a_panic_leaves_a_context_that_works() {
        let context = Context::accepting();
        let in_a_step = AssertUnwindSafe(|| context.step::<()>(|_| panic!("provoked")));
        assert!(panic::catch_unwind(in_a_step).is_err());
        let under_the_lock = AssertUnwindSafe(|| {
            let _held = context.lock();
            panic!("provoked")
        });
        assert!(panic::catch_unwind(under_the_lock).is_err());
        assert!(context.login().is_ok_and(|login| login.is_none()));
        assert!(context.step(|_| Ok(())).is_ok());
        assert!(!context.party.is_poisoned());
    }
}
