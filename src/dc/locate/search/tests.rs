//! Against a DNS server and controllers of our own on loopback.

use super::*;
use crate::base::net::Deadline;
use crate::dc::locate::tests::configured;
use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use domain::base::iana::Rcode;
use domain::base::{Message, MessageBuilder, Name, Rtype};
use domain::rdata::{A, Aaaa, Srv};

const LONG: Duration = Duration::from_secs(10);

/// What our DNS server knows: names, and the SRV target with its port, or the address.
type Zone = Vec<(&'static str, Data)>;

#[derive(Clone)]
enum Data {
    Service(u16, u16, &'static str),
    Address(IpAddr),
    /// The server cannot tell.
    Failure,
}

/// Answers over UDP and TCP on one port until dropped.
struct DnsServer {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    over_tcp: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = std::net::TcpStream::connect(self.address);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }
}

/// `cuts`: UDP answers are cut, and wrong ones come before them.
fn dns(zone: Zone, cuts: bool) -> DnsServer {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let socket = UdpSocket::bind(address).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let [asked, over_tcp] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    let stop = Arc::new(AtomicBool::new(false));

    let udp = {
        let (zone, stop, asked) = (zone.clone(), stop.clone(), asked.clone());
        move || {
            let mut buffer = [0; 512];
            while !stop.load(Ordering::SeqCst) {
                let Ok((length, peer)) = socket.recv_from(&mut buffer) else {
                    continue;
                };
                asked.fetch_add(1, Ordering::SeqCst);
                let mut reply = answer(&zone, &buffer[..length]);
                if cuts {
                    let mut forged = reply.clone();
                    forged[0] ^= 0xFF;
                    socket.send_to(&forged, peer).unwrap();
                    reply[2] |= 0x02;
                }
                socket.send_to(&reply, peer).unwrap();
            }
        }
    };
    let tcp = {
        let (stop, over_tcp) = (stop.clone(), over_tcp.clone());
        move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let mut stream = stream.unwrap();
                let mut length = [0; 2];
                stream.read_exact(&mut length).unwrap();
                let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
                stream.read_exact(&mut query).unwrap();
                let reply = answer(&zone, &query);
                let length = u16::try_from(reply.len()).unwrap().to_be_bytes();
                // Before the reply: who has it may look at the count.
                over_tcp.fetch_add(1, Ordering::SeqCst);
                stream.write_all(&[&length, &reply[..]].concat()).unwrap();
            }
        }
    };
    DnsServer {
        address,
        asked,
        over_tcp,
        stop,
        threads: vec![thread::spawn(udp), thread::spawn(tcp)],
    }
}

fn answer(zone: &Zone, query: &[u8]) -> Vec<u8> {
    let query = Message::from_octets(query).unwrap();
    let question = query.sole_question().unwrap();
    let name = question.qname().to_string();
    let of_name = |(owner, _): &&(_, Data)| *owner == name;
    let rcode = match zone.iter().find(of_name) {
        Some((_, Data::Failure)) => Rcode::SERVFAIL,
        Some(_) => Rcode::NOERROR,
        None => Rcode::NXDOMAIN,
    };
    let mut reply = MessageBuilder::new_vec()
        .start_answer(&query, rcode)
        .unwrap();
    for (owner, data) in zone {
        if *owner != name {
            continue;
        }
        let owner: Name<Vec<u8>> = owner.parse().unwrap();
        match (data, question.qtype()) {
            (Data::Service(priority, port, target), Rtype::SRV) => {
                let target: Name<Vec<u8>> = target.parse().unwrap();
                let data = Srv::new(*priority, 100, *port, target);
                reply.push((owner, 60, data)).unwrap();
            }
            (Data::Address(IpAddr::V4(v4)), Rtype::A) => {
                reply.push((owner, 60, A::new(*v4))).unwrap();
            }
            (Data::Address(IpAddr::V6(v6)), Rtype::AAAA) => {
                reply.push((owner, 60, Aaaa::new(*v6))).unwrap();
            }
            _ => {}
        }
    }
    reply.finish()
}

/// A controller that answers pings until dropped.
struct Responder {
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.take().map(JoinHandle::join);
    }
}

const HEALTHY: u32 = 0x171;
const CLOSEST: u32 = 0x80;

