use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gss_ntlmdc::login::accept::{Acceptor, Step, Terms};
use gss_ntlmdc::login::initiate::{Initiator, Lifetime, PasswordHash, Purpose, User};
use gss_ntlmdc::login::setup::{self, Source};
use gss_ntlmdc::protocol::ntlm::bindings::ChannelBindings;
use gss_ntlmdc::protocol::ntlm::initiator::Protection;

use super::token::{Token, find};
use super::*;
use crate::report::{FieldValue, Section};

const PASSWORD: &str = "Pw-1 of alice";

/// The three messages of a login of alice.
fn messages(channel: Option<&ChannelBindings<'_>>) -> [Vec<u8>; 3] {
    let directory = tempfile::tempdir().unwrap();
    let users = directory.path().join("users");
    std::fs::write(&users, format!("EXAMPLE:alice:{PASSWORD}\n")).unwrap();
    std::fs::set_permissions(&users, Permissions::from_mode(0o600)).unwrap();
    let source = Source {
        users_file: Some(users),
        netbios_computer: Some("WEB1".to_owned()),
        ..Source::default()
    };
    let setup = setup::load(&source).unwrap();
    let hash = PasswordHash::of_password(PASSWORD.as_bytes()).unwrap();
    let mut initiator = Initiator::new(Purpose {
        user: User::typed("EXAMPLE\\alice", hash, "CLIENT").unwrap(),
        target: None,
        protection: Protection {
            sign: true,
            seal: true,
        },
        lifetime: Lifetime::default(),
    });
    let mut acceptor = Acceptor::new();
    let negotiate = initiator.step(channel, &[]).unwrap();
    let Step::Continue(challenge) = acceptor.step(&Terms::of(&setup), &negotiate).unwrap() else {
        panic!("no challenge");
    };
    let authenticate = initiator.step(channel, &challenge).unwrap();
    [negotiate, challenge, authenticate]
}

/// The values of the fields of this name.
fn values(sections: &[Section], name: &str) -> Vec<String> {
    let fields = sections.iter().flat_map(|section| &section.fields);
    fields
        .filter(|field| field.name == name)
        .map(|field| match &field.value {
            FieldValue::Text(text) => text.clone(),
            FieldValue::List(values) => values.join("\n"),
        })
        .collect()
}

fn explained(bytes: &[u8]) -> Vec<Section> {
    transcript::explain(&transcript::read(bytes))
}

#[test]
fn each_message_is_shown_by_its_fields() {
    let [negotiate, challenge, authenticate] = messages(None);
    let sections = explained(&negotiate);
    assert!(sections[0].title.starts_with("NEGOTIATE_MESSAGE"));
    assert!(values(&sections, "NegotiateFlags")[0].contains("NEGOTIATE_UNICODE"));
    let sections = explained(&challenge);
    assert_eq!(values(&sections, "MsvAvNbComputerName"), ["\"WEB1\""]);
    assert_eq!(values(&sections, "TargetName"), ["\"EXAMPLE\""]);
    let sections = explained(&authenticate);
    assert_eq!(values(&sections, "UserName"), ["\"alice\""]);
    assert_eq!(values(&sections, "DomainName"), ["\"EXAMPLE\""]);
    assert!(values(&sections, "MsvAvFlags")[0].contains("MIC"));
}

/// A listener guesses passwords from the response and the MIC.
#[test]
fn secrets_are_hidden() {
    let [.., authenticate] = messages(None);
    let report = Report {
        sections: explained(&authenticate),
    };
    let shown = report.to_text() + &report.to_json().to_string();
    for part in authenticate
        .windows(6)
        .filter(|part| part.iter().all(|byte| *byte != 0))
    {
        let is_text = part.iter().all(u8::is_ascii_graphic);
        assert!(is_text || !shown.contains(&payload::hex(part)), "{part:x?}");
    }
}

#[test]
fn tokens_are_found_in_what_holds_them() {
    let [negotiate, ..] = messages(None);
    let base64 = STANDARD.encode(&negotiate);
    let hex = payload::hex(&negotiate);
    for text in [
        base64.clone(),
        hex.clone(),
        format!("0x{hex}"),
        format!("Authorization: NTLM {base64}\r\n"),
        format!("< WWW-Authenticate: Negotiate {base64}\n< Date: now\n"),
        format!(
            r#"{{"name":"authorization","value":"NTLM {}"}}"#,
            base64.replace('/', "\\/")
        ),
        format!("{base64} and again {base64}"),
    ] {
        assert_eq!(
            find(text.as_bytes()),
            [Token::Ntlm(negotiate.clone())],
            "{text}"
        );
    }
    assert_eq!(find(&negotiate), [Token::Ntlm(negotiate)]);
    assert_eq!(
        find(b"NTLM, Basic realm=\"a/b\" Bm9uIG9tbmlzIG1vcmlhcg=="),
        []
    );
}

