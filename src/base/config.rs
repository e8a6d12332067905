//! One typed configuration, read from a TOML file.
//! An unknown key is an error that names it. Values are checked here, so the rest of the mechanism
//! gets valid ones only. The files that the configuration names (users, secret) are not read here.

mod directory;
mod place;
mod policy;
mod trusts;
mod values;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::base::name_case::alike;

pub use directory::{
    AttributeName, Directory, DirectoryGroups, GroupDirectory, LdapService, Membership, Schema,
    ServerTrust, TlsStart, UserFilter,
};
pub use policy::{
    Audit, ChannelBinding, DomainName, Group, GuessLimit, Mic, Policy, ResponseLevel, Rules,
    Service,
};
pub use trusts::{GroupsAcrossTrusts, NamesAlone, TrustedDomain};
pub use values::{
    Controller, ControllerOrder, Host, MachineAccount, NetbiosName, SiteName, first_label,
};

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
    /// The domain; present if `verify` names it.
    pub netlogon: Option<Netlogon>,
    /// The directory; present if `verify` names it.
    pub directory: Option<Directory>,
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
    /// A domain controller.
    Netlogon,
    /// A directory with NT hashes.
    Directory,
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

/// `[netlogon]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "NetlogonTable")]
pub struct Netlogon {
    /// The domain's DNS name, e.g. `example.test`; without a dot at the end.
    pub domain: String,
    /// The domain's NetBIOS name, e.g. `EXAMPLE`.
    pub netbios_domain: NetbiosName,
    /// Whether the file gives the NetBIOS name. If not, it is a guess: the first label of `domain`.
    pub is_netbios_domain_given: bool,
    /// The suffixes, beside the domain's name, of our own users' principal names.
    pub upn_suffixes: Vec<DomainName>,
    /// Trusted domains, in addition to the controller's list.
    pub trusted_domains: Vec<TrustedDomain>,
    /// Whether groups of ours are accepted for users of trusted domains.
    pub groups_across_trusts: GroupsAcrossTrusts,
    /// Whether users of ours may log in by a name without a domain.
    pub names_alone: NamesAlone,
    /// The machine account, e.g. `WEB1-NTLM$`.
    pub account: MachineAccount,
    /// The file of the account's secret.
    pub secret: AccountSecret,
    /// The domain controllers. If empty, they are looked up in DNS.
    pub controllers: Vec<Controller>,
    /// The order in which `controllers` are asked.
    pub order: ControllerOrder,
    /// The site whose controllers come first. If absent, a controller tells us our site.
    pub site: Option<SiteName>,
    /// The local address of connections to controllers; if absent, the system chooses.
    pub source: Option<IpAddr>,
    /// The longest wait for a TCP connection.
    pub connect_timeout: Duration,
    /// The longest wait for one answer, except to a logon.
    pub call_timeout: Duration,
    /// The longest wait for the answer to a logon. The controller may have to ask another one: the
    /// PDC about a wrong password, or a controller of a trusted domain about its user.
    pub logon_timeout: Duration,
    /// The longest time for one login as a whole.
    pub budget: Duration,
    /// How many connections a process may have, 1 to 16. Each carries one call at a time.
    pub connections: usize,
    /// How many logons the processes of this host may have under way together, 1 to 256.
    pub host_logons: usize,
    /// The directory in which the processes of this host share the secure channel's key.
    pub state_dir: PathBuf,
    /// How long the name of a group is cached.
    pub group_cache: Duration,
}

impl Netlogon {
    /// Whether this is one of the domain's two names.
    pub fn is_called(&self, name: &str) -> bool {
        alike(name, &self.domain) || alike(name, self.netbios_domain.as_str())
    }

    /// Whether our users' principal names may end so.
    pub fn is_suffix(&self, name: &str) -> bool {
        self.is_called(name) || self.upn_suffixes.iter().any(|suffix| suffix.is(name))
    }
}

/// Where the machine account's secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountSecret {
    /// A file that holds the account's password, or its NT hash in 32 hexadecimal digits.
    File(PathBuf),
    /// A keytab that holds the account's arcfour-hmac key, which is the NT hash.
    Keytab(PathBuf),
}

