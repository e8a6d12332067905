//! Handmade vectors after MS-LSAT 2.2 and C706 chapter 14; `tests/dc` asks a real controller.

use super::*;
use hex_literal::hex;

fn sid(subs: &[u32]) -> Sid {
    Sid::new([0, 0, 0, 0, 0, 5], subs.to_vec()).unwrap()
}

/// The answer for three identifiers: a group, an unknown one, a domain-local group.
const ANSWER: &[u8] = &hex!(
    "04000200"                            // ReferencedDomains
    "01000000 08000200 20000000"          // one, MaxEntries
    "01000000"                            //   its count again
    "0e00 1000 0c000200 10000200"         //   the name, the SID
    "08000000 00000000 07000000 45005800 41004d00 50004c00 4500 0000"
    "04000000 01 04 000000000005 15000000 01000000 02000000 03000000"
    "03000000 14000200"                   // TranslatedNames
    "03000000"                            //   the count again
    "0200 0000 0a00 0a00 18000200 00000000 00000000"
    "0800 0000 0000 0000 00000000 ffffffff 00000000"
    "0400 0000 0600 0600 1c000200 00000000 00000000"
    "05000000 00000000 05000000 53007400 61006600 6600 0000"
    "03000000 00000000 03000000 44004200 4100 0000"
    "02000000 07010000"                   // MappedCount, STATUS_SOME_NOT_MAPPED
);

const STATUS_AT: usize = ANSWER.len() - 4;
const DOMAIN_COUNT: usize = 4;
const DOMAIN_POINTER: usize = 8;
const DOMAIN_COUNT_AGAIN: usize = 16;
const NAME_COUNT: usize = 88;
const NAME_POINTER: usize = 92;
const NAME_COUNT_AGAIN: usize = 96;
const FIRST_TYPE: usize = 100;
const FIRST_DOMAIN: usize = 112;
const FIRST_CHARACTERS: usize = 172;

fn group(name: &str) -> Option<Called> {
    Some(Called::Group {
        name: name.to_owned(),
        domain: sid(&[21, 1, 2, 3]),
    })
}

/// The answer with other bytes at one offset.
fn with(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut stub = ANSWER.to_vec();
    stub[at..at + bytes.len()].copy_from_slice(bytes);
    stub
}

#[test]
fn the_question_is_encoded() {
    let stub = request(&[sid(&[21, 1, 2, 3, 1105]), sid(&[32, 544])]).unwrap();
    let expected = hex!(
        "02000000 04000200 02000000 08000200 0c000200"
        "05000000 01 05 000000000005 15000000 01000000 02000000 03000000 51040000"
        "02000000 01 02 000000000005 20000000 20020000"
        "00000000 00000000"
        "0100 0000 00000000 00000000 02000000"
    );
    assert_eq!(stub, expected);
    let many = vec![sid(&[21]); MAX_SIDS + 1];
    assert!(matches!(request(&many), Err(Error::TooLong(_))));
    assert!(request(&many[1..]).is_ok());
}

#[test]
fn names_come_in_the_order_of_the_question() {
    let names = reply(ANSWER, 3).unwrap();
    assert_eq!(names, [group("Staff"), None, group("DBA")]);
    // STATUS_SUCCESS and STATUS_NONE_MAPPED.
    for status in [0, 0xC000_0073_u32] {
        let stub = with(STATUS_AT, &status.to_le_bytes());
        assert_eq!(reply(&stub, 3).unwrap(), names);
    }
}

#[test]
fn only_groups_and_domains_have_names() {
    // User, deleted, invalid, unknown, computer, label, and an undefined one.
    for kind in [0_u16, 1, 6, 7, 8, 9, 10, 0xFFFF] {
        let stub = with(FIRST_TYPE, &kind.to_le_bytes());
        assert_eq!(reply(&stub, 3).unwrap(), [None, None, group("DBA")]);
    }
    let well_known = with(FIRST_TYPE, &[5, 0]);
    assert_eq!(reply(&well_known, 3).unwrap()[0], group("Staff"));
    // A domain's name is the one in the list, not the translated one.
    let domain = with(FIRST_TYPE, &[3, 0]);
    let name = "EXAMPLE".to_owned();
    assert_eq!(reply(&domain, 3).unwrap()[0], Some(Called::Domain { name }));
}

