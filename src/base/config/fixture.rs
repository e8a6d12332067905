//! A configuration of the verifier `netlogon`, for the unit tests of every floor.

use super::{Config, Netlogon};

/// `[netlogon]` with these lines. A `domain`, `account` or `secret` that they do not have is
/// `example.test`, `WEB1-NTLM$` or a file that does not exist.
pub(crate) fn netlogon(lines: &str) -> Netlogon {
    Config::parse(&netlogon_text(lines))
        .unwrap()
        .netlogon
        .unwrap()
}

/// The text that [`netlogon`] reads.
pub(crate) fn netlogon_text(lines: &str) -> String {
    let mut text = "verify = [\"netlogon\"]\n[netlogon]\n".to_owned();
    for (key, value) in [
        ("domain", "example.test"),
        ("account", "WEB1-NTLM$"),
        ("secret", "/nonexistent/secret"),
    ] {
        let is_given = |line: &str| line.split('=').next().map(str::trim) == Some(key);
        if !lines.lines().any(is_given) {
            text.push_str(&format!("{key} = \"{value}\"\n"));
        }
    }
    text + lines + "\n"
}
