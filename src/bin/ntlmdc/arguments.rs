//! The command line.

mod membership;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use humantime::parse_duration;

use crate::check::Cause;

pub use membership::{Channel, DirectoryLogin, Join, Leave, Place};

/// The input cannot be used, or the command line is wrong.
pub const EXIT_USAGE: u8 = 2;

const EXIT_CODES: &str = "\
Exit status: 0 if all is well, 1 if something is wrong with what was looked at, 2 if it could not be
looked at.";

const CHECK_EXIT_CODES: &str = "\
Exit status: 0 if all is well, 1 if there are warnings or something could not be looked at, 2 if
logins will not work.";

const GROUPS_EXIT_CODES: &str = "\
Exit status: 0 if the policy would let the user in, 1 if it would not or if groups are missing, 2 if
there is no such user or no controller can be asked.";

const ROTATE_EXIT_CODES: &str = "\
Exit status: 0 if the password was changed or need not be, 1 if it was not changed or is too old, 2
if it could not be looked at.";

const JOIN_EXIT_CODES: &str = "\
Exit status: 0 if it is done, 1 if a step failed, 2 if it could not be begun.";

const STATUS_EXIT_CODES: &str = "\
Exit status: 0 if all is well, 1 if a process refuses logins since no domain controller answers, 2
if the state could not be read.";

/// NTLM for Linux servers: looks at tokens, codes and logins.
#[derive(Parser)]
#[command(name = "ntlmdc", version, after_help = EXIT_CODES)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: ToolCommand,
}

#[derive(Subcommand)]
pub enum ToolCommand {
    /// Look at this host and ask the controllers: would logins work, and if not, why?
    #[command(after_help = CHECK_EXIT_CODES)]
    Check(Check),
    /// Explain NTLM and SPNEGO tokens field by field; secrets are hidden.
    Decode(Decode),
    /// Explain a minor code, an NTSTATUS or a line of the log: cause and cure.
    Explain(Explain),
    /// Show the names, SIDs and groups that a login of a user would have, without the password.
    #[command(after_help = GROUPS_EXIT_CODES)]
    Groups(Groups),
    /// Verify logins for squid and others, in the protocol of Samba's ntlm_auth.
    Helper(Helper),
    /// Log in to a site as a browser would, and explain each leg.
    Http(Http),
    /// Join the domain: make a computer account, its secret and a configuration, and try them.
    #[command(after_help = JOIN_EXIT_CODES)]
    Join(Join),
    /// Leave the domain: disable or delete the computer account, and remove its secret.
    #[command(after_help = JOIN_EXIT_CODES)]
    Leave(Leave),
    /// Log a user in as the server would: who it is, or why not, and how long it took.
    Login(Login),
    /// Change the machine account's password, safe against a kill; or look how old it is.
    #[command(after_help = ROTATE_EXIT_CODES)]
    Rotate(Rotate),
    /// Show what the server's processes counted, and the state of their channels.
    #[command(after_help = STATUS_EXIT_CODES)]
    Status(Status),
}

#[derive(Args, Clone, Copy)]
pub struct Output {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Check {
    #[command(flatten)]
    pub server: ServerOptions,
    /// The main file of Apache's configuration [default: the system's]. Root's Apache loads the
    /// modules that it names: give only files that root alone can write.
    #[arg(long, value_name = "FILE")]
    pub apache: Option<PathBuf>,
    /// Leave findings with this identifier out of the exit status, unless logins will not work for
    /// them. May be given several times.
    #[arg(long, value_name = "ID", value_parser = Cause::of_id)]
    pub ignore: Vec<Cause>,
    #[command(flatten)]
    pub output: Output,
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
    #[command(flatten)]
    pub output: Output,
}

#[derive(Args)]
pub struct Explain {
    /// A code in hex or decimal, its name, or a line of the log; all words are taken together. `-`
    /// is the standard input.
    #[arg(required = true, allow_hyphen_values = true)]
    pub words: Vec<String>,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Args)]
pub struct Groups {
    /// The user.
    #[arg(help = r"The user: DOMAIN\user, user@domain or user")]
    pub user: String,
    #[command(flatten)]
    pub server: ServerOptions,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Args)]
