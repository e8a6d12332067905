use std::net::TcpListener;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::*;
use crate::base::config::fixture;
use crate::directory::imitation::{Imitation, done, made};
use crate::directory::{Entry, ResultCode, Search};

const PATIENCE: Duration = Duration::from_secs(10);

fn service(more: &str) -> LdapService {
    fixture::directory(more).service
}

fn two(more: &str) -> LdapService {
    service(&format!(
        "servers = [\"127.0.0.1:1\", \"127.0.0.2:1\"]\n{more}"
    ))
}

fn alice() -> Imitation {
    Imitation::having(vec![made("uid=alice,dc=example", &[("uid", b"alice")])])
}

/// An address without a listener.
fn closed_port() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

fn ask(servers: &Servers) -> Result<Answered<Vec<Entry>>, NoAnswer> {
    servers.ask(Deadline::after(PATIENCE), |client, until| {
        client.search(Search::of_entry("dc=example", &["uid"]), until)
    })
}

#[test]
fn questions_share_one_connection() {
    let server = alice();
    let servers = Servers::imitated(service(""), vec![server.peer]);
    for _ in 0..5 {
        assert_eq!(ask(&servers).unwrap().answer.len(), 1);
    }
    assert_eq!((server.connections(), server.searches()), (1, 5));
}

#[test]
fn there_are_no_more_connections_than_permitted() {
    let together = Barrier::new(8);
    let server = alice();
    let servers = Servers::imitated(service("connections = 2"), vec![server.peer]);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                together.wait();
                for _ in 0..10 {
                    assert!(ask(&servers).is_ok());
                }
            });
        }
    });
    assert_eq!(server.searches(), 80);
    assert!(server.connections() <= 2);
}

#[test]
fn a_wait_for_a_connection_ends() {
    let server = alice();
    let servers = Servers::imitated(service("connections = 1"), vec![server.peer]);
    let held = servers.ask(Deadline::after(PATIENCE), |_, _| {
        let soon = Deadline::after(Duration::from_millis(50));
        let second = servers.ask(soon, |_, _| Ok(()));
        assert_eq!(second.unwrap_err().kind, NoAnswerKind::Timeout);
        Ok(())
    });
    assert!(held.is_ok());
}

#[test]
fn a_connection_that_died_is_replaced_at_once() {
    // Every other search ends the connection.
    let odd = AtomicBool::new(false);
    let server = Imitation::answering(move |id, _| match odd.fetch_xor(true, Ordering::SeqCst) {
        true => Vec::new(),
        false => done(id, ResultCode::Success),
    });
    let servers = Servers::imitated(service(""), vec![server.peer]);
    assert!(ask(&servers).is_ok());
    assert!(ask(&servers).is_ok(), "asked again on a new connection");
    assert_eq!((server.connections(), server.searches()), (2, 3));
}

#[test]
fn the_next_server_answers_for_one_that_is_gone() {
    let second = alice();
    let servers = Servers::imitated(two(""), vec![closed_port(), second.peer]);
    for _ in 0..3 {
        assert_eq!(ask(&servers).unwrap().server, "127.0.0.2:1");
    }
    assert_eq!((second.connections(), second.searches()), (1, 3));
}

#[test]
fn the_first_server_is_asked_again_once_it_is_back() {
    let (first, second) = (alice(), alice());
    let servers = Servers::imitated(two(""), vec![first.peer, second.peer]);
    let places = servers.places.of_this_process(|| Places::new(4, 2));
    let place = places.take(Deadline::after(PATIENCE)).unwrap();
    let problem = NoAnswer {
        kind: NoAnswerKind::Unreachable,
        text: "gone".to_owned(),
    };
    // So long ago that the pause is over after the first question.
    let long_ago = Instant::now().checked_sub(Duration::from_secs(2)).unwrap();
    place.failed(0, Instant::now(), &problem);
    assert_eq!(ask(&servers).unwrap().server, "127.0.0.2:1");
    place.failed(0, long_ago, &problem);
    assert_eq!(ask(&servers).unwrap().server, "127.0.0.1:1");
    assert_eq!((first.searches(), second.searches()), (1, 1));
}

#[test]
fn nothing_is_tried_while_all_servers_are_passed_over() {
    let servers = Servers::imitated(service(""), vec![closed_port()]);
    let first = ask(&servers).unwrap_err();
    assert_eq!(first.kind, NoAnswerKind::Unreachable);
    let second = ask(&servers).unwrap_err();
    assert_eq!(second.kind, NoAnswerKind::Unreachable);
    assert!(second.text.contains("tried again"), "{second}");
}

#[test]
fn a_refused_question_is_not_asked_elsewhere() {
    let refusing = Imitation::answering(|id, _| done(id, ResultCode::NoSuchObject));
    let second = alice();
    let servers = Servers::imitated(two(""), vec![refusing.peer, second.peer]);
    for _ in 0..2 {
        let refused = ask(&servers).unwrap_err();
        assert_eq!(refused.kind, NoAnswerKind::Refused);
        assert!(refused.text.contains("NoSuchObject"), "{refused}");
    }
    assert_eq!((refusing.connections(), second.connections()), (1, 0));
}

#[test]
fn a_server_that_is_busy_or_lies_is_passed_over() {
    let busy = Imitation::answering(|id, _| done(id, ResultCode::Busy));
    let lying = Imitation::answering(|_, _| b"HTTP/1.1 200 OK\r\n\r\n".to_vec());
    for bad in [busy, lying] {
        let good = alice();
        let servers = Servers::imitated(two(""), vec![bad.peer, good.peer]);
        assert_eq!(ask(&servers).unwrap().server, "127.0.0.2:1");
    }
}

#[test]
fn an_entry_that_is_too_big_is_a_fault_of_no_server() {
    // The head of a message of 2 MiB, once.
    let is_first = AtomicBool::new(true);
    let first = Imitation::answering(move |id, _| match is_first.swap(false, Ordering::SeqCst) {
        true => b"\x30\x83\x20\0\0\x02\x01\x01\x64".to_vec(),
        false => done(id, ResultCode::Success),
    });
    let second = alice();
    let servers = Servers::imitated(two(""), vec![first.peer, second.peer]);
    let refused = ask(&servers).unwrap_err();
    assert_eq!(refused.kind, NoAnswerKind::Refused);
    assert!(refused.text.contains("too big"), "{refused}");
    assert_eq!(ask(&servers).unwrap().server, "127.0.0.1:1");
    assert_eq!((first.connections(), second.connections()), (2, 0));
}

#[test]
fn a_silent_server_costs_its_time_limit() {
    let silent = Imitation::answering(|_, _| {
        thread::sleep(Duration::from_secs(3600));
        Vec::new()
    });
    let good = alice();
    let service = two("call_timeout = \"100ms\"");
    let servers = Servers::imitated(service, vec![silent.peer, good.peer]);
    assert_eq!(ask(&servers).unwrap().server, "127.0.0.2:1");
    assert_eq!(ask(&servers).unwrap().server, "127.0.0.2:1");
    assert_eq!(silent.searches(), 1);
}
