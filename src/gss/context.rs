//! Security contexts: `gss_accept_sec_context` and what it makes.
//!
//! The mechglue keeps a context whose later call failed, but answers for us once our variable is
//! NULL. So a context stays where it is after a failure and takes the NEGOTIATE message of the next
//! login: servers keep one context a connection.

use std::ffi::c_void;
use std::panic::{self, AssertUnwindSafe};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::accept::{Acceptor, Established, Step};
use crate::fault::{Fault, Minor};
use crate::gss::abi::{BufferDesc, Handle, In, OidDesc, Out, Slot};
use crate::gss::cred::{self, Credential};
use crate::gss::entry::{Success, export};
use crate::gss::memory::Buffer;
use crate::gss::name::Name;
use crate::gss::oid::Static;
use crate::identity::Identity;
use crate::setup::Setup;

/// What a `gss_ctx_id_t` points to. Any thread may use it, one at a time.
pub struct Context {
    /// Absent while a thread takes a step with it: no lock is held while a verifier is waited for.
    acceptor: Mutex<Option<Box<Acceptor>>>,
}

/// A login that is complete, as callers are told of it.
struct Login {
    identity: Arc<Identity>,
    /// Seconds until the context expires; 0 if it has.
    time_rec: u32,
}

/// What a step leads to.
enum Progress {
    Continue(Vec<u8>),
    Complete(Login),
}

impl Login {
    fn of(established: &Established) -> Self {
        let left = established
            .expires()
            .duration_since(SystemTime::now())
            .unwrap_or_default();
        // All ones would be `GSS_C_INDEFINITE`.
        let time_rec = u32::try_from(left.as_secs())
            .unwrap_or(u32::MAX)
            .min(u32::MAX - 1);
        Self {
            identity: Arc::clone(established.identity()),
            time_rec,
        }
    }

    fn into_name(self) -> *mut Name {
        Box::into_raw(Box::new(Name::Verified(self.identity)))
    }
}

impl Context {
    fn new() -> Self {
        Self {
            acceptor: Mutex::new(Some(Box::new(Acceptor::new()))),
        }
    }

    /// Gives the acceptor a message.
    fn step(&self, setup: &Setup, token: &[u8]) -> Result<Progress, Fault> {
        self.with_acceptor(|acceptor| match acceptor.step(setup, token)? {
            Step::Continue(answer) => Ok(Progress::Continue(answer)),
            Step::Established => {
                let established = acceptor.established().ok_or(Minor::InternalError)?;
                Ok(Progress::Complete(Login::of(established)))
            }
        })
    }

    /// Works with the acceptor, which nobody else has meanwhile. If the work panics, the context
    /// goes on with a new one: who knows what state the other is in.
    fn with_acceptor<T>(
        &self,
        work: impl FnOnce(&mut Acceptor) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut acceptor = self.lock().take().ok_or(Minor::ContextBusy)?;
        match panic::catch_unwind(AssertUnwindSafe(|| work(&mut acceptor))) {
            Ok(outcome) => {
                *self.lock() = Some(acceptor);
                outcome
            }
            Err(panic) => {
                *self.lock() = Some(Box::new(Acceptor::new()));
                panic::resume_unwind(panic)
            }
        }
    }

