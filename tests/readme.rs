//! README.md's table of settings names each key that a configuration may have, and no other.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use gss_ntlmdc::base::config::Config;

#[test]
fn the_table_names_every_key() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let (_, table) = readme.split_once("| key | value | default |\n").unwrap();
    let rows = table.lines().take_while(|row| row.starts_with('|'));
    let told: BTreeSet<_> = rows.flat_map(keys_of_row).collect();
    let mut taken = BTreeSet::new();
    for key in keys_of("") {
        match key.as_str() {
            // The one that is no table.
            "verify" => assert!(taken.insert(key)),
            table => {
                let keys = keys_of(&format!("[{table}]\n")).into_iter();
                taken.extend(keys.map(|key| format!("{table}.{key}")));
            }
        }
    }
    assert_eq!(told, taken);
}

/// The keys in the first column: `` `table.one` `another` ``, all of one table.
fn keys_of_row(row: &str) -> Vec<String> {
    let column = row.split('|').nth(1).unwrap_or_default();
    let names: Vec<_> = column.split('`').skip(1).step_by(2).collect();
    let table = names.first().and_then(|name| name.split_once('.'));
    let in_full = |name: &&str| match table {
        Some((table, _)) if !name.contains('.') => format!("{table}.{name}"),
        _ => (*name).to_owned(),
    };
    names.iter().map(in_full).collect()
}

/// The keys of a table, as the error about one that does not exist names them.
fn keys_of(table: &str) -> Vec<String> {
    let error = Config::parse(&format!("{table}unknown = 0\n")).unwrap_err();
    let (_, expected) = error
        .split_once("unknown field `unknown`, expected ")
        .unwrap();
    let names = expected.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}
