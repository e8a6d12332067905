//! What stands beside NETLOGON on a controller: the endpoint mapper, CLDAP, other RPC servers, dead
//! ports.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;

use gss_ntlmdc::base::wire::Writer;

use crate::draft::{BIND_ACK, FAULT, RESPONSE};
use crate::wire::{NDR, next_pdu, u32_at};

/// What is in every reserved byte and in all padding.
const GARBAGE: u8 = 0xA5;

/// The endpoint mapper, on port 135.
pub struct Mapper(Arc<Mutex<Mapping>>);

#[derive(Default)]
struct Mapping {
    ports: Vec<u16>,
    fault: Option<u32>,
    asked: usize,
}

impl Mapper {
    pub fn start() -> Self {
        let mapping = Arc::new(Mutex::new(Mapping::default()));
        let serving = Arc::clone(&mapping);
        let listener = TcpListener::bind("127.0.0.1:135").unwrap();
        serve(listener, move |request| {
            let call_id = u32_at(request, 12);
            if request[2] == 0x0B {
                return pdu(BIND_ACK, call_id, &bind_ack(0, 0));
            }
            let mut mapping = serving.lock().unwrap();
            mapping.asked += 1;
            match mapping.fault {
                Some(fault) => {
                    let body = [[GARBAGE; 4], [0, 0, GARBAGE, GARBAGE], fault.to_le_bytes()];
                    pdu(FAULT, call_id, &[body.concat(), vec![GARBAGE; 4]].concat())
                }
                None => pdu(RESPONSE, call_id, &towers(&mapping.ports)),
            }
        });
        Self(mapping)
    }

    /// It lists these ports from now on, for each interface.
    pub fn lists(&self, ports: &[u16]) {
        self.0.lock().unwrap().ports = ports.to_vec();
    }

    /// It answers with this fault from now on.
    pub fn faults(&self, status: u32) {
        self.0.lock().unwrap().fault = Some(status);
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.0.lock().unwrap().asked
    }
}

/// An RPC server that does not have the interface.
pub fn stranger() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // provider_rejection, abstract_syntax_not_supported (C706 12.6.3.1).
    serve(listener, |request| {
        pdu(BIND_ACK, u32_at(request, 12), &bind_ack(2, 1))
    });
    port
}

/// A port that nothing listens on.
pub fn refused() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A port that takes no connection and says nothing, as behind a firewall: its queue is full.
pub fn silent() -> (u16, Vec<TcpStream>) {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let domain = socket2::Domain::IPV4;
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None).unwrap();
    socket.bind(&any.into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let filling = TcpStream::connect(address).unwrap();
    let listener = TcpListener::from(socket);
    thread::spawn(move || {
        thread::park();
        drop(listener);
    });
    (address.port(), vec![filling])
}

/// Says over CLDAP that the controller is this host, and that the domain is called so.
pub fn identify_as(host: &str, netbios_domain: &str) {
    let socket = UdpSocket::bind("127.0.0.1:389").unwrap();
    let names = [
        "example.test",
        "example.test",
        host,
        netbios_domain,
        "DC1",
        "",
        "Site",
        "Site",
    ];
    let mut blob = Writer::new();
    // LOGON_SAM_LOGON_RESPONSE_EX of a writable directory server; the domain's GUID.
    blob.u16(23).zeros(2).u32(0x1F3FD).bytes(&[7; 16]);
    for name in names {
        for label in name.split('.').filter(|label| !label.is_empty()) {
            blob.u8(label.len().try_into().unwrap())
                .bytes(label.as_bytes());
        }
        blob.u8(0);
    }
    blob.u32(5).u32(0xFFFF_FFFF);
    let blob = blob.into_bytes();
    thread::spawn(move || {
        let mut request = [0; 512];
        while let Ok((length, peer)) = socket.recv_from(&mut request) {
            // LDAPMessage: its tag and length, then the messageID.
            let id_at = if request[1] == 0x82 { 4 } else { 2 };
            let id = &request[id_at..length][..2 + usize::from(request[id_at + 1])];
            let values = element(0x31, &element(0x04, &blob));
            let attribute = element(0x30, &[element(0x04, b"netlogon"), values].concat());
            let entry = [element(0x04, b""), element(0x30, &attribute)].concat();
            let message = element(0x30, &[id, &element(0x64, &entry)].concat());
            socket.send_to(&message, peer).unwrap();
        }
    });
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82], &length[..], content].concat()
}

fn serve(listener: TcpListener, answer: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) {
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), Arc::clone(&answer));
            thread::spawn(move || {
                while let Some(request) = next_pdu(&mut stream) {
                    if stream.write_all(&answer(&request)).is_err() {
                        break;
                    }
                }
            });
        }
    });
}

fn pdu(ptype: u8, call_id: u32, body: &[u8]) -> Vec<u8> {
    let mut pdu = Writer::new();
    pdu.u8(5)
        .u8(0)
        .u8(ptype)
        .u8(3)
        .bytes(&[0x10, 0, GARBAGE, GARBAGE]);
    pdu.u16((16 + body.len()).try_into().unwrap())
        .u16(0)
        .u32(call_id);
    pdu.bytes(body);
    pdu.into_bytes()
}

fn bind_ack(result: u16, reason: u16) -> Vec<u8> {
    let mut body = Writer::new();
    body.u16(5840).u16(5840).u32(0x1234);
    body.u16(4).bytes(b"135\0").bytes(&[GARBAGE; 2]);
    body.bytes(&[1, GARBAGE, GARBAGE, GARBAGE])
        .u16(result)
        .u16(reason);
    body.bytes(&if result == 0 { NDR } else { [GARBAGE; 20] });
    body.into_bytes()
}

/// The head and stub of an answer of `ept_map`.
fn towers(ports: &[u16]) -> Vec<u8> {
    let mut body = Writer::new();
    body.bytes(&[GARBAGE; 4]).u16(0).bytes(&[GARBAGE; 2]);
    body.bytes(&[GARBAGE; 20]);
    let count = u32::try_from(ports.len()).unwrap();
    body.u32(count).u32(16).u32(0).u32(count);
    for _ in ports {
        body.bytes(&[GARBAGE; 4]);
    }
    for port in ports {
        let mut tower = Writer::new();
        tower.u16(5);
        for _ in 0..2 {
            // Of an interface and of an encoding, whichever.
            tower.u16(19).u8(0x0D).bytes(&[GARBAGE; 18]).u16(2).u16(0);
        }
        tower.u16(1).u8(0x0B).u16(2).u16(0);
        tower.u16(1).u8(0x07).u16(2).bytes(&port.to_be_bytes());
        tower.u16(1).u8(0x09).u16(4).bytes(&[192, 168, 122, 17]);
        let tower = tower.into_bytes();
        let length = u32::try_from(tower.len()).unwrap();
        body.u32(length).u32(length).bytes(&tower);
        // One byte of padding, but for the last.
        body.u8(GARBAGE);
    }
    body.u32(0);
    body.into_bytes()
}
