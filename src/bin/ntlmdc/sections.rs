//! Which section `[netlogon]` of the configuration is meant.

use gss_ntlmdc::base::config::{Config, Netlogon};
use gss_ntlmdc::dc::own_name;

/// The section of this domain; without a name, all of them.
///
/// # Errors
/// There is none.
pub fn some(config: &Config, domain: Option<&str>) -> Result<Vec<Netlogon>, String> {
    let is_meant = |one: &&Netlogon| domain.is_none_or(|name| one.is_called(name));
    let meant: Vec<Netlogon> = config.netlogon.iter().filter(is_meant).cloned().collect();
    match (meant.is_empty(), domain) {
        (false, _) => Ok(meant),
        (true, Some(name)) if !config.netlogon.is_empty() => Err(format!(
            "--domain: {name:?} is not a domain of the configuration: it has {}",
            names(&config.netlogon)
        )),
        (true, _) => Err("the configuration has no [netlogon]: there is no account".to_owned()),
    }
}

/// The section of this domain; without a name, the only one.
///
/// # Errors
/// There is none, or there are several.
pub fn only(config: &Config, domain: Option<&str>) -> Result<Netlogon, String> {
    let mut meant = some(config, domain)?;
    match (meant.pop(), meant.is_empty()) {
        (Some(only), true) => Ok(only),
        _ => Err(format!(
            "the configuration has several domains: name one with --domain: {}",
            names(&config.netlogon)
        )),
    }
}

/// The section with the NetBIOS name that the processes of this host have learnt.
pub fn as_in_force(section: &Netlogon) -> Netlogon {
    let mut config = section.clone();
    if let Some(learnt) = own_name::remembered(&config) {
        config.netbios_domain = learnt;
    }
    config
}

/// The sections by their domains.
pub fn names(sections: &[Netlogon]) -> String {
    let names: Vec<&str> = sections.iter().map(|one| one.domain.as_str()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(domains: &[&str]) -> Config {
        let section = |(at, domain): (usize, &&str)| {
            format!(
                "[[netlogon]]\ndomain = '{domain}.test'\nnetbios_domain = '{domain}'\n\
                 sid = 'S-1-5-21-1-2-{at}'\naccount = 'WEB1$'\nsecret = '/secret{at}'\n"
            )
        };
        let sections: String = domains.iter().enumerate().map(section).collect();
        Config::parse(&format!("verify = ['netlogon']\n{sections}")).unwrap()
    }

    #[test]
    fn a_section_is_chosen_by_its_domain() {
        let (one, two) = (config(&["ONE"]), config(&["ONE", "TWO"]));
        let only = |config, name| only(config, name).map(|section| section.domain);
        assert_eq!(only(&one, None).unwrap(), "ONE.test");
        assert_eq!(only(&two, Some("two")).unwrap(), "TWO.test");
        assert_eq!(only(&two, Some("one.test")).unwrap(), "ONE.test");
        let said = only(&two, None).unwrap_err();
        assert!(said.ends_with("--domain: ONE.test, TWO.test"), "{said}");
        let said = only(&two, Some("THREE")).unwrap_err();
        assert!(said.contains("it has ONE.test, TWO.test"), "{said}");
        assert_eq!(some(&two, None).unwrap().len(), 2);
        assert_eq!(some(&two, Some("TWO")).unwrap().len(), 1);
        let users = "verify = ['users']\n[users]\nfile = '/users'\n";
        assert!(some(&Config::parse(users).unwrap(), None).is_err());
    }
}
