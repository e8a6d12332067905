//! An LDAP server for unit tests: it answers searches as it is told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bytes::BytesMut;
use ldap3_proto::LdapCodec;
use ldap3_proto::proto::{
    LdapOp, LdapPartialAttribute, LdapResult, LdapSearchRequest, LdapSearchResultEntry,
    LdapSearchResultReference,
};
use tokio_util::codec::Decoder;

use crate::directory::{Entry, ResultCode, message};

/// The server. It ends with the process.
pub(crate) struct Imitation {
    pub(crate) peer: SocketAddr,
    connections: Arc<AtomicUsize>,
    searches: Arc<AtomicUsize>,
}

/// Bytes for each search. Without any, the server closes the connection.
type Answer = dyn Fn(i32, &LdapSearchRequest) -> Vec<u8> + Send + Sync;

impl Imitation {
    pub(crate) fn answering(
        answer: impl Fn(i32, &LdapSearchRequest) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let imitation = Self {
            peer: listener.local_addr().unwrap(),
            connections: Arc::default(),
            searches: Arc::default(),
        };
        let (connections, searches) = (&imitation.connections, &imitation.searches);
        let (connections, searches) = (Arc::clone(connections), Arc::clone(searches));
        let answer: Arc<Answer> = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                connections.fetch_add(1, Ordering::SeqCst);
                let (answer, searches) = (Arc::clone(&answer), Arc::clone(&searches));
                thread::spawn(move || serve(stream, &*answer, &searches));
            }
        });
        imitation
    }

    /// One that has these entries, whatever is asked.
    pub(crate) fn having(entries: Vec<LdapSearchResultEntry>) -> Self {
        Self::answering(move |id, _| {
            let mut bytes: Vec<u8> = entries.iter().flat_map(|one| entry(id, one)).collect();
            bytes.extend(done(id, ResultCode::Success));
            bytes
        })
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn searches(&self) -> usize {
        self.searches.load(Ordering::SeqCst)
    }
}

fn serve(mut stream: TcpStream, answer: &Answer, searches: &AtomicUsize) {
    let mut came = BytesMut::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        came.extend_from_slice(&buffer[..count]);
        let decoded = LdapCodec::default().decode(&mut came);
        let Ok(Some(message)) = decoded else { continue };
        let LdapOp::SearchRequest(request) = &message.op else {
            return;
        };
        searches.fetch_add(1, Ordering::SeqCst);
        let bytes = answer(message.msgid, request);
        if bytes.is_empty() || stream.write_all(&bytes).is_err() {
            return;
        }
    }
}

/// An entry with these values.
pub(crate) fn made(dn: &str, attributes: &[(&str, &[u8])]) -> LdapSearchResultEntry {
    let mut all: Vec<LdapPartialAttribute> = Vec::new();
    for (name, value) in attributes {
        match all.iter_mut().find(|one| one.atype == *name) {
            Some(one) => one.vals.push(value.to_vec()),
            None => all.push(LdapPartialAttribute {
                atype: (*name).to_owned(),
                vals: vec![value.to_vec()],
            }),
        }
    }
    LdapSearchResultEntry {
        dn: dn.to_owned(),
        attributes: all,
    }
}

/// An entry with these values, as a client has it.
pub(crate) fn found(dn: &str, attributes: &[(&str, &[u8])]) -> Entry {
    Entry::new(made(dn, attributes))
}

pub(crate) fn entry(id: i32, entry: &LdapSearchResultEntry) -> Vec<u8> {
    encoded(id, LdapOp::SearchResultEntry(entry.clone()))
}

pub(crate) fn done(id: i32, code: ResultCode) -> Vec<u8> {
    let result = LdapResult {
        code,
        matcheddn: String::new(),
        message: String::new(),
        referral: Vec::new(),
    };
    encoded(id, LdapOp::SearchResultDone(result))
}

pub(crate) fn reference(id: i32) -> Vec<u8> {
    let uris = vec!["ldap://elsewhere.test/dc=example".to_owned()];
    let reference = LdapSearchResultReference { uris };
    encoded(id, LdapOp::SearchResultReference(reference))
}

fn encoded(id: i32, op: LdapOp) -> Vec<u8> {
    message::encode(id, op).unwrap().expose().to_vec()
}
