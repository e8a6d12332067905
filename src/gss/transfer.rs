//! `gss_export_sec_context` and `gss_import_sec_context`: a context moves to another process.

use std::ptr;

use crate::base::fault::{Fault, Minor};
use crate::base::log::{self, Severity};
use crate::gss::abi::{BufferDesc, In, Out, Slot};
use crate::gss::cred;
use crate::gss::entry::{Success, export};
use crate::gss::memory::Buffer;
use crate::login::context::Context;

/// Logs a missing directory, which an administrator can repair: the mechglue drops the minor code
/// of an export.
fn tell(fault: &Fault) {
    if let (Minor::NoTransfer, Ok(setup)) = (fault.minor(), cred::setup_of(None)) {
        let (told, code) = (fault.for_the_log(), fault.minor().code());
        let to = setup.config().log.to;
        log::write(to, Severity::Warning, format_args!("{told} [{code:x}]"));
    }
}

export! {
    /// RFC 2744 5.14, for a complete login or an acceptor that waits for the AUTHENTICATE message.
    /// A context that cannot be exported is unchanged.
    fn gss_export_sec_context(
        context_handle: Slot<Context>,
        interprocess_token: Out<BufferDesc>,
    ) {
        interprocess_token.set(BufferDesc::EMPTY);
        let context = context_handle.get("context_handle")?;
        interprocess_token.required("interprocess_token")?;
        let context = context.ok_or_else(|| Minor::BadArgument.because("there is no context"))?;
        let exported = cred::handover().and_then(|handover| context.export(&handover));
        let token = Buffer::copy_of(&exported.inspect_err(tell)?)?;
        context_handle.take("context_handle")?;
        token.give_to(&interprocess_token);
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 2744 5.17. Each token can be imported once.
    fn gss_import_sec_context(
        interprocess_token: In<BufferDesc>,
        context_handle: Out<*mut Context>,
    ) {
        context_handle.set(ptr::null_mut());
        context_handle.required("context_handle")?;
        let token = interprocess_token.bytes("interprocess_token")?;
        let opened = cred::handover()?.open(token)?;
        // Only group names need the configuration.
        let setup = cred::setup_of(None).ok();
        let context = Context::import(&opened, setup.as_deref())?;
        context_handle.set(Box::into_raw(Box::new(context)));
        Ok(Success::Complete)
    }
}
