//! What is made of what was seen: one cause, one finding.

mod names_and_dns;

use std::net::SocketAddr;
use std::sync::Arc;

use gss_ntlmdc::base::config::{Config, Netlogon};
use gss_ntlmdc::base::fault::Minor;
use gss_ntlmdc::dc::domains::Domains;
use gss_ntlmdc::dc::probe::{OpenedChannel, Pong, PortState, Reach, RpcPorts, Unopened};
use gss_ntlmdc::protocol::cldap::Identity;
use gss_ntlmdc::protocol::rpc::netlogon::domain_trusts::{DomainTrust, PRIMARY};

use super::*;
use crate::check::cause::Cause;
use crate::check::finding::Level;

/// A directory server with a writable copy.
const WRITABLE: u32 = 0x110;
const READ_ONLY: u32 = 0x10;

fn config(more: &str) -> Netlogon {
    let text = format!(
        "verify = [\"netlogon\"]\n[netlogon]\ndomain = \"example.test\"\n\
         account = \"WEB1-NTLM$\"\nsecret = \"/etc/gss/ntlmdc.secret\"\n{more}"
    );
    Config::parse(&text).unwrap().netlogon.pop().unwrap()
}

fn identity(flags: u32) -> Identity {
    Identity {
        paused: false,
        flags,
        dns_domain: "example.test".to_owned(),
        dns_host: "dc1.example.test".to_owned(),
        netbios_domain: "EXAMPLE".to_owned(),
        netbios_host: "DC1".to_owned(),
        controller_site: "Berlin".to_owned(),
        client_site: "Berlin".to_owned(),
    }
}

fn pong(flags: u32) -> Pong {
    Pong::Controller(Arc::new(identity(flags)))
}

fn reach() -> Reach {
    Reach {
        udp: pong(WRITABLE),
        tcp: None,
        clock_ahead: Some(0),
        rpc: RpcPorts::Listed(vec![(49152, PortState::Open)]),
    }
}

/// A controller that works.
fn controller(number: u8) -> Seen {
    let address = [10, 0, 0, number].into();
    Seen {
        reach: Some(reach()),
        channel: Some(Ok(opened())),
        ..Seen::new(&format!("dc{number}.example.test"), address, None)
    }
}

fn opened() -> OpenedChannel {
    let ours = DomainTrust {
        netbios_name: Some("EXAMPLE".to_owned()),
        dns_name: Some("example.test".to_owned()),
        flags: PRIMARY,
        attributes: 0,
        sid: "S-1-5-21-1-2-3".parse().ok(),
    };
    OpenedChannel {
        peer: SocketAddr::from(([10, 0, 0, 1], 49152)),
        signs_headers: true,
        domains: Ok(Domains::new(vec![ours], &config("")).unwrap()),
        no_names: None,
    }
}

/// One that was reached so, and not asked for a channel.
fn reached(number: u8, change: impl FnOnce(&mut Reach)) -> Seen {
    let mut reach = reach();
    change(&mut reach);
    Seen {
        reach: Some(reach),
        channel: None,
        ..controller(number)
    }
}

fn refused(number: u8, minor: Minor) -> Seen {
    Seen {
        channel: Some(Err(Unopened {
            fault: minor.into(),
            is_after_secret: false,
        })),
        ..controller(number)
    }
}

/// The findings that are not good.
fn bad(findings: Vec<Finding>) -> Vec<Finding> {
    let bad = findings.into_iter();
    bad.filter(|finding| finding.level != Level::Good).collect()
}

fn of(config: &Netlogon, all: &[Seen]) -> Vec<Finding> {
    bad(complaint::findings(config, all))
}

/// The only finding: its level, cause and text. It says why, and what to do.
fn only(findings: Vec<Finding>) -> (Level, Option<Cause>, String) {
    let [one] = bad(findings).try_into().unwrap();
    assert!(!one.why.is_empty() && !one.cure.is_empty(), "{one:?}");
    (one.level, one.cause, one.what)
}

#[test]
fn controllers_that_work_are_good() {
    let all = [controller(1), controller(2)];
    let findings = complaint::findings(&config(""), &all);
    assert!(bad(findings.clone()).is_empty(), "{findings:?}");
    let texts: Vec<&str> = findings.iter().map(|one| one.what.as_str()).collect();
    for text in [
        "dc1.example.test (10.0.0.1): answers pings; ports 135, 49152 open",
        "this host's clock is within 1 s of theirs",
        "WEB1-NTLM$: the account and its secret are right",
        "EXAMPLE (example.test) trusts no other domain",
    ] {
        assert_eq!(
            texts.iter().filter(|one| **one == text).count(),
            1,
            "{texts:?}"
        );
    }
}