/// What `curl -v` prints of a login, and a part of the page.
fn conversation(messages: &[Vec<u8>; 3], end: &str) -> String {
    let [negotiate, challenge, authenticate] = messages.each_ref().map(|it| STANDARD.encode(it));
    let request = |token| format!("> GET / HTTP/1.1\r\n> Authorization: NTLM {token}\r\n> \r\n");
    [
        "*   Trying 10.0.0.3:80...\n* Connected to web1\n",
        &request(negotiate),
        "< HTTP/1.1 401 Unauthorized\r\n* Ignoring the response-body\n",
        &format!("< WWW-Authenticate: NTLM {challenge}\r\n< Set-Cookie: a=secret\r\n< \r\n"),
        &request(authenticate),
        &format!("< HTTP/1.1 {end}\r\n< \r\n{{ [48 bytes data]\n<html>\n"),
    ]
    .concat()
}

#[test]
fn responses_between_the_messages_have_their_outcome() {
    let messages = messages(None);
    let titles = |text: &str| {
        let sections = explained(text.as_bytes());
        let words = sections.iter().map(|section| {
            let end = section.title.find(' ').unwrap();
            section.title[..end].to_owned()
        });
        words.collect::<Vec<_>>().join(" ")
    };
    let logins = |text: &str| values(&explained(text.as_bytes()), "login");
    let accepted = conversation(&messages, "200 OK");
    let expected = "NEGOTIATE_MESSAGE HTTP CHALLENGE_MESSAGE AUTHENTICATE_MESSAGE HTTP";
    assert_eq!(titles(&accepted), expected);
    assert_eq!(logins(&accepted), ["accepted"]);
    let tokens: Vec<Token> = messages.iter().cloned().map(Token::Ntlm).collect();
    assert_eq!(
        transcript::tokens(transcript::read(accepted.as_bytes())),
        tokens
    );
    // Without curl's marks, as in a file of headers.
    let plain = accepted.replace("\n< ", "\n").replace("\n> ", "\n");
    assert_eq!(titles(&plain), expected);
    assert_eq!(logins(&plain), ["accepted"]);

    let refused = conversation(&messages, "401 Unauthorized\r\n< WWW-Authenticate: NTLM");
    assert_eq!(logins(&refused), ["refused"]);
    let proxy = conversation(&messages, "407 Proxy Authentication Required");
    assert_eq!(logins(&proxy), [""; 0]);
    let shown = values(&explained(accepted.as_bytes()), "WWW-Authenticate");
    assert!(
        shown[0].starts_with("NTLM, with CHALLENGE_MESSAGE"),
        "{shown:?}"
    );
    let cookies = values(&explained(accepted.as_bytes()), "Set-Cookie");
    assert_eq!(cookies, ["a=…"]);
}

#[test]
fn a_response_alone_is_shown() {
    let sections = explained(b"HTTP/2 401 \r\nwww-authenticate: Negotiate\r\n\r\nbody: none");
    assert_eq!(sections.len(), 1);
    assert_eq!(values(&sections, "status"), ["HTTP/2 401"]);
    assert_eq!(values(&sections, "www-authenticate"), ["Negotiate"]);
    assert_eq!(values(&sections, "body"), [""; 0]);
    for text in [
        "HTTP/1.1",
        "HTTP/1.1 OK",
        "GET / HTTP/1.1 401",
        "HTTP/x 401",
    ] {
        assert_eq!(explained(text.as_bytes()).len(), 0, "{text}");
    }
}

