use super::*;
use crate::base::config::{Config, fixture};

/// `[netlogon.wins]` with these lines, below `[netlogon]` with others.
fn parsed(netlogon: &str, wins: &str) -> Result<Wins, String> {
    let table = format!("{netlogon}\n[netlogon.wins]\n{wins}\n");
    let mut config = Config::parse(&fixture::netlogon_text(&table))?;
    Ok(config.netlogon.pop().unwrap().wins.unwrap())
}

#[test]
fn no_server_is_asked_unless_it_is_configured() {
    assert_eq!(fixture::netlogon("").wins, None);
    assert_eq!(fixture::relay("").wins, None);
}

#[test]
fn servers_have_addresses_and_maybe_ports() {
    let wins = parsed("", r#"servers = ["10.0.0.5", "10.0.0.6:1137"]"#).unwrap();
    let server = |last, port| NameServer {
        address: [10, 0, 0, last].into(),
        port,
    };
    assert_eq!(wins.domain.padded(), *b"EXAMPLE        ");
    assert_eq!(wins.servers, [server(5, None), server(6, Some(1137))]);
    assert_eq!((wins.limit, wins.cache), (16, Duration::from_secs(600)));
    let lines = "servers = [\"10.0.0.5\"]\nlimit = 64\ncache = \"90s\"";
    let wins = parsed("source = \"10.0.0.80\"", lines).unwrap();
    assert_eq!((wins.limit, wins.cache), (64, Duration::from_secs(90)));
    let longest = parsed("netbios_domain = \"Fifteen-letters\"", lines).unwrap();
    assert_eq!(longest.domain.padded(), *b"FIFTEEN-LETTERS");
}

/// If it is wrong, no controller is found that could correct it.
#[test]
fn the_netbios_name_is_not_guessed() {
    let text = fixture::netlogon_text("[netlogon.wins]\nservers = [\"10.0.0.5\"]");
    let given = "netbios_domain = \"EXAMPLE\"\n";
    assert!(text.contains(given));
    let error = Config::parse(&text.replace(given, "")).unwrap_err();
    assert!(error.contains(WITHOUT_NAME), "{error}");
}

#[test]
fn mistakes_are_named() {
    const SERVER: &str = "servers = [\"10.0.0.5\"]\n";
    for (netlogon, wins, told) in [
        ("", "limit = 3".to_owned(), "missing field `servers`"),
        ("", "servers = []".to_owned(), "the list is empty"),
        (
            "",
            format!("servers = {:?}", ["10.0.0.5"; MAX_SERVERS + 1]),
            "servers: at most 8",
        ),
        (
            "netbios_domain = \"B\u{dc}RO\"",
            SERVER.to_owned(),
            "in ASCII",
        ),
        (
            "",
            "servers = [\"wins.test\"]".to_owned(),
            "an IPv4 address",
        ),
        ("", "servers = [\"::1\"]".to_owned(), "an IPv4 address"),
        (
            "",
            "servers = [\"10.0.0.5:x\"]".to_owned(),
            "an IPv4 address",
        ),
        (
            "",
            "servers = [\"255.255.255.255\"]".to_owned(),
            "by broadcast",
        ),
        ("", format!("{SERVER}limit = 0"), "limit: 1 to 64"),
        ("", format!("{SERVER}limit = 65"), "limit: 1 to 64"),
        ("", format!("{SERVER}cache = \"0s\""), "a whole number"),
        ("", format!("{SERVER}colour = 1"), "unknown field `colour`"),
        (
            "controllers = [\"10.0.0.2\"]",
            SERVER.to_owned(),
            "wins: not beside `controllers`",
        ),
        ("source = \"::1\"", SERVER.to_owned(), "set an IPv4 address"),
        (
            "order = \"spread\"",
            SERVER.to_owned(),
            "remove it, or set `controllers`",
        ),
    ] {
        let error = parsed(netlogon, &wins).unwrap_err();
        assert!(error.contains(told), "{netlogon} {wins}: {error}");
    }
}