#[test]
fn an_invalid_name_does_not_spoil_the_others() {
    let stub = with(FIRST_CHARACTERS, &[0x00, 0xD8]);
    assert_eq!(reply(&stub, 3).unwrap(), [None, None, group("DBA")]);
}

#[test]
fn a_refusal_is_an_error() {
    let stub = with(STATUS_AT, &0xC000_0022_u32.to_le_bytes());
    let expected = Error::Status("LsarLookupSids3", NtStatus::ACCESS_DENIED);
    assert_eq!(reply(&stub, 3), Err(expected));
    // Without lists.
    let bare = hex!("00000000 00000000 00000000 00000000 220000c0");
    assert_eq!(reply(&bare, 3), Err(expected));
}

#[test]
fn the_answer_to_another_question_is_refused() {
    for asked in [0, 2, 4, MAX_SIDS] {
        assert!(matches!(reply(ANSWER, asked), Err(Error::Malformed(_))));
    }
    let nothing = hex!("00000000 00000000 00000000 00000000 00000000");
    assert!(reply(&nothing, 1).is_err());
    assert_eq!(reply(&nothing, 0), Ok(vec![]));
}

#[test]
fn an_answer_without_a_list_names_none() {
    // No lists; empty lists; arrays without elements.
    let bare: &[u8] = &hex!("00000000 00000000 00000000 00000000 730000c0");
    let empty = hex!(
        "04000200 00000000 00000000 20000000"
        "00000000 00000000 00000000 730000c0"
    );
    let arrays = hex!(
        "04000200 00000000 08000200 20000000 00000000"
        "00000000 0c000200 00000000 00000000 730000c0"
    );
    for stub in [bare, &empty, &arrays] {
        assert_eq!(reply(stub, 3), Ok(vec![None, None, None]));
    }
    // With fewer names, it is the answer to another question.
    let none_mapped = with(STATUS_AT, &0xC000_0073_u32.to_le_bytes());
    assert!(matches!(reply(&none_mapped, 4), Err(Error::Malformed(_))));
}

#[test]
fn padding_and_referents_may_have_any_value() {
    let mut stub = ANSWER.to_vec();
    let ignored: [std::ops::Range<usize>; 14] = [
        0..4,     // ReferencedDomains
        8..12,    // its domains
        12..16,   // MaxEntries
        24..28,   // the name
        28..32,   // the SID
        54..56,   // after the seven characters
        92..96,   // its names
        102..104, // after the first type
        108..112, // the first name
        116..120, // Flags
        122..124, // after the second type
        142..144, // after the third type
        156..160, // Flags
        182..184, // after the five characters
    ];
    for range in ignored {
        stub[range].fill(0xA5);
    }
    assert_eq!(reply(&stub, 3), reply(ANSWER, 3));
}

#[test]
fn inconsistent_counts_are_refused() {
    for (at, value) in [
        (DOMAIN_COUNT, u32::MAX),
        (DOMAIN_COUNT, 2),
        (DOMAIN_COUNT, 0),
        (DOMAIN_POINTER, 0),
        (DOMAIN_COUNT_AGAIN, 2),
        (NAME_COUNT, u32::MAX),
        (NAME_COUNT, 257),
        (NAME_COUNT, 2),
        (NAME_POINTER, 0),
        (NAME_COUNT_AGAIN, u32::MAX),
        (FIRST_DOMAIN, 1),
        (FIRST_DOMAIN, u32::MAX),
    ] {
        let stub = with(at, &value.to_le_bytes());
        let answer = reply(&stub, 3);
        assert!(
            matches!(answer, Err(Error::Malformed(_))),
            "{at} {value}: {answer:?}"
        );
    }
}

#[test]
fn prefixes_and_longer_answers_are_refused() {
    for length in 0..ANSWER.len() {
        assert!(reply(&ANSWER[..length], 3).is_err(), "{length}");
    }
    assert!(reply(&[ANSWER, &[0]].concat(), 3).is_err());
}
