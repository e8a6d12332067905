//! Messages that no honest client sends.

use super::*;
use crate::protocol::ntlm::tests::imitation::{Answer, Header};

/// The offsets of the items' fields in an AUTHENTICATE message.
const FIELDS: [usize; 6] = [12, 20, 28, 36, 44, 52];

fn refused<T: std::fmt::Debug>(outcome: Result<T, NtlmError>) -> NtlmError {
    outcome.unwrap_err()
}

/// Sets length and offset of the item at `field`.
fn point(token: &mut [u8], field: usize, length: u16, offset: u32) {
    token[field..field + 2].copy_from_slice(&length.to_le_bytes());
    token[field + 4..field + 8].copy_from_slice(&offset.to_le_bytes());
}

#[test]
fn prefixes_of_a_negotiate_message_are_refused_below_16_bytes() {
    let first = Initiator::default().negotiate();
    for length in 0..first.len() {
        let token = &first[..length];
        let told = token_type(token);
        let result = negotiate(token, &target(), Weakest::Any, CHALLENGE, NOW);
        match length {
            0..8 => assert_eq!(refused(told), NtlmError::NotNtlm, "{length}"),
            8..12 => assert!(is_malformed(&told), "{length}"),
            12..16 => assert!(is_malformed(&result), "{length}"),
            _ => assert!(result.is_ok(), "{length}"),
        }
    }
}

#[test]
fn every_prefix_of_an_answer_is_refused() {
    for client in [
        Initiator::default(),
        Initiator::curl(),
        Initiator::chromium(),
    ] {
        let (_, answered) = answered(&client);
        for length in 0..answered.token.len() {
            let (state, _) = challenged(&client.negotiate());
            let result = state.parse_authenticate(&answered.token[..length]);
            assert!(is_malformed(&result), "{length}");
        }
    }
}

#[test]
fn lengths_and_offsets_that_reach_outside_are_refused() {
    let client = Initiator::default();
    let (_, answered) = answered(&client);
    let end = u32::try_from(answered.token.len()).unwrap();
    let outside = [
        end - 1,
        end,
        0x7FFF_FFFF,
        0x8000_0000,
        u32::MAX - 1,
        u32::MAX,
    ];
    for field in FIELDS {
        for offset in [0, 1, 12, 63].into_iter().chain(outside) {
            for length in [2, 0x7FFF, 0x8000, 0xFFFF] {
                let mut token = answered.token.clone();
                point(&mut token, field, length, offset);
                let (state, _) = challenged(&client.negotiate());
                let outcome = state.parse_authenticate(&token);
                let place = format!("{field} {offset:#x} {length:#x}");
                assert!(is_malformed(&outcome), "{place}");
            }
        }
    }
}

#[test]
fn items_of_64_kib_are_refused() {
    for field in FIELDS {
        let (state, answered) = answered(&Initiator::default());
        let mut token = answered.token;
        let offset = u32::try_from(token.len()).unwrap();
        token.extend([b'x'; 65_534]);
        point(&mut token, field, 65_534, offset);
        let outcome = state.parse_authenticate(&token);
        match field {
            52 => assert_eq!(refused(outcome), NtlmError::BadSessionKey),
            _ => assert!(is_malformed(&outcome), "{field}"),
        }
    }
}

#[test]
fn odd_utf16_is_refused() {
    for field in [28, 36, 44] {
        let (state, answered) = answered(&Initiator::default());
        let mut token = answered.token;
        token[field] -= 1;
        let error = state.parse_authenticate(&token).unwrap_err();
        assert!(error.to_string().ends_with("odd number of bytes in UTF-16"));
    }
}

fn flip(mut pairs: AvPairs, id: u16) -> AvPairs {
    let mut value = pairs.value(AvId(id)).unwrap().to_vec();
    value[0] ^= 0x20;
    pairs.set(AvId(id), value).unwrap();
    pairs
}

fn remove(pairs: AvPairs, id: u16) -> AvPairs {
    let mut rest = AvPairs::default();
    for (other, value) in pairs.iter().filter(|(other, _)| other.0 != id) {
        rest.set(other, value).unwrap();
    }
    rest
}

