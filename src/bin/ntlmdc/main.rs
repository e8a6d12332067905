//! `ntlmdc`, the administrator's tool.
//!
//! Each subcommand is a module. It reads its input, asks the library, and returns a
//! [`report::Report`], which is printed as text or as JSON.
#![forbid(unsafe_code)]

mod arguments;
mod check;
mod decode;
mod domain_directory;
mod explain;
mod groups;
mod helper;
mod http;
mod input;
mod join;
mod leave;
mod login;
#[cfg(test)]
mod manual;
mod privileges;
mod progress;
mod report;
mod rotate;
mod secret_directory;
mod sections;
mod server;
mod spnego;
mod state_at_start;
mod status;
mod steps;
mod timing;
mod whole_file;

use std::process::ExitCode;

use clap::Parser;
use gss_ntlmdc::base::log;

use arguments::{Arguments, ToolCommand};

fn main() -> ExitCode {
    if let Some(arguments) = join::trial::arguments() {
        return exit(join::trial::run(&arguments));
    }
    // `check` starts this, in a process of its own.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|word| word == check::SPNEGO_TRIAL)
    {
        return check::try_spnego();
    }
    let command = Arguments::parse().command;
    // What the library logs to standard error comes after the result. A helper has none.
    if !matches!(command, ToolCommand::Helper(_)) {
        log::hold();
    }
    let status = run(command);
    for line in log::release() {
        anstream::eprintln!("{}", report::printable(&line));
    }
    status
}

fn run(command: ToolCommand) -> ExitCode {
    let (output, done) = match command {
        ToolCommand::Check(arguments) => return exit(check::run(&arguments)),
        ToolCommand::Decode(arguments) => (arguments.output, decode::run(&arguments)),
        ToolCommand::Explain(arguments) => (arguments.output, explain::run(&arguments)),
        ToolCommand::Groups(arguments) => (arguments.output, groups::run(&arguments)),
        ToolCommand::Helper(arguments) => return helper::run(&arguments),
        ToolCommand::Http(arguments) => (arguments.output, http::run(&arguments)),
        ToolCommand::Join(arguments) => return exit(join::run(&arguments)),
        ToolCommand::Leave(arguments) => return exit(leave::run(&arguments)),
        ToolCommand::Login(arguments) => (arguments.output, login::run(&arguments)),
        ToolCommand::Rotate(arguments) => (arguments.output, rotate::run(&arguments)),
        ToolCommand::Status(arguments) => return exit(status::run(&arguments)),
    };
    exit(done.map(|report| report.print(output.json)))
}

fn exit(done: Result<ExitCode, String>) -> ExitCode {
    done.unwrap_or_else(|problem| {
        anstream::eprintln!("ntlmdc: {}", report::printable(&problem));
        ExitCode::from(arguments::EXIT_USAGE)
    })
}
