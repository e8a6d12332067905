use crate::base::config::Config;

const ONE: &str = "[[netlogon]]\ndomain = \"one.test\"\nnetbios_domain = \"ONE\"\n\
                   sid = \"S-1-5-21-1-2-1\"\naccount = \"WEB1$\"\nsecret = \"/one\"\n";
const TWO: &str = "[[netlogon]]\ndomain = \"two.test\"\nnetbios_domain = \"TWO\"\n\
                   sid = \"S-1-5-21-1-2-2\"\naccount = \"WEB1$\"\nsecret = \"/two\"\n";

fn parsed(sections: &str) -> Result<Config, String> {
    Config::parse(&format!("verify = [\"netlogon\"]\n{sections}"))
}

fn domains(sections: &str) -> Vec<String> {
    let config = parsed(sections).unwrap();
    let sections = config.netlogon_in_use().iter();
    sections.map(|one| one.domain.clone()).collect()
}

#[test]
fn a_table_is_one_section_and_an_array_may_be_several() {
    assert_eq!(
        domains(&ONE.replace("[[netlogon]]", "[netlogon]")),
        ["one.test"]
    );
    assert_eq!(domains(ONE), ["one.test"]);
    assert_eq!(domains(&format!("{TWO}{ONE}")), ["two.test", "one.test"]);
    let alone = ONE.replace("netbios_domain = \"ONE\"\n", "");
    assert_eq!(domains(&alone), ["one.test"]);
}

#[test]
fn errors_are_placed_as_in_one_table() {
    for (sections, expected) in [
        (
            ONE.replace("account", "acount"),
            "line 6, column 1: unknown field `acount`",
        ),
        (
            format!("{ONE}{}", TWO.replace("WEB1$", "WEB1")),
            "line 12, column 11: a machine account's name ends with $",
        ),
        (
            format!("{ONE}{}", TWO.replace("secret", "# ")),
            "line 8, column 1: secret: the machine account's secret is needed",
        ),
        (
            "netlogon = []".to_owned(),
            "line 2, column 12: netlogon: an empty array",
        ),
        (
            "netlogon = 1".to_owned(),
            "line 2, column 12: netlogon: invalid type: integer `1`, expected a table, or an \
             array of tables",
        ),
        (
            "netlogon = [1]".to_owned(),
            "line 2, column 13: invalid type: integer `1`, expected a table",
        ),
    ] {
        let error = parsed(&sections).unwrap_err();
        assert!(error.starts_with(expected), "{sections}: {error}");
    }
}

#[test]
fn each_name_belongs_to_one_section() {
    let trusted = |netbios: &str, dns: &str, sid: u32| {
        format!(
            "trusted_domains = [{{ netbios = \"{netbios}\", dns = \"{dns}\", \
             sid = \"S-1-5-21-1-2-{sid}\", upn_suffixes = [\"third.brand.test\"] }}]\n"
        )
    };
    let with = |one: &str, two: &str| parsed(&format!("{ONE}{one}{TWO}{two}"));
    let brand = "upn_suffixes = [\"brand.test\"]\n";
    with(brand, &trusted("THIRD", "third.test", 3)).unwrap();
    let third = trusted("THIRD", "third.test", 3);
    for (one, two, named) in [
        (brand, brand, "brand.test"),
        (brand, "upn_suffixes = [\"ONE\"]\n", "ONE"),
        ("", &trusted("X", "one.test", 3), "one.test"),
        (&trusted("two", "x.test", 3), "", "TWO"),
        (&third, &third, "third.test"),
        (
            "upn_suffixes = [\"THIRD.brand.test\"]\n",
            &third,
            "THIRD.brand.test",
        ),
    ] {
        let error = with(one, two).unwrap_err();
        let expected =
            format!("[[netlogon]]: {named} is in the section of one.test and in that of two.test");
        assert_eq!(error, format!("line 2, column 1: {expected}"));
    }
    let same_sid = trusted("Y", "y.test", 3).replace("third.brand", "y.brand");
    let error = with(&third, &same_sid).unwrap_err();
    assert!(error.contains("S-1-5-21-1-2-3 is in"), "{error}");
}

