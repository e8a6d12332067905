//! Names of the domain, sites, DNS servers and the hosts that they name; the lockout policy.

use std::time::Duration;

use gss_ntlmdc::base::config::GuessLimit;
use gss_ntlmdc::dc::probe::{DnsServer, DnsServers};

use super::*;

#[test]
fn a_netbios_name_that_was_given_or_assumed() {
    let office = config("netbios_domain = \"OFFICE\"");
    let (named, finding) = names::compare(&office, &[controller(1)]);
    assert!(named.is_none());
    let (level, cause, what) = only(finding.into_iter().collect());
    assert_eq!(
        (level, cause),
        (Level::Failure, Some(Cause::NetbiosDomainWrong))
    );
    assert!(what.contains("\"EXAMPLE\", and \"OFFICE\" here"), "{what}");
    let mut firm = controller(1);
    let mut told = identity(WRITABLE);
    told.netbios_domain = "FIRM".to_owned();
    firm.reach.as_mut().unwrap().udp = Pong::Controller(Arc::new(told));
    let (named, finding) = names::compare(&config(""), &[firm]);
    assert_eq!(named.unwrap().netbios_domain.as_str(), "FIRM");
    assert_eq!(only(finding.into_iter().collect()).0, Level::Warning);
    assert_eq!(names::compare(&config(""), &[controller(1)]).1, None);
}

fn host(name: &str, is_found: bool) -> NamedHost {
    NamedHost {
        name: name.to_owned(),
        port: None,
        addresses: match is_found {
            true => Ok(vec![[10, 0, 0, 1].into()]),
            false => Err("DNS: no address".to_owned()),
        },
    }
}

#[test]
fn sites_matter_where_there_is_a_choice() {
    let mut unknown = identity(WRITABLE);
    unknown.client_site = String::new();
    let without = |number| {
        let pong = Pong::Controller(Arc::new(unknown.clone()));
        reached(number, |reach| reach.udp = pong)
    };
    let found = |config: &Netlogon, all: &[Seen], hosts: Vec<NamedHost>| {
        bad(names::site(config, all, |_| Ok(hosts)))
    };
    let both = [without(1), without(2)];
    assert_eq!(
        only(found(&config(""), &both, vec![])).1,
        Some(Cause::SiteUnknown)
    );
    assert!(found(&config(""), &[without(1)], vec![]).is_empty());
    let listed = config("controllers = [\"10.0.0.1\", \"10.0.0.2\"]");
    assert!(found(&listed, &both, vec![]).is_empty());
    let known = [controller(1)];
    assert_eq!(
        only(found(&config(""), &known, vec![])).1,
        Some(Cause::SiteWithoutControllers)
    );
    assert!(found(&config(""), &known, vec![host("dc1.example.test", true)]).is_empty());
}

#[test]
fn dns_servers_that_do_not_help() {
    let asked = |records: &[Result<usize, String>]| {
        let servers = (1..).zip(records).map(|(number, records)| DnsServer {
            address: SocketAddr::from(([10, 0, 0, number], 53)),
            records: records.clone(),
        });
        DnsServers {
            question: "_ldap._tcp.dc._msdcs.example.test".to_owned(),
            servers: servers.collect(),
            unusable_lines: Vec::new(),
        }
    };
    let found = |records: &[Result<usize, String>], hosts: Vec<NamedHost>| {
        bad(dns::findings(
            &config(""),
            Some(&asked(records)),
            &Ok(hosts),
            &[],
        ))
    };
    let judged = |records: &[Result<usize, String>], hosts| {
        let (level, cause, _) = only(found(records, hosts));
        (level, cause.unwrap())
    };
    let silent = || Err("no answer in time".to_owned());
    let one = || vec![host("dc1.example.test", true)];
    assert!(found(&[Ok(1)], one()).is_empty());
    let looked_at = |change: fn(&mut Reach)| {
        let (servers, hosts) = (asked(&[silent()]), Ok(vec![]));
        let hosts_of_dns = [reached(1, change)];
        let findings = dns::findings(&config(""), Some(&servers), &hosts, &hosts_of_dns);
        only(findings).2
    };
    let down = |reach: &mut Reach| {
        reach.tcp = Some(Err(PortState::Silent));
        (reach.udp, reach.rpc) = (Pong::Silent, RpcPorts::NoMapper(PortState::Silent));
    };
    assert!(looked_at(down).ends_with("it is down, or a firewall drops packets"));
    assert!(looked_at(|_| ()).ends_with("a controller of the domain, without DNS"));
    assert_eq!(
        judged(&[silent(), silent()], vec![]),
        (Level::Failure, Cause::DnsSilent)
    );
    assert_eq!(
        judged(&[silent(), Ok(1)], one()),
        (Level::Warning, Cause::DnsSilent)
    );
    assert_eq!(
        judged(&[Ok(0)], vec![]),
        (Level::Failure, Cause::DnsNoControllers)
    );
    assert_eq!(
        judged(&[Ok(0), Ok(1)], vec![]),
        (Level::Failure, Cause::DnsOtherServer)
    );
    assert_eq!(
        judged(&[Ok(1), Ok(0)], one()),
        (Level::Warning, Cause::DnsOtherServer)
    );
    let missing = || host("dc2.example.test", false);
    let without = Cause::ControllerWithoutAddress;
    assert_eq!(judged(&[Ok(2)], vec![missing()]), (Level::Failure, without));
    let both = vec![missing(), host("dc1.example.test", true)];
    assert_eq!(judged(&[Ok(2)], both), (Level::Warning, without));
    let mut lines = asked(&[Ok(1)]);
    lines.unusable_lines = vec!["/etc/resolv.conf: line 1: no address".to_owned()];
    let findings = dns::findings(&config(""), Some(&lines), &Ok(one()), &[]);
    assert_eq!(only(findings).1, Some(Cause::DnsUnusableLine));
}

#[test]
fn the_guess_limit_is_below_the_lockout_policy() {
    let limit = |limit, minutes: u64| GuessLimit {
        limit,
        window: Duration::from_secs(60 * minutes),
    };
    let policy = |threshold| lockout::lockout(threshold, Some("-18000000000")).unwrap();
    assert_eq!(policy("10").observed, Duration::from_secs(30 * 60));
    assert_eq!(lockout::lockout("x", None), None);
    assert_eq!(lockout::lockout("10", Some("x")), None);
    let cause = |limit: Option<GuessLimit>, threshold| {
        let finding = lockout::compare(limit.as_ref(), policy(threshold));
        bad(vec![finding]).pop().and_then(|one| one.cause)
    };
    assert_eq!(cause(None, "0"), None);
    assert_eq!(cause(Some(limit(5, 10)), "0"), None);
    assert_eq!(cause(None, "10"), Some(Cause::GuessLimitOff));
    assert_eq!(
        cause(Some(limit(10, 30)), "10"),
        Some(Cause::GuessLimitTooHigh)
    );
    assert_eq!(
        cause(Some(limit(9, 29)), "10"),
        Some(Cause::GuessWindowTooShort)
    );
    assert_eq!(cause(Some(limit(9, 30)), "10"), None);
}
