//! Values of the configuration with types of their own.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::base::name_case::capitals;

/// A NetBIOS name: 1 to 15 characters, in capitals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetbiosName(String);

impl NetbiosName {
    /// The name, in capitals.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NetbiosName {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let forbidden = |letter: char| letter.is_control() || r#"\/:*?"<>|"#.contains(letter);
        if name.is_empty() || name.chars().count() > 15 {
            Err("a NetBIOS name has 1 to 15 characters")
        } else if name.contains(forbidden) {
            Err("a NetBIOS name has none of \\ / : * ? \" < > |")
        } else {
            Ok(Self(capitals(name)))
        }
    }
}

/// A machine account: its name with the `$`, at most 16 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineAccount {
    account: String,
    computer: NetbiosName,
}

impl MachineAccount {
    /// The account's name, e.g. `WEB1-NTLM$`.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The computer's name, e.g. `WEB1-NTLM`: that of the account without the `$`. A domain
    /// controller accepts no other name (MS-NRPC 3.5.4.5.1).
    pub fn computer(&self) -> &NetbiosName {
        &self.computer
    }
}

impl FromStr for MachineAccount {
    type Err = &'static str;

    fn from_str(account: &str) -> Result<Self, Self::Err> {
        let computer = account
            .strip_suffix('$')
            .ok_or("a machine account's name ends with $")?;
        Ok(Self {
            account: account.to_owned(),
            computer: computer.parse()?,
        })
    }
}

/// A domain controller: where it is, and the port of its netlogon service if that is fixed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Controller {
    /// Its address, or the name that has it.
    pub host: Host,
    /// If absent, the endpoint mapper on port 135 is asked.
    pub port: Option<u16>,
}

/// The order in which the controllers of a list are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ControllerOrder {
    /// As listed: the next one is asked if those before it fail.
    #[default]
    Listed,
    /// In turn: each process begins with another controller, and each connection goes to the next.
    Spread,
}

/// A host, as written in the file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// IPv4 or IPv6.
    Address(IpAddr),
    /// A full DNS name, without a dot at the end.
    Name(String),
}

impl FromStr for Controller {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let of = |host, port| Self { host, port };
        if let Ok(address) = text.parse() {
            return Ok(of(Host::Address(address), None));
        }
        if let Ok(socket) = text.parse::<SocketAddr>() {
            return Ok(of(Host::Address(socket.ip()), Some(socket.port())));
        }
        const EXPECTED: &str = "a server is an IP address, a full DNS name, or one of both \
             with :port ([address]:port for IPv6)";
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, Some(port.parse().map_err(|_| EXPECTED)?)),
            None => (text, None),
        };
        let name = name.strip_suffix('.').unwrap_or(name);
        match is_full_name(name) {
            true => Ok(of(Host::Name(name.to_ascii_lowercase()), port)),
            false => Err(EXPECTED),
        }
    }
}

/// Several labels, the last of which is not a number: that would be a mistyped address.
fn is_full_name(name: &str) -> bool {
    name.len() <= 253
        && name.split('.').all(is_label)
        && name
            .rsplit_once('.')
            .is_some_and(|(_, last)| last.contains(|letter: char| !letter.is_ascii_digit()))
}

fn is_label(label: &str) -> bool {
    label.is_ascii() && is_label_of_any_script(label)
}

fn is_label_of_any_script(label: &str) -> bool {
    let allowed = |letter: char| letter.is_alphanumeric() || "-_".contains(letter);
    (1..=63).contains(&label.len()) && label.chars().all(allowed)
}

/// The name of a site of the domain: one label of a DNS name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteName(String);

impl SiteName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SiteName {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match is_label(name) {
            true => Ok(Self(name.to_owned())),
            false => Err("a site's name has 1 to 63 letters, digits, - and _"),
        }
    }
}

