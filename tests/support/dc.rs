//! The controller that the environment names.

use std::env;
use std::fs::{self, Permissions};
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gss_ntlmdc::base::config::Config;
use gss_ntlmdc::base::fault::Fault;
use gss_ntlmdc::login::verify::Verifier;
use gss_ntlmdc::login::verify::netlogon::Netlogon;
use tempfile::TempDir;

use crate::support::client::Client;

/// The machine account's name without its `$`.
pub const COMPUTER: &str = "WEB1-NTLM";

/// One test at a time: they all use one machine account, and some count connections.
pub fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("set {name}: see the head of tests/dc/main.rs"))
}

/// The controller's address.
pub fn address() -> String {
    variable("NTLMDC_TEST_DC")
}

/// The first two numbers of the controller's Samba version.
pub fn samba() -> (u32, u32) {
    let version = variable("NTLMDC_TEST_SAMBA");
    let mut numbers = version.split('.').map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

/// The password of a user of the lab's domain.
pub fn password_of(user: &str) -> String {
    let passwords = variable("NTLMDC_TEST_PASSWORDS");
    let mut lines = passwords.lines().filter_map(|line| line.split_once(':'));
    let (_, password) = lines
        .find(|(name, _)| *name == user)
        .unwrap_or_else(|| panic!("NTLMDC_TEST_PASSWORDS has no {user}"));
    password.to_owned()
}

/// The file of the authority that issued the controller's certificate.
pub fn authority() -> String {
    variable("NTLMDC_TEST_AUTHORITY")
}

/// The file of an authority that did not.
pub fn other_authority() -> String {
    variable("NTLMDC_TEST_OTHER_AUTHORITY")
}

/// The file of the controller's certificate.
pub fn certificate() -> String {
    variable("NTLMDC_TEST_CERTIFICATE")
}

/// The fingerprint of the controller's certificate.
pub fn fingerprint() -> String {
    variable("NTLMDC_TEST_FINGERPRINT")
}

/// The keytab of the machine account, as the domain's administrator exports it.
pub fn keytab() -> Vec<u8> {
    fs::read(variable("NTLMDC_TEST_KEYTAB")).unwrap()
}

/// A verifier, and the directory that holds its secret.
pub struct Ready(
    Netlogon,
    #[allow(dead_code, reason = "kept until the end")] TempDir,
);

impl Deref for Ready {
    type Target = Netlogon;

    fn deref(&self) -> &Netlogon {
        &self.0
    }
}

/// What a verifier is told.
pub struct Setup {
    pub controller: String,
    pub account: &'static str,
    pub netbios_domain: &'static str,
    pub secret: String,
    /// The keytab that is to be used in place of the secret.
    pub keytab: Option<Vec<u8>>,
    /// How many connections it may have.
    pub connections: usize,
    /// How many logons it and those that share its directory have under way together.
    pub host_logons: usize,
    /// The directory that it shares with others; one of its own if there is none.
    pub state_dir: Option<PathBuf>,
    /// The file of the secret, which it shares with others; one of its own if there is none.
    pub secret_file: Option<PathBuf>,
}

impl Setup {
    /// As it should be.
    pub fn right() -> Self {
        Self {
            controller: address(),
            account: "WEB1-NTLM$",
            netbios_domain: "EXAMPLE",
            secret: variable("NTLMDC_TEST_SECRET"),
            keytab: None,
            connections: 1,
            host_logons: 16,
            state_dir: None,
            secret_file: None,
        }
    }

    pub fn verifier(&self) -> Ready {
        let directory = tempfile::tempdir().unwrap();
        let own_secret = directory.path().join("secret");
        let (key, content) = match &self.keytab {
            Some(keytab) => ("keytab", keytab.as_slice()),
            None => ("secret", self.secret.as_bytes()),
        };
        if self.secret_file.is_none() {
            write_secret(&own_secret, content);
        }
        let secret = self.secret_file.as_ref().unwrap_or(&own_secret);
        let own_state = directory.path().join("state");
        let text = format!(
            r#"
            verify = ["netlogon"]
            [netlogon]
            domain = "example.test"
            netbios_domain = "{}"
            account = "{}"
            {key} = "{}"
            controllers = ["{}"]
            connections = {}
            host_logons = {}
            state_dir = "{}"
            "#,
            self.netbios_domain,
            self.account,
            secret.display(),
            self.controller,
            self.connections,
            self.host_logons,
            self.state_dir.as_ref().unwrap_or(&own_state).display(),
        );
        let config = Config::parse(&text).unwrap().netlogon.pop().unwrap();
        Ready(Netlogon::new(config), directory)
    }
}

/// Writes the machine account's secret, as an administrator does.
pub fn write_secret(path: &Path, content: &[u8]) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o640)).unwrap();
}

/// A fresh verifier, as it should be.
pub fn verifier() -> Ready {
    Setup::right().verifier()
}

/// Why a client is not let in.
pub fn refused(verifier: &Netlogon, client: &Client) -> Fault {
    match verifier.verify(&client.attempt()) {
        Ok(logon) => panic!("let in as {:?}", logon.account()),
        Err(refusal) => refusal.into_fault(),
    }
}
