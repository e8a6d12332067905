//! `login`: a client and the server in one process, with the server's configuration.

use std::env;
use std::time::{Duration, Instant, SystemTime};

use gss_ntlmdc::base::fault::Fault;
use gss_ntlmdc::login::accept::{Acceptor, Established, Terms};
use gss_ntlmdc::login::initiate::{Initiator, Lifetime, PasswordHash, Purpose, User};
use gss_ntlmdc::login::setup::{self, Setup, Source};
use gss_ntlmdc::protocol::ntlm::initiator::Protection;

use crate::arguments::{Login, Server};
use crate::report::{Field, Report, Section};
use crate::{explain, input, privileges};

/// Logs the user in.
///
/// # Errors
/// The password cannot be read, or no configuration is in force.
pub fn run(arguments: &Login) -> Result<Report, String> {
    let password = match &arguments.password_file {
        Some(path) => input::first_line(path)?,
        None => input::prompt(&format!("Password of {}: ", arguments.user))?,
    };
    privileges::become_user(&arguments.server.service_user)?;
    let source = source(&arguments.server);
    let setup = setup::load(&source).map_err(|fault| fault.for_the_log())?;
    let user = PasswordHash::of_password(&password)
        .and_then(|hash| User::typed(&arguments.user, hash, "NTLMDC"))
        .map_err(|fault| fault.for_the_log())?;

    let began = Instant::now();
    let mut acceptor = Acceptor::new();
    let outcome = exchange(&setup, user, &mut acceptor);
    let took = began.elapsed();
    let mut section = match (outcome, acceptor.established()) {
        (Ok(()), Some(login)) => accepted(login),
        (Err(fault), _) => refused(&fault),
        (Ok(()), None) => return Err("the login ended without an outcome".to_owned()),
    };
    section.push(Field::new("time", milliseconds(took)));
    acceptor.deleted();
    Ok(Report {
        sections: vec![section],
    })
}

/// Where the configuration of this server is, as the library looks for it.
fn source(server: &Server) -> Source {
    let variable = |name| env::var(name).ok();
    Source {
        config: server
            .config
            .clone()
            .or_else(|| env::var_os("NTLMDC_CONFIG").map(Into::into)),
        users_file: env::var_os("NTLM_USER_FILE").map(Into::into),
        netbios_computer: variable("NETBIOS_COMPUTER_NAME"),
        netbios_domain: variable("NETBIOS_DOMAIN_NAME"),
    }
}

/// The three messages.
fn exchange(setup: &Setup, user: User, acceptor: &mut Acceptor) -> Result<(), Fault> {
    use gss_ntlmdc::login::accept::Step;
    let mut initiator = Initiator::new(Purpose {
        user,
        target: None,
        protection: Protection::default(),
        lifetime: Lifetime::default(),
    });
    let terms = Terms::of(setup);
    let mut token = initiator.step(None, &[])?;
    while let Step::Continue(challenge) = acceptor.step(&terms, &token)? {
        token = initiator.step(None, &challenge)?;
    }
    Ok(())
}

fn accepted(login: &Established) -> Section {
    let identity = login.identity();
    let mut section = Section::new("accepted");
    section.push(Field::new("REMOTE_USER", identity.display()).right(true));
    section.push(match identity.local() {
        Some(local) => Field::new("local name", local),
        None => Field::new("local name", "(none)").note(identity.no_local_name().to_string()),
    });
    section.push(Field::new("ends", time(login.expires())));
    for attribute in identity.attributes() {
        let field = Field::list(attribute.name, attribute.values.clone());
        section.push(match (attribute.authenticated, attribute.complete) {
            (false, _) => field.note("the client says so"),
            (true, false) => field.note("incomplete: not every name could be had"),
            (true, true) => field,
        });
    }
    section
}

fn refused(fault: &Fault) -> Section {
    let minor = fault.minor();
    let mut section = Section::new("refused");
    section.push(Field::new("reason", fault.for_the_log()).wrong());
    section.push(Field::new("code", explain::code_and_name(minor)));
    section.push(Field::new(
        "cause and cure",
        explain::paragraph(minor.cause()),
    ));
    section
}

fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
