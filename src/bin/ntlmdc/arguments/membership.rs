//! The command lines of `join` and `leave`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser};
use gss_ntlmdc::directory::Fingerprint;

use super::Output;

#[derive(Args)]
pub struct Join {
    /// The domain's DNS name [default: that of the configuration; else the first that
    /// /etc/resolv.conf searches, after a question on the terminal].
    pub domain: Option<String>,
    /// The computer account's name, at most 15 characters [default: this host's name and -NTLM;
    /// a longer name is cut, and gets letters of a hash].
    #[arg(long, value_name = "NAME")]
    pub computer: Option<String>,
    /// Where the account is made: the distinguished name of an organizational unit [default: the
    /// domain's container for computers].
    #[arg(long, value_name = "DN", conflicts_with = "offline")]
    pub ou: Option<String>,
    /// Take an account that exists, and give it a new password. What used it before loses it.
    #[arg(long)]
    pub reset: bool,
    /// Take an account that an administrator has prepared, with its password: no administrator's
    /// login, and no LDAP.
    #[arg(
        long,
        conflicts_with_all = ["user", "kerberos", "reset", "tls"],
        requires = "computer"
    )]
    pub offline: bool,
    #[command(flatten)]
    pub login: DirectoryLogin,
    #[command(flatten)]
    pub place: Place,
    /// The user that the server runs as.
    #[arg(
        long = "as",
        alias = "service-user",
        value_name = "USER",
        default_value = "www-data"
    )]
    pub service_user: String,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Args)]
pub struct Leave {
    /// Delete the account. Without this option it is disabled.
    #[arg(long)]
    pub delete: bool,
    /// Leave the account as it is, and remove the secret only.
    #[arg(long, conflicts_with_all = ["delete", "user", "kerberos", "tls"])]
    pub offline: bool,
    /// Of several domains in the configuration, the one to leave.
    #[arg(long, value_name = "NAME")]
    pub domain: Option<String>,
    #[command(flatten)]
    pub login: DirectoryLogin,
    #[command(flatten)]
    pub place: Place,
    #[command(flatten)]
    pub output: Output,
}

/// Who logs in to the directory, and how.
#[derive(Args)]
pub struct DirectoryLogin {
    /// The administrator: a user who may make computer accounts, with a password [default: the
    /// user of the Kerberos ticket in the default cache, if it is of this domain; else `join` takes
    /// Administrator, `leave` the machine account itself].
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// Log in with the Kerberos ticket of the user who runs this, and never with a password.
    #[arg(long, conflicts_with_all = ["user", "password_file", "tls"])]
    pub kerberos: bool,
    /// Read the password from the first line of this file; `-` is the standard input. Without this
    /// option the tool asks for it if one is needed.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// The domain controller: a full DNS name or an address [default: one that DNS names].
    #[arg(long, value_name = "HOST")]
    pub controller: Option<String>,
    /// Ask over TLS, on port 636. Without this option and --starttls, NTLM or Kerberos seals all
    /// messages, on port 389.
    #[arg(long, group = "tls")]
    pub ldaps: bool,
    /// Ask over TLS, on port 389.
    #[arg(long, group = "tls")]
    pub starttls: bool,
    /// Trust the certificate authorities of this file, in PEM [default: those of the host].
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub ca: Option<PathBuf>,
    /// Trust the one certificate with this SHA-256 fingerprint.
    #[arg(long, value_name = "SHA256", requires = "tls", conflicts_with = "ca")]
    pub pin: Option<Fingerprint>,
    /// Send the password itself, within TLS, if the controller refuses NTLM over TLS, as Samba
    /// does. The controller must be named: --controller or --pin.
    #[arg(long, requires = "tls")]
    pub simple: bool,
}

/// The files of the host.
#[derive(Args)]
pub struct Place {
    /// The configuration. The secret is beside it.
    #[arg(long, value_name = "FILE", default_value = "/etc/gss/ntlmdc.toml")]
    pub config: PathBuf,
}

/// Opens a secure channel as the service would. `join` alone calls it, so it is no command of
/// [`Arguments`](super::Arguments).
#[derive(Parser)]
#[command(name = "ntlmdc open-channel")]
pub struct Channel {
    #[arg(long)]
    pub config: PathBuf,
    #[arg(long = "as")]
    pub service_user: String,
    #[arg(long)]
    pub domain: String,
    #[arg(long)]
    pub secret: PathBuf,
    #[arg(long)]
    pub address: IpAddr,
    #[arg(long)]
    pub port: Option<u16>,
    #[arg(long)]
    pub netbios_domain: Option<String>,
}
