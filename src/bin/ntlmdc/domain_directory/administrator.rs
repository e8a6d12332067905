//! The user who logs in to the directory, with a password.

use gss_ntlmdc::base::crypto::{SecretBytes, nt_hash};
use gss_ntlmdc::base::typed_name::split_domain;
use gss_ntlmdc::directory::{Client, Error, ResultCode};

use super::{advice, bind, soon};
use crate::arguments::DirectoryLogin;
use crate::input;
use crate::steps::Problem;

/// The user, with the password.
pub struct Administrator {
    name: String,
    domain: String,
    /// As the user typed it; with the domain if that was left out.
    typed: String,
    password: SecretBytes,
    /// Whether the password itself may be sent within TLS.
    may_send: bool,
}

impl Administrator {
    /// Reads the name as typed. A name without a domain is one of `domain`. The password is read
    /// from the file of the options, or asked for.
    ///
    /// # Errors
    /// There is no name or no password.
    pub fn ask(options: &DirectoryLogin, domain: &str) -> Result<Self, String> {
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
        Ok(Self {
            name: name.to_owned(),
            domain: of.to_owned(),
            typed,
            password,
            may_send: options.simple,
        })
    }

    /// Logs in: with NTLM, or, where the controller refuses that over TLS, with the password if
    /// `--simple` allows it. Returns the name, with the domain.
    ///
    /// # Errors
    /// The controller refuses.
    pub fn log_in(self, client: &mut Client) -> Result<String, Problem> {
        let not_text = || Problem::new("the password is not UTF-8", "Type it as UTF-8.");
        let password = str::from_utf8(self.password.expose()).map_err(|_| not_text())?;
        let bound = bind(client, &self.name, &self.domain, &nt_hash(password));
        let bound = match bound {
            // Samba takes no NTLM over TLS, or only with a later version (4.21) and our binding.
            Err(error) if client.has_tls() && is_ntlm_refused(&error) => {
                if !self.may_send {
                    return Err(advice::no_ntlm_over_tls(&self.typed, &error));
                }
                client.bind_with_password(&self.typed, password, soon())
            }
            bound => bound,
        };
        bound.map_err(|error| advice::no_login(&self.typed, &error))?;
        Ok(self.typed)
    }
}

fn is_ntlm_refused(error: &Error) -> bool {
    let code = error.refusal().map(|refusal| &refusal.code);
    matches!(
        code,
        Some(ResultCode::StrongerAuthRequired | ResultCode::AuthMethodNotSupported)
    )
}
