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
        domain: domain.to_owned(),
        dns_domain: None,
        upn: None,
        full_name: None,
        sid: None,
        primary_group_sid: None,
        group_sids: Vec::new(),
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
fn services_have_principals() {
    for name in [service("HTTP@www.test"), user("HTTP/www.test")] {
        assert_eq!(name.service_principal(), "HTTP/www.test");
    }
}

#[test]
fn the_default_acceptor_can_be_named() {
    let name = Name::default_acceptor();
    assert_eq!(service(&name.display()).display(), name.display());
    assert_ne!(host_name(), "");
}

#[test]
fn the_name_of_an_acceptor_is_what_it_was_acquired_for() {
    let name = service("HTTP@www.test");
    let told = Name::Acceptor(Box::new(name.clone()), Loopback::default());
    assert_eq!(told.display(), "HTTP@www.test");
    assert_eq!(told.service_principal(), "HTTP/www.test");
    assert_eq!(told.name_type(), NameType::HostbasedService);
    assert!(told.means(&name) && name.means(&told) && told.means(&told));
    assert_eq!(told.encode().unwrap(), name.encode().unwrap());
    assert!(told.loopback().is_some() && told.plain().loopback().is_none());
    assert!(told.identity().is_none());
}

#[test]
fn a_service_accepts_who_means_it() {
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
fn the_reason_for_no_local_name_is_told() {
    let told = |name: Name| name.local().map(str::to_owned).unwrap_err().to_string();
    let text = told(verified("olga", "OTHER"));
    assert!(
        text.contains("OTHER\\olga\" is a user of \"OTHER\", not of \"EXAMPLE\""),
        "{text}"
    );
    assert!(text.contains("identity.local_domains"), "{text}");
    assert!(told(user("alice")).ends_with(": the name is not verified"));
}

#[test]
fn names_that_mean_the_same() {
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
