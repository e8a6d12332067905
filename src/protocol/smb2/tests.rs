//! Replies that are right, wrong, cut and damaged.

mod damage;
mod requests;

use hex_literal::hex;

use super::*;
use crate::protocol::rpc::NtStatus;

const FRESH: Smb2Random = Smb2Random {
    client: [0xC1; 16],
    salt: [0x5A; 32],
};
const SESSION: u64 = 0x0000_4000_0000_0011;
const CHALLENGE: &[u8] = b"NTLMSSP\0\x02\0\0\0 and so on";

/// A reply as a server of this module's tests makes it.
#[derive(Clone)]
struct Reply {
    status: u32,
    command: u16,
    flags: u32,
    next: u32,
    message_id: u64,
    session_id: u64,
    body: Vec<u8>,
}

impl Reply {
    fn to(command: u16, message_id: u64) -> Self {
        Self {
            status: 0,
            command,
            flags: 1,
            next: 0,
            message_id,
            session_id: SESSION,
            body: Vec::new(),
        }
    }

    fn frame(&self) -> Vec<u8> {
        let mut message = hex!("FE534D42 4000 0100").to_vec();
        message.extend(self.status.to_le_bytes());
        message.extend(self.command.to_le_bytes());
        message.extend(33_u16.to_le_bytes());
        message.extend(self.flags.to_le_bytes());
        message.extend(self.next.to_le_bytes());
        message.extend(self.message_id.to_le_bytes());
        message.extend([0; 8]);
        message.extend(self.session_id.to_le_bytes());
        message.extend([0xEE; 16]);
        message.extend(&self.body);
        framed(&message)
    }
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&length.to_be_bytes()[..], message].concat()
}

fn negotiated(revision: u16, security_mode: u16) -> Reply {
    let mut body = 65_u16.to_le_bytes().to_vec();
    body.extend(security_mode.to_le_bytes());
    body.extend(revision.to_le_bytes());
    body.extend([0xAB; 58]);
    Reply {
        session_id: 0,
        body,
        ..Reply::to(0, 0)
    }
}

fn set_up(message_id: u64, flags: u16, token: &[u8]) -> Reply {
    let mut body = 9_u16.to_le_bytes().to_vec();
    body.extend(flags.to_le_bytes());
    body.extend(72_u16.to_le_bytes());
    body.extend(u16::try_from(token.len()).unwrap().to_le_bytes());
    body.extend(token);
    Reply {
        body,
        ..Reply::to(1, message_id)
    }
}

fn challenge() -> Reply {
    Reply {
        status: 0xC000_0016,
        ..set_up(1, 0, CHALLENGE)
    }
}

/// A server's refusal (MS-SMB2 2.2.2).
fn refusal(command: u16, message_id: u64, status: u32) -> Reply {
    Reply {
        status,
        body: hex!("0900 00 00 00000000 00").to_vec(),
        ..Reply::to(command, message_id)
    }
}

fn connected() -> Reply {
    Reply {
        body: hex!("1000 01 00 00000000 00000000 FF011F00").to_vec(),
        ..Reply::to(3, 3)
    }
}

fn negotiating() -> Negotiating {
    Negotiating::begin(Dialect::ALL, &FRESH).unwrap().1
}

fn challenging() -> FirstSetup {
    let negotiated = negotiating().answered(&negotiated(0x0311, 1).frame());
    negotiated.unwrap().unwrap().log_in(b"1").unwrap().1
}

fn challenged() -> HalfSetUp {
    let challenged = challenging().answered(&challenge().frame());
    challenged.unwrap().unwrap()
}

fn authenticating() -> LastSetup {
    challenged().authenticate(b"3").unwrap().1
}

fn session() -> Session {
    match authenticating().answered(&set_up(2, 0, b"").frame()) {
        Ok(Some(SetupOutcome::LoggedIn(session))) => session,
        other => panic!("{other:?}"),
    }
}

fn connecting() -> ConnectingTree {
    session().connect_tree(r"\\a\b").unwrap().1
}

#[test]
fn a_dialect_that_was_not_offered_is_refused() {
    for revision in [0, 0x02FF, 0x0310, 0x0312] {
        let answer = negotiating().answered(&negotiated(revision, 1).frame());
        assert!(
            matches!(answer, Err(Smb2Error::Malformed(_))),
            "{revision:#X}"
        );
    }
    let (_, old) = Negotiating::begin(Dialect::UNSIGNED, &FRESH).unwrap();
    assert!(old.answered(&negotiated(0x0311, 1).frame()).is_err());
    assert!(old.answered(&negotiated(0x0302, 1).frame()).is_ok());
}

