//! Against a DNS server and controllers of our own on loopback.

use super::*;
use crate::base::net::Deadline;
use crate::dc::locate::imitation::{
    CLOSEST, Data, DnsServer, HEALTHY, Manner, Zone, dns, dns_that, in_time, responder,
    tcp_responder,
};
use crate::dc::locate::sought::fixture::netlogon;
use domain::base::iana::Rcode;
use std::cell::RefCell;
use std::net::UdpSocket;
use std::sync::atomic::Ordering;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

const ALL: &str = "_ldap._tcp.dc._msdcs.example.test";
const NEAR: &str = "_ldap._tcp.Near._sites.dc._msdcs.example.test";

fn address(text: &str) -> Data {
    Data::Address(text.parse().unwrap())
}

fn found(config: &Sought, server: &DnsServer) -> Result<Found, String> {
    let mut resolver = Resolver::new(vec![server.address], Deadline::after(LONG));
    search(config, &Earlier::default(), &mut resolver)
}

fn of_site(site: Option<SiteName>) -> Earlier {
    Earlier {
        site,
        hosts: Vec::new(),
    }
}

fn texts(found: &Found) -> Vec<String> {
    found.candidates.iter().map(ToString::to_string).collect()
}

/// Of names in `controllers`, of hosts that DNS names, and in the place of what DNS sent along.
#[test]
fn the_file_of_hosts_comes_before_dns() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let server = dns(vec![
        (ALL, Data::Service(0, 9, "dc1.test")),
        ("dc1.test", address("127.0.0.2")),
        ("dc2.test", address("127.0.0.3")),
    ]);
    let listed = netlogon(r#"controllers = ["dc1.test", "dc2.test:49200"]"#);
    for (config, addresses) in [
        (&netlogon(""), &["127.0.0.4"][..]),
        (&listed, &["127.0.0.4", "127.0.0.3:49200"]),
    ] {
        let found = |lines: &str| {
            std::fs::write(file.path(), lines).unwrap();
            let resolver = Resolver::new(vec![server.address], Deadline::after(LONG));
            let mut resolver = resolver.with_hosts(file.path());
            texts(&search(config, &Earlier::default(), &mut resolver).unwrap())
        };
        assert_eq!(found("127.0.0.4 DC1.test alias\n"), addresses);
        // Looked at again for the next search.
        assert_eq!(found("127.0.0.4 dc9.test\n")[0], "127.0.0.2");
    }
    // An address of the other family than that of `source` is none.
    std::fs::write(file.path(), "::1 dc1.test").unwrap();
    let config = netlogon("source = \"127.0.0.1\"");
    let resolver = Resolver::new(vec![server.address], Deadline::after(LONG));
    let mut resolver = resolver.with_hosts(file.path());
    let found = search(&config, &Earlier::default(), &mut resolver).unwrap();
    assert_eq!(texts(&found), ["127.0.0.2"]);
}

#[test]
fn the_first_good_answer_comes_first_over_both_families() {
    let good = responder("::1", 23, HEALTHY | CLOSEST, "example.test");
    let paused = responder("127.0.0.3", 24, HEALTHY, "example.test");
    let read_only = responder("127.0.0.4", 23, 0xF1, "example.test");
    let stranger = responder("127.0.0.5", 23, HEALTHY, "other.test");
    let server = dns(vec![
        (ALL, Data::Service(4, good.port, "good.test")),
        (ALL, Data::Service(0, paused.port, "paused.test")),
        (ALL, Data::Service(1, 9, "silent.test")),
        (ALL, Data::Service(2, read_only.port, "rodc.test")),
        (ALL, Data::Service(3, stranger.port, "stranger.test")),
        (ALL, Data::Service(5, 9, "later.test")),
        ("good.test", address("::1")),
        ("paused.test", address("127.0.0.3")),
        ("silent.test", address("127.0.0.2")),
        ("rodc.test", address("127.0.0.4")),
        ("stranger.test", address("127.0.0.5")),
        ("later.test", address("127.0.0.6")),
    ]);
    let found = found(&netlogon(""), &server).unwrap();
    assert_eq!(
        texts(&found),
        ["::1", "127.0.0.2", "127.0.0.6", "127.0.0.3", "127.0.0.4"]
    );
    assert_eq!(found.site.unwrap().as_str(), "Near");
    let identified: Vec<_> = found
        .candidates
        .iter()
        .map(|candidate| candidate.identity.as_ref().map(|who| &*who.netbios_host))
        .collect();
    assert_eq!(identified, [Some("DC"), None, None, Some("DC"), Some("DC")]);
}

