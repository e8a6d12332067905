use super::*;
use crate::dc::locate::imitation::{Data, HEALTHY, dns, responder, tcp_responder};
use crate::dc::locate::sought::fixture;

const ALL: &str = "_ldap._tcp.dc._msdcs.example.test";

fn resolver_of(servers: Vec<SocketAddr>) -> Resolver {
    Resolver::new(servers, Deadline::after(PATIENCE))
}

fn address(text: &str) -> Data {
    Data::Address(text.parse().unwrap())
}

/// A login would be content with the first answer.
#[test]
fn every_dns_server_is_asked() {
    let config = fixture::netlogon("");
    let right = dns(vec![
        (ALL, Data::Service(0, 389, "dc1.test")),
        (ALL, Data::Service(0, 389, "dc2.test")),
    ]);
    let (public, broken) = (dns(vec![]), dns(vec![(ALL, Data::Failure)]));
    let servers = [&public, &broken, &right].map(|server| server.address);
    let asked = ask_servers(&config, resolver_of(servers.to_vec())).unwrap();
    assert_eq!(asked.question, ALL);
    let records: Vec<_> = asked
        .servers
        .iter()
        .map(|one| one.records.clone())
        .collect();
    assert_eq!(records[0], Ok(0));
    assert!(
        records[1].as_ref().unwrap_err().contains("SERVFAIL"),
        "{records:?}"
    );
    assert_eq!(records[2], Ok(2));
}

#[test]
fn dns_is_not_asked_about_addresses() {
    let config = fixture::netlogon(r#"controllers = ["127.0.0.2", "127.0.0.3:49152"]"#);
    assert!(ask_servers(&config, resolver_of(vec![])).is_none());
    let hosts = find_hosts(&config, None, &mut resolver_of(vec![])).unwrap();
    let ports: Vec<_> = hosts
        .iter()
        .map(|host| (host.name.as_str(), host.port))
        .collect();
    assert_eq!(ports, [("127.0.0.2", None), ("127.0.0.3", Some(49152))]);
}

#[test]
fn each_host_has_addresses_or_the_reason() {
    let zone = vec![
        (ALL, Data::Service(0, 389, "dc1.test")),
        (ALL, Data::Service(0, 3268, "dc1.test")),
        (ALL, Data::Service(1, 389, "dc2.test")),
        ("dc1.test", address("127.0.0.4")),
        ("dc1.test", address("::4")),
    ];
    let server = dns(zone);
    let found = |config: &Sought| {
        let hosts = find_hosts(config, None, &mut resolver_of(vec![server.address]));
        let hosts = hosts.unwrap().into_iter();
        hosts
            .map(|host| (host.name, host.addresses))
            .collect::<Vec<_>>()
    };
    let ips = |all: &[&str]| Ok(all.iter().map(|one| one.parse().unwrap()).collect());
    let hosts = found(&fixture::netlogon(""));
    assert_eq!(
        hosts[0],
        ("dc1.test".to_owned(), ips(&["127.0.0.4", "::4"]))
    );
    assert_eq!(hosts[1].0, "dc2.test");
    assert!(
        hosts[1]
            .1
            .as_ref()
            .unwrap_err()
            .contains("dc2.test: no address")
    );
    assert_eq!(hosts.len(), 2);
    // A source address reaches its own family only.
    let hosts = found(&fixture::netlogon("source = \"::1\""));
    assert_eq!(hosts[0].1, ips(&["::4"]));
    let listed = r#"controllers = ["DC1.test", "dc3.test"]"#;
    let hosts = found(&fixture::netlogon(listed));
    assert_eq!(hosts[0].1, ips(&["127.0.0.4", "::4"]));
    assert!(hosts[1].1.is_err());
}

#[test]
fn a_domain_without_services_has_no_hosts() {
    let server = dns(vec![]);
    let config = fixture::netlogon("");
    let site: SiteName = "Berlin".parse().unwrap();
    for site in [None, Some(&site)] {
        let hosts = find_hosts(&config, site, &mut resolver_of(vec![server.address]));
        assert!(hosts.unwrap().is_empty());
    }
    let silent = SocketAddr::from(([127, 0, 0, 1], 9));
    assert!(find_hosts(&config, None, &mut resolver_of(vec![silent])).is_err());
}

#[test]
fn a_ping_tells_what_the_host_is() {
    let config = fixture::netlogon("");
    let soon = || Deadline::after(Duration::from_millis(300));
    let ping = |port, over_tcp| {
        let target = SocketAddr::from(([127, 0, 0, 1], port));
        match over_tcp {
            true => ping::over_tcp(&config, target, soon()).map(Pong::from).ok(),
            false => ping::over_udp(&config, target, soon()).map(Pong::from).ok(),
        }
    };
    let ours = responder("127.0.0.1", 23, HEALTHY, "example.test");
    let read_only = responder("127.0.0.1", 23, HEALTHY & !0x100, "example.test");
    let other = responder("127.0.0.1", 23, HEALTHY, "other.test");
    let Some(Pong::Controller(identity)) = ping(ours.port, false) else {
        panic!("no controller");
    };
    assert_eq!(identity.netbios_domain, "EXAMPLE");
    let is_writable = |pong| match pong {
        Some(Pong::Controller(identity)) => Some(identity.is_writable()),
        _ => None,
    };
    assert_eq!(is_writable(ping(read_only.port, false)), Some(false));
    assert_eq!(ping(other.port, false), Some(Pong::Stranger));
    let only_tcp = tcp_responder("127.0.0.1", HEALTHY, "example.test");
    assert_eq!(ping(only_tcp.port, false), Some(Pong::Silent));
    assert_eq!(is_writable(ping(only_tcp.port, true)), Some(true));
    drop(only_tcp);
}
