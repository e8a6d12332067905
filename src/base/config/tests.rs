use super::*;

const DOMAIN: &str = r#"
    verify = ["netlogon"]
    [netlogon]
    domain = "example.test"
    account = "web1-ntlm$"
    secret = "/etc/gss/ntlmdc.secret"
    controllers = ["192.0.2.1", "[2001:db8::1]:49152"]
"#;

#[test]
fn defaults_are_filled_in() {
    let mut config = Config::parse(DOMAIN).unwrap();
    let netlogon = config.netlogon.pop().unwrap();
    assert_eq!(netlogon.netbios_domain.as_str(), "EXAMPLE");
    assert_eq!(netlogon.account.account(), "web1-ntlm$");
    assert_eq!(netlogon.account.computer().as_str(), "WEB1-NTLM");
    let address = |text: &str| Host::Address(text.parse().unwrap());
    assert_eq!(netlogon.controllers[0].host, address("192.0.2.1"));
    assert_eq!(netlogon.controllers[0].port, None);
    assert_eq!(netlogon.controllers[1].host, address("2001:db8::1"));
    assert_eq!(netlogon.controllers[1].port, Some(49152));
    assert_eq!((netlogon.site, netlogon.source), (None, None));
    assert_eq!(netlogon.call_timeout, Duration::from_secs(10));
    assert_eq!(netlogon.logon_timeout, Duration::from_secs(25));
    assert_eq!(netlogon.budget, Duration::from_secs(30));
    assert_eq!(
        netlogon.secret,
        AccountSecret::File("/etc/gss/ntlmdc.secret".into())
    );
    assert_eq!(netlogon.connections, 4);
    assert_eq!(netlogon.host_logons, 16);
    assert_eq!(netlogon.state_dir, PathBuf::from("/run/ntlmdc"));
    assert_eq!(netlogon.group_cache, Duration::from_secs(600));
    assert_eq!(config.identity.lifetime, Duration::from_secs(14_400));
    assert_eq!(config.identity.format, NameFormat::Logon);
    assert_eq!(config.policy, Policy::default());
    assert_eq!(config.identity, Identity::default());
    assert_eq!(config.log.to, LogTarget::Syslog);
}

#[test]
fn every_setting_can_be_written() {
    let text = format!(
        r#"{DOMAIN}
        netbios_domain = "CORP"
        upn_suffixes = ["brand.test"]
        connect_timeout = "500ms"
        call_timeout = "2s"
        logon_timeout = "40s"
        budget = "1m"
        connections = 16
        state_dir = "/run/elsewhere"
        group_cache = "30s"
        site = "Berlin"
        source = "192.0.2.9"
        [users]
        file = "/etc/gss/ntlmdc.users"
        netbios_computer = "web1"
        netbios_domain = "corp"
        [identity]
        format = "user@DOMAIN"
        lifetime = "8h"
        case = "lower"
        local_domains = ["CORP", "branch.test"]
        default_domain = ["BRANCH", "CORP"]
        [policy]
        mic = "require"
        [log]
        to = "stderr"
        "#
    );
    let mut config = Config::parse(&text).unwrap();
    let netlogon = config.netlogon.pop().unwrap();
    assert_eq!(netlogon.netbios_domain.as_str(), "CORP");
    assert_eq!(netlogon.connect_timeout, Duration::from_millis(500));
    assert_eq!(netlogon.call_timeout, Duration::from_secs(2));
    assert_eq!(netlogon.logon_timeout, Duration::from_secs(40));
    assert_eq!(netlogon.budget, Duration::from_secs(60));
    assert_eq!(netlogon.connections, 16);
    assert_eq!(netlogon.state_dir, PathBuf::from("/run/elsewhere"));
    assert_eq!(netlogon.group_cache, Duration::from_secs(30));
    assert!(netlogon.is_suffix("Brand.test") && !netlogon.is_suffix("other.test"));
    assert!(netlogon.is_suffix("Corp") && !netlogon.is_called("brand.test"));
    assert_eq!(netlogon.site.unwrap().as_str(), "Berlin");
    assert_eq!(netlogon.source, Some("192.0.2.9".parse().unwrap()));
    let users = config.users.unwrap();
    assert_eq!(users.netbios_computer.unwrap().as_str(), "WEB1");
    assert_eq!(users.netbios_domain.unwrap().as_str(), "CORP");
    assert_eq!(config.identity.format, NameFormat::UserAtDomain);
    assert_eq!(config.identity.lifetime, Duration::from_secs(8 * 3600));
    assert_eq!(config.policy.rules.mic, Mic::Require);
    assert_eq!(config.identity.case, LetterCase::Lower);
    assert!(config.identity.local_domains[1].is("BRANCH.test"));
    assert_eq!(config.identity.default_domain[0].as_str(), "BRANCH");
    assert_eq!(config.log.to, LogTarget::Stderr);
}

