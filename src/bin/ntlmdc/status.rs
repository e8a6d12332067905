//! `status`: what the processes of the server have counted, and the state of their channels.
//!
//! | module | what |
//! |---|---|
//! | `facts` | reads the state directory |
//! | `screen` | a page of 80 columns, to be read at a glance |
//! | `json`, `prometheus` | the same for programs |
//! | `output` | a file for node_exporter |

mod facts;
mod json;
mod output;
mod prometheus;
mod screen;
#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use crate::arguments::Status;
use crate::server::Server;
use facts::Facts;

/// Prints the state once, or again and again.
///
/// # Errors
/// There is no configuration, no state directory, or a file that cannot be read.
pub fn run(arguments: &Status) -> Result<ExitCode, String> {
    if let Some(path) = &arguments.output_file {
        return output::write(path, &arguments.server);
    }
    let server = Server::take(&arguments.server)?;
    match arguments.watch {
        Some(seconds) => watch(&server, Duration::from_secs(seconds)),
        None => once(&server, arguments),
    }
}

fn once(server: &Server, arguments: &Status) -> Result<ExitCode, String> {
    let facts = facts_of(server)?;
    match (arguments.output.json, arguments.prometheus) {
        (true, _) => anstream::println!("{:#}", json::of(&facts)),
        (_, true) => anstream::print!("{}", prometheus::text(&facts)),
        _ => anstream::print!("{}", screen::text(&facts)),
    }
    Ok(ExitCode::from(u8::from(facts.is_wrong())))
}

fn facts_of(server: &Server) -> Result<Facts, String> {
    let setup = server.setup().map_err(|fault| fault.for_the_log())?;
    Facts::read(&setup)
}

/// Draws the page in its place until the program is stopped. Without a terminal, each page follows
/// the one before.
fn watch(server: &Server, pause: Duration) -> Result<ExitCode, String> {
    const HOME: &str = "\x1b[H";
    const TO_END_OF_LINE: &str = "\x1b[K\n";
    const CLEAR_REST: &str = "\x1b[J";
    let is_terminal = io::stdout().is_terminal();
    loop {
        // What cannot be read now may come back.
        let page = match facts_of(server) {
            Ok(facts) => screen::text(&facts),
            Err(problem) => format!("{problem}\n"),
        };
        let page = match is_terminal {
            true => format!("{HOME}{}{CLEAR_REST}", page.replace('\n', TO_END_OF_LINE)),
            false => format!("{page}\n"),
        };
        let mut to = anstream::stdout().lock();
        let shown = to.write_all(page.as_bytes()).and_then(|()| to.flush());
        drop(to);
        shown.map_err(|error| format!("the page cannot be printed: {error}"))?;
        thread::sleep(pause);
    }
}
