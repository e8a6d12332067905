//! A relay on loopback between a verifier and the controller's netlogon, which misbehaves on
//! request.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use gss_ntlmdc::protocol::rpc::client::{Binding, Plain, Progress};
use gss_ntlmdc::protocol::rpc::epm;
use gss_ntlmdc::protocol::rpc::netlogon::{
    LOGON_GET_CAPABILITIES, LOGON_SAM_LOGON_EX, SERVER_AUTHENTICATE3,
};
use gss_ntlmdc::protocol::rpc::pdu::Syntax;

use crate::support::dc::{self, Ready, Setup};

/// What the threads of a relay share.
#[derive(Default)]
pub struct State {
    /// How many connections were made.
    pub connections: AtomicUsize,
    /// How many PDUs went to the controller.
    pub requests: AtomicUsize,
    /// How many of them were NetrServerAuthenticate3.
    pub authentications: AtomicUsize,
    /// How many of them were NetrLogonGetCapabilities.
    pub capabilities: AtomicUsize,
    /// How many faults the controller answered.
    pub faults: AtomicUsize,
    cut_at_next_request: AtomicBool,
    change_next_answer: AtomicBool,
    strips_header_signing: AtomicBool,
    tape: Mutex<Tape>,
    /// By number, the two ends of each connection that goes on.
    open: Mutex<HashMap<usize, [TcpStream; 2]>>,
}

/// An answer about a login, to be heard again.
#[derive(Default)]
enum Tape {
    #[default]
    Stopped,
    Recording,
    Recorded(Vec<u8>),
    Playing(Vec<u8>, Fit),
}

/// What of a recorded answer is made to fit the question.
#[derive(Clone, Copy, Debug)]
pub enum Fit {
    Nothing,
    CallId,
    CallIdAndContext,
}

impl Fit {
    fn apply(self, answer: &mut [u8], request: &[u8]) {
        if !matches!(self, Self::Nothing) {
            answer[12..16].copy_from_slice(&request[12..16]);
        }
        if matches!(self, Self::CallIdAndContext) {
            // `auth_context_id` stands before the signature.
            let at = |pdu: &[u8]| pdu.len() - 56 - 4;
            let (to, from) = (at(answer), at(request));
            answer[to..to + 4].copy_from_slice(&request[from..from + 4]);
        }
    }
}

/// Listens until the test ends.
pub struct Relay {
    address: SocketAddr,
    state: Arc<State>,
}

impl std::ops::Deref for Relay {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl Relay {
    pub fn to_netlogon() -> Self {
        let controller = netlogon();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming() {
                let number = shared.connections.fetch_add(1, Ordering::SeqCst);
                let server = TcpStream::connect(controller).unwrap();
                shared.serve(number, client.unwrap(), server);
            }
        });
        Self { address, state }
    }

    pub fn verifier(&self) -> Ready {
        self.setup().verifier()
    }

    pub fn setup(&self) -> Setup {
        Setup {
            controller: self.address.to_string(),
            ..Setup::right()
        }
    }
}

impl State {
    /// Ends all connections.
    pub fn cut(&self) {
        let open = std::mem::take(&mut *self.open.lock().unwrap());
        for stream in open.values().flatten() {
            let _ended_already = stream.shutdown(Shutdown::Both);
        }
    }

    /// Ends all connections when the next request comes, and does not pass it on.
    pub fn cut_at_next_request(&self) {
        self.cut_at_next_request.store(true, Ordering::SeqCst);
    }

    /// Changes one bit of the next answer.
    pub fn change_next_answer(&self) {
        self.change_next_answer.store(true, Ordering::SeqCst);
    }

    /// Keeps the next answer about a login.
    pub fn record(&self) {
        *self.tape.lock().unwrap() = Tape::Recording;
    }

    /// Gives it in place of each answer about a login, until it is stopped.
    pub fn play(&self, fit: Fit) {
        let mut tape = self.tape.lock().unwrap();
        *tape = match std::mem::take(&mut *tape) {
            Tape::Recorded(answer) => Tape::Playing(answer, fit),
            _ => panic!("nothing was recorded"),
        };
    }

    /// Passes answers about logins on again.
    pub fn stop(&self) {
        *self.tape.lock().unwrap() = Tape::Stopped;
    }

    /// Takes the offer to sign headers out of each bind.
    pub fn strip_header_signing(&self) {
        self.strips_header_signing.store(true, Ordering::SeqCst);
    }

