//! The responses (MS-NLMP 2.2.2.3 to 2.2.2.8) and the AV pairs in them.

use std::time::{Duration, UNIX_EPOCH};

use gss_ntlmdc::base::wire::Reader;
use gss_ntlmdc::protocol::ntlm::av_pair::{AvFlags, AvId, AvPairs};
use gss_ntlmdc::protocol::ntlm::response::NtlmV2Response;

use super::payload::{hex, hidden, name};
use crate::report::{Field, Section};

/// What an `LmChallengeResponse` is, by its shape.
pub fn lm(bytes: &[u8]) -> String {
    let kind = match bytes {
        [0] => "anonymous",
        _ if bytes.iter().all(|byte| *byte == 0) => {
            "all zero: none is sent with NTLMv2 and a timestamp"
        }
        _ if bytes.len() == 24 && bytes.ends_with(&[0; 16]) => {
            "NTLM2 session security: a client challenge"
        }
        _ if bytes.len() == 24 => "LM or LMv2",
        _ => "no known kind",
    };
    format!("{kind} ({})", hidden(bytes))
}

/// What an `NtChallengeResponse` is, by its shape.
pub fn nt(bytes: &[u8]) -> String {
    let kind = match bytes.len() {
        24 => "NTLMv1 or NTLM2 session security: refused by default",
        44.. => "NTLMv2",
        _ => "no known kind",
    };
    format!("{kind} ({})", hidden(bytes))
}

/// The fields of an NTLMv2 response.
pub fn push_v2(section: &mut Section, bytes: &[u8]) {
    if bytes.len() < 44 {
        return;
    }
    let mut reader = Reader::new(bytes);
    let _proof_and_head = reader.take(16 + 8, "NTProofStr");
    let (Ok(time), Ok(_challenge)) = (reader.u64("TimeStamp"), reader.u64("ChallengeFromClient"))
    else {
        return;
    };
    section.push(Field::new("TimeStamp", time_text(time)));
    if let Err(error) = NtlmV2Response::decode(bytes) {
        section.push(Field::new(error.field, error.problem).wrong());
    }
    let _reserved = reader.u32("Reserved3");
    push_av_pairs(section, reader.rest());
}

/// The pairs of a list that is there.
pub fn push_av_pairs(section: &mut Section, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    match AvPairs::decode(&mut Reader::new(bytes)) {
        Ok(pairs) => {
            for (id, value) in pairs.iter() {
                section.push(pair(id, value));
            }
        }
        Err(error) => section.push(Field::new(error.field, error.problem).wrong()),
    }
}

fn pair(id: AvId, value: &[u8]) -> Field {
    let id_text = format!("{id:?}");
    match id {
        AvId::FLAGS => Field::new(id_text, flags(value)),
        AvId::TIMESTAMP => match value.try_into() {
            Ok(bytes) => Field::new(id_text, time_text(u64::from_le_bytes(bytes))),
            Err(_) => Field::new(id_text, hex(value)).wrong(),
        },
        AvId::SINGLE_HOST => Field::new(id_text, format!("{} bytes", value.len())),
        AvId::CHANNEL_BINDINGS if value.iter().all(|byte| *byte == 0) => {
            Field::new(id_text, "all zero: the client knew of no TLS channel")
        }
        AvId::CHANNEL_BINDINGS => Field::new(id_text, hex(value)),
        AvId::TARGET_NAME if value.is_empty() => Field::new(id_text, "(empty)"),
        AvId(1..=5 | 9) => Field::new(id_text, name(value, true)),
        _ => Field::new(id_text, hex(value)),
    }
}

fn flags(value: &[u8]) -> String {
    let Ok(bytes) = value.try_into() else {
        return format!("{} (not 4 bytes)", hex(value));
    };
    let flags = AvFlags(u32::from_le_bytes(bytes));
    let mut text = format!("{:#010x}", flags.0);
    for (flag, meaning) in [
        (
            AvFlags::CONSTRAINED,
            "the account's authentication is constrained",
        ),
        (AvFlags::MIC, "the message has a MIC"),
        (
            AvFlags::UNTRUSTED_SPN,
            "the target name comes from an untrusted source",
        ),
    ] {
        if flags.contains(flag) {
            text.push('\n');
            text.push_str(meaning);
        }
    }
    text
}

/// A `FILETIME`: 100 ns since 1601-01-01 (MS-DTYP 2.3.3), in UTC.
fn time_text(time: u64) -> String {
    const SECONDS_TO_1970: u64 = 11_644_473_600;
    /// The first second of the year 10000.
    const END: u64 = 253_402_300_800;
    match (time / 10_000_000).checked_sub(SECONDS_TO_1970) {
        Some(seconds) if seconds < END => {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            humantime::format_rfc3339_seconds(time).to_string()
        }
        _ => format!("{time:#018x}"),
    }
}
