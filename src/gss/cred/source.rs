//! The environment and a credential store as sources of the configuration.

use std::ffi::{CStr, OsStr, OsString, c_char};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use crate::base::fault::{Fault, Minor};
use crate::gss::abi::{In, KeyValueSet};
use crate::login::initiate::PasswordHash;
use crate::login::setup::Source;

/// The key of a credential store that names the configuration file.
const CONFIG_KEY: &CStr = c"ntlmdc_config";

/// The key with the password of the initiating user; MIT's Kerberos uses it too.
const PASSWORD_KEY: &CStr = c"password";

/// The key with the hash of that password, in 32 hexadecimal digits.
const NT_HASH_KEY: &CStr = c"nt_hash";

/// The environment at this moment. Empty in a program that runs set-user-ID.
pub(super) fn environment() -> Result<Source, Fault> {
    Ok(Source {
        config: path(c"NTLMDC_CONFIG"),
        users_file: path(c"NTLM_USER_FILE"),
        netbios_computer: text(c"NETBIOS_COMPUTER_NAME")?,
        netbios_domain: text(c"NETBIOS_DOMAIN_NAME")?,
    })
}

/// The directory for exported contexts, from the environment.
pub(super) fn export_directory() -> Option<PathBuf> {
    path(c"NTLMDC_EXPORT_DIR")
}

fn path(variable: &CStr) -> Option<PathBuf> {
    Some(PathBuf::from(OsString::from_vec(value(variable)?)))
}

fn text(variable: &CStr) -> Result<Option<String>, Fault> {
    value(variable)
        .map(String::from_utf8)
        .transpose()
        .map_err(|_| {
            Minor::BadConfiguration
                .because(format_args!("{} is not UTF-8", variable.to_string_lossy()))
        })
}

unsafe extern "C" {
    /// secure_getenv(3) of glibc and musl.
    fn secure_getenv(name: *const c_char) -> *const c_char;
}

/// The value of a variable. An empty one counts as unset.
fn value(variable: &CStr) -> Option<Vec<u8>> {
    // SAFETY: a string that ends with NUL.
    let value = unsafe { secure_getenv(variable.as_ptr()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: a string that ends with NUL. It is copied before any other call. A host that changes
    // its environment in another thread at this moment violates getenv(3).
    let value = unsafe { CStr::from_ptr(value) };
    Some(value.to_bytes().to_vec()).filter(|value| !value.is_empty())
}

/// The source of the configuration: the credential store, else the environment. Other mechanisms'
/// keys are ignored.
pub(super) fn source(store: &In<KeyValueSet>) -> Result<Source, Fault> {
    let mut source = environment()?;
    if let Some(path) = entry(store, CONFIG_KEY)? {
        source.config = Some(PathBuf::from(OsStr::from_bytes(path)));
    }
    Ok(source)
}

/// The hash of the password in a credential store, if any.
pub(super) fn hash_in(store: &In<KeyValueSet>) -> Result<Option<PasswordHash>, Fault> {
    match (entry(store, PASSWORD_KEY)?, entry(store, NT_HASH_KEY)?) {
        (None, None) => Ok(None),
        (Some(password), None) => PasswordHash::of_password(password).map(Some),
        (None, Some(digits)) => PasswordHash::of_hexadecimal(digits).map(Some),
        (Some(_), Some(_)) => Err(Minor::BadConfiguration
            .because("the credential store has both password and nt_hash: give one of them")),
    }
}

/// The value of a key, which may occur once.
fn entry<'a>(store: &'a In<KeyValueSet>, wanted: &CStr) -> Result<Option<&'a [u8]>, Fault> {
    let mut values = store
        .entries()
        .filter(|(key, _)| *key == Some(wanted))
        .map(|(_, value)| value.map(CStr::to_bytes).unwrap_or_default());
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) if !value.is_empty() => Ok(Some(value)),
        _ => Err(Minor::BadConfiguration.because(format_args!(
            "the credential store must have one value for {}",
            wanted.to_string_lossy()
        ))),
    }
}
