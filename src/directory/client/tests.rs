//! Servers that refuse, refer, lie or keep silent.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ldap3_proto::proto::{LdapBindResponse, LdapExtendedResponse, LdapSearchResultReference};

use super::*;
use crate::base::crypto::nt_hash;
use crate::base::net;
use crate::directory::message::encode;
use crate::directory::security_context::imitation::Turning;

const PATIENCE: Duration = Duration::from_secs(5);

/// A server that gives each of these answers to one message, and then keeps the connection open.
/// Returns what it was sent.
fn client_of(answers: Vec<Vec<u8>>) -> (Client, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut received = Vec::new();
        for answer in answers {
            let mut buffer = [0; 4096];
            let came = stream.read(&mut buffer).unwrap();
            received.extend_from_slice(&buffer[..came]);
            stream.write_all(&answer).unwrap();
        }
        // Until the client is dropped.
        let _end = stream.read(&mut [0; 16]);
        received
    });
    let transport = Transport::connect(None, peer, Deadline::after(PATIENCE)).unwrap();
    (Client::over(transport, "dc1.example.test"), server)
}

fn message(id: i32, op: LdapOp) -> Vec<u8> {
    encode(id, op).unwrap().expose().to_vec()
}

fn result(code: LdapResultCode) -> LdapResult {
    LdapResult {
        code,
        matcheddn: String::new(),
        message: "0000202B: RefErr".to_owned(),
        referral: Vec::new(),
    }
}

fn extended(code: LdapResultCode) -> LdapOp {
    LdapOp::ExtendedResponse(LdapExtendedResponse {
        res: result(code),
        name: None,
        value: None,
    })
}

/// The error of a deletion that is answered so.
fn refused(answer: Vec<u8>) -> Error {
    let (mut client, _server) = client_of(vec![answer]);
    let deadline = Deadline::after(PATIENCE);
    client.delete("CN=X", deadline).unwrap_err()
}

#[test]
fn refusals_and_referrals_are_told_apart() {
    let done = |code| message(1, LdapOp::DelResponse(result(code)));
    let error = refused(done(LdapResultCode::InsufficentAccessRights));
    assert_eq!(error.refusal().unwrap().windows_error(), Some(0x202B));
    let error = refused(done(LdapResultCode::Referral));
    assert!(
        matches!(error, Error::Referred(Operation::Delete)),
        "{error}"
    );
    let notice = message(0, extended(LdapResultCode::Unavailable));
    assert!(matches!(refused(notice), Error::Disconnected(_)));
}

#[test]
fn answers_to_other_questions_are_refused() {
    let success = || result(LdapResultCode::Success);
    let other_id = message(2, LdapOp::DelResponse(success()));
    let other_kind = message(1, LdapOp::AddResponse(success()));
    for answer in [other_id, other_kind, b"HTTP/1.1 200 OK".to_vec()] {
        assert!(matches!(refused(answer), Error::Invalid(_)));
    }
}

#[test]
fn a_server_that_keeps_silent_costs_the_deadline_only() {
    let (mut client, _server) = client_of(vec![Vec::new()]);
    let began = Instant::now();
    let deadline = Deadline::after(Duration::from_millis(200));
    let error = client.delete("CN=X", deadline).unwrap_err();
    assert!(matches!(error, Error::Net(net::Error::Timeout)), "{error}");
    assert!(began.elapsed() < PATIENCE);
}

#[test]
fn bytes_before_tls_are_refused() {
    let mut answer = message(1, extended(LdapResultCode::Success));
    answer.extend(message(
        2,
        LdapOp::DelResponse(result(LdapResultCode::Success)),
    ));
    let (mut client, _server) = client_of(vec![answer]);
    let error = client.ask_for_tls(Deadline::after(PATIENCE)).unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error}");
}

#[test]
fn a_password_is_sent_only_within_tls() {
    let (mut client, server) = client_of(Vec::new());
    let deadline = Deadline::after(PATIENCE);
    let bound = client.bind_with_password("alice", "hunter2", deadline);
    assert!(matches!(bound, Err(Error::PasswordNotSent)));
    client.has_tls = true;
    let bound = client.bind_with_password("alice", "", deadline);
    assert!(matches!(bound, Err(Error::PasswordNotSent)));
    drop(client);
    assert!(server.join().unwrap().is_empty());
}

#[test]
fn a_ticket_is_not_used_within_tls() {
    let (mut client, server) = client_of(Vec::new());
    client.has_tls = true;
    let deadline = Deadline::after(PATIENCE);
    let bound = client.bind_with_context(Box::new(Turning(2)), deadline);
    assert!(matches!(bound, Err(Error::TicketWithinTls)), "{bound:?}");
    drop(client);
    assert!(server.join().unwrap().is_empty());
}