    fn hear_logon(&self, answer: &mut Vec<u8>, request: &[u8]) {
        let mut tape = self.tape.lock().unwrap();
        *tape = match std::mem::take(&mut *tape) {
            Tape::Recording => Tape::Recorded(answer.clone()),
            Tape::Playing(recorded, fit) => {
                answer.clone_from(&recorded);
                fit.apply(answer, request);
                Tape::Playing(recorded, fit)
            }
            other => other,
        };
    }

    fn serve(self: &Arc<Self>, number: usize, client: TcpStream, server: TcpStream) {
        let ends = [client.try_clone().unwrap(), server.try_clone().unwrap()];
        self.open.lock().unwrap().insert(number, ends);
        for stream in [&client, &server] {
            stream.set_nodelay(true).unwrap();
        }
        let (to_client, to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let requests = Arc::clone(self);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let last = Arc::clone(&asked);
        thread::spawn(move || {
            pass(client, to_server, |pdu| {
                requests.requests.fetch_add(1, Ordering::SeqCst);
                if pdu[2] == BIND && requests.strips_header_signing.load(Ordering::SeqCst) {
                    pdu[3] &= !HEADER_SIGN;
                }
                last.lock().unwrap().clone_from(pdu);
                if is_request(pdu, SERVER_AUTHENTICATE3) {
                    requests.authentications.fetch_add(1, Ordering::SeqCst);
                }
                if is_request(pdu, LOGON_GET_CAPABILITIES) {
                    requests.capabilities.fetch_add(1, Ordering::SeqCst);
                }
                if requests.cut_at_next_request.swap(false, Ordering::SeqCst) {
                    requests.cut();
                }
            });
            requests.open.lock().unwrap().remove(&number);
        });
        let answers = Arc::clone(self);
        thread::spawn(move || {
            pass(server, to_client, |pdu| {
                if answers.change_next_answer.swap(false, Ordering::SeqCst) {
                    pdu[40] ^= 0x10;
                }
                if pdu[2] == FAULT {
                    answers.faults.fetch_add(1, Ordering::SeqCst);
                }
                let request = asked.lock().unwrap();
                if is_request(&request, LOGON_SAM_LOGON_EX) {
                    answers.hear_logon(pdu, &request);
                }
            });
        });
    }
}

const BIND: u8 = 0x0B;
const FAULT: u8 = 0x03;
const HEADER_SIGN: u8 = 0x04;

/// Whether it is a request (C706 12.6.4.9) of that number.
fn is_request(pdu: &[u8], opnum: u16) -> bool {
    pdu.get(2) == Some(&0) && pdu.get(22..24) == Some(&opnum.to_le_bytes())
}

/// Passes PDUs on until either side ends.
fn pass(mut from: TcpStream, mut to: TcpStream, mut seen: impl FnMut(&mut Vec<u8>)) {
    loop {
        let mut pdu = vec![0; 16];
        if from.read_exact(&mut pdu).is_err() {
            break;
        }
        pdu.resize(usize::from(u16::from_le_bytes([pdu[8], pdu[9]])), 0);
        if from.read_exact(&mut pdu[16..]).is_err() {
            break;
        }
        seen(&mut pdu);
        if to.write_all(&pdu).is_err() {
            break;
        }
    }
    let _ended_already = to.shutdown(Shutdown::Both);
}

/// Where the controller's netlogon listens.
pub fn netlogon() -> SocketAddr {
    let address = dc::address().parse().unwrap();
    let mut stream = TcpStream::connect(SocketAddr::new(address, epm::PORT)).unwrap();
    let mut read = |pdu: Vec<u8>| {
        stream.write_all(&pdu).unwrap();
        let mut answer = vec![0; 16];
        stream.read_exact(&mut answer).unwrap();
        answer.resize(usize::from(answer[8]), 0);
        stream.read_exact(&mut answer[16..]).unwrap();
        answer
    };
    let (pdu, binding) = Binding::begin(Syntax::ENDPOINT_MAPPER, Plain);
    let association = binding.answered(&read(pdu)).unwrap();
    let stub = epm::request(Syntax::NETLOGON);
    let (pdu, call) = association.call(epm::EPT_MAP, &stub).unwrap();
    let Progress::Done(outcome, _) = call.receive(&read(pdu)).unwrap() else {
        panic!("a port comes in one PDU")
    };
    let ports = epm::ports(outcome.response().unwrap().expose()).unwrap();
    SocketAddr::new(address, ports[0])
}
