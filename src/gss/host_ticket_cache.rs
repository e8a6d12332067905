//! The default ticket cache of the user who runs the tool. libkrb5 reads a cache of any owner, and
//! follows links; on most hosts root's is `/tmp/krb5cc_0`, where every user can make a file. With a
//! planted cache, another user chooses who logs in, and which key proves the controller.

use std::ffi::{CStr, OsStr, c_char, c_int, c_long, c_void};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::ptr;

use rustix::process::geteuid;

use super::host_library::HostLibrary;
use crate::directory::ContextError;

#[cfg(test)]
mod tests;

/// `KRB5_FCC_NOFILE`, which caches of every kind give.
pub(super) const NO_CACHE: u32 = (-1_765_328_189_i32).cast_unsigned();
/// `KRB5_CC_BADNAME`
const BAD_NAME: u32 = (-1_765_328_243_i32).cast_unsigned();

/// `krb5_init_context` (krb5.h).
type InitContext = unsafe extern "C" fn(context: *mut *mut c_void) -> c_int;
/// `krb5_cc_default_name` (krb5.h).
type DefaultName = unsafe extern "C" fn(context: *mut c_void) -> *const c_char;
/// `krb5_free_context` (krb5.h).
type FreeContext = unsafe extern "C" fn(context: *mut c_void);
/// `error_message` (com_err.h).
type ErrorMessage = unsafe extern "C" fn(code: c_long) -> *const c_char;

/// The default cache, which no other user can have made or changed.
pub struct TicketCache {
    pub(super) library: HostLibrary,
}

/// Why no ticket is found.
#[derive(Debug, thiserror::Error)]
pub enum NoTicket {
    /// The library cannot be loaded, or there is no cache.
    #[error(transparent)]
    Absent(ContextError),
    /// The library, its configuration or the cache cannot be used.
    #[error(transparent)]
    Failed(ContextError),
    /// Another user may have made or changed the cache.
    #[error("the ticket cache {} {reason}", name.escape_debug())]
    NotOurs {
        /// A path, or the name of the cache.
        name: String,
        /// What it is.
        reason: String,
    },
}

impl TicketCache {
    /// Finds the cache as libkrb5 does (`KRB5CCNAME`, krb5.conf), and checks it without opening it.
    ///
    /// # Errors
    /// No Kerberos, no cache, or one that another user may have made or changed.
    pub fn find() -> Result<Self, NoTicket> {
        let library = HostLibrary::load().map_err(NoTicket::Absent)?;
        let name = default_name(&library).map_err(NoTicket::Failed)?;
        check(&name, geteuid().as_raw())?;
        Ok(Self { library })
    }
}

/// The full name of the default cache.
fn default_name(library: &HostLibrary) -> Result<Vec<u8>, ContextError> {
    // SAFETY: libkrb5's function of this name has this type.
    let init: InitContext = unsafe { library.function(c"krb5_init_context") }?;
    // SAFETY: as above.
    let default: DefaultName = unsafe { library.function(c"krb5_cc_default_name") }?;
    // SAFETY: as above.
    let free: FreeContext = unsafe { library.function(c"krb5_free_context") }?;
    let mut context = ptr::null_mut();
    // SAFETY: the pointer is to a value of ours that lives during the call.
    let code = unsafe { init(&raw mut context) };
    if code != 0 {
        return Err(failure(library, code));
    }
    // SAFETY: the context is the library's.
    let name = unsafe { default(context) };
    // SAFETY: the name is the context's, which has not been freed.
    let copied = unsafe { copied(name) };
    // SAFETY: neither the context, which is the library's, nor its name is used afterwards.
    unsafe { free(context) };
    copied.ok_or_else(|| ContextError {
        code: BAD_NAME,
        text: "Kerberos names no ticket cache".to_owned(),
    })
}

