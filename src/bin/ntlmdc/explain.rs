//! `explain`: what a code means, what causes it, and what to do.

#[cfg(test)]
mod tests;

use gss_ntlmdc::base::fault::Minor;
use gss_ntlmdc::dc::minor_of_logon_status;
use gss_ntlmdc::protocol::rpc::{FaultStatus, NtStatus};

use crate::arguments::Explain;
use crate::input;
use crate::report::{Field, Report, Section};

/// The longest part of what was given that an error repeats, in characters.
const MAX_SHOWN: usize = 200;

/// Explains every code that the words or the standard input name.
///
/// # Errors
/// They hold no known code, or the input cannot be read.
pub fn run(arguments: &Explain) -> Result<Report, String> {
    let text = match arguments.words.as_slice() {
        [word] if word == "-" => String::from_utf8_lossy(&input::read("-".as_ref())?).into_owned(),
        words => words.join(" "),
    };
    let sections = explained(&text);
    match sections.is_empty() {
        true => {
            let shown: String = text.trim().chars().take(MAX_SHOWN).collect();
            Err(format!(
                "no code that is known here is in \"{}\": give a minor code (0x4E440401, \
                 BadUserOrPassword), an NTSTATUS (0xC000006D) or a line of the log",
                shown.escape_debug()
            ))
        }
        false => Ok(Report { sections }),
    }
}

fn explained(line: &str) -> Vec<Section> {
    let mut sections = Vec::new();
    for code in codes(line) {
        sections.extend(explain_code(code));
    }
    if sections.is_empty() {
        sections.extend(named(line).map(explain_minor));
    }
    sections
}

/// The numbers and names of a line that may be codes, each once.
fn codes(line: &str) -> Vec<u32> {
    let mut codes = Vec::new();
    let words = line.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    for code in words.filter_map(code) {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes
}

/// Eight digits of hex with or without `0x`, or a number that mod_auth_gssapi printed in decimal.
fn code(word: &str) -> Option<u32> {
    let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
    match digits {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None if word.len() == 8 => u32::from_str_radix(word, 16).ok(),
        // Every code has ten digits in decimal; shorter numbers are ports and times.
        None if word.len() == 10 && word.parse::<u32>().is_ok() => word.parse().ok(),
        None => NtStatus::of_name(word).map(|status| status.0),
    }
}

fn explain_code(code: u32) -> Option<Section> {
    let minor = Minor::ALL.iter().find(|minor| minor.code() == code);
    if let Some(minor) = minor {
        return Some(explain_minor(*minor));
    }
    let status = NtStatus(code);
    if status.name().is_some() {
        return Some(explain_status(status));
    }
    let fault = FaultStatus(code);
    fault.name().map(|name| {
        let mut section = Section::new(fault.to_string());
        let meaning = "The domain controller ended an RPC call with this fault.";
        section.push(Field::new("name", name).note(meaning));
        section
    })
}

fn explain_status(status: NtStatus) -> Section {
    let mut section = Section::new(status.to_string());
    if status == NtStatus::SUCCESS {
        section.push(Field::new("meaning", "the call succeeded"));
        return section;
    }
    push_minor(
        &mut section,
        "answer to a user's login",
        minor_of_logon_status(status),
    );
    if status == NtStatus::ACCESS_DENIED {
        // The row SecretRefused of `dc/failure/errors.rs`.
        push_minor(
            &mut section,
            "answer to our own login",
            Minor::MachineSecretRefused,
        );
    }
    section
}

fn push_minor(section: &mut Section, name: &str, minor: Minor) {
    section.push(Field::new(name, code_and_name(minor)));
    section.push(Field::new("meaning", minor.text()));
    section.push(Field::new("cause and cure", minor.cause()));
}

fn explain_minor(minor: Minor) -> Section {
    let mut section = Section::new(code_and_name(minor));
    section.push(Field::new("meaning", minor.text()));
    section.push(Field::new("cause and cure", minor.cause()));
    section.push(Field::new("in decimal", minor.code()));
    section.push(Field::new(
        "GSS major status",
        format!("{:?}", minor.major()),
    ));
    section
}

/// A code by its name, or by its text in a line of the log: the longest that is there.
fn named(line: &str) -> Option<Minor> {
    let line = line.to_lowercase();
    // The C header has NTLMDC_E_BAD_MIC for BadMic.
    let without_underscores = line.replace('_', "");
    let all = || Minor::ALL.iter().copied();
    all()
        .filter(|minor| without_underscores.contains(&minor.name().to_lowercase()))
        .max_by_key(|minor| minor.name().len())
        .or_else(|| {
            all()
                .filter(|minor| line.contains(&minor.text().to_lowercase()))
                .max_by_key(|minor| minor.text().len())
        })
}

/// A code as it stands in the log, and its name.
pub fn code_and_name(minor: Minor) -> String {
    format!("{:08x} {}", minor.code(), minor.name())
}