pub struct Login {
    /// The user.
    #[arg(help = r"The user: DOMAIN\user, user@domain or user")]
    pub user: String,
    #[command(flatten)]
    pub server: ServerOptions,
    /// Read the password from the first line of this file; `-` is the standard input. Without this
    /// option the tool asks for it.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Args)]
pub struct Rotate {
    /// Change it although the last change is less than a day old.
    #[arg(long, conflicts_with = "check_age")]
    pub force: bool,
    /// Change nothing. Print how old the password is; the exit status is 1 if it is too old.
    #[arg(long)]
    pub check_age: bool,
    /// The greatest age, with --check-age: 30d, 12h.
    #[arg(long, value_name = "TIME", default_value = "35d", value_parser = parse_duration)]
    pub max_age: Duration,
    /// Of several domains in the configuration, the one that is meant [default: all].
    #[arg(long, value_name = "NAME")]
    pub domain: Option<String>,
    #[command(flatten)]
    pub server: ServerOptions,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Args)]
pub struct Status {
    #[command(flatten)]
    pub server: ServerOptions,
    /// Draw the page again after so many seconds, until the program is stopped [default: 2].
    #[arg(
        long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2",
        value_parser = clap::value_parser!(u64).range(1..=3600),
        conflicts_with_all = ["json", "prometheus"],
    )]
    pub watch: Option<u64>,
    /// Print metrics in the text format of Prometheus.
    #[arg(long, conflicts_with = "json")]
    pub prometheus: bool,
    /// Write the metrics to this file, which is replaced as a whole: for the textfile collector of
    /// node_exporter.
    #[arg(long = "output", value_name = "FILE", requires = "prometheus")]
    pub output_file: Option<PathBuf>,
    #[command(flatten)]
    pub output: Output,
}

/// The server whose part is taken.
#[derive(Args)]
pub struct ServerOptions {
    /// The configuration [default: $NTLMDC_CONFIG, or /etc/gss/ntlmdc.toml].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The user that the server runs as. Only root can take another's part.
    #[arg(long = "as", value_name = "USER", default_value = "www-data")]
    pub service_user: String,
}

#[derive(Args)]
pub struct Helper {
    /// The protocol, by the name that ntlm_auth gives it.
    #[arg(long, value_name = "NAME")]
    pub protocol: Protocol,
    /// Let in only members of this group: a SID, or a name as the attribute `groups` has it.
    #[arg(long, value_name = "GROUP")]
    pub require_membership_of: Option<String>,
    #[command(flatten)]
    pub server: ServerOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// The scheme NTLM.
    #[value(name = "squid-2.5-ntlmssp")]
    Ntlm,
    /// The scheme Negotiate: NTLM, plain or in SPNEGO.
    #[value(name = "gss-spnego")]
    Negotiate,
    /// User and password.
    #[value(name = "squid-2.5-basic")]
    Basic,
}

#[derive(Args)]
pub struct Http {
    /// The page: http://HOST/PATH or https://HOST/PATH.
    pub url: String,
    #[arg(
        long,
        short,
        value_name = "USER",
        help = r"The user: DOMAIN\user, user@domain or user. Without it, the site is only asked"
    )]
    pub user: Option<String>,
    /// Read the password from the first line of this file; `-` is the standard input. Without this
    /// option the tool asks for it.
    #[arg(long, value_name = "FILE", requires = "user")]
    pub password_file: Option<PathBuf>,
    /// The scheme of the login [default: the first of these that the site offers].
    #[arg(long, value_name = "SCHEME", requires = "user")]
    pub scheme: Option<Scheme>,
    /// Trust only the certificate authorities in this file, in PEM.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Go on if the site's certificate is not trusted. With Basic, an attacker can then read the
    /// password.
    #[arg(long)]
    pub insecure: bool,
    /// Connect to this host in place of the one in the address.
    #[arg(long, value_name = "HOST[:PORT]")]
    pub connect: Option<String>,
    #[command(flatten)]
    pub output: Output,
}

/// A scheme of HTTP (RFC 9110 11.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scheme {
    /// NTLM in SPNEGO.
    Negotiate,
    /// NTLM.
    Ntlm,
    /// User and password.
    Basic,
}

impl Scheme {
    /// In the order in which clients prefer them.
    pub const ALL: [Self; 3] = [Self::Negotiate, Self::Ntlm, Self::Basic];

    /// The name in the headers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Negotiate => "Negotiate",
            Self::Ntlm => "NTLM",
            Self::Basic => "Basic",
        }
    }
}
