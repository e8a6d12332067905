//! AUTHENTICATE messages without a message integrity code that were changed on their way.
//!
//! A message with a code is refused after any change (tests/mechanism/changed_tokens.c). Without a
//! code, fields that the response does not prove may change. Each is listed here with the reason
//! why that does no harm.

use std::collections::BTreeSet;

use super::*;

/// The fields whose length and offset are in the header, from byte 12 on, 8 bytes each.
const FIELDS: [&str; 6] = [
    "LmChallengeResponse",
    "NtChallengeResponse",
    "DomainName",
    "UserName",
    "Workstation",
    "EncryptedRandomSessionKey",
];

fn number(token: &[u8], at: usize, length: usize) -> usize {
    let bytes = token[at..at + length].iter().rev();
    bytes.fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// The field that a byte of the message belongs to.
fn part(token: &[u8], at: usize) -> String {
    match at {
        0..8 => return "Signature".to_owned(),
        8..12 => return "MessageType".to_owned(),
        12..60 => {
            let part = match at % 8 {
                4 | 5 => "length",
                6 | 7 => "maximum",
                _ => "offset",
            };
            return format!("{} {part}", FIELDS[(at - 12) / 8]);
        }
        60..64 => return "NegotiateFlags".to_owned(),
        _ => (),
    }
    let covers = |index: &usize| {
        let length = number(token, 12 + 8 * index, 2);
        let offset = number(token, 16 + 8 * index, 4);
        (offset..offset + length).contains(&at)
    };
    let field = (0..FIELDS.len()).find(covers);
    field.map_or("nothing", |index| FIELDS[index]).to_owned()
}

/// The fields of which some bit may change without a refusal. The accepted user is always the same.
fn changeable(initiator: &Initiator) -> BTreeSet<String> {
    let (setup, _folder) = setup("");
    let answered = |acceptor: &mut Acceptor| {
        let (negotiate, challenge) = challenge(acceptor, &setup, initiator);
        initiator.authenticate(&negotiate, &challenge).token
    };
    let mut acceptor = Acceptor::new();
    let length = answered(&mut acceptor).len();
    for end in 0..length {
        let token = answered(&mut acceptor);
        assert!(step(&mut acceptor, &setup, &token[..end]).is_err(), "{end}");
    }
    let mut parts = BTreeSet::new();
    for bit in 0..8 * length {
        let token = answered(&mut acceptor);
        let mut changed = token.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        if step(&mut acceptor, &setup, &changed).is_ok() {
            let identity = acceptor.established().unwrap().identity();
            assert_eq!(identity.display(), "EXAMPLE\\alice", "bit {bit}");
            parts.insert(part(&token, bit / 8));
        }
    }
    parts
}

/// Fields that receivers ignore (MS-NLMP 2.2.1.3), and fields that the response does not prove.
const ALWAYS: [&str; 14] = [
    // "Receivers must ignore it", of each field.
    "LmChallengeResponse maximum",
    "NtChallengeResponse maximum",
    "DomainName maximum",
    "UserName maximum",
    "Workstation maximum",
    "EncryptedRandomSessionKey maximum",
    // Neither read nor passed on.
    "LmChallengeResponse",
    "LmChallengeResponse length",
    "LmChallengeResponse offset",
    // The client's name for its computer. The attribute is marked as unverified.
    "Workstation",
    "Workstation length",
    "Workstation offset",
    // The flags that the client agrees to. A protection without its flag is not granted, and a new
    // flag grants none.
    "NegotiateFlags",
    // Upper and lower case name the same account.
    "UserName",
];

#[test]
fn without_a_mic_only_unproven_fields_may_change() {
    let mut expected: BTreeSet<_> = ALWAYS.map(str::to_owned).into();
    // The field is empty: its offset does not matter.
    expected.insert("EncryptedRandomSessionKey offset".to_owned());
    assert_eq!(changeable(&Initiator::curl()), expected);
}

#[test]
fn a_changed_session_key_protects_no_message_of_the_client() {
    let windows_without_mic = Initiator {
        header: Header::Flags,
        announces_mic: false,
        ..Initiator::default()
    };
    let mut expected: BTreeSet<_> = ALWAYS.map(str::to_owned).into();
    // The server then has another key than the client: neither accepts a message of the other.
    expected.insert("EncryptedRandomSessionKey".to_owned());
    expected.insert("EncryptedRandomSessionKey offset".to_owned());
    assert_eq!(changeable(&windows_without_mic), expected);
}
