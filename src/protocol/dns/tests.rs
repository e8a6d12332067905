//! Handmade replies.

use super::*;
use domain::base::iana::Rtype as R;
use domain::rdata::Cname;

type Owned = Name<Vec<u8>>;

fn name(text: &str) -> Owned {
    text.parse().unwrap()
}

fn question(kind: Kind) -> Question {
    Question::new(0x1234, "_ldap._tcp.dc._msdcs.example.test", kind).unwrap()
}

/// A reply to the question, with these sections.
fn reply(
    question: &Question,
    rcode: Rcode,
    answer: impl FnOnce(&mut domain::base::message_builder::AnswerBuilder<Vec<u8>>),
    additional: &[(&str, IpAddr)],
) -> Vec<u8> {
    let bytes = question.message().unwrap();
    let asked = Message::from_octets(bytes).unwrap();
    let mut builder = MessageBuilder::new_vec()
        .start_answer(&asked, rcode)
        .unwrap();
    answer(&mut builder);
    let mut builder = builder.additional();
    for (host, address) in additional {
        match address {
            IpAddr::V4(v4) => builder.push((name(host), 60, A::new(*v4))).unwrap(),
            IpAddr::V6(v6) => builder.push((name(host), 60, Aaaa::new(*v6))).unwrap(),
        }
    }
    builder.finish()
}

fn two_controllers(question: &Question) -> Vec<u8> {
    let owner = question.name.clone();
    reply(
        question,
        Rcode::NOERROR,
        |answer| {
            for (priority, weight, target) in [
                (0, 100, "DC1.Example.test"),
                (10, 0, "dc2.example.test"),
                (0, 0, "."),
            ] {
                let data = Srv::new(priority, weight, 389, name(target));
                answer.push((owner.clone(), 60, data)).unwrap();
            }
            // A record of another owner is not an answer.
            let data = Srv::new(0, 0, 389, name("evil.test"));
            answer.push((name("other.test"), 60, data)).unwrap();
        },
        &[
            ("dc1.example.test", "192.0.2.1".parse().unwrap()),
            ("DC1.example.test", "2001:db8::1".parse().unwrap()),
        ],
    )
}

