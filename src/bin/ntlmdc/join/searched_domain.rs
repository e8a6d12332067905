//! The domain that the host searches, for a command line without one.

use std::fs;

use crate::input;

/// The domain, if the user at the terminal wants it.
///
/// # Errors
/// There is none, no terminal, or the answer is no: how to name the domain.
pub fn confirmed() -> Result<String, String> {
    confirmed_domain(searched_domain(), input::confirm)
}

/// The domain that the host searches, if the user at the terminal wants it: it often comes from
/// DHCP, which any host of the network may answer.
fn confirmed_domain(
    searched: Option<String>,
    confirm: impl FnOnce(&str) -> Option<bool>,
) -> Result<String, String> {
    let domain = searched.ok_or("name the domain: ntlmdc join example.test, by its DNS name")?;
    let shown = domain.escape_debug();
    match confirm(&format!("Join {shown}? [y/N] ")) {
        Some(true) => Ok(domain),
        Some(false) => Err("name the domain: ntlmdc join example.test".to_owned()),
        None => Err(format!(
            "the domain {shown} stands in /etc/resolv.conf, where DHCP may have put it: if it is \
             the right one, name it: ntlmdc join {shown}"
        )),
    }
}

/// The first domain of `search` or `domain` in /etc/resolv.conf.
fn searched_domain() -> Option<String> {
    let text = fs::read_to_string("/etc/resolv.conf").ok()?;
    let of_line = |line: &str| {
        let mut words = line.split_whitespace();
        let key = words.next()?;
        let name = words.next()?.trim_end_matches('.');
        (["search", "domain"].contains(&key) && name.contains('.')).then(|| name.to_owned())
    };
    text.lines().rev().find_map(of_line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_of_resolv_conf_is_asked_about() {
        let searched = || Some("evil.test".to_owned());
        let asked = |question: &str| Some(question == "Join evil.test? [y/N] ");
        assert_eq!(confirmed_domain(searched(), asked).unwrap(), "evil.test");
        assert!(confirmed_domain(searched(), |_| Some(false)).is_err());
        let refused = confirmed_domain(searched(), |_| None).unwrap_err();
        assert!(refused.contains("ntlmdc join evil.test"), "{refused}");
        assert!(confirmed_domain(None, |_| Some(true)).is_err());
    }
}
