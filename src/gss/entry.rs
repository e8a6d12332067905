//! The panic boundary, and the macro that defines each export.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::fault::{Fault, Minor};
use crate::base::log;
use crate::gss::abi::Out;
use crate::gss::last_fault;

/// Defines an export: C's name and parameters, and a body that returns `Ok(Success)` or a fault.
///
/// ```text
/// export! {
///     /// RFC 2744 5.28
///     fn gss_release_name(input_name: Slot<Name>) {
///         input_name.take("input_name")?;
///         Ok(Success::Complete)
///     }
/// }
/// ```
macro_rules! export {
    ($(#[$doc:meta])* fn $name:ident($($parameter:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
        #[unsafe(no_mangle)]
        pub extern "C" fn $name(
            minor_status: $crate::gss::abi::Out<u32>,
            $($parameter: $type),*
        ) -> u32 {
            $crate::gss::entry::run(&minor_status, move || $body)
        }
    };
}
pub(crate) use export;

/// A call that did not fail; the value is the major status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Success {
    /// `GSS_S_COMPLETE`
    Complete = 0,
    /// `GSS_S_CONTINUE_NEEDED`
    ContinueNeeded = 1,
}

/// Runs the body of an export, sets the minor status and returns the major status. A panic becomes
/// `GSS_S_FAILURE` with [`Minor::InternalError`].
pub fn run(minor_status: &Out<u32>, body: impl FnOnce() -> Result<Success, Fault>) -> u32 {
    minor_status.set(0);
    // Unwind safe: a panic leaves only locals of the body incomplete. Contexts restore themselves
    // (`Context::step`); other objects that C holds are immutable.
    let outcome = guarded(AssertUnwindSafe(body));
    let fault = match outcome {
        Ok(success) => return success as u32,
        Err(fault) => fault,
    };
    let minor = fault.minor();
    minor_status.set(minor.code());
    last_fault::remember(fault);
    (minor.major() as u32) << ROUTINE_ERROR_OFFSET | minor.supplementary()
}

/// `GSS_C_ROUTINE_ERROR_OFFSET`
pub const ROUTINE_ERROR_OFFSET: u32 = 16;

fn guarded<T>(body: impl FnOnce() -> Result<T, Fault> + panic::UnwindSafe) -> Result<T, Fault> {
    report_panics_to_our_log();
    INSIDE.set(true);
    let outcome = panic::catch_unwind(body);
    INSIDE.set(false);
    outcome.unwrap_or_else(|_| Err(Minor::InternalError.into()))
}

thread_local! {
    /// Whether this thread is inside an export.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Logs the place in the source of a panic inside an export, not its message, which might quote a
/// secret, and nothing on the host's standard error.
fn report_panics_to_our_log() {
    static DONE: AtomicBool = AtomicBool::new(false);
    // Not a `Once`: after a fork at the wrong moment the child would wait for ever.
    if DONE.load(Ordering::Relaxed) || DONE.swap(true, Ordering::Relaxed) {
        return;
    }
    let others = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !INSIDE.get() {
            return others(panic);
        }
        match panic.location() {
            Some(place) => log::internal_error(&format!("panic at {place}")),
            None => log::internal_error("panic"),
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn major_and_minor(body: impl FnOnce() -> Result<Success, Fault>) -> (u32, u32) {
        let mut minor = u32::MAX;
        let major = run(&Out::to(&mut minor), body);
        (major, minor)
    }

    #[test]
    fn outcomes_become_statuses() {
        assert_eq!(major_and_minor(|| Ok(Success::Complete)), (0, 0));
        assert_eq!(major_and_minor(|| Ok(Success::ContinueNeeded)), (1, 0));
        assert_eq!(
            major_and_minor(|| Err(Minor::NotNtlm.into())),
            (9 << 16, 0x4E44_0101)
        );
        assert_eq!(run(&Out::nowhere(), || Err(Minor::BadName.into())), 2 << 16);
    }

    #[test]
    fn a_panic_stays_inside() {
        assert_eq!(
            major_and_minor(|| panic!("provoked")),
            (13 << 16, Minor::InternalError.code())
        );
        assert!(!INSIDE.get());
        assert_eq!(major_and_minor(|| Ok(Success::Complete)), (0, 0));
    }
}
