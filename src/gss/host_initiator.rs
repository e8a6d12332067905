//! The host's own libgssapi as an initiator, with the Kerberos ticket of the user who runs the
//! tool. For the tool alone; the library neither links nor calls libgssapi.

use std::ffi::{c_int, c_void};
use std::{fmt, ptr};

use super::abi::{BufferDesc, OidDesc};
use super::host_library::{DeleteContext, ReleaseName};
use super::host_ticket::{HostTicket, KERBEROS};
use crate::directory::{ContextError, ContextStep, SecurityContext};

/// A principal as Kerberos writes it, with its realm: no DNS server is asked for another name
/// (`GSS_KRB5_NT_PRINCIPAL_NAME`, RFC 1964 2.1.1).
static PRINCIPAL: OidDesc = OidDesc::constant(b"\x2A\x86\x48\x86\xF7\x12\x01\x02\x02\x01");
/// `GSS_S_CONTINUE_NEEDED`
const CONTINUE_NEEDED: u32 = 1;
/// `GSS_C_MUTUAL_FLAG`, `_REPLAY_`, `_SEQUENCE_`, `_CONF_` and `_INTEG_` (RFC 2744 appendix A).
const FLAGS: u32 = 0x02 | 0x04 | 0x08 | 0x10 | 0x20;

/// `gss_import_name` (RFC 2744 5.16).
type ImportName = unsafe extern "C" fn(
    minor: *mut u32,
    text: *const BufferDesc,
    kind: *const OidDesc,
    name: *mut *mut c_void,
) -> u32;
/// `gss_init_sec_context` (RFC 2744 5.19).
type Init = unsafe extern "C" fn(
    minor: *mut u32,
    credential: *mut c_void,
    context: *mut *mut c_void,
    target: *mut c_void,
    mechanism: *const OidDesc,
    flags: u32,
    lifetime: u32,
    bindings: *const c_void,
    token: *const BufferDesc,
    actual: *mut *mut c_void,
    answer: *mut BufferDesc,
    granted: *mut u32,
    granted_lifetime: *mut u32,
) -> u32;
/// `gss_wrap` (RFC 2744 5.33).
type Wrap = unsafe extern "C" fn(
    minor: *mut u32,
    context: *mut c_void,
    seal: c_int,
    quality: u32,
    plain: *const BufferDesc,
    is_sealed: *mut c_int,
    wrapped: *mut BufferDesc,
) -> u32;
/// `gss_unwrap` (RFC 2744 5.31).
type Unwrap = unsafe extern "C" fn(
    minor: *mut u32,
    context: *mut c_void,
    wrapped: *const BufferDesc,
    plain: *mut BufferDesc,
    is_sealed: *mut c_int,
    quality: *mut u32,
) -> u32;

/// A context of the host's libgssapi, by Kerberos.
pub struct HostInitiator {
    ticket: HostTicket,
    init: Init,
    wrap: Wrap,
    unwrap: Unwrap,
    delete: DeleteContext,
    release: ReleaseName,
    target: *mut c_void,
    context: *mut c_void,
}

// SAFETY: libgssapi lets one thread after the other use a context and a name; no two do, since each
// call borrows this value for itself.
unsafe impl Send for HostInitiator {}

impl HostInitiator {
    /// For the service of this principal, as `ldap/dc1.example.test@EXAMPLE.TEST`.
    ///
    /// # Errors
    /// A function is missing, or the name is none.
    pub fn new(ticket: HostTicket, principal: &str) -> Result<Self, ContextError> {
        let library = &ticket.library;
        // SAFETY: libgssapi's function of this name has this type.
        let import: ImportName = unsafe { library.function(c"gss_import_name") }?;
        // SAFETY: as above.
        let init = unsafe { library.function(c"gss_init_sec_context") }?;
        // SAFETY: as above.
        let wrap = unsafe { library.function(c"gss_wrap") }?;
        // SAFETY: as above.
        let unwrap = unsafe { library.function(c"gss_unwrap") }?;
        // SAFETY: as above.
        let delete = unsafe { library.function(c"gss_delete_sec_context") }?;
        // SAFETY: as above.
        let release = unsafe { library.function(c"gss_release_name") }?;
        let text = borrowed(principal.as_bytes());
        let (mut minor, mut target) = (0, ptr::null_mut());
        // SAFETY: each pointer is to a value of ours that lives during the call. The library
        // writes neither the text nor the identifier.
        let major = unsafe {
            import(
                &raw mut minor,
                &raw const text,
                &raw const PRINCIPAL,
                &raw mut target,
            )
        };
        match major {
            0 => Ok(Self {
                ticket,
                init,
                wrap,
                unwrap,
                delete,
                release,
                target,
                context: ptr::null_mut(),
            }),
            _ => Err(library.failure(major, minor, &KERBEROS)),
        }
    }
}

