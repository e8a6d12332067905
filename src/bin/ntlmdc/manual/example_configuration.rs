//! `examples/ntlmdc.toml`: every key as a comment, from `docs/configuration.md`.

use std::fs;

use gss_ntlmdc::base::config::Config;

use super::keys::{self, Row};

const TOP: &str = "\
# Every key of the configuration, with its default or an example.
#
# It is made from docs/configuration.md; `man ntlmdc.toml` says more. All lines are comments: as it
# is, this file lets no user in. Copy what you need to /etc/gss/ntlmdc.toml; every key that you
# leave out has its default.
";

/// The values of keys without a default that could be written.
const EXAMPLES: &[(&str, &str, &str)] = &[
    ("", "verify", r#"["netlogon"]"#),
    ("[netlogon]", "domain", r#""example.test""#),
    ("[netlogon]", "netbios_domain", r#""EXAMPLE""#),
    (
        "[netlogon]",
        "sid",
        r#""S-1-5-21-3623811015-3361044348-30300820""#,
    ),
    ("[netlogon]", "account", r#""WEB1-NTLM$""#),
    ("[netlogon]", "secret", r#""/etc/gss/ntlmdc.secret""#),
    ("[netlogon]", "keytab", r#""/etc/gss/ntlmdc.keytab""#),
    (
        "[netlogon]",
        "controllers",
        r#"["10.0.0.2", "dc2.example.test"]"#,
    ),
    ("[netlogon.wins]", "servers", r#"["10.0.0.5"]"#),
    ("[relay.wins]", "servers", r#"["10.0.0.5"]"#),
    ("[netlogon]", "site", r#""Default-First-Site-Name""#),
    ("[netlogon]", "source", r#""10.0.0.80""#),
    ("[netlogon]", "upn_suffixes", r#"["example.com"]"#),
    ("[[netlogon.trusted_domains]]", "netbios", r#""PARTNER""#),
    ("[[netlogon.trusted_domains]]", "dns", r#""partner.test""#),
    (
        "[[netlogon.trusted_domains]]",
        "sid",
        r#""S-1-5-21-1004336348-1177238915-682003330""#,
    ),
    (
        "[[netlogon.trusted_domains]]",
        "upn_suffixes",
        r#"["partner.example"]"#,
    ),
    ("[relay]", "domain", r#""example.test""#),
    ("[relay]", "netbios_domain", r#""EXAMPLE""#),
    ("[relay]", "upn_suffixes", r#"["example.com"]"#),
    ("[relay]", "trusted_domains", r#"["PARTNER"]"#),
    ("[relay]", "transport", r#""ldap""#),
    ("[relay]", "tls", r#""ldaps""#),
    (
        "[relay]",
        "authorities",
        r#""/etc/ssl/certs/domain-ca.pem""#,
    ),
    (
        "[relay]",
        "certificate",
        r#""4F9C0AB14F9C0AB14F9C0AB14F9C0AB14F9C0AB14F9C0AB14F9C0AB14F9C0AB1""#,
    ),
    ("[relay]", "share", r"'\\dc1.example.test\web'"),
    ("[relay]", "controllers", r#"["dc1.example.test"]"#),
    ("[relay]", "source", r#""10.0.0.80""#),
    ("[relay.groups]", "servers", r#"["dc1.example.test"]"#),
    (
        "[relay.groups]",
        "authorities",
        r#""/etc/ssl/certs/domain-ca.pem""#,
    ),
    (
        "[relay.groups]",
        "certificate",
        r#""4F9C0AB14F9C0AB14F9C0AB14F9C0AB14F9C0AB14F9C0AB14F9C0AB14F9C0AB1""#,
    ),
    (
        "[relay.groups]",
        "bind_dn",
        r#""CN=web1,CN=Users,DC=example,DC=test""#,
    ),
    (
        "[relay.groups]",
        "bind_secret",
        r#""/etc/gss/ntlmdc.directory""#,
    ),
    ("[relay.groups]", "base", r#""DC=example,DC=test""#),
    ("[users]", "file", r#""/etc/gss/users""#),
    ("[users]", "netbios_computer", r#""WEB1""#),
    ("[users]", "netbios_domain", r#""EXAMPLE""#),
    (
        "[directory]",
        "servers",
        r#"["ldap1.example.test", "10.0.0.3:636"]"#,
    ),
    (
        "[directory]",
        "authorities",
        r#""/etc/gss/authorities.pem""#,
    ),
    (
        "[directory]",
        "certificate",
        r#""7F83B1657FF1FC53B92DC18148A1D65DFC2D4B1FA3D677284ADDD200126D9069""#,
    ),
    (
        "[directory]",
        "bind_dn",
        r#""cn=ntlmdc,ou=services,dc=example,dc=test""#,
    ),
    (
        "[directory]",
        "bind_secret",
        r#""/etc/gss/ntlmdc.directory""#,
    ),
    ("[directory]", "base", r#""ou=people,dc=example,dc=test""#),
    ("[directory]", "schema", r#""samba""#),
    (
        "[directory]",
        "user_filter",
        r#""(objectClass=sambaSamAccount)""#,
    ),
    ("[directory]", "netbios_domain", r#""EXAMPLE""#),
    ("[directory]", "dns_domain", r#""example.test""#),
    ("[directory]", "netbios_computer", r#""WEB1""#),
    ("[directory]", "groups", r#""search""#),
    (
        "[directory]",
        "group_base",
        r#""ou=groups,dc=example,dc=test""#,
    ),
    ("[directory]", "group_attribute", r#""cn""#),
    ("[directory]", "group_member", r#""member""#),
    ("[directory]", "nested_groups", "true"),
    ("[identity]", "local_domains", r#"["PARTNER"]"#),
    ("[identity]", "default_domain", r#"["EXAMPLE", "PARTNER"]"#),
    (
        "[policy]",
        "tls_certificates",
        r#"["/etc/ssl/certs/www.example.test.pem"]"#,
    ),
    ("[policy]", "spn", r#"["HTTP/www.example.test", "none"]"#),
    ("[policy]", "domains", r#"["EXAMPLE"]"#),
    ("[policy]", "refused_domains", r#"["PARTNER"]"#),
    (
        "[policy]",
        "groups",
        r"['Web Users', 'PARTNER\Staff', 'S-1-5-32-545']",
    ),
    ("[policy.audit]", "response", r#""ntlmv2""#),
    ("[policy.audit]", "mic", r#""require""#),
    ("[policy.audit]", "channel_binding", r#""require""#),
    (
        "[policy.audit]",
        "tls_certificates",
        r#"["/etc/ssl/certs/www.example.test.pem"]"#,
    ),
    ("[policy.audit]", "spn", r#"["HTTP/www.example.test"]"#),
];

#[test]
fn the_example_configuration_is_up_to_date() {
    let path = "examples/ntlmdc.toml";
    let text = text();
    if std::env::var_os("UPDATE_MANUAL").is_some() {
        fs::write(path, &text).unwrap();
    }
    let committed = fs::read_to_string(path).unwrap_or_default();
    let update = super::UPDATE;
    assert!(
        committed == text,
        "{path} is out of date; this writes it anew: {update}"
    );
}

#[test]
fn its_keys_can_be_used() {
    let is_setting =
        |line: &&str| line.len() > 1 && line.starts_with('#') && !line.starts_with("# ");
    let text = text();
    let settings: Vec<&str> = text.lines().filter(is_setting).collect();
    assert!(settings.len() >= 50, "{}", settings.len());
    // A host has some of them only.
    let with_password = [
        "keytab",
        "certificate",
        "share",
        "[netlogon.wins]",
        "[relay.wins]",
    ];
    let by_wins = ["secret", "authorities", "share", "controllers", "order"];
    let over_smb2 = [
        "keytab",
        "authorities",
        "certificate",
        "tls",
        "controllers",
        "order",
    ];
    for left_out in [&with_password[..], &by_wins, &over_smb2] {
        let mut text = without(&settings, left_out);
        if left_out == over_smb2 {
            text = text
                .replace("transport = \"ldap\"", "transport = \"smb2\"")
                .replace("controller = false", "controller = true");
        }
        let parsed = Config::parse(&text);
        assert!(parsed.is_ok(), "without {left_out:?}: {parsed:?}");
    }
}

/// The settings without some keys and tables.
fn without(settings: &[&str], left_out: &[&str]) -> String {
    let mut table = "";
    let mut kept = String::new();
    for line in settings.iter().map(|line| line.trim_start_matches('#')) {
        let key = line.split(" =").next().unwrap_or_default();
        if key.starts_with('[') {
            table = key;
        }
        if !left_out.contains(&key) && !left_out.contains(&table) {
            kept += &format!("{line}\n");
        }
    }
    kept
}

fn text() -> String {
    let mut text = String::from(TOP);
    let mut table = String::new();
    for row in keys::rows() {
        if row.table != table {
            table.clone_from(&row.table);
            text += &format!("\n\n#{table}\n");
        }
        let is_table = |kind: &&str| row.value.starts_with(*kind);
        if !["a table", "list of tables"].iter().any(is_table) {
            text += &entry(&row);
        }
    }
    text
}

/// A key: what it means, and a line that sets it.
fn entry(row: &Row) -> String {
    let (table, key) = (row.table.as_str(), row.key.as_str());
    let literal = row.literal();
    let is_key = |example: &&(&str, &str, &str)| (example.0, example.1) == (table, key);
    let example = EXAMPLES.iter().find(is_key).map(|example| example.2);
    let setting = literal.or(example).unwrap_or_else(|| {
        panic!(
            "{table} {key} has no default: give an example of it in EXAMPLES, in {}",
            file!()
        )
    });
    let note = match literal {
        Some(_) => String::new(),
        None => {
            let default = super::configuration_page::stated_default(&row.default);
            format!(" {default}")
        }
    };
    let meaning = plain(&format!("{}.{note}", row.value));
    format!("\n{}\n#{key} = {setting}\n", comment(&meaning))
}

/// The text without its backquotes, and with the words of its links only.
fn plain(text: &str) -> String {
    let mut parts = text.split("](");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain += part.split_once(')').map_or(part, |(_, after)| after);
    }
    plain.replace(['`', '['], "")
}

/// Comment lines of up to 100 columns.
fn comment(text: &str) -> String {
    let mut lines = vec![String::from("#")];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < 99 => *line += &format!(" {word}"),
            _ => lines.push(format!("# {word}")),
        }
    }
    lines.join("\n")
}
