//! Credentials: where the configuration of an acceptor comes from.

use std::ffi::{CStr, OsStr, c_char};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::ptr;
use std::sync::Arc;

use crate::fault::{Fault, Minor};
use crate::gss::abi::{Handle, In, KeyValueSet, OidDesc, Out, SetDesc, Slot};
use crate::gss::entry::{Success, export};
use crate::gss::memory;
use crate::gss::name::Name;
use crate::gss::oid;
use crate::setup::{self, Setup, Source};

/// What a `gss_cred_id_t` points to: an acceptor's credential. Never changes once C has it.
///
/// Keeps no secret and no configuration, only where it is: each call loads it anew, so that a
/// change of the file is seen and a fork does no harm.
pub struct Credential {
    source: Source,
    name: Option<Name>,
}

/// `GSS_C_INDEFINITE`
pub const INDEFINITE: u32 = u32::MAX;

/// The key of a credential store that names the configuration file.
const CONFIG_KEY: &CStr = c"ntlmdc_config";

/// `gss_cred_usage_t` (RFC 2744 3.10)
pub mod usage {
    /// `GSS_C_BOTH`
    pub const BOTH: i32 = 0;
    /// `GSS_C_INITIATE`
    pub const INITIATE: i32 = 1;
    /// `GSS_C_ACCEPT`
    pub const ACCEPT: i32 = 2;
}

impl Credential {
    /// Where the configuration comes from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    fn name(&self) -> Name {
        self.name.clone().unwrap_or_else(Name::default_acceptor)
    }

    /// A credential for a usage. There is one only if the configuration can be loaded: a server that
    /// nobody has configured for NTLM shall not begin to accept it.
    fn acquire(source: Source, name: Option<Name>, usage: i32) -> Result<Self, Fault> {
        match usage {
            usage::ACCEPT | usage::BOTH => {}
            usage::INITIATE => return Err(Minor::InitiateUnavailable.into()),
            _ => return Err(Minor::BadArgument.because("cred_usage is none that there is")),
        }
        setup::load(&source)?;
        Ok(Self { source, name })
    }
}

/// The set-up of a credential, or of the process if none is given.
///
/// # Errors
/// As [`setup::load`].
pub fn setup_of(credential: Option<&Credential>) -> Result<Arc<Setup>, Fault> {
    match credential {
        Some(credential) => setup::load(credential.source()),
        None => setup::load(&environment()?),
    }
}

/// What the environment says at this moment; nothing in a program that runs set-user-ID.
fn environment() -> Result<Source, Fault> {
    Ok(Source {
        config: path(c"NTLMDC_CONFIG"),
        users_file: path(c"NTLM_USER_FILE"),
        netbios_computer: text(c"NETBIOS_COMPUTER_NAME")?,
        netbios_domain: text(c"NETBIOS_DOMAIN_NAME")?,
    })
}

