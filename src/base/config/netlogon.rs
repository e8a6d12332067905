//! `[netlogon]`: a domain, by its machine account.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::trusts;
use super::values::{
    self, Controller, ControllerOrder, MachineAccount, NetbiosName, SiteName, first_label, number,
};
use super::wins::{NOT_ASCII, Wins, WinsTable};
use super::{DEFAULT_STATE_DIR, DomainName, GroupsAcrossTrusts, NamesAlone, TrustedDomain};
use crate::base::name_case::alike;
use crate::base::sid::Sid;

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
    /// The domain's SID: the list of its controllers, and answers about its users, must have it.
    pub sid: Option<Sid>,
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
    /// The domain controllers. If empty, they are looked up in WINS or DNS.
    pub controllers: Vec<Controller>,
    /// The order in which `controllers` are asked.
    pub order: ControllerOrder,
    /// The servers that name the controllers, in place of DNS.
    pub wins: Option<Wins>,
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

    /// Every name of a domain in this section: those of the domain, of the domains in
    /// `trusted_domains`, and the suffixes of their users.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let own = [self.domain.as_str(), self.netbios_domain.as_str()];
        let trusted = self.trusted_domains.iter();
        let described = trusted.flat_map(|row| [row.dns.as_str(), row.netbios.as_str()]);
        let trusted = self.trusted_domains.iter();
        let suffixes = trusted.flat_map(|row| &row.upn_suffixes);
        let suffixes = self.upn_suffixes.iter().chain(suffixes);
        let suffixes = suffixes.map(DomainName::as_str);
        own.into_iter().chain(described).chain(suffixes)
    }

    /// Every SID of a domain in this section: that of the domain, and of those in
    /// `trusted_domains`.
    pub fn sids(&self) -> impl Iterator<Item = &Sid> {
        let trusted = self.trusted_domains.iter().map(|row| &row.sid);
        self.sid.iter().chain(trusted)
    }

    /// Whether this is one of [`Self::names`].
    pub fn has_name(&self, name: &str) -> bool {
        self.names().any(|own| alike(own, name))
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
    #[serde(default, deserialize_with = "trusts::optional_domain_sid")]
    sid: Option<Sid>,
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
    wins: Option<WinsTable>,
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
        let (controllers, order) = values::in_order(table.controllers, table.order)?;
        let wins = table
            .wins
            .map(|wins| wins.complete(table.netbios_domain.as_ref(), &controllers, table.source));
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
            sid: table.sid,
            upn_suffixes: table.upn_suffixes,
            trusted_domains: table.trusted_domains,
            groups_across_trusts: table.groups_across_trusts,
            names_alone: table.names_alone,
            account: table.account,
            secret: secret(table.secret, table.keytab)?,
            wins: wins.transpose()?,
            controllers,
            order,
            site: table.site,
            source: table.source,
            connect_timeout: seconds(table.connect_timeout, 3),
            call_timeout: seconds(table.call_timeout, 10),
            logon_timeout: seconds(table.logon_timeout, 25),
            budget: seconds(table.budget, 30),
            connections: number("connections", table.connections.unwrap_or(4), 16)?,
            host_logons: number("host_logons", table.host_logons.unwrap_or(16), 256)?,
            state_dir: table.state_dir.unwrap_or_else(|| DEFAULT_STATE_DIR.into()),
            group_cache: seconds(table.group_cache, 10 * 60),
        })
    }
}

/// The NetBIOS name as given, or the first label of the DNS name: most domains are named so.
pub(super) fn netbios_domain(
    given: Option<NetbiosName>,
    domain: &str,
) -> Result<NetbiosName, String> {
    let name = match given {
        Some(name) => name,
        None => first_label(domain)
            .parse()
            .map_err(|problem| format!("netbios_domain: set it; {problem}"))?,
    };
    match name.as_str().is_ascii() {
        true => Ok(name),
        false => Err(NOT_ASCII.to_owned()),
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
