//! Recorded questions and answers.

use super::*;
use hex_literal::hex;

/// The question of Samba's recorded answer.
const REQUEST: &[u8] = &hex!(
    "305e020101635904000a01000a0100020100020100010100a03aa3190409446e73446f6d61696e"
    "040c6578616d706c652e74657374a30e0404486f737404064e4c52455331a30d04054e74566572"
    "040416000020300a04084e65746c6f676f6e"
);

/// A blob with compressed names, which point back into it.
fn blob(opcode: u16) -> Vec<u8> {
    let mut blob = opcode.to_le_bytes().to_vec();
    blob.extend(hex!("0000 fd330000"));
    blob.extend([0xAB; 16]);
    // At 24: the forest; the domain is the same, and the host's name ends in it.
    blob.extend(b"\x07example\x04test\0");
    blob.extend(hex!("c018"));
    blob.extend(b"\x03DC1\xc0\x18");
    blob.extend(b"\x07EXAMPLE\0\x03DC1\0\0");
    blob.extend(b"\x06Berlin\0\xc0\x3d");
    blob.extend(hex!("05000000 ffff ffff"));
    blob
}

fn datagram(id: u32, attribute: &str, value: &[u8]) -> Vec<u8> {
    let vals = element(0x31, &element(0x04, value));
    let pair = element(0x30, &[element(0x04, attribute.as_bytes()), vals].concat());
    let entry = [element(0x04, b""), element(0x30, &pair)].concat();
    let message = element(0x30, &[integer(id), element(0x64, &entry)].concat());
    [message, done(id)].concat()
}

fn done(id: u32) -> Vec<u8> {
    let result = [element(0x0A, &[0]), element(0x04, b""), element(0x04, b"")];
    element(
        0x30,
        &[integer(id), element(0x65, &result.concat())].concat(),
    )
}

#[test]
fn the_question_is_as_recorded() {
    assert_eq!(request(1, "example.test", "NLRES1"), REQUEST);
}

#[test]
fn long_names_and_numbers_are_encoded() {
    let long = "a".repeat(200);
    let message = request(0x7FFF_FFFF, &long, "WEB1");
    let mut reader = Reader::new(&message);
    let content = expect(&mut reader, 0x30, "LDAPMessage").unwrap();
    reader.finish("datagram").unwrap();
    assert!(content.starts_with(&hex!("02047fffffff")));
    assert_eq!(integer(0), hex!("020100"));
    assert_eq!(integer(0x80), hex!("02020080"));
    assert_eq!(integer(0x0100), hex!("02020100"));
    assert_eq!(integer(u32::MAX), hex!("020500ffffffff"));
}

#[test]
fn an_answer_has_names_and_sites() {
    for attribute in ["Netlogon", "netlogon"] {
        let identity = answer(300, &datagram(300, attribute, &blob(23)));
        let identity = identity.unwrap().unwrap();
        assert_eq!(identity.dns_domain, "example.test");
        assert_eq!(identity.dns_host, "dc1.example.test");
        assert_eq!(identity.netbios_domain, "EXAMPLE");
        assert_eq!(identity.netbios_host, "DC1");
        assert_eq!(identity.controller_site, "Berlin");
        assert_eq!(identity.client_site, "Berlin");
        assert!(!identity.paused && identity.is_writable() && identity.is_closest());
    }
    let paused = answer(1, &datagram(1, "Netlogon", &blob(24))).unwrap();
    assert!(paused.unwrap().paused);
}

#[test]
fn flags_tell_a_read_only_controller() {
    let mut blob = blob(23);
    blob[5] &= !0x01;
    let identity = identity(&blob).unwrap();
    assert!(!identity.is_writable() && identity.is_closest());
}

#[test]
fn netbios_names_are_utf_8_and_dns_names_are_printable() {
    let mut blob = blob(23)[..24].to_vec();
    for name in ["a", "b\x1b", "C", "MÜLLER & SÖHNE", "Ü1", "", "", ""] {
        if !name.is_empty() {
            blob.push(u8::try_from(name.len()).unwrap());
            blob.extend(name.as_bytes());
        }
        blob.push(0);
    }
    let identity = identity(&blob).unwrap();
    assert_eq!(identity.netbios_domain, "MÜLLER & SÖHNE");
    assert_eq!(identity.netbios_host, "Ü1");
    assert_eq!(identity.dns_domain, "b\\027");
    assert_eq!(identity.dns_host, "c");
    assert_eq!(identity.client_site, "");
}

