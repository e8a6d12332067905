use super::*;
use std::net::TcpListener;
use std::thread;

const SOON: Duration = Duration::from_millis(50);
/// Longer than any machine takes.
const LONG: Duration = Duration::from_secs(30);

fn pair() -> (Stream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let stream = Stream::connect(None, address, Deadline::after(LONG)).unwrap();
    (stream, listener.accept().unwrap().0)
}

fn message(stream: &mut Stream, deadline: Deadline) -> Result<Vec<u8>, Error> {
    let length = |header: &[u8; 2]| match header {
        [b'!', _] => Err("no message"),
        [_, length] => Ok(usize::from(*length)),
    };
    stream.message(length, deadline)
}

#[test]
fn messages_come_whole() {
    let (mut stream, mut peer) = pair();
    let sender = thread::spawn(move || {
        for piece in [b"\0".as_slice(), b"\x05", b"ab", b"c\0\x02"] {
            peer.write_all(piece).unwrap();
            thread::sleep(Duration::from_millis(1));
        }
        peer
    });
    let deadline = Deadline::after(LONG);
    assert_eq!(message(&mut stream, deadline).unwrap(), b"\0\x05abc");
    assert_eq!(message(&mut stream, deadline).unwrap(), b"\0\x02");
    drop(sender.join().unwrap());
    assert!(matches!(message(&mut stream, deadline), Err(Error::Closed)));
}

#[test]
fn a_silent_or_slow_peer_meets_the_deadline() {
    let (mut stream, mut peer) = pair();
    let start = Instant::now();
    let error = message(&mut stream, Deadline::after(SOON)).unwrap_err();
    assert!(matches!(error, Error::Timeout));

    // One byte at a time is no way to go on for ever.
    let dripping = thread::spawn(move || {
        peer.write_all(b"\0\xFF").unwrap();
        while start.elapsed() < LONG && peer.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(5));
        }
    });
    let error = message(&mut stream, Deadline::after(SOON)).unwrap_err();
    assert!(matches!(error, Error::Timeout));
    assert!(start.elapsed() < LONG / 2);
    drop(stream);
    dripping.join().unwrap();
}

#[test]
fn each_wait_ends_with_its_own_deadline() {
    let (mut stream, mut peer) = pair();
    let is_in_time = |stream: &mut Stream, after| {
        let start = Instant::now();
        let error = message(stream, Deadline::after(after)).unwrap_err();
        assert!(matches!(error, Error::Timeout));
        start.elapsed().checked_sub(after).unwrap() < Duration::from_millis(500)
    };
    // A busy machine is late at times; a wrong limit is late each time.
    let timed_out = |stream: &mut Stream, after| {
        assert!((0..20).any(|_| is_in_time(stream, after)), "{after:?}");
    };
    // Longer than the socket's limit, shorter, longer again.
    let long = Stream::LONGEST_WAIT + SOON;
    for after in [long, SOON, long] {
        timed_out(&mut stream, after);
    }

    let sender = thread::spawn(move || {
        thread::sleep(long);
        peer.write_all(b"\0\x02").unwrap();
        peer
    });
    let deadline = Deadline::after(LONG);
    assert_eq!(message(&mut stream, deadline).unwrap(), b"\0\x02");
    let _peer = sender.join().unwrap();
    timed_out(&mut stream, SOON);
}

#[test]
fn a_peer_that_takes_nothing_meets_the_deadline() {
    let (mut stream, _peer) = pair();
    let much = vec![0; 64 << 20];
    let error = stream.send(&much, Deadline::after(SOON)).unwrap_err();
    assert!(matches!(error, Error::Timeout));
    let over = Deadline::after(Duration::ZERO);
    assert!(matches!(stream.send(b"x", over), Err(Error::Timeout)));
}

#[test]
fn a_header_that_is_none_ends_it() {
    let (mut stream, mut peer) = pair();
    peer.write_all(b"!!").unwrap();
    let error = message(&mut stream, Deadline::after(LONG)).unwrap_err();
    assert_eq!(error.to_string(), "no message");
}

#[test]
fn quiet_is_open_with_nothing_to_read() {
    let (stream, mut peer) = pair();
    assert!(stream.is_quiet());
    peer.write_all(b"x").unwrap();
    let seen = Deadline::after(LONG);
    while stream.is_quiet() && seen.remaining().is_some() {}
    assert!(!stream.is_quiet(), "something came");

    let (stream, peer) = pair();
    drop(peer);
    while stream.is_quiet() && seen.remaining().is_some() {}
    assert!(!stream.is_quiet(), "closed");
}

#[test]
fn what_came_with_a_message_is_not_quiet() {
    let (mut stream, mut peer) = pair();
    let deadline = Deadline::after(LONG);
    peer.write_all(b"\0\x03a\0\x03b").unwrap();
    assert_eq!(message(&mut stream, deadline).unwrap(), b"\0\x03a");
    assert!(!stream.is_quiet());
    assert_eq!(message(&mut stream, deadline).unwrap(), b"\0\x03b");
    assert!(stream.is_quiet());
    peer.write_all(b"\0").unwrap();
    drop(peer);
    assert!(matches!(message(&mut stream, deadline), Err(Error::Closed)));
}

#[test]
fn messages_longer_than_one_read_come_whole() {
    let (mut stream, mut peer) = pair();
    let long = vec![7; 3 * Stream::AT_ONCE + 1];
    let (first, second) = (
        [long.as_slice(), b"1"].concat(),
        [long, b"2".into()].concat(),
    );
    peer.write_all(&[first.as_slice(), &second].concat())
        .unwrap();
    let deadline = Deadline::after(LONG);
    for expected in [first, second] {
        let length = |_: &[u8; 2]| Ok::<_, String>(expected.len());
        assert_eq!(stream.message(length, deadline).unwrap(), expected);
    }
    assert!(stream.is_quiet());
}

#[test]
fn a_refused_connection_is_reported() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = Stream::connect(None, address, Deadline::after(LONG)).unwrap_err();
    assert!(matches!(error, Error::Connect(_)));
}

#[test]
fn a_source_address_is_used() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let deadline = Deadline::after(LONG);
    let source = "127.0.0.7".parse().unwrap();
    let _stream = Stream::connect(Some(source), address, deadline).unwrap();
    assert_eq!(listener.accept().unwrap().1.ip(), source);
    let foreign = "192.0.2.1".parse().unwrap();
    let error = Stream::connect(Some(foreign), address, deadline).unwrap_err();
    assert!(matches!(error, Error::Connect(_)));
}

#[test]
fn datagrams_come_and_the_deadline_too() {
    for local in ["127.0.0.1", "::1"] {
        let peer = Datagrams::bound(local.parse().unwrap()).unwrap();
        let address = peer.0.local_addr().unwrap();
        let ours = Datagrams::connected(address).unwrap();
        ours.send(b"ping").unwrap();
        let mut buffer = [0; 8];
        let deadline = Deadline::after(LONG);
        let (came, from) = peer.receive(&mut buffer, deadline).unwrap();
        assert_eq!(came, b"ping");
        peer.send_to(b"pong", from).unwrap();
        assert_eq!(ours.receive(&mut buffer, deadline).unwrap().0, b"pong");

        let error = ours.receive(&mut buffer, Deadline::after(SOON));
        assert!(matches!(error, Err(Error::Timeout)));
        drop(peer);
        ours.send(b"ping").unwrap();
        assert!(ours.receive(&mut buffer, deadline).is_err(), "no sender");
    }
}
