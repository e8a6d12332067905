//! Opens a connection to a server, with everything up to the bind.

use std::net::IpAddr;
use std::path::Path;

use super::no_answer::{NoAnswer, NoAnswerKind};
use crate::base::config::{Controller, Host, LdapService};
use crate::base::crypto::SecretBytes;
use crate::base::file;
use crate::base::net::Deadline;
use crate::dc;
use crate::directory::client::{Client, Protection, Server};
use crate::directory::error::Error;
use crate::directory::tls::Trust;

/// The longest file of a password.
const MAX_SECRET: u64 = 4096;
/// How many addresses of a host are tried.
const MAX_ADDRESSES: usize = 4;

/// The name of a server, as configured.
pub fn named(service: &LdapService, server: usize) -> String {
    match service.servers.get(server) {
        Some(Controller { host, port }) => {
            let host = match host {
                Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
                Host::Address(address) => address.to_string(),
                Host::Name(name) => name.clone(),
            };
            port.map_or(host.clone(), |port| format!("{host}:{port}"))
        }
        None => String::new(),
    }
}

/// Connects, and binds the account.
///
/// # Errors
/// What failed, on which server.
pub fn open(service: &LdapService, server: usize, deadline: Deadline) -> Result<Client, NoAnswer> {
    let mut client = connect(service, server, deadline)?;
    let password = password(&service.secret).map_err(file_problem)?;
    let password = str::from_utf8(password.expose());
    let password = password.map_err(|_| file_problem(told_of(&service.secret, "not UTF-8")))?;
    client
        .bind_with_password(
            &service.bind_dn,
            password,
            deadline.or_after(service.call_timeout),
        )
        .map_err(|error| problem(service, server, &error))?;
    Ok(client)
}

/// Connects, and begins TLS. The account is not bound yet.
///
/// # Errors
/// What failed, on which server.
pub fn connect(
    service: &LdapService,
    server: usize,
    deadline: Deadline,
) -> Result<Client, NoAnswer> {
    let deadline = deadline.or_after(service.connect_timeout);
    let trust = Trust::of(&service.trust).map_err(file_problem)?;
    let protection = Protection::over_tls(service.tls, trust);
    let Some(Controller { host, port }) = service.servers.get(server) else {
        return Err(file_problem("no such server".to_owned()));
    };
    let (name, addresses) = match host {
        Host::Address(address) => (address.to_string(), Ok(vec![*address])),
        Host::Name(name) => (name.clone(), dc::addresses_of_host(name, deadline)),
    };
    let addresses = addresses.map_err(|text| unreachable(service, server, &text))?;
    let tried = addresses.len().clamp(1, MAX_ADDRESSES);
    // One that keeps silent leaves time for the others.
    let share = service.connect_timeout / u32::try_from(tried).unwrap_or(1);
    let mut failed = unreachable(service, server, "the name has no address");
    for address in addresses.into_iter().take(tried) {
        let to = Server {
            address,
            port: *port,
            source: None,
            name: &name,
        };
        match Client::connect(to, &protection, deadline.or_after(share)) {
            Ok(client) => return Ok(client),
            Err(error) => failed = problem(service, server, &error),
        }
    }
    Err(failed)
}

/// The problem of one server.
pub(super) fn problem(service: &LdapService, server: usize, error: &Error) -> NoAnswer {
    NoAnswer {
        kind: NoAnswerKind::of(error),
        text: format!("{}: {error}", named(service, server)),
    }
}

fn unreachable(service: &LdapService, server: usize, text: &str) -> NoAnswer {
    NoAnswer {
        kind: NoAnswerKind::Unreachable,
        text: format!("{}: {text}", named(service, server)),
    }
}

fn file_problem(text: String) -> NoAnswer {
    NoAnswer {
        kind: NoAnswerKind::File,
        text,
    }
}

/// The password: the first line of a file.
fn password(path: &Path) -> Result<SecretBytes, String> {
    let (text, _) =
        file::read_secret(path, MAX_SECRET).map_err(|error| told_of(path, &error.to_string()))?;
    let mut lines = text.expose().split(|byte| matches!(byte, b'\r' | b'\n'));
    match lines.next().filter(|line| !line.is_empty()) {
        Some(line) => Ok(SecretBytes::new(line.to_vec())),
        None => Err(told_of(path, "the first line is empty, and not a password")),
    }
}

fn told_of(path: &Path, problem: &str) -> String {
    format!("{}: {problem}", path.display())
}