#[test]
fn an_empty_result_means_another_domain() {
    assert_eq!(answer(7, &done(7)), Ok(None));
    assert_eq!(answer(7, &datagram(7, "other", b"x")), Ok(None));
}

#[test]
fn malformed_answers_are_refused() {
    let right = datagram(5, "netlogon", &blob(23));
    assert!(answer(6, &right).is_err(), "of another question");
    assert!(answer(5, &datagram(5, "netlogon", &blob(25))).is_err());
    // The search entry ends with its LDAPMessage: bytes behind it are not read.
    let whole = right.len() - done(5).len();
    for end in 0..whole {
        assert!(answer(5, &right[..end]).is_err(), "{end}");
    }
    for end in 0..blob(23).len() - 8 {
        assert!(identity(&blob(23)[..end]).is_err(), "{end}");
    }
    // A name that points at itself, and one that points ahead.
    for pointer in [hex!("c018"), hex!("c0ff")] {
        let mut blob = blob(23);
        blob[24..26].copy_from_slice(&pointer);
        assert!(identity(&blob).is_err());
    }
    assert!(answer(5, &hex!("3080 0000")).is_err(), "indefinite length");
    assert!(answer(5, &hex!("3084ffffffff")).is_err());
}

#[test]
fn over_tcp_the_header_tells_the_length() {
    let length = |head: [u8; HEADER]| message_length(&head);
    assert_eq!(length(hex!("3005 020105 65")), Ok(7));
    assert_eq!(length(hex!("3081 80 0201 05")), Ok(131));
    assert_eq!(length(hex!("3082 0100 0201")), Ok(260));
    assert_eq!(length(hex!("3084 00000010")), Ok(22));
    assert_eq!(length(hex!("3082 0ffc 0201")), Ok(MAX_ANSWER));
    assert!(length(hex!("3082 0ffd 0201")).is_err(), "too long");
    assert!(length(hex!("3084 ffffffff")).is_err());
    assert!(length(hex!("3080 02010565")).is_err(), "indefinite length");
    assert!(length(hex!("0405 02010565")).is_err(), "another tag");
    let message = datagram(5, "netlogon", &blob(23));
    let whole = length(*message.first_chunk().unwrap()).unwrap();
    assert!(answer(5, &message[..whole]).unwrap().is_some());
    assert_eq!(message.len() - whole, done(5).len());
}

#[test]
fn lengths_as_windows_writes_them() {
    let message = datagram(5, "netlogon", &blob(23));
    let content = expect(&mut Reader::new(&message), 0x30, "m").unwrap();
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    let wide = [&hex!("3084")[..], &length, content].concat();
    assert!(answer(5, &wide).unwrap().is_some());
}

#[test]
fn the_clock_is_asked_for_and_read() {
    // Samba 4.17 answered this question.
    let question = hex!(
        "3032020107632d04000a01000a0100020100020100010100870b6f626a656374436c617373"
        "300d040b63757272656e7454696d65"
    );
    assert_eq!(clock_request(7), question);
    let told = |text: &str| clock_answer(7, &datagram(7, "currentTime", text.as_bytes()));
    // `date -u -d '2026-11-27 23:43:16' +%s`, and so on.
    for (text, seconds) in [
        ("20261127234316.0Z", 1_795_822_996),
        ("20240229235959.0Z", 1_709_251_199),
        ("20240301000000Z", 1_709_251_200),
        ("19700101000000.0Z", 0),
        ("21000228120000.0Z", 4_107_499_200),
        ("21000301000000.0Z", 4_107_542_400),
    ] {
        assert_eq!(told(text), Ok(Some(seconds)), "{text}");
    }
    for text in [
        "",
        "2026112723431",
        "20261127234316.0",
        "20261127234316+0100",
        "19691231235959Z",
    ] {
        assert!(told(text).is_err(), "{text}");
    }
    for text in [
        "20261327234316.0Z",
        "20260027234316.0Z",
        "2026112723431xZ",
        "+0261127234316Z",
    ] {
        assert!(told(text).is_err(), "{text}");
    }
    assert_eq!(clock_answer(7, &done(7)), Ok(None));
    assert!(clock_answer(8, &datagram(7, "currentTime", b"20261127234316.0Z")).is_err());
}
