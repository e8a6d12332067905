//! Credentials: where the configuration of an acceptor comes from, and who an initiator is.

mod token;

use std::sync::Arc;
use std::time::Duration;

use crate::base::fault::{Fault, Minor};
use crate::login::accept::Terms;
use crate::login::initiate::{PasswordHash, User};
use crate::login::loopback::Loopback;
use crate::login::name::Name;
use crate::login::setup::{self, Setup, Source};
use crate::protocol::ntlm::bindings::ChannelBindings;

/// What a server accepts with, a client initiates with, or both. Never changes once it is made.
pub struct Credential {
    parts: Parts,
    /// The name that it was acquired for.
    name: Option<Name>,
    /// The lifetime that it was acquired with; none if that does not matter.
    lifetime: Option<Duration>,
    /// The way from initiators of this process to its acceptors.
    loopback: Loopback,
}

/// What a credential is for (RFC 2743 2.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// To accept and to initiate.
    Both,
    /// To initiate.
    Initiate,
    /// To accept.
    Accept,
}

enum Parts {
    Accept(Acceptance),
    Initiate(User),
    Both(Acceptance, User),
}

/// An acceptor's part: no secret and no configuration, only where it is. Each call loads it anew, so
/// that a change of the file is seen and a fork does no harm.
struct Acceptance(Source);

impl Acceptance {
    /// There is one only if the configuration can be loaded: a server that is not configured for NTLM
    /// shall not begin to accept it.
    fn acquire(source: &Source) -> Result<Self, Fault> {
        setup::load(source)?;
        Ok(Self(source.clone()))
    }
}

impl Credential {
    /// A credential for a usage. A caller that asks for both is given what there is: servers ask so
    /// that only accept. `hash` is the user's, if the caller gave one. `lifetime` limits its logins.
    ///
    /// # Errors
    /// As [`setup::load`], to accept; as [`user`], to initiate.
    pub fn acquire(
        source: &Source,
        name: Option<Name>,
        usage: Usage,
        lifetime: Option<Duration>,
        hash: impl FnOnce() -> Result<Option<PasswordHash>, Fault>,
    ) -> Result<Self, Fault> {
        let name = name.map(|name| name.plain().clone());
        let accept = || Acceptance::acquire(source);
        let initiate = || user(source, name.as_ref(), hash()?);
        let parts = match usage {
            Usage::Accept => Parts::Accept(accept()?),
            Usage::Initiate => Parts::Initiate(initiate()?),
            Usage::Both => match (accept(), initiate()) {
                (Ok(acceptance), Ok(user)) => Parts::Both(acceptance, user),
                (Ok(acceptance), Err(fault)) if fault.minor() == Minor::InitiateUnavailable => {
                    Parts::Accept(acceptance)
                }
                (Ok(_), Err(fault)) => return Err(fault),
                (Err(_), Ok(user)) => Parts::Initiate(user),
                (Err(fault), Err(_)) => return Err(fault),
            },
        };
        Ok(Self {
            parts,
            name,
            lifetime,
            loopback: Loopback::default(),
        })
    }

    /// The lifetime that it was acquired with; none if that does not matter.
    pub fn lifetime(&self) -> Option<Duration> {
        self.lifetime
    }

    /// What it is for.
    pub fn usage(&self) -> Usage {
        match self.parts {
            Parts::Accept(_) => Usage::Accept,
            Parts::Initiate(_) => Usage::Initiate,
            Parts::Both(..) => Usage::Both,
        }
    }

    /// The user who initiates; or the acceptor's name, with the way there: the one that it was
    /// acquired for, or the default.
    pub fn name(&self) -> Name {
        let name = match (&self.parts, &self.name) {
            (Parts::Initiate(user), _) => return Name::User(user.display()),
            (_, Some(name)) => name.clone(),
            (_, None) => Name::default_acceptor(),
        };
        Name::Acceptor(Box::new(name), self.loopback.clone())
    }

    /// The set-up to accept with.
    ///
    /// # Errors
    /// As [`setup::load`]; `NotConfigured` if the credential is not for accepting.
    pub fn setup(&self) -> Result<Arc<Setup>, Fault> {
        match &self.parts {
            Parts::Accept(Acceptance(source)) | Parts::Both(Acceptance(source), _) => {
                setup::load(source)
            }
            Parts::Initiate(_) => {
                Err(Minor::NotConfigured.because("the credential is for initiating"))
            }
        }
    }

    /// The user who initiates.
    ///
    /// # Errors
    /// `InitiateUnavailable` if the credential is not for initiating.
    pub fn user(&self) -> Result<&User, Fault> {
        match &self.parts {
            Parts::Initiate(user) | Parts::Both(_, user) => Ok(user),
            Parts::Accept(_) => {
                Err(Minor::InitiateUnavailable.because("the credential is for accepting"))
            }
        }
    }
}

/// What a server accepts with by its credential, or without one.
pub fn terms<'a>(
    credential: Option<&'a Credential>,
    setup: &'a Setup,
    channel: Option<&'a ChannelBindings<'a>>,
) -> Terms<'a> {
    Terms {
        channel,
        acceptor: credential.and_then(|credential| credential.name.as_ref()),
        lifetime: credential.and_then(|credential| credential.lifetime),
        loopback: credential.map(|credential| &credential.loopback),
        ..Terms::of(setup)
    }
}

/// The user who initiates: the one of this name with the hash that the caller gave, or one of the
/// users file.
///
/// # Errors
/// `InitiateUnavailable`, with what is missing; `BadName`.
pub fn user(
    source: &Source,
    name: Option<&Name>,
    hash: Option<PasswordHash>,
) -> Result<User, Fault> {
    let unavailable = |problem: &str| Minor::InitiateUnavailable.because(problem);
    let typed = match name {
        Some(Name::HostbasedService { .. } | Name::Acceptor(..)) => {
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

#[cfg(test)]
mod tests;
