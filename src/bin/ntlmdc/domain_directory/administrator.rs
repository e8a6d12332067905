//! The user who logs in to the directory: with a password, or with a Kerberos ticket.

use std::fmt;

use gss_ntlmdc::base::crypto::{SecretBytes, nt_hash};
use gss_ntlmdc::base::typed_name::split_domain;
use gss_ntlmdc::directory::{Client, Error, Protection, ResultCode, SecurityContext};

use super::controller::Chosen;
use super::ticket::Ticket;
use super::{advice, bind, soon};
use crate::arguments::DirectoryLogin;
use crate::input;
use crate::steps::{Problem, Steps};

/// The user, and what proves it.
pub struct Administrator {
    /// As the user typed it, with the domain if that was left out; or the ticket's principal.
    name: String,
    proof: Proof,
}

/// Who has logged in to the directory, and how.
pub struct LoggedIn {
    /// With the domain.
    pub user: String,
    how: &'static str,
}

impl LoggedIn {
    /// With a password, over a connection that is protected so.
    pub fn with_password(user: String, protection: &Protection) -> Self {
        let how = match protection {
            Protection::None => "unprotected",
            Protection::Sealed => "sealed by NTLM",
            Protection::Ldaps(_) => "over LDAPS",
            Protection::StartTls(_) => "over StartTLS",
        };
        Self { user, how }
    }

    fn with_ticket(user: String) -> Self {
        let how = "with its Kerberos ticket, sealed by Kerberos";
        Self { user, how }
    }
}

impl fmt::Display for LoggedIn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, {}", self.user, self.how)
    }
}

enum Proof {
    Password(Password),
    Ticket(Box<dyn SecurityContext>),
}

struct Password {
    name: String,
    domain: String,
    password: SecretBytes,
    /// Whether the password itself may be sent within TLS.
    may_send: bool,
}

impl Administrator {
    /// The user of the ticket, if the options ask for it; or if they name no user and no TLS, and
    /// the ticket is that of a user of the domain. `steps` has why a ticket is not taken.
    ///
    /// # Errors
    /// The options ask for a ticket, and no ticket is valid.
    pub fn with_ticket(
        options: &DirectoryLogin,
        chosen: &Chosen,
        domain: &str,
        steps: &mut Steps,
    ) -> Result<Option<Self>, Problem> {
        if options.kerberos {
            return Self::of_ticket(Ticket::demand()?, chosen, domain).map(Some);
        }
        let is_named = options.user.is_some() || options.password_file.is_some();
        if is_named || options.ldaps || options.starttls {
            return Ok(None);
        }
        let found = Ticket::find().and_then(|ticket| {
            let ticket = ticket.map(|ticket| ticket.of_user(domain)).transpose()?;
            let taken = ticket.map(|ticket| Self::of_ticket(ticket, chosen, domain));
            taken.transpose()
        });
        Ok(found.unwrap_or_else(|problem| {
            steps.note(
                "ticket",
                format!("not used: {}. {}", problem.what, problem.cure),
            );
            None
        }))
    }

    fn of_ticket(ticket: Ticket, chosen: &Chosen, domain: &str) -> Result<Self, Problem> {
        let name = ticket.principal.clone();
        let proof = Proof::Ticket(ticket.login(chosen, domain)?);
        Ok(Self { name, proof })
    }

    /// Reads the name as typed. A name without a domain is one of `domain`. The password is read
    /// from the file of the options, or asked for.
    ///
    /// # Errors
    /// There is no name or no password.
    pub fn with_password(options: &DirectoryLogin, domain: &str) -> Result<Self, String> {
        let given = options.user.as_deref().unwrap_or("Administrator");
        let (name, of, typed) = match split_domain(given) {
            Some((of, name)) => (name, of, format!("{of}\\{name}")),
            None if given.contains('@') => (given, "", given.to_owned()),
            None => (given, domain, format!("{given}@{domain}")),
        };
        if name.is_empty() {
            return Err(format!("--user: no user in {}", given.escape_debug()));
        }
        let password = input::password(options.password_file.as_deref(), &typed)?;
        let proof = Proof::Password(Password {
            name: name.to_owned(),
            domain: of.to_owned(),
            password,
            may_send: options.simple,
        });
        Ok(Self { name: typed, proof })
    }

    /// Logs in: with the ticket, with NTLM, or, where the controller refuses that over TLS, with
    /// the password if `--simple` allows it.
    ///
    /// # Errors
    /// The controller refuses, or the ticket does not prove it.
    pub fn log_in(self, client: &mut Client, protection: &Protection) -> Result<LoggedIn, Problem> {
        let name = self.name;
        match self.proof {
            Proof::Password(password) => {
                password.log_in(client, &name)?;
                Ok(LoggedIn::with_password(name, protection))
            }
            Proof::Ticket(context) => match client.bind_with_context(context, soon()) {
                Ok(()) => Ok(LoggedIn::with_ticket(name)),
                Err(error) => Err(advice::no_login_with_ticket(&name, &error)),
            },
        }
    }
}

impl Password {
    fn log_in(&self, client: &mut Client, typed: &str) -> Result<(), Problem> {
        let not_text = || Problem::new("the password is not UTF-8", "Type it as UTF-8.");
        let password = str::from_utf8(self.password.expose()).map_err(|_| not_text())?;
        let bound = bind(client, &self.name, &self.domain, &nt_hash(password));
        let bound = match bound {
            // Samba takes no NTLM over TLS, or only with a later version (4.21) and our binding.
            Err(error) if client.has_tls() && is_ntlm_refused(&error) => {
                if !self.may_send {
                    return Err(advice::no_ntlm_over_tls(typed, &error));
                }
                client.bind_with_password(typed, password, soon())
            }
            bound => bound,
        };
        bound.map_err(|error| advice::no_login(typed, &error))
    }
}

fn is_ntlm_refused(error: &Error) -> bool {
    let code = error.refusal().map(|refusal| &refusal.code);
    matches!(
        code,
        Some(ResultCode::StrongerAuthRequired | ResultCode::AuthMethodNotSupported)
    )
}
