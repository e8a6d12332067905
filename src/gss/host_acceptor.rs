//! The host's own libgssapi as an acceptor. For the tool alone, which tries in a process of its own
//! what the host's krb5 does; the library neither links nor calls libgssapi.

use std::ffi::{CStr, c_char, c_void};
use std::{ptr, slice};

use super::abi::BufferDesc;

/// The library of MIT krb5, by the name that servers are linked with.
const LIBRARY: &CStr = c"libgssapi_krb5.so.2";
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
/// `gss_release_buffer` (RFC 2744 5.26).
type ReleaseBuffer = unsafe extern "C" fn(minor: *mut u32, buffer: *mut BufferDesc) -> u32;
/// `gss_delete_sec_context` (RFC 2744 5.9).
type Delete =
    unsafe extern "C" fn(minor: *mut u32, context: *mut *mut c_void, token: *mut BufferDesc) -> u32;

/// A context of the host's libgssapi, with the default credential and any mechanism.
pub struct HostAcceptor {
    accept: Accept,
    release: ReleaseBuffer,
    delete: Delete,
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
    pub fn new() -> Result<Self, String> {
        // SAFETY: the name ends with a NUL. The library's initialisers are those that every GSSAPI
        // server of this host runs.
        let library = unsafe { libc::dlopen(LIBRARY.as_ptr(), libc::RTLD_NOW) };
        if library.is_null() {
            return Err(format!("{} cannot be loaded", LIBRARY.to_string_lossy()));
        }
        let accept = symbol(library, c"gss_accept_sec_context")?;
        let release = symbol(library, c"gss_release_buffer")?;
        let delete = symbol(library, c"gss_delete_sec_context")?;
        Ok(Self {
            // SAFETY: the library is libgssapi, whose function of this name has this type.
            accept: unsafe { std::mem::transmute::<*mut c_void, Accept>(accept) },
            // SAFETY: as above.
            release: unsafe { std::mem::transmute::<*mut c_void, ReleaseBuffer>(release) },
            // SAFETY: as above.
            delete: unsafe { std::mem::transmute::<*mut c_void, Delete>(delete) },
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
        let bytes = self.taken(answer);
        match major {
            0 | CONTINUE_NEEDED => Ok(HostStep {
                is_complete: major == 0,
                answer: bytes,
            }),
            _ => Err(major),
        }
    }

    /// The bytes of a buffer that the library made, which is then released.
    fn taken(&self, mut buffer: BufferDesc) -> Vec<u8> {
        let (length, value) = buffer.parts();
        let bytes = match value.is_null() || length == 0 {
            true => Vec::new(),
            // SAFETY: the library returned so many bytes at this address, and still owns them.
            false => unsafe { slice::from_raw_parts(value, length) }.to_vec(),
        };
        let mut minor = 0;
        // SAFETY: the buffer is the library's, and is not used afterwards.
        let _always_complete = unsafe { (self.release)(&raw mut minor, &raw mut buffer) };
        bytes
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

fn symbol(library: *mut c_void, name: &CStr) -> Result<*mut c_void, String> {
    let name_of_c: *const c_char = name.as_ptr();
    // SAFETY: the handle is of a library that stays loaded, and the name ends with a NUL.
    let found = unsafe { libc::dlsym(library, name_of_c) };
    match found.is_null() {
        true => Err(format!("libgssapi has no {}", name.to_string_lossy())),
        false => Ok(found),
    }
}
