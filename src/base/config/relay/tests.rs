use super::*;
use crate::base::config::{Config, ServerTrust};

/// `[relay]` with these lines.
fn parsed(lines: &str) -> Result<Relay, String> {
    let text = format!("verify = [\"relay\"]\n[relay]\ndomain = \"example.test\"\n{lines}\n");
    Ok(Config::parse(&text)?.relay.unwrap())
}

const LDAPS: &str = "transport = \"ldap\"\ntls = \"ldaps\"\n";
const SMB2: &str = "transport = \"smb2\"\naccept_unauthenticated_controller = true\n";

const WINS: &str = "netbios_domain = \"EXAMPLE\"\n[relay.wins]\nservers = [\"10.0.0.5\"]\n";

#[test]
fn wins_names_controllers_that_need_no_name() {
    let pinned = format!("{LDAPS}certificate = \"{}\"\n", "ab".repeat(32));
    let plain = "transport = \"ldap\"\naccept_unauthenticated_controller = true\n";
    for lines in [SMB2, plain, &pinned] {
        assert!(parsed(&format!("{lines}{WINS}")).unwrap().wins.is_some());
    }
}

#[test]
fn defaults_are_filled_in() {
    let relay = parsed(SMB2).unwrap();
    assert_eq!(relay.netbios_domain.as_str(), "EXAMPLE");
    assert_eq!(relay.transport, RelayTransport::Smb2 { share: None });
    assert_eq!((relay.controllers.len(), relay.source), (0, None));
    assert_eq!((relay.connections, relay.host_connections), (32, 128));
    assert_eq!(relay.connect_timeout, Duration::from_secs(3));
    assert_eq!(relay.call_timeout, Duration::from_secs(10));
    assert_eq!(relay.handshake_timeout, Duration::from_secs(60));
    assert_eq!(relay.state_dir, PathBuf::from("/run/ntlmdc"));
}

#[test]
fn what_proves_nothing_is_accepted_only_knowingly() {
    for lines in [
        "transport = \"smb2\"",
        "transport = \"ldap\"",
        "transport = \"ldap\"\naccept_unauthenticated_controller = false",
    ] {
        let error = parsed(lines).unwrap_err();
        assert!(
            error.contains("let in any client as any user"),
            "{lines}: {error}"
        );
    }
    let ldap = "transport = \"ldap\"\naccept_unauthenticated_controller = true";
    let plain = parsed(ldap).unwrap();
    assert!(!plain.is_authenticated());
    assert!(
        parsed("transport = \"ldap\"\ntls = \"ldaps\"")
            .unwrap()
            .is_authenticated()
    );
}

#[test]
fn certificates_are_trusted_by_authority_or_by_pin() {
    let trust = |lines: &str| {
        let relay = parsed(&format!(
            "transport = \"ldap\"\ntls = \"starttls\"\n{lines}"
        ));
        match relay.unwrap().transport {
            RelayTransport::Ldap(Some(tls)) => {
                assert_eq!(tls.start, TlsStart::StartTls);
                tls.trust
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(trust(""), ServerTrust::System);
    let file = ServerTrust::Authorities("/etc/ssl/ca.pem".into());
    assert_eq!(trust("authorities = \"/etc/ssl/ca.pem\""), file);
    let digits = "ab".repeat(32);
    let pin = ServerTrust::Pin(digits.parse().unwrap());
    assert_eq!(trust(&format!("certificate = \"{digits}\"")), pin);
}

#[test]
fn a_share_has_a_server_and_a_name() {
    let share = |text: &str| parsed(&format!("{SMB2}share = '{text}'"));
    let right = share(r"\\dc1.example.test\web$").unwrap();
    let RelayTransport::Smb2 { share: Some(named) } = right.transport else {
        panic!("{right:?}");
    };
    assert_eq!(named.as_str(), r"\\dc1.example.test\web$");
    let long = format!(r"\\dc1\{}", "x".repeat(81));
    for wrong in [
        "web$",
        r"\\dc1",
        r"\\dc1\",
        r"\\\web",
        r"\\dc1\web\sub",
        "//dc1/web",
        &long,
    ] {
        assert!(share(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn keys_that_do_not_fit_each_other_are_refused() {
    let digits = "ab".repeat(32);
    for (lines, key) in [
        (format!("{SMB2}tls = \"ldaps\""), "tls"),
        (format!("{SMB2}authorities = \"/ca.pem\""), "authorities"),
        (format!("{LDAPS}share = '\\\\a\\b'"), "share"),
        (
            format!("{LDAPS}authorities = \"/a\"\ncertificate = \"{digits}\""),
            "certificate",
        ),
        (
            "transport = \"ldap\"\ntls = \"ldaps\"\ncertificate = \"00\"".to_owned(),
            "certificate",
        ),
        (format!("{SMB2}order = \"spread\""), "order"),
        (format!("{LDAPS}{WINS}"), "wins: with tls"),
        (
            format!("{SMB2}[relay.wins]\nservers = [\"10.0.0.5\"]"),
            "netbios_domain = \"EXAMPLE\"",
        ),
        (
            format!("{SMB2}controllers = [\"10.0.0.2\"]\n{WINS}"),
            "wins: not beside",
        ),
        (format!("{SMB2}connections = 0"), "connections"),
        (format!("{SMB2}host_connections = 1025"), "host_connections"),
        ("transport = \"smb1\"".to_owned(), "transport"),
    ] {
        let error = parsed(&lines).unwrap_err();
        assert!(error.contains(key), "{lines}: {error}");
    }
}

#[test]
fn a_challenge_is_of_the_controller_or_ours() {
    let text = format!(
        "verify = [\"relay\", \"netlogon\"]\n[relay]\ndomain = \"example.test\"\n{SMB2}\
         [netlogon]\ndomain = \"example.test\"\naccount = \"WEB1$\"\nsecret = \"/s\"\n"
    );
    assert!(Config::parse(&text).unwrap_err().contains("challenge"));
    let beside = |relay: &str, users: &str| {
        let verify = "verify = [\"users\", \"relay\"]\n";
        let relay = format!("[relay]\ndomain = \"example.test\"\n{relay}\n");
        Config::parse(&format!("{verify}{relay}[users]\nfile = \"/u\"\n{users}"))
    };
    assert!(beside(LDAPS, "").is_ok());
    let repeated = beside(SMB2, "").unwrap_err();
    assert!(repeated.contains("repeat an earlier one"), "{repeated}");
    let groups = |more: &str| {
        let text = format!(
            "verify = [\"relay\"]\n[relay]\ndomain = \"example.test\"\n{SMB2}\n{more}\
             [policy]\ngroups = [\"Staff\"]\n"
        );
        Config::parse(&text)
    };
    assert!(groups("").unwrap_err().contains("[relay.groups]"));
    let directory = "[relay.groups]\nservers = [\"dc1.example.test\"]\n\
                     bind_dn = \"web1@example.test\"\nbind_secret = \"/s\"\n\
                     base = \"DC=example,DC=test\"\n";
    let config = groups(directory).unwrap();
    assert!(config.relay.unwrap().groups.is_some());
    let same = beside(LDAPS, "netbios_domain = \"Example\"").unwrap_err();
    assert!(
        same.contains("EXAMPLE is a domain of [relay] too"),
        "{same}"
    );
    let missing = Config::parse("verify = [\"relay\"]").unwrap_err();
    assert!(missing.contains("no [relay]"), "{missing}");
}
