//! The secure channel, opened with the rights of the service: by a process of this program, since
//! rights that a process gives up do not come back.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::Parser;
use gss_ntlmdc::base::config::AccountSecret;
use gss_ntlmdc::dc::probe::Probe;
use gss_ntlmdc::login::setup::{self, Source};
use serde_json::{Value, json};

use super::plan::Plan;
use super::{interrupt, on_this_host};
use crate::arguments::Channel;
use crate::check::local::trial;
use crate::domain_directory::Chosen;
use crate::privileges;
use crate::sections;
use crate::steps::Problem;

/// The first argument of the process that [`run`] is.
const COMMAND: &str = "open-channel";
/// Longer than the time-outs of its steps together.
const PATIENCE: Duration = Duration::from_secs(60);

/// The arguments of such a process; `None` in any other.
pub fn arguments() -> Option<Channel> {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let is_it = words.first().is_some_and(|word| word == COMMAND);
    is_it.then(|| Channel::parse_from(words))
}

/// Opens the channel to the controller, by this configuration with this secret.
///
/// # Errors
/// It does not open; or the process cannot be started.
pub fn open(
    plan: &Plan,
    config: &Path,
    secret: &Path,
    chosen: &Chosen,
    netbios: Option<&str>,
) -> Result<(), Problem> {
    let broken = |error: std::io::Error| on_this_host(error, "Mend this, then run this again.");
    let program = std::env::current_exe().map_err(broken)?;
    let mut command = Command::new(program);
    command.arg(COMMAND).arg("--config").arg(config);
    command.arg("--secret").arg(secret);
    command.args(["--as", &plan.service.name]);
    command.args(["--domain", &plan.domain]);
    command.args(["--address", &chosen.address.to_string()]);
    command.args(chosen.port.map(|port| format!("--port={port}")));
    command.args(netbios.map(|name| format!("--netbios-domain={name}")));
    match trial::run(command, PATIENCE) {
        Some(ended) if ended.is_success => Ok(()),
        Some(ended) => Err(told(&ended.errors)),
        None => Err(Problem::new(
            "the process that opens it did not end in time",
            "Run this again; if it stays so, see `ntlmdc check`.",
        )),
    }
}

/// The problem that the process has printed, in its last line: its log comes before.
fn told(errors: &str) -> Problem {
    let last = errors.lines().next_back().unwrap_or_default();
    let value: Value = serde_json::from_str(last).unwrap_or_default();
    let text = |name| value.get(name).and_then(Value::as_str);
    match (text("what"), text("cure")) {
        (Some(what), Some(cure)) => Problem::new(what, cure),
        _ => Problem::new(errors.to_owned(), "Mend this, then run this again."),
    }
}

/// The process: takes the service's rights, and opens the channel.
///
/// # Errors
/// There is no such user, or no usable configuration.
pub fn run(arguments: &Channel) -> Result<ExitCode, String> {
    interrupt::take_signals();
    privileges::become_user(&arguments.service_user)?;
    let source = Source {
        config: Some(arguments.config.clone()),
        ..Source::default()
    };
    let config = setup::read(&source).map_err(|fault| fault.for_the_log())?;
    let mut netlogon = sections::only(&config, Some(&arguments.domain))?;
    netlogon.secret = AccountSecret::File(arguments.secret.clone());
    if let Some(name) = &arguments.netbios_domain
        && !netlogon.is_netbios_domain_given
    {
        netlogon.netbios_domain = name.parse()?;
    }
    match Probe::new(&netlogon).open_channel(arguments.address, arguments.port) {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(unopened) => {
            let (what, cure) = (unopened.fault.for_the_log(), unopened.fault.minor().cause());
            anstream::eprintln!("{}", json!({ "what": what, "cure": cure }));
            Ok(ExitCode::FAILURE)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_process_says_is_passed_on() {
        let problem = told("ntlmdc: a line of the log\n{\"what\": \"a\", \"cure\": \"b\"}");
        assert_eq!(problem, Problem::new("a", "b"));
        assert_eq!(told("ntlmdc: no user x").what, "ntlmdc: no user x");
    }
}