/// `[netlogon]` as written in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NetlogonTable {
    #[serde(deserialize_with = "values::own_domain_name")]
    domain: String,
    netbios_domain: Option<NetbiosName>,
    #[serde(default, deserialize_with = "values::at_least_one")]
    upn_suffixes: Vec<DomainName>,
    #[serde(default, deserialize_with = "values::at_least_one")]
    trusted_domains: Vec<TrustedDomain>,
    #[serde(default)]
    groups_across_trusts: GroupsAcrossTrusts,
    #[serde(default)]
    names_alone: NamesAlone,
    account: MachineAccount,
    #[serde(default, deserialize_with = "values::optional_path")]
    secret: Option<PathBuf>,
    #[serde(default, deserialize_with = "values::optional_path")]
    keytab: Option<PathBuf>,
    #[serde(default, deserialize_with = "values::optional_list")]
    controllers: Option<Vec<Controller>>,
    order: Option<ControllerOrder>,
    site: Option<SiteName>,
    source: Option<IpAddr>,
    #[serde(default, deserialize_with = "values::duration")]
    connect_timeout: Option<Duration>,
    #[serde(default, deserialize_with = "values::duration")]
    call_timeout: Option<Duration>,
    #[serde(default, deserialize_with = "values::duration")]
    logon_timeout: Option<Duration>,
    #[serde(default, deserialize_with = "values::duration")]
    budget: Option<Duration>,
    connections: Option<usize>,
    host_logons: Option<usize>,
    #[serde(default, deserialize_with = "values::optional_path")]
    state_dir: Option<PathBuf>,
    #[serde(default, deserialize_with = "values::duration")]
    group_cache: Option<Duration>,
}

impl TryFrom<NetlogonTable> for Netlogon {
    type Error = String;

    fn try_from(table: NetlogonTable) -> Result<Self, String> {
        if table.order.is_some() && table.controllers.is_none() {
            return Err(
                "order: it is for `controllers`; without a list, DNS gives the order".into(),
            );
        }
        let is_netbios_domain_given = table.netbios_domain.is_some();
        let netbios_domain = netbios_domain(table.netbios_domain, &table.domain)?;
        // Like the NetBIOS name, it goes to the controller in an OEM character set that is not
        // known here (MS-NRPC 2.2.1.3.1).
        if !table.account.account().is_ascii() {
            return Err("account: only a name in ASCII can be used".to_owned());
        }
        let seconds =
            |given: Option<Duration>, seconds| given.unwrap_or(Duration::from_secs(seconds));
        Ok(Self {
            domain: table.domain,
            netbios_domain,
            is_netbios_domain_given,
            upn_suffixes: table.upn_suffixes,
            trusted_domains: table.trusted_domains,
            groups_across_trusts: table.groups_across_trusts,
            names_alone: table.names_alone,
            account: table.account,
            secret: secret(table.secret, table.keytab)?,
            controllers: table.controllers.unwrap_or_default(),
            order: table.order.unwrap_or_default(),
            site: table.site,
            source: table.source,
            connect_timeout: seconds(table.connect_timeout, 3),
            call_timeout: seconds(table.call_timeout, 10),
            logon_timeout: seconds(table.logon_timeout, 25),
            budget: seconds(table.budget, 30),
            connections: values::number("connections", table.connections.unwrap_or(4), 16)?,
            host_logons: values::number("host_logons", table.host_logons.unwrap_or(16), 256)?,
            state_dir: table.state_dir.unwrap_or_else(|| DEFAULT_STATE_DIR.into()),
            group_cache: seconds(table.group_cache, 10 * 60),
        })
    }
}

/// The NetBIOS name as given, or the first label of the DNS name: most domains are named so.
fn netbios_domain(given: Option<NetbiosName>, domain: &str) -> Result<NetbiosName, String> {
    let name = match given {
        Some(name) => name,
        None => first_label(domain)
            .parse()
            .map_err(|problem| format!("netbios_domain: set it; {problem}"))?,
    };
    match name.as_str().is_ascii() {
        true => Ok(name),
        false => Err("netbios_domain: set it, in ASCII: no other can be used".to_owned()),
    }
}

/// The secret from the one of the two keys that is set.
fn secret(file: Option<PathBuf>, keytab: Option<PathBuf>) -> Result<AccountSecret, String> {
    match (file, keytab) {
        (Some(file), None) => Ok(AccountSecret::File(file)),
        (None, Some(keytab)) => Ok(AccountSecret::Keytab(keytab)),
        (None, None) => Err("secret: the machine account's secret is needed, or keytab".to_owned()),
        (Some(_), Some(_)) => {
            Err("secret, keytab: only one of them can be the account's".to_owned())
        }
    }
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
                "verify: name at least one of \"users\", \"netlogon\", \"directory\"".to_owned(),
            );
        }
        for verifier in &config.verify {
            let (missing, table) = match verifier {
                VerifierKind::Users => (config.users.is_none(), "users"),
                VerifierKind::Netlogon => (config.netlogon.is_none(), "netlogon"),
                VerifierKind::Directory => (config.directory.is_none(), "directory"),
            };
            if missing {
                return Err(format!(
                    "verify names \"{table}\", and there is no [{table}]"
                ));
            }
        }
        Ok(config)
    }

    /// The configuration if only NTLM_USER_FILE is set: a users file, and defaults for the rest.
    pub fn of_users_file(users: Users) -> Self {
        Self {
            verify: vec![VerifierKind::Users],
            users: Some(users),
            netlogon: None,
            directory: None,
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