fn path(variable: &CStr) -> Option<PathBuf> {
    Some(PathBuf::from(OsStr::from_bytes(&value(variable)?)))
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

/// A variable that is set to nothing counts as one that is not set.
fn value(variable: &CStr) -> Option<Vec<u8>> {
    // SAFETY: a string that ends with NUL.
    let value = unsafe { secure_getenv(variable.as_ptr()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: a string that ends with NUL; it is copied before anything else is called. A host
    // that changes its environment in another thread at this moment breaks the rules of getenv(3).
    let value = unsafe { CStr::from_ptr(value) };
    Some(value.to_bytes().to_vec()).filter(|value| !value.is_empty())
}

/// What a credential store says; the environment where it says nothing. Keys that are not ours are
/// other mechanisms' and pass.
fn source(store: &In<KeyValueSet>) -> Result<Source, Fault> {
    let mut source = environment()?;
    let mut found = false;
    for (key, value) in store.entries() {
        if key != Some(CONFIG_KEY) {
            continue;
        }
        let value = value.map(CStr::to_bytes).unwrap_or_default();
        if value.is_empty() || found {
            return Err(Minor::BadConfiguration
                .because("the credential store must name one file as ntlmdc_config"));
        }
        source.config = Some(PathBuf::from(OsStr::from_bytes(value)));
        found = true;
    }
    Ok(source)
}

/// The parameters that both ways to acquire a credential share.
struct Request {
    desired_name: Handle<Name>,
    desired_mechs: In<SetDesc<OidDesc>>,
    cred_usage: i32,
    cred_store: In<KeyValueSet>,
    output_cred_handle: Out<*mut Credential>,
    actual_mechs: Out<*mut SetDesc<OidDesc>>,
    time_rec: Out<u32>,
}

impl Request {
    fn acquire(self) -> Result<Success, Fault> {
        self.output_cred_handle.set(ptr::null_mut());
        self.actual_mechs.set(ptr::null_mut());
        self.time_rec.set(0);
        self.output_cred_handle.required("output_cred_handle")?;
        let mechs = self.desired_mechs.encodings();
        if mechs.is_some_and(|mut mechs| mechs.all(|mech| mech != oid::NTLM)) {
            return Err(Minor::BadMech.into());
        }
        let name = self.desired_name.get().cloned();
        let credential = Credential::acquire(source(&self.cred_store)?, name, self.cred_usage)?;
        self.actual_mechs
            .try_set_with(|| memory::oid_set(&[oid::NTLM]))?;
        self.time_rec.set(INDEFINITE);
        self.output_cred_handle
            .set(Box::into_raw(Box::new(credential)));
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 2744 5.2
    fn gss_acquire_cred(
        desired_name: Handle<Name>,
        _time_req: u32,
        desired_mechs: In<SetDesc<OidDesc>>,
        cred_usage: i32,
        output_cred_handle: Out<*mut Credential>,
        actual_mechs: Out<*mut SetDesc<OidDesc>>,
        time_rec: Out<u32>,
    ) {
        Request {
            desired_name,
            desired_mechs,
            cred_usage,
            cred_store: In::nothing(),
            output_cred_handle,
            actual_mechs,
            time_rec,
        }
        .acquire()
    }
}

export! {
    /// [`gss_acquire_cred`] with a credential store (MIT krb5's gssapi_ext.h). The key
    /// `ntlmdc_config` names the configuration file.
    fn gss_acquire_cred_from(
        desired_name: Handle<Name>,
        _time_req: u32,
        desired_mechs: In<SetDesc<OidDesc>>,
        cred_usage: i32,
        cred_store: In<KeyValueSet>,
        output_cred_handle: Out<*mut Credential>,
        actual_mechs: Out<*mut SetDesc<OidDesc>>,
        time_rec: Out<u32>,
    ) {
        Request {
            desired_name,
            desired_mechs,
            cred_usage,
            cred_store,
            output_cred_handle,
            actual_mechs,
            time_rec,
        }
        .acquire()
    }
}

export! {
    /// RFC 2744 5.27
    fn gss_release_cred(cred_handle: Slot<Credential>) {
        cred_handle.take("cred_handle")?;
        Ok(Success::Complete)
    }
}

/// The name of a credential, or of the one that the process has by default.
fn name_of(credential: &Handle<Credential>) -> Result<Name, Fault> {
    match credential.get() {
        Some(credential) => Ok(credential.name()),
        None => Ok(Credential::acquire(environment()?, None, usage::ACCEPT)?.name()),
    }
}

export! {
    /// RFC 2744 5.21
    fn gss_inquire_cred(
        cred_handle: Handle<Credential>,
        name: Out<*mut Name>,
        lifetime: Out<u32>,
        cred_usage: Out<i32>,
        mechanisms: Out<*mut SetDesc<OidDesc>>,
    ) {
        name.set(ptr::null_mut());
        lifetime.set(0);
        mechanisms.set(ptr::null_mut());
        let its_name = name_of(&cred_handle)?;
        mechanisms.try_set_with(|| memory::oid_set(&[oid::NTLM]))?;
        name.set_with(|| Box::into_raw(Box::new(its_name)));
        lifetime.set(INDEFINITE);
        cred_usage.set(usage::ACCEPT);
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 2744 5.22
    fn gss_inquire_cred_by_mech(
        cred_handle: Handle<Credential>,
        mech_type: In<OidDesc>,
        name: Out<*mut Name>,
        initiator_lifetime: Out<u32>,
        acceptor_lifetime: Out<u32>,
        cred_usage: Out<i32>,
    ) {
        name.set(ptr::null_mut());
        initiator_lifetime.set(0);
        acceptor_lifetime.set(0);
        oid::require_ntlm(&mech_type)?;
        let its_name = name_of(&cred_handle)?;
        name.set_with(|| Box::into_raw(Box::new(its_name)));
        acceptor_lifetime.set(INDEFINITE);
        cred_usage.set(usage::ACCEPT);
        Ok(Success::Complete)
    }
}
