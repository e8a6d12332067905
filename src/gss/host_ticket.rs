//! The Kerberos ticket of the user who runs the tool, as the host's own libgssapi sees it. For the
//! tool alone; the library neither links nor calls libgssapi.

use std::ffi::{c_char, c_int, c_void};
use std::{fmt, ptr};

use super::abi::{BufferDesc, OidDesc, SetDesc};
use super::host_library::{HostLibrary, ReleaseName};
use super::host_ticket_cache::{NO_CACHE, NoTicket, TicketCache};
use crate::directory::ContextError;

/// Kerberos 5 (RFC 1964 1.2).
pub(super) static KERBEROS: OidDesc = OidDesc::constant(b"\x2A\x86\x48\x86\xF7\x12\x01\x02\x02");
/// `GSS_C_INDEFINITE`, `GSS_C_INITIATE`
const INDEFINITE: u32 = u32::MAX;
const INITIATE: c_int = 1;

/// `gss_acquire_cred` (RFC 2744 5.2).
type Acquire = unsafe extern "C" fn(
    minor: *mut u32,
    name: *mut c_void,
    lifetime: u32,
    mechanisms: *mut SetDesc<OidDesc>,
    usage: c_int,
    credential: *mut *mut c_void,
    actual: *mut *mut c_void,
    granted_lifetime: *mut u32,
) -> u32;
/// `gss_krb5_ccache_name` of MIT krb5's gssapi_krb5.h.
type CacheName =
    unsafe extern "C" fn(minor: *mut u32, name: *const c_char, earlier: *mut *const c_char) -> u32;
/// `gss_release_cred` (RFC 2744 5.27).
type ReleaseCredential = unsafe extern "C" fn(minor: *mut u32, credential: *mut *mut c_void) -> u32;
/// `gss_inquire_cred_by_mech` (RFC 2744 5.22).
type Inquire = unsafe extern "C" fn(
    minor: *mut u32,
    credential: *mut c_void,
    mechanism: *const OidDesc,
    name: *mut *mut c_void,
    lifetime: *mut u32,
    acceptor_lifetime: *mut u32,
    usage: *mut c_int,
) -> u32;
/// `gss_display_name` (RFC 2744 5.10).
type DisplayName = unsafe extern "C" fn(
    minor: *mut u32,
    name: *mut c_void,
    text: *mut BufferDesc,
    kind: *mut *mut c_void,
) -> u32;

/// The ticket in the default cache (`KRB5CCNAME`).
pub struct HostTicket {
    pub(super) library: HostLibrary,
    release: ReleaseCredential,
    pub(super) credential: *mut c_void,
}

// SAFETY: libgssapi lets any thread use a credential (RFC 2744 has no rule against it, and MIT krb5
// locks it); nothing here is tied to a thread.
unsafe impl Send for HostTicket {}

impl HostTicket {
    /// Looks for the ticket. It may have expired.
    ///
    /// # Errors
    /// See [`NoTicket`].
    pub fn find() -> Result<Self, NoTicket> {
        let TicketCache { library } = TicketCache::find()?;
        let acquired = match Self::acquire(&library) {
            // Of each cache that cannot be used, libkrb5 says that there is none. It says why of a
            // cache that is named.
            Err(error) => Self::name_cache(&library)
                .and_then(|()| Self::acquire(&library))
                .map_err(|reason| match reason.code {
                    NO_CACHE => NoTicket::Absent(error),
                    _ => NoTicket::Failed(reason),
                }),
            Ok(acquired) => Ok(acquired),
        };
        let (release, credential) = acquired?;
        Ok(Self {
            library,
            release,
            credential,
        })
    }

