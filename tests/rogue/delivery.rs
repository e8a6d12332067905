//! The delivery of an answer: whole, truncated, slow, or without end.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::draft::{Draft, FIRST, LAST};
use crate::gathering::Gathering;
use crate::seal::Seal;

/// The delivery of an answer.
#[derive(Clone, Debug)]
pub enum Delivery {
    Whole,
    /// Whole, after this delay.
    After(Duration),
    /// Whole, once the expected number of logons waits.
    Gathered(Arc<Gathering>),
    /// Whole, once this number of connections has been made.
    Connected(usize),
    /// The stub in fragments of at most this number of bytes.
    Pieces(usize),
    /// Nothing, and the connection is reset.
    Reset,
    /// Twice.
    Twice,
    /// These bytes in place of the answer.
    Instead(Vec<u8>),
    /// This number of bytes only.
    CutThenSilence(usize),
    /// This number of bytes, and the end in the same segment: a client that has read them sees it.
    CutThenClose(usize),
    /// A byte a second.
    Drip,
    /// The answer's stub in fragments of this length without end, this many milliseconds apart.
    Endless(usize, u64),
}

/// Sends an answer and remembers it as an `earlier` one; false if nothing more is to be said. Of an
/// answer without end, `taken` is told how many bytes went out.
pub fn deliver(
    draft: &Draft,
    seal: Option<&mut Seal>,
    stream: &mut TcpStream,
    earlier: &mut Vec<Vec<u8>>,
    taken: impl FnMut(usize),
) -> bool {
    if let Delivery::Endless(length, pause) = draft.delivery {
        let pause = Duration::from_millis(pause);
        deliver_without_end(draft, length, pause, seal, stream, taken);
        return false;
    }
    if let Delivery::Pieces(length) = draft.delivery {
        let pdus = pieces(draft, length, seal);
        earlier.push(pdus.clone());
        return stream.write_all(&pdus).is_ok();
    }
    let pdu = draft.encode(seal);
    earlier.push(pdu.clone());
    let cut = |length: usize| &pdu[..length.min(pdu.len())];
    match &draft.delivery {
        Delivery::Whole | Delivery::Connected(_) => stream.write_all(&pdu).is_ok(),
        Delivery::After(delay) => {
            thread::sleep(*delay);
            stream.write_all(&pdu).is_ok()
        }
        Delivery::Gathered(gathering) => {
            gathering.end();
            stream.write_all(&pdu).is_ok()
        }
        Delivery::Twice => stream.write_all(&[&pdu[..], &pdu].concat()).is_ok(),
        Delivery::Instead(others) => stream.write_all(others).is_ok(),
        Delivery::CutThenSilence(length) => {
            let _gone = stream.write_all(cut(*length));
            // Until the machine closes the connection.
            while matches!(stream.read(&mut [0; 64]), Ok(1..)) {}
            false
        }
        Delivery::CutThenClose(length) => {
            let _gone = write_and_end(stream, cut(*length));
            false
        }
        Delivery::Drip => {
            for byte in &pdu {
                if stream.write_all(&[*byte]).is_err() {
                    break;
                }
                thread::sleep(Duration::from_secs(1));
            }
            false
        }
        Delivery::Reset => {
            let no_time = Some(Duration::ZERO);
            socket2::SockRef::from(&*stream)
                .set_linger(no_time)
                .unwrap();
            false
        }
        Delivery::Pieces(_) | Delivery::Endless(..) => unreachable!("is dealt with above"),
    }
}

/// Sends bytes and the end in one segment (tcp(7), `TCP_CORK`).
fn write_and_end(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    rustix::net::sockopt::set_tcp_cork(&*stream, true)?;
    stream.write_all(bytes)?;
    stream.shutdown(Shutdown::Write)
}

/// A part of an answer.
fn fragment(draft: &Draft, flags: u8, body: &[u8]) -> Draft {
    Draft {
        flags,
        body: body.to_vec(),
        bind_auth: Vec::new(),
        sealed: draft.sealed.clone(),
        delivery: Delivery::Whole,
        asked: Vec::new(),
        earlier: Vec::new(),
        earlier_logons: Vec::new(),
        ..*draft
    }
}

fn pieces(draft: &Draft, length: usize, mut seal: Option<&mut Seal>) -> Vec<u8> {
    let bodies: Vec<_> = draft.body.chunks(length).collect();
    let mut pdus = Vec::new();
    for (number, body) in bodies.iter().enumerate() {
        let first = if number == 0 { FIRST } else { 0 };
        let last = if number + 1 == bodies.len() { LAST } else { 0 };
        pdus.extend(fragment(draft, first | last, body).encode(seal.as_deref_mut()));
    }
    pdus
}

fn deliver_without_end(
    draft: &Draft,
    length: usize,
    pause: Duration,
    mut seal: Option<&mut Seal>,
    stream: &mut TcpStream,
    mut taken: impl FnMut(usize),
) {
    let mut flags = FIRST;
    loop {
        let pdu = fragment(draft, flags, &vec![0; length]).encode(seal.as_deref_mut());
        if stream.write_all(&pdu).is_err() {
            break;
        }
        taken(length);
        flags = 0;
        thread::sleep(pause);
    }
}
