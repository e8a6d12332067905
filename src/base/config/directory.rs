//! `[directory]`: an LDAP directory with NT hashes.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

use ldap3_proto::proto::LdapFilter;

use super::tls::{ServerTrust, TlsStart, trust};
use super::values::{self, Controller, NetbiosName};
use crate::base::distinguished_name::DistinguishedName;
use crate::base::fingerprint::Fingerprint;

/// `[directory]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "DirectoryTable")]
pub struct Directory {
    /// The servers, and the account that asks them.
    pub service: LdapService,
    /// Where the users are.
    pub base: DistinguishedName,
    /// How their entries are made.
    pub schema: Schema,
    /// The attribute with a user's name.
    pub user_attribute: AttributeName,
    /// What else holds for the entry of a user.
    pub user_filter: Option<UserFilter>,
    /// The domain of all users.
    pub netbios_domain: NetbiosName,
    /// Its DNS name, which may be typed too.
    pub dns_domain: Option<String>,
    /// The NetBIOS name that clients see as this server's; the host's name if not given.
    pub netbios_computer: Option<NetbiosName>,
    /// How the groups of a user are found. `None`: users are in no group.
    pub groups: Option<DirectoryGroups>,
}

/// Where the groups of users of Active Directory are looked up.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "GroupTable")]
pub struct GroupDirectory {
    /// The servers, and the account that asks them.
    pub service: LdapService,
    /// Where users and groups are.
    pub base: DistinguishedName,
    /// How long the groups of a user are remembered.
    pub lifetime: Duration,
}

/// LDAP servers with one content, and the account that asks them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdapService {
    /// They are asked in this order; at least one.
    pub servers: Vec<Controller>,
    /// How TLS begins.
    pub tls: TlsStart,
    /// Which certificate is accepted.
    pub trust: ServerTrust,
    /// The account's name.
    pub bind_dn: String,
    /// The file of its password.
    pub secret: PathBuf,
    /// The longest wait for a connection, TLS included.
    pub connect_timeout: Duration,
    /// The longest wait for one answer.
    pub call_timeout: Duration,
    /// The longest time for all questions about one login.
    pub budget: Duration,
    /// How many connections a process may have, 1 to 16.
    pub connections: usize,
}

/// Which attributes an entry has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schema {
    /// `sambaSamAccount` of Samba.
    Samba,
    /// FreeIPA's, with `ipaNTHash`.
    FreeIpa,
}

/// How the groups of a user are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryGroups {
    /// The groups of other places do not count.
    pub base: DistinguishedName,
    /// The attribute with the name of a group.
    pub name: AttributeName,
    /// Where membership is written.
    pub membership: Membership,
    /// Whether groups may be members of groups.
    pub nested: bool,
}

/// Where membership is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Membership {
    /// In `memberOf` of the member.
    MemberOf,
    /// In this attribute of the group, which has the names of the members' entries.
    Entries(AttributeName),
    /// In this attribute of the group, which has the users' names.
    Names(AttributeName),
}

/// The name of an attribute, or its object identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeName(String);

impl AttributeName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AttributeName {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-.".contains(letter);
        match (1..=64).contains(&name.len()) && name.chars().all(allowed) {
            true => Ok(Self(name.to_owned())),
            false => Err("an attribute's name has 1 to 64 letters, digits, - and ."),
        }
    }
}

/// A condition on entries (RFC 4515).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserFilter(LdapFilter);

impl UserFilter {
    /// The condition.
    pub fn as_filter(&self) -> &LdapFilter {
        &self.0
    }
}

impl FromStr for UserFilter {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        ldap3_proto::parse_ldap_filter_str(text)
            .map(Self)
            .map_err(|_| "an LDAP filter is expected: \"(objectClass=sambaSamAccount)\"")
    }
}

values::deserialize_from_str!(AttributeName, UserFilter);

/// The service of a table: tables that allow no unknown keys have no part in common.
macro_rules! service {
    ($table:ident) => {{
        let or = |given: Option<Duration>, seconds| given.unwrap_or(Duration::from_secs(seconds));
        LdapService {
            servers: $table.servers,
            tls: $table.tls,
            trust: trust($table.authorities, $table.certificate)?,
            bind_dn: $table.bind_dn,
            secret: $table.bind_secret,
            connect_timeout: or($table.connect_timeout, 3),
            call_timeout: or($table.call_timeout, 5),
            budget: or($table.budget, 15),
            connections: values::number("connections", $table.connections.unwrap_or(4), 16)?,
        }
        .checked()
    }};
}

