//! Against servers of our own on loopback.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::double::Double;
use super::*;
use crate::dc::locate::Sought;
use crate::dc::locate::sought::fixture;
use crate::protocol::nbns::fixture::{
    NAME, POSITIVE, RDATA, RDLENGTH, UNKNOWN, negative, positive,
};

const LONG: Duration = Duration::from_secs(60);

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
    Double::new(|query| vec![positive(query, &[[10, 0, 0, 2], [10, 0, 0, 3]])])
}

/// Loses the first query.
fn lossy() -> Double {
    let is_first = AtomicBool::new(true);
    Double::new(move |query| match is_first.swap(false, Ordering::SeqCst) {
        true => Vec::new(),
        false => vec![positive(query, &[[10, 0, 0, 2]])],
    })
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
        changed(1, !query[1]),    // another id
        changed(2, 0x05),         // a request
        changed(NAME + 2, b'P'),  // another name
        changed(RDLENGTH, 0xFF),  // more than there is
        changed(RDLENGTH + 1, 5), // no whole entry
        lie()[..RDATA + 3].to_vec(),
        Vec::new(),
    ];
    // More than a datagram may have.
    lies.push(positive(query, &[[192, 0, 2, 66]; 100]));
    lies
}

#[test]
fn lies_are_dropped_and_the_authentic_reply_is_taken() {
    let server = Double::new(|query| {
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
    // Each waits for as long as a login may, all of them at once.
    thread::scope(|scope| {
        for (number, told) in told.into_iter().enumerate() {
            scope.spawn(move || {
                let lie = move |query: &[u8]| lies(query).into_iter().skip(number).take(1);
                let lying = Double::new(move |query| lie(query).collect());
                let problem = found(&config(&[lying.port], ""), LONG).unwrap_err();
                let server = format!("WINS, EXAMPLE<1C>: 127.0.0.1:{}: ", lying.port);
                let problem = problem.strip_prefix(&server).unwrap_or_default();
                assert!(problem.starts_with(told), "{number}: {problem}");
            });
        }
    });
}

#[test]
fn one_server_after_the_other_is_asked() {
    let unknown = Double::new(|query| vec![negative(query, UNKNOWN)]);
    let refusing = Double::new(|query| vec![negative(query, POSITIVE | 5)]);
    let useless = [[255; 4], [0; 4], [224, 0, 0, 1]];
    let useless = Double::new(move |query| vec![positive(query, &useless)]);
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
    // What has answered is not asked again.
    for server in [&unknown, &refusing, &useless] {
        assert_eq!(server.asked(), 1);
    }
    ports.push(good.port);
    let all = config(&ports, "");
    assert_eq!(found(&all, LONG).unwrap(), ["10.0.0.2", "10.0.0.3"]);
}

#[test]
fn a_silent_server_leaves_time_for_the_next() {
    let (silent, good) = (Double::new(|_| Vec::new()), good());
    let config = config(&[silent.port, good.port], "");
    assert!(found(&config, LONG).is_ok());
    assert_eq!((silent.asked(), good.asked()), (1, 1));
}

#[test]
fn each_question_has_its_share_of_the_time() {
    let of = |wait, questions| share(Deadline::after(wait), questions);
    assert_eq!(of(LONG, 4), PATIENCE);
    assert!(of(PATIENCE, 4) <= PATIENCE / 4);
    assert_eq!(of(Duration::ZERO, 4), Duration::ZERO);
}

#[test]
fn a_lost_datagram_is_sent_again() {
    let server = lossy();
    assert!(found(&config(&[server.port], ""), LONG).is_ok());
    assert_eq!(server.asked(), 2);
}

#[test]
fn the_last_of_several_servers_is_asked_twice_too() {
    let unknown = || Double::new(|query| vec![negative(query, UNKNOWN)]);
    let (first, second, last) = (unknown(), unknown(), lossy());
    let config = config(&[first.port, second.port, last.port], "");
    assert_eq!(found(&config, LONG).unwrap(), ["10.0.0.2"]);
}

/// A datagram of one byte more is not cut to one that is valid.
#[test]
fn the_longest_datagram_is_read_and_no_longer_one() {
    let answered = |length: usize| {
        let server = Double::new(move |query| {
            let mut reply = positive(query, &[[10, 0, 0, 2]]);
            reply.resize(length, 0);
            vec![reply]
        });
        found(&config(&[server.port], ""), LONG)
    };
    assert_eq!(answered(nbns::MAX_REPLY).unwrap(), ["10.0.0.2"]);
    assert!(answered(nbns::MAX_REPLY + 1).is_err());
}

/// A survey is as patient as a login.
#[test]
fn one_server_is_asked_again_if_it_is_silent() {
    let ask = |server: &Double| {
        let config = config(&[server.port], "");
        let client = config.wins().unwrap();
        client.ask_one(client.wins.servers[0])
    };
    let lossy = lossy();
    assert_eq!(ask(&lossy), Ok(vec![[10, 0, 0, 2].into()]));
    assert_eq!(lossy.asked(), 2);
    let refusing = Double::new(|query| vec![negative(query, POSITIVE | 5)]);
    assert_eq!(ask(&refusing), Err(NoControllers::Refused(5)));
    assert_eq!(refusing.asked(), 1);
}

#[test]
fn no_more_controllers_are_used_than_configured() {
    let many = |query: &[u8]| {
        let all: Vec<_> = (0..86).map(|last| [10, 0, 0, last]).collect();
        vec![positive(query, &all)]
    };
    let server = Double::new(many);
    assert_eq!(found(&config(&[server.port], ""), LONG).unwrap().len(), 16);
    let three = found(&config(&[server.port], "limit = 3"), LONG);
    assert_eq!(three.unwrap(), ["10.0.0.0", "10.0.0.1", "10.0.0.2"]);
}

#[test]
fn the_question_of_other_processes_is_compared_whole() {
    let text = |sought: &Sought| sought.wins().unwrap().cache_key();
    let one = text(&config(&[137], ""));
    assert_eq!(one, "WINS:EXAMPLE:16 127.0.0.1:137");
    for other in [config(&[138], ""), config(&[137], "limit = 2")] {
        assert_ne!(text(&other), one);
    }
}
