//! Credentials: the calls that acquire, export and release them.

mod inquire;
mod source;

use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use crate::base::counters;
use crate::base::fault::{Fault, Minor};
use crate::gss::abi::{BufferDesc, Handle, In, KeyValueSet, OidDesc, Out, SetDesc, Slot};
use crate::gss::entry::{Success, export};
use crate::gss::mapping::map_words;
use crate::gss::memory::{self, Buffer};
use crate::gss::oid;
use crate::login::context::INDEFINITE;
use crate::login::credential::{self, Credential, Usage};
use crate::login::handover::Handover;
use crate::login::initiate::{PasswordHash, User};
use crate::login::name::Name;
use crate::login::setup::{self, Setup, Source};
use source::{environment, export_directory, hash_in, source};

/// `gss_cred_usage_t` (RFC 2744 3.10)
pub mod usage {
    /// `GSS_C_BOTH`
    pub const BOTH: i32 = 0;
    /// `GSS_C_INITIATE`
    pub const INITIATE: i32 = 1;
    /// `GSS_C_ACCEPT`
    pub const ACCEPT: i32 = 2;
}

fn usage_of(cred_usage: i32) -> Result<Usage, Fault> {
    match cred_usage {
        usage::BOTH => Ok(Usage::Both),
        usage::INITIATE => Ok(Usage::Initiate),
        usage::ACCEPT => Ok(Usage::Accept),
        _ => Err(Minor::BadArgument.because(format_args!("invalid cred_usage {cred_usage}"))),
    }
}

/// The lifetime that a caller asks for. `None` for `GSS_C_INDEFINITE` and for 0, the default.
pub fn lifetime(time_req: u32) -> Option<Duration> {
    match time_req {
        0 | INDEFINITE => None,
        seconds => Some(Duration::from_secs(seconds.into())),
    }
}

/// The lifetime of a credential: that of each context that is made with it, from the context's
/// beginning. A server keeps its credential.
fn seconds(credential: &Credential) -> u32 {
    credential.lifetime().map_or(INDEFINITE, |lifetime| {
        u32::try_from(lifetime.as_secs()).unwrap_or(INDEFINITE)
    })
}

/// The default credential of the process.
fn of_the_process() -> Result<Credential, Fault> {
    Credential::acquire(environment()?, None, Usage::Both, None, || Ok(None))
}

/// The set-up of a credential; without one, of the process.
///
/// # Errors
/// As [`setup::load`]; or the credential is not for accepting.
pub fn setup_of(credential: Option<&Credential>) -> Result<Arc<Setup>, Fault> {
    counters::set_mapper(map_words);
    match credential {
        Some(credential) => credential.setup(),
        None => setup::load(&environment()?),
    }
}

/// The user of a credential; without one, of the process.
///
/// # Errors
/// `InitiateUnavailable`, with what is missing.
pub fn user_of(credential: Option<&Credential>) -> Result<User, Fault> {
    match credential {
        Some(credential) => credential.user().cloned(),
        None => credential::user(&environment()?, None, None),
    }
}

/// The directory for exported contexts, from the environment or from the configuration of the
/// process. An import has no credential that could name another.
///
/// # Errors
/// As [`setup::state_dir`]
pub fn handover() -> Result<Handover, Fault> {
    let directory = match export_directory() {
        Some(directory) => directory,
        None => setup::state_dir(&environment()?)?,
    };
    Ok(Handover::through(directory))
}

/// The common parameters of the calls that acquire a credential.
struct Request {
    desired_name: Handle<Name>,
    time_req: u32,
    desired_mechs: In<SetDesc<OidDesc>>,
    cred_usage: i32,
    output_cred_handle: Out<*mut Credential>,
    actual_mechs: Out<*mut SetDesc<OidDesc>>,
    time_rec: Out<u32>,
}

