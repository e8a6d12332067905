//! Names: of a verified user, and of users and services as applications write them.

mod exported;

use std::borrow::Cow;
use std::sync::Arc;

use crate::base::config::Service;
use crate::base::fault::{Fault, Minor};
use crate::base::name_case::alike;
use crate::login::identity::Identity;
use crate::login::loopback::Loopback;
use crate::login::setup;

/// A name, verified or typed.
#[derive(Clone, Debug)]
pub enum Name {
    /// A user that a verifier has confirmed.
    Verified(Arc<Identity>),
    /// A user as typed, unproven.
    User(String),
    /// A service on a host.
    HostbasedService {
        /// E.g. `HTTP`.
        service: String,
        /// E.g. `www.example.test`. `None`: this host.
        host: Option<String>,
    },
    /// The name of an acceptor's credential of this process, with the loopback to that acceptor.
    Acceptor(Box<Name>, Loopback),
    /// An anonymous client.
    Anonymous,
}

/// The type of a displayed name (RFC 2743 4).
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
    /// A user as typed, unproven. One NUL at the end is removed: some programs, such as MIT's
    /// gss-server, count it in the length.
    ///
    /// # Errors
    /// `BadName` if the text is empty, not UTF-8, or contains another NUL.
    pub fn user(text: &[u8]) -> Result<Self, Fault> {
        Ok(Self::User(readable(text)?.to_owned()))
    }

    /// `service@host`, or `service` alone for this host (RFC 2743 4.1).
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
            return Err(Minor::BadName.because("expected service@host"));
        }
        Ok(Self::HostbasedService {
            service: service.to_owned(),
            host,
        })
    }

    /// The name of an acceptor without one: the service `host` on this host, as in other
    /// mechanisms. Some servers acquire the default credential and then ask for its name.
    pub fn default_acceptor() -> Self {
        Self::HostbasedService {
            service: "host".to_owned(),
            host: None,
        }
    }

    /// The loopback to the acceptor of this process that has this name.
    pub fn loopback(&self) -> Option<&Loopback> {
        match self {
            Self::Acceptor(_, loopback) => Some(loopback),
            _ => None,
        }
    }

    /// The name without a loopback.
    pub fn plain(&self) -> &Self {
        match self {
            Self::Acceptor(name, _) => name.plain(),
            _ => self,
        }
    }

    /// Whether an acceptor of this name accepts a client that names the service `principal`. A
    /// service without a host is the service on any host, as in MIT krb5 (manual of
    /// gss_acquire_cred). A name that is not of a service accepts every client.
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
            // A Kerberos principal: compared without its realm.
            Self::User(name) if name.contains('/') => {
                let name = name.split_once('@').map_or(name.as_str(), |(name, _)| name);
                is_named(name.to_owned(), principal)
            }
            Self::User(_) | Self::Verified(_) | Self::Anonymous => true,
        }
    }

    /// The displayed name. Imported again with [`Self::name_type`], it means the same name,
    /// unproven.
    pub fn display(&self) -> Cow<'_, str> {
        match self {
            Self::Verified(identity) => Cow::from(identity.display()),
            Self::User(user) => Cow::from(user),
            Self::HostbasedService { service, host } => {
                Cow::from(format!("{service}@{}", or_this(host)))
            }
            Self::Acceptor(name, _) => name.display(),
            Self::Anonymous => Cow::from("<anonymous>"),
        }
    }

    /// The service principal name, `HTTP/www.example.test`. The name of a user is returned
    /// unchanged; an anonymous name gives an empty text.
    pub fn service_principal(&self) -> String {
        match self {
            Self::HostbasedService { service, host } => format!("{service}/{}", or_this(host)),
            Self::Acceptor(name, _) => name.service_principal(),
            Self::Verified(_) | Self::User(_) => self.display().into_owned(),
            Self::Anonymous => String::new(),
        }
    }

    /// The type of the displayed name.
    pub fn name_type(&self) -> NameType {
        match self {
            Self::Verified(_) | Self::User(_) => NameType::User,
            Self::HostbasedService { .. } => NameType::HostbasedService,
            Self::Acceptor(name, _) => name.name_type(),
            Self::Anonymous => NameType::Anonymous,
        }
    }

    /// Whether both names mean the same. Verified names are compared by account. Typed names are
    /// compared as displayed, without regard to case, as in Windows. An anonymous name equals no
    /// other (RFC 2744 5.6).
    pub fn means(&self, other: &Self) -> bool {
        let (one, other) = (self.plain(), other.plain());
        match (one, other) {
            (Self::Anonymous, _) | (_, Self::Anonymous) => false,
            (Self::Verified(one), Self::Verified(other)) => one.is_account_of(other),
            _ => one.name_type() == other.name_type() && alike(&one.display(), &other.display()),
        }
    }

    /// The local account. Only a verified name has one.
    ///
    /// # Errors
    /// `NoLocalName`, with the reason.
    pub fn local(&self) -> Result<&str, Fault> {
        match self.identity() {
            Some(identity) => identity.local().ok_or_else(|| identity.no_local_name()),
            None => Err(Minor::NoLocalName.because("the name is not verified")),
        }
    }

    /// Counts that a caller asked for this name, if it is verified.
    pub fn note_asked(&self) {
        if let Some(identity) = self.identity() {
            identity.note_asked();
        }
    }

    /// The verified identity. `None`: the name is unproven.
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
        Ok("") => Err(Minor::BadName.because("empty")),
        Ok(text) if text.contains('\0') => Err(Minor::BadName.because("contains a NUL")),
        Ok(text) => Ok(text),
        Err(_) => Err(Minor::BadName.because("not UTF-8")),
    }
}

fn is_named(service: String, principal: &str) -> bool {
    Service::Named(service).is_named(principal)
}

fn or_this(host: &Option<String>) -> Cow<'_, str> {
    host.as_deref()
        .map_or_else(|| host_name().into(), Cow::from)
}

/// The host name of the system, or `localhost` if it has none.
fn host_name() -> String {
    match setup::host_name() {
        name if name.is_empty() => "localhost".to_owned(),
        name => name,
    }
}

#[cfg(test)]
mod tests;