/// What is wrong with `DOMAIN` when `line` stands in the place of the line that starts like it.
fn error_with(line: &str) -> String {
    let key = line.split(' ').next().unwrap();
    let kept: Vec<&str> = DOMAIN
        .lines()
        .filter(|kept| !kept.trim_start().starts_with(key))
        .collect();
    Config::parse(&format!("{}\n{line}\n", kept.join("\n"))).unwrap_err()
}

#[test]
fn errors_name_the_key_and_say_what_is_expected() {
    for (line, told) in [
        ("acount = \"x\"", "unknown field `acount`"),
        ("account = \"WEB1\"", "ends with $"),
        ("account = \"WEB1-NTLM-0123456$\"", "1 to 15 characters"),
        ("controllers = [\"dc1\"]", "a full DNS name"),
        ("controllers = [\"192.0.2.256\"]", "is an IP address"),
        ("controllers = [\"dc1.example.test:x\"]", "with :port"),
        ("controllers = [\"dc 1.example.test\"]", "a full DNS name"),
        ("controllers = [\"dc1..test\"]", "a full DNS name"),
        ("site = \"a.b\"", "a site's name"),
        ("source = \"eth0\"", "IP address"),
        ("secret = \"hunter2\"", "a file's path begins with /"),
        ("keytab = \"/etc/krb5.keytab\"", "only one of them"),
        ("connections = 0", "1 to 16"),
        ("connections = 17", "1 to 16"),
        ("state_dir = \"here\"", "a file's path begins with /"),
        ("controllers = []", "name one, or leave the key out"),
        ("upn_suffixes = []", "name one, or leave the key out"),
        ("trusted_domains = []", "name one, or leave the key out"),
        (
            "trusted_domains = [{ netbios = \"A\", dns = \"a.test\", sid = \"S-1-5-21-1-2-3\", \
             upn_suffixes = [] }]",
            "name one, or leave the key out",
        ),
        (
            "[identity]\ndefault_domain = []",
            "name one, or leave the key out",
        ),
        (
            "domain = \"a-very-long-first-label.test\"",
            "netbios_domain: set it",
        ),
        ("domain = \"\"", "by its DNS name"),
        ("domain = \"example..test\"", "by its DNS name"),
        ("domain = \"dc1.example.test:389\"", "by its DNS name"),
        ("netbios_domain = \"EX/AMPLE\"", "none of"),
        ("netbios_domain = \"B\u{dc}RO\"", "in ASCII"),
        ("netbios_domain = \"\"", "1 to 15 characters"),
        ("domain = \"b\u{fc}ro.test\"", "netbios_domain: set it"),
        ("account = \"B\u{dc}RO$\"", "in ASCII"),
        (
            "trusted_domains = [{ netbios = \"A\", dns = \"a.test\", sid = \"S-1-5-21-1-2-3-4\" }]",
            "a domain's SID is expected",
        ),
        (
            "trusted_domains = [{ netbios = \"A\", dns = \"a..test\", sid = \"S-1-5-21-1-2-3\" }]",
            "by its DNS name",
        ),
        (
            "trusted_domains = [{ netbios = \"A\", dns = \"a.test\" }]",
            "missing field `sid`",
        ),
        ("groups_across_trusts = \"yes\"", "`accept` or `drop`"),
        ("order = \"random\"", "`listed` or `spread`"),
        ("names_alone = \"yes\"", "`accept`, `filter`, `refuse`"),
        ("host_logons = 0", "host_logons: 1 to 256"),
        ("host_logons = 257", "host_logons: 1 to 256"),
        ("budget = \"0s\"", "a whole number and a unit"),
        ("budget = \"25h\"", "a whole number and a unit"),
        (
            "budget = \"18446744073709551615h\"",
            "a whole number and a unit",
        ),
        ("budget = \"2\"", "a whole number and a unit"),
    ] {
        let error = error_with(line);
        assert!(error.contains(told), "{line}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn errors_name_the_place_and_the_key_once() {
    for (line, told) in [
        (
            "[identity]\nlocal_domains = []",
            "line 9, column 17: local_domains: the list is empty: name one, or leave the key out",
        ),
        ("upn_suffixes=[]", "column 14: upn_suffixes: the list"),
        ("colour = []", ": unknown field `colour`"),
        ("domain = \"EXAMPLE\"", "column 10: \"EXAMPLE\" has no dot"),
        ("budget = \"2\"", "line 8, column 10: budget: "),
    ] {
        let error = error_with(line);
        assert!(error.contains(told), "{line}: {error}");
    }
}

#[test]
fn an_order_is_that_of_a_list() {
    let order =
        |text: &str| Config::parse(text).map(|mut config| config.netlogon.pop().unwrap().order);
    assert_eq!(order(DOMAIN), Ok(ControllerOrder::Listed));
    let spread = format!("{DOMAIN}\norder = \"spread\"");
    assert_eq!(order(&spread), Ok(ControllerOrder::Spread));
    let error =
        order(&spread.replace("controllers =", "netbios_domain = \"EXAMPLE\" #")).unwrap_err();
    assert!(error.contains("it is for `controllers`"), "{error}");
}

#[test]
fn a_domain_may_end_with_a_dot_and_have_letters_of_every_script() {
    for (written, meant) in [
        ("example.test.", "example.test"),
        ("müller.test", "müller.test"),
    ] {
        let text = DOMAIN.replace(
            "domain = \"example.test\"",
            &format!("domain = {written:?}\nnetbios_domain = \"EXAMPLE\""),
        );
        let config = Config::parse(&text).unwrap();
        assert_eq!(config.netlogon[0].domain, meant);
    }
}

#[test]
fn the_secret_is_in_a_file_or_in_a_keytab() {
    let text = DOMAIN.replace(
        "secret = \"/etc/gss/ntlmdc.secret",
        "keytab = \"/etc/krb5.keytab",
    );
    let netlogon = Config::parse(&text).unwrap().netlogon.pop().unwrap();
    assert_eq!(
        netlogon.secret,
        AccountSecret::Keytab("/etc/krb5.keytab".into())
    );
    let text = DOMAIN.replace("secret = \"/etc/gss/ntlmdc.secret\"", "");
    assert!(Config::parse(&text).unwrap_err().contains("or keytab"));
}

#[test]
fn a_verifier_needs_its_table() {
    let error = Config::parse("verify = [\"users\"]").unwrap_err();
    assert_eq!(error, "verify names \"users\", and there is no [users]");
    assert!(
        Config::parse("verify = []")
            .unwrap_err()
            .contains("at least one")
    );
    assert!(Config::parse("").unwrap_err().contains("verify"));
    let error = Config::parse("verify = [\"winbind\"]").unwrap_err();
    assert!(error.contains("winbind"), "{error}");
}

#[test]
fn controllers_may_be_named_or_left_to_dns() {
    let with = |line: &str| {
        let lines = DOMAIN.lines().filter(|kept| !kept.contains("controllers"));
        let text = lines.collect::<Vec<_>>().join("\n") + "\n" + line;
        Config::parse(&text)
            .unwrap()
            .netlogon
            .pop()
            .unwrap()
            .controllers
    };
    assert_eq!(with(""), []);
    let named = |name: &str, port| Controller {
        host: Host::Name(name.to_owned()),
        port,
    };
    assert_eq!(
        with("controllers = [\"DC1.example.test\", \"dc2.example.test.:49152\"]"),
        [
            named("dc1.example.test", None),
            named("dc2.example.test", Some(49152))
        ]
    );
}