#[test]
fn every_av_pair_of_the_challenge_must_be_returned() {
    type Alter = fn(AvPairs) -> AvPairs;
    let cases: [(Alter, &str); 11] = [
        (|pairs| flip(pairs, 1), "MsvAvNbComputerName: changed"),
        (|pairs| flip(pairs, 2), "MsvAvNbDomainName: changed"),
        (|pairs| flip(pairs, 3), "MsvAvDnsComputerName: changed"),
        (|pairs| flip(pairs, 4), "MsvAvDnsDomainName: changed"),
        (|pairs| flip(pairs, 7), "MsvAvTimestamp: changed"),
        (|pairs| remove(pairs, 1), "MsvAvNbComputerName: missing"),
        (|pairs| remove(pairs, 2), "MsvAvNbDomainName: missing"),
        (|pairs| remove(pairs, 3), "MsvAvDnsComputerName: missing"),
        (|pairs| remove(pairs, 4), "MsvAvDnsDomainName: missing"),
        (|pairs| remove(pairs, 7), "MsvAvTimestamp: missing"),
        (|_| AvPairs::default(), "MsvAvNbDomainName: missing"),
    ];
    for (alter, problem) in cases {
        let client = Initiator {
            alter,
            ..Initiator::default()
        };
        let Err(NtlmError::TargetInfoChanged(found)) = claim(&client) else {
            panic!("{problem}")
        };
        assert_eq!(found.to_string(), problem);
    }
}

#[test]
fn an_announced_mic_must_be_present_and_right() {
    for position in 72..88 {
        let (state, answered) = answered(&Initiator::default());
        let mut token = answered.token;
        token[position] ^= 1;
        let claim = state.parse_authenticate(&token).unwrap();
        let result = claim.check_mic(Some(&answered.session_base_key));
        assert_eq!(refused(result), NtlmError::WrongMic, "{position}");
    }
    for header in [Header::Flags, Header::Version] {
        let client = Initiator {
            header,
            ..Initiator::default()
        };
        assert_eq!(refused(claim(&client)), NtlmError::NoMic);
    }
}

#[test]
fn the_mic_covers_all_three_messages() {
    let client = Initiator::default();
    type Change = fn(&mut Challenged, &mut Vec<u8>);
    let changes: [(&str, Change); 4] = [
        ("version of the first", |state, _| state.negotiate[39] ^= 1),
        ("version of the second", |state, _| state.challenge[48] ^= 1),
        ("SIGN taken away", |_, third| third[60] ^= 0x10),
        ("the workstation", |_, third| {
            let offset = usize::from(u16::from_le_bytes([third[48], third[49]]));
            third[offset] ^= 1;
        }),
    ];
    for (what, change) in changes {
        let (mut state, mut third) = answered(&client);
        change(&mut state, &mut third.token);
        let claim = state.parse_authenticate(&third.token).unwrap();
        let result = claim.check_mic(Some(&third.session_base_key));
        assert_eq!(refused(result), NtlmError::WrongMic, "{what}");
    }
}

#[test]
fn a_login_without_a_key_succeeds_only_if_nothing_needs_one() {
    let zero = Key::new([0; 16]);
    let plain = Initiator::curl();
    for key in [None, Some(&zero)] {
        let checked = claim(&plain).unwrap().check_mic(key).unwrap();
        assert!(!checked.verified());
        assert_eq!(checked.exported_session_key(), None);
    }
    let with = |flag: NegotiateFlags| Initiator {
        flags: plain.flags | flag,
        ..plain.clone()
    };
    for client in [
        Initiator::chromium(),
        with(NegotiateFlags::NEGOTIATE_KEY_EXCH),
        with(NegotiateFlags::NEGOTIATE_SIGN),
        with(NegotiateFlags::NEGOTIATE_SEAL),
    ] {
        for key in [None, Some(&zero)] {
            let result = claim(&client).unwrap().check_mic(key);
            assert_eq!(
                refused(result),
                NtlmError::NoSessionKey,
                "{:?}",
                client.flags
            );
        }
    }
}

#[test]
fn a_wrong_session_key_fails_the_mic() {
    for client in [Initiator::default(), Initiator::chromium()] {
        let claim = claim(&client).unwrap();
        let result = claim.check_mic(Some(&Key::new([1; 16])));
        assert_eq!(refused(result), NtlmError::WrongMic);
    }
}

