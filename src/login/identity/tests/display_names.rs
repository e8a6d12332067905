//! The names of an identity.

use super::*;

#[test]
fn users_of_configured_domains_are_local() {
    let settings = config::Identity {
        format: NameFormat::Sam,
        local_domains: vec!["branch.test".parse().unwrap(), "EX".parse().unwrap()],
        ..config::Identity::default()
    };
    let root = |domain: &str, dns_domain: &str| {
        let account = Account {
            user: "root".to_owned(),
            domain: domain.to_owned(),
            dns_domain: Some(dns_domain.to_owned()),
            ..Account::default()
        };
        let identity = Identity::new(account, &settings, "EXAMPLE", String::new());
        let local = identity.local().map(str::to_owned);
        (local, identity.display().to_owned())
    };
    let here = (Some("root".to_owned()), "root".to_owned());
    assert_eq!(root("EXAMPLE", "example.test"), here);
    assert_eq!(root("BRANCH", "Branch.test"), here);
    assert_eq!(root("EX", "ex.test"), here);
    for (domain, dns_domain) in [
        ("OTHER", "other.test"),
        ("BRANCH", ""),
        ("EXAMPLE2", "EXAMPLE"),
    ] {
        assert_eq!(root(domain, dns_domain), (None, format!("{domain}\\root")));
    }
}

#[test]
fn another_domain_cannot_give_names_of_our_domain() {
    for (upn, display) in [
        ("root@OTHER.test", "root@OTHER.test"),
        ("alice@example.test", "mallory@other.test"),
        ("alice@example.test@other.test.", "mallory@other.test"),
        ("alice", "mallory@other.test"),
    ] {
        let mallory = Account {
            user: "mallory".to_owned(),
            domain: "OTHER".to_owned(),
            dns_domain: Some("other.test".to_owned()),
            upn: Some(upn.to_owned()),
            ..alice()
        };
        let identity = with(mallory, NameFormat::Upn, "EXAMPLE");
        assert_eq!(identity.display(), display);
        assert_eq!(identity.attribute(b"upn").is_some(), upn == display);
    }
    // Our own domain may use any suffix.
    let ours = Account {
        upn: Some("alice@brand.test".to_owned()),
        ..alice()
    };
    let identity = with(ours, NameFormat::Logon, "EXAMPLE");
    assert_eq!(values(&identity, "upn"), ["alice@brand.test"]);
}

#[test]
fn a_configured_local_domain_cannot_give_names_of_our_domain() {
    let settings = config::Identity {
        format: NameFormat::Upn,
        local_domains: vec!["BRANCH".parse().unwrap()],
        ..config::Identity::default()
    };
    let root = Account {
        user: "root".to_owned(),
        domain: "BRANCH".to_owned(),
        dns_domain: Some("branch.test".to_owned()),
        upn: Some("alice@example.test".to_owned()),
        ..alice()
    };
    let identity = Identity::new(root, &settings, "EXAMPLE", String::new());
    assert_eq!(identity.display(), "root@branch.test");
    assert_eq!(identity.local(), Some("root"));
    assert!(identity.attribute(b"upn").is_none());
}

#[test]
fn the_letter_case_is_as_configured() {
    let jurgen = || Account {
        user: "Jürgen".to_owned(),
        ..alice()
    };
    for (case, display, local) in [
        (LetterCase::Keep, "EXAMPLE\\Jürgen", "Jürgen"),
        (LetterCase::Lower, "example\\jürgen", "jürgen"),
        (LetterCase::Upper, "EXAMPLE\\JÜRGEN", "JÜRGEN"),
    ] {
        let settings = config::Identity {
            case,
            ..config::Identity::default()
        };
        let identity = Identity::new(jurgen(), &settings, "EXAMPLE", String::new());
        assert_eq!(
            (identity.display(), identity.local()),
            (display, Some(local))
        );

        assert_eq!(identity.attribute(b"user").unwrap().values, ["Jürgen"]);
    }
}

#[test]
fn the_display_name_has_the_configured_form() {
    for (format, name) in [
        (NameFormat::Logon, "EXAMPLE\\alice"),
        (NameFormat::Sam, "alice"),
        (NameFormat::Upn, "alice@example.test"),
        (NameFormat::UserAtDomain, "alice@EXAMPLE"),
    ] {
        let identity = with(alice(), format, "EXAMPLE");
        assert_eq!(identity.display(), name);
    }
    let without_upn = Account {
        upn: None,
        ..alice()
    };
    let identity = with(without_upn, NameFormat::Upn, "EXAMPLE");
    assert_eq!(identity.display(), "alice@example.test");
    let identity = with(alice(), NameFormat::Sam, "OTHER");
    assert_eq!(identity.display(), "EXAMPLE\\alice", "not our alice");
}

#[test]
fn an_account_is_its_user_and_domain() {
    let account = |user: &str, domain: &str| Account {
        user: user.to_owned(),
        domain: domain.to_owned(),
        ..alice()
    };
    let identity = |account| with(account, NameFormat::Logon, "EXAMPLE");
    let same = |user, domain| identity(alice()).is_account_of(&identity(account(user, domain)));
    assert!(same("alice", "EXAMPLE"));
    assert!(same("ALICE", "example"));
    assert!(!same("alice", "OTHER"));
    assert!(!same("bob", "EXAMPLE"));
}

#[test]
fn only_users_of_our_domain_are_local() {
    let identity = with(alice(), NameFormat::Logon, "example");
    assert_eq!(identity.local(), Some("alice"));
    assert_eq!(values(&identity, "local-login-user"), ["alice"]);
    let identity = with(alice(), NameFormat::Logon, "OTHER");
    assert_eq!(identity.local(), None);
    assert!(identity.attribute(b"local-login-user").is_none());
}
