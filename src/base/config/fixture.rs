//! Configurations of the verifiers `netlogon` and `directory`, for the unit tests of every floor.

use super::{Config, Directory, Netlogon, Relay};

/// `[netlogon]` with these lines. A `domain`, `account` or `secret` that they do not have is
/// `example.test`, `WEB1-NTLM$` or a file that does not exist; with `wins`, a `netbios_domain` is
/// `EXAMPLE`.
pub(crate) fn netlogon(lines: &str) -> Netlogon {
    Config::parse(&netlogon_text(lines))
        .unwrap()
        .netlogon
        .pop()
        .unwrap()
}

/// `[directory]` with these lines. What they need and do not have is that of a directory with the
/// schema of Samba, whose one server is 127.0.0.1.
pub(crate) fn directory(lines: &str) -> Directory {
    Config::parse(&directory_text(lines))
        .unwrap()
        .directory
        .unwrap()
}

/// The text that [`netlogon`] reads.
pub(crate) fn netlogon_text(lines: &str) -> String {
    let mut needed = vec![
        ("domain", "\"example.test\""),
        ("account", "\"WEB1-NTLM$\""),
        ("secret", "\"/nonexistent/secret\""),
    ];
    if lines.contains("[netlogon.wins]") {
        needed.push(("netbios_domain", "\"EXAMPLE\""));
    }
    text("netlogon", &needed, lines)
}

/// The text that [`directory`] reads.
pub(crate) fn directory_text(lines: &str) -> String {
    let needed = [
        ("servers", "[\"127.0.0.1\"]"),
        ("bind_dn", "\"cn=ntlmdc,dc=example,dc=test\""),
        ("bind_secret", "\"/nonexistent/secret\""),
        ("base", "\"ou=people,dc=example,dc=test\""),
        ("schema", "\"samba\""),
        ("netbios_domain", "\"EXAMPLE\""),
    ];
    text("directory", &needed, lines)
}

fn text(verifier: &str, needed: &[(&str, &str)], lines: &str) -> String {
    let mut text = format!("verify = [\"{verifier}\"]\n[{verifier}]\n");
    for (key, value) in needed {
        let is_given = |line: &str| line.split('=').next().map(str::trim) == Some(key);
        if !lines.lines().any(is_given) {
            text.push_str(&format!("{key} = {value}\n"));
        }
    }
    text + lines + "\n"
}

/// `[relay]` over SMB2 with these lines, of `example.test`. No controller can be reached.
pub(crate) fn relay(lines: &str) -> Relay {
    let text = format!(
        "verify = [\"relay\"]\n[relay]\ndomain = \"example.test\"\ntransport = \"smb2\"\n\
         controllers = [\"127.0.0.1:1\"]\naccept_unauthenticated_controller = true\n{lines}\n"
    );
    Config::parse(&text).unwrap().relay.unwrap()
}
