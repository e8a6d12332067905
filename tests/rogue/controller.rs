//! A controller on loopback that is honest, but for one lie.

mod chain;

use std::collections::HashMap;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::delivery::{self, Delivery};
use crate::draft::{BIND_ACK, Draft, FAULT, FIRST, HEADER_SIGN, LAST, RESPONSE, Step};
use crate::seal::{self, Credential, Key, Seal, Slip};
use crate::trial::until;
use crate::wire::{LSA, NDR, NETLOGON, next_pdu, opened, u16_at, u32_at};
use crate::{domains, logon, names};

/// The machine account's NT hash.
pub const NT_HASH: Key = *b"machine's secret";

/// The longest PDU (C706 12.6.4.3).
const MAX_FRAGMENT: u16 = 5840;
/// The status for a machine that does not know its secret.
const ACCESS_DENIED: u32 = 0xC000_0022;
/// The fault for a request that is not sealed as it should be.
const SEC_PKG_ERROR: u32 = 0x721;
const SERVER_CHALLENGE: Credential = *b"DCrandom";

/// Changes an answer.
pub type Lie = Box<dyn Fn(&mut Draft) + Send + Sync>;

/// Listens until it is switched off or dropped.
pub struct Controller {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    lie: Lie,
    /// Every connection, until the controller is switched off.
    streams: Mutex<Option<HashMap<usize, TcpStream>>>,
    memory: Mutex<Memory>,
}

/// What a controller knows of a machine account, whatever the connection.
#[derive(Default)]
struct Memory {
    nt_hash: Key,
    /// Whether it knew the secret from the start.
    is_genuine: bool,
    client_challenge: Credential,
    server_challenge: Credential,
    session_key: Key,
    requested: u32,
    negotiated: u32,
    seed: Credential,
    turns: [usize; Step::Password as usize + 1],
    /// What was answered about logins.
    logons: Vec<Vec<u8>>,
    /// The key of each sealed connection.
    keys: Vec<Key>,
    /// What the machine did that no machine does.
    complaints: Vec<String>,
    /// How many bytes of an answer without end the machine took.
    taken: usize,
    connections: usize,
    /// How many connections wait for an answer that never comes.
    hanging: usize,
}

impl Controller {
    pub fn that(lie: Lie) -> Self {
        Self::with_secret(NT_HASH, lie)
    }

    /// One that believes this to be the machine account's NT hash.
    pub fn with_secret(nt_hash: Key, lie: Lie) -> Self {
        Self::listening(TcpListener::bind("127.0.0.1:0").unwrap(), nt_hash, lie)
    }

    /// One that is honest, on IPv6.
    pub fn on_ipv6() -> Self {
        let listener = TcpListener::bind("[::1]:0").unwrap();
        Self::listening(listener, NT_HASH, Box::new(|_| {}))
    }

    fn listening(listener: TcpListener, nt_hash: Key, lie: Lie) -> Self {
        let address = listener.local_addr().unwrap();
        let memory = Mutex::new(Memory {
            nt_hash,
            is_genuine: nt_hash == NT_HASH,
            ..Memory::default()
        });
        let streams = Mutex::new(Some(HashMap::new()));
        let shared = Arc::new(Shared {
            lie,
            streams,
            memory,
        });
        let listening = Arc::clone(&shared);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let stream = stream.unwrap();
                let copy = stream.try_clone().unwrap();
                match listening.streams.lock().unwrap().as_mut() {
                    Some(streams) => _ = streams.insert(number, copy),
                    None => break,
                }
                listening.memory().connections += 1;
                let shared = Arc::clone(&listening);
                thread::spawn(move || {
                    shared.watch(stream);
                    let mut streams = shared.streams.lock().unwrap();
                    // Closed with its last copy.
                    streams.as_mut().map(|streams| streams.remove(&number));
                });
            }
        });
        Self { address, shared }
    }

    /// Ends every connection; then nothing listens any more.
    pub fn switch_off(&self) {
        self.stop();
        while TcpStream::connect(self.address).is_ok() {
            thread::yield_now();
        }
    }

    /// Ends every connection, and tells the listener to end. Does nothing the second time.
    fn stop(&self) {
        let streams = self.shared.streams.lock();
        let streams = streams.unwrap_or_else(PoisonError::into_inner).take();
        let Some(streams) = streams else { return };
        for stream in streams.into_values() {
            // Closed already, if it fails.
            let _closed = stream.shutdown(Shutdown::Both);
        }
        // The listener ends with the next connection, which may be another's.
        let _last = TcpStream::connect(self.address);
    }

    /// How many connections it has taken.
    pub fn connections(&self) -> usize {
        self.shared.memory().connections
    }

    /// How many connections wait just now for an answer that never comes.
    pub fn hanging(&self) -> usize {
        self.shared.memory().hanging
    }

    /// How many requests it has answered, of all steps.
    pub fn requests(&self) -> usize {
        self.shared.memory().turns.iter().sum()
    }

    /// How often this step was answered.
    pub fn turns(&self, step: Step) -> usize {
        self.shared.memory().turns[step as usize]
    }

    /// What the machine did that no machine does.
    pub fn complaints(&self) -> Vec<String> {
        self.shared.memory().complaints.clone()
    }

    /// The key of each sealed connection, in the order of their binds.
    pub fn keys(&self) -> Vec<Key> {
        self.shared.memory().keys.clone()
    }

    /// How many bytes of an answer without end the machine took.
    pub fn taken(&self) -> usize {
        self.shared.memory().taken
    }
}

