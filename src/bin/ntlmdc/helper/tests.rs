use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gss_ntlmdc::login::initiate::{Initiator, Lifetime, PasswordHash, Purpose, User};
use gss_ntlmdc::login::setup::Source;
use gss_ntlmdc::protocol::ntlm::initiator::Protection;

use super::*;
use crate::arguments::ServerOptions;

const PASSWORD: &str = "Pw 1%";

fn helper(protocol: Protocol, group: Option<&str>) -> Helper {
    Helper {
        protocol,
        require_membership_of: group.map(str::to_owned),
        server: ServerOptions {
            config: None,
            service_user: "www-data".to_owned(),
        },
    }
}

/// A server with one user, whose name has a space.
fn server() -> (tempfile::TempDir, Server) {
    let directory = tempfile::tempdir().unwrap();
    let users = directory.path().join("users");
    fs::write(&users, format!("EXAMPLE:alice smith:{PASSWORD}\n")).unwrap();
    fs::set_permissions(&users, Permissions::from_mode(0o600)).unwrap();
    let server = Server::of(Source {
        users_file: Some(users),
        netbios_computer: Some("WEB1".to_owned()),
        ..Source::default()
    });
    (directory, server.unwrap())
}

/// The answers to these lines.
fn answers(arguments: &Helper, lines: &[&str]) -> Vec<String> {
    let (_directory, server) = server();
    let mut session = Session::new(&server, arguments);
    lines
        .iter()
        .map(|line| session.answer(line.as_bytes()))
        .collect()
}

fn client(password: &str) -> Initiator {
    let hash = PasswordHash::of_password(password.as_bytes()).unwrap();
    Initiator::new(Purpose {
        user: User::typed("EXAMPLE\\alice smith", hash, "CLIENT").unwrap(),
        target: None,
        protection: Protection {
            sign: true,
            seal: false,
        },
        lifetime: Lifetime::default(),
    })
}

/// A login with plain NTLM: the answer to its second line.
fn log_in(session: &mut Session<'_>, password: &str) -> String {
    let mut client = client(password);
    let line = |word, token: &[u8]| format!("{word} {}", STANDARD.encode(token));
    let first = session.answer(line("YR", &client.step(None, &[]).unwrap()).as_bytes());
    let token = first.strip_prefix("TT ").unwrap().trim_end_matches(" *");
    let challenge = STANDARD.decode(token).unwrap();
    let last = client.step(None, &challenge).unwrap();
    session.answer(line("KK", &last).as_bytes())
}

#[test]
fn a_user_is_one_word() {
    let (_directory, server) = server();
    for (protocol, expected) in [
        (Protocol::Ntlm, "AF EXAMPLE\\alice%20smith"),
        (Protocol::Negotiate, "AF * EXAMPLE\\alice%20smith"),
    ] {
        let arguments = helper(protocol, None);
        let mut session = Session::new(&server, &arguments);
        assert_eq!(log_in(&mut session, PASSWORD), expected);
    }
}

/// squid takes the second word for the user, and drops quotation marks.
#[test]
fn no_name_reads_as_another() {
    for (name, expected) in [
        ("EXAMPLE\\alice", "AF EXAMPLE\\alice"),
        ("x EXAMPLE\\alice", "AF x%20EXAMPLE\\alice"),
        ("\"alice@example.test", "AF %22alice@example.test"),
        ("a%20b", "AF a%2520b"),
        ("a\u{a0}b\tc", "AF a%C2%A0b%09c"),
    ] {
        assert_eq!(line::accepted(name, None, false), expected);
    }
}

#[test]
fn a_wrong_password_is_refused_and_the_right_one_let_in_after_it() {
    let (_directory, server) = server();
    let arguments = helper(Protocol::Ntlm, None);
    let mut session = Session::new(&server, &arguments);
    for _ in 0..2 {
        let answer = log_in(&mut session, "wrong");
        assert!(answer == format!("NA {REFUSED}"), "{answer}");
        assert!(log_in(&mut session, PASSWORD).starts_with("AF "));
    }
}

