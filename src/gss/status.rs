//! What a minor status means, told to people: `gss_display_status`.

use std::cell::Cell;

use crate::base::fault::{Fault, Minor};
use crate::gss::abi::{BufferDesc, In, InOut, OidDesc, Out};
use crate::gss::entry::{Success, export};
use crate::gss::memory::Buffer;
use crate::gss::oid;

thread_local! {
    /// The last failure of a call on this thread: its status is displayed on this thread too, if at
    /// all.
    static LAST: Cell<Option<Fault>> = const { Cell::new(None) };
}

/// Keeps what is known of a failure for the moment when it is displayed.
pub fn remember(fault: Fault) {
    // A thread that is ending has nobody to tell.
    let _ = LAST.try_with(|last| last.set(Some(fault)));
}

/// The text of a minor status, with the detail if it is that of this thread's last failure:
/// `NTLM is not configured: /etc/gss/ntlmdc.toml is missing [4e440601]`. Never says what the peer
/// may not learn: servers send such texts to clients.
///
/// # Errors
/// `UnknownStatus`
pub fn text(code: u32) -> Result<String, Fault> {
    let minor = Minor::from_code(code).ok_or(Minor::UnknownStatus)?;
    let last = LAST.try_with(Cell::take).ok().flatten();
    let sentence = match &last {
        Some(fault) if fault.minor() == minor => fault.to_string(),
        _ => minor.text().to_owned(),
    };
    if let Some(fault) = last {
        remember(fault);
    }
    Ok(format!("{sentence} [{code:08x}]"))
}

/// `GSS_C_MECH_CODE`
pub const MECH_CODE: i32 = 2;

/// With the feature `provoke-panic`, displaying this status panics.
#[cfg(feature = "provoke-panic")]
const PANIC_PLEASE: u32 = 0x4E44_FFFF;

export! {
    /// RFC 2744 5.11, for minor codes only: the mechglue knows the major ones. One message a code.
    fn gss_display_status(
        status_value: u32,
        status_type: i32,
        mech_type: In<OidDesc>,
        message_context: InOut<u32>,
        status_string: Out<BufferDesc>,
    ) {
        status_string.set(BufferDesc::EMPTY);
        // Callers ask again until this is 0.
        message_context.set(0);
        status_string.required("status_string")?;
        oid::require_ntlm(&mech_type)?;
        if status_type != MECH_CODE {
            return Err(Minor::UnknownStatus.because("only minor codes are displayed here"));
        }
        #[cfg(feature = "provoke-panic")]
        if status_value == PANIC_PLEASE {
            #[allow(clippy::panic)] // what the feature is for
            {
                panic!("provoked");
            }
        }
        Buffer::copy_of(text(status_value)?.as_bytes())?.give_to(&status_string);
        Ok(Success::Complete)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detail_is_of_the_last_failure_only() {
        remember(Minor::NotConfigured.because("/etc/gss/ntlmdc.toml is missing"));
        assert_eq!(
            text(0x4E44_0601).unwrap(),
            "NTLM is not configured: /etc/gss/ntlmdc.toml is missing [4e440601]"
        );
        assert_eq!(
            text(0x4E44_0101).unwrap(),
            "the token is not an NTLM message [4e440101]"
        );
        // Twice the same: the glue asks as often as it likes.
        assert!(text(0x4E44_0601).unwrap().contains("toml"));

        remember(Minor::BadUserOrPassword.confidentially("no such user"));
        assert!(!text(0x4E44_0401).unwrap().contains("no such user"));
        assert!(!text(0x4E44_0601).unwrap().contains("toml"));
    }

    #[test]
    fn every_code_has_a_text_that_ends_with_it() {
        for minor in Minor::ALL {
            let expected = format!("{} [{:08x}]", minor.text(), minor.code());
            assert_eq!(text(minor.code()).unwrap(), expected);
        }
        for foreign in [0, 1, 0x4E44_0000, 0x4E54_0001, u32::MAX] {
            assert_eq!(text(foreign), Err(Minor::UnknownStatus.into()));
        }
    }
}
