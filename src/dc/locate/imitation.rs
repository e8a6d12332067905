//! A DNS server and controllers of our own on loopback.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use domain::base::iana::Rcode;
use domain::base::{Message, MessageBuilder, Name, Rtype};
use domain::rdata::{A, Aaaa, Srv};

/// What our DNS server knows: names, and the SRV target with its port, or the address.
pub(super) type Zone = Vec<(&'static str, Data)>;

#[derive(Clone)]
pub(super) enum Data {
    Service(u16, u16, &'static str),
    Address(IpAddr),
    /// The server cannot tell.
    Failure,
}

/// Answers over UDP and TCP on one port until dropped.
pub(super) struct DnsServer {
    pub(super) address: SocketAddr,
    /// Questions over UDP.
    pub(super) asked: Arc<AtomicUsize>,
    pub(super) over_tcp: Arc<AtomicUsize>,
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

/// What a DNS server does with a question over UDP.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    Answers,
    /// Answers are cut, and wrong ones come before them.
    Cuts,
    /// A question with an OPT record is answered with this code and no question section.
    RefusesOpt(Rcode),
    /// A question with an OPT record is lost.
    DropsOpt,
    /// Nothing is answered before a second question has come.
    AnswersInPairs,
}

pub(super) fn dns(zone: Zone) -> DnsServer {
    dns_that(Manner::Answers, zone)
}

pub(super) fn dns_that(manner: Manner, zone: Zone) -> DnsServer {
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
        move || serve_udp(&socket, manner, &zone, &stop, &asked)
    };
    let tcp = {
        let (stop, over_tcp) = (stop.clone(), over_tcp.clone());
        move || serve_tcp(&listener, &zone, &stop, &over_tcp)
    };
    DnsServer {
        address,
        asked,
        over_tcp,
        stop,
        threads: vec![thread::spawn(udp), thread::spawn(tcp)],
    }
}

fn serve_udp(
    socket: &UdpSocket,
    manner: Manner,
    zone: &Zone,
    stop: &AtomicBool,
    asked: &AtomicUsize,
) {
    let mut buffer = [0; 512];
    let mut held = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let Ok((length, peer)) = socket.recv_from(&mut buffer) else {
            continue;
        };
        asked.fetch_add(1, Ordering::SeqCst);
        let query = &buffer[..length];
        let has_opt = Message::from_octets(query).unwrap().opt().is_some();
        let mut reply = answer(zone, query);
        if reply.len() > 512 {
            reply.truncate(512);
            reply[2] |= 0x02;
        }
        match manner {
            Manner::Answers => {}
            Manner::Cuts => {
                let mut forged = reply.clone();
                forged[0] ^= 0xFF;
                socket.send_to(&forged, peer).unwrap();
                reply[2] |= 0x02;
            }
            Manner::RefusesOpt(rcode) if has_opt => {
                reply.truncate(12);
                reply[3] = rcode.to_int();
                reply[4..].fill(0);
            }
            Manner::DropsOpt if has_opt => continue,
            Manner::RefusesOpt(_) | Manner::DropsOpt => {}
            Manner::AnswersInPairs => {
                held.push((reply, peer));
                if held.len() == 2 {
                    for (reply, peer) in held.drain(..) {
                        socket.send_to(&reply, peer).unwrap();
                    }
                }
                continue;
            }
        }
        socket.send_to(&reply, peer).unwrap();
    }
}

fn serve_tcp(listener: &TcpListener, zone: &Zone, stop: &AtomicBool, over_tcp: &AtomicUsize) {
    for stream in listener.incoming() {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let mut stream = stream.unwrap();
        let mut length = [0; 2];
        stream.read_exact(&mut length).unwrap();
        let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut query).unwrap();
        let reply = answer(zone, &query);
        let length = u16::try_from(reply.len()).unwrap().to_be_bytes();
        // Before the reply: a test that has the reply may look at the count.
        over_tcp.fetch_add(1, Ordering::SeqCst);
        stream.write_all(&[&length, &reply[..]].concat()).unwrap();
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
pub(super) struct Responder {
    pub(super) port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.take().map(JoinHandle::join);
    }
}

pub(super) const HEALTHY: u32 = 0x171;
pub(super) const CLOSEST: u32 = 0x80;

pub(super) fn responder(address: &str, opcode: u16, flags: u32, domain: &'static str) -> Responder {
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
            // An answer with another id comes first: it is not taken.
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

/// A controller that answers over TCP only, until dropped: over UDP, nothing reaches it.
pub(super) fn tcp_responder(address: &str, flags: u32, domain: &'static str) -> Responder {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let udp = UdpSocket::bind((address, port)).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    listener.set_nonblocking(true).unwrap();
    let thread = thread::spawn(move || {
        let _silent = udp;
        while !stopped.load(Ordering::SeqCst) {
            let Ok((mut stream, _)) = listener.accept() else {
                thread::sleep(Duration::from_millis(5));
                continue;
            };
            stream.set_nonblocking(false).unwrap();
            let mut buffer = [0; 512];
            let length = stream.read(&mut buffer).unwrap();
            let head = &buffer[..length];
            let id = &head[2..4 + usize::from(head[3])];
            // In two pieces, as TCP may bring it.
            let reply = pong(id, 23, flags, domain);
            stream.write_all(&reply[..5]).unwrap();
            thread::sleep(Duration::from_millis(10));
            stream.write_all(&reply[5..]).unwrap();
        }
    });
    Responder {
        port,
        stop,
        thread: Some(thread),
    }
}

/// What a search finds that takes no longer than this. A busy machine is late at times; a search
/// that waits where it should not is late each time.
pub(super) fn in_time<T>(limit: Duration, search: impl Fn() -> T) -> T {
    for _ in 0..10 {
        let start = Instant::now();
        let found = search();
        if start.elapsed() < limit {
            return found;
        }
    }
    panic!("longer than {limit:?} each time");
}
