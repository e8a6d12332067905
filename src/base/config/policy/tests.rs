use super::*;

fn policy(text: &str) -> Result<Policy, String> {
    toml::from_str(text).map_err(|error| error.message().to_owned())
}

#[test]
fn defaults_accept_every_user_with_ntlm_v2() {
    let policy = policy("").unwrap();
    assert_eq!(policy, Policy::default());
    assert!(policy.enabled);
    assert_eq!(policy.rules.response, ResponseLevel::NtlmV2);
    assert_eq!(policy.rules.mic, Mic::Allow);
    assert_eq!(policy.rules.channel_binding, ChannelBinding::Allow);
    assert_eq!(policy.rules.spn, []);
    assert_eq!((policy.audit, policy.guess_limit), (None, None));
    assert_eq!((policy.domains, policy.groups), (vec![], vec![]));
}

#[test]
fn every_setting_can_be_written() {
    let policy = policy(
        r#"
        enabled = false
        response = "ntlm2-session"
        mic = "require"
        channel_binding = "require"
        tls_certificates = ["/etc/ssl/certs/www.pem"]
        spn = ["HTTP/www.example.test", "none"]
        domains = ["EXAMPLE", "corp.test"]
        refused_domains = ["GUESTS"]
        groups = ["S-1-5-21-1-2-3-1105", "Web Users", "OTHER\\Staff"]
        guess_limit = 4
        guess_window = "1h"
        [audit]
        mic = "require"
        "#,
    )
    .unwrap();
    assert!(!policy.enabled);
    assert_eq!(policy.rules.response, ResponseLevel::Ntlm2Session);
    assert_eq!(policy.rules.mic, Mic::Require);
    assert_eq!(policy.rules.channel_binding, ChannelBinding::Require);
    let www = Service::Named("HTTP/www.example.test".to_owned());
    assert_eq!(policy.rules.spn, [www, Service::Unnamed]);
    let audit = policy.audit.unwrap();
    assert_eq!(audit.rules.mic, Mic::Require);
    assert_eq!(audit.tls_certificates, [] as [PathBuf; 0]);
    let certificates = [PathBuf::from("/etc/ssl/certs/www.pem")];
    assert_eq!(policy.tls_certificates, certificates);
    assert!(policy.domains[1].is("Corp.Test") && !policy.domains[1].is("corp"));
    assert!(policy.refused_domains[0].is("guests"));
    let sid = "S-1-5-21-1-2-3-1105".parse().unwrap();
    assert_eq!(policy.groups[0], Group::Sid(sid));
    let rule = policy.guess_limit.unwrap();
    assert_eq!((rule.limit, rule.window.as_secs()), (4, 3600));
}

#[test]
fn mistakes_are_told() {
    for (text, told) in [
        ("enable = true", "unknown field `enable`"),
        ("response = \"lm\"", "unknown variant `lm`"),
        ("spn = [\"www.example.test\"]", "a service is"),
        ("spn = [\"/www\"]", "a service is"),
        ("tls_certificates = [\"www.pem\"]", "begins with /"),
        ("domains = [\"\"]", "a domain is"),
        ("domains = [\"EX\\\\alice\"]", "a domain is"),
        ("groups = [\"S-1-5-21-x\"]", "a SID is expected"),
        ("groups = [\"\"]", "a group is"),
        ("groups = [\"OTHER\\\\\"]", "a group is"),
        ("guess_limit = -1", "invalid value"),
        ("guess_window = \"2\"", "a whole number and a unit"),
        ("audit = true", "invalid type"),
        ("[audit]\ndomains = []", "unknown field `domains`"),
        ("[audit]", "audit: name a rule, or leave the table out"),
        (
            "[audit]\nmic = \"require\"\ntls_certificates = [\"/www.pem\"]",
            "tls_certificates are for channel_binding",
        ),
    ] {
        let error = policy(text).unwrap_err();
        assert!(error.contains(told), "{text}: {error}");
    }
}

