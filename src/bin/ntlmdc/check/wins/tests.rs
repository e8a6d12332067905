use std::net::SocketAddr;

use gss_ntlmdc::base::config::Config;

use super::*;
use crate::check::finding::Level;

fn config() -> Wins {
    let text = "verify = [\"netlogon\"]\n[netlogon]\ndomain = \"example.test\"\n\
                account = \"WEB1-NTLM$\"\nsecret = \"/etc/gss/ntlmdc.secret\"\n\
                netbios_domain = \"EXAMPLE\"\n[netlogon.wins]\nservers = [\"10.0.0.5\"]\n";
    let config = Config::parse(text).unwrap();
    config.netlogon[0].wins.clone().unwrap()
}

fn server(number: u8, controllers: Result<&[[u8; 4]], NoControllers>) -> WinsServer {
    WinsServer {
        address: SocketAddr::from(([10, 0, 0, number], 137)),
        controllers: controllers.map(|all| all.iter().map(|one| (*one).into()).collect()),
    }
}

fn found(asked: &[WinsServer]) -> Vec<(Level, Option<Cause>, String)> {
    let findings = findings(&config(), asked).into_iter();
    let each = findings.map(|one| {
        let is_explained = !one.why.is_empty() && !one.cure.is_empty();
        assert_eq!(is_explained, one.level != Level::Good, "{one:?}");
        (one.level, one.cause, one.what)
    });
    each.collect()
}

fn silent() -> NoControllers {
    NoControllers::Silent("no answer in time".to_owned())
}

#[test]
fn each_cause_has_its_finding() {
    for (problem, cause, what) in [
        (
            silent(),
            Cause::WinsSilent,
            "no answer about EXAMPLE<1C> from 10.0.0.5:137 (no answer in time)",
        ),
        (
            NoControllers::Refused(5),
            Cause::WinsRefused,
            "10.0.0.5:137 (RCODE 5) refuses to say who has the name EXAMPLE<1C>",
        ),
        (
            NoControllers::Unknown,
            Cause::WinsUnknownName,
            "10.0.0.5:137 does not know the name EXAMPLE<1C>",
        ),
        (
            NoControllers::Unusable,
            Cause::WinsNoAddress,
            "10.0.0.5:137 has no address of a host for EXAMPLE<1C>",
        ),
    ] {
        let bad = server(5, Err(problem));
        let alone = [(Level::Failure, Some(cause), what.to_owned())];
        assert_eq!(found(std::slice::from_ref(&bad)), alone);
        let beside = [(Level::Warning, Some(cause), what.to_owned())];
        assert_eq!(found(&[bad, server(6, Ok(&[[10, 0, 0, 2]]))]), beside);
    }
}

#[test]
fn servers_with_one_cause_are_one_finding() {
    let all = [server(5, Err(silent())), server(6, Err(silent()))];
    let [(_, cause, what)] = found(&all).try_into().unwrap();
    assert_eq!(cause, Some(Cause::WinsSilent));
    assert!(what.contains("10.0.0.5:137") && what.contains("10.0.0.6:137"));
    let unlike = [
        server(5, Err(silent())),
        server(6, Err(NoControllers::Unknown)),
    ];
    assert_eq!(found(&unlike).len(), 2);
}

#[test]
fn servers_that_name_controllers_are_good() {
    let all = [server(5, Ok(&[[10, 0, 0, 2], [10, 0, 0, 3]]))];
    let what = "10.0.0.5:137 names 10.0.0.2, 10.0.0.3".to_owned();
    assert_eq!(found(&all), [(Level::Good, None, what)]);
}

/// The servers are not asked a second time for the controllers.
#[test]
fn the_first_that_names_controllers_gives_them() {
    let named = |asked: &[WinsServer]| {
        let hosts = hosts(asked).into_iter();
        let each = hosts.map(|host| (host.name, host.port, host.addresses.unwrap()));
        each.collect::<Vec<_>>()
    };
    let host = |last: u8| {
        let address = [10, 0, 0, last].into();
        (format!("10.0.0.{last}"), None, vec![address])
    };
    let all = [
        server(5, Err(silent())),
        server(6, Ok(&[[10, 0, 0, 2], [10, 0, 0, 3]])),
        server(7, Ok(&[[10, 0, 0, 4]])),
    ];
    assert_eq!(named(&all), [host(2), host(3)]);
    assert_eq!(named(&all[..1]), []);
}

#[test]
fn the_cure_names_the_port_that_is_asked() {
    let mut other = server(6, Err(silent()));
    other.address.set_port(1137);
    let findings = findings(&config(), &[server(5, Ok(&[[10, 0, 0, 2]])), other]);
    let [finding] = findings.try_into().unwrap();
    assert!(finding.cure.contains("10.0.0.6:1137"), "{finding:?}");
    assert!(!finding.cure.contains("10.0.0.5"), "{finding:?}");
}
