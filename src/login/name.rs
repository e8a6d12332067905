//! Names: who logged in, and what an application calls a user or a service.
//!
//! `exported` is the form that an application keeps.

mod exported;

use std::borrow::Cow;
use std::sync::Arc;

use crate::base::config::Service;
use crate::base::fault::{Fault, Minor};
use crate::base::name_case::alike;
use crate::login::identity::Identity;
use crate::login::loopback::Loopback;
use crate::login::setup;

/// A name, verified or only typed.
#[derive(Clone, Debug)]
pub enum Name {
    /// A user that a verifier has confirmed.
    Verified(Arc<Identity>),
    /// A user as typed; nothing is proven.
    User(String),
    /// A service on a host.
    HostbasedService {
        /// E.g. `HTTP`.
        service: String,
        /// E.g. `www.example.test`; this host if none is given.
        host: Option<String>,
    },
    /// That of an acceptor's credential, as the process was told it; the way there goes with it.
    Acceptor(Box<Name>, Loopback),
    /// An anonymous client.
    Anonymous,
}

/// What kind of name a displayed name is (RFC 2743 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameType {
    /// `GSS_C_NT_USER_NAME`
    User,
    /// `GSS_C_NT_HOSTBASED_SERVICE`
    HostbasedService,
    /// `GSS_C_NT_ANONYMOUS`
    Anonymous,
}

impl Name {
    /// The user of this name, as it was typed: nothing is verified. One NUL at its end is not part of
    /// the name: some programs count it, MIT's gss-server among them.
    ///
    /// # Errors
    /// `BadName` if it is empty, not UTF-8, or holds another NUL.
    pub fn user(text: &[u8]) -> Result<Self, Fault> {
        Ok(Self::User(readable(text)?.to_owned()))
    }

    /// `service@host`, or `service` alone, which is on this host (RFC 2743 4.1).
    ///
    /// # Errors
    /// As [`Self::user`]; `BadName` if the service or the host is missing.
    pub fn hostbased_service(text: &[u8]) -> Result<Self, Fault> {
        let text = readable(text)?;
        let (service, host) = match text.split_once('@') {
            Some((service, host)) => (service, Some(host.to_owned())),
            None => (text, None),
        };
        if service.is_empty() || host.as_ref().is_some_and(String::is_empty) {
            return Err(Minor::BadName.because("service@host is expected"));
        }
        Ok(Self::HostbasedService {
            service: service.to_owned(),
            host,
        })
    }

    /// The name of an acceptor that was given none: the service `host` on this host, as other
    /// mechanisms call it. Some servers acquire the default credential and then ask its name.
    pub fn default_acceptor() -> Self {
        Self::HostbasedService {
            service: "host".to_owned(),
            host: None,
        }
    }

    /// The way to the acceptor of this process whose name it is.
    pub fn loopback(&self) -> Option<&Loopback> {
        match self {
            Self::Acceptor(_, loopback) => Some(loopback),
            _ => None,
        }
    }

    /// The same without a way to an acceptor.
    pub fn plain(&self) -> &Self {
        match self {
            Self::Acceptor(name, _) => name.plain(),
            _ => self,
        }
    }

    /// Whether an acceptor of this name takes a client that means the service `principal`. Without a
    /// host it is the service on any (MIT krb5's manual of gss_acquire_cred says the same). A name
    /// that is no service's takes all.
    pub fn accepts(&self, principal: &str) -> bool {
        match self {
            Self::HostbasedService {
                service,
                host: Some(host),
            } => is_named(format!("{service}/{host}"), principal),
            Self::HostbasedService {
                service,
                host: None,
            } => principal
                .split_once('/')
                .is_some_and(|(class, _)| alike(class, service)),
            Self::Acceptor(name, _) => name.accepts(principal),
            // A principal's name, without its realm.
            Self::User(name) if name.contains('/') => {
                let name = name.split_once('@').map_or(name.as_str(), |(name, _)| name);
                is_named(name.to_owned(), principal)
            }
            Self::User(_) | Self::Verified(_) | Self::Anonymous => true,
        }
    }