    /// The login, if there is one now.
    fn login(&self) -> Result<Option<Login>, Fault> {
        let acceptor = self.lock();
        let acceptor = acceptor.as_ref().ok_or(Minor::ContextBusy)?;
        Ok(acceptor.established().map(Login::of))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<Acceptor>>> {
        self.acceptor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

export! {
    /// RFC 2744 5.1. Channel bindings are not looked at; nothing is delegated, and there are no
    /// per-message services: `ret_flags` is 0.
    fn gss_accept_sec_context(
        context_handle: Slot<Context>,
        acceptor_cred_handle: Handle<Credential>,
        input_token: In<BufferDesc>,
        _input_chan_bindings: In<c_void>,
        src_name: Out<*mut Name>,
        mech_type: Out<*const OidDesc>,
        output_token: Out<BufferDesc>,
        ret_flags: Out<u32>,
        time_rec: Out<u32>,
        delegated_cred_handle: Out<*mut Credential>,
    ) {
        src_name.set(ptr::null_mut());
        mech_type.set(Static::Ntlm.address());
        output_token.set(BufferDesc::EMPTY);
        ret_flags.set(0);
        time_rec.set(0);
        delegated_cred_handle.set(ptr::null_mut());

        let held = context_handle.get("context_handle")?;
        let token = input_token.bytes("input_token")?;
        output_token.required("output_token")?;
        let setup = cred::setup_of(acceptor_cred_handle.get())?;

        let new = held.is_none().then(|| Box::new(Context::new()));
        let context = held.or(new.as_deref()).ok_or(Minor::InternalError)?;
        let success = match context.step(&setup, token)? {
            Progress::Continue(answer) => {
                Buffer::copy_of(&answer)?.give_to(&output_token);
                Success::ContinueNeeded
            }
            Progress::Complete(login) => {
                time_rec.set(login.time_rec);
                src_name.set_with(|| login.into_name());
                Success::Complete
            }
        };
        if let Some(context) = new {
            context_handle.put(context);
        }
        Ok(success)
    }
}

export! {
    /// RFC 2744 5.9. There is never a token for the peer.
    fn gss_delete_sec_context(context_handle: Slot<Context>, output_token: Out<BufferDesc>) {
        output_token.set(BufferDesc::EMPTY);
        context_handle.take("context_handle")?;
        Ok(Success::Complete)
    }
}

fn not_established() -> Fault {
    Minor::ContextFailed.because("no login is complete on it")
}

export! {
    /// RFC 2744 5.8
    fn gss_context_time(context_handle: Handle<Context>, time_rec: Out<u32>) {
        time_rec.set(0);
        time_rec.required("time_rec")?;
        let context = context_handle.required("context_handle")?;
        let login = context.login()?.ok_or_else(not_established)?;
        if login.time_rec == 0 {
            return Err(Minor::ContextExpired.into());
        }
        time_rec.set(login.time_rec);
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 2744 5.20. A context that is not established yet is told by `open`; it has no names.
    fn gss_inquire_context(
        context_handle: Handle<Context>,
        src_name: Out<*mut Name>,
        targ_name: Out<*mut Name>,
        lifetime_rec: Out<u32>,
        mech_type: Out<*const OidDesc>,
        ctx_flags: Out<u32>,
        locally_initiated: Out<i32>,
        open: Out<i32>,
    ) {
        src_name.set(ptr::null_mut());
        targ_name.set(ptr::null_mut());
        lifetime_rec.set(0);
        mech_type.set(Static::Ntlm.address());
        ctx_flags.set(0);
        locally_initiated.set(0);
        open.set(0);
        let context = context_handle.required("context_handle")?;
        if let Some(login) = context.login()? {
            open.set(1);
            lifetime_rec.set(login.time_rec);
            src_name.set_with(|| login.into_name());
        }
        Ok(Success::Complete)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy<T>(outcome: Result<T, Fault>) -> bool {
        outcome.is_err_and(|fault| fault.minor() == Minor::ContextBusy)
    }

    #[test]
    fn one_at_a_time() {
        let context = Context::new();
        let inner = context.with_acceptor(|_| {
            assert!(busy(context.login()));
            assert!(busy(context.with_acceptor(|_| Ok(()))));
            Err::<(), _>(Minor::Malformed.into())
        });
        assert_eq!(inner, Err(Minor::Malformed.into()));
        assert!(context.login().is_ok_and(|login| login.is_none()));
    }

    #[test]
    fn a_panic_leaves_a_context_that_works() {
        let context = Context::new();
        let work = AssertUnwindSafe(|| context.with_acceptor::<()>(|_| panic!("provoked")));
        assert!(panic::catch_unwind(work).is_err());
        assert!(context.login().is_ok_and(|login| login.is_none()));
        assert!(context.with_acceptor(|_| Ok(())).is_ok());
    }
}