#[test]
fn a_negotiated_session_key_has_16_bytes() {
    let shortened = |client: &Initiator, length| {
        let (state, answered) = answered(client);
        let mut token = answered.token;
        token[52] = length;
        state.parse_authenticate(&token)
    };
    let signing = Initiator::default();
    for length in [0, 1, 8, 15] {
        assert_eq!(
            refused(shortened(&signing, length)),
            NtlmError::BadSessionKey
        );
    }
    // Without SIGN and SEAL it may be left out (MS-NLMP 3.1.5.1.2).
    let plain = Initiator {
        flags: NegotiateFlags(0x4008_9201),
        announces_mic: false,
        ..Initiator::default()
    };
    assert!(shortened(&plain, 16).is_ok());
    assert_eq!(refused(shortened(&plain, 8)), NtlmError::BadSessionKey);
    let (_, answered) = answered(&plain);
    let claim = shortened(&plain, 0).unwrap();
    let checked = claim.check_mic(Some(&answered.session_base_key)).unwrap();
    assert_eq!(
        checked.exported_session_key(),
        Some(&answered.session_base_key)
    );
}

#[test]
fn an_anonymous_login_stays_anonymous() {
    let anonymous = Initiator {
        user: "",
        domain: "",
        ..Initiator::default()
    };
    let without_a_name = Initiator {
        user: "",
        ..Initiator::curl()
    };
    let by_flag = Initiator {
        final_flags: |flags| flags | NegotiateFlags::ANONYMOUS,
        ..Initiator::default()
    };
    let answering = |answer| Initiator {
        answer,
        ..Initiator::default()
    };
    for client in [
        anonymous,
        without_a_name,
        by_flag,
        answering(Answer::Nothing),
        answering(Answer::OneZero),
    ] {
        // Without EncryptedRandomSessionKey (its length is at 52) it is anonymous all the same.
        for without_session_key in [false, true] {
            let (state, answered) = answered(&client);
            let mut token = answered.token;
            if without_session_key {
                token[52] = 0;
            }
            let claim = state.parse_authenticate(&token).unwrap();
            assert!(matches!(claim.response(), Response::Anonymous));
            assert!(!claim.mic_present());
            let result = claim.check_mic(Some(&answered.session_base_key));
            assert_eq!(refused(result), NtlmError::Anonymous);
        }
    }
}

#[test]
fn a_lan_manager_response_is_refused() {
    let client = Initiator {
        answer: Answer::LmV2Only,
        ..Initiator::curl()
    };
    let claim = claim(&client).unwrap();
    let result = claim.check_mic(Some(&Key::new([1; 16])));
    assert_eq!(refused(result), NtlmError::LmOnly);
}

#[test]
fn claims_print_no_responses() {
    let printed = format!("{:?}", claim(&Initiator::default()).unwrap());
    assert!(printed.contains("user: \"alice\""), "{printed}");
    assert!(!printed.contains("170, 170"), "{printed}");
    assert!(printed.len() < 400, "{printed}");
}

#[test]
fn names_longer_than_an_account_can_have_are_refused() {
    for (length, is_accepted) in [(1024, true), (1025, false)] {
        let long: &'static str = "x".repeat(length).leak();
        let [mut user, mut domain, mut workstation] = [(); 3].map(|()| Initiator::default());
        (user.user, domain.domain, workstation.workstation) = (long, long, long);
        for client in [user, domain, workstation] {
            let outcome = claim(&client);
            assert_eq!(outcome.is_ok(), is_accepted, "{length}");
            assert_eq!(is_malformed(&outcome), !is_accepted, "{length}");
        }
    }
}

#[test]
fn names_with_control_characters_are_refused() {
    for charset in [0x0008_8206, 0x0008_8207] {
        for name in [
            "alice\0x",
            "alice\0\\bob",
            "\u{1}",
            "bob\n",
            "bob\u{7f}",
            "\0",
        ] {
            let sane = Initiator {
                flags: NegotiateFlags(charset),
                ..Initiator::curl()
            };
            for client in [
                Initiator {
                    user: name,
                    ..sane.clone()
                },
                Initiator {
                    domain: name,
                    ..sane.clone()
                },
                Initiator {
                    workstation: name,
                    ..sane
                },
            ] {
                assert!(is_malformed(&claim(&client)), "{client:?}");
            }
        }
    }
    let client = Initiator {
        user: "bob\u{85}",
        ..Initiator::default()
    };
    assert!(is_malformed(&claim(&client)));
}