/// By default a process has 1024 open files at most, and these tests make hundreds of controllers.
impl Drop for Controller {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves a connection; what is wrong with the machine's part is written down.
    fn watch(&self, stream: TcpStream) {
        let served = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.serve(stream)));
        if let Err(panic) = served {
            let complaint = panic.downcast_ref::<String>().cloned();
            let complaint = complaint.or(panic.downcast_ref::<&str>().map(ToString::to_string));
            self.memory().complaints.push(complaint.unwrap_or_default());
        }
    }

    fn serve(&self, mut stream: TcpStream) {
        stream.set_nodelay(true).unwrap();
        // Longer than any machine waits, and than a channel is kept.
        let limit = Some(Duration::from_secs(120));
        stream.set_read_timeout(limit).unwrap();
        stream.set_write_timeout(limit).unwrap();
        let mut seal = None;
        let mut earlier = Vec::new();
        while let Some(request) = next_pdu(&mut stream) {
            let mut memory = self.memory();
            let (mut draft, seed) = memory.answer(&request, &mut seal, &earlier);
            (self.lie)(&mut draft);
            memory.believe(&draft, seed);
            drop(memory);
            if matches!(draft.step, Step::SealedBind | Step::NamesBind)
                && let Some(seal) = &mut seal
            {
                seal.header_signing = draft.flags & HEADER_SIGN != 0;
            }
            if let Delivery::Connected(count) = draft.delivery {
                until(|| self.memory().connections >= count);
            }
            let hangs = usize::from(matches!(draft.delivery, Delivery::CutThenSilence(_)));
            self.memory().hanging += hangs;
            let taken = |length| self.memory().taken += length;
            let goes_on =
                delivery::deliver(&draft, seal.as_mut(), &mut stream, &mut earlier, taken);
            self.memory().hanging -= hangs;
            if draft.step == Step::Logon {
                self.memory().logons.extend(earlier.last().cloned());
            }
            if !goes_on {
                break;
            }
        }
    }
}

/// What was asked: the number of the call, and the stub in clear.
enum Asked<'a> {
    Bind(&'a [u8]),
    Call(u16, Vec<u8>),
    /// A call whose seal is not right.
    Unreadable,
}

