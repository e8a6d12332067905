//! `include/gss_ntlmdc.h` and `docs/errors.md` say what the library says: they are made from its
//! tables.
//!
//! `UPDATE_HEADER=1 cargo test --test header` writes both anew.
#![allow(clippy::unwrap_used, clippy::panic)]

mod errors_page;

use std::fmt::Write as _;

use gss_ntlmdc::base::fault::Minor;
use gss_ntlmdc::login::identity::ATTRIBUTES;

#[test]
fn the_header_is_up_to_date() {
    assert_committed("include/gss_ntlmdc.h", &header());
}

#[track_caller]
fn assert_committed(path: &str, text: &str) {
    if std::env::var_os("UPDATE_HEADER").is_some() {
        std::fs::write(path, text).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(
        committed == text,
        "{path} is out of date: UPDATE_HEADER=1 cargo test --test header"
    );
}

fn header() -> String {
    let mut text = String::from(TOP);
    for (name, meaning) in ATTRIBUTES {
        let symbol = name.to_uppercase().replace('-', "_");
        writeln!(
            text,
            "/* {meaning} */\n#define NTLMDC_ATTR_{symbol} \"{name}\""
        )
        .unwrap();
    }
    text.push_str(CODES);
    for minor in Minor::ALL {
        let comment = wrapped(&format!("{}. {}", capitalised(minor.text()), minor.cause()));
        let symbol = screaming(minor.name());
        let code = minor.code();
        writeln!(text, "\n{comment}\n#define NTLMDC_E_{symbol} 0x{code:08X}u").unwrap();
    }
    text.push_str("\n#endif /* GSS_NTLMDC_H */\n");
    text
}

const TOP: &str = r#"/*
 * What a program may know of this mechanism beyond GSSAPI itself.
 * Made from the library's own tables by tests/header; do not edit.
 */
#ifndef GSS_NTLMDC_H
#define GSS_NTLMDC_H

/* The mechanism, NTLMSSP: { 1 3 6 1 4 1 311 2 2 10 }. */
#define NTLMDC_OID_STRING "1.3.6.1.4.1.311.2.2.10"
#define NTLMDC_OID_LENGTH 10
#define NTLMDC_OID_BYTES "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"

/* Credential store key: the path of a configuration file, in place of the default one. */
#define NTLMDC_CS_CONFIG "ntlmdc_config"

/* Credential store keys of an initiator: its password, or the NT hash in 32 hexadecimal digits. */
#define NTLMDC_CS_PASSWORD "password"
#define NTLMDC_CS_NT_HASH "nt_hash"

/* Name attributes, for gss_get_name_attribute. */
"#;

const CODES: &str = r"
/*
 * Minor status codes. gss_display_status gives the text, with what is known of the occurrence.
 */
";

/// `BadMic` as `BAD_MIC`.
fn screaming(name: &str) -> String {
    let mut symbol = String::new();
    for (index, letter) in name.chars().enumerate() {
        if index > 0 && letter.is_ascii_uppercase() {
            symbol.push('_');
        }
        symbol.push(letter.to_ascii_uppercase());
    }
    symbol
}

fn capitalised(text: &str) -> String {
    let (first, rest) = text.split_at(1);
    first.to_uppercase() + rest
}

/// A C comment of lines of up to 100 columns.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::from("/*")];
    for word in text.split_whitespace() {
        let line = lines.last_mut().unwrap();
        if line.len() + 1 + word.len() > 96 {
            lines.push(format!(" * {word}"));
        } else {
            *line = format!("{line} {word}");
        }
    }
    lines.join("\n") + " */"
}
