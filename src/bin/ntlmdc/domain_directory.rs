//! The domain's directory, for `join` and `leave`: a controller, a connection and a login.

pub mod advice;
mod controller;

use std::time::Duration;

use gss_ntlmdc::base::config::Netlogon;
use gss_ntlmdc::base::crypto::{Key, SecretBytes, nt_hash};
use gss_ntlmdc::base::net::Deadline;
use gss_ntlmdc::base::typed_name::split_domain;
use gss_ntlmdc::directory::{Account, Client, Error, Protection, ResultCode, Server, Trust};
use gss_ntlmdc::login::setup;

use crate::arguments::DirectoryLogin;
use crate::input;
use crate::steps::Problem;
pub use controller::{Chosen, choose};

/// The longest time for one question to the directory.
const PATIENCE: Duration = Duration::from_secs(20);

/// The deadline of a question that is asked now.
pub fn soon() -> Deadline {
    Deadline::after(PATIENCE)
}

/// The protection that the options ask for.
///
/// # Errors
/// The file of the authorities cannot be used; or the password may be sent, and the command line
/// does not say to which controller.
pub fn protection(options: &DirectoryLogin) -> Result<Protection, String> {
    if options.simple && options.controller.is_none() && options.pin.is_none() {
        return Err(
            "--simple sends the password, and a controller that DNS names may be a false one: name \
             it with --controller HOST, or its certificate with --pin SHA256"
                .to_owned(),
        );
    }
    let trust = match (&options.ca, options.pin) {
        (Some(path), _) => Trust::of_pem(&input::read(path)?)
            .map_err(|problem| format!("{}: {problem}", path.display()))?,
        (None, Some(pin)) => Trust::Pin(pin),
        (None, None) => Trust::System,
    };
    Ok(match (options.ldaps, options.starttls) {
        (true, _) => Protection::Ldaps(trust),
        (false, true) => Protection::StartTls(trust),
        (false, false) => Protection::Sealed,
    })
}

/// What protects the connection, in words.
pub fn described(protection: &Protection) -> &'static str {
    match protection {
        Protection::None => "unprotected",
        Protection::Sealed => "sealed by NTLM",
        Protection::Ldaps(_) => "over LDAPS",
        Protection::StartTls(_) => "over StartTLS",
    }
}

/// Connects. A certificate of an unknown issuer is shown on a terminal, and may be accepted there.
///
/// # Errors
/// No connection; the certificate is not accepted.
pub fn connect(chosen: &Chosen, protection: &Protection) -> Result<Client, Problem> {
    let server = Server {
        address: chosen.address,
        port: None,
        source: None,
        name: &chosen.name,
    };
    let connected = Client::connect(server, protection, soon());
    let pinned = match (&connected, protection) {
        (
            Err(Error::Untrusted {
                fingerprint,
                reason,
            }),
            Protection::Ldaps(Trust::System),
        ) => confirmed(chosen, *fingerprint, reason)
            .then_some(Protection::Ldaps(Trust::Pin(*fingerprint))),
        (
            Err(Error::Untrusted {
                fingerprint,
                reason,
            }),
            Protection::StartTls(Trust::System),
        ) => confirmed(chosen, *fingerprint, reason)
            .then_some(Protection::StartTls(Trust::Pin(*fingerprint))),
        _ => None,
    };
    let connected = match pinned {
        Some(pinned) => Client::connect(server, &pinned, soon()),
        None => connected,
    };
    connected.map_err(|error| advice::no_connection(&chosen.name, &error))
}

fn confirmed(chosen: &Chosen, fingerprint: impl std::fmt::Display, reason: &str) -> bool {
    let question = format!(
        "The certificate of {} is not accepted:\n\
         {reason}. Its SHA-256 fingerprint is\n  {fingerprint}\n\
         Compare it with the one at the controller.\n\
         Trust this certificate? [y/N] ",
        chosen.name
    );
    input::confirm(&question).unwrap_or(false)
}

/// The user who logs in, with the password.
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
        let password = match &options.password_file {
            Some(path) => input::first_line(path)?,
            None => input::prompt(&format!("Password of {typed}: "))?,
        };
        Ok(Self {
            name: name.to_owned(),
            domain: of.to_owned(),
            typed,
            password,
            may_send: options.simple,
        })
    }

    /// The name, with the domain.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// Logs in: with NTLM, or, where the controller refuses that over TLS, with the password if
    /// `--simple` allows it.
    ///
    /// # Errors
    /// The controller refuses.
    pub fn log_in(&self, client: &mut Client) -> Result<(), Problem> {
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
        bound.map_err(|error| advice::no_login(&self.typed, &error))
    }
}

fn is_ntlm_refused(error: &Error) -> bool {
    let code = error.refusal().map(|refusal| &refusal.code);
    matches!(
        code,
        Some(ResultCode::StrongerAuthRequired | ResultCode::AuthMethodNotSupported)
    )
}

/// Logs in with NTLM.
///
/// # Errors
/// As [`Client::bind`].
pub fn bind(client: &mut Client, name: &str, domain: &str, nt_hash: &Key) -> Result<(), Error> {
    let account = Account {
        name,
        domain,
        nt_hash,
        workstation: &setup::host_name(),
    };
    client.bind(&account, soon())
}

/// Logs in as the machine account, with each of the passwords that it may have.
///
/// # Errors
/// As [`Client::bind`], of the last password.
pub fn bind_as_machine(
    client: &mut Client,
    config: &Netlogon,
    nt_hashes: &[Key],
) -> Result<(), Error> {
    let account = config.account.account();
    let mut bound = Ok(());
    for nt_hash in nt_hashes {
        bound = bind(client, account, &config.domain, nt_hash);
        // Another failure than a refused password is the same with each.
        if !matches!(&bound, Err(error) if error.refusal().is_some()) {
            break;
        }
    }
    bound
}
