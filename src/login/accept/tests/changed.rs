//! AUTHENTICATE messages without a message integrity code, changed on their way. With one, no change
//! at all is let in, which tests/mechanism/tokens.c shows; without, whatever the response does not
//! prove may be another, and each such field is here with the reason why that does no harm.

use std::collections::BTreeSet;

use super::*;

/// Those that the header tells place and length of, in its order, each in 8 bytes from byte 12 on.
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

/// What a byte of the message belongs to.
fn part(token: &[u8], at: usize) -> String {
    match at {
        0..8 => return "Signature".to_owned(),
        8..12 => return "MessageType".to_owned(),
        12..60 => {
            let part = match at % 8 {
                4 | 5 => "length",
                6 | 7 => "maximum",
                _ => "place",
            };
            return format!("{} {part}", FIELDS[(at - 12) / 8]);
        }
        60..64 => return "NegotiateFlags".to_owned(),
        _ => (),
    }
    let covers = |index: &usize| {
        let length = number(token, 12 + 8 * index, 2);
        let place = number(token, 16 + 8 * index, 4);
        (place..place + length).contains(&at)
    };
    let field = (0..FIELDS.len()).find(covers);
    field.map_or("nothing", |index| FIELDS[index]).to_owned()
}

/// The parts of which some bit may be another, and somebody is let in; always the same user.
fn let_in(initiator: &Initiator) -> BTreeSet<String> {
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

/// What receivers do not look at (MS-NLMP 2.2.1.3), and what is not part of a proof:
const ALWAYS: [&str; 14] = [
    // "Receivers must ignore it", of each field.
    "LmChallengeResponse maximum",
    "NtChallengeResponse maximum",
    "DomainName maximum",
    "UserName maximum",
    "Workstation maximum",
    "EncryptedRandomSessionKey maximum",
    // Never looked at, nor passed on.
    "LmChallengeResponse",
    "LmChallengeResponse length",
    "LmChallengeResponse place",
    // What the client calls its computer: nobody has verified it, and the attribute says so.
    "Workstation",
    "Workstation length",
    "Workstation place",
    // What the client agrees to. A protection that is gone is not granted; none comes for nothing.
    "NegotiateFlags",
    // A letter may be a capital or not: it is the same account.
    "UserName",
];

#[test]
fn without_a_mic_only_what_proves_nothing_may_change() {
    let mut expected: BTreeSet<_> = ALWAYS.map(str::to_owned).into();
    // Nothing is there: the place of no bytes can be anywhere.
    expected.insert("EncryptedRandomSessionKey place".to_owned());
    assert_eq!(let_in(&Initiator::curl()), expected);
}

#[test]
fn a_session_key_that_changed_lets_nobody_read_or_write() {
    let windows_without_mic = Initiator {
        header: Header::Flags,
        announces_mic: false,
        ..Initiator::default()
    };
    let mut expected: BTreeSet<_> = ALWAYS.map(str::to_owned).into();
    // Another key than the client's: no message of either is right for the other.
    expected.insert("EncryptedRandomSessionKey".to_owned());
    expected.insert("EncryptedRandomSessionKey place".to_owned());
    assert_eq!(let_in(&windows_without_mic), expected);
}