    /// The ticket, and the function that releases it.
    fn acquire(library: &HostLibrary) -> Result<(ReleaseCredential, *mut c_void), ContextError> {
        // SAFETY: libgssapi's function of this name has this type.
        let acquire: Acquire = unsafe { library.function(c"gss_acquire_cred") }?;
        // SAFETY: as above.
        let release = unsafe { library.function(c"gss_release_cred") }?;
        let mut only = SetDesc::owned_by_caller(1, (&raw const KERBEROS).cast_mut());
        let (mut minor, mut credential) = (0, ptr::null_mut());
        // SAFETY: each pointer is to a value of ours that lives during the call, or NULL, which RFC
        // 2744 5.2 allows for the default name and the results that are not wanted. The library
        // does not write the identifiers.
        let major = unsafe {
            acquire(
                &raw mut minor,
                ptr::null_mut(),
                INDEFINITE,
                &raw mut only,
                INITIATE,
                &raw mut credential,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        match major {
            0 => Ok((release, credential)),
            _ => Err(library.failure(major, minor, &KERBEROS)),
        }
    }

    /// Has this thread's default cache be one that the program names: the same.
    fn name_cache(library: &HostLibrary) -> Result<(), ContextError> {
        // SAFETY: libgssapi's function of this name has this type.
        let name: CacheName = unsafe { library.function(c"gss_krb5_ccache_name") }?;
        let (mut minor, mut default) = (0, ptr::null());
        // SAFETY: each pointer is to a value of ours that lives during the call; NULL stands for
        // the default.
        let mut major = unsafe { name(&raw mut minor, ptr::null(), &raw mut default) };
        if major == 0 {
            // SAFETY: the library owns the name until it is next asked for one, ends it with a NUL,
            // and copies it. The result is not wanted: NULL.
            major = unsafe { name(&raw mut minor, default, ptr::null_mut()) };
        }
        match major {
            0 => Ok(()),
            _ => Err(library.failure(major, minor, &KERBEROS)),
        }
    }

    /// Its principal, as `alice@EXAMPLE.TEST`; `None` if it has expired. From now on the credential
    /// is of this principal, whichever other tickets there are.
    ///
    /// # Errors
    /// The cache cannot be read.
    pub fn owner(&self) -> Result<Option<String>, ContextError> {
        /// `GSS_S_CREDENTIALS_EXPIRED`
        const EXPIRED: u32 = 11 << 16;
        // SAFETY: libgssapi's function of this name has this type.
        let inquire: Inquire = unsafe { self.library.function(c"gss_inquire_cred_by_mech") }?;
        let (mut minor, mut name, mut lifetime) = (0, ptr::null_mut(), 0);
        // SAFETY: each pointer is to a value of ours that lives during the call, or NULL, which RFC
        // 2744 5.22 allows for the results that are not wanted. The credential is the library's.
        let major = unsafe {
            inquire(
                &raw mut minor,
                self.credential,
                &raw const KERBEROS,
                &raw mut name,
                &raw mut lifetime,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        match major {
            0 => {
                let name = self.shown(name)?;
                Ok((lifetime > 0).then_some(name))
            }
            EXPIRED => Ok(None),
            _ => Err(self.library.failure(major, minor, &KERBEROS)),
        }
    }

    /// The text of a name of the library's, which is then released.
    fn shown(&self, mut name: *mut c_void) -> Result<String, ContextError> {
        // SAFETY: libgssapi's function of this name has this type.
        let display: DisplayName = unsafe { self.library.function(c"gss_display_name") }?;
        // SAFETY: as above.
        let release: ReleaseName = unsafe { self.library.function(c"gss_release_name") }?;
        let (mut minor, mut text) = (0, BufferDesc::EMPTY);
        // SAFETY: the name is the library's. The kind of the name is optional (RFC 2744 5.10).
        let major = unsafe { display(&raw mut minor, name, &raw mut text, ptr::null_mut()) };
        let bytes = self.library.taken(text);
        let mut ignored = 0;
        // SAFETY: the name is the library's, and is not used afterwards.
        let _always_complete = unsafe { release(&raw mut ignored, &raw mut name) };
        match major {
            0 => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            _ => Err(self.library.failure(major, minor, &KERBEROS)),
        }
    }
}

impl Drop for HostTicket {
    fn drop(&mut self) {
        let mut minor = 0;
        // SAFETY: the credential is the library's, and is not used afterwards.
        let _always_complete = unsafe { (self.release)(&raw mut minor, &raw mut self.credential) };
    }
}

impl fmt::Debug for HostTicket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HostTicket")
    }
}
