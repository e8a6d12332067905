//! MS-NLMP 2.2, field by field. The login succeeds with any value of a field that a receiver
//! ignores; invalid values of all other fields are refused. Each row names its section.

use super::*;
use crate::protocol::ntlm::av_pair::AvFlags;
use crate::protocol::ntlm::tests::imitation::Header;
use hex_literal::hex;

type Alter = fn(AvPairs) -> AvPairs;
type Reshape = fn(&mut Vec<u8>);

/// The AV pairs that Windows adds since Vista, in its order.
fn as_windows_adds(mut pairs: AvPairs) -> AvPairs {
    for (id, value) in [
        (AvId::FLAGS, AvFlags::MIC.0.to_le_bytes().to_vec()),
        // Single_Host_Data (MS-NLMP 2.2.2.2): size, zero, custom data, machine identifier.
        (
            AvId::SINGLE_HOST,
            [&hex!("3000000000000000")[..], &[0xA5; 40]].concat(),
        ),
        (AvId::CHANNEL_BINDINGS, vec![0; 16]),
        (
            AvId::TARGET_NAME,
            utf16le("HTTP/web1.example.test".encode_utf16()),
        ),
    ] {
        pairs.set(id, value).unwrap();
    }
    pairs
}

/// The whole acceptor: the login succeeds with the right password and MIC, and not with a wrong
/// password.
fn logs_in(what: &str, client: &Initiator) {
    let first = client.negotiate();
    let (state, challenge) = challenged(&first);
    let answered = client.authenticate(&first, &challenge);
    let claim = state
        .parse_authenticate(&answered.token)
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(claim.user().meant, client.user, "{what}");
    assert_eq!(prove(&claim, "password1"), None, "{what}");
    let key = prove(&claim, client.password).expect(what);
    let checked = claim.check_mic(Some(&key)).expect(what);
    assert_eq!(checked.verified(), client.header == Header::Mic, "{what}");
    assert_eq!(
        checked.exported_session_key(),
        Some(&answered.exported_session_key),
        "{what}"
    );
}

/// The message of `client` is refused before its response is verified.
fn is_malformed(what: &str, client: &Initiator) {
    assert!(super::is_malformed(&claim(client)), "{what}");
}

fn windows() -> Initiator {
    Initiator {
        alter: as_windows_adds,
        ..Initiator::default()
    }
}

#[test]
fn windows_clients_log_in() {
    // Vista to 11: the bytes behind MsvAvEOL, the flags of the NEGOTIATE message, the LM response.
    let tails: [&[u8]; 5] = [
        &[],
        &[0; 4],
        &[0; 8],
        &hex!("0000000032851d02"),
        &[0xEE; 200],
    ];
    for after_eol in tails {
        for flags in [0xE208_8297, 0xA208_8207] {
            for answer in [Answer::NtlmV2, Answer::NtlmV2Alone, Answer::NtlmV2LmV2] {
                let client = Initiator {
                    flags: NegotiateFlags(flags),
                    answer,
                    after_eol,
                    ..windows()
                };
                logs_in(&format!("{flags:#x} {answer:?} {after_eol:x?}"), &client);
            }
        }
    }
}

/// Overwrites a part of the message.
fn put(token: &mut [u8], at: usize, bytes: &[u8]) {
    token[at..at + bytes.len()].copy_from_slice(bytes);
}

/// `Len` or `MaxLen` of the item whose fields are at `at`, and its `BufferOffset`.
fn u16_at(token: &[u8], at: usize) -> usize {
    usize::from(u16::from_le_bytes([token[at], token[at + 1]]))
}

/// The offsets of the six items' fields in an AUTHENTICATE message.
const ITEMS: [usize; 6] = [12, 20, 28, 36, 44, 52];

