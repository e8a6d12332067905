use super::*;
use crate::base::config::{Config, fixture};

fn refused(lines: &str) -> String {
    Config::parse(&fixture::directory_text(lines)).unwrap_err()
}

#[test]
fn defaults_are_filled_in() {
    let directory = fixture::directory("");
    let service = &directory.service;
    assert_eq!(
        (service.tls, &service.trust),
        (TlsStart::Ldaps, &ServerTrust::System)
    );
    assert_eq!(service.connect_timeout, Duration::from_secs(3));
    assert_eq!(service.call_timeout, Duration::from_secs(5));
    assert_eq!(service.budget, Duration::from_secs(15));
    assert_eq!(service.connections, 4);
    assert_eq!(directory.schema, Schema::Samba);
    assert_eq!(directory.user_attribute.as_str(), "uid");
    assert_eq!((directory.user_filter, directory.groups), (None, None));
    assert_eq!(
        (directory.dns_domain, directory.netbios_computer),
        (None, None)
    );
}

#[test]
fn every_setting_can_be_written() {
    let pin = "00".repeat(32);
    let directory = fixture::directory(&format!(
        r#"
        servers = ["ldap1.example.test", "10.0.0.2:1636"]
        tls = "starttls"
        certificate = "{pin}"
        bind_dn = "uid=ntlmdc,cn=sysaccounts,cn=etc,dc=example,dc=test"
        bind_secret = "/etc/gss/ntlmdc.directory"
        base = "cn=users,cn=accounts,dc=example,dc=test"
        schema = "freeipa"
        user_attribute = "mail"
        user_filter = "(&(objectClass=person)(!(uid=admin)))"
        netbios_domain = "example"
        dns_domain = "example.test"
        netbios_computer = "WEB1"
        groups = "search"
        group_base = "cn=groups,cn=accounts,dc=example,dc=test"
        group_attribute = "cn"
        group_member = "uniqueMember"
        nested_groups = true
        connect_timeout = "1s"
        call_timeout = "2s"
        budget = "3s"
        connections = 16
        "#
    ));
    let service = directory.service;
    assert_eq!(service.servers.len(), 2);
    assert_eq!(service.tls, TlsStart::StartTls);
    assert!(matches!(service.trust, ServerTrust::Pin(_)));
    assert_eq!(service.budget, Duration::from_secs(3));
    assert_eq!(directory.schema, Schema::FreeIpa);
    assert_eq!(directory.netbios_domain.as_str(), "EXAMPLE");
    let groups = directory.groups.unwrap();
    let member = AttributeName("uniqueMember".to_owned());
    assert_eq!(groups.membership, Membership::Entries(member));
    assert!(groups.nested && directory.user_filter.is_some());
}

#[test]
fn groups_are_found_in_one_of_three_ways() {
    let groups = |lines: &str| {
        let lines = format!("{lines}\ngroup_base = \"ou=groups,dc=example,dc=test\"");
        fixture::directory(&lines).groups.unwrap().membership
    };
    let name = |name: &str| AttributeName(name.to_owned());
    assert_eq!(groups("groups = \"member-of\""), Membership::MemberOf);
    assert_eq!(
        groups("groups = \"search\""),
        Membership::Entries(name("member"))
    );
    assert_eq!(
        groups("groups = \"search\"\ngroup_member = \"memberUid\""),
        Membership::Names(name("memberUid"))
    );
}

#[test]
fn contradictions_and_mistakes_are_refused() {
    let base = "group_base = \"ou=groups,dc=example\"";
    for (lines, expected) in [
        ("servers = []", "the list is empty"),
        ("servers = [\"ldap://a.test\"]", "a server is an IP address"),
        ("tls = \"none\"", "unknown variant"),
        ("certificate = \"00\"", "64 hexadecimal digits"),
        (
            &format!(
                "authorities = \"/a\"\ncertificate = \"{}\"",
                "00".repeat(32)
            ),
            "write one of them",
        ),
        ("bind_dn = \"\"", "bind_dn"),
        ("bind_secret = \"hunter2\"", "a file's path begins with /"),
        ("base = \"people\"", "base: a distinguished name"),
        ("schema = \"ad\"", "unknown variant"),
        ("user_attribute = \"uid)(\"", "an attribute's name"),
        ("user_filter = \"(uid=\"", "an LDAP filter"),
        ("groups = \"member-of\"", "group_base"),
        (base, "groups: set it"),
        ("nested_groups = true", "groups: set it"),
        (
            &format!("groups = \"member-of\"\ngroup_member = \"member\"\n{base}"),
            "group_member",
        ),
        (
            &format!(
                "groups = \"search\"\ngroup_member = \"memberUid\"\nnested_groups = true\n{base}"
            ),
            "nested_groups",
        ),
        ("connections = 17", "1 to 16"),
        ("password = \"x\"", "unknown field"),
    ] {
        let told = refused(lines);
        assert!(told.contains(expected), "{lines}: {told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[test]
fn a_policy_about_groups_needs_groups() {
    let policy = "[policy]\ngroups = [\"Staff\"]\n";
    assert!(refused(policy).starts_with("policy.groups: the verifier \"directory\""));
    let with_groups = "groups = \"search\"\ngroup_base = \"ou=groups,dc=example,dc=test\"\n";
    let text = fixture::directory_text(&format!("{with_groups}{policy}"));
    assert!(Config::parse(&text).is_ok());
    // Another verifier knows groups.
    let text = fixture::directory_text(policy);
    let domain = fixture::netlogon_text("");
    let (_, domain) = domain.split_once('\n').unwrap();
    let beside = text.replace("[\"directory\"]", "[\"directory\", \"netlogon\"]");
    assert!(Config::parse(&format!("{beside}{domain}")).is_ok());
}
