//! The domain's directory, for `join`, `leave`, `check` and `groups`: a controller, a connection
//! and a login.

mod administrator;
pub mod advice;
mod controller;
mod ticket;

use std::fmt::Display;
use std::time::Duration;

use gss_ntlmdc::base::config::Netlogon;
use gss_ntlmdc::base::crypto::Key;
use gss_ntlmdc::base::net::Deadline;
use gss_ntlmdc::dc;
use gss_ntlmdc::directory::{Account, Client, Error, Protection, Server, Trust};
use gss_ntlmdc::login::setup;

use crate::arguments::DirectoryLogin;
use crate::input;
use crate::steps::Problem;
pub use administrator::{Administrator, LoggedIn};
pub use controller::{Chosen, choose};

/// The longest time for one question to the directory.
const PATIENCE: Duration = Duration::from_secs(20);

/// The deadline of a question that is asked now.
pub fn soon() -> Deadline {
    Deadline::after(PATIENCE)
}

/// Puts the controller of the command line into the place of the configuration's.
///
/// # Errors
/// It is no DNS name and no address.
pub fn take_controller(given: Option<&str>, config: &mut Netlogon) -> Result<(), String> {
    if let Some(given) = given {
        let controller = given.parse();
        config.controllers =
            vec![controller.map_err(|problem| format!("--controller: {problem}"))?];
        config.wins = None;
    }
    Ok(())
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

/// Connects. A certificate of an unknown issuer is shown on a terminal, and may be accepted there.
///
/// # Errors
/// No connection; the certificate is not accepted.
pub fn connect(chosen: &Chosen, protection: &Protection) -> Result<Client, Problem> {
    let server = Server {
        address: chosen.address,
        port: None,
        source: chosen.source,
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

fn confirmed(chosen: &Chosen, fingerprint: impl Display, reason: impl Display) -> bool {
    let question = format!(
        "The certificate of {} is not accepted:\n\
         {reason}. Its SHA-256 fingerprint is\n  {fingerprint}\n\
         Compare it with the one at the controller.\n\
         Trust this certificate? [y/N] ",
        chosen.name
    );
    input::confirm(&question).unwrap_or(false)
}

/// Logs in with NTLM.
///
/// # Errors
/// As [`Client::bind`].
pub fn bind(client: &mut Client, name: &str, domain: &str, nt_hash: &Key) -> Result<(), Error> {
    bind_until(client, name, domain, nt_hash, soon())
}

fn bind_until(
    client: &mut Client,
    name: &str,
    domain: &str,
    nt_hash: &Key,
    until: Deadline,
) -> Result<(), Error> {
    let account = Account {
        name,
        domain,
        nt_hash,
        workstation: &setup::host_name(),
    };
    client.bind(&account, until)
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
    bind_as_machine_until(client, config, nt_hashes, soon())
}

fn bind_as_machine_until(
    client: &mut Client,
    config: &Netlogon,
    nt_hashes: &[Key],
    until: Deadline,
) -> Result<(), Error> {
    let account = config.account.account();
    let mut bound = Ok(());
    for nt_hash in nt_hashes {
        bound = bind_until(client, account, &config.domain, nt_hash, until);
        // Another failure than a refused password is the same with each.
        if !matches!(&bound, Err(error) if error.refusal().is_some()) {
            break;
        }
    }
    bound
}

/// Connects to a controller and logs in as the machine account, sealed by NTLM. A controller that
/// does not know the account's key cannot seal.
///
/// # Errors
/// There is no secret, no connection, or the controller refuses.
pub fn connect_as_machine(
    server: Server<'_>,
    config: &Netlogon,
    until: Deadline,
) -> Result<Client, String> {
    let secrets = dc::machine_nt_hashes(config).map_err(|fault| fault.for_the_log())?;
    let mut client = Client::connect(server, &Protection::Sealed, until)
        .map_err(|error| format!("LDAP, port 389: {error}"))?;
    bind_as_machine_until(&mut client, config, &secrets, until)
        .map_err(|error| format!("LDAP as {}: {error}", config.account.account()))?;
    Ok(client)
}