/// A failure of libkrb5 with this code.
fn failure(library: &HostLibrary, code: c_int) -> ContextError {
    // SAFETY: libcom_err's function of this name has this type.
    let message: Result<ErrorMessage, _> = unsafe { library.function(c"error_message") };
    let text = message.ok().and_then(|message| {
        // SAFETY: any code may be passed.
        let text = unsafe { message(c_long::from(code)) };
        // SAFETY: the text is static, or valid until the next call.
        unsafe { copied(text) }
    });
    let text = text.unwrap_or_else(|| format!("code {code}").into_bytes());
    ContextError {
        code: code.cast_unsigned(),
        text: String::from_utf8_lossy(&text).into_owned(),
    }
}

/// The bytes of a C string; `None` if it is NULL.
///
/// # Safety
/// The pointer is NULL, or to a string that ends with a NUL and lives during the call.
unsafe fn copied(text: *const c_char) -> Option<Vec<u8>> {
    match text.is_null() {
        true => None,
        // SAFETY: the caller vouches for the string.
        false => Some(unsafe { CStr::from_ptr(text) }.to_bytes().to_vec()),
    }
}

/// Checks that no user but `us` can have made or changed the cache of this name, which is read as
/// by `krb5_cc_resolve`: the type, a colon, and what the type is followed by; or a path alone.
fn check(name: &[u8], us: u32) -> Result<(), NoTicket> {
    let mut parts = name.splitn(2, |byte| *byte == b':');
    let (kind, rest) = match (parts.next(), parts.next()) {
        // One letter is no type.
        (Some(kind), Some(rest)) if kind.len() != 1 => (kind, rest),
        _ => (&b"FILE"[..], name),
    };
    match (kind, rest.strip_prefix(b":")) {
        (b"FILE", _) => check_path(rest, us, Metadata::is_file, "is not a regular file"),
        // One cache of a directory.
        (b"DIR", Some(path)) => {
            let parent = Path::new(OsStr::from_bytes(path)).parent();
            let parent = parent.map_or(&b""[..], |parent| parent.as_os_str().as_bytes());
            check_path(parent, us, Metadata::is_dir, "is not a directory")?;
            check_path(path, us, Metadata::is_file, "is not a regular file")
        }
        (b"DIR", None) => check_path(rest, us, Metadata::is_dir, "is not a directory"),
        // The kernel, a daemon and this process keep these from other users.
        (b"KEYRING" | b"KCM" | b"MEMORY", _) => Ok(()),
        _ => Err(not_ours(name, "is of an unknown type")),
    }
}

/// Another user could have made a link, or a second name of a file.
fn check_path(
    path: &[u8],
    us: u32,
    is_kind: fn(&Metadata) -> bool,
    other_kind: &str,
) -> Result<(), NoTicket> {
    // Without a slash at the end, behind which a link would be followed.
    let real: PathBuf = Path::new(OsStr::from_bytes(path)).components().collect();
    let metadata = match fs::symlink_metadata(&real) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(NoTicket::Absent(ContextError {
                code: NO_CACHE,
                text: format!("there is no {}", shown(path).escape_debug()),
            }));
        }
        Err(error) => return Err(not_ours(path, format!("cannot be examined: {error}"))),
        Ok(metadata) => metadata,
    };
    let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
    let reason = if metadata.is_symlink() {
        "is a symbolic link".to_owned()
    } else if owner != us {
        format!("belongs to user {owner}")
    } else if !is_kind(&metadata) {
        other_kind.to_owned()
    } else if mode & 0o022 != 0 {
        format!("lets others write: mode {mode:04o}")
    } else if metadata.is_file() && metadata.nlink() > 1 {
        "has a second name: a hard link".to_owned()
    } else {
        return Ok(());
    };
    Err(not_ours(path, reason))
}

fn not_ours(name: &[u8], reason: impl Into<String>) -> NoTicket {
    NoTicket::NotOurs {
        name: shown(name),
        reason: reason.into(),
    }
}

fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
