//! Servers of SMB2.

use gss_ntlmdc::base::fault::{Fault, Minor};
use gss_ntlmdc::protocol::rpc::NtStatus;
use gss_ntlmdc::relay::{Cause, Error, Policy, Reason};

use super::server::{Reply, Request, Server};
use super::{CHALLENGE, NEGOTIATE, Protocol, RIGHT, WRONG, relay_to};
use crate::trial::until;

const MORE: u32 = 0xC000_0016;
const SESSION: u64 = 0x1122_3344;

/// An honest reply, to be changed.
#[derive(Clone, Debug)]
pub struct Honest {
    pub status: u32,
    pub command: u16,
    pub flags: u32,
    pub message_id: u64,
    pub session_id: u64,
    pub body: Vec<u8>,
}

impl Honest {
    pub fn frame(&self) -> Vec<u8> {
        let mut message = b"\xFESMB\x40\0\x01\0".to_vec();
        message.extend(self.status.to_le_bytes());
        message.extend(self.command.to_le_bytes());
        message.extend(1_u16.to_le_bytes());
        message.extend(self.flags.to_le_bytes());
        message.extend(0_u32.to_le_bytes());
        message.extend(self.message_id.to_le_bytes());
        message.extend([0; 8]);
        message.extend(self.session_id.to_le_bytes());
        message.extend([0; 16]);
        message.extend(&self.body);
        let length = u32::try_from(message.len()).unwrap();
        [&length.to_be_bytes()[..], &message].concat()
    }
}

pub fn length(bytes: &[u8]) -> Option<usize> {
    let head: [u8; 4] = bytes.get(..4)?.try_into().unwrap();
    Some(4 + usize::try_from(u32::from_be_bytes(head)).unwrap())
}

fn field<const N: usize>(request: &Request, at: usize) -> [u8; N] {
    request.bytes[4 + at..4 + at + N].try_into().unwrap()
}

fn command(request: &Request) -> u16 {
    u16::from_le_bytes(field(request, 12))
}

/// What an honest server answers. `signing`: it requires signing.
pub fn honest(request: &Request, signing: bool) -> Honest {
    let set_up = |token: &[u8]| {
        let length = u16::try_from(token.len()).unwrap().to_le_bytes();
        [&[9, 0, 0, 0, 72, 0][..], &length, token].concat()
    };
    let token = request.bytes.get(4 + 88..).unwrap_or_default();
    let refused = vec![9, 0, 0, 0, 0, 0, 0, 0, 0];
    let command = command(request);
    let (status, body) = match command {
        0 => {
            // The best dialect that is offered.
            let best = match u16::from_le_bytes(field(request, 66)) {
                5 => [0x11, 3],
                _ => [2, 3],
            };
            let mode = [1 + 2 * u8::from(signing), 0];
            (0, [&[65, 0], &mode[..], &best, &[0; 58]].concat())
        }
        1 if token == NEGOTIATE => (MORE, set_up(CHALLENGE)),
        1 if token == RIGHT => (0, set_up(b"")),
        3 => (0, [&[16, 0, 1, 0][..], &[0; 12]].concat()),
        2 => (0, vec![4, 0, 0, 0]),
        _ => (NtStatus::LOGON_FAILURE.0, refused),
    };
    Honest {
        status,
        command,
        flags: 1,
        message_id: u64::from_le_bytes(field(request, 24)),
        session_id: if command == 0 { 0 } else { SESSION },
        body,
    }
}

/// A server that changes what an honest one would answer.
fn server(change: impl Fn(&Request, &mut Honest) + Send + Sync + 'static) -> Server {
    let answers = move |request: &Request| {
        let mut reply = honest(request, true);
        change(request, &mut reply);
        Reply::Bytes(reply.frame())
    };
    Server::start(length, Box::new(answers))
}

fn relay_of(server: &Server, lines: &str) -> super::Ready {
    relay_to(Protocol::Smb2, &[server.address], lines)
}

#[test]
fn a_login_takes_three_round_trips() {
    let server = server(|_, _| {});
    let ready = relay_of(&server, "");
    ready.accepts();
    // The verdict does not wait for the answer to LOGOFF.
    until(|| server.requests().len() == 4);
    let commands: Vec<u16> = server.requests().iter().map(command).collect();
    assert_eq!(commands, [0, 1, 1, 2]);
    assert_eq!(server.connections(), 1);
    // Byte by byte as the client sent them.
    assert!(server.requests()[1].bytes.ends_with(NEGOTIATE));
    assert!(server.requests()[2].bytes.ends_with(RIGHT));
    until(|| server.open() == 0);
}

#[test]
fn a_wrong_password_is_told() {
    let server = server(|_, _| {});
    let refusal = relay_of(&server, "").refuses(WRONG);
    assert!(matches!(
        refusal.reason,
        Reason::Status(NtStatus::LOGON_FAILURE)
    ));
    assert_eq!(refusal.minor(), Minor::BadUserOrPassword);
    let log = Fault::from(&refusal).for_the_log();
    assert!(log.contains("STATUS_LOGON_FAILURE"), "{log}");
    let locked = server_that_says(NtStatus::ACCOUNT_LOCKED_OUT);
    let refusal = relay_of(&locked, "").refuses(RIGHT);
    assert_eq!(refusal.minor(), Minor::AccountLockedOut);
    // A session without a logoff, and no error: the server is asked again.
    relay_of(&server, "").accepts();
}