fn bound(id: i32, code: LdapResultCode, token: Option<&[u8]>) -> Vec<u8> {
    let response = LdapBindResponse {
        res: result(code),
        saslcreds: token.map(<[u8]>::to_vec),
    };
    message(id, LdapOp::BindResponse(response))
}

/// A token of a login that goes on.
fn more(id: i32, token: &[u8]) -> Vec<u8> {
    bound(id, LdapResultCode::SaslBindInProgress, Some(token))
}

#[test]
fn a_login_without_a_challenge_is_none() {
    let (mut client, _server) = client_of(vec![bound(1, LdapResultCode::Success, None)]);
    let account = Account {
        name: "alice",
        domain: "EXAMPLE",
        nt_hash: &nt_hash("hunter2"),
        workstation: "WEB1",
    };
    let bound = client.bind(&account, Deadline::after(PATIENCE));
    assert!(matches!(bound, Err(Error::Invalid(_))));
}

/// The offer of a limit of 1000 bytes and of these security layers, signed by [`Turning`].
fn offer(layers: u8) -> Vec<u8> {
    vec![0, !layers, !0, !3, !0xE8]
}

#[test]
fn a_login_with_a_ticket_seals_what_follows() {
    let deleted = message(4, LdapOp::DelResponse(result(LdapResultCode::Success)));
    let length = u32::try_from(deleted.len() + 1).unwrap();
    let turned: Vec<u8> = deleted.iter().map(|byte| !byte).collect();
    let (mut client, server) = client_of(vec![
        more(1, b"proof"),
        more(2, &offer(7)),
        bound(3, LdapResultCode::Success, None),
        [&length.to_be_bytes(), &[1][..], &turned].concat(),
    ]);
    let deadline = Deadline::after(PATIENCE);
    client
        .bind_with_context(Box::new(Turning(2)), deadline)
        .unwrap();
    client.delete("CN=visible", deadline).unwrap();
    let long = client.delete(&"x".repeat(1000), deadline);
    assert!(matches!(long, Err(Error::TooLong)));
    drop(client);
    let sent = server.join().unwrap();
    let has = |text: &[u8]| sent.windows(text.len()).any(|window| window == text);
    assert!(has(b"GSSAPI") && has(b"token"));
    // The answer: sealed, up to 1 MiB.
    assert!(has(&[0, !4, !0x10, !0, !0]));
    assert!(!has(b"visible"));
}

#[test]
fn a_login_with_a_ticket_needs_proof_and_seals() {
    let tried = |answers: Vec<Vec<u8>>| {
        let (mut client, _server) = client_of(answers);
        let deadline = Deadline::after(PATIENCE);
        client.bind_with_context(Box::new(Turning(2)), deadline)
    };
    // No proof, though it says that all is well.
    let error = tried(vec![bound(1, LdapResultCode::Success, None)]);
    assert!(matches!(error, Err(Error::Invalid(_))), "{error:?}");
    let error = tried(vec![bound(1, LdapResultCode::Success, Some(b"proof"))]);
    assert!(matches!(error, Err(Error::Invalid(_))), "{error:?}");
    let error = tried(vec![more(1, b"false")]);
    assert!(matches!(error, Err(Error::Kerberos(_))), "{error:?}");
    let error = tried(vec![bound(1, LdapResultCode::InvalidCredentials, None)]);
    assert!(error.unwrap_err().is_refused());
    let proof = || more(1, b"proof");
    // Signatures only; and an offer that is none.
    let error = tried(vec![proof(), more(2, &offer(3))]);
    assert!(matches!(error, Err(Error::NotSealed)), "{error:?}");
    let error = tried(vec![proof(), more(2, b"\0offer")]);
    assert!(matches!(error, Err(Error::Invalid(_))), "{error:?}");
}

#[test]
fn a_login_has_an_end() {
    let answers = (1..10).map(|id| more(id, b"more")).collect();
    let (mut client, _server) = client_of(answers);
    let deadline = Deadline::after(PATIENCE);
    let error = client.bind_with_context(Box::new(Turning(100)), deadline);
    assert!(matches!(error, Err(Error::Invalid(_))), "{error:?}");
}

#[test]
fn an_answer_without_end_is_refused() {
    let reference = message(
        1,
        LdapOp::SearchResultReference(LdapSearchResultReference {
            uris: vec!["ldap://x/".repeat(60_000)],
        }),
    );
    let (mut client, server) = client_of(vec![reference.repeat(20)]);
    let found = client.root(&["x"], Deadline::after(PATIENCE));
    assert!(
        matches!(found, Err(Error::TooBig(problem)) if problem.contains("8 MiB")),
        "{found:?}"
    );
    drop(client);
    let _sent = server.join();
}
