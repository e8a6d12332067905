//! `gss_display_status`.

use crate::base::fault::Minor;
use crate::gss::abi::{BufferDesc, In, InOut, OidDesc, Out};
use crate::gss::entry::{Success, export};
use crate::gss::last_fault;
use crate::gss::memory::Buffer;
use crate::gss::oid;

/// `GSS_C_MECH_CODE`
pub const MECH_CODE: i32 = 2;

/// With the feature `provoke-panic`, displaying this status panics.
#[cfg(feature = "provoke-panic")]
const PANIC_PLEASE: u32 = 0x4E44_FFFF;

export! {
    /// RFC 2744 5.11, for minor codes only: the mechglue displays major ones itself. One message
    /// per code.
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
        Buffer::copy_of(last_fault::text(status_value)?.as_bytes())?.give_to(&status_string);
        Ok(Success::Complete)
    }
}
