//! Ports on loopback. Channels are in tests/live/test_check_remote.py.

use std::net::{Ipv4Addr, TcpListener};

use super::*;
use crate::base::config::fixture;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[test]
fn a_port_is_open_or_refused() {
    let probe = Probe::new(&fixture::netlogon(""));
    let state = |port| match probe.reach(HERE, Some(port)).rpc {
        RpcPorts::Listed(ports) => ports,
        rpc => panic!("{rpc:?}"),
    };
    let listener = TcpListener::bind((HERE, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    assert_eq!(state(port), [(port, PortState::Open)]);
    drop(listener);
    assert_eq!(state(port), [(port, PortState::Refused)]);
}

/// TEST-NET-1 from loopback, which no packet leaves.
#[test]
fn a_port_without_a_route_is_rejected() {
    let probe = Probe::new(&fixture::netlogon(r#"source = "127.0.0.1""#));
    let reach = probe.reach(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), Some(49152));
    let RpcPorts::Listed(ports) = reach.rpc else {
        panic!("{reach:?}");
    };
    assert!(
        matches!(&ports[..], [(49152, PortState::Rejected(_))]),
        "{ports:?}"
    );
    assert_eq!((reach.udp, reach.clock_ahead), (Pong::Silent, None));
}
