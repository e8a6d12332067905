//! What the tool reads of others: tokens, transcripts and responses (`decode`, `http`), and the
//! lines of a proxy (`helper`). Each input is read as it is, and in Base64.
#![no_main]
// The tool has more than this target calls.
#![allow(dead_code)]

#[path = "../tool/arguments.rs"]
mod arguments;
#[path = "../tool/decode.rs"]
mod decode;
#[path = "../tool/http.rs"]
mod http;
#[path = "../../../../src/bin/ntlmdc/helper/line.rs"]
mod line;
#[path = "../../../../src/bin/ntlmdc/report.rs"]
mod report;
#[path = "../../../../src/bin/ntlmdc/spnego.rs"]
mod spnego;

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use decode::token;
use decode::transcript::{self, Entry};
use gss_ntlmdc::protocol::ntlm::message::Authenticate;
use http::response::Response;
use libfuzzer_sys::fuzz_target;
use report::{Report, Section};

fuzz_target!(|bytes: &[u8]| {
    let text = shown(bytes);
    let base64 = STANDARD.encode(bytes);
    if bytes.starts_with(b"NTLMSSP\0") {
        let header = format!("HTTP/1.1 401 No\r\nWWW-Authenticate: NTLM {base64}\r\n\r\n");
        assert!(shown(header.as_bytes()).contains("NTLM, with "));
    }
    for secret in secrets(bytes) {
        let mut other = bytes.to_vec();
        for place in secret {
            other[place] ^= 0x80;
        }
        if is_one_token(bytes) && is_one_token(&other) {
            assert_eq!(shown(&other), text, "a secret is shown");
        }
    }
    let _any = Response::parse(bytes).map(|response| {
        response.inspect(|(_, length)| assert!(*length <= bytes.len()));
    });
    lines(bytes, &base64);
});

/// What `decode` prints.
fn shown(bytes: &[u8]) -> String {
    let sections: Vec<Section> = transcript::explain(&transcript::read(bytes));
    let report = Report { sections };
    let text = report.to_text();
    // Each part of an input is shown a few times at most, and each letter as an escape at most.
    assert!(text.len() <= 50_000 + 200 * bytes.len());
    let mut plain = text.clone();
    for own in ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[31m", "\u{1b}[32m"] {
        plain = plain.replace(own, "");
    }
    let steers = |letter: char| letter.is_control() && letter != '\n';
    assert!(!plain.contains(steers), "{plain:?}");
    text
}

/// Whether the input is a token, and not text with tokens and responses in it.
fn is_one_token(bytes: &[u8]) -> bool {
    matches!(transcript::read(bytes)[..], [Entry::Token(_)])
}

/// Where an AUTHENTICATE message has what passwords can be guessed from: the proof of an NTLMv2
/// response and the session key. Nothing else lies there.
fn secrets(bytes: &[u8]) -> Vec<Range<usize>> {
    /// The fields that point to the items, and what stands before the items.
    const LM: usize = 12;
    const NT: usize = 20;
    const KEY: usize = 52;
    const HEADER: usize = 88;
    let decoded = Authenticate::decode(bytes);
    if !decoded.is_ok_and(|message| message.nt_response.len() >= 44) {
        return Vec::new();
    }
    let item = |field: usize| {
        let length = usize::from(u16::from_le_bytes([bytes[field], bytes[field + 1]]));
        let offset = bytes[field + 4..field + 8]
            .try_into()
            .map(u32::from_le_bytes);
        let offset = usize::try_from(offset.expect("four bytes")).expect("it was decoded");
        offset..offset.saturating_add(length)
    };
    let proof = item(NT).start..item(NT).start + 16;
    let behind = proof.end..item(NT).end;
    let fields = (LM..=KEY).step_by(8);
    let items: Vec<_> = fields.map(|field| (field, item(field))).collect();
    let is_alone = |secret: &Range<usize>, own: usize| {
        let meets = |other: &Range<usize>| other.start < secret.end && secret.start < other.end;
        let mut others = items.iter().filter(|(field, _)| *field != own);
        let is_behind = own != NT && meets(&behind);
        !is_behind && secret.start >= HEADER && !others.any(|(_, other)| meets(other))
    };
    let all = [(NT, proof), (KEY, item(KEY))];
    let alone = all.into_iter().filter(|(own, it)| is_alone(it, *own));
    alone
        .map(|(_, it)| it)
        .filter(|it| it.end <= bytes.len())
        .collect()
}

/// The lines between a proxy and the helper.
fn lines(bytes: &[u8], base64: &str) {
    let _any = line::command(bytes);
    let begin = line::command(format!("YR {base64}\n").as_bytes());
    assert_eq!(begin.is_none(), bytes.is_empty());
    if let Some((user, password)) = line::credentials(bytes) {
        assert!(user.len() + password.expose().len() < bytes.len());
        // A name is one word.
        let accepted = line::accepted(&user, None, false);
        assert_eq!(accepted.split(char::is_whitespace).count(), 2);
    }
    let _any = token::named(base64);
}
