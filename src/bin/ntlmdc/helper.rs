//! `helper`: the protocol of Samba's `ntlm_auth --helper-protocol`. squid and other servers start
//! it, write a line and wait for a line.
//!
//! ```text
//! squid-2.5-ntlmssp  YR BASE64 -> TT BASE64       KK BASE64 -> AF user | NA reason
//! gss-spnego         YR BASE64 -> TT BASE64 *     KK BASE64 -> AF BASE64 user | NA * reason
//! squid-2.5-basic    user password -> OK | ERR reason
//! all                anything else -> BH reason
//! ```
//!
//! The server may show a reason to the client. It says nothing about accounts; the log does.
//!
//! A helper serves one login at a time: the server keeps it for the client between `YR` and `KK`.

mod line;
mod negotiate;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use gss_ntlmdc::base::fault::{Family, Fault};
use gss_ntlmdc::base::name_case::alike;
use gss_ntlmdc::login::accept::Acceptor;
use gss_ntlmdc::login::identity::Identity;

use crate::arguments::{EXIT_USAGE, Helper, Protocol};
use crate::input;
use crate::server::Server;
use line::Command;
use negotiate::{Negotiation, Outcome};

/// More than a token of 128 KiB in Base64, in bytes.
const MAX_LINE: usize = 192 * 1024;

const REFUSED: &str = "the login is refused";
const NOT_A_MEMBER: &str = "the user is not in the group that is required";

/// Answers lines until the input ends.
pub fn run(arguments: &Helper) -> ExitCode {
    let done = Server::take(&arguments.server).and_then(|server| {
        let mut session = Session::new(&server, arguments);
        session
            .serve(&mut io::stdin().lock(), &mut io::stdout().lock())
            .map_err(|error| format!("the helper's lines: {error}"))
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            anstream::eprintln!("ntlmdc helper: {problem}");
            ExitCode::from(EXIT_USAGE)
        }
    }
}

struct Session<'a> {
    server: &'a Server,
    arguments: &'a Helper,
    /// The login that has begun.
    login: Negotiation,
}

impl<'a> Session<'a> {
    fn new(server: &'a Server, arguments: &'a Helper) -> Self {
        Self {
            server,
            arguments,
            login: Negotiation::default(),
        }
    }

    fn serve(&mut self, input: &mut impl BufRead, output: &mut impl Write) -> io::Result<()> {
        loop {
            let answer = match input::line(input, MAX_LINE) {
                Ok(None) => return Ok(()),
                Ok(Some(line)) => self.answer(line.expose()),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => format!("BH {error}"),
                Err(error) => return Err(error),
            };
            writeln!(output, "{answer}")?;
            output.flush()?;
        }
    }

    fn answer(&mut self, line: &[u8]) -> String {
        match self.arguments.protocol {
            Protocol::Basic => self.basic(line),
            Protocol::Ntlm | Protocol::Negotiate => self.token(line),
        }
    }

    fn basic(&self, line: &[u8]) -> String {
        let Some((user, password)) = line::credentials(line) else {
            return "BH a line has a user and a password, each URL-encoded".to_owned();
        };
        match self.server.log_in(&user, password.expose()) {
            Ok(login) => match self.admitted(&login) {
                Ok(_) => "OK".to_owned(),
                Err(reason) => format!("ERR {reason}"),
            },
            Err(fault) => format!("ERR {}", reason(&fault)),
        }
    }

    fn token(&mut self, line: &[u8]) -> String {
        let token = match line::command(line) {
            Some(Command::Begin(token)) => {
                self.login = Negotiation::default();
                token
            }
            Some(Command::Continue(token)) => token,
            None => return "BH expected: YR or KK, and a token in Base64".to_owned(),
        };
        let is_negotiate = self.arguments.protocol == Protocol::Negotiate;
        match self.login.step(self.server, is_negotiate, &token) {
            Ok(Outcome::Continue(answer)) => line::challenge(&answer, is_negotiate),
            Ok(Outcome::Established(answer)) => match self.admitted(self.login.acceptor()) {
                Ok(user) => line::accepted(&user, answer.as_deref(), is_negotiate),
                Err(reason) => line::refused(&reason, is_negotiate),
            },
            Err(fault) => line::refused(reason(&fault), is_negotiate),
        }
    }

    /// The name of the user who logged in, if the group that is required has the user.
    fn admitted(&self, login: &Acceptor) -> Result<String, String> {
        let Some(established) = login.established() else {
            return Err("the login is not complete".to_owned());
        };
        let identity = established.identity();
        match &self.arguments.require_membership_of {
            Some(group) if !is_member(identity, group) => Err(NOT_A_MEMBER.to_owned()),
            _ => Ok(identity.display().to_owned()),
        }
    }
}

/// Whether the user is in a group, by its SID or its name in any case. A name that the controller
/// did not give is no membership.
fn is_member(identity: &Identity, group: &str) -> bool {
    let attribute: &[u8] = match group.starts_with("S-1-") {
        true => b"group-sids",
        false => b"groups",
    };
    let groups = identity.attribute(attribute);
    groups.is_some_and(|groups| {
        let mut values = groups.values.iter();
        values.any(|value| alike(value, group))
    })
}

/// A reason that the client may read: not whether there is such an account, nor how it is.
fn reason(fault: &Fault) -> &'static str {
    match fault.minor().family() {
        Family::Account | Family::Policy => REFUSED,
        _ => fault.minor().text(),
    }
}