#[test]
fn what_several_sections_need() {
    let guessed = ONE.replace("netbios_domain = \"ONE\"\n", "");
    let error = parsed(&format!("{guessed}{TWO}")).unwrap_err();
    assert!(
        error.contains("netbios_domain: set it for one.test"),
        "{error}"
    );
    let without_sid = TWO.replace("sid = ", "# ");
    let error = parsed(&format!("{ONE}{without_sid}")).unwrap_err();
    for part in [
        "sid: set it for two.test",
        "(Get-ADDomain two.test).DomainSID",
    ] {
        assert!(error.contains(part), "{error}");
    }
    assert!(parsed(&without_sid).is_ok(), "one section");
    for wrong in ["S-1-5-21-1-2", "S-1-5-21-1-2-3-500", "S-1-5-32-544", ""] {
        let text = ONE.replace("S-1-5-21-1-2-1", wrong);
        let error = parsed(&text).unwrap_err();
        let expected = "line 5, column 7: sid: a domain's SID is expected: S-1-5-21-1-2-3";
        assert_eq!(error, expected, "{wrong}");
    }
    let error = parsed(&format!("{ONE}{TWO}state_dir = \"/run/two\"\n")).unwrap_err();
    let expected = ": state_dir: it is one for all [[netlogon]], and one.test has /run/ntlmdc, \
                    two.test has /run/two";
    assert!(error.ends_with(expected), "{error}");
    let same = parsed(&format!("{ONE}{ONE}")).unwrap_err();
    assert!(
        same.contains("one.test is in the section of one.test"),
        "{same}"
    );
}

#[test]
fn a_sid_belongs_to_one_section() {
    let same = TWO.replace("S-1-5-21-1-2-2", "S-1-5-21-1-2-1");
    let error = parsed(&format!("{ONE}{same}")).unwrap_err();
    let expected = "S-1-5-21-1-2-1 is in the section of one.test and in that of two.test";
    assert!(error.ends_with(expected), "{error}");
    // The domain of one section as a trusted domain of the other, by its SID alone.
    let row = "trusted_domains = [{ netbios = \"X\", dns = \"x.test\", \
               sid = \"S-1-5-21-1-2-1\" }]\n";
    let error = parsed(&format!("{ONE}{TWO}{row}")).unwrap_err();
    assert!(error.ends_with(expected), "{error}");
}

#[test]
fn two_accounts_have_no_secret_in_common() {
    let same = TWO.replace("/two", "/one");
    let error = parsed(&format!("{ONE}{same}")).unwrap_err();
    let expected = ": secret: /one is that of one.test and of two.test: give each account a file \
                    of its own";
    assert!(error.ends_with(expected), "{error}");
    // A keytab has a key for each realm.
    let keytab = |section: &str| section.replace("secret = ", "keytab = ");
    parsed(&format!("{}{}", keytab(ONE), keytab(&same))).unwrap();
}

#[test]
fn no_domain_is_called_like_this_host() {
    let row = |netbios: &str, dns: &str| {
        format!(
            "trusted_domains = [{{ netbios = \"{netbios}\", dns = \"{dns}\", \
             sid = \"S-1-5-21-1-2-3\" }}]\n"
        )
    };
    let two = TWO.replace("WEB1$", "WEB2$");
    let called = |one: &str, more: &str| parsed(&format!("{one}{more}{two}"));
    called(ONE, &row("WEB3", "web1.test")).unwrap();
    for name in ["web1", "WEB2"] {
        let error = called(ONE, &row(name, "x.test")).unwrap_err();
        let expected = format!(
            "{} is a domain in the section of one.test",
            name.to_uppercase()
        );
        assert!(error.contains(&expected), "{error}");
        let own = ONE.replace("\"ONE\"", &format!("\"{name}\""));
        let error = called(&own, "").unwrap_err();
        assert!(error.contains(&expected), "{error}");
    }
}
