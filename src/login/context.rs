//! Security contexts: one side of a login, and then the protection of its messages.
//!
//! Servers keep one context per connection. After a failed call the mechglue keeps its context too,
//! but answers later calls itself if the mechanism's handle is NULL. So a context remains after a
//! failure, and takes the NEGOTIATE message of the next login.

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

/// What a `gss_ctx_id_t` points to. Any thread may use it. While one thread takes a step of the
/// login, calls of other threads fail with [`Minor::ContextBusy`]. For messages, threads wait for
/// each other.
pub struct Context {
    /// `None` while a thread takes a step: no lock is held during the wait for a verifier.
    party: Mutex<Option<Box<Party>>>,
}

/// The result of a step of an acceptor.
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

    /// A context of an acceptor.
    pub fn accepting() -> Self {
        Self::new(Party::Acceptor(Acceptor::new()))
    }

    /// A context of an initiator.
    pub fn initiating(purpose: Purpose) -> Self {
        Self::new(Party::Initiator(Box::new(Initiator::new(purpose))))
    }

    /// Passes a message to an acceptor.
    ///
    /// # Errors
    /// As [`Acceptor::step`]; `BadArgument` on the context of an initiator; `ContextBusy`.
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

    /// Call this when the caller deletes the context.
    pub fn deleted(&self) {
        if let Some(Party::Acceptor(acceptor)) = self.lock().as_deref() {
            acceptor.deleted();
        }
    }

    /// Passes the server's message to an initiator; an empty token begins the login. Returns the
    /// next message, and the login if that message completes it.
    ///
    /// # Errors
    /// As [`Initiator::step`]; `BadArgument` on the context of an acceptor; `ContextBusy`.
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

    /// Takes a step of the login, which may wait for a verifier. The party is out of the context
    /// meanwhile. If the work panics, a new party replaces it: the state of the old one is unknown.
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

    /// Runs work with the message protection. Other threads wait, so the work must do no I/O.
    ///
    /// # Errors
    /// `ContextFailed`: no login is complete; `ContextExpired`; `NoProtection`; the error of the
    /// work.
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

    /// Succeeds if a login is complete and has not expired.
    ///
    /// # Errors
    /// As [`Self::time_left`].
    pub fn require_login(&self) -> Result<(), Fault> {
        self.time_left().map(drop)
    }

    /// Seconds until the login expires; never 0.
    ///
    /// # Errors
    /// `ContextFailed`: no login is complete; `ContextExpired`.
    pub fn time_left(&self) -> Result<u32, Fault> {
        self.with_established(|party| party.require_time())
    }

    /// Whether the AUTHENTICATE message had a message integrity code.
    ///
    /// # Errors
    /// `ContextFailed`: no login is complete.
    pub fn has_mic(&self) -> Result<bool, Fault> {
        self.with_established(|party| Ok(party.login().is_some_and(|login| login.has_mic)))
    }

    /// The security strength factor of the message protection (SASL).
    ///
    /// # Errors
    /// `ContextFailed`: no login is complete.
    pub fn strength(&self) -> Result<u32, Fault> {
        self.with_established(|party| {
            Ok(party.security().map_or(0, |security| security.strength()))
        })
    }

    /// `ExportedSessionKey`, for programs that protect messages themselves.
    ///
    /// # Errors
    /// `ContextFailed`: no login is complete; `NoSuchOption`: the verifier gave no key.
    pub fn session_key(&self) -> Result<Key, Fault> {
        self.with_established(|party| match party.security() {
            Some(security) => Ok(security.session_key().clone()),
            None => Err(Minor::NoSuchOption.because("there is no session key")),
        })
    }

    /// The sealed state of the context for another process. The caller must not use the context
    /// afterwards: two processes would use one key stream.
    ///
    /// # Errors
    /// The state cannot be exported, or the host cannot transfer contexts. The context stays
    /// usable.
    pub fn export(&self, handover: &Handover) -> Result<Vec<u8>, Fault> {
        self.step(|party| {
            let (kind, until, body) = party.save()?;
            handover.seal(kind, until, &body)
        })
    }

    /// The context that another process exported.
    ///
    /// # Errors
    /// `BadContextToken`: another version of this library exported it.
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

    /// The login, if one is complete.
    ///
    /// # Errors
    /// `ContextBusy`.
    pub fn login(&self) -> Result<Option<Login>, Fault> {
        let party = self.lock();
        Ok(party.as_ref().ok_or(Minor::ContextBusy)?.login())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<Party>>> {
        self.party.lock().unwrap_or_else(|poisoned| {
            // Another thread panicked during a change.
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
    Minor::BadArgument.because("the context is of the other side of a login")
}

fn not_established() -> Fault {
    Minor::ContextFailed.because("no login is complete")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy<T>(outcome: Result<T, Fault>) -> bool {
        outcome.is_err_and(|fault| fault.minor() == Minor::ContextBusy)
    }

    #[test]
    fn a_context_is_busy_during_a_step() {
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
    fn a_context_works_after_a_panic() {
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
