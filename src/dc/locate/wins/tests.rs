//! Against servers of our own on loopback.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use super::*;
use crate::dc::locate::Sought;
use crate::dc::locate::sought::fixture;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(200);
/// Where the RR_NAME, RDLENGTH and RDATA of a reply are.
const RR_NAME: usize = 12;
const RDLENGTH: usize = RR_NAME + 34 + 8;
const RDATA: usize = RDLENGTH + 2;

/// Answers until dropped.
struct Double {
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Double {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.take().map(JoinHandle::join);
    }
}

/// A server that answers each query with what `answer` makes of it, in that order.
fn double(answer: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> Double {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let limit = Some(Duration::from_millis(20));
    socket.set_read_timeout(limit).unwrap();
    let thread = thread::spawn(move || {
        let mut buffer = [0; 512];
        while !stopped.load(Ordering::SeqCst) {
            let Ok((length, peer)) = socket.recv_from(&mut buffer) else {
                continue;
            };
            let query = &buffer[..length];
            // From another port of the same host.
            let forged = positive(query, &[[192, 0, 2, 66]]);
            let other = UdpSocket::bind("127.0.0.1:0").unwrap();
            other.send_to(&forged, peer).unwrap();
            for reply in answer(query) {
                socket.send_to(&reply, peer).unwrap();
            }
        }
    });
    let thread = Some(thread);
    Double { port, stop, thread }
}

/// Id, flags and the other numbers, and the name of the query.
fn head(query: &[u8], flags: u16) -> Vec<u8> {
    let numbers = [flags, 0, 1, 0, 0].map(u16::to_be_bytes).concat();
    [&query[..2], &numbers, &query[12..46]].concat()
}

fn positive(query: &[u8], addresses: &[[u8; 4]]) -> Vec<u8> {
    let length = u16::try_from(addresses.len() * 6).unwrap();
    let mut reply = head(query, 0x8580);
    reply.extend([0, 0x20, 0, 1, 0, 0, 0, 60]);
    reply.extend(length.to_be_bytes());
    for address in addresses {
        reply.extend([0xE0, 0]);
        reply.extend(address);
    }
    reply
}

fn negative(query: &[u8], code: u16) -> Vec<u8> {
    let null = [0, 0x0A, 0, 1, 0, 0, 0, 0, 0, 0];
    [head(query, 0x8580 | code), null.to_vec()].concat()
}

fn config(ports: &[u16], more: &str) -> Sought {
    let servers: Vec<_> = ports
        .iter()
        .map(|port| format!("127.0.0.1:{port}"))
        .collect();
    fixture::netlogon(&format!("[netlogon.wins]\nservers = {servers:?}\n{more}"))
}

fn found(config: &Sought, wait: Duration) -> Result<Vec<String>, String> {
    let found = config.wins().unwrap().controllers(Deadline::after(wait))?;
    Ok(found.iter().map(ToString::to_string).collect())
}

fn good() -> Double {
    double(|query| vec![positive(query, &[[10, 0, 0, 2], [10, 0, 0, 3]])])
}

/// Replies that are none, each with an address of the liar's.
fn lies(query: &[u8]) -> Vec<Vec<u8>> {
    let lie = || positive(query, &[[192, 0, 2, 66]]);
    let changed = |at: usize, to: u8| {
        let mut lie = lie();
        lie[at] = to;
        lie
    };
    let mut lies = vec![
        changed(1, !query[1]),      // another id
        changed(2, 0x05),           // a request
        changed(RR_NAME + 2, b'P'), // another name
        changed(RDLENGTH, 0xFF),    // more than there is
        changed(RDLENGTH + 1, 5),   // no whole entry
        lie()[..RDATA + 3].to_vec(),
        Vec::new(),
    ];
    // More than a datagram may have.
    lies.push(positive(query, &[[192, 0, 2, 66]; 100]));
    lies
}

#[test]
fn lies_are_dropped_and_the_authentic_reply_is_taken() {
    let server = double(|query| {
        let mut replies = lies(query);
        replies.push(positive(query, &[[10, 0, 0, 2]]));
        replies.push(positive(query, &[[192, 0, 2, 66]]));
        replies
    });
    let config = config(&[server.port], "");
    assert_eq!(found(&config, LONG).unwrap(), ["10.0.0.2"]);
}

#[test]
fn lies_alone_are_no_answer() {
    let (late, malformed) = ("no answer in time", "malformed reply");
    let told = [
        late, late, late, malformed, malformed, malformed, late, malformed,
    ];
    for (number, told) in told.into_iter().enumerate() {
        let lying = double(move |query| lies(query).into_iter().skip(number).take(1).collect());
        let config = config(&[lying.port], "");
        // A busy machine is late at times.
        assert!(
            (0..10).any(|_| {
                let problem = found(&config, SHORT).unwrap_err();
                problem.starts_with("WINS, EXAMPLE<1C>: 127.0.0.1:") && problem.contains(told)
            }),
            "{number}: {told}"
        );
    }
}

#[test]
fn one_server_after_the_other_is_asked() {
    let unknown = double(|query| vec![negative(query, 3)]);
    let refusing = double(|query| vec![negative(query, 5)]);
    let useless = [[255; 4], [0; 4], [224, 0, 0, 1]];
    let useless = double(move |query| vec![positive(query, &useless)]);
    let closed = UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let good = good();
    let mut ports = vec![unknown.port, refusing.port, useless.port, closed];
    let problem = found(&config(&ports, ""), LONG).unwrap_err();
    for told in [
        format!("127.0.0.1:{}: no such name;", unknown.port),
        format!("127.0.0.1:{}: RCODE 5;", refusing.port),
        format!(
            "127.0.0.1:{}: no address in the answer can be used;",
            useless.port
        ),
        format!("127.0.0.1:{closed}: "),
    ] {
        assert_eq!(problem.matches(&told).count(), 1, "{told} in {problem}");
    }
    ports.push(good.port);
    let all = config(&ports, "");
    assert_eq!(found(&all, LONG).unwrap(), ["10.0.0.2", "10.0.0.3"]);
}

/// A second server is asked in the time that a login leaves for a search.
#[test]
fn a_silent_server_leaves_time_for_the_next() {
    let (silent, good) = (double(|_| Vec::new()), good());
    let config = config(&[silent.port, good.port], "");
    let second = Duration::from_secs(1);
    assert!((0..10).any(|_| found(&config, second).is_ok()));
}

#[test]
fn a_lost_datagram_is_sent_again() {
    let first = AtomicBool::new(true);
    let server = double(move |query| match first.swap(false, Ordering::SeqCst) {
        true => Vec::new(),
        false => vec![positive(query, &[[10, 0, 0, 2]])],
    });
    assert!(found(&config(&[server.port], ""), Duration::from_secs(2)).is_ok());
}

#[test]
fn no_more_controllers_are_used_than_configured() {
    let many = |query: &[u8]| {
        let all: Vec<_> = (0..86).map(|last| [10, 0, 0, last]).collect();
        vec![positive(query, &all)]
    };
    let server = double(many);
    assert_eq!(found(&config(&[server.port], ""), LONG).unwrap().len(), 16);
    let three = found(&config(&[server.port], "limit = 3"), LONG);
    assert_eq!(three.unwrap(), ["10.0.0.0", "10.0.0.1", "10.0.0.2"]);
}

#[test]
fn the_question_of_other_processes_is_compared_whole() {
    let text = |sought: &Sought| sought.wins().unwrap().to_string();
    let one = text(&config(&[137], ""));
    assert_eq!(one, "WINS:EXAMPLE:16 127.0.0.1:137");
    for other in [config(&[138], ""), config(&[137], "limit = 2")] {
        assert_ne!(text(&other), one);
    }
}