    /// The name as it is displayed; imported again with [`Self::name_type`] it means the same, though
    /// it proves nothing then.
    pub fn display(&self) -> String {
        match self {
            Self::Verified(identity) => identity.display().to_owned(),
            Self::User(user) => user.clone(),
            Self::HostbasedService { service, host } => format!("{service}@{}", or_this(host)),
            Self::Acceptor(name, _) => name.display(),
            Self::Anonymous => "<anonymous>".to_owned(),
        }
    }

    /// The name as that of a service, `HTTP/www.example.test`. One that was imported as a user's is
    /// taken as it is; an anonymous one is that of no service.
    pub fn service_principal(&self) -> String {
        match self {
            Self::HostbasedService { service, host } => format!("{service}/{}", or_this(host)),
            Self::Acceptor(name, _) => name.service_principal(),
            Self::Verified(_) | Self::User(_) => self.display(),
            Self::Anonymous => String::new(),
        }
    }

    /// The type that the displayed name is of.
    pub fn name_type(&self) -> NameType {
        match self {
            Self::Verified(_) | Self::User(_) => NameType::User,
            Self::HostbasedService { .. } => NameType::HostbasedService,
            Self::Acceptor(name, _) => name.name_type(),
            Self::Anonymous => NameType::Anonymous,
        }
    }

    /// Whether both names mean the same. Two that were verified do if they are one account; a name
    /// that was typed does if it is displayed alike, in letters of either case, as Windows takes
    /// names. An anonymous name is the same as no other (RFC 2744 5.6).
    pub fn means(&self, other: &Self) -> bool {
        let (one, other) = (self.plain(), other.plain());
        match (one, other) {
            (Self::Anonymous, _) | (_, Self::Anonymous) => false,
            (Self::Verified(one), Self::Verified(other)) => one.is_account_of(other),
            _ => one.name_type() == other.name_type() && alike(&one.display(), &other.display()),
        }
    }

    /// The local account; only a verified name has one.
    ///
    /// # Errors
    /// `NoLocalName`, with the reason.
    pub fn local(&self) -> Result<&str, Fault> {
        match self.identity() {
            Some(identity) => identity.local().ok_or_else(|| identity.no_local_name()),
            None => Err(Minor::NoLocalName.because("the name is not verified")),
        }
    }

    /// Notes that a caller asked who this is, if the name was verified.
    pub fn note_asked(&self) {
        if let Some(identity) = self.identity() {
            identity.note_asked();
        }
    }

    /// Who was verified; `None` for a name that proves nothing.
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Verified(identity) => Some(identity),
            Self::User(_)
            | Self::HostbasedService { .. }
            | Self::Acceptor(..)
            | Self::Anonymous => None,
        }
    }
}

fn readable(text: &[u8]) -> Result<&str, Fault> {
    let text = text.strip_suffix(b"\0").unwrap_or(text);
    match std::str::from_utf8(text) {
        Ok("") => Err(Minor::BadName.because("it is empty")),
        Ok(text) if text.contains('\0') => Err(Minor::BadName.because("it holds a NUL")),
        Ok(text) => Ok(text),
        Err(_) => Err(Minor::BadName.because("it is not UTF-8")),
    }
}

fn is_named(service: String, principal: &str) -> bool {
    Service::Named(service).is_named(principal)
}

fn or_this(host: &Option<String>) -> Cow<'_, str> {
    host.as_deref()
        .map_or_else(|| host_name().into(), Cow::from)
}

/// What the system calls itself; `localhost` if it will not say.
fn host_name() -> String {
    match setup::host_name() {
        name if name.is_empty() => "localhost".to_owned(),
        name => name,
    }
}

#[cfg(test)]
mod tests;
