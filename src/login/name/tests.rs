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
    let none = Err(Minor::NoLocalName.into());
    assert_eq!(verified("alice", "OTHER").local(), none);
    assert_eq!(user("EXAMPLE\\alice").local(), none);
    assert_eq!(Name::Anonymous.local(), none);
}
