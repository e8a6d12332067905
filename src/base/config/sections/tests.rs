use crate::base::config::Config;

const ONE: &str = "[[netlogon]]\ndomain = \"one.test\"\nnetbios_domain = \"ONE\"\n\
                   account = \"WEB1$\"\nsecret = \"/one\"\n";
const TWO: &str = "[[netlogon]]\ndomain = \"two.test\"\nnetbios_domain = \"TWO\"\n\
                   account = \"WEB1$\"\nsecret = \"/two\"\n";

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
            "line 5, column 1: unknown field `acount`",
        ),
        (
            format!("{ONE}{}", TWO.replace("WEB1$", "WEB1")),
            "line 10, column 11: a machine account's name ends with $",
        ),
        (
            format!("{ONE}{}", TWO.replace("secret", "# ")),
            "line 7, column 1: secret: the machine account's secret is needed",
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
            "line 2, column 13: invalid type: integer `1`",
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
    let error = parsed(&format!("{ONE}{TWO}state_dir = \"/run/two\"\n")).unwrap_err();
    assert!(
        error.ends_with(": state_dir: it is one for all [[netlogon]]"),
        "{error}"
    );
    let same = parsed(&format!("{ONE}{ONE}")).unwrap_err();
    assert!(
        same.contains("one.test is in the section of one.test"),
        "{same}"
    );
}
