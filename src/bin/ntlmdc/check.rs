//! `check`: what keeps logins from working, found before users do.
//!
//! ```text
//! host      as root: files that the service need not read
//!   privileges  from here on with the rights of the service
//! local     this host: configuration, files, mechanism, Apache
//! remote    DNS and the controllers
//! ```

mod cause;
mod finding;
mod listing;
mod local;
mod progress;
mod remote;

use std::process::ExitCode;

use crate::arguments::Check;
use crate::privileges;
use crate::server;

use finding::Finding;
use progress::Progress;

/// Looks at everything, and prints it.
///
/// # Errors
/// There is no such user.
pub fn run(arguments: &Check) -> Result<ExitCode, String> {
    let mut findings = look(arguments)?;
    findings.sort_by_key(|finding| finding.subject);
    match arguments.output.json {
        true => anstream::println!("{:#}", listing::json(&findings)),
        false => anstream::print!("{}", listing::text(&findings)),
    }
    Ok(ExitCode::from(listing::exit_status(&findings)))
}

fn look(arguments: &Check) -> Result<Vec<Finding>, String> {
    let progress = Progress::new();
    progress.show("reading the configuration …");
    privileges::become_user(&arguments.server.service_user)?;
    let mut findings = Vec::new();
    let source = server::source(&arguments.server);
    if let Some(config) = local::configuration::read(&source, &mut findings) {
        let is_secret_usable = local::files::look(&config, &mut findings);
        findings.extend(remote::findings(&config, is_secret_usable, &progress));
    }
    Ok(findings)
}