#[test]
fn the_site_that_a_controller_tells_is_searched() {
    let far = responder("127.0.0.2", 23, HEALTHY, "example.test");
    let near = responder("127.0.0.3", 23, HEALTHY | CLOSEST, "example.test");
    let zone = vec![
        (ALL, Data::Service(0, far.port, "far.test")),
        (ALL, Data::Service(9, near.port, "near.test")),
        (NEAR, Data::Service(0, near.port, "near.test")),
        ("far.test", address("127.0.0.2")),
        ("near.test", address("127.0.0.3")),
    ];
    let server = dns(zone);
    let first = found(&netlogon(""), &server).unwrap();
    assert_eq!(texts(&first), ["127.0.0.3", "127.0.0.2"]);
    // Known from before, or from the configuration, it is asked first.
    let mut resolver = Resolver::new(vec![server.address], Deadline::after(LONG));
    let again = search(&netlogon(""), &of_site(first.site), &mut resolver).unwrap();
    assert_eq!(texts(&again), ["127.0.0.3", "127.0.0.2"]);
    let given = found(&netlogon("site = \"Near\""), &server).unwrap();
    assert_eq!(texts(&given), ["127.0.0.3", "127.0.0.2"]);
    assert_eq!(given.site, None, "the configuration's counts");
    // One that does not exist is no obstacle.
    let other = found(&netlogon("site = \"Nowhere\""), &server).unwrap();
    assert_eq!(texts(&other), ["127.0.0.2", "127.0.0.3"]);
}

/// Any host that answers a ping may name a site: nothing about it is proven.
#[test]
fn a_site_that_dns_cannot_tell_of_is_no_obstacle() {
    let server = dns(vec![
        (ALL, Data::Service(0, 9, "a.test")),
        (NEAR, Data::Failure),
        ("a.test", address("127.0.0.2")),
    ]);
    let mut resolver = Resolver::new(vec![server.address], Deadline::after(LONG));
    let learnt = Some("Near".parse().unwrap());
    let learnt = search(&netlogon(""), &of_site(learnt), &mut resolver).unwrap();
    let given = found(&netlogon("site = \"Near\""), &server).unwrap();
    for found in [learnt, given] {
        assert_eq!(texts(&found), ["127.0.0.2"]);
        assert!(!found.is_complete, "it is asked for again soon");
    }
}

#[test]
fn without_pings_the_order_is_that_of_dns() {
    let server = dns(vec![
        (ALL, Data::Service(2, 9, "b.test")),
        (ALL, Data::Service(1, 9, "a.test")),
        ("a.test", address("127.0.0.2")),
        ("b.test", address("127.0.0.3")),
    ]);
    // Two seconds for both, and not for each.
    let found = in_time(Duration::from_secs(4), || {
        found(&netlogon(""), &server).unwrap()
    });
    assert_eq!(texts(&found), ["127.0.0.2", "127.0.0.3"]);
}

#[test]
fn cut_answers_are_asked_for_over_tcp() {
    let server = dns_that(Manner::Cuts, vec![("dc1.test", address("127.0.0.2"))]);
    let config = netlogon("controllers = [\"dc1.test:49152\", \"192.0.2.1\", \"no.test\"]");
    let found = found(&config, &server).unwrap();
    assert_eq!(texts(&found), ["127.0.0.2:49152", "192.0.2.1"]);
    assert!(!found.is_complete, "one has no address");
    assert_eq!(server.over_tcp.load(Ordering::SeqCst), 4);
}

#[test]
fn a_silent_server_is_left_for_the_next() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let config = netlogon("controllers = [\"dc1.test\"]");
    // Two seconds, once: it is remembered who answered.
    let (found, asked) = in_time(Duration::from_secs(4), || {
        let server = dns(vec![("dc1.test", address("127.0.0.2"))]);
        let servers = vec![silent.local_addr().unwrap(), server.address];
        let mut resolver = Resolver::new(servers, Deadline::after(LONG));
        let found = search(&config, &Earlier::default(), &mut resolver).unwrap();
        (found, server.asked.load(Ordering::SeqCst))
    });
    assert_eq!(texts(&found), ["127.0.0.2"]);
    assert_eq!(asked, 2);
}

