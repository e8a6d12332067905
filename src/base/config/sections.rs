//! `[netlogon]`, or several `[[netlogon]]`: one section for each forest.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::netlogon::{AccountSecret, Netlogon};

/// Reads a table or an array of tables. An untagged enumeration would lose the place of an error.
pub(super) fn one_or_several<'de, D>(deserializer: D) -> Result<Vec<Netlogon>, D::Error>
where
    D: Deserializer<'de>,
{
    let sections = deserializer.deserialize_any(Sections)?;
    check(&sections).map_err(D::Error::custom)?;
    Ok(sections)
}

struct Sections;

impl<'de> Visitor<'de> for Sections {
    type Value = Vec<Netlogon>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a table, or an array of tables")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Table.visit_map(map).map(|Section(only)| vec![only])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut tables: A) -> Result<Self::Value, A::Error> {
        let mut sections = Vec::new();
        while let Some(Section(section)) = tables.next_element()? {
            sections.push(section);
        }
        match sections.is_empty() {
            true => Err(A::Error::custom("an empty array: write at least one table")),
            false => Ok(sections),
        }
    }
}

/// One table of an array. It is read by a visitor, so that an error has the place of this table and
/// not of the array.
struct Section(Netlogon);

impl<'de> Deserialize<'de> for Section {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Table)
    }
}

struct Table;

impl<'de> Visitor<'de> for Table {
    type Value = Section;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a table")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Netlogon::deserialize(MapAccessDeserializer::new(map)).map(Section)
    }
}

/// Checks that each domain belongs to one section. A login goes to the section of its domain, and
/// no controller of another may answer about it.
///
/// # Errors
/// A section lacks what several need, or two sections share what only one can have.
fn check(sections: &[Netlogon]) -> Result<(), String> {
    if sections.len() < 2 {
        return Ok(());
    }
    for (at, section) in sections.iter().enumerate() {
        check_alone(section)?;
        for other in sections.iter().skip(at + 1) {
            check_pair(section, other)?;
        }
        check_computers(section, sections)?;
    }
    Ok(())
}

/// What one of several sections needs.
fn check_alone(section: &Netlogon) -> Result<(), String> {
    let domain = &section.domain;
    if !section.is_netbios_domain_given {
        return Err(format!(
            "netbios_domain: set it for {domain} too: several [[netlogon]] need it"
        ));
    }
    if section.sid.is_none() {
        return Err(format!(
            "sid: set it for {domain} too, since several [[netlogon]] need it: \
             sid = \"S-1-5-21-...\", the domain's SID. (Get-ADDomain {domain}).DomainSID shows it, \
             `net getdomainsid` on a Samba controller, or `whoami /user` of a user of the domain: \
             without the last number"
        ));
    }
    Ok(())
}

/// What two sections may not share.
fn check_pair(one: &Netlogon, other: &Netlogon) -> Result<(), String> {
    if one.state_dir != other.state_dir {
        return Err(format!(
            "state_dir: it is one for all [[netlogon]], and {} has {}, {} has {}",
            one.domain,
            one.state_dir.display(),
            other.domain,
            other.state_dir.display()
        ));
    }
    let name = one.names().find(|name| other.has_name(name));
    let sid = one.sids().find(|sid| other.sids().any(|its| its == *sid));
    let shared = name
        .map(str::to_owned)
        .or_else(|| sid.map(ToString::to_string));
    if let Some(shared) = shared {
        return Err(format!(
            "[[netlogon]]: {shared} is in the section of {} and in that of {}",
            one.domain, other.domain
        ));
    }
    // `ntlmdc rotate` would write one account's password over the other's. A keytab has a key for
    // each realm.
    match (&one.secret, &other.secret) {
        (AccountSecret::File(path), AccountSecret::File(same)) if path == same => Err(format!(
            "secret: {} is that of {} and of {}: give each account a file of its own",
            path.display(),
            one.domain,
            other.domain
        )),
        _ => Ok(()),
    }
}

/// Users of a domain that is called like this host would look like local users.
fn check_computers(section: &Netlogon, sections: &[Netlogon]) -> Result<(), String> {
    let mut computers = sections.iter().map(|one| one.account.computer().as_str());
    match computers.find(|computer| section.has_name(computer)) {
        Some(computer) => Err(format!(
            "[[netlogon]]: {computer} is a domain in the section of {}, and this host's name by \
             an `account`: give the account another name",
            section.domain
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