#[test]
fn spnego_is_shown_with_the_message_in_it() {
    let [negotiate, ..] = messages(None);
    let token = spnego_init(&negotiate);
    let sections = explained(&token);
    assert_eq!(sections.len(), 2);
    assert!(sections[0].title.starts_with("SPNEGO NegTokenInit"));
    assert_eq!(
        values(&sections, "mechTypes"),
        ["NTLM (1.3.6.1.4.1.311.2.2.10)"]
    );
    assert!(sections[1].title.starts_with("NEGOTIATE_MESSAGE"));
    // NegTokenResp: accept-incomplete, and NTLM is chosen.
    let answer = hex_literal::hex!("a1153013a0030a0101a10c060a2b06010401823702020a");
    let sections = explained(&answer);
    assert_eq!(values(&sections, "negState"), ["accept-incomplete"]);
    assert_eq!(
        values(&sections, "supportedMech"),
        ["NTLM (1.3.6.1.4.1.311.2.2.10)"]
    );
}

/// NegTokenInit with NTLM alone (RFC 4178 4.2.1).
fn spnego_init(token: &[u8]) -> Vec<u8> {
    let element = |tag: u8, content: &[u8]| {
        let length = u8::try_from(content.len()).unwrap();
        assert!(length < 128);
        [&[tag, length][..], content].concat()
    };
    let ntlm = element(0x06, b"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a");
    let offered = element(0xA0, &element(0x30, &ntlm));
    let inner = element(0xA2, &element(0x04, token));
    let init = element(0xA0, &element(0x30, &[offered, inner].concat()));
    element(
        0x60,
        &[&b"\x06\x06\x2b\x06\x01\x05\x05\x02"[..], &init].concat(),
    )
}

#[test]
fn damage_is_shown_and_the_rest_with_it() {
    let [.., authenticate] = messages(None);
    for length in 12..authenticate.len() {
        let sections = explained(&authenticate[..length]);
        assert_eq!(sections.len(), 1, "{length}");
        let is_wrong =
            |field: &crate::report::Field| field.verdict == crate::report::Verdict::Wrong;
        assert!(sections[0].fields.iter().any(is_wrong), "{length}");
    }
}

fn checked(tokens: &[Vec<u8>; 3], password: &str, binding: Option<[u8; 16]>) -> Vec<Section> {
    let tokens: Vec<Token> = tokens.iter().cloned().map(Token::Ntlm).collect();
    vec![proof::of(&tokens, password, binding).unwrap()]
}

#[test]
fn the_right_password_proves_the_three_messages() {
    let sections = checked(&messages(None), PASSWORD, None);
    assert_eq!(values(&sections, "target info"), ["as the server sent it"]);
    assert_eq!(values(&sections, "NTProofStr"), ["right"]);
    assert_eq!(values(&sections, "MIC"), ["right"]);
    assert!(values(&sections, "channel binding")[0].starts_with("none"));
}

#[test]
fn a_wrong_password_is_told() {
    let sections = checked(&messages(None), "Pw-2", None);
    assert_eq!(values(&sections, "NTProofStr"), ["wrong"]);
    assert_eq!(
        values(&sections, "MIC"),
        ["cannot be checked without the right proof"]
    );
}

/// The first message is under the MIC alone.
#[test]
fn a_changed_first_message_is_told() {
    let mut messages = messages(None);
    messages[0][14] ^= 1;
    let sections = checked(&messages, PASSWORD, None);
    assert_eq!(values(&sections, "NTProofStr"), ["right"]);
    assert_eq!(values(&sections, "MIC"), ["wrong"]);
}

#[test]
fn another_servers_challenge_is_told() {
    let mut tokens = messages(None);
    tokens[1] = messages(None)[1].clone();
    let sections = checked(&tokens, PASSWORD, None);
    assert_eq!(values(&sections, "NTProofStr"), ["wrong"]);
}

#[test]
fn the_channel_binding_is_compared_with_the_certificate() {
    let channel = ChannelBindings {
        application_data: b"tls-server-end-point:certificate",
        ..ChannelBindings::default()
    };
    let messages = messages(Some(&channel));
    let of = |binding| values(&checked(&messages, PASSWORD, binding), "channel binding");
    assert_eq!(of(Some(channel.hash())), ["that of the certificate"]);
    assert_eq!(of(Some([7; 16])), ["that of another certificate"]);
    assert_eq!(of(None), ["there"]);
}

#[test]
fn a_missing_message_is_an_error() {
    let [negotiate, challenge, _] = messages(None);
    let tokens = [Token::Ntlm(negotiate), Token::Ntlm(challenge)];
    let error = proof::of(&tokens, PASSWORD, None).unwrap_err();
    assert!(error.contains("Authenticate message is missing"), "{error}");
}
