use super::*;
use crate::check::local::apache::tree;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const MODULES: &str = "LoadModule auth_gssapi_module m.so\nLoadModule http2_module m.so\n\
                       LoadModule ssl_module m.so\n";

/// What is found in a configuration.
fn all(text: &str, config: Option<&Config>) -> Vec<Finding> {
    let directory = tempfile::tempdir().unwrap();
    let main = directory.path().join("apache2.conf");
    fs::write(&main, format!("{MODULES}{text}")).unwrap();
    let tree = tree::read(&main, BTreeMap::new());
    assert_eq!(tree.problems, Vec::<String>::new());
    apply(&tree, config)
}

/// The causes that are found, by their identifiers.
fn found(text: &str) -> Vec<&'static str> {
    let causes = all(text, None)
        .into_iter()
        .filter_map(|finding| finding.cause);
    causes.map(Cause::id).collect()
}

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name);
    fs::read_to_string(path).unwrap()
}

/// apache.conf in a virtual host, with lines before and after it.
fn site(before: &str, after: &str) -> String {
    let login = example("apache.conf");
    format!("{before}\n<VirtualHost *:443>\nServerName www\n{login}\n{after}\n</VirtualHost>\n")
}

const BOUND: &str = "GssapiConnectionBound On\nGssapiAllowedMech ntlmssp\nGssapiPublishErrors On\n";

#[test]
fn the_recipes_are_good() {
    for name in [
        "exceptions.conf",
        "groups.conf",
        "groups-required.conf",
        "sessions.conf",
        "basic.conf",
        "login-failed.conf",
        "anyauth.conf",
        "expect.conf",
    ] {
        assert_eq!(found(&site("", &example(name))), [""; 0], "{name}");
    }
    for name in ["apache.conf", "kerberos.conf", "proxy.conf"] {
        let host = format!("<VirtualHost *>\n{}\n</VirtualHost>\n", example(name));
        assert_eq!(found(&host), [""; 0], "{name}");
    }
    let [good] = all(&site("", ""), None).try_into().unwrap();
    assert_eq!(good.what, "<Location \"/\"> takes NTLM");
}

#[test]
fn a_configuration_without_a_login() {
    let open = "KeepAlive Off\n<Location />\nRequire all granted\n</Location>";
    assert_eq!(found(open), ["apache-no-login"]);
}

#[test]
fn what_ends_connections() {
    for (line, expected) in [
        ("KeepAlive Off", "apache-keepalive-off"),
        ("KeepAliveTimeout 0", "apache-keepalive-off"),
        ("MaxKeepAliveRequests 2", "apache-few-requests"),
        ("MaxKeepAliveRequests 10", "apache-few-requests"),
        (
            "BrowserMatch \".*MSIE.*\" nokeepalive downgrade-1.0",
            "apache-browser-match",
        ),
        (
            "SetEnvIf User-Agent Chrome nokeepalive",
            "apache-browser-match",
        ),
        ("LimitRequestFieldSize 4096", "apache-field-size"),
        ("RemoteIPHeader X-Forwarded-For", "apache-behind-proxy"),
        (
            "SetEnvIf X-Forwarded-Proto https HTTPS=on",
            "apache-behind-proxy",
        ),
    ] {
        assert_eq!(found(&site("", line)), [expected], "{line}");
    }
    for line in [
        "MaxKeepAliveRequests 0",
        "BrowserMatch \"Mozilla/2\" nokeepalive",
        "BrowserMatch x force-response-1.0",
        "LimitRequestFieldSize 16380",
    ] {
        assert_eq!(found(&site("", line)), [""; 0], "{line}");
    }
    // The virtual host's own line counts.
    assert_eq!(found(&site("KeepAlive Off\n", "")), [""; 0]);
}

#[test]
fn http_2() {
    let tls = "SSLEngine on\nProtocols h2 http/1.1";
    let [finding] = all(&site("", tls), None).try_into().unwrap();
    assert_eq!(finding.cause, Some(Cause::ApacheHttp2));
    assert_eq!(finding.level, crate::check::finding::Level::Failure);
    // `Protocols http/1.1` of the virtual host is in the place of the main server's line.
    assert_eq!(found(&site("Protocols h2 h2c http/1.1\n", "")), [""; 0]);
    let bare = format!(
        "Protocols h2 h2c http/1.1\n<Location />\nAuthType GSSAPI\n{BOUND}\
                        Header set Connection close\n</Location>"
    );
    assert_eq!(found(&bare), ["apache-http2"]);
    let prefork = format!("LoadModule mpm_prefork_module m.so\n{bare}");
    assert_eq!(found(&prefork), [""; 0]);
}

#[test]
fn sections_that_take_ntlm_or_should_not() {
    let place = |lines: &str| {
        let close = "Header always set Connection close";
        found(&format!(
            "<Location /a>\nAuthType GSSAPI\n{lines}\n{close}\n</Location>"
        ))
    };
    assert_eq!(place("GssapiAllowedMech ntlmssp"), ["apache-not-bound"]);
    assert_eq!(place(""), ["apache-not-bound"]);
    assert_eq!(place("GssapiAllowedMech krb5"), ["apache-no-login"]);
    assert_eq!(place("GssapiBasicAuth On"), [""; 0]);
    assert_eq!(
        place("GssapiAllowedMech krb5\nGssapiConnectionBound On"),
        ["apache-opens-ntlm"]
    );
    assert_eq!(place("GssapiConnectionBound On"), [""; 0]);
    assert_eq!(
        place("GssapiConnectionBound On\nGssapiAllowedMech krb5\nGssapiAllowedMech ntlmssp"),
        [""; 0]
    );
    let rule = "Header always set Connection close \"expr=-n reqenv('MAG_ERROR')\"";
    assert_eq!(
        place(&format!("GssapiConnectionBound On\n{rule}")),
        ["apache-no-reasons"]
    );
    let bare = format!("<Location /a>\nAuthType GSSAPI\n{BOUND}</Location>");
    assert_eq!(found(&bare), ["apache-no-close"]);
}

