//! `login`: a client and the server in one process, with the server's configuration.

use std::time::SystemTime;

use gss_ntlmdc::base::fault::Fault;
use gss_ntlmdc::login::accept::Established;

use crate::arguments::Login;
use crate::report::{Field, Report, Section};
use crate::server::Server;
use crate::{explain, input, timing};

/// Logs the user in.
///
/// # Errors
/// The password cannot be read, or no configuration is in force.
pub fn run(arguments: &Login) -> Result<Report, String> {
    let password = input::password(arguments.password_file.as_deref(), &arguments.user)?;
    let server = Server::take(&arguments.server)?;
    let began = timing::begin();
    let outcome = server.log_in(&arguments.user, password.expose());
    let section = match &outcome {
        Ok(acceptor) => match acceptor.established() {
            Some(login) => accepted(login),
            None => return Err("the login ended without an outcome".to_owned()),
        },
        Err(fault) => refused(fault),
    };
    Ok(Report {
        sections: vec![section, timing::section(began)],
    })
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
    section.push(Field::new("cause and cure", minor.cause()));
    section
}

fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}