fn responder(address: &str, opcode: u16, flags: u32, domain: &'static str) -> Responder {
    let socket = UdpSocket::bind((address, 0)).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let port = socket.local_addr().unwrap().port();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let thread = thread::spawn(move || {
        let mut buffer = [0; 512];
        while !stopped.load(Ordering::SeqCst) {
            let Ok((length, peer)) = socket.recv_from(&mut buffer) else {
                continue;
            };
            // The id is a short INTEGER at the head of the message.
            let head = &buffer[..length];
            let id = &head[2..4 + usize::from(head[3])];
            let reply = pong(id, opcode, flags, domain);
            // Somebody else's id first: it is not taken for the answer.
            socket
                .send_to(&pong(&[2, 1, 0], 24, 0, domain), peer)
                .unwrap();
            socket.send_to(&reply, peer).unwrap();
        }
    });
    Responder {
        port,
        stop,
        thread: Some(thread),
    }
}

fn pong(id: &[u8], opcode: u16, flags: u32, domain: &str) -> Vec<u8> {
    let element = |tag: u8, content: &[u8]| {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82], &length[..], content].concat()
    };
    let mut blob = [opcode.to_le_bytes(), [0; 2]].concat();
    blob.extend(flags.to_le_bytes());
    blob.extend([0; 16]);
    for name in [
        domain,
        domain,
        "dc.example.test",
        "EXAMPLE",
        "DC",
        "",
        "Far",
        "Near",
    ] {
        for label in name.split('.').filter(|label| !label.is_empty()) {
            blob.push(u8::try_from(label.len()).unwrap());
            blob.extend(label.as_bytes());
        }
        blob.push(0);
    }
    let vals = element(0x31, &element(0x04, &blob));
    let attribute = element(0x30, &[element(0x04, b"netlogon"), vals].concat());
    let entry = [element(0x04, b""), element(0x30, &attribute)].concat();
    element(0x30, &[id, &element(0x64, &entry)].concat())
}

const ALL: &str = "_ldap._tcp.dc._msdcs.example.test";
const NEAR: &str = "_ldap._tcp.Near._sites.dc._msdcs.example.test";

fn address(text: &str) -> Data {
    Data::Address(text.parse().unwrap())
}

fn found(config: &config::Netlogon, server: &DnsServer) -> Result<Found, String> {
    let mut resolver = Resolver::new(vec![server.address], Deadline::after(LONG));
    search(config, None, &mut resolver)
}

fn texts(found: &Found) -> Vec<String> {
    found.candidates.iter().map(ToString::to_string).collect()
}

#[test]
fn the_first_good_answer_comes_first_over_both_families() {
    let good = responder("::1", 23, HEALTHY | CLOSEST, "example.test");
    let paused = responder("127.0.0.3", 24, HEALTHY, "example.test");
    let read_only = responder("127.0.0.4", 23, 0xF1, "example.test");
    let stranger = responder("127.0.0.5", 23, HEALTHY, "other.test");
    let server = dns(
        vec![
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
        ],
        false,
    );
    let found = found(&configured(""), &server).unwrap();
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
    let server = dns(zone, false);
    let first = found(&configured(""), &server).unwrap();
    assert_eq!(texts(&first), ["127.0.0.3", "127.0.0.2"]);
    // Known from before, or from the configuration, it is asked first.
    let mut resolver = Resolver::new(vec![server.address], Deadline::after(LONG));
    let again = search(&configured(""), first.site, &mut resolver).unwrap();
    assert_eq!(texts(&again), ["127.0.0.3", "127.0.0.2"]);
    let given = found(&configured("site = \"Near\""), &server).unwrap();
    assert_eq!(texts(&given), ["127.0.0.3", "127.0.0.2"]);
    assert_eq!(given.site, None, "the configuration's counts");
    // One that does not exist is no obstacle.
    let other = found(&configured("site = \"Nowhere\""), &server).unwrap();
    assert_eq!(texts(&other), ["127.0.0.2", "127.0.0.3"]);
}

/// Whoever answers a ping may name a site, and nobody has proven who he is.
#[test]
fn a_site_that_dns_cannot_tell_of_is_no_obstacle() {
    let server = dns(
        vec![
            (ALL, Data::Service(0, 9, "a.test")),
            (NEAR, Data::Failure),
            ("a.test", address("127.0.0.2")),
        ],
        false,
    );
    let mut resolver = Resolver::new(vec![server.address], Deadline::after(LONG));
    let learnt = Some("Near".parse().unwrap());
    let learnt = search(&configured(""), learnt, &mut resolver).unwrap();
    let given = found(&configured("site = \"Near\""), &server).unwrap();
    for found in [learnt, given] {
        assert_eq!(texts(&found), ["127.0.0.2"]);
        assert!(!found.is_complete, "it is asked for again soon");
    }
}