macro_rules! deserialize_from_str {
    ($($name:ident),+) => {$(
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

pub(super) use deserialize_from_str;

deserialize_from_str!(NetbiosName, MachineAccount, Controller, SiteName);

/// Reads the DNS name of a domain, with or without a dot at its end. It may have letters of any
/// script: such domains exist, and only DNS itself needs another spelling for them.
pub(super) fn domain_name<'de, D>(deserializer: D) -> Result<String, D::Error>
where
    D: Deserializer<'de>,
{
    let name = String::deserialize(deserializer)?;
    let name = name.strip_suffix('.').unwrap_or(&name);
    match name.len() <= 253 && name.split('.').all(is_label_of_any_script) {
        true => Ok(name.to_owned()),
        false => Err(D::Error::custom(
            "a domain is given by its DNS name: \"example.test\"",
        )),
    }
}

/// Reads an optional DNS name of a domain; see [`domain_name`].
pub(super) fn optional_domain_name<'de, D>(deserializer: D) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    domain_name(deserializer).map(Some)
}

/// Reads the DNS name of our own domain; see [`domain_name`]. A name without a dot is the NetBIOS
/// name.
pub(super) fn own_domain_name<'de, D>(deserializer: D) -> Result<String, D::Error>
where
    D: Deserializer<'de>,
{
    let name = domain_name(deserializer)?;
    match name.contains('.') {
        true => Ok(name),
        false => Err(D::Error::custom(format_args!(
            "{name:?} has no dot: domain is the full DNS name, as \"example.test\"; \
             the short name is netbios_domain"
        ))),
    }
}

const NOT_ABSOLUTE: &str = "a file's path begins with /";

/// Reads a path from the root. The error does not repeat the value: it may be the secret itself.
pub(super) fn absolute_path<'de, D>(deserializer: D) -> Result<PathBuf, D::Error>
where
    D: Deserializer<'de>,
{
    let path = PathBuf::deserialize(deserializer)?;
    match path.is_absolute() {
        true => Ok(path),
        false => Err(D::Error::custom(NOT_ABSOLUTE)),
    }
}

/// Reads a list with at least one entry. A missing key means every domain, group or service; an
/// empty list would look as if it meant none.
pub(super) fn at_least_one<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let list = Vec::deserialize(deserializer)?;
    match list.is_empty() {
        true => Err(D::Error::custom(
            "the list is empty: name one, or leave the key out",
        )),
        false => Ok(list),
    }
}

/// Reads an optional list; see [`at_least_one`].
pub(super) fn optional_list<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    at_least_one(deserializer).map(Some)
}

/// Reads several paths; see [`absolute_path`] and [`at_least_one`].
pub(super) fn absolute_paths<'de, D>(deserializer: D) -> Result<Vec<PathBuf>, D::Error>
where
    D: Deserializer<'de>,
{
    let paths: Vec<PathBuf> = at_least_one(deserializer)?;
    match paths.iter().all(|path| path.is_absolute()) {
        true => Ok(paths),
        false => Err(D::Error::custom(NOT_ABSOLUTE)),
    }
}

/// Reads an optional path; see [`absolute_path`].
pub(super) fn optional_path<'de, D>(deserializer: D) -> Result<Option<PathBuf>, D::Error>
where
    D: Deserializer<'de>,
{
    absolute_path(deserializer).map(Some)
}

/// Reads an optional duration; see [`required_duration`].
pub(super) fn duration<'de, D>(deserializer: D) -> Result<Option<Duration>, D::Error>
where
    D: Deserializer<'de>,
{
    required_duration(deserializer).map(Some)
}

/// Reads a duration: a whole number and `ms`, `s`, `m` or `h`; never zero, a day at most.
pub(super) fn required_duration<'de, D>(deserializer: D) -> Result<Duration, D::Error>
where
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    parse_duration(&text).ok_or_else(|| {
        D::Error::custom("a duration is a whole number and a unit, 1ms to 24h: \"500ms\", \"4h\"")
    })
}

fn parse_duration(text: &str) -> Option<Duration> {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    let unit_at = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit_at);
    let unit = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        _ => return None,
    };
    let millis = number.parse::<u64>().ok()?.checked_mul(unit)?;
    (1..=DAY)
        .contains(&millis)
        .then(|| Duration::from_millis(millis))
}

/// Controllers and their order; none if they are looked up.
pub(super) fn in_order(
    controllers: Option<Vec<Controller>>,
    order: Option<ControllerOrder>,
) -> Result<(Vec<Controller>, ControllerOrder), String> {
    match (controllers, order) {
        (None, Some(_)) => {
            Err("order: it is for `controllers`: remove it, or set `controllers`".to_owned())
        }
        (controllers, order) => Ok((controllers.unwrap_or_default(), order.unwrap_or_default())),
    }
}

/// A number from 1 to `most`.
pub(super) fn number(key: &str, number: usize, most: usize) -> Result<usize, String> {
    match (1..=most).contains(&number) {
        true => Ok(number),
        false => Err(format!("{key}: 1 to {most}")),
    }
}

/// The part of a DNS name before its first dot.
pub fn first_label(name: &str) -> &str {
    name.split_once('.').map_or(name, |(label, _)| label)
}