#[test]
fn a_port_that_is_not_open_is_refused_dropped_or_rejected() {
    use PortState::{Refused, Rejected, Silent};
    let mapper = |state: PortState, udp: Pong| {
        let one = reached(1, |reach| {
            reach.tcp = (udp == Pong::Silent).then_some(Err(state.clone()));
            (reach.udp, reach.clock_ahead) = (udp, None);
            reach.rpc = RpcPorts::NoMapper(state);
        });
        only(of(&config(""), &[one]))
    };
    for (state, udp, cause, text) in [
        (
            Silent,
            Pong::Silent,
            Cause::ControllerSilent,
            "no answer to pings, nor on port 135",
        ),
        (
            Silent,
            pong(WRITABLE),
            Cause::PortBlocked,
            "port 135: no answer, and it answers else",
        ),
        (
            Refused,
            Pong::Silent,
            Cause::PortRefused,
            "port 135: connection refused",
        ),
        (
            Refused,
            pong(WRITABLE),
            Cause::PortRefused,
            "port 135: connection refused",
        ),
        (
            Rejected("no route".into()),
            Pong::Silent,
            Cause::ControllerRejected,
            "way: no route",
        ),
    ] {
        let (level, found, what) = mapper(state, udp);
        assert_eq!((level, found), (Level::Failure, Some(cause)));
        assert!(what.starts_with("dc1.example.test (10.0.0.1): "), "{what}");
        assert!(what.contains(text), "{what}");
    }
    let netlogon = |state: PortState| {
        let ports = vec![(49152, state.clone()), (50000, state)];
        let one = reached(1, |reach| reach.rpc = RpcPorts::Listed(ports));
        only(of(&config(""), &[one]))
    };
    let (_, cause, what) = netlogon(Silent);
    assert_eq!(cause, Some(Cause::PortBlocked));
    assert!(
        what.contains("ports 49152, 50000 of NETLOGON: no answer"),
        "{what}"
    );
    assert_eq!(netlogon(Refused).1, Some(Cause::PortRefused));
    // One of them is enough.
    let ports = vec![(49152, Silent), (50000, PortState::Open)];
    let one = reached(1, |reach| reach.rpc = RpcPorts::Listed(ports));
    assert!(of(&config(""), &[one]).is_empty());
}

#[test]
fn one_controller_that_works_makes_the_others_a_warning() {
    let down = |number| {
        reached(number, |reach| {
            (reach.udp, reach.tcp) = (Pong::Silent, Some(Err(PortState::Silent)));
            reach.clock_ahead = None;
            reach.rpc = RpcPorts::NoMapper(PortState::Silent);
        })
    };
    let (level, cause, what) = only(of(&config(""), &[controller(1), down(2), down(3)]));
    assert_eq!(
        (level, cause),
        (Level::Warning, Some(Cause::ControllerSilent))
    );
    let both = "dc2.example.test (10.0.0.2), dc3.example.test (10.0.0.3): no answer";
    assert!(what.starts_with(both), "{what}");
    assert_eq!(only(of(&config(""), &[down(2), down(3)])).0, Level::Failure);
}

#[test]
fn a_channel_that_is_refused_has_its_cause() {
    for (minor, cause, text) in [
        (
            Minor::MachineSecretRefused,
            Cause::MachineSecretRefused,
            "/etc/gss/ntlmdc.secret is not",
        ),
        (
            Minor::MachineAccountUnknown,
            Cause::MachineAccountUnknown,
            "WEB1-NTLM$ does not exist",
        ),
        (
            Minor::KerberosChannelRequired,
            Cause::KerberosChannelRequired,
            "Kerberos",
        ),
        (
            Minor::UnauthenticatedRpcRefused,
            Cause::RpcRestricted,
            "without authentication",
        ),
        (Minor::ChannelDowngraded, Cause::ChannelWeak, "weaker"),
        (
            Minor::ControllerTimeout,
            Cause::ChannelFailed,
            "did not answer in time",
        ),
    ] {
        let (level, found, what) = only(of(&config(""), &[refused(1, minor), refused(2, minor)]));
        assert_eq!((level, found), (Level::Failure, Some(cause)));
        assert!(what.contains(text), "{what}");
    }
    let mut named = refused(1, Minor::ChannelRefused);
    if let Some(Err(unopened)) = &mut named.channel {
        unopened.is_after_secret = true;
    }
    let (_, cause, what) = only(of(&config("netbios_domain = \"OFFICE\""), &[named]));
    assert_eq!(cause, Some(Cause::NetbiosDomainWrong));
    assert!(what.contains("\"OFFICE\""), "{what}");
}

