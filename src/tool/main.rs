//! `ntlmdc`, the administrator's tool.
//!
//! Each subcommand is a module: it reads its input, asks the library, and returns a [`report::Report`],
//! which is printed as text or as JSON.
#![forbid(unsafe_code)]

mod arguments;
mod decode;
mod explain;
mod input;
mod login;
mod privileges;
mod report;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};

fn main() -> ExitCode {
    let Arguments { json, command } = Arguments::parse();
    let done = match command {
        Command::Decode(arguments) => decode::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Login(arguments) => login::run(&arguments),
    };
    match done {
        Ok(report) => report.print(json),
        Err(problem) => {
            anstream::eprintln!("ntlmdc: {problem}");
            ExitCode::from(arguments::EXIT_USAGE)
        }
    }
}
