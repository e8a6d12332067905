//! Credentials: the configuration source of an acceptor, the user of an initiator.

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
#[cfg(feature = "fuzzing")]
pub use token::reencoded_credential;

/// A credential to accept with, to initiate with, or both. Immutable.
pub struct Credential {
    parts: Parts,
    /// The name that it was acquired for.
    name: Option<Name>,
    /// The lifetime that it was acquired with. `None`: no limit.
    lifetime: Option<Duration>,
    /// Delivers messages from initiators of this process to its acceptors.
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
    Accept(AcceptorPart),
    Initiate(User),
    Both(AcceptorPart, User),
}

/// The acceptor's part: the source of the configuration, and no secret. Each call loads the
/// configuration again, so that changes of the file take effect and a fork does no harm.
struct AcceptorPart(Source);

impl AcceptorPart {
    /// # Errors
    /// As [`setup::load`]: a server without a usable configuration must not offer NTLM.
    fn acquire(source: Source) -> Result<Self, Fault> {
        setup::load(&source)?;
        Ok(Self(source))
    }
}

impl Credential {
    /// A credential for a usage. Servers that only accept ask for both, so a request for both
    /// succeeds with one of them. `hash` is the user's, if the caller gave one. `lifetime` limits
    /// its logins.
    ///
    /// # Errors
    /// As [`setup::load`], to accept; as [`user`], to initiate.
    pub fn acquire(
        source: Source,
        name: Option<Name>,
        usage: Usage,
        lifetime: Option<Duration>,
        hash: impl FnOnce() -> Result<Option<PasswordHash>, Fault>,
    ) -> Result<Self, Fault> {
        let name = name.map(|name| name.plain().clone());
        let initiator = |source: &Source| user(source, name.as_ref(), hash()?);
        let parts = match usage {
            Usage::Accept => Parts::Accept(AcceptorPart::acquire(source)?),
            Usage::Initiate => Parts::Initiate(initiator(&source)?),
            Usage::Both => {
                let user = initiator(&source);
                match (AcceptorPart::acquire(source), user) {
                    (Ok(acceptor), Ok(user)) => Parts::Both(acceptor, user),
                    (Ok(acceptor), Err(fault)) if fault.minor() == Minor::InitiateUnavailable => {
                        Parts::Accept(acceptor)
                    }
                    (Ok(_), Err(fault)) => return Err(fault),
                    (Err(_), Ok(user)) => Parts::Initiate(user),
                    (Err(fault), Err(_)) => return Err(fault),
                }
            }
        };
        Ok(Self {
            parts,
            name,
            lifetime,
            loopback: Loopback::default(),
        })
    }

    /// The lifetime that it was acquired with. `None`: no limit.
    pub fn lifetime(&self) -> Option<Duration> {
        self.lifetime
    }

    /// The usage.
    pub fn usage(&self) -> Usage {
        match self.parts {
            Parts::Accept(_) => Usage::Accept,
            Parts::Initiate(_) => Usage::Initiate,
            Parts::Both(..) => Usage::Both,
        }
    }

    /// The user of an initiator. For an acceptor, the name that it was acquired for, or the
    /// default; initiators of this process reach the acceptor through it.
    pub fn name(&self) -> Name {
        let name = match (&self.parts, &self.name) {
            (Parts::Initiate(user), _) => return Name::User(user.display()),
            (_, Some(name)) => name.clone(),
            (_, None) => Name::default_acceptor(),
        };
        Name::Acceptor(Box::new(name), self.loopback.clone())
    }

    /// The setup to accept with.
    ///
    /// # Errors
    /// As [`setup::load`]; `NotConfigured` if the credential does not accept.
    pub fn setup(&self) -> Result<Arc<Setup>, Fault> {
        match &self.parts {
            Parts::Accept(AcceptorPart(source)) | Parts::Both(AcceptorPart(source), _) => {
                setup::load(source)
            }
            Parts::Initiate(_) => {
                Err(Minor::NotConfigured.because("the credential only initiates"))
            }
        }
    }

    /// The user to initiate as.
    ///
    /// # Errors
    /// `InitiateUnavailable` if the credential does not initiate.
    pub fn user(&self) -> Result<&User, Fault> {
        match &self.parts {
            Parts::Initiate(user) | Parts::Both(_, user) => Ok(user),
            Parts::Accept(_) => {
                Err(Minor::InitiateUnavailable.because("the credential only accepts"))
            }
        }
    }
}

/// The terms of a server with this credential, or without one.
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

/// The user to initiate as: the named user with the caller's hash, or a user of the users file.
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
            return Err(unavailable("the name is of a service, not of a user"));
        }
        Some(Name::Anonymous) => return Err(unavailable("an anonymous user cannot log in")),
        Some(name) => Some(name.display()),
        None => None,
    };
    let workstation = setup::computer_name(source)?;
    match (hash, typed, &source.users_file) {
        (Some(hash), Some(typed), _) => User::typed(&typed, hash, &workstation),
        (Some(_), None, _) => Err(unavailable("a password was given without a user name")),
        (None, typed, Some(file)) => User::of_file(file, typed.as_deref(), &workstation),
        (None, _, None) => Err(unavailable(
            "no password was given, and NTLM_USER_FILE names no users file",
        )),
    }
}

#[cfg(test)]
mod tests;