impl SecurityContext for HostInitiator {
    fn step(&mut self, token: &[u8]) -> Result<ContextStep, ContextError> {
        let input = borrowed(token);
        let mut answer = BufferDesc::EMPTY;
        let (mut minor, mut granted) = (0, 0);
        // SAFETY: each pointer is to a value of ours that lives during the call, or NULL, which
        // RFC 2744 5.19 allows for the bindings and the results that are not wanted. The context
        // is NULL or the library's own; the credential and the name are the library's own. The
        // library writes neither the token nor the identifier.
        let major = unsafe {
            (self.init)(
                &raw mut minor,
                self.ticket.credential,
                &raw mut self.context,
                self.target,
                &raw const KERBEROS,
                FLAGS,
                0,
                ptr::null(),
                &raw const input,
                ptr::null_mut(),
                &raw mut answer,
                &raw mut granted,
                ptr::null_mut(),
            )
        };
        let bytes = self.ticket.library.taken(answer);
        match major {
            0 if granted & FLAGS != FLAGS => Err(ContextError::without_code(
                "the controller does not prove itself, or does not seal",
            )),
            0 | CONTINUE_NEEDED => Ok(ContextStep {
                is_complete: major == 0,
                answer: bytes,
            }),
            _ => Err(self.ticket.library.failure(major, minor, &KERBEROS)),
        }
    }

    fn wrap(&mut self, plain: &[u8], seal: bool) -> Result<Vec<u8>, ContextError> {
        let input = borrowed(plain);
        let mut wrapped = BufferDesc::EMPTY;
        let (mut minor, mut is_sealed) = (0, 0);
        // SAFETY: each pointer is to a value of ours that lives during the call. The context is
        // NULL, which is refused, or the library's own. The library does not write the message.
        let major = unsafe {
            (self.wrap)(
                &raw mut minor,
                self.context,
                c_int::from(seal),
                0,
                &raw const input,
                &raw mut is_sealed,
                &raw mut wrapped,
            )
        };
        let bytes = self.ticket.library.taken(wrapped);
        match major {
            0 if !seal || is_sealed != 0 => Ok(bytes),
            0 => Err(ContextError::without_code(
                "the message could not be sealed",
            )),
            _ => Err(self.ticket.library.failure(major, minor, &KERBEROS)),
        }
    }

    fn unwrap(&mut self, wrapped: &[u8]) -> Result<(Vec<u8>, bool), ContextError> {
        let input = borrowed(wrapped);
        let mut plain = BufferDesc::EMPTY;
        let (mut minor, mut is_sealed) = (0, 0);
        // SAFETY: as in `wrap`. The quality of protection is optional (RFC 2744 5.31).
        let major = unsafe {
            (self.unwrap)(
                &raw mut minor,
                self.context,
                &raw const input,
                &raw mut plain,
                &raw mut is_sealed,
                ptr::null_mut(),
            )
        };
        let bytes = self.ticket.library.taken(plain);
        // Supplementary bits say that a message came late or twice: refused as an error is.
        match major {
            0 => Ok((bytes, is_sealed != 0)),
            _ => Err(self.ticket.library.failure(major, minor, &KERBEROS)),
        }
    }
}

impl Drop for HostInitiator {
    fn drop(&mut self) {
        let mut minor = 0;
        if !self.context.is_null() {
            // SAFETY: the context is the library's. The token is optional (RFC 2744 5.9).
            let _always_complete =
                unsafe { (self.delete)(&raw mut minor, &raw mut self.context, ptr::null_mut()) };
        }
        // SAFETY: the name is the library's, and is not used afterwards.
        let _always_complete = unsafe { (self.release)(&raw mut minor, &raw mut self.target) };
    }
}

impl fmt::Debug for HostInitiator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HostInitiator")
    }
}

/// Bytes of ours, which the library only reads.
fn borrowed(bytes: &[u8]) -> BufferDesc {
    BufferDesc::owned_by_caller(bytes.len(), bytes.as_ptr().cast_mut())
}