/// Without membership of a group that is known, a user is refused.
#[test]
fn a_group_is_required() {
    let (_directory, server) = server();
    for group in ["S-1-5-21-1-2-3-513", "Domain Users", ""] {
        let arguments = helper(Protocol::Ntlm, Some(group));
        let mut session = Session::new(&server, &arguments);
        let answer = log_in(&mut session, PASSWORD);
        assert!(
            answer.starts_with("NA ") && answer.ends_with(NOT_A_MEMBER),
            "{answer}"
        );
        let arguments = helper(Protocol::Basic, Some(group));
        let mut session = Session::new(&server, &arguments);
        let answer = session.answer(b"EXAMPLE%5Calice%20smith Pw%201%25");
        assert!(answer.starts_with("ERR "), "{answer}");
    }
}

#[test]
fn user_and_password_are_url_encoded() {
    let basic = helper(Protocol::Basic, None);
    let lines = [
        "EXAMPLE%5Calice%20smith Pw%201%25",
        "alice%20smith%40example Pw%201%25",
        "EXAMPLE%5Calice%20smith Pw+1%25",
        "EXAMPLE%5Calice%20smith ",
    ];
    let answers = answers(&basic, &lines);
    assert_eq!(answers[..2], ["OK", "OK"]);
    assert!(
        answers[2..].iter().all(|answer| answer.starts_with("ERR ")),
        "{answers:?}"
    );
}

#[test]
fn what_is_no_line_of_the_protocol_gets_an_answer() {
    for line in [
        "",
        "YR",
        "YR ",
        "KK ",
        "YR ???",
        "XX TlRMTVNTUAA=",
        "TlRMTVNTUAA=",
    ] {
        let [answer] = &answers(&helper(Protocol::Ntlm, None), &[line])[..] else {
            panic!("one answer");
        };
        assert!(answer.starts_with("BH "), "{line}: {answer}");
    }
    for line in ["", "alice", "alice%2 x", "%FF x"] {
        let [answer] = &answers(&helper(Protocol::Basic, None), &[line])[..] else {
            panic!("one answer");
        };
        assert!(answer.starts_with("BH "), "{line}: {answer}");
    }
}

/// Only `gss-spnego` takes SPNEGO, and a token that is none is refused by both.
#[test]
fn a_token_of_another_mechanism_is_refused() {
    for protocol in [Protocol::Ntlm, Protocol::Negotiate] {
        for token in [&b"\x60\x03\x06\x01\x2a"[..], b"\xa1\x02\x30\x00", b"x"] {
            let line = format!("YR {}", STANDARD.encode(token));
            let [answer] = &answers(&helper(protocol, None), &[&line])[..] else {
                panic!("one answer");
            };
            assert!(answer.starts_with("NA "), "{token:x?}: {answer}");
        }
    }
}

#[test]
fn an_answer_without_a_challenge_is_refused() {
    let mut initiator = client(PASSWORD);
    let negotiate = STANDARD.encode(initiator.step(None, &[]).unwrap());
    let (_directory, server) = server();
    let arguments = helper(Protocol::Ntlm, None);
    let mut session = Session::new(&server, &arguments);
    assert!(
        session
            .answer(format!("YR {negotiate}").as_bytes())
            .starts_with("TT ")
    );
    // Another login has begun meanwhile: its challenge is not the one that was answered.
    let answer = log_in(&mut session, PASSWORD);
    let user = "AF EXAMPLE\\alice%20smith";
    assert_eq!(answer, user);
    assert!(session.answer(b"KK TlRMTVNTUAADAAAA").starts_with("NA "));
}

#[test]
fn lines_are_served_until_the_input_ends() {
    let (_directory, server) = server();
    let arguments = helper(Protocol::Basic, None);
    let mut output = Vec::new();
    let input = b"EXAMPLE%5Calice%20smith Pw%201%25\nnonsense\r\nx y";
    Session::new(&server, &arguments)
        .serve(&mut &input[..], &mut output)
        .unwrap();
    let output = String::from_utf8(output).unwrap();
    let words: Vec<_> = output
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(words, ["OK", "BH", "ERR"]);
    let long = [
        &vec![b'x'; MAX_LINE + 1][..],
        b"\nEXAMPLE%5Calice%20smith Pw%201%25\n",
    ]
    .concat();
    let mut output = Vec::new();
    Session::new(&server, &arguments)
        .serve(&mut &long[..], &mut output)
        .unwrap();
    assert_eq!(output, b"BH the line is too long\nOK\n");
}
