//! The host's own libgssapi, for the tool alone: the library neither links nor calls it.

use std::ffi::{CStr, c_int, c_void};
use std::{ptr, slice};

use super::abi::{BufferDesc, OidDesc};
use crate::directory::ContextError;

/// The library of MIT krb5, by the name that servers are linked with.
const LIBRARY: &CStr = c"libgssapi_krb5.so.2";
/// `GSS_C_GSS_CODE`, `GSS_C_MECH_CODE` (RFC 2744 5.11).
const KINDS: [c_int; 2] = [1, 2];
/// The most texts that are read of one status.
const MAX_TEXTS: usize = 8;

/// `gss_delete_sec_context` (RFC 2744 5.9).
pub(super) type DeleteContext =
    unsafe extern "C" fn(minor: *mut u32, context: *mut *mut c_void, token: *mut BufferDesc) -> u32;
/// `gss_release_name` (RFC 2744 5.28).
pub(super) type ReleaseName = unsafe extern "C" fn(minor: *mut u32, name: *mut *mut c_void) -> u32;
/// `gss_release_buffer` (RFC 2744 5.26).
type ReleaseBuffer = unsafe extern "C" fn(minor: *mut u32, buffer: *mut BufferDesc) -> u32;
/// `gss_display_status` (RFC 2744 5.11).
type DisplayStatus = unsafe extern "C" fn(
    minor: *mut u32,
    status: u32,
    kind: c_int,
    mechanism: *const OidDesc,
    more: *mut u32,
    text: *mut BufferDesc,
) -> u32;

/// The library, which stays loaded.
pub(super) struct HostLibrary {
    handle: *mut c_void,
    release: ReleaseBuffer,
    display: DisplayStatus,
}

impl HostLibrary {
    /// Loads the library.
    ///
    /// # Errors
    /// It is not there, or lacks a function.
    pub(super) fn load() -> Result<Self, ContextError> {
        // SAFETY: the name ends with a NUL. The library's initialisers are those that every GSSAPI
        // program of this host runs.
        let handle = unsafe { libc::dlopen(LIBRARY.as_ptr(), libc::RTLD_NOW) };
        if handle.is_null() {
            let text = format!("{} cannot be loaded", LIBRARY.to_string_lossy());
            return Err(ContextError::without_code(text));
        }
        // SAFETY: the handle is of libgssapi, whose function of this name has this type.
        let release = unsafe { function(handle, c"gss_release_buffer") }?;
        // SAFETY: as above.
        let display = unsafe { function(handle, c"gss_display_status") }?;
        Ok(Self {
            handle,
            release,
            display,
        })
    }

    /// A function of the library, or of one that it is linked with, as libkrb5.
    ///
    /// # Errors
    /// There is none of this name.
    ///
    /// # Safety
    /// `F` is the type of the libraries' function of this name: `unsafe extern "C" fn`.
    pub(super) unsafe fn function<F: Copy>(&self, name: &CStr) -> Result<F, ContextError> {
        // SAFETY: the handle is of libgssapi, and dlsym searches its dependencies too. The caller
        // vouches for the type.
        unsafe { function(self.handle, name) }
    }

    /// The bytes of a buffer that the library made, which is then released.
    pub(super) fn taken(&self, mut buffer: BufferDesc) -> Vec<u8> {
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

    /// A failure of this mechanism, with what the library says of it.
    pub(super) fn failure(&self, major: u32, minor: u32, mechanism: &OidDesc) -> ContextError {
        let mut texts = Vec::new();
        for (kind, status) in KINDS.into_iter().zip([major, minor]) {
            let mut more = 0;
            while texts.len() < MAX_TEXTS {
                let Some(text) = self.text(kind, status, mechanism, &mut more) else {
                    break;
                };
                texts.push(text);
                if more == 0 {
                    break;
                }
            }
        }
        let text = match texts.is_empty() {
            true => format!("status {major:#010x}, {minor:#010x}"),
            false => texts.join("; "),
        };
        ContextError { code: minor, text }
    }

    /// The next text of a status. `more`: 0 at first, and after the last one.
    fn text(
        &self,
        kind: c_int,
        status: u32,
        mechanism: &OidDesc,
        more: &mut u32,
    ) -> Option<String> {
        if status == 0 {
            return None;
        }
        let (mut ignored, mut text) = (0, BufferDesc::EMPTY);
        // SAFETY: each pointer is to a value of ours that lives during the call. The library does
        // not write the identifier.
        let shown = unsafe {
            (self.display)(
                &raw mut ignored,
                status,
                kind,
                ptr::from_ref(mechanism),
                more,
                &raw mut text,
            )
        };
        let bytes = self.taken(text);
        (shown == 0).then(|| String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// # Safety
/// The handle is of a library that stays loaded, and `F` is the type of its function of this name.
unsafe fn function<F: Copy>(handle: *mut c_void, name: &CStr) -> Result<F, ContextError> {
    const { assert!(size_of::<F>() == size_of::<*mut c_void>()) };
    // SAFETY: the caller vouches for the handle, and the name ends with a NUL.
    let found = unsafe { libc::dlsym(handle, name.as_ptr()) };
    match found.is_null() {
        true => {
            let text = format!("libgssapi has no {}", name.to_string_lossy());
            Err(ContextError::without_code(text))
        }
        // SAFETY: `F` has the size of a pointer, and the caller vouches that it is the type of the
        // function at this address.
        false => Ok(unsafe { std::mem::transmute_copy::<*mut c_void, F>(&found) }),
    }
}