#[test]
fn silence_of_all_meets_the_deadline() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    // The server has two seconds where there is time.
    let problem = in_time(Duration::from_secs(2), || {
        let deadline = Deadline::after(Duration::from_millis(100));
        let mut resolver = Resolver::new(vec![address], deadline);
        search(&netlogon(""), &Earlier::default(), &mut resolver).unwrap_err()
    });
    assert!(problem.contains("no answer in time"), "{problem}");
    assert!(problem.contains(&address.to_string()), "{problem}");
}

#[test]
fn what_dns_does_not_know_is_told() {
    let server = dns(vec![(ALL, Data::Service(0, 389, "a.test"))]);
    let problem = found(&netlogon(""), &server).unwrap_err();
    assert!(problem.contains("a.test: no address"), "{problem}");
    let server = dns(vec![]);
    let problem = found(&netlogon(""), &server).unwrap_err();
    assert!(problem.contains(ALL), "{problem}");
    let strangers = ["127.0.0.5", "127.0.0.6"].map(|at| responder(at, 23, HEALTHY, "other.test"));
    let server = dns(vec![
        (ALL, Data::Service(3, strangers[0].port, "one.test")),
        (ALL, Data::Service(3, strangers[1].port, "two.test")),
        ("one.test", self::address("127.0.0.5")),
        ("two.test", self::address("127.0.0.6")),
    ]);
    let problem = found(&netlogon(""), &server).unwrap_err();
    assert!(problem.contains("do not serve"), "{problem}");
}

/// A domain with a hundred controllers, and a forwarder that sends no addresses along.
fn hundred(port_of_good: u16, priority_of_good: u16) -> Zone {
    let name = |number: usize| -> &'static str { format!("dc{number}.test").leak() };
    let mut zone = vec![
        (
            ALL,
            Data::Service(priority_of_good, port_of_good, "good.test"),
        ),
        ("good.test", address("127.0.0.9")),
    ];
    for number in 0..99 {
        zone.push((ALL, Data::Service(1, 9, name(number))));
        zone.push((name(number), address("127.0.0.2")));
    }
    zone
}

#[test]
fn only_the_first_hosts_are_looked_up() {
    let good = responder("127.0.0.9", 23, HEALTHY | CLOSEST, "example.test");
    let server = dns(hundred(good.port, 0));
    let found = found(&netlogon(""), &server).unwrap();
    assert_eq!(texts(&found)[0], "127.0.0.9");
    assert!(found.has_more && found.is_complete);
    assert_eq!(found.hosts.len(), BATCH);
    // The services over TCP, their list being long; two addresses of three hosts.
    assert_eq!(server.asked.load(Ordering::SeqCst), 1 + 2 * BATCH);
}

#[test]
fn further_hosts_are_looked_up_when_none_of_the_first_answers_well() {
    let good = responder("127.0.0.9", 23, HEALTHY | CLOSEST, "example.test");
    // After the five hosts that come before it.
    let mut zone = hundred(good.port, 2);
    zone.truncate(2 + 2 * 5);
    let server = dns(zone);
    let found = found(&netlogon(""), &server).unwrap();
    assert_eq!(texts(&found)[0], "127.0.0.9");
    assert!(!found.has_more);
    assert_eq!(server.asked.load(Ordering::SeqCst), 1 + 2 * 6);
}

#[test]
fn hosts_that_failed_before_come_last() {
    let server = dns(hundred(9, 0));
    let earlier = Earlier {
        site: None,
        hosts: vec!["good.test".to_owned()],
    };
    let deadline = Deadline::after(LONG);
    let mut resolver = Resolver::new(vec![server.address], deadline);
    let found = search(&netlogon(""), &earlier, &mut resolver).unwrap();
    assert!(!found.hosts.contains(&"good.test".to_owned()));
}

#[test]
fn both_families_are_asked_for_at_the_same_time() {
    let zone = vec![
        ("dc1.test", address("127.0.0.2")),
        ("dc1.test", address("::1")),
    ];
    let config = netlogon("controllers = [\"dc1.test\"]");
    let (found, asked) = in_time(Duration::from_secs(1), || {
        let server = dns_that(Manner::AnswersInPairs, zone.clone());
        let found = found(&config, &server).unwrap();
        (found, server.asked.load(Ordering::SeqCst))
    });
    assert_eq!(texts(&found), ["127.0.0.2", "::1"]);
    assert_eq!(asked, 2);
}

