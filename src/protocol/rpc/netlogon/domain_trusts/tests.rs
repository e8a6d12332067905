use super::*;
use hex_literal::hex;

fn parties() -> Parties<'static> {
    Parties {
        server: None,
        account: "WEB1-NTLM$",
        computer: "WEB1-NTLM",
    }
}

fn sid(subs: &[u32]) -> Option<Sid> {
    Sid::new([0, 0, 0, 0, 0, 5], subs.to_vec())
}

/// EXAMPLE without a DNS name, and a row with a DNS name only.
const REPLY: [u8; 172] = hex!(
    "02000000 00000200 02000000"
    "04000200 00000000 1d000000 00000000 02000000 00000000 08000200"
    "00112233445566778899aabbccddeeff"
    "00000000 0c000200 22000000 00000000 03000000 08000000 00000000"
    "00000000000000000000000000000000"
    "03000000 00000000 03000000 450058000000 0000"
    "04000000 0104000000000005 15000000 01000000 02000000 03000000"
    "04000000 00000000 04000000 6f002e0074000000"
    "00000000"
);

#[test]
fn a_reply_is_read() {
    let expected = [
        DomainTrust {
            netbios_name: Some("EX".to_owned()),
            dns_name: None,
            flags: 0x1D,
            attributes: 0,
            sid: sid(&[21, 1, 2, 3]),
        },
        DomainTrust {
            netbios_name: None,
            dns_name: Some("o.t".to_owned()),
            flags: 0x22,
            attributes: FOREST_TRANSITIVE,
            sid: None,
        },
    ];
    assert_eq!(reply(&REPLY), Ok(expected.to_vec()));
}

#[test]
fn the_question_has_no_server_and_three_kinds() {
    assert_eq!(request(parties()), Ok(hex!("00000000 0b000000").to_vec()));
}

#[test]
fn a_refusal_is_an_error() {
    let refused = hex!("00000000 00000000 05000000");
    assert_eq!(reply(&refused), Err(Error::Status(CALL, NtStatus(5))));
    assert_eq!(reply(&hex!("00000000 00000000 00000000")), Ok(Vec::new()));
}

#[test]
fn truncated_and_inconsistent_replies_are_malformed() {
    for length in 0..REPLY.len() {
        assert!(reply(&REPLY[..length]).is_err(), "{length}");
    }
    for (at, value) in [
        (0, 3),        // a count without its domains
        (0, u32::MAX), // more than the maximum
        (4, 0),        // a count without an array
        (8, 1),        // another count
        (100, 1),      // more characters than the maximum
        (104, 1),      // an offset
        (108, 2),      // no NUL at the end
        (108, 0),      // no NUL
        (120, 5),      // more sub-authorities than follow
    ] {
        let mut changed = REPLY;
        changed[at..at + 4].copy_from_slice(&u32::to_le_bytes(value));
        assert!(reply(&changed).is_err(), "{at}: {value}");
    }
    let longer = [&REPLY[..], &[0; 4]].concat();
    assert!(reply(&longer).is_err());
}

#[test]
fn a_name_that_is_not_printable_is_omitted() {
    let mut changed = REPLY;
    changed[112..114].copy_from_slice(&[0x2E, 0x20]); // U+202E, right-to-left override
    let read = reply(&changed).unwrap();
    assert_eq!(read[0].netbios_name, None);
    assert_eq!(read[0].sid, sid(&[21, 1, 2, 3]));
    assert_eq!(read[1].dns_name.as_deref(), Some("o.t"));
}
