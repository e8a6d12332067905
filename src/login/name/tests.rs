use super::*;
use crate::base::config;
use crate::login::verify::Account;

pub(super) fn user(text: &str) -> Name {
    Name::User(text.to_owned())
}

pub(super) fn service(text: &str) -> Name {
    Name::hostbased_service(text.as_bytes()).unwrap()
}

/// A user of this machine if the domain is `EXAMPLE`.
pub(super) fn verified(user: &str, domain: &str) -> Name {
    let account = Account {
        user: user.to_owned(),
        is_name_typed: false,
        domain: domain.to_owned(),
        dns_domain: None,
        upn: None,
        full_name: None,
        sid: None,
        primary_group_sid: None,
        group_sids: Vec::new(),
        group_names: Vec::new(),
        logon_server: None,
        user_flags: None,
        log_off: None,
        kick_off: None,
    };
    let settings = config::Identity::default();
    let identity = Identity::new(account, &settings, "EXAMPLE", String::new());
    Name::Verified(Arc::new(identity))
}

#[test]
fn a_service_has_a_principal_name() {
    for name in [service("HTTP@www.test"), user("HTTP/www.test")] {
        assert_eq!(name.service_principal(), "HTTP/www.test");
    }
}

#[test]
fn the_default_acceptor_has_a_name() {
    let name = Name::default_acceptor();
    assert_eq!(service(&name.display()).display(), name.display());
    assert_ne!(host_name(), "");
}

#[test]
fn an_acceptor_has_the_name_that_it_was_acquired_for() {
    let name = service("HTTP@www.test");
    let acceptor = Name::Acceptor(Box::new(name.clone()), Loopback::default());
    assert_eq!(acceptor.display(), "HTTP@www.test");
    assert_eq!(acceptor.service_principal(), "HTTP/www.test");
    assert_eq!(acceptor.name_type(), NameType::HostbasedService);
    assert!(acceptor.means(&name) && name.means(&acceptor) && acceptor.means(&acceptor));
    assert_eq!(acceptor.encode().unwrap(), name.encode().unwrap());
    assert!(acceptor.loopback().is_some() && acceptor.plain().loopback().is_none());
    assert!(acceptor.identity().is_none());
}

#[test]
fn a_service_accepts_clients_that_name_it() {
    for (name, meant, expected) in [
        (service("HTTP@www.test"), "http/WWW.test", true),
        (service("HTTP@www.test"), "HTTP/www.test:443", true),
        (service("HTTP@www.test"), "HTTP/www", false),
        (service("HTTP@www.test"), "HTTP/www.test.evil", false),
        (service("HTTP@www.test"), "host/www.test", false),
        (service("HTTP@www.test"), "HTTP", false),
        (service("HTTP"), "HTTP/anywhere.test", true),
        (service("HTTP"), "cifs/anywhere.test", false),
        (service("HTTP"), "HTTP", false),
        (user("HTTP/www.test@EXAMPLE.TEST"), "HTTP/www.test", true),
        (user("HTTP/www.test@EXAMPLE.TEST"), "HTTP/other.test", false),
        (user("EXAMPLE\\alice"), "HTTP/www.test", true),
    ] {
        assert_eq!(name.accepts(meant), expected, "{name:?} {meant}");
    }
}

#[test]
fn the_reason_for_no_local_name_is_in_the_error() {
    let reason = |name: Name| name.local().map(str::to_owned).unwrap_err().to_string();
    let text = reason(verified("olga", "OTHER"));
    assert!(
        text.contains("OTHER\\olga\" is a user of \"OTHER\", not of \"EXAMPLE\""),
        "{text}"
    );
    assert!(text.contains("identity.local_domains"), "{text}");
    assert!(reason(user("alice")).ends_with(": the name is not verified"));
}

#[test]
fn equal_names_mean_the_same() {
    let alice = verified("alice", "EXAMPLE");
    for (one, other) in [
        (&alice, verified("Alice", "Example")),
        (&alice, user("example\\ALICE")),
        (&user("a@b"), user("A@b")),
        (&service("HTTP@www.test"), service("http@WWW.test")),
    ] {
        assert!(one.means(&other) && other.means(one));
    }
    for (one, other) in [
        (&alice, verified("alice", "OTHER")),
        (&alice, user("alice")),
        (&alice, user("OTHER\\alice")),
        (&alice, user("EXAMPLE\\alice ")),
        (&service("HTTP@www"), user("HTTP@www")),
        (&Name::Anonymous, Name::Anonymous),
        (&Name::Anonymous, user("<anonymous>")),
    ] {
        assert!(!one.means(&other) && !other.means(one));
    }
}

#[test]
fn only_verified_names_have_local_accounts() {
    assert_eq!(verified("alice", "EXAMPLE").local(), Ok("alice"));
    for other in [
        verified("alice", "OTHER"),
        user("EXAMPLE\\alice"),
        Name::Anonymous,
    ] {
        assert_eq!(other.local().unwrap_err().minor(), Minor::NoLocalName);
    }
}