#[test]
fn a_read_only_controller_is_named_once() {
    let read_only = |number, channel| {
        let one = reached(number, |reach| reach.udp = pong(READ_ONLY));
        Seen { channel, ..one }
    };
    let works = |number| read_only(number, Some(Ok(opened())));
    let (level, cause, _) = only(of(&config(""), &[works(1)]));
    assert_eq!(
        (level, cause),
        (Level::Warning, Some(Cause::ControllerReadOnly))
    );
    // DNS: it is asked last. A list: in its order.
    let both = || [works(1), controller(2)];
    assert!(of(&config(""), &both()).is_empty());
    let listed = config("controllers = [\"10.0.0.1\", \"10.0.0.2\"]");
    assert_eq!(
        only(of(&listed, &both())).1,
        Some(Cause::ControllerReadOnly)
    );
    // It answers so if it may not store the secret.
    let unknown = refused(1, Minor::MachineAccountUnknown).channel;
    let findings = of(&config(""), &[read_only(1, unknown)]);
    assert!(
        findings[0].cure.contains("Allowed RODC Password"),
        "{findings:?}"
    );
    assert_eq!(only(findings).1, Some(Cause::MachineAccountUnknown));
}

#[test]
fn a_clock_that_differs() {
    let ahead = |seconds: &[i64]| {
        let all: Vec<Seen> = (1..)
            .zip(seconds)
            .map(|(number, seconds)| {
                let mut one = controller(number);
                one.reach.as_mut().unwrap().clock_ahead = Some(*seconds);
                one
            })
            .collect();
        of(&config(""), &all)
    };
    assert!(ahead(&[300, -300]).is_empty());
    let (level, cause, what) = only(ahead(&[3601]));
    assert_eq!((level, cause), (Level::Warning, Some(Cause::ClockDiffers)));
    assert!(
        what.ends_with("its clock is 1 h 0 min ahead of this host's"),
        "{what}"
    );
    let (level, _, what) = only(ahead(&[-2 * 86400]));
    assert_eq!(level, Level::Failure);
    assert!(
        what.ends_with("its clock is 2 d 0 h behind this host's"),
        "{what}"
    );
    // Ours is right, and that of one controller is wrong.
    let findings = ahead(&[0, -2 * 86400]);
    assert!(
        findings[0].cure.contains("of that controller"),
        "{findings:?}"
    );
    let (level, _, what) = only(findings);
    assert_eq!(
        (level, what.starts_with("dc2")),
        (Level::Warning, true),
        "{what}"
    );
}

#[test]
fn what_an_open_channel_lacks() {
    let lacking = |change: &dyn Fn(&mut OpenedChannel)| {
        let mut opened = opened();
        change(&mut opened);
        let one = Seen {
            channel: Some(Ok(opened)),
            ..controller(1)
        };
        let (level, cause, _) = only(of(&config(""), &[one]));
        assert_eq!(level, Level::Warning);
        cause.unwrap()
    };
    assert_eq!(
        lacking(&|one| one.signs_headers = false),
        Cause::HeadersUnsigned
    );
    let fault = || Minor::ControllerTimeout.into();
    assert_eq!(
        lacking(&|one| one.domains = Err(fault())),
        Cause::NoListOfDomains
    );
    assert_eq!(
        lacking(&|one| one.no_names = Some(fault())),
        Cause::NoGroupNames
    );
}

#[test]
fn hosts_that_are_not_ours_or_hide() {
    let stranger = reached(1, |reach| reach.udp = Pong::Stranger);
    assert!(!stranger.is_reachable());
    assert_eq!(
        only(of(&config(""), &[stranger])).1,
        Some(Cause::ControllerOfOtherDomain)
    );
    let hidden = Seen {
        channel: Some(Ok(opened())),
        ..reached(1, |reach| {
            (reach.udp, reach.tcp) = (Pong::Silent, Some(Err(PortState::Refused)));
        })
    };
    let (level, cause, what) = only(of(&config(""), &[hidden]));
    assert_eq!((level, cause), (Level::Warning, Some(Cause::PingBlocked)));
    assert!(what.contains("over TCP: connection refused"), "{what}");
    let restricted = reached(1, |reach| {
        reach.rpc = RpcPorts::NotListed(Minor::MapperRefused.into());
    });
    assert_eq!(
        only(of(&config(""), &[restricted])).1,
        Some(Cause::RpcRestricted)
    );
}
