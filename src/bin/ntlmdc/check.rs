//! `check`: what keeps logins from working, found before users do.
//!
//! ```text
//! Apache    as root: the service need not be able to read its configuration
//!   privileges  from here on with the rights of the service
//! local     this host: configuration, files, mechanism, Apache
//! remote    DNS or WINS, and the controllers
//! relay     what is given up without a machine account; its controllers
//!   groups      the directory of the domain
//! directory   the servers of an LDAP directory
//! ldap_servers   how servers of LDAP are asked
//! ```

mod at_once;
mod cause;
mod directory;
mod finding;
mod ldap_servers;
mod listing;
pub mod local;
mod relay;
mod remote;
mod service;
mod wins;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::arguments::Check;
use crate::progress::Progress;
use crate::server;

pub use cause::Cause;
use finding::Finding;
use local::apache::Apache;
pub use local::spnego::{SPNEGO_TRIAL, run as try_spnego};
use service::ServiceUser;

/// Looks at everything, and prints it.
///
/// # Errors
/// There is no such user.
pub fn run(arguments: &Check) -> Result<ExitCode, String> {
    let mut findings = look(arguments)?;
    findings.sort_by_key(|finding| finding.subject);
    for finding in &mut findings {
        finding.ignore(&arguments.ignore);
    }
    match arguments.output.json {
        true => anstream::println!("{:#}", listing::json(&findings)),
        false => anstream::print!("{}", listing::text(&findings)),
    }
    Ok(ExitCode::from(listing::exit_status(&findings)))
}

fn look(arguments: &Check) -> Result<Vec<Finding>, String> {
    let progress = Progress::new();
    progress.show("reading Apache's configuration …");
    let apache = Apache::read(arguments.apache.as_deref());
    let service = ServiceUser::take(&arguments.server.service_user)?;
    let mut findings = Vec::new();
    if !service.is_taken {
        findings.push(not_the_service(&service));
    }
    progress.show("looking at files …");
    let only = variable("GSS_MECH_CONFIG", apache.as_ref());
    if let Some(library) = local::mechanism::look(only.as_deref(), &service, &mut findings) {
        progress.show("trying the host's SPNEGO …");
        let has_kerberos = apache.as_ref().is_some_and(Apache::has_kerberos);
        findings.push(local::spnego::look(&library, has_kerberos));
    }
    let mut source = server::source(&arguments.server);
    source.config = source
        .config
        .or_else(|| variable("NTLMDC_CONFIG", apache.as_ref()));
    let config = local::configuration::read(&source, &service, &mut findings);
    findings.extend(match &apache {
        Some(apache) => apache.look(config.as_ref()),
        None => vec![local::apache::absent()],
    });
    if let Some(config) = &config {
        let usable = local::files::look(config, &service, &mut findings);
        findings.extend(remote::findings(config, &usable.domains, &progress));
        findings.extend(relay::findings(config, &usable, &progress));
        findings.extend(directory::findings(config, &usable, &progress));
    }
    drop_repeats(&mut findings);
    Ok(findings)
}

/// One directory that cannot be entered is one finding: mech.d and the configuration may be in it.
fn drop_repeats(findings: &mut Vec<Finding>) {
    let unreadable = findings
        .iter()
        .find(|one| one.cause == Some(Cause::FileUnreadable));
    let Some(command) = unreadable
        .and_then(|one| one.cure.lines().last())
        .map(str::to_owned)
    else {
        return;
    };
    findings.retain(|one| {
        one.cause != Some(Cause::MechFileUnreadable) || one.cure.lines().last() != Some(&command)
    });
}

/// A path that the environment names: the tool's, or else that of Apache's start script.
fn variable(name: &str, apache: Option<&Apache>) -> Option<PathBuf> {
    let of_apache = || {
        apache
            .and_then(|apache| apache.variable(name))
            .map(PathBuf::from)
    };
    env::var_os(name).map(PathBuf::from).or_else(of_apache)
}

fn not_the_service(service: &ServiceUser) -> Finding {
    let (user, service) = (service::running_user(), &service.name);
    Cause::NotTheService.unknown(
        format!("run by {user}: whether {service} can read its files is not looked at"),
        "Run it as root:\n  sudo ntlmdc check",
    )
}