#[test]
fn guests_and_sessions_without_a_user_are_told_apart() {
    let outcome = |flags| {
        let answer = authenticating().answered(&set_up(2, flags, b"\xA1\x07").frame());
        answer.unwrap().unwrap()
    };
    assert!(matches!(outcome(1), SetupOutcome::Guest));
    assert!(matches!(outcome(2), SetupOutcome::Anonymous));
    assert!(matches!(outcome(3), SetupOutcome::Anonymous));
    for (flags, encrypted) in [(0, false), (4, true)] {
        match outcome(flags) {
            SetupOutcome::LoggedIn(session) => assert_eq!(session.is_encrypted, encrypted),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn only_success_is_a_login() {
    for status in [0xC000_006D, 0xC000_0022, 0x8000_0005, 0x0000_0105, 1] {
        let answer = authenticating().answered(&refusal(1, 2, status).frame());
        let refused =
            matches!(&answer, Ok(Some(SetupOutcome::Refused(NtStatus(code)))) if *code == status);
        assert!(refused, "{answer:?}");
        // A status that refuses is not outvoted by what follows it.
        let answer = authenticating().answered(
            &Reply {
                status,
                ..set_up(2, 0, b"")
            }
            .frame(),
        );
        assert!(matches!(answer, Ok(Some(SetupOutcome::Refused(_)))));
    }
    let second = Reply {
        message_id: 2,
        ..challenge()
    };
    assert!(authenticating().answered(&second.frame()).is_err());
    // Without a challenge there is no login, whatever the server says.
    let early = challenging().answered(&set_up(1, 0, b"").frame());
    assert!(matches!(early, Err(Smb2Error::Malformed(_))), "{early:?}");
    let refused = challenging().answered(&refusal(1, 1, 0xC000_00D0).frame());
    let expected = Smb2Error::Refused {
        step: "SESSION_SETUP",
        status: NtStatus(0xC000_00D0),
    };
    assert_eq!(refused, Err(expected));
}

#[test]
fn an_interim_reply_is_followed_by_another() {
    let interim = Reply {
        flags: 3,
        ..refusal(1, 2, 0x103)
    };
    let authenticating = authenticating();
    assert!(matches!(
        authenticating.answered(&interim.frame()),
        Ok(None)
    ));
    // Its SessionId and AsyncId do not matter.
    let of_none = Reply {
        session_id: 0,
        ..interim.clone()
    };
    assert!(matches!(
        authenticating.answered(&of_none.frame()),
        Ok(None)
    ));
    let synchronous = Reply {
        flags: 1,
        ..interim
    };
    assert!(authenticating.answered(&synchronous.frame()).is_err());
    let last = authenticating.answered(&set_up(2, 0, b"").frame());
    assert!(matches!(last, Ok(Some(SetupOutcome::LoggedIn(_)))));
}

#[test]
fn a_reply_must_fit_its_request() {
    let right = set_up(2, 0, b"");
    let accepts = |reply: &Reply| authenticating().answered(&reply.frame()).is_ok();
    assert!(accepts(&right));
    // Bits that are not used here.
    assert!(accepts(&Reply {
        flags: 0x1000_0039,
        ..right.clone()
    }));
    for wrong in [
        Reply {
            command: 0,
            ..right.clone()
        },
        Reply {
            flags: 0,
            ..right.clone()
        },
        Reply {
            next: 72,
            ..right.clone()
        },
        Reply {
            message_id: 1,
            ..right.clone()
        },
        Reply {
            message_id: u64::MAX,
            ..right.clone()
        },
        Reply {
            session_id: 0,
            ..right.clone()
        },
        Reply {
            session_id: SESSION + 1,
            ..right.clone()
        },
    ] {
        assert!(!accepts(&wrong), "{:02X?}", wrong.frame());
    }
    let no_session = Reply {
        session_id: 0,
        ..challenge()
    };
    assert!(challenging().answered(&no_session.frame()).is_err());
}

#[test]
fn a_security_buffer_lies_within_its_message() {
    let with = |offset: u16, length: u16| {
        let mut reply = challenge();
        reply.body[4..6].copy_from_slice(&offset.to_le_bytes());
        reply.body[6..8].copy_from_slice(&length.to_le_bytes());
        challenging()
            .answered(&reply.frame())
            .map(|answer| answer.is_some())
    };
    let length = u16::try_from(CHALLENGE.len()).unwrap();
    assert_eq!(with(72, length), Ok(true));
    for (offset, length) in [
        (0, length),
        (71, length),
        (72, length + 1),
        (73, length),
        (u16::MAX, length),
        (72, u16::MAX),
        (72, 0),
        (0, 0),
    ] {
        assert!(with(offset, length).is_err(), "{offset} {length}");
    }
    // A server may leave a gap before the buffer.
    let mut gap = challenge();
    gap.body.splice(8..8, [0; 8]);
    gap.body[4] = 80;
    assert!(challenging().answered(&gap.frame()).is_ok());
}

#[test]
fn frames_have_a_limit() {
    assert_eq!(length(&[0, 0, 0, 64]), Ok(68));
    assert_eq!(length(&[0, 0, 0xFF, 0xFC]), Ok(MAX_MESSAGE));
    for wrong in [[0, 0, 0xFF, 0xFD], [0, 0xFF, 0xFF, 0xFF], [0x85, 0, 0, 0]] {
        assert!(
            matches!(length(&wrong), Err(Smb2Error::Frame(_))),
            "{wrong:?}"
        );
    }
    let right = set_up(2, 0, b"").frame();
    assert!(
        authenticating()
            .answered(&right[..right.len() - 1])
            .is_err()
    );
    assert!(
        authenticating()
            .answered(&[&right[..], &[0]].concat())
            .is_err()
    );
    let long = vec![0; 70_000];
    assert_eq!(
        challenged().authenticate(&long).map(drop),
        Err(Smb2Error::TooLong)
    );
}

#[test]
fn other_protocols_are_named() {
    let smb1 = framed(&[&hex!("FF534D42 72")[..], &[0; 40]].concat());
    assert!(matches!(
        negotiating().answered(&smb1),
        Err(Smb2Error::Smb1)
    ));
    // SMB2_TRANSFORM_HEADER: an encrypted message.
    let sealed = framed(&[&hex!("FD534D42")[..], &[0; 60]].concat());
    assert!(matches!(
        negotiating().answered(&sealed),
        Err(Smb2Error::Malformed(_))
    ));
    assert!(
        negotiating()
            .answered(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .is_err()
    );
    assert!(negotiating().answered(b"").is_err());
}
