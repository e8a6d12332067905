//! The server whose part the tool takes: its user, its configuration, and logins to itself.

use std::env;
use std::sync::Arc;

use gss_ntlmdc::base::counters::set_mapper;
use gss_ntlmdc::base::fault::Fault;
use gss_ntlmdc::gss::mapping::map_words;
use gss_ntlmdc::login::accept::{Acceptor, Step};
use gss_ntlmdc::login::credential::{self, Credential, Usage};
use gss_ntlmdc::login::initiate::{Initiator, Lifetime, PasswordHash, Purpose, User};
use gss_ntlmdc::login::setup::{self, Setup, Source};
use gss_ntlmdc::protocol::ntlm::initiator::Protection;

use crate::arguments::ServerOptions;
use crate::privileges;

/// Where the configuration is: as the library looks for it, or where an option says.
pub fn source(options: &ServerOptions) -> Source {
    let variable = |name| env::var(name).ok();
    let from_environment = || env::var_os("NTLMDC_CONFIG").map(Into::into);
    Source {
        config: options.config.clone().or_else(from_environment),
        users_file: env::var_os("NTLM_USER_FILE").map(Into::into),
        netbios_computer: variable("NETBIOS_COMPUTER_NAME"),
        netbios_domain: variable("NETBIOS_DOMAIN_NAME"),
    }
}

/// A server with a configuration that can be loaded.
pub struct Server {
    source: Source,
    credential: Credential,
}

impl Server {
    /// Takes the part of the server's user, and looks for the configuration as the library does.
    ///
    /// # Errors
    /// There is no such user, or no configuration that can be loaded.
    pub fn take(options: &ServerOptions) -> Result<Self, String> {
        privileges::become_user(&options.service_user)?;
        // Logins of the tool count like those of the server.
        set_mapper(map_words);
        Self::of(source(options)).map_err(|fault| fault.for_the_log())
    }

    /// With the configuration of this place.
    ///
    /// # Errors
    /// It cannot be loaded.
    pub fn of(source: Source) -> Result<Self, Fault> {
        Credential::acquire(source.clone(), None, Usage::Accept, None, || Ok(None))
            .map(|credential| Self { source, credential })
    }

    /// Takes a client's message.
    ///
    /// # Errors
    /// As [`Acceptor::step`]; or the configuration is gone.
    pub fn accept(&self, acceptor: &mut Acceptor, token: &[u8]) -> Result<Step, Fault> {
        let setup = self.setup()?;
        acceptor.step(
            &credential::terms(Some(&self.credential), &setup, None),
            token,
        )
    }

    /// Logs a user in whose password came to this very server, as for Basic.
    ///
    /// # Errors
    /// Why the login is refused.
    pub fn log_in(&self, user: &str, password: &[u8]) -> Result<Acceptor, Fault> {
        let workstation = setup::computer_name(&self.source)?;
        let hash = PasswordHash::of_password(password)?;
        let mut initiator = Initiator::new(Purpose {
            user: User::typed(user, hash, &workstation)?,
            target: Some(self.credential.name()),
            protection: Protection::default(),
            lifetime: Lifetime::default(),
        });
        let mut acceptor = Acceptor::new();
        let mut token = initiator.step(None, &[])?;
        while let Step::Continue(challenge) = self.accept(&mut acceptor, &token)? {
            token = initiator.step(None, &challenge)?;
        }
        Ok(acceptor)
    }

    /// The configuration in force.
    ///
    /// # Errors
    /// It can no longer be loaded.
    pub fn setup(&self) -> Result<Arc<Setup>, Fault> {
        self.credential.setup()
    }
}