#[test]
fn one_host_is_not_waited_for() {
    let silent = UdpSocket::bind("127.0.0.2:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let server = dns(vec![
        (ALL, Data::Service(0, port, "a.test")),
        ("a.test", address("127.0.0.2")),
    ]);
    let found = in_time(Duration::from_millis(500), || {
        found(&netlogon(""), &server).unwrap()
    });
    assert_eq!(texts(&found), ["127.0.0.2"]);
}

#[test]
fn controllers_that_are_silent_over_udp_are_asked_over_tcp() {
    let poor = tcp_responder("127.0.0.2", 0xF1, "example.test");
    let good = tcp_responder("127.0.0.3", HEALTHY, "example.test");
    let server = dns(vec![
        (ALL, Data::Service(0, poor.port, "poor.test")),
        (ALL, Data::Service(1, good.port, "good.test")),
        (ALL, Data::Service(2, 9, "later.test")),
        ("poor.test", address("127.0.0.2")),
        ("good.test", address("127.0.0.3")),
        ("later.test", address("127.0.0.4")),
    ]);
    let resolver = RefCell::new(Resolver::new(
        vec![server.address],
        Deadline::after(10 * LONG),
    ));
    let config = netlogon("site = \"Near\"");
    // The second search knows that UDP does not get through.
    for limit in [Duration::from_secs(30), Duration::from_millis(500)] {
        let found = in_time(limit, || {
            search(&config, &Earlier::default(), &mut resolver.borrow_mut()).unwrap()
        });
        assert_eq!(texts(&found), ["127.0.0.3", "127.0.0.4", "127.0.0.2"]);
        let identity = found.candidates[0].identity.as_ref().unwrap();
        assert_eq!(identity.netbios_domain, "EXAMPLE");
    }
}

#[test]
fn a_server_that_does_not_understand_opt_is_asked_without() {
    for rcode in [Rcode::FORMERR, Rcode::NOTIMP] {
        let zone = vec![("dc1.test", address("127.0.0.2"))];
        let server = dns_that(Manner::RefusesOpt(rcode), zone);
        let config = netlogon("controllers = [\"dc1.test\"]\nsource = \"127.0.0.1\"");
        let mut resolver = Resolver::new(vec![server.address], Deadline::after(LONG));
        // Once with and once without; then it is known.
        for asked in [2, 3] {
            let found = search(&config, &Earlier::default(), &mut resolver).unwrap();
            assert_eq!(texts(&found), ["127.0.0.2"]);
            assert_eq!(server.asked.load(Ordering::SeqCst), asked, "{rcode}");
        }
    }
}

#[test]
fn a_server_behind_what_drops_opt_is_asked_without_in_the_second_round() {
    let zone = vec![("dc1.test", address("127.0.0.2"))];
    let server = dns_that(Manner::DropsOpt, zone);
    let config = netlogon("controllers = [\"dc1.test\"]");
    let found = in_time(Duration::from_secs(4), || found(&config, &server).unwrap());
    assert_eq!(texts(&found), ["127.0.0.2"]);
}

/// Of which WINS gives the addresses: strangers are left out, the others ordered by their answers.
#[test]
fn controllers_without_names_are_pinged_too() {
    let good = responder("127.0.0.2", 23, HEALTHY, "example.test");
    let paused = responder("127.0.0.3", 24, HEALTHY, "example.test");
    let stranger = responder("127.0.0.4", 23, HEALTHY, "other.test");
    let target = |last, port| SocketAddr::from(([127, 0, 0, last], port));
    let config = netlogon("[netlogon.wins]\nservers = [\"127.0.0.1\"]");
    let found = |targets: &[SocketAddr]| {
        let mut resolver = Resolver::new(vec![], Deadline::after(LONG));
        by_address(&config, targets, &mut resolver)
    };
    let strange = target(4, stranger.port);
    let all = [target(3, paused.port), strange, target(2, good.port)];
    let all = found(&all).unwrap();
    assert_eq!(texts(&all), ["127.0.0.2", "127.0.0.3"]);
    assert!(all.candidates.iter().all(|one| one.dns_name.is_none()));
    assert_eq!((all.site, all.has_more), (None, false));
    let problem = found(&[strange, strange]).unwrap_err();
    assert!(
        problem.contains("WINS names do not serve example.test"),
        "{problem}"
    );
    // A single one needs no ping.
    assert_eq!(texts(&found(&[strange]).unwrap()), ["127.0.0.4"]);
}