impl Request {
    fn acquire(
        self,
        source: impl FnOnce() -> Result<Source, Fault>,
        hash: impl FnOnce() -> Result<Option<PasswordHash>, Fault>,
    ) -> Result<Success, Fault> {
        self.output_cred_handle.set(ptr::null_mut());
        self.actual_mechs.set(ptr::null_mut());
        self.time_rec.set(0);
        self.output_cred_handle.required("output_cred_handle")?;
        let mechs = self.desired_mechs.encodings();
        if mechs.is_some_and(|mut mechs| mechs.all(|mech| mech != oid::NTLM)) {
            return Err(Minor::BadMech.into());
        }
        let name = self.desired_name.get().cloned();
        let source = source()?;
        let usage = usage_of(self.cred_usage)?;
        let credential = Credential::acquire(source, name, usage, lifetime(self.time_req), hash)?;
        self.actual_mechs
            .try_set_with(|| memory::oid_set(&[oid::NTLM]))?;
        self.time_rec.set(seconds(&credential));
        self.output_cred_handle
            .set(Box::into_raw(Box::new(credential)));
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 2744 5.2. The initiating user is one of the users file.
    fn gss_acquire_cred(
        desired_name: Handle<Name>,
        time_req: u32,
        desired_mechs: In<SetDesc<OidDesc>>,
        cred_usage: i32,
        output_cred_handle: Out<*mut Credential>,
        actual_mechs: Out<*mut SetDesc<OidDesc>>,
        time_rec: Out<u32>,
    ) {
        Request {
            desired_name,
            time_req,
            desired_mechs,
            cred_usage,
            output_cred_handle,
            actual_mechs,
            time_rec,
        }
        .acquire(environment, || Ok(None))
    }
}

export! {
    /// [`gss_acquire_cred`] with a credential store (MIT krb5's gssapi_ext.h). The key
    /// `ntlmdc_config` names the configuration file; `password` or `nt_hash` is the user's.
    fn gss_acquire_cred_from(
        desired_name: Handle<Name>,
        time_req: u32,
        desired_mechs: In<SetDesc<OidDesc>>,
        cred_usage: i32,
        cred_store: In<KeyValueSet>,
        output_cred_handle: Out<*mut Credential>,
        actual_mechs: Out<*mut SetDesc<OidDesc>>,
        time_rec: Out<u32>,
    ) {
        Request {
            desired_name,
            time_req,
            desired_mechs,
            cred_usage,
            output_cred_handle,
            actual_mechs,
            time_rec,
        }
        .acquire(|| source(&cred_store), || hash_in(&cred_store))
    }
}

export! {
    /// [`gss_acquire_cred`] for a user with a password, of which only the hash is kept (MIT krb5's
    /// gssapi_ext.h). The password is not verified: only a server can.
    fn gssspi_acquire_cred_with_password(
        desired_name: Handle<Name>,
        password: In<BufferDesc>,
        time_req: u32,
        desired_mechs: In<SetDesc<OidDesc>>,
        cred_usage: i32,
        output_cred_handle: Out<*mut Credential>,
        actual_mechs: Out<*mut SetDesc<OidDesc>>,
        time_rec: Out<u32>,
    ) {
        let hash = || PasswordHash::of_password(password.bytes("password")?).map(Some);
        Request {
            desired_name,
            time_req,
            desired_mechs,
            cred_usage,
            output_cred_handle,
            actual_mechs,
            time_rec,
        }
        .acquire(environment, hash)
    }
}

export! {
    /// MIT krb5's gssapi_ext.h. For an acceptor's credential; one that initiates is not exported.
    fn gss_export_cred(cred_handle: Handle<Credential>, token: Out<BufferDesc>) {
        token.set(BufferDesc::EMPTY);
        token.required("token")?;
        let encoded = cred_handle.required("cred_handle")?.encode()?;
        Buffer::copy_of(&encoded)?.give_to(&token);
        Ok(Success::Complete)
    }
}

export! {
    /// MIT krb5's gssapi_ext.h. The importing process needs the configuration too.
    fn gss_import_cred(token: In<BufferDesc>, cred_handle: Out<*mut Credential>) {
        cred_handle.set(ptr::null_mut());
        cred_handle.required("cred_handle")?;
        let credential = Credential::decode(token.bytes("token")?)?;
        cred_handle.set(Box::into_raw(Box::new(credential)));
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 2744 5.27
    fn gss_release_cred(cred_handle: Slot<Credential>) {
        cred_handle.take("cred_handle")?;
        Ok(Success::Complete)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usages_are_those_of_gssapi_h() {
        let usages = [0, 1, 2].map(|usage| usage_of(usage).unwrap());
        assert_eq!(usages, [Usage::Both, Usage::Initiate, Usage::Accept]);
        for invalid in [-1, 3] {
            assert_eq!(usage_of(invalid).unwrap_err().minor(), Minor::BadArgument);
        }
    }
}