#[test]
fn lines_of_an_outer_section_do_not_count() {
    let inner = |lines: &str| {
        found(&site(
            "",
            &format!("<Location \"/api\">\n{lines}\n</Location>"),
        ))
    };
    assert_eq!(inner("GssapiLocalName On"), ["apache-lines-reset"]);
    assert_eq!(
        inner("GssapiConnectionBound On\nGssapiPublishErrors On"),
        ["apache-lines-reset"]
    );
    assert_eq!(inner(BOUND), [""; 0]);
    assert_eq!(inner("Require valid-user"), [""; 0]);
    assert_eq!(inner("AuthType None\nRequire all granted"), [""; 0]);
    let nested = site("", "").replace("Require valid-user", "<If true>\nGssapiLocalName On\n</If>");
    assert_eq!(found(&nested), ["apache-lines-reset"]);
    // Not below it.
    let beside = "<Location /a>\nAuthType GSSAPI\nGssapiConnectionBound On\n</Location>\n\
                  <Location /ab>\nAuthType GSSAPI\nGssapiAllowedMech krb5\n</Location>\n\
                  Header set Connection close";
    assert_eq!(found(beside), [""; 0]);
}

#[test]
fn the_module() {
    let text = "<Location />\nAuthType gssapi\n</Location>\n";
    let directory = tempfile::tempdir().unwrap();
    let main = directory.path().join("a.conf");
    fs::write(&main, text).unwrap();
    let findings = apply(&tree::read(&main, BTreeMap::new()), None);
    assert_eq!(
        findings.first().and_then(|one| one.cause),
        Some(Cause::ApacheModuleMissing)
    );
}

#[test]
fn kerberos_beside_ntlm() {
    let tree = |name| {
        let directory = tempfile::tempdir().unwrap();
        let main = directory.path().join("a.conf");
        fs::write(&main, example(name)).unwrap();
        tree::read(&main, BTreeMap::new())
    };
    assert!(has_kerberos(&tree("kerberos.conf")));
    assert!(!has_kerberos(&tree("apache.conf")));
    assert!(!has_kerberos(&tree("expect.conf")));
}

/// docs/apache.md: each line that it calls right or wrong.
#[test]
fn names_in_require_lines() {
    let requires = |line: &str| found(&site("", &format!("<Location /x>\n{line}\n</Location>")));
    for right in [
        r"Require user EXAMPLE\\alice",
        r#"Require user "EXAMPLE\\alice""#,
        r#"Require expr "%{REMOTE_USER} == 'EXAMPLE\\alice'""#,
        r#"Require expr "%{REMOTE_USER} =~ m#^EXAMPLE\\alice$#""#,
        r#"Require expr "%{REMOTE_USER} =~ m#^alice\d+\.x$#""#,
        r#"Require expr "reqenv('NTLM_GROUPS') -strcmatch '*|OTHER\\\\Guests|*'""#,
        r#"Require expr "reqenv('NTLM_GROUPS') -strcmatch '*|Men\'s Choir|*'""#,
        r"Require user alice",
        r"Require ip 10.0.0.1",
    ] {
        assert_eq!(requires(right), [""; 0], "{right}");
    }
    for wrong in [
        r"Require user EXAMPLE\alice",
        r#"Require not user "EXAMPLE\alice""#,
        r#"Require expr "%{REMOTE_USER} == 'EXAMPLE\alice'""#,
        r#"Require expr "%{REMOTE_USER} =~ m#^EXAMPLE\bob$#""#,
        r#"Require expr "reqenv('NTLM_GROUPS') -strcmatch '*|OTHER\Guests|*'""#,
        r#"Require expr "reqenv('NTLM_GROUPS') -strcmatch '*|OTHER\\Guests|*'""#,
    ] {
        assert_eq!(requires(wrong), ["apache-require-escape"], "{wrong}");
    }
    let finding = all(
        &site(
            "",
            "<Location /x>\nRequire user EXAMPLE\\alice\n</Location>",
        ),
        None,
    );
    assert_eq!(finding[0].cure, r"Write EXAMPLE\\alice.");
}

#[test]
fn channel_binding_that_is_required() {
    let policy = "verify = [\"users\"]\n[users]\nfile = \"/u\"\n[policy]\n\
                  channel_binding = \"require\"\ntls_certificates = [\"/c.pem\"]\n";
    let config = Config::parse(policy).unwrap();
    let ids = |lines: &str| -> Vec<&str> {
        let causes = all(&site("", lines), Some(&config)).into_iter();
        causes.filter_map(|one| one.cause).map(Cause::id).collect()
    };
    assert_eq!(ids(""), ["apache-no-tls"]);
    assert_eq!(
        ids("SSLEngine on\nSSLCertificateFile /other.pem"),
        ["apache-other-certificate"]
    );
    assert_eq!(ids("SSLEngine on\nSSLCertificateFile /c.pem"), [""; 0]);
}
