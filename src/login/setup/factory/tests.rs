use super::*;

/// Users of a file have the first section's computer name as domain, beside every section.
#[test]
fn no_trusted_domain_is_called_like_this_host_or_a_verifier_beside() {
    let section = |name: &str, last: u32| {
        format!(
            "[[netlogon]]\ndomain = \"{name}.test\"\nnetbios_domain = \"{name}\"\n\
             sid = \"S-1-5-21-1-2-{last}\"\naccount = \"WEB-{name}$\"\nsecret = \"/{name}\"\n"
        )
    };
    let text = format!(
        "verify = [\"users\", \"netlogon\"]\n[users]\nfile = \"/users\"\n\
         netbios_domain = \"LOCAL\"\n{}{}",
        section("ONE", 1),
        section("TWO", 2)
    );
    let config = Config::parse(&text).unwrap();
    let names = domains_beside(&config);
    let names: Vec<_> = names.iter().map(NetbiosName::as_str).collect();
    assert_eq!(names, ["LOCAL", "WEB-ONE", "WEB-TWO"]);
}
