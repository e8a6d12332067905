use super::fixture::{POSITIVE, UNKNOWN, addresses, negative, positive, record};
use super::*;
use hex_literal::hex;

/// `EXAMPLE<1C>`.
const NAME: [u8; 34] =
    hex!("20 4546 4649 4542 454e 4641 454d 4546 4341 4341 4341 4341 4341 4341 4341 4341 424d 00");

fn query() -> NameQuery {
    NameQuery::new(0x1234, *b"EXAMPLE        ")
}

fn read(reply: Vec<u8>) -> Result<NameReply, BadReply> {
    query().reply(&reply)
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

fn single() -> Result<NameReply, BadReply> {
    Ok(NameReply::Addresses(vec![[10, 0, 0, 2].into()]))
}

#[test]
fn the_query_is_that_of_rfc_1002() {
    let head = hex!("1234 0100 0001 0000 0000 0000");
    let expected = [&head[..], &NAME, &hex!("0020 0001")].concat();
    assert_eq!(query().message(), expected);
}

#[test]
fn the_addresses_are_read_each_once() {
    let (one, two) = ([10, 0, 0, 2], [10, 0, 0, 3]);
    let positive = |of: &[[u8; 4]]| read(positive(&query().message(), of));
    let expected = vec![one.into(), two.into()];
    assert_eq!(
        positive(&[one, two, one]),
        Ok(NameReply::Addresses(expected))
    );
    assert_eq!(positive(&[]), Ok(NameReply::Addresses(vec![])));
    // The list was cut (TC).
    let cut = POSITIVE | 0x0200;
    assert_eq!(reply(cut, &NAME, &addresses(&[one])), single());
}

#[test]
fn a_repeated_question_and_a_pointer_to_it_are_read() {
    let message = |asked: &[u8], name: &[u8]| {
        let head = header(POSITIVE, 1, 1);
        query().reply(&[&head, asked, name, &addresses(&[[10, 0, 0, 2]])].concat())
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
    let negative = |flags| negative(&query().message(), flags);
    assert_eq!(read(negative(UNKNOWN)), Ok(NameReply::Unknown));
    assert_eq!(read(negative(0x8585)), Ok(NameReply::Refused(5)));
    // RFC 1002 4.2.14 counts no answer.
    let mut uncounted = negative(UNKNOWN);
    uncounted[7] = 0;
    assert_eq!(read(uncounted), Ok(NameReply::Unknown));
}

#[test]
fn replies_to_other_queries_are_foreign() {
    let rest = addresses(&[[10, 0, 0, 2]]);
    let other = NameQuery::new(0x1234, *b"EXAMPLF        ").message();
    let foreign = [
        positive(&other, &[[10, 0, 0, 2]]),
        negative(&other, UNKNOWN),
    ];
    for reply in foreign {
        assert_eq!(read(reply), Err(BadReply::Foreign));
    }
    // A request, the reply to a registration, and WAIT FOR ACKNOWLEDGEMENT.
    for flags in [0x0100, 0xAD80, 0xBC00] {
        assert_eq!(reply(flags, &NAME, &rest), Err(BadReply::Foreign));
    }
    let mut message = positive(&query().message(), &[[10, 0, 0, 2]]);
    assert_eq!(query().reply(&message), single());
    message[1] ^= 1;
    assert_eq!(query().reply(&message), Err(BadReply::Foreign));
}

#[test]
fn every_shorter_reply_is_refused() {
    let whole = positive(&query().message(), &[[10, 0, 0, 2], [10, 0, 0, 3]]);
    for length in 0..whole.len() {
        assert!(query().reply(&whole[..length]).is_err(), "{length}");
    }
    assert!(query().reply(&whole).is_ok());
}

#[test]
fn an_answer_of_another_kind_is_malformed() {
    for rest in [
        record(0x000A, IN, &[]),
        record(NB, 3, &[]),
        record(NB, IN, &hex!("e0000a0000")),
    ] {
        assert!(is_malformed(reply(POSITIVE, &NAME, &rest)));
    }
    let mut message = positive(&query().message(), &[[10, 0, 0, 2]]);
    for answers in [[0, 0], [0, 2], [0xFF, 0xFF]] {
        message[6..8].copy_from_slice(&answers);
        assert!(is_malformed(query().reply(&message)), "{answers:?}");
    }
}

#[test]
fn no_more_addresses_are_read_than_a_datagram_has() {
    let many = |count: u8| {
        let all: Vec<[u8; 4]> = (0..count).map(|last| [10, 0, 0, last]).collect();
        read(positive(&query().message(), &all))
    };
    assert!(matches!(many(86), Ok(NameReply::Addresses(all)) if all.len() == 86));
    assert!(is_malformed(many(87)));
}

#[test]
fn a_datagram_is_no_longer_than_rfc_1002_permits() {
    let of_length = |length| {
        let mut message = positive(&query().message(), &[[10, 0, 0, 2]]);
        message.resize(length, 0);
        read(message)
    };
    assert_eq!(of_length(MAX_REPLY), single());
    assert!(is_malformed(of_length(MAX_REPLY + 1)));
}