/// Left out, each of them means all there is; empty, it looks as if it meant none.
#[test]
fn no_list_is_empty() {
    for key in [
        "groups",
        "domains",
        "refused_domains",
        "spn",
        "tls_certificates",
    ] {
        let error = policy(&format!("{key} = []")).unwrap_err();
        assert!(
            error.ends_with("name one, or leave the key out"),
            "{key}: {error}"
        );
    }
    for key in ["spn", "tls_certificates"] {
        let text = format!("[audit]\nchannel_binding = \"require\"\n{key} = []");
        let error = policy(&text).unwrap_err();
        assert!(
            error.ends_with("name one, or leave the key out"),
            "{key}: {error}"
        );
    }
}

/// A rule that is not written is not audited, however strict its default is where it is enforced.
#[test]
fn an_audit_has_the_rules_that_are_written() {
    let rules = |text: &str| {
        policy(&format!("[audit]\n{text}"))
            .unwrap()
            .audit
            .unwrap()
            .rules
    };
    let weakest = Rules {
        response: ResponseLevel::NtlmV1,
        channel_binding: ChannelBinding::Off,
        ..Rules::default()
    };
    let mic = Mic::Require;
    assert_eq!(
        rules("mic = \"require\""),
        Rules {
            mic,
            ..weakest.clone()
        }
    );
    let response = ResponseLevel::NtlmV2;
    assert_eq!(
        rules("response = \"ntlmv2\""),
        Rules {
            response,
            ..weakest
        }
    );
}

#[test]
fn a_group_without_a_domain_is_of_ours() {
    let is = |written: &str, domain, name| {
        let group: Group = written.parse().unwrap();
        group.is_called(domain, name, "EXAMPLE")
    };
    assert!(is("Web Users", "EXAMPLE", "web users"));
    assert!(is("Example\\Web Users", "EXAMPLE", "Web Users"));
    assert!(is("OTHER\\Staff", "OTHER", "Staff"));
    assert!(!is("Staff", "OTHER", "Staff"), "not our staff");
    assert!(!is("OTHER\\Staff", "EXAMPLE", "Staff"));
    assert!(!is("Staff", "EXAMPLE", "Staff 2"));
    assert!(!is("Staff", "", "Staff"));
    assert!(is("\\Everyone", "", "Everyone"));
    assert!(!is("S-1-1-0", "", "Everyone"), "told by its identifier");
}

#[test]
fn a_weaker_response_is_a_greater_level() {
    assert!(ResponseLevel::NtlmV2 < ResponseLevel::Ntlm2Session);
    assert!(ResponseLevel::Ntlm2Session < ResponseLevel::NtlmV1);
}

#[test]
fn a_service_is_known_in_the_spellings_of_clients() {
    let is = |expected: &str, name| expected.parse::<Service>().unwrap().is_named(name);
    for name in [
        "HTTP/www.example.test",
        "http/www.example.test",
        "HTTP/WWW.example.test",
        "HTTP/www.example.test:8443",
    ] {
        assert!(is("HTTP/www.example.test", name), "{name}");
    }
    for name in [
        "",
        "none",
        "www.example.test",
        "HTTP/www",
        "HTTP/www.example.test.evil",
        "HTTP/www.example.test:",
        "HTTP/www.example.test:x",
        "HTTP/www.example.test:80:80",
        "host/unspecified",
        "host/www.example.test",
    ] {
        assert!(!is("HTTP/www.example.test", name), "{name}");
    }
    assert!(is("host/unspecified", "host/unspecified"));
    assert!(is("HTTP/www:8443", "http/WWW:8443"));
    assert!(!is("HTTP/www:8443", "HTTP/www"));
    assert!(is("HTTP/[::1]", "HTTP/[::1]:443"));
    assert!(!is("HTTP/fe80::1", "HTTP/fe80::1:2"));
    assert!(!is("none", "none"));
}
