//! The host's own libgssapi as an acceptor. For the tool alone, which tries in a process of its own
//! what the host's krb5 does; the library neither links nor calls libgssapi.

use std::ffi::c_void;
use std::ptr;

use super::abi::BufferDesc;
use super::host_library::{DeleteContext, HostLibrary};
use crate::directory::ContextError;

/// `GSS_S_CONTINUE_NEEDED`
const CONTINUE_NEEDED: u32 = 1;

/// `gss_accept_sec_context` (RFC 2744 5.1).
type Accept = unsafe extern "C" fn(
    minor: *mut u32,
    context: *mut *mut c_void,
    acceptor: *mut c_void,
    token: *const BufferDesc,
    bindings: *const c_void,
    source: *mut *mut c_void,
    mechanism: *mut *mut c_void,
    answer: *mut BufferDesc,
    flags: *mut u32,
    lifetime: *mut u32,
    delegated: *mut *mut c_void,
) -> u32;

/// A context of the host's libgssapi, with the default credential and any mechanism.
pub struct HostAcceptor {
    library: HostLibrary,
    accept: Accept,
    delete: DeleteContext,
    context: *mut c_void,
}

/// What comes of a token.
pub struct HostStep {
    /// Whether the login is complete.
    pub is_complete: bool,
    /// The token to send.
    pub answer: Vec<u8>,
}

impl HostAcceptor {
    /// Loads the library. It stays loaded.
    ///
    /// # Errors
    /// The library is not there, or lacks a function.
    pub fn new() -> Result<Self, ContextError> {
        let library = HostLibrary::load()?;
        // SAFETY: libgssapi's function of this name has this type.
        let accept = unsafe { library.function(c"gss_accept_sec_context") }?;
        // SAFETY: as above.
        let delete = unsafe { library.function(c"gss_delete_sec_context") }?;
        Ok(Self {
            library,
            accept,
            delete,
            context: ptr::null_mut(),
        })
    }

    /// Passes the initiator's token.
    ///
    /// # Errors
    /// The major status with which it is refused.
    pub fn step(&mut self, token: &[u8]) -> Result<HostStep, u32> {
        let input = BufferDesc::owned_by_caller(token.len(), token.as_ptr().cast_mut());
        let mut answer = BufferDesc::EMPTY;
        let mut minor = 0;
        let none = ptr::null_mut();
        // SAFETY: each pointer is to a value of ours that lives during the call, or NULL, which
        // RFC 2744 5.1 allows for the credential, the bindings and the optional results. The
        // context is NULL or the library's own. The library does not write the input token.
        let major = unsafe {
            (self.accept)(
                &raw mut minor,
                &raw mut self.context,
                none,
                &raw const input,
                ptr::null(),
                ptr::null_mut(),
                ptr::null_mut(),
                &raw mut answer,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        let bytes = self.library.taken(answer);
        match major {
            0 | CONTINUE_NEEDED => Ok(HostStep {
                is_complete: major == 0,
                answer: bytes,
            }),
            _ => Err(major),
        }
    }
}

impl Drop for HostAcceptor {
    fn drop(&mut self) {
        if !self.context.is_null() {
            let mut minor = 0;
            // SAFETY: the context is the library's. The token is optional (RFC 2744 5.9).
            let _always_complete =
                unsafe { (self.delete)(&raw mut minor, &raw mut self.context, ptr::null_mut()) };
        }
    }
}
