//! Addresses, responses and verdicts without a site.

use std::net::{SocketAddr, TcpListener};

use gss_ntlmdc::base::crypto::SecretBytes;

use super::connection::Reached;
use super::response::{Body, Response};
use super::{client, headers, verdict};
use crate::arguments::Scheme;
use crate::report::{Section, Verdict};

fn response(text: &str) -> Response {
    let head = format!("HTTP/1.1 {}\r\n\r\n", text.replace('\n', "\r\n"));
    Response::parse(head.as_bytes()).unwrap().unwrap().0
}

/// The verdict, and whether it is a good one.
fn told(section: &Section) -> (String, bool) {
    let field = &section.fields[0];
    (
        format!("{:?}", field.value),
        field.verdict == Verdict::Right,
    )
}

#[test]
fn heads_are_read_whole_or_not_at_all() {
    let head = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM\r\n\r\nbody";
    for end in 0..head.len() - "body".len() {
        assert!(Response::parse(&head[..end]).unwrap().is_none(), "{end}");
    }
    let (parsed, length) = Response::parse(head).unwrap().unwrap();
    assert_eq!((parsed.status, &head[length..]), (401, &b"body"[..]));
    assert!(Response::parse(b"SSH-2.0-OpenSSH\r\n\r\n").is_err());
    let endless = [b"HTTP/1.1 200 OK\r\nX: ".to_vec(), vec![b'x'; 64 * 1024]].concat();
    assert!(Response::parse(&endless).is_err());
}

#[test]
fn bodies_end_as_the_headers_say() {
    for (head, body, is_kept) in [
        ("200 OK\nContent-Length: 12", Body::Length(12), true),
        ("200 OK\nTransfer-Encoding: chunked", Body::Chunked, true),
        ("200 OK", Body::UntilClosed, false),
        ("304 Not Modified", Body::Length(0), true),
        (
            "401 No\nContent-Length: 1\nConnection: Close",
            Body::Length(1),
            false,
        ),
    ] {
        let response = response(head);
        assert_eq!(
            (response.body(), response.keeps_connection()),
            (body, is_kept),
            "{head}"
        );
    }
}

#[test]
fn offers_are_found_by_their_scheme() {
    let offers = response("401 No\nWWW-Authenticate: Negotiate\nWWW-Authenticate: NTLM TlRM");
    assert_eq!(offers.challenge("negotiate"), Some(""));
    assert_eq!(offers.challenge("NTLM"), Some("TlRM"));
    assert_eq!(offers.challenge("Basic"), None);
    assert_eq!(
        verdict::scheme(&offers, None, false).unwrap(),
        Scheme::Negotiate
    );
    assert_eq!(
        verdict::scheme(&offers, Some(Scheme::Ntlm), false).unwrap(),
        Scheme::Ntlm
    );
    assert!(verdict::scheme(&offers, Some(Scheme::Basic), true).is_err());
    // Basic gives the password away: not to a site that has not proven who it is.
    let basic = response("401 No\nWWW-Authenticate: Basic realm=x");
    assert!(verdict::scheme(&basic, None, false).is_err());
    assert_eq!(verdict::scheme(&basic, None, true).unwrap(), Scheme::Basic);
    let asked = verdict::scheme(&basic, Some(Scheme::Basic), false);
    assert_eq!(asked.unwrap(), Scheme::Basic);
    assert!(verdict::scheme(&response("200 OK"), None, true).is_err());
}

#[test]
fn the_last_answer_has_its_verdict() {
    let of = |head: &str| told(&verdict::of_last(Scheme::Ntlm, &response(head)));
    for (head, word, is_right) in [
        ("200 OK", "accepted", true),
        ("404 Not Found", "accepted", true),
        ("403 Forbidden", "may not see", true),
        ("401 No\nWWW-Authenticate: NTLM", "refused", false),
        ("401 No\nWWW-Authenticate: NTLM TlRM", "refused", false),
        (
            "401 No\nWWW-Authenticate: NTLM TlRMTVNTUAACAAAA",
            "new login",
            false,
        ),
        ("500 Error", "failed", false),
    ] {
        let (told, right) = of(head);
        assert!(told.contains(word), "{head}: {told}");
        assert_eq!(right, is_right, "{head}");
    }
    let second = |head: &str| told(&verdict::no_challenge(&response(head))).0;
    assert!(second("401 No\nContent-Length: 0").contains("refused"));
    assert!(second("200 OK").contains("not needed"));
}

#[test]
fn the_first_address_that_accepts_is_used() {
    let closed = TcpListener::bind("127.0.0.2:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let open = listener.local_addr().unwrap();
    let first = |peers: &[SocketAddr]| {
        let (reached, unreached) = Reached::first(peers);
        let unreached: Vec<_> = unreached.into_iter().map(|(peer, _)| peer).collect();
        (reached.map(|reached| reached.peer), unreached)
    };
    assert_eq!(first(&[closed, open, closed]), (Some(open), vec![closed]));
    assert_eq!(first(&[open, closed]), (Some(open), vec![]));
    assert_eq!(first(&[closed, closed]), (None, vec![closed, closed]));
}

#[test]
fn the_password_of_basic_is_sent_as_typed() {
    let password = SecretBytes::new("pässword".into());
    let credentials = client::Credentials::new("EXAMPLE\\alice", &password).unwrap();
    // base64 of the bytes of EXAMPLE\alice:pässword.
    assert_eq!(
        credentials.basic(),
        "Basic RVhBTVBMRVxhbGljZTpww6Rzc3dvcmQ="
    );
}

#[test]
fn the_token_of_a_header_is_named() {
    let shown = |value: &str| {
        let mut section = Section::new("");
        headers::push(
            &mut section,
            &response(&format!("200 OK\nWWW-Authenticate: {value}")),
        );
        format!("{:?}", section.fields[1].value)
    };
    // The server's last message: negState accept-completed.
    assert!(shown("Negotiate oQcwBaADCgEA").contains("Negotiate, with SPNEGO NegTokenResp, 9"));
    assert!(shown("NTLM AAAAAAAAAAAAAAAAAAAA").contains("with a token that is not"));
    assert!(shown("Basic realm=\"a\"").contains("realm"));
}

#[test]
fn tokens_of_servers_are_read() {
    let read = |scheme, sent| client::ntlm_message(scheme, sent);
    assert_eq!(read(Scheme::Ntlm, "TlRM").unwrap(), b"NTL");
    assert!(read(Scheme::Ntlm, "!").is_err());
    assert!(read(Scheme::Negotiate, "TlRM").is_err());
    // NegTokenResp { responseToken "NTL" }, and one without a token.
    assert_eq!(read(Scheme::Negotiate, "oQkwB6IFBANOVEw=").unwrap(), b"NTL");
    assert!(read(Scheme::Negotiate, "oQcwBaADCgEC").is_err());
}
