//! A server of WINS on loopback, for tests.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::protocol::nbns::fixture::positive;

/// Answers until dropped.
pub(in crate::dc::locate) struct Double {
    pub(in crate::dc::locate) port: u16,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    is_stopped: AtomicBool,
    asked: AtomicUsize,
}

impl Double {
    /// Answers each query with what `answer` makes of it, in that order.
    pub(in crate::dc::locate) fn new(
        answer: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static,
    ) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let limit = Some(Duration::from_millis(20));
        socket.set_read_timeout(limit).unwrap();
        let state = Arc::new(State::default());
        let shared = state.clone();
        let thread = Some(thread::spawn(move || serve(&socket, &shared, answer)));
        Self {
            port,
            state,
            thread,
        }
    }

    /// How many queries have come.
    pub(in crate::dc::locate) fn asked(&self) -> usize {
        self.state.asked.load(Ordering::SeqCst)
    }
}

fn serve(socket: &UdpSocket, state: &State, answer: impl Fn(&[u8]) -> Vec<Vec<u8>>) {
    let mut buffer = [0; 512];
    while !state.is_stopped.load(Ordering::SeqCst) {
        let Ok((length, peer)) = socket.recv_from(&mut buffer) else {
            continue;
        };
        state.asked.fetch_add(1, Ordering::SeqCst);
        let query = &buffer[..length];
        // From another port of the same host.
        let forged = positive(query, &[[192, 0, 2, 66]]);
        let other = UdpSocket::bind("127.0.0.1:0").unwrap();
        other.send_to(&forged, peer).unwrap();
        for reply in answer(query) {
            socket.send_to(&reply, peer).unwrap();
        }
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.state.is_stopped.store(true, Ordering::SeqCst);
        self.thread.take().map(JoinHandle::join);
    }
}
