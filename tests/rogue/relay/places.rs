//! Controllers that fail, and more handshakes than there are places.

use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use gss_ntlmdc::base::fault::Minor;
use gss_ntlmdc::relay::{Error, Verdict};

use super::server::{Reply, Request, Server};
use super::{BOTH, NEGOTIATE, Protocol, RIGHT, ldap, relay_to, smb2};
use crate::trial::until;

/// A server that answers as `of` says, and honestly where it says nothing.
fn server(
    protocol: Protocol,
    of: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static,
) -> Server {
    match protocol {
        Protocol::Smb2 => Server::start(
            smb2::length,
            Box::new(move |request| {
                let honest = || Reply::Bytes(smb2::honest(request, true).frame());
                of(request).unwrap_or_else(honest)
            }),
        ),
        Protocol::Ldap => Server::start(
            ldap::length,
            Box::new(move |request| {
                let honest = || Reply::Bytes(ldap::honest(request));
                of(request).unwrap_or_else(honest)
            }),
        ),
    }
}

/// The number of the client's first and last message in a connection.
fn messages(protocol: Protocol) -> [usize; 2] {
    match protocol {
        Protocol::Smb2 => [1, 2],
        Protocol::Ldap => [0, 1],
    }
}

/// An address at which nothing listens.
fn nothing() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

#[test]
fn before_the_challenge_the_next_controller_is_asked() {
    for protocol in BOTH {
        let garbage = || Reply::Bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec());
        let closes = server(protocol, |_| Some(Reply::Close));
        let lies = server(protocol, move |_| Some(garbage()));
        let silent = server(protocol, |_| Some(Reply::Silence));
        let good = server(protocol, |_| None);
        let all = [
            nothing(),
            closes.address,
            lies.address,
            silent.address,
            good.address,
        ];
        let ready = relay_to(protocol, &all, "call_timeout = \"1s\"");
        for _ in 0..3 {
            ready.accepts();
        }
        assert_eq!(good.connections(), 3);
        // Those that failed are asked last, for a while.
        for bad in [&closes, &lies, &silent] {
            assert_eq!(bad.connections(), 1, "{protocol:?}");
        }
    }
}

#[test]
fn a_list_is_asked_in_its_order_or_in_turn() {
    for (order, expected) in [("listed", [4, 0]), ("spread", [2, 2])] {
        let servers = [(), ()].map(|()| server(Protocol::Smb2, |_| None));
        let addresses = [&servers[0], &servers[1]].map(|server| server.address);
        let ready = relay_to(Protocol::Smb2, &addresses, &format!("order = \"{order}\""));
        for _ in 0..4 {
            ready.accepts();
        }
        let counts = [&servers[0], &servers[1]].map(Server::connections);
        assert_eq!(counts, expected, "{order}");
    }
}

#[test]
fn after_the_challenge_no_other_controller_is_asked() {
    for protocol in BOTH {
        for (reply, minor) in [
            (Reply::Close, Minor::ControllerUnreachable),
            (Reply::Silence, Minor::ControllerTimeout),
        ] {
            let [_, last] = messages(protocol);
            let dies = server(protocol, move |request| {
                (request.number == last).then(|| reply.clone())
            });
            let good = server(protocol, |_| None);
            let ready = relay_to(
                protocol,
                &[dies.address, good.address],
                "call_timeout = \"1s\"",
            );
            let error = ready.fails(minor);
            assert!(error.may_have_counted());
            assert_eq!(good.connections(), 0);
            // The next handshake goes to another.
            ready.accepts();
            assert_eq!(
                (dies.connections(), good.connections()),
                (1, 1),
                "{protocol:?}"
            );
        }
    }
}

#[test]
fn without_a_controller_each_is_named() {
    let (gone, closes) = (nothing(), server(Protocol::Smb2, |_| Some(Reply::Close)));
    let ready = relay_to(Protocol::Smb2, &[gone, closes.address], "");
    let error = ready.fails(Minor::ControllerUnreachable).to_string();
    assert!(
        error.contains("no connection") && error.contains("closed"),
        "{error}"
    );
}

#[test]
fn a_dropped_handshake_closes_its_connection() {
    for protocol in BOTH {
        let server = server(protocol, |_| None);
        let ready = relay_to(protocol, &[server.address], "");
        let (handshake, _) = ready.relay.begin(NEGOTIATE).unwrap();
        assert_eq!(server.open(), 1);
        drop(handshake);
        until(|| server.open() == 0);
    }
}

#[test]
fn a_handshake_is_of_the_relay_that_began_it() {
    let server = server(Protocol::Smb2, |_| None);
    let [one, other] = [(); 2].map(|()| relay_to(Protocol::Smb2, &[server.address], ""));
    let (handshake, _) = one.relay.begin(NEGOTIATE).unwrap();
    assert!(handshake.is_of(&one.relay));
    assert!(!handshake.is_of(&other.relay));
}

#[test]
fn the_oldest_handshake_gives_way() {
    for protocol in BOTH {
        let server = server(protocol, |_| None);
        let ready = relay_to(protocol, &[server.address], "connections = 2");
        let (first, _) = ready.relay.begin(NEGOTIATE).unwrap();
        let (second, _) = ready.relay.begin(NEGOTIATE).unwrap();
        thread::sleep(Duration::from_millis(1100));
        let (third, _) = ready.relay.begin(NEGOTIATE).unwrap();
        let told = first.finish(RIGHT).unwrap_err();
        assert!(matches!(told, Error::Evicted), "{told}");
        assert_eq!(told.minor(), Minor::HandshakeClosed);
        for handshake in [second, third] {
            let verdict = handshake.finish(RIGHT);
            assert!(matches!(verdict, Ok(Verdict::Accepted(_))), "{verdict:?}");
        }
        until(|| server.open() == 0);
    }
}

#[test]
fn an_overdue_handshake_is_closed() {
    let server = server(Protocol::Smb2, |_| None);
    let ready = relay_to(
        Protocol::Smb2,
        &[server.address],
        "handshake_timeout = \"2s\"",
    );
    let (first, _) = ready.relay.begin(NEGOTIATE).unwrap();
    let (second, _) = ready.relay.begin(NEGOTIATE).unwrap();
    thread::sleep(Duration::from_millis(2100));
    assert_eq!(server.open(), 2, "nothing watches the time");
    let (third, _) = ready.relay.begin(NEGOTIATE).unwrap();
    until(|| server.open() == 1);
    drop(third);
    for overdue in [first, second] {
        let told = overdue.finish(RIGHT).unwrap_err();
        assert!(matches!(told, Error::TooLate), "{told}");
    }
}

#[test]
fn ten_thousand_first_messages_keep_few_connections() {
    let server = server(Protocol::Smb2, |_| None);
    let ready = relay_to(Protocol::Smb2, &[server.address], "connections = 8");
    let mut kept = Vec::new();
    let (mut begun, mut busy) = (0, 0);
    while begun + busy < 10_000 {
        match ready.relay.begin(NEGOTIATE) {
            Ok((handshake, _)) => {
                begun += 1;
                kept.push(handshake);
            }
            Err(Error::Busy) => busy += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(begun >= 8 && busy > 0, "{begun} {busy}");
    until(|| server.open() <= 8);
    assert!(server.most_open() <= 16, "{}", server.most_open());
    thread::sleep(Duration::from_millis(1100));
    ready.accepts();
    drop(kept);
    until(|| server.open() == 0);
}
