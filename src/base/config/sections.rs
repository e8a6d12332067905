//! `[netlogon]`, or several `[[netlogon]]`: one section for each forest.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::netlogon::Netlogon;

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

/// Checks that each name belongs to one section. A login goes to the section of its domain, and no
/// controller of another may answer about it.
///
/// # Errors
/// Two sections share a name or a SID, or a NetBIOS name would have to be guessed.
fn check(sections: &[Netlogon]) -> Result<(), String> {
    if sections.len() < 2 {
        return Ok(());
    }
    for (at, section) in sections.iter().enumerate() {
        let domain = &section.domain;
        if !section.is_netbios_domain_given {
            return Err(format!(
                "netbios_domain: set it for {domain} too: several [[netlogon]] need it"
            ));
        }
        for other in sections.iter().skip(at + 1) {
            if section.state_dir != other.state_dir {
                return Err("state_dir: it is one for all [[netlogon]]".to_owned());
            }
            if let Some(name) = shared(section, other) {
                return Err(format!(
                    "[[netlogon]]: {name} is in the section of {domain} and in that of {}",
                    other.domain
                ));
            }
        }
    }
    Ok(())
}

/// A name or a SID of both.
fn shared(one: &Netlogon, other: &Netlogon) -> Option<String> {
    if let Some(name) = one.names().find(|name| other.has_name(name)) {
        return Some(name.to_owned());
    }
    let mut rows = one.trusted_domains.iter();
    let both = rows.find(|row| other.trusted_domains.iter().any(|its| its.sid == row.sid));
    both.map(|row| row.sid.to_string())
}

#[cfg(test)]
mod tests;
