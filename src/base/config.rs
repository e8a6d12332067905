//! One typed configuration, read from a TOML file.
//! An unknown key is an error that names it. Values are checked here, so the rest of the mechanism
//! gets valid ones only. The files that the configuration names (users, secret) are not read here.

mod directory;
mod netlogon;
mod place;
mod policy;
mod relay;
mod sections;
mod tls;
mod trusts;
mod values;
mod wins;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

pub use directory::{
    AttributeName, Directory, DirectoryGroups, GroupDirectory, LdapService, Membership, Schema,
    UserFilter,
};
pub use netlogon::{AccountSecret, Netlogon};
pub use policy::{
    Audit, ChannelBinding, DomainName, Group, GuessLimit, Mic, Policy, ResponseLevel, Rules,
    Service,
};
pub use relay::{Relay, RelayTransport, Share};
pub use tls::{ServerTrust, Tls, TlsStart};
pub use trusts::{GroupsAcrossTrusts, NamesAlone, TrustedDomain};
pub use values::{
    Controller, ControllerOrder, Host, MachineAccount, NetbiosName, SiteName, first_label,
};
pub use wins::{AsciiName, NameServer, Wins};

/// The default of `state_dir`.
pub const DEFAULT_STATE_DIR: &str = "/run/ntlmdc";

/// The content of the file, with defaults.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The verifiers that are asked about a login, in this order; at least one.
    pub verify: Vec<VerifierKind>,
    /// The users file; present if `verify` names it.
    pub users: Option<Users>,
    /// The domains of one forest each; at least one if `verify` names them.
    #[serde(default, deserialize_with = "sections::one_or_several")]
    pub netlogon: Vec<Netlogon>,
    /// The directory; present if `verify` names it.
    pub directory: Option<Directory>,
    /// The domain without a machine account; present if `verify` names it.
    pub relay: Option<Relay>,
    /// How a verified user is named.
    #[serde(default)]
    pub identity: Identity,
    /// Which logins are accepted.
    #[serde(default)]
    pub policy: Policy,
    /// Where decisions are written.
    #[serde(default)]
    pub log: Log,
}

/// A verifier's name in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VerifierKind {
    /// The users file.
    Users,
    /// A domain controller, over a secure channel.
    Netlogon,
    /// A directory with NT hashes.
    Directory,
    /// A domain controller, which the client logs in to through us.
    Relay,
}

/// `[users]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    /// `DOMAIN:user:password` and smbpasswd lines.
    #[serde(deserialize_with = "values::absolute_path")]
    pub file: PathBuf,
    /// The NetBIOS name that clients see as this server's if no other verifier is asked; the host's
    /// name if not given.
    pub netbios_computer: Option<NetbiosName>,
    /// The domain of users whose line names none, and the one that clients see if no other verifier
    /// is asked; the name of the computer if not given, as on a server that is in no domain.
    pub netbios_domain: Option<NetbiosName>,
}

/// `[identity]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Identity {
    /// How the display name is written.
    pub format: NameFormat,
    /// The letter case of names.
    pub case: LetterCase,
    /// The domains, beside our own, whose users are users of this machine.
    #[serde(deserialize_with = "values::at_least_one")]
    pub local_domains: Vec<DomainName>,
    /// The domains in which a name without a domain is looked for, in this order. If empty, each
    /// verifier looks in its own.
    #[serde(deserialize_with = "values::at_least_one")]
    pub default_domain: Vec<DomainName>,
    /// The longest lifetime of a context, which limits sessions and tickets that are built on it.
    #[serde(deserialize_with = "values::required_duration")]
    pub lifetime: Duration,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            format: NameFormat::Logon,
            case: LetterCase::Keep,
            local_domains: Vec::new(),
            default_domain: Vec::new(),
            lifetime: Duration::from_secs(4 * 60 * 60),
        }
    }
}

/// How a display name is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum NameFormat {
    /// `DOMAIN\user`
    #[serde(rename = "logon")]
    Logon,
    /// `user`; `DOMAIN\user` for a user of another domain.
    #[serde(rename = "sam")]
    Sam,
    /// The user principal name, `user@example.test`.
    #[serde(rename = "upn")]
    Upn,
    /// `user@DOMAIN`
    #[serde(rename = "user@DOMAIN")]
    UserAtDomain,
}

/// The letter case of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LetterCase {
    /// As the verifier writes them.
    Keep,
    /// In small letters.
    Lower,
    /// In capitals.
    Upper,
}

/// `[log]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// Where decisions are written.
    pub to: LogTarget,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            to: LogTarget::Syslog,
        }
    }
}

/// Where decisions are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogTarget {
    /// The system log, facility `authpriv`.
    Syslog,
    /// The host's standard error: Apache's error log.
    Stderr,
    /// Nowhere.
    Off,
}

