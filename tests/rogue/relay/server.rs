//! A server that answers each message of a connection as the test says.

use std::io::{Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// A message of a client.
#[derive(Clone, Debug)]
pub struct Request {
    /// From 0 in each connection.
    pub number: usize,
    pub bytes: Vec<u8>,
}

/// What the server does after a message.
#[derive(Clone, Debug)]
pub enum Reply {
    Bytes(Vec<u8>),
    /// Nothing, as an overloaded host.
    Silence,
    /// The end of the connection.
    Close,
}

/// The length of a whole message, if its beginning is there.
pub type Length = fn(&[u8]) -> Option<usize>;
pub type Answers = Box<dyn Fn(&Request) -> Reply + Send + Sync>;

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
    requests: Mutex<Vec<Request>>,
    peers: Mutex<Vec<IpAddr>>,
}

/// Listens until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    counts: Arc<Counts>,
    thread: Option<JoinHandle<()>>,
    stop: Arc<AtomicUsize>,
}

impl Server {
    pub fn start(length: Length, answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let counts = Arc::new(Counts::default());
        let stop = Arc::new(AtomicUsize::new(0));
        let (of_thread, stopped) = (Arc::clone(&counts), Arc::clone(&stop));
        let answers: Arc<dyn Fn(&Request) -> Reply + Send + Sync> = Arc::from(answers);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) == 1 {
                    return;
                }
                let stream = stream.unwrap();
                let (counts, answers) = (Arc::clone(&of_thread), Arc::clone(&answers));
                counts.connections.fetch_add(1, Ordering::SeqCst);
                let open = counts.open.fetch_add(1, Ordering::SeqCst) + 1;
                counts.most_open.fetch_max(open, Ordering::SeqCst);
                let peer = stream.peer_addr().unwrap().ip();
                counts.peers.lock().unwrap().push(peer);
                thread::spawn(move || {
                    serve(stream, length, &*answers, &counts);
                    counts.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self {
            address,
            counts,
            thread: Some(thread),
            stop,
        }
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }

    /// How many are open.
    pub fn open(&self) -> usize {
        self.counts.open.load(Ordering::SeqCst)
    }

    /// How many were open at once.
    pub fn most_open(&self) -> usize {
        self.counts.most_open.load(Ordering::SeqCst)
    }

    /// The messages that came.
    pub fn requests(&self) -> Vec<Request> {
        self.counts.requests.lock().unwrap().clone()
    }

    /// The address of the last client.
    pub fn peer(&self) -> IpAddr {
        *self.counts.peers.lock().unwrap().last().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(1, Ordering::SeqCst);
        let _wakes_it = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

fn serve(
    mut stream: TcpStream,
    length: Length,
    answers: &dyn Fn(&Request) -> Reply,
    counts: &Counts,
) {
    let mut unread = Vec::new();
    for number in 0.. {
        let Some(bytes) = message(&mut stream, length, &mut unread) else {
            return;
        };
        let request = Request { number, bytes };
        counts.requests.lock().unwrap().push(request.clone());
        match answers(&request) {
            Reply::Bytes(bytes) => {
                if stream.write_all(&bytes).is_err() {
                    return;
                }
            }
            Reply::Silence => {}
            Reply::Close => {
                let _gone = stream.shutdown(Shutdown::Both);
                return;
            }
        }
    }
}

fn message(stream: &mut TcpStream, length: Length, unread: &mut Vec<u8>) -> Option<Vec<u8>> {
    loop {
        if let Some(length) = length(unread).filter(|length| *length <= unread.len()) {
            let rest = unread.split_off(length);
            return Some(std::mem::replace(unread, rest));
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(came) => unread.extend_from_slice(&buffer[..came]),
        }
    }
}
