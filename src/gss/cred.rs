//! Credentials: where the configuration of an acceptor comes from, and who an initiator is.

mod inquire;
mod source;
mod token;

use std::ptr;
use std::sync::Arc;

use crate::base::fault::{Fault, Minor};
use crate::gss::abi::{BufferDesc, Handle, In, KeyValueSet, OidDesc, Out, SetDesc, Slot};
use crate::gss::entry::{Success, export};
use crate::gss::memory;
use crate::gss::oid;
use crate::login::context::INDEFINITE;
use crate::login::handover::Handover;
use crate::login::initiate::{PasswordHash, User};
use crate::login::name::Name;
use crate::login::setup::{self, Setup, Source};
use source::{environment, export_directory, hash_in, source};

/// What a `gss_cred_id_t` points to. Never changes once C has it.
pub struct Credential {
    usage: Usage,
    /// The name that it was acquired for.
    name: Option<Name>,
}

/// What a credential is for.
enum Usage {
    Accept(Acceptance),
    Initiate(User),
    Both(Acceptance, User),
}

/// An acceptor's part: no secret and no configuration, only where it is. Each call loads it anew, so
/// that a change of the file is seen and a fork does no harm.
struct Acceptance(Source);

/// `gss_cred_usage_t` (RFC 2744 3.10)
pub mod usage {
    /// `GSS_C_BOTH`
    pub const BOTH: i32 = 0;
    /// `GSS_C_INITIATE`
    pub const INITIATE: i32 = 1;
    /// `GSS_C_ACCEPT`
    pub const ACCEPT: i32 = 2;
}

impl Acceptance {
    /// There is one only if the configuration can be loaded: a server that nobody has configured for
    /// NTLM shall not begin to accept it.
    fn acquire(source: &Source) -> Result<Self, Fault> {
        setup::load(source)?;
        Ok(Self(source.clone()))
    }
}

impl Credential {
    /// A credential for a usage. Whoever asks for both is given what there is: servers ask so that
    /// only accept. `hash` is the user's, if the caller gave one.
    fn acquire(
        source: &Source,
        name: Option<Name>,
        usage: i32,
        hash: impl FnOnce() -> Result<Option<PasswordHash>, Fault>,
    ) -> Result<Self, Fault> {
        let accept = || Acceptance::acquire(source);
        let initiate = || user(source, name.as_ref(), hash()?);
        let usage = match usage {
            usage::ACCEPT => Usage::Accept(accept()?),
            usage::INITIATE => Usage::Initiate(initiate()?),
            usage::BOTH => match (accept(), initiate()) {
                (Ok(acceptance), Ok(user)) => Usage::Both(acceptance, user),
                (Ok(acceptance), Err(fault)) if fault.minor() == Minor::InitiateUnavailable => {
                    Usage::Accept(acceptance)
                }
                (Ok(_), Err(fault)) => return Err(fault),
                (Err(_), Ok(user)) => Usage::Initiate(user),
                (Err(fault), Err(_)) => return Err(fault),
            },
            _ => return Err(Minor::BadArgument.because("cred_usage is none that there is")),
        };
        Ok(Self { usage, name })
    }

    /// The credential of a process that was given none.
    fn of_the_process() -> Result<Self, Fault> {
        Self::acquire(&environment()?, None, usage::BOTH, || Ok(None))
    }

    fn acceptance(&self) -> Option<&Acceptance> {
        match &self.usage {
            Usage::Accept(acceptance) | Usage::Both(acceptance, _) => Some(acceptance),
            Usage::Initiate(_) => None,
        }
    }

    fn user(&self) -> Option<&User> {
        match &self.usage {
            Usage::Initiate(user) | Usage::Both(_, user) => Some(user),
            Usage::Accept(_) => None,
        }
    }

    fn name(&self) -> Name {
        match (&self.usage, &self.name) {
            (Usage::Initiate(user), _) => Name::User(user.display()),
            (_, Some(name)) => name.clone(),
            (_, None) => Name::default_acceptor(),
        }
    }
}

