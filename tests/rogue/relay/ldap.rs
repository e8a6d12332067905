//! Servers of LDAP, without TLS.

use gss_ntlmdc::base::fault::Minor;
use gss_ntlmdc::protocol::rpc::NtStatus;
use gss_ntlmdc::relay::{Cause, Error, Policy, Reason};

use super::server::{Reply, Request, Server};
use super::{CHALLENGE, NEGOTIATE, Protocol, RIGHT, WRONG, relay_to};
use crate::trial::until;

/// As Active Directory writes them: the length of what contains elements in four bytes.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    let contains_elements = tag & 0x20 != 0;
    match u8::try_from(content.len()) {
        Ok(length @ 0..=0x7F) if !contains_elements => [&[tag, length], content].concat(),
        _ => [&[tag, 0x84][..], &length, content].concat(),
    }
}

/// `BindResponse` (RFC 4511 4.2.2).
fn bind_response(id: u8, code: u8, message: &str, token: Option<&[u8]>) -> Vec<u8> {
    let token = token.map(|token| element(0x87, token)).unwrap_or_default();
    let content = [
        element(0x0A, &[code]),
        element(0x04, b""),
        element(0x04, message.as_bytes()),
        token,
    ];
    let response = element(0x61, &content.concat());
    element(0x30, &[element(0x02, &[id]), response].concat())
}

