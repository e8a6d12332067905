//! docs/configuration.md names each key that a configuration may have, and no other, with its
//! default. What pages show of a configuration or of a users file can be read.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use gss_ntlmdc::base::config::Config;
use gss_ntlmdc::base::crypto;
use gss_ntlmdc::login::verify::users;

use super::keys::rows;
use super::page;

/// A configuration of defaults.
const DEFAULTS: &str = r#"
verify = ["users", "netlogon", "directory"]
[users]
file = "/etc/gss/users"
[netlogon]
domain = "example.test"
account = "WEB1-NTLM$"
secret = "/etc/gss/ntlmdc.secret"
controllers = ["10.0.0.2"]
[directory]
servers = ["ldap1.example.test"]
bind_dn = "cn=ntlmdc,dc=example,dc=test"
bind_secret = "/etc/gss/ntlmdc.directory"
base = "ou=people,dc=example,dc=test"
schema = "samba"
netbios_domain = "EXAMPLE"
[relay]
domain = "example.test"
transport = "ldap"
tls = "ldaps"
controllers = ["10.0.0.2"]
[relay.groups]
servers = ["10.0.0.2"]
bind_dn = "CN=web1,DC=example,DC=test"
bind_secret = "/etc/gss/ntlmdc.directory"
base = "DC=example,DC=test"
[identity]
[policy]
[log]
"#;

/// The same, with what cannot be beside a list of controllers.
const WITH_WINS: &str = r#"
verify = ["netlogon"]
[netlogon]
domain = "example.test"
netbios_domain = "EXAMPLE"
account = "WEB1-NTLM$"
secret = "/etc/gss/ntlmdc.secret"
[netlogon.wins]
servers = ["10.0.0.5"]
[relay]
domain = "example.test"
netbios_domain = "EXAMPLE"
transport = "smb2"
accept_unauthenticated_controller = true
[relay.wins]
servers = ["10.0.0.5"]
"#;

#[test]
fn the_tables_name_every_key() {
    let rows = rows();
    let tables: BTreeSet<&str> = rows.iter().map(|row| row.table.as_str()).collect();
    for key in keys_of("") {
        assert!(
            key == "verify" || tables.contains(format!("[{key}]").as_str()),
            "{key}"
        );
    }
    for table in tables {
        let of_table = rows.iter().filter(|row| row.table == table);
        let told: BTreeSet<String> = of_table.map(|row| row.key.clone()).collect();
        assert_eq!(told, keys_of(table), "{table}");
    }
    for row in &rows {
        assert!(!row.value.is_empty(), "{} {}", row.table, row.key);
    }
}

/// The keys of a table, as the error about one that does not exist names them.
fn keys_of(table: &str) -> BTreeSet<String> {
    let error = Config::parse(&format!("{table}\nunknown = 0\n")).unwrap_err();
    let (_, expected) = error
        .split_once("unknown field `unknown`, expected ")
        .unwrap();
    let names = expected.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

#[test]
fn the_defaults_are_those_of_the_code() {
    let rows = rows();
    let told = rows.iter().filter_map(|row| Some((row, row.literal()?)));
    assert!(told.clone().count() >= 19);
    for (row, default) in told {
        let (table, key) = (&row.table, &row.key);
        let heading = format!("\n{table}\n");
        let defaults = [DEFAULTS, WITH_WINS];
        let defaults = defaults.iter().find(|text| text.contains(&heading));
        let without = defaults.unwrap_or_else(|| panic!("{table}"));
        let line = format!("{heading}{key} = {default}\n");
        let with = without.replacen(&heading, &line, 1);
        let [with, without] = [with.as_str(), without].map(Config::parse);
        assert_eq!(with.unwrap(), without.unwrap(), "{table} {key} = {default}");
    }
}

#[test]
fn what_pages_show_of_a_configuration_can_be_read() {
    let mut read = 0;
    for path in page::all() {
        for block in page::blocks(&page::read(&path), "toml") {
            let parsed = Config::parse(&completed(&block));
            assert!(parsed.is_ok(), "{}: {parsed:?}\n{block}", path.display());
            read += 1;
        }
    }
    assert!(read >= 8, "{read}");
}

/// The part of a configuration, with what it needs beside.
fn completed(part: &str) -> String {
    if part.contains("verify =") {
        return part.to_owned();
    }
    let mut whole = format!("verify = [\"users\"]\n[users]\nfile = \"/etc/gss/users\"\n{part}");
    for (key, value) in [("domain", "a.test"), ("account", "A$"), ("secret", "/a")] {
        let is_given = |line: &str| {
            line.split('=')
                .next()
                .is_some_and(|word| word.trim() == key)
        };
        if !part.lines().any(is_given) {
            whole = whole.replace(
                "[netlogon]\n",
                &format!("[netlogon]\n{key} = \"{value}\"\n"),
            );
        }
    }
    whole
}

#[test]
fn the_lines_of_the_users_file_are_read() {
    let page = page::read("docs/users-file.md");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users");
    fs::write(&path, page::blocks(&page, "text").concat()).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    for (user, password) in [("alice", "a-password"), ("bob", "password")] {
        let found = users::first(&path, |name, domain| (name, domain) == (user, "EXAMPLE"));
        let found = found.unwrap().unwrap();
        assert!(found.nt_hash == crypto::nt_hash(password), "{user}");
    }
}