#[test]
fn without_pings_the_order_is_that_of_dns() {
    let server = dns(
        vec![
            (ALL, Data::Service(2, 9, "b.test")),
            (ALL, Data::Service(1, 9, "a.test")),
            ("a.test", address("127.0.0.2")),
            ("b.test", address("127.0.0.3")),
        ],
        false,
    );
    let start = Instant::now();
    let found = found(&configured(""), &server).unwrap();
    assert_eq!(texts(&found), ["127.0.0.2", "127.0.0.3"]);
    // Two seconds for both, and not for each.
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[test]
fn cut_answers_are_asked_for_over_tcp() {
    let server = dns(vec![("dc1.test", address("127.0.0.2"))], true);
    let config = configured("controllers = [\"dc1.test:49152\", \"192.0.2.1\", \"no.test\"]");
    let found = found(&config, &server).unwrap();
    assert_eq!(texts(&found), ["127.0.0.2:49152", "192.0.2.1"]);
    assert!(!found.is_complete, "one has no address");
    assert_eq!(server.over_tcp.load(Ordering::SeqCst), 4);
}

#[test]
fn a_silent_server_is_left_for_the_next() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = dns(vec![("dc1.test", address("127.0.0.2"))], false);
    let servers = vec![silent.local_addr().unwrap(), server.address];
    let mut resolver = Resolver::new(servers, Deadline::after(LONG));
    let start = Instant::now();
    let config = configured("controllers = [\"dc1.test\"]");
    let found = search(&config, None, &mut resolver).unwrap();
    assert_eq!(texts(&found), ["127.0.0.2"]);
    // Two seconds, once: it is remembered who answered.
    assert!(start.elapsed() < Duration::from_secs(4));
    assert_eq!(server.asked.load(Ordering::SeqCst), 2);
}

#[test]
fn nobody_who_answers_meets_the_deadline() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let deadline = Deadline::after(Duration::from_millis(100));
    let mut resolver = Resolver::new(vec![address], deadline);
    let start = Instant::now();
    let problem = search(&configured(""), None, &mut resolver).unwrap_err();
    assert!(problem.contains("no answer in time"), "{problem}");
    assert!(problem.contains(&address.to_string()), "{problem}");
    // The server has two seconds where there is time.
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn what_dns_does_not_know_is_told() {
    let server = dns(vec![(ALL, Data::Service(0, 389, "a.test"))], false);
    let problem = found(&configured(""), &server).unwrap_err();
    assert!(problem.contains("a.test: no address"), "{problem}");
    let server = dns(vec![], false);
    let problem = found(&configured(""), &server).unwrap_err();
    assert!(problem.contains(ALL), "{problem}");
    let stranger = responder("127.0.0.5", 23, HEALTHY, "other.test");
    let server = dns(
        vec![
            (ALL, Data::Service(3, stranger.port, "stranger.test")),
            ("stranger.test", self::address("127.0.0.5")),
        ],
        false,
    );
    let problem = found(&configured(""), &server).unwrap_err();
    assert!(problem.contains("do not serve"), "{problem}");
}

#[test]
fn weights_are_shares_and_priorities_come_first() {
    let service = |priority, weight, target: &str| Service {
        priority,
        weight,
        port: 389,
        target: target.to_owned(),
    };
    let services = vec![
        service(1, 60_000, "last"),
        service(0, 300, "often"),
        service(0, 100, "seldom"),
        service(0, 0, "hardly"),
    ];
    // A generator with a period of 2^32 (Numerical Recipes), so that the counts are always the same.
    let mut state = 1_u32;
    let mut firsts = [0; 3];
    for _ in 0..4000 {
        let order = shuffled(services.clone(), || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Ok::<_, ()>(state)
        })
        .unwrap();
        assert_eq!(order[3].target, "last");
        let names = ["often", "seldom", "hardly"];
        let first = names.iter().position(|name| *name == order[0].target);
        firsts[first.unwrap()] += 1;
    }
    assert!((2900..3100).contains(&firsts[0]), "{firsts:?}");
    assert!(firsts[2] < 20, "{firsts:?}");
    assert_eq!(shuffled(services, || Err(())), Err(()));
}
