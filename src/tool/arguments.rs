//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// The input cannot be used, or the command line is wrong.
pub const EXIT_USAGE: u8 = 2;

const EXIT_CODES: &str = "\
Exit status: 0 if all is well, 1 if something is wrong with what was looked at, 2 if it could not be
looked at.";

/// NTLM for Linux servers: looks at tokens, codes and logins.
#[derive(Parser)]
#[command(name = "ntlmdc", version, after_help = EXIT_CODES)]
pub struct Arguments {
    /// Print JSON.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Explain NTLM and SPNEGO tokens field by field; secrets are hidden.
    Decode(Decode),
    /// Explain a minor code, an NTSTATUS or a line of the log: cause and cure.
    Explain(Explain),
    /// Log a user in as the server would: who it is, or why not, and how long it took.
    Login(Login),
}

#[derive(Args)]
pub struct Decode {
    /// Tokens in Base64 or hex, or HTTP headers with one.
    pub tokens: Vec<String>,
    /// A file with tokens in it: a token, a log, a HAR file; `-` is the standard input.
    #[arg(long, short, value_name = "FILE")]
    pub file: Vec<PathBuf>,
    /// Check the last three messages with the user's password, read from the first line of the
    /// standard input.
    #[arg(long)]
    pub password_stdin: bool,
    /// Check the channel binding with this server certificate, in PEM.
    #[arg(long, value_name = "FILE", requires = "password_stdin")]
    pub certificate: Option<PathBuf>,
}

#[derive(Args)]
pub struct Explain {
    /// A code in hex or decimal, its name, or a line of the log; all words are taken together.
    #[arg(required = true, allow_hyphen_values = true)]
    pub words: Vec<String>,
}

#[derive(Args)]
pub struct Login {
    /// The user: `DOMAIN\\user`, `user@domain` or `user`.
    pub user: String,
    #[command(flatten)]
    pub server: Server,
    /// Read the password from the first line of this file; `-` is the standard input. It is asked for
    /// if this is left out.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

/// The server whose part is taken.
#[derive(Args)]
pub struct Server {
    /// The configuration [default: $NTLMDC_CONFIG, or /etc/gss/ntlmdc.toml].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The user that the server runs as. Only root can take another's part.
    #[arg(long = "as", value_name = "USER", default_value = "www-data")]
    pub service_user: String,
}
