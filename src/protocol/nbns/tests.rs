use super::*;
use hex_literal::hex;

/// `EXAMPLE<1C>`.
const NAME: [u8; 34] =
    hex!("20 4546 4649 4542 454e 4641 454d 4546 4341 4341 4341 4341 4341 4341 4341 4341 424d 00");
/// Type NULL, class, lifetime and length: the record of a negative reply.
const NULL: [u8; 10] = hex!("000a 0001 00000000 0000");

fn query() -> NameQuery {
    NameQuery::new(0x1234, "Example").unwrap()
}

fn header(flags: u16, questions: u16, answers: u16) -> Vec<u8> {
    let numbers = [0x1234, flags, questions, answers, 0, 0];
    numbers.map(u16::to_be_bytes).concat()
}

fn reply(flags: u16, name: &[u8], rest: &[u8]) -> Result<NameReply, BadReply> {
    query().reply(&[&header(flags, 0, 1)[..], name, rest].concat())
}

fn is_malformed(read: Result<NameReply, BadReply>) -> bool {
    matches!(read, Err(BadReply::Malformed(_)))
}

/// Type, class, lifetime and length of an answer, and its entries.
fn record(addresses: &[[u8; 4]]) -> Vec<u8> {
    let mut rest = hex!("0020 0001 00000e10").to_vec();
    rest.extend(u16::try_from(addresses.len() * 6).unwrap().to_be_bytes());
    for address in addresses {
        rest.extend([0xE0, 0x00]);
        rest.extend(address);
    }
    rest
}

fn single() -> Result<NameReply, BadReply> {
    Ok(NameReply::Addresses(vec![[10, 0, 0, 2].into()]))
}

#[test]
fn the_query_is_that_of_rfc_1002() {
    let head = hex!("1234 0100 0001 0000 0000 0000");
    let expected = [&head[..], &NAME, &hex!("0020 0001")].concat();
    assert_eq!(query().message(), expected);
    for domain in ["", "SIXTEEN-LETTERS-", "B\u{dc}RO"] {
        assert!(NameQuery::new(1, domain).is_none(), "{domain}");
    }
    assert!(NameQuery::new(1, "FIFTEEN-LETTERS").is_some());
}

#[test]
fn the_addresses_are_read_each_once() {
    let (one, two) = ([10, 0, 0, 2], [10, 0, 0, 3]);
    let read = reply(0x8580, &NAME, &record(&[one, two, one]));
    let expected = vec![one.into(), two.into()];
    assert_eq!(read, Ok(NameReply::Addresses(expected)));
    let none = reply(0x8580, &NAME, &record(&[]));
    assert_eq!(none, Ok(NameReply::Addresses(vec![])));
    // The list was cut (TC).
    assert_eq!(reply(0x8780, &NAME, &record(&[one])), single());
}

#[test]
fn a_repeated_question_and_a_pointer_to_it_are_read() {
    let message = |asked: &[u8], name: &[u8]| {
        let head = header(0x8580, 1, 1);
        query().reply(&[&head, asked, name, &record(&[[10, 0, 0, 2]])].concat())
    };
    let asked = [&NAME[..], &hex!("0020 0001")].concat();
    for name in [&NAME[..], &POINTER] {
        assert_eq!(message(&asked, name), single());
    }
    for kind in [hex!("0021 0001"), hex!("0020 0002")] {
        let asked = [&NAME[..], &kind].concat();
        assert_eq!(message(&asked, &POINTER), Err(BadReply::Foreign));
    }
}

#[test]
fn a_negative_reply_tells_why() {
    assert_eq!(reply(0x8583, &NAME, &NULL), Ok(NameReply::Unknown));
    assert_eq!(reply(0x8585, &NAME, &NULL), Ok(NameReply::Refused(5)));
    // RFC 1002 4.2.14 counts no answer.
    let read = query().reply(&[&header(0x8583, 0, 0)[..], &NAME, &NULL].concat());
    assert_eq!(read, Ok(NameReply::Unknown));
}

#[test]
fn replies_to_other_queries_are_foreign() {
    let rest = record(&[[10, 0, 0, 2]]);
    let mut other = NAME;
    other[2] = b'A';
    assert_eq!(reply(0x8580, &other, &rest), Err(BadReply::Foreign));
    assert_eq!(reply(0x8583, &other, &NULL), Err(BadReply::Foreign));
    // A request, the reply to a registration, and WAIT FOR ACKNOWLEDGEMENT.
    for flags in [0x0100, 0xAD80, 0xBC00] {
        assert_eq!(reply(flags, &NAME, &rest), Err(BadReply::Foreign));
    }
    let mut message = [&header(0x8580, 0, 1)[..], &NAME, &rest].concat();
    assert_eq!(query().reply(&message), single());
    message[1] ^= 1;
    assert_eq!(query().reply(&message), Err(BadReply::Foreign));
}

#[test]
fn every_shorter_reply_is_refused() {
    let rest = record(&[[10, 0, 0, 2], [10, 0, 0, 3]]);
    let whole = [&header(0x8580, 0, 1)[..], &NAME, &rest].concat();
    for length in 0..whole.len() {
        assert!(query().reply(&whole[..length]).is_err(), "{length}");
    }
    assert!(query().reply(&whole).is_ok());
}

#[test]
fn an_answer_of_another_kind_is_malformed() {
    for rest in [
        // NULL, with a positive code; another class; five bytes.
        &NULL[..],
        &hex!("0020 0003 00000000 0000"),
        &hex!("0020 0001 00000000 0005 e0000a0000"),
    ] {
        assert!(is_malformed(reply(0x8580, &NAME, rest)));
    }
    for answers in [0, 2, u16::MAX] {
        let rest = record(&[[10, 0, 0, 2]]);
        let message = [&header(0x8580, 0, answers)[..], &NAME, &rest].concat();
        assert!(is_malformed(query().reply(&message)), "{answers}");
    }
}

#[test]
fn no_more_addresses_are_read_than_a_datagram_has() {
    let many = |count: u8| {
        let all: Vec<[u8; 4]> = (0..count).map(|last| [10, 0, 0, last]).collect();
        reply(0x8580, &NAME, &record(&all))
    };
    assert!(matches!(many(86), Ok(NameReply::Addresses(all)) if all.len() == 86));
    assert!(is_malformed(many(87)));
}