/// `[directory]` as written in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DirectoryTable {
    #[serde(deserialize_with = "values::at_least_one")]
    servers: Vec<Controller>,
    #[serde(default)]
    tls: TlsStart,
    #[serde(default, deserialize_with = "values::optional_path")]
    authorities: Option<PathBuf>,
    certificate: Option<Fingerprint>,
    bind_dn: String,
    #[serde(deserialize_with = "values::absolute_path")]
    bind_secret: PathBuf,
    base: String,
    schema: Schema,
    user_attribute: Option<AttributeName>,
    user_filter: Option<UserFilter>,
    netbios_domain: NetbiosName,
    #[serde(default, deserialize_with = "values::optional_domain_name")]
    dns_domain: Option<String>,
    netbios_computer: Option<NetbiosName>,
    groups: Option<GroupsFrom>,
    group_base: Option<String>,
    group_attribute: Option<AttributeName>,
    group_member: Option<AttributeName>,
    nested_groups: Option<bool>,
    #[serde(default, deserialize_with = "values::duration")]
    connect_timeout: Option<Duration>,
    #[serde(default, deserialize_with = "values::duration")]
    call_timeout: Option<Duration>,
    #[serde(default, deserialize_with = "values::duration")]
    budget: Option<Duration>,
    connections: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum GroupsFrom {
    MemberOf,
    Search,
}

impl TryFrom<DirectoryTable> for Directory {
    type Error = String;

    fn try_from(mut table: DirectoryTable) -> Result<Self, String> {
        let groups = groups(&mut table)?;
        let attribute = |name: &str| AttributeName(name.to_owned());
        Ok(Self {
            base: distinguished_name("base", &table.base)?,
            schema: table.schema,
            user_attribute: table.user_attribute.take().unwrap_or(attribute("uid")),
            user_filter: table.user_filter.take(),
            netbios_domain: table.netbios_domain.clone(),
            dns_domain: table.dns_domain.take(),
            netbios_computer: table.netbios_computer.take(),
            groups,
            service: service!(table)?,
        })
    }
}

/// `[relay.groups]` as written in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupTable {
    #[serde(deserialize_with = "values::at_least_one")]
    servers: Vec<Controller>,
    #[serde(default)]
    tls: TlsStart,
    #[serde(default, deserialize_with = "values::optional_path")]
    authorities: Option<PathBuf>,
    certificate: Option<Fingerprint>,
    bind_dn: String,
    #[serde(deserialize_with = "values::absolute_path")]
    bind_secret: PathBuf,
    base: String,
    #[serde(default, deserialize_with = "values::duration")]
    lifetime: Option<Duration>,
    #[serde(default, deserialize_with = "values::duration")]
    connect_timeout: Option<Duration>,
    #[serde(default, deserialize_with = "values::duration")]
    call_timeout: Option<Duration>,
    #[serde(default, deserialize_with = "values::duration")]
    budget: Option<Duration>,
    connections: Option<usize>,
}

impl TryFrom<GroupTable> for GroupDirectory {
    type Error = String;

    fn try_from(table: GroupTable) -> Result<Self, String> {
        Ok(Self {
            base: distinguished_name("base", &table.base)?,
            lifetime: table.lifetime.unwrap_or(Duration::from_secs(10 * 60)),
            service: service!(table)?,
        })
    }
}

impl LdapService {
    fn checked(self) -> Result<Self, String> {
        match self.bind_dn.is_empty() {
            true => Err("bind_dn: a name is needed, as of every account".to_owned()),
            false => Ok(self),
        }
    }
}

fn groups(table: &mut DirectoryTable) -> Result<Option<DirectoryGroups>, String> {
    let (name, member) = (table.group_attribute.take(), table.group_member.take());
    let (base, nested) = (table.group_base.take(), table.nested_groups.take());
    let Some(from) = table.groups else {
        let is_given = name.is_some() || member.is_some() || base.is_some() || nested.is_some();
        return match is_given {
            true => Err("groups: set it, or leave the keys about groups out".to_owned()),
            false => Ok(None),
        };
    };
    let base = base.ok_or("group_base: needed with groups; groups elsewhere do not count")?;
    let membership = match (from, member) {
        (GroupsFrom::MemberOf, None) => Membership::MemberOf,
        (GroupsFrom::MemberOf, Some(_)) => {
            return Err("group_member: it is for groups = \"search\"".to_owned());
        }
        (GroupsFrom::Search, None) => Membership::Entries(AttributeName("member".to_owned())),
        (GroupsFrom::Search, Some(name)) if name.as_str().eq_ignore_ascii_case("memberUid") => {
            Membership::Names(name)
        }
        (GroupsFrom::Search, Some(name)) => Membership::Entries(name),
    };
    let nested = nested.unwrap_or_default();
    if nested && matches!(membership, Membership::Names(_)) {
        return Err("nested_groups: groups with memberUid have no groups as members".to_owned());
    }
    Ok(Some(DirectoryGroups {
        base: distinguished_name("group_base", &base)?,
        name: name.unwrap_or(AttributeName("cn".to_owned())),
        membership,
        nested,
    }))
}

fn distinguished_name(key: &str, text: &str) -> Result<DistinguishedName, String> {
    DistinguishedName::parse(text)
        .ok_or_else(|| format!("{key}: a distinguished name is expected: \"dc=example,dc=test\""))
}

#[cfg(test)]
mod tests;