pub fn length(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [0x30, short @ 0..=0x7F, ..] => Some(2 + usize::from(*short)),
        [0x30, 0x81, length, ..] => Some(3 + usize::from(*length)),
        [0x30, 0x82, high, low, ..] => Some(4 + usize::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}

const BAD_PASSWORD: &str =
    "8009030C: LdapErr: DSID-0C0906B5, comment: AcceptSecurityContext error, data 52e, v4563";

/// What an honest server answers.
pub fn honest(request: &Request) -> Vec<u8> {
    let id = u8::try_from(request.number + 1).unwrap();
    match &request.bytes {
        bytes if bytes.ends_with(NEGOTIATE) => bind_response(id, 14, "", Some(CHALLENGE)),
        bytes if bytes.ends_with(RIGHT) => bind_response(id, 0, "", None),
        _ => bind_response(id, 49, BAD_PASSWORD, None),
    }
}

/// A server that answers the client's last message so.
fn server_that_says(code: u8, message: &'static str) -> Server {
    let answers = move |request: &Request| match request.number {
        1 => Reply::Bytes(bind_response(2, code, message, None)),
        _ => Reply::Bytes(honest(request)),
    };
    Server::start(length, Box::new(answers))
}

fn relay_of(server: &Server) -> super::Ready {
    relay_to(Protocol::Ldap, &[server.address], "")
}

#[test]
fn a_login_takes_two_round_trips() {
    let server = Server::start(length, Box::new(|request| Reply::Bytes(honest(request))));
    let ready = relay_of(&server);
    ready.accepts();
    until(|| server.open() == 0);
    assert_eq!((server.connections(), server.requests().len()), (1, 2));
    let refusal = ready.refuses(WRONG);
    assert!(matches!(
        refusal.reason,
        Reason::Status(NtStatus::LOGON_FAILURE)
    ));
    assert_eq!(refusal.minor(), Minor::BadUserOrPassword);
}

#[test]
fn the_reason_of_a_refusal_is_told() {
    for (code, minor) in [
        ("525", Minor::BadUserOrPassword),
        ("530", Minor::InvalidLogonHours),
        ("531", Minor::InvalidWorkstation),
        ("532", Minor::PasswordExpired),
        ("533", Minor::AccountDisabled),
        ("701", Minor::AccountExpired),
        ("773", Minor::PasswordMustChange),
        ("775", Minor::AccountLockedOut),
        ("7777", Minor::LogonDenied),
    ] {
        let message = BAD_PASSWORD.replace("52e", code).leak();
        let refusal = relay_of(&server_that_says(49, message)).refuses(RIGHT);
        assert_eq!(refusal.minor(), minor, "{code}");
    }
    let refusal = relay_of(&server_that_says(49, "Invalid credentials")).refuses(RIGHT);
    assert_eq!(refusal.minor(), Minor::BadUserOrPassword);
    assert!(
        refusal.to_string().contains("Invalid credentials"),
        "{refusal}"
    );
}

/// What each policy makes Windows and Samba answer.
#[test]
fn a_policy_is_no_wrong_password() {
    for (code, message, policy) in [
        (
            8,
            "00002028: LdapErr: DSID-0C090254, comment: The server requires binds to turn on \
             integrity checking if SSL\\TLS are not already active on the connection, data 0, \
             v4563",
            Policy::LdapSigning,
        ),
        (
            8,
            "SASL:[GSS-SPNEGO]: Sign or Seal are required.",
            Policy::LdapSigning,
        ),
        (
            49,
            "80090346: LdapErr: DSID-0C090597, comment: AcceptSecurityContext error, data \
             80090346, v4563",
            Policy::LdapChannelBinding,
        ),
        (
            49,
            "80090346: LdapErr: DSID-0C090711, comment: AcceptSecurityContext error, data 35b, \
             v1db1",
            Policy::LdapChannelBinding,
        ),
        (13, "TLS needed", Policy::LdapConfidentiality),
        (7, "no such mechanism", Policy::LdapWithoutNtlm),
    ] {
        let error = relay_of(&server_that_says(code, message)).fails(Minor::RelayRefused);
        let Error::NoVerdict {
            cause: Cause::Policy(found),
            ..
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!(found, policy, "{message}");
    }
    let blocked =
        "8009030C: LdapErr: DSID-0C090597, comment: AcceptSecurityContext error, data 791";
    relay_of(&server_that_says(49, blocked)).fails(Minor::NtlmBlocked);
    let busy = relay_of(&server_that_says(51, "busy")).fails(Minor::ControllerNotReady);
    assert!(busy.may_have_counted());
}

#[test]
fn no_lie_is_a_login() {
    let lies: [fn() -> Vec<u8>; 8] = [
        || bind_response(1, 0, "", None),
        || bind_response(3, 0, "", None),
        || bind_response(2, 14, "", Some(CHALLENGE)),
        || bind_response(2, 10, "", None),
        || {
            element(
                0x30,
                &[
                    element(0x02, &[2]),
                    element(0x65, b"\x0A\x01\0\x04\0\x04\0"),
                ]
                .concat(),
            )
        },
        || b"HTTP/1.1 200 OK\r\n\r\n".to_vec(),
        || vec![0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
        || element(0x30, b"\x02\x01\x02\x61"),
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        let answers = move |request: &Request| match request.number {
            1 => Reply::Bytes(lie()),
            _ => Reply::Bytes(honest(request)),
        };
        let server = Server::start(length, Box::new(answers));
        let error = relay_of(&server).login(RIGHT);
        assert!(
            matches!(error, Err(Error::NoVerdict { .. })),
            "{number}: {error:?}"
        );
    }
}

#[test]
fn a_login_without_a_challenge_is_none() {
    let first: [fn() -> Vec<u8>; 4] = [
        || bind_response(1, 0, "", None),
        || bind_response(1, 0, "", Some(CHALLENGE)),
        || bind_response(1, 14, "", None),
        || bind_response(1, 14, "", Some(NEGOTIATE)),
    ];
    for (number, first) in first.into_iter().enumerate() {
        let answers = move |_: &Request| Reply::Bytes(first());
        let server = Server::start(length, Box::new(answers));
        let begun = relay_of(&server).relay.begin(NEGOTIATE);
        assert!(
            matches!(begun, Err(Error::AllFailed(_))),
            "{number}: {begun:?}"
        );
    }
}
