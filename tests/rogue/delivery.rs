//! How an answer goes out: whole, cut, slowly, or without end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::draft::{Draft, FIRST};
use crate::seal::Seal;

/// How an answer goes out.
#[derive(Clone, Debug)]
pub enum Delivery {
    Whole,
    /// Whole, but so much later.
    After(Duration),
    /// Two times, one after the other.
    Twice,
    /// These bytes, and not those of the answer.
    Instead(Vec<u8>),
    /// So many bytes, and no more.
    CutThenSilence(usize),
    /// So many bytes, and the end.
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
    let pdu = draft.encode(seal);
    earlier.push(pdu.clone());
    let cut = |length: usize| &pdu[..length.min(pdu.len())];
    match &draft.delivery {
        Delivery::Whole => stream.write_all(&pdu).is_ok(),
        Delivery::After(delay) => {
            thread::sleep(*delay);
            stream.write_all(&pdu).is_ok()
        }
        Delivery::Twice => stream.write_all(&[&pdu[..], &pdu].concat()).is_ok(),
        Delivery::Instead(others) => stream.write_all(others).is_ok(),
        Delivery::CutThenSilence(length) => {
            let _gone = stream.write_all(cut(*length));
            // Until the machine has had enough.
            while matches!(stream.read(&mut [0; 64]), Ok(1..)) {}
            false
        }
        Delivery::CutThenClose(length) => {
            let _gone = stream.write_all(cut(*length));
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
        Delivery::Endless(..) => unreachable!("is dealt with above"),
    }
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
        let fragment = Draft {
            flags,
            body: vec![0; length],
            bind_auth: Vec::new(),
            sealed: draft.sealed.clone(),
            delivery: Delivery::Whole,
            asked: Vec::new(),
            earlier: Vec::new(),
            earlier_logons: Vec::new(),
            ..*draft
        };
        let pdu = fragment.encode(seal.as_deref_mut());
        if stream.write_all(&pdu).is_err() {
            break;
        }
        taken(length);
        flags = 0;
        thread::sleep(pause);
    }
}