impl Memory {
    /// The honest answer; and the seed of the next authenticator, if this one is heard.
    fn answer(
        &mut self,
        pdu: &[u8],
        seal: &mut Option<Seal>,
        earlier: &[Vec<u8>],
    ) -> (Draft, Credential) {
        let mut seed = None;
        let asked = match pdu[2] {
            0x0B => Asked::Bind(pdu),
            0x00 => match opened(pdu, seal.as_mut()) {
                Some(stub) => Asked::Call(u16_at(pdu, 22), stub),
                None => Asked::Unreadable,
            },
            ptype => panic!("a PDU of type {ptype}"),
        };
        let (step, body) = match &asked {
            Asked::Bind(pdu) => (self.bound(pdu, seal), bind_ack()),
            Asked::Call(4, stub) => (Step::Challenge, self.challenged(stub)),
            Asked::Call(26, stub) => (Step::Authenticate, self.authenticated(stub)),
            Asked::Call(21, stub) => {
                let (step, body, next) = self.capabilities(stub);
                seed = Some(next);
                (step, body)
            }
            Asked::Call(30, stub) => {
                let (body, next) = self.password_set(stub);
                seed = Some(next);
                (Step::Password, body)
            }
            Asked::Call(39, stub) => (Step::Logon, logon::answered(stub)),
            Asked::Call(40, _) => (Step::Domains, domains::listed(&domains::DOMAINS)),
            Asked::Call(76, stub) => (Step::Names, names::answered(stub)),
            Asked::Unreadable => (Step::Unreadable, Vec::new()),
            Asked::Call(opnum, _) => panic!("call {opnum}"),
        };
        self.turns[step as usize] += 1;
        let is_bind = matches!(asked, Asked::Bind(_));
        let auth_context = seal.as_ref().map_or(0, |seal| seal.context);
        let bind_auth = match step {
            Step::SealedBind | Step::NamesBind => [
                &[0x44, 6, 0, 0][..],
                &auth_context.to_le_bytes(),
                &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x6C, 0],
            ]
            .concat(),
            _ => Vec::new(),
        };
        let mut draft = Draft {
            step,
            turn: self.turns[step as usize],
            ptype: if is_bind { BIND_ACK } else { RESPONSE },
            flags: FIRST | LAST | if is_bind { pdu[3] & HEADER_SIGN } else { 0 },
            drep: [0x10, 0, 0, 0],
            call_id: u32_at(pdu, 12),
            context: 0,
            body,
            bind_auth,
            sealed: (!is_bind && seal.is_some()).then_some(Slip::NONE),
            swallowed: 0,
            garbage: None,
            change: |_| {},
            delivery: Delivery::Whole,
            client_challenge: self.client_challenge,
            asked: match asked {
                Asked::Call(_, stub) => stub,
                Asked::Bind(_) | Asked::Unreadable => Vec::new(),
            },
            earlier: earlier.to_vec(),
            earlier_logons: self.logons.clone(),
            auth_context,
        };
        if step == Step::Unreadable {
            draft.fault(SEC_PKG_ERROR);
        }
        (draft, seed.unwrap_or(self.seed))
    }

    /// Whatever it said, it stands by it.
    fn believe(&mut self, draft: &Draft, seed: Credential) {
        if draft.ptype == FAULT {
            return;
        }
        self.seed = seed;
        match draft.step {
            Step::Challenge if draft.body.len() >= 8 => {
                self.server_challenge = draft.body[..8].try_into().unwrap();
                self.session_key = seal::session_key(
                    &self.nt_hash,
                    &self.client_challenge,
                    &self.server_challenge,
                );
            }
            Step::Authenticate if draft.body.len() >= 12 => {
                self.negotiated = u32_at(&draft.body, 8)
            }
            Step::Password if draft.body.ends_with(&[0; 4]) => self.take_password(&draft.asked),
            _ => {}
        }
    }

    fn bound(&mut self, pdu: &[u8], seal: &mut Option<Seal>) -> Step {
        let is_lsa = pdu[32..52] == LSA;
        assert!(is_lsa || pdu[32..52] == NETLOGON, "the interface");
        if u16_at(pdu, 10) == 0 {
            assert!(!is_lsa, "in clear");
            return Step::Bind;
        }
        assert_eq!(&pdu[80..], b"\0\0\0\0\x03\0\0\0EXAMPLE\0WEB1-NTLM\0");
        self.keys.push(self.session_key);
        *seal = Some(Seal::new(self.session_key, u32_at(pdu, 76), true));
        match is_lsa {
            true => Step::NamesBind,
            false => Step::SealedBind,
        }
    }

    fn challenged(&mut self, stub: &[u8]) -> Vec<u8> {
        self.client_challenge = stub[stub.len() - 8..].try_into().unwrap();
        [&SERVER_CHALLENGE[..], &[0; 4]].concat()
    }

    fn authenticated(&mut self, stub: &[u8]) -> Vec<u8> {
        let (_, end) = stub.split_at(stub.len() - 12);
        self.seed = seal::credential(&self.session_key, self.client_challenge);
        if self.is_genuine && end[..8] != self.seed {
            return [&[0; 16][..], &ACCESS_DENIED.to_le_bytes()].concat();
        }
        self.requested = u32_at(end, 8);
        let credential = seal::credential(&self.session_key, self.server_challenge);
        let rid = 1104_u32.to_le_bytes();
        [&credential[..], &end[8..], &rid, &[0; 4]].concat()
    }
}

/// The body of a bind_ack (C706 12.6.4.4).
fn bind_ack() -> Vec<u8> {
    let mut body = [MAX_FRAGMENT, MAX_FRAGMENT].map(u16::to_le_bytes).concat();
    body.extend(b"\x34\x12\0\0\x04\x00135\0\0\0\x01\0\0\0\0\0\0\0");
    body.extend(NDR);
    body
}