impl Config {
    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// The problem, with line, column and key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|error| place::told(text, &error))?;
        if config.verify.is_empty() {
            return Err(
                "verify: name at least one of \"users\", \"netlogon\", \"relay\", \"directory\""
                    .to_owned(),
            );
        }
        config.check_tables()?;
        let names = |kind| config.verify.contains(&kind);
        if names(VerifierKind::Relay) && names(VerifierKind::Netlogon) {
            return Err(
                "verify: \"netlogon\" and \"relay\" cannot be asked about one login: the \
                 challenge is ours for the one, and the controller's for the other"
                    .to_owned(),
            );
        }
        if let Some(relay) = config.relay.as_ref().filter(|_| names(VerifierKind::Relay)) {
            config.check_beside(relay)?;
        }
        config.check_groups_of_directory()?;
        Ok(config)
    }

    /// Checks that a policy about groups lets users of the directory in, if no other verifier that
    /// knows groups is asked.
    fn check_groups_of_directory(&self) -> Result<(), String> {
        let directory = self.directory.as_ref();
        let knows_none = directory.is_some_and(|directory| directory.groups.is_none());
        let has_none = |kind: &VerifierKind| match kind {
            VerifierKind::Users => true,
            VerifierKind::Directory => knows_none,
            VerifierKind::Netlogon | VerifierKind::Relay => false,
        };
        let is_asked = self.verify.contains(&VerifierKind::Directory);
        match is_asked && !self.policy.groups.is_empty() && self.verify.iter().all(has_none) {
            true => Err(
                "policy.groups: the verifier \"directory\" knows groups by `groups` and \
                 `group_base` of [directory] only, so no user would be let in"
                    .to_owned(),
            ),
            false => Ok(()),
        }
    }

    /// Checks that the tables are there that `verify` names.
    fn check_tables(&self) -> Result<(), String> {
        for verifier in &self.verify {
            let (missing, table) = match verifier {
                VerifierKind::Users => (self.users.is_none(), "users"),
                VerifierKind::Netlogon => (self.netlogon.is_empty(), "netlogon"),
                VerifierKind::Directory => (self.directory.is_none(), "directory"),
                VerifierKind::Relay => (self.relay.is_none(), "relay"),
            };
            if missing {
                return Err(format!(
                    "verify names \"{table}\", and there is no [{table}]"
                ));
            }
        }
        Ok(())
    }

    /// Checks what is verified beside a relay.
    fn check_beside(&self, relay: &Relay) -> Result<(), String> {
        if relay.groups.is_none() && !self.policy.groups.is_empty() {
            return Err(
                "policy.groups: the verifier \"relay\" knows groups by [relay.groups] only, \
                        so no user would be let in"
                    .to_owned(),
            );
        }
        if self.verify.len() > 1 && !relay.is_authenticated() {
            return Err(
                "verify: nothing else beside \"relay\" without tls: an attacker who makes the \
                 challenge can repeat an earlier one, and with it a local user's login"
                    .to_owned(),
            );
        }
        let users = self.users.as_ref();
        let directory = self.directory.as_ref();
        let of_users = users.and_then(|users| users.netbios_domain.as_ref());
        let of_directory = directory.map(|directory| &directory.netbios_domain);
        let beside = [of_users, of_directory].into_iter().flatten();
        match beside
            .map(NetbiosName::as_str)
            .find(|name| relay.domain_called(name).is_some())
        {
            Some(name) => Err(format!("netbios_domain: {name} is a domain of [relay] too")),
            None => Ok(()),
        }
    }

    /// The sections `[netlogon]`, if `verify` names them.
    pub fn netlogon_in_use(&self) -> &[Netlogon] {
        match self.verify.contains(&VerifierKind::Netlogon) {
            true => &self.netlogon,
            false => &[],
        }
    }

    /// The NetBIOS name of the domain whose controllers are asked, the first of several, and the
    /// directory in which the processes of this host share what they count. `None`: no controller
    /// is asked.
    pub fn shared_state(&self) -> Option<(&NetbiosName, &Path)> {
        let relay = self.relay.as_ref();
        let relay = relay.filter(|_| self.verify.contains(&VerifierKind::Relay));
        match (self.netlogon_in_use().first(), relay) {
            (Some(netlogon), _) => Some((&netlogon.netbios_domain, &netlogon.state_dir)),
            (None, Some(relay)) => Some((&relay.netbios_domain, &relay.state_dir)),
            (None, None) => None,
        }
    }

    /// The configuration if only NTLM_USER_FILE is set: a users file, and defaults for the rest.
    pub fn of_users_file(users: Users) -> Self {
        Self {
            verify: vec![VerifierKind::Users],
            users: Some(users),
            netlogon: Vec::new(),
            directory: None,
            relay: None,
            identity: Identity::default(),
            policy: Policy::default(),
            log: Log::default(),
        }
    }
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
