//! How the controller is found: its own DNS, and its answer to a ping.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpStream, UdpSocket};
use std::time::Duration;

use gss_ntlmdc::protocol::cldap;
use gss_ntlmdc::protocol::dns::{Answer, Kind, Question, Reply};

use crate::support::dc;

/// The answer to one datagram.
fn asked(port: u16, question: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let peer = (dc::address(), port);
    socket.send_to(question, (peer.0.as_str(), peer.1)).unwrap();
    let mut buffer = vec![0; cldap::MAX_ANSWER];
    let length = socket.recv(&mut buffer).unwrap();
    buffer.truncate(length);
    buffer
}

#[test]
fn its_dns_names_it_and_its_ping_says_who_it_is() {
    let address: IpAddr = dc::address().parse().unwrap();
    let answer = |name: &str, kind| {
        let question = Question::new(0x4E54, name, kind).unwrap();
        match question.reply(&asked(53, &question.message().unwrap())) {
            Ok(Reply::Answer(answer)) => answer,
            other => panic!("{name}: {other:?}"),
        }
    };
    for name in [
        "_ldap._tcp.dc._msdcs.example.test",
        "_ldap._tcp.Default-First-Site-Name._sites.dc._msdcs.example.test",
    ] {
        let services = answer(name, Kind::Service).services;
        assert_eq!(services.len(), 1, "{name}");
        assert_eq!(services[0].target, "dc1.example.test");
        assert_eq!(services[0].port, 389);
    }
    assert_eq!(answer("dc1.example.test", Kind::V4).addresses, [address]);
    assert!(answer("dc1.example.test", Kind::V6).addresses.is_empty());
    let nothing = answer(
        "_ldap._tcp.Nowhere._sites.dc._msdcs.example.test",
        Kind::Service,
    );
    assert_eq!(nothing, Answer::default());

    let ping = |domain| cldap::answer(77_000, &asked(389, &cldap::request(77_000, domain, "WEB1")));
    let identity = ping("example.test").unwrap().unwrap();
    assert_eq!(identity.dns_domain, "example.test");
    assert_eq!(identity.dns_host, "dc1.example.test");
    assert_eq!(identity.netbios_domain, "EXAMPLE");
    assert_eq!(identity.netbios_host, "DC1");
    assert_eq!(identity.client_site, "Default-First-Site-Name");
    assert!(identity.is_writable() && identity.is_closest() && !identity.paused);
    assert_eq!(ping("other.test").unwrap(), None);
}

#[test]
fn it_answers_a_ping_over_tcp_as_over_udp() {
    let question = cldap::request(77_001, "example.test", "WEB1");
    let mut stream = TcpStream::connect((dc::address().as_str(), cldap::PORT)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    stream.write_all(&question).unwrap();
    let mut message = vec![0; cldap::HEADER];
    stream.read_exact(&mut message).unwrap();
    let length = cldap::message_length(message.first_chunk().unwrap()).unwrap();
    message.resize(length, 0);
    stream.read_exact(&mut message[cldap::HEADER..]).unwrap();
    let over_tcp = cldap::answer(77_001, &message).unwrap().unwrap();
    let over_udp = cldap::answer(77_001, &asked(cldap::PORT, &question));
    assert_eq!(over_tcp, over_udp.unwrap().unwrap());
}