/// Who initiates: the user of the name with the hash that the caller gave, or one of the users file.
fn user(source: &Source, name: Option<&Name>, hash: Option<PasswordHash>) -> Result<User, Fault> {
    let unavailable = |problem: &str| Minor::InitiateUnavailable.because(problem);
    let typed = match name {
        Some(Name::HostbasedService { .. }) => {
            return Err(unavailable("the name is a service's, not a user's"));
        }
        Some(Name::Anonymous) => return Err(unavailable("anonymous logins prove nothing")),
        Some(name) => Some(name.display()),
        None => None,
    };
    let workstation = setup::computer_name(source)?;
    match (hash, typed, &source.users_file) {
        (Some(hash), Some(typed), _) => User::typed(&typed, hash, &workstation),
        (Some(_), None, _) => Err(unavailable("a password was given, and no user's name")),
        (None, typed, Some(file)) => User::of_file(file, typed.as_deref(), &workstation),
        (None, _, None) => Err(unavailable(
            "no password was given, and NTLM_USER_FILE names no users file",
        )),
    }
}

/// The set-up of a credential, or of the process if none is given.
///
/// # Errors
/// As [`setup::load`]; or the credential is not for accepting.
pub fn setup_of(credential: Option<&Credential>) -> Result<Arc<Setup>, Fault> {
    match credential {
        Some(credential) => {
            let Acceptance(source) = credential
                .acceptance()
                .ok_or_else(|| Minor::NotConfigured.because("the credential is for initiating"))?;
            setup::load(source)
        }
        None => setup::load(&environment()?),
    }
}

/// The user of a credential, or of the process if none is given.
///
/// # Errors
/// `InitiateUnavailable`, with what is missing.
pub fn user_of(credential: Option<&Credential>) -> Result<User, Fault> {
    match credential {
        Some(credential) => credential
            .user()
            .cloned()
            .ok_or_else(|| Minor::InitiateUnavailable.because("the credential is for accepting")),
        None => user(&environment()?, None, None),
    }
}

/// The directory through which contexts go into other processes: what the environment says, or
/// the process's configuration. Whoever imports one has no credential that could name another.
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

/// The parameters that all ways to acquire a credential share.
struct Request {
    desired_name: Handle<Name>,
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
        let credential = Credential::acquire(&source()?, name, self.cred_usage, hash)?;
        self.actual_mechs
            .try_set_with(|| memory::oid_set(&[oid::NTLM]))?;
        self.time_rec.set(INDEFINITE);
        self.output_cred_handle
            .set(Box::into_raw(Box::new(credential)));
        Ok(Success::Complete)
    }
}

export! {
    /// RFC 2744 5.2. Who initiates is a user of the users file.
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
            output_cred_handle,
            actual_mechs,
            time_rec,
        }
        .acquire(|| source(&cred_store), || hash_in(&cred_store))
    }
}

export! {
    /// [`gss_acquire_cred`] for a user with a password, of which only the hash is kept (MIT krb5's
    /// gssapi_ext.h). The password may be wrong: only a server can tell.
    fn gssspi_acquire_cred_with_password(
        desired_name: Handle<Name>,
        password: In<BufferDesc>,
        _time_req: u32,
        desired_mechs: In<SetDesc<OidDesc>>,
        cred_usage: i32,
        output_cred_handle: Out<*mut Credential>,
        actual_mechs: Out<*mut SetDesc<OidDesc>>,
        time_rec: Out<u32>,
    ) {
        let hash = || PasswordHash::of_password(password.bytes("password")?).map(Some);
        Request {
            desired_name,
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
    /// RFC 2744 5.27
    fn gss_release_cred(cred_handle: Slot<Credential>) {
        cred_handle.take("cred_handle")?;
        Ok(Success::Complete)
    }
}

#[cfg(test)]
mod tests;