#[test]
fn ignored_fields_of_an_authenticate_message_may_have_any_value() {
    let rows: [(&str, Reshape); 13] = [
        ("2.2.1.3: MaxLen is not Len", |token| {
            for item in ITEMS {
                put(token, item + 2, &[0xFF, 0x00]);
            }
        }),
        ("2.2.1.3: MaxLen is zero", |token| {
            for item in ITEMS {
                put(token, item + 2, &[0, 0]);
            }
        }),
        ("2.2.1.3: the offset of an empty item", |token| {
            put(token, 44, &[0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
        }),
        ("2.2.1.3: the offset of an empty item is zero", |token| {
            put(token, 44, &[0; 8]);
        }),
        ("2.2.1.3: bytes behind the payload", |token| {
            token.extend([0xCC; 100]);
        }),
        ("2.2.1.3: a gap before the payload", |token| {
            let gap = [0xCC; 24];
            token.splice(88..88, gap);
            for item in ITEMS {
                let offset = u16_at(token, item + 4) + gap.len();
                put(
                    token,
                    item + 4,
                    &u32::try_from(offset).unwrap().to_le_bytes(),
                );
            }
        }),
        ("2.2.1.3: the payload is in another order", |token| {
            // As Windows does: names first, then the responses.
            let (mut header, mut payload) = (token[..88].to_vec(), Vec::new());
            for item in [28, 36, 44, 12, 20, 52] {
                let (length, offset) = (u16_at(token, item), u16_at(token, item + 4));
                let place = u32::try_from(88 + payload.len()).unwrap();
                put(&mut header, item + 4, &place.to_le_bytes());
                payload.extend(&token[offset..offset + length]);
            }
            *token = [header, payload].concat();
        }),
        ("2.2.1.3: two items in one place", |token| {
            let domain: Vec<u8> = token[28..36].to_vec();
            put(token, 44, &domain);
        }),
        ("2.2.2.10: Version", |token| {
            put(token, 64, &[0xFF; 8]);
        }),
        ("2.2.2.10: Version is zero", |token| {
            put(token, 64, &[0; 8]);
        }),
        ("2.2.2.5: reserved flags are set", |token| {
            // r1 to r10, among them 0x4000: a client on the same computer.
            let flags = u32::from_le_bytes([token[60], token[61], token[62], token[63]]);
            put(token, 60, &(flags | 0x1D04_7508).to_le_bytes());
        }),
        ("2.2.2.5: flags that were not offered", |token| {
            let flags = u32::from_le_bytes([token[60], token[61], token[62], token[63]]);
            put(token, 60, &(flags | 0x00FA_30E2).to_le_bytes());
        }),
        ("2.2.2.5: UNICODE is not repeated", |token| token[60] &= !1),
    ];
    for (what, reshape) in rows {
        logs_in(
            what,
            &Initiator {
                reshape,
                ..windows()
            },
        );
    }
}

#[test]
fn ignored_fields_of_a_response_may_have_any_value() {
    // MS-NLMP 2.2.2.7: Reserved1, Reserved2, Reserved3. The client chooses the time.
    let client = Initiator::default();
    for range in [18..24, 24..32, 40..44] {
        let first = client.negotiate();
        let (state, challenge) = challenged(&first);
        let token = client.authenticate(&first, &challenge).token;
        let (length, offset) = (u16_at(&token, 20), u16_at(&token, 24));
        let mut response = token[offset..offset + length].to_vec();
        response[range.clone()].fill(0xFF);
        let ntowf_v2 = keys::ntowf_v2(
            &crypto::nt_hash(client.password),
            &"alice".encode_utf16().collect::<Vec<_>>(),
            &"EXAMPLE".encode_utf16().collect::<Vec<_>>(),
        );
        let proof = keys::v2_proof(&ntowf_v2, CHALLENGE, &response[16..]);
        put(&mut response, 0, &proof);
        let mut token = token;
        put(&mut token, offset, &response);
        let claim = state.parse_authenticate(&token).unwrap();
        assert!(prove(&claim, client.password).is_some(), "{range:?}");
        assert!(prove(&claim, "password1").is_none(), "{range:?}");
    }
}

#[test]
fn av_pairs_come_in_any_order_and_of_any_kind() {
    let rows: [(&str, Alter); 6] = [
        ("2.2.2.1: in reverse order", |pairs| {
            let mut reversed = AvPairs::default();
            let all: Vec<_> = as_windows_adds(pairs)
                .iter()
                .map(|(id, value)| (id, value.to_vec()))
                .collect();
            for (id, value) in all.into_iter().rev() {
                reversed.set(id, value).unwrap();
            }
            reversed
        }),
        ("2.2.2.1: pairs of no known kind", |pairs| {
            let mut pairs = as_windows_adds(pairs);
            for id in [11, 12, 0x7FFF, 0xFFFF] {
                pairs.set(AvId(id), vec![0xFF; 3]).unwrap();
            }
            pairs
        }),
        ("2.2.2.1: unused bits of MsvAvFlags", |mut pairs| {
            pairs.set(AvId::FLAGS, [0xFB, 0xFF, 0xFF, 0xFF]).unwrap();
            pairs
        }),
        ("2.2.2.1: an empty MsvAvTargetName", |mut pairs| {
            pairs.set(AvId::FLAGS, [2, 0, 0, 0]).unwrap();
            pairs.set(AvId::TARGET_NAME, []).unwrap();
            pairs
        }),
        ("2.2.2.2: MsvAvSingleHost of any form", |mut pairs| {
            pairs.set(AvId::FLAGS, [2, 0, 0, 0]).unwrap();
            pairs.set(AvId::SINGLE_HOST, [1, 2, 3]).unwrap();
            pairs
        }),
        ("2.2.2.1: MsvAvDnsTreeName, not sent by us", |mut pairs| {
            pairs.set(AvId::FLAGS, [2, 0, 0, 0]).unwrap();
            pairs.set(AvId::DNS_TREE_NAME, [b'x', 0]).unwrap();
            pairs
        }),
    ];
    for (what, alter) in rows {
        logs_in(
            what,
            &Initiator {
                alter,
                ..Initiator::default()
            },
        );
    }
}

#[test]
fn ignored_fields_of_a_negotiate_message_may_have_any_value() {
    // MS-NLMP 2.2.1.1 and 2.2.2.5: names, their offsets, the version, reserved flags.
    let client = windows();
    let plain = client.negotiate();
    for (what, from) in [("names and version", 16), ("version", 32)] {
        let mut first = plain.clone();
        first[from..].fill(0xFF);
        let (state, challenge) = challenged(&first);
        let answered = client.authenticate(&first, &challenge);
        let claim = state.parse_authenticate(&answered.token).expect(what);
        let key = prove(&claim, client.password).expect(what);
        assert!(claim.check_mic(Some(&key)).expect(what).verified());
    }
    for extra in [0x0000_4000, 0x0000_0008, 0x1D04_7508, 0x0000_3000] {
        let client = Initiator {
            flags: NegotiateFlags(client.flags.0 | extra),
            ..windows()
        };
        logs_in(&format!("flags {extra:#x}"), &client);
    }
}

#[test]
fn invalid_values_of_other_fields_are_refused() {
    let rows: [(&str, Reshape); 5] = [
        ("2.2.1.3: Signature", |token| token[3] ^= 1),
        ("2.2.1.3: MessageType", |token| token[8] = 2),
        ("2.2.2.7: RespType", |token| {
            let offset = u16_at(token, 24);
            token[offset + 16] = 2;
        }),
        ("2.2.2.7: HiRespType", |token| {
            let offset = u16_at(token, 24);
            token[offset + 17] = 0;
        }),
        ("2.2.2.4: an LM response of 25 bytes", |token| {
            token[12] = 25
        }),
    ];
    for (what, reshape) in rows {
        is_malformed(
            what,
            &Initiator {
                reshape,
                ..windows()
            },
        );
    }
    let rows: [(&str, Alter); 4] = [
        ("2.2.2.1: MsvAvFlags of 8 bytes", |mut pairs| {
            pairs.set(AvId::FLAGS, [0; 8]).unwrap();
            pairs
        }),
        ("2.2.2.1: MsvAvChannelBindings of 20 bytes", |mut pairs| {
            pairs.set(AvId::CHANNEL_BINDINGS, [0; 20]).unwrap();
            pairs
        }),
        ("2.2.2.1: MsvAvTargetName of 3 bytes", |mut pairs| {
            pairs.set(AvId::TARGET_NAME, [0x48, 0, 0x54]).unwrap();
            pairs
        }),
        ("2.2.2.1: a value behind MsvAvEOL", |mut pairs| {
            pairs.set(AvId::EOL, [7]).unwrap();
            pairs
        }),
    ];
    for (what, alter) in rows {
        let client = Initiator {
            alter,
            announces_mic: false,
            ..Initiator::default()
        };
        is_malformed(what, &client);
    }
    // MS-NLMP 2.2.1.3: names are not terminated by a NUL. A reader that stops there reads another.
    for (user, domain) in [("alice\0", "EXAMPLE"), ("alice", "EXAMPLE\0")] {
        let client = Initiator {
            user,
            domain,
            ..windows()
        };
        is_malformed("2.2.1.3: a NUL behind a name", &client);
    }
}

#[test]
fn a_pair_of_a_known_kind_is_present_once() {
    // The pairs end at MsvAvEOL: a second list behind the first is not read.
    let client = Initiator {
        after_eol: &hex!("060004000000000000000000"),
        ..windows()
    };
    logs_in("a second list of pairs", &client);
    assert!(claim(&client).unwrap().mic_present());
}

#[test]
fn the_proof_covers_ignored_fields() {
    let client = Initiator {
        after_eol: &[0x5A; 16],
        ..windows()
    };
    let (_, answered) = answered(&client);
    let (length, offset) = (u16_at(&answered.token, 20), u16_at(&answered.token, 24));
    for position in offset..offset + length {
        let (state, _) = challenged(&client.negotiate());
        let mut token = answered.token.clone();
        token[position] ^= 0x40;
        if let Ok(claim) = state.parse_authenticate(&token) {
            assert_eq!(prove(&claim, client.password), None, "{position}");
        }
    }
    // The bytes at the end can be neither removed nor added.
    for cut in [1, 4, 16] {
        let (state, _) = challenged(&client.negotiate());
        let mut token = answered.token.clone();
        put(
            &mut token,
            20,
            &u16::try_from(length - cut).unwrap().to_le_bytes(),
        );
        let claim = state.parse_authenticate(&token).unwrap();
        assert_eq!(prove(&claim, client.password), None, "{cut}");
    }
}