/// A server that answers the client's last message so.
fn server_that_says(status: NtStatus) -> Server {
    server(move |request, reply| {
        if request.number == 2 {
            reply.status = status.0;
        }
    })
}

#[test]
fn guests_are_refused() {
    for (flags, minor) in [
        (1, Minor::GuestRefused),
        (2, Minor::AnonymousRefused),
        (3, Minor::AnonymousRefused),
    ] {
        let server = server(move |request, reply| {
            if request.number == 2 {
                reply.body[2] = flags;
            }
        });
        assert_eq!(relay_of(&server, "").refuses(RIGHT).minor(), minor);
    }
}

#[test]
fn a_policy_is_no_wrong_password() {
    for (status, policy, minor) in [
        (
            NtStatus::ACCESS_DENIED,
            Policy::SmbAccess,
            Minor::RelayRefused,
        ),
        (
            NtStatus::NTLM_BLOCKED,
            Policy::NtlmBlocked,
            Minor::NtlmBlocked,
        ),
    ] {
        let error = relay_of(&server_that_says(status), "").fails(minor);
        let Error::NoVerdict {
            cause: Cause::Policy(found),
            ..
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!(found, policy);
    }
}

/// Each lie in the answer to the client's last message, which alone lets it in.
#[test]
fn no_lie_is_a_login() {
    type Lie = fn(&mut Honest);
    let lies: [Lie; 10] = [
        |reply| reply.session_id += 1,
        |reply| reply.message_id -= 1,
        |reply| reply.command = 2,
        |reply| reply.flags = 0,
        |reply| reply.status = MORE,
        |reply| reply.body.truncate(7),
        |reply| reply.body[0] = 8,
        |reply| reply.body[6] = 200,
        |reply| (reply.status, reply.flags) = (0x103, 1),
        |reply| reply.body = vec![0; 70_000],
    ];
    for lie in lies {
        let server = server(move |request, reply| {
            if request.number == 2 {
                lie(reply);
            }
        });
        let error = relay_of(&server, "")
            .login(RIGHT)
            .map(|verdict| panic!("{verdict:?}"));
        assert!(matches!(error, Err(Error::NoVerdict { .. })), "{error:?}");
    }
}

#[test]
fn a_login_before_its_challenge_is_none() {
    for status in [0, NtStatus::LOGON_FAILURE.0, 0x103] {
        let server = server(move |request, reply| {
            if request.number == 1 {
                reply.status = status;
            }
        });
        let begun = relay_of(&server, "").relay.begin(NEGOTIATE);
        assert!(matches!(begun, Err(Error::AllFailed(_))), "{begun:?}");
    }
}

#[test]
fn interim_replies_are_waited_out() {
    let answers = |request: &Request| {
        let last = honest(request, false);
        let interim = Honest {
            status: 0x103,
            flags: 3,
            body: vec![9, 0, 0, 0, 0, 0, 0, 0, 0x21],
            ..last.clone()
        };
        Reply::Bytes([interim.frame(), interim.frame(), last.frame()].concat())
    };
    let server = Server::start(length, Box::new(answers));
    relay_of(&server, "").accepts();
}

const SHARE: &str = r"share = '\\files\web'";

fn server_with_a_share(status: u32, session_flags: u8) -> Server {
    let answers = move |request: &Request| {
        let mut reply = honest(request, false);
        match command(request) {
            3 => reply.status = status,
            1 if request.number == 2 => reply.body[2] = session_flags,
            _ => {}
        }
        Reply::Bytes(reply.frame())
    };
    Server::start(length, Box::new(answers))
}

#[test]
fn a_share_is_for_those_who_may_connect_to_it() {
    let open = server_with_a_share(0, 0);
    relay_of(&open, SHARE).accepts();
    let request = open.requests()[3].clone();
    assert_eq!(command(&request), 3);
    let path: Vec<u8> = r"\\files\web"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert!(request.bytes.ends_with(&path));
    let denied = server_with_a_share(NtStatus::ACCESS_DENIED.0, 0);
    let refusal = relay_of(&denied, SHARE).refuses(RIGHT);
    assert_eq!(refusal.minor(), Minor::ShareRefused);
    assert!(refusal.to_string().contains(r"\\files\web"), "{refusal}");
    let missing = server_with_a_share(NtStatus::BAD_NETWORK_NAME.0, 0);
    let error = relay_of(&missing, SHARE).fails(Minor::RelayRefused);
    assert!(error.to_string().contains("BAD_NETWORK_NAME"), "{error}");
}

#[test]
fn a_share_cannot_be_had_where_sessions_are_signed_or_encrypted() {
    let signing = server(|_, _| {});
    let error = relay_of(&signing, SHARE).fails(Minor::RelayRefused);
    assert!(error.to_string().contains("requires signing"), "{error}");
    assert_eq!(
        signing.requests().len(),
        1,
        "the client's messages are not sent"
    );
    let encrypting = server_with_a_share(0, 4);
    let error = relay_of(&encrypting, SHARE).fails(Minor::RelayRefused);
    assert!(error.to_string().contains("encrypts"), "{error}");
    // Without a share neither matters.
    relay_of(&encrypting, "").accepts();
}

#[test]
fn a_local_address_can_be_chosen() {
    let server = server(|_, _| {});
    relay_of(&server, "source = \"127.0.0.9\"").accepts();
    assert_eq!(server.peer().to_string(), "127.0.0.9");
}