#[test]
fn a_question_is_encoded_as_in_rfc_1035() {
    let message = Question::new(0xABCD, "dc1.example.test", Kind::V4)
        .unwrap()
        .message()
        .unwrap();
    let mut expected = vec![0xAB, 0xCD, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
    expected.extend(b"\x03dc1\x07example\x04test\0\0\x01\0\x01");
    // OPT: 1,232 bytes over UDP.
    expected.extend([0, 0, 41, 0x04, 0xD0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(message, expected);
}

#[test]
fn without_opt_a_question_is_a_header_and_a_name() {
    let question = question(Kind::V4);
    let [with, without] = [question.message(), question.message_without_opt()].map(Result::unwrap);
    assert_eq!(without[..10], with[..10]);
    assert_eq!(without[10..12], [0, 0], "ARCOUNT");
    assert_eq!(without[12..], with[12..with.len() - 11]);
}

#[test]
fn services_are_read_with_the_addresses_of_their_hosts() {
    let question = question(Kind::Service);
    let Ok(Reply::Answer(answer)) = question.reply(&two_controllers(&question)) else {
        panic!("no answer");
    };
    let of = |priority, weight, target: &str| Service {
        priority,
        weight,
        port: 389,
        target: target.to_owned(),
    };
    assert_eq!(
        answer.services,
        [
            of(0, 100, "dc1.example.test"),
            of(10, 0, "dc2.example.test")
        ]
    );
    let host = "dc1.example.test".to_owned();
    assert_eq!(
        answer.hosts,
        [
            (host.clone(), "192.0.2.1".parse().unwrap()),
            (host, "2001:db8::1".parse().unwrap())
        ]
    );
}

#[test]
fn addresses_of_a_name_and_of_its_alias() {
    let question = Question::new(1, "dc.example.test", Kind::V4).unwrap();
    let message = reply(
        &question,
        Rcode::NOERROR,
        |answer| {
            // Not in the order of the chain.
            let address = A::from_octets(192, 0, 2, 7);
            answer.push((name("c.test"), 60, address)).unwrap();
            for (alias, of) in [("b.test", "c.test"), ("dc.example.test", "b.test")] {
                answer
                    .push((name(alias), 60, Cname::new(name(of))))
                    .unwrap();
            }
            let other = A::from_octets(192, 0, 2, 8);
            answer.push((name("d.test"), 60, other)).unwrap();
        },
        &[],
    );
    let Ok(Reply::Answer(answer)) = question.reply(&message) else {
        panic!("no answer");
    };
    assert_eq!(answer.addresses, ["192.0.2.7".parse::<IpAddr>().unwrap()]);
}

#[test]
fn circular_aliases_are_malformed() {
    let question = Question::new(1, "a.test", Kind::V6).unwrap();
    let message = reply(
        &question,
        Rcode::NOERROR,
        |answer| {
            for (alias, of) in [("a.test", "b.test"), ("b.test", "a.test")] {
                answer
                    .push((name(alias), 60, Cname::new(name(of))))
                    .unwrap();
            }
        },
        &[],
    );
    assert_eq!(question.reply(&message), Err(NoReply::Malformed));
}

#[test]
fn only_the_reply_to_the_question_is_accepted() {
    let asked = question(Kind::Service);
    let right = two_controllers(&asked);
    let with = |change: fn(&mut Vec<u8>)| {
        let mut message = right.clone();
        change(&mut message);
        asked.reply(&message)
    };
    assert_eq!(with(|message| message[1] ^= 1), Err(NoReply::Foreign));
    assert_eq!(with(|message| message[2] &= 0x7F), Err(NoReply::Foreign));
    assert_eq!(with(|message| message[2] |= 0x28), Err(NoReply::Foreign));
    assert_eq!(with(|message| message[14] ^= 1), Err(NoReply::Foreign));
    // No question at all, and two.
    assert_eq!(with(|message| message[5] = 0), Err(NoReply::Foreign));
    assert_eq!(with(|message| message[5] = 2), Err(NoReply::Foreign));
    assert_eq!(asked.reply(b""), Err(NoReply::Foreign));
    assert_eq!(question(Kind::V4).reply(&right), Err(NoReply::Foreign));
    // The case is ours to choose.
    assert!(matches!(
        with(|message| message[13] = b'_'),
        Ok(Reply::Answer(_))
    ));
    assert!(with(|message| message[14] = b'L').is_ok());
}

#[test]
fn every_prefix_is_an_error() {
    let question = question(Kind::Service);
    let whole = two_controllers(&question);
    for end in 0..whole.len() {
        assert!(question.reply(&whole[..end]).is_err(), "{end}");
    }
}

#[test]
fn a_name_that_points_at_itself_is_malformed() {
    let question = question(Kind::Service);
    let mut message = two_controllers(&question);
    let first = question.message().unwrap().len() - 11;
    let at = u16::try_from(first).unwrap() | 0xC000;
    message[first..first + 2].copy_from_slice(&at.to_be_bytes());
    assert_eq!(question.reply(&message), Err(NoReply::Malformed));
}

#[test]
fn response_codes_and_flags_are_read() {
    let question = question(Kind::Service);
    let with = |rcode| question.reply(&reply(&question, rcode, |_| {}, &[]));
    let empty = Ok(Reply::Answer(Answer::default()));
    assert_eq!(with(Rcode::NOERROR), empty);
    assert_eq!(with(Rcode::NXDOMAIN), empty);
    assert_eq!(with(Rcode::SERVFAIL), Ok(Reply::Refused("SERVFAIL".into())));
    assert_eq!(with(Rcode::REFUSED), Ok(Reply::Refused("REFUSED".into())));
    for (rcode, name) in [(Rcode::FORMERR, "FORMERR"), (Rcode::NOTIMP, "NOTIMP")] {
        let not_understood = Ok(Reply::NotUnderstood(name.into()));
        assert_eq!(with(rcode), not_understood);
        // Only a header, as some servers answer a question that they cannot parse.
        let mut bare = reply(&question, rcode, |_| {}, &[]);
        bare.truncate(12);
        bare[4..].fill(0);
        assert_eq!(question.reply(&bare), not_understood);
        bare[0] ^= 1;
        assert_eq!(question.reply(&bare), Err(NoReply::Foreign));
    }
    let mut cut = two_controllers(&question);
    cut[2] |= 0x02;
    cut.truncate(40 + 20);
    assert_eq!(question.reply(&cut), Ok(Reply::Truncated));
    assert_eq!(question.kind, R::SRV);
}

#[test]
fn invalid_names_are_refused() {
    for bad in ["a..test", &"x".repeat(64), &"a.".repeat(200)] {
        assert!(Question::new(1, bad, Kind::V4).is_err(), "{bad}");
    }
}
