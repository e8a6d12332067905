//! `docs/errors.md`, a table for each family of minor codes.

use std::fmt::Write as _;

use gss_ntlmdc::base::fault::Minor;

const TOP: &str = "\
<!-- Made from src/base/fault.rs by tests/header; do not edit. -->
# Error codes

A line of the log ends with a code, such as `[4e440503]`: it is minor status 0x4E440503,
`MachineSecretRefused`, and `NTLMDC_E_MACHINE_SECRET_REFUSED` in
[`include/gss_ntlmdc.h`](../include/gss_ntlmdc.h). Codes are stable: programs and error pages may
test them.

Keys such as `controllers` are explained in [configuration.md](configuration.md), and what Apache's
own log says in [troubleshooting.md](troubleshooting.md).
";

/// The families: bits 8 to 15 of a code.
const FAMILIES: [(u32, &str); 9] = [
    (1, "the token"),
    (2, "the proof"),
    (3, "the policy"),
    (4, "the account"),
    (5, "the verifier"),
    (6, "the set-up"),
    (7, "the call"),
    (8, "messages after the login"),
    (9, "exported contexts"),
];

#[test]
fn the_page_of_errors_is_up_to_date() {
    super::assert_committed("docs/errors.md", &text());
}

#[test]
fn every_code_is_of_a_family() {
    for minor in Minor::ALL {
        let family = minor.code() >> 8 & 0xFF;
        let is_known = FAMILIES.iter().any(|(number, _)| *number == family);
        assert!(is_known, "{}", minor.name());
    }
}

fn text() -> String {
    let mut text = String::from(TOP);
    for (family, title) in FAMILIES {
        writeln!(text, "\n## {family:02}: {title}\n").unwrap();
        text.push_str("| code | name | text | cause and cure |\n|---|---|---|---|\n");
        let of_family = |minor: &&Minor| minor.code() >> 8 & 0xFF == family;
        for minor in Minor::ALL.iter().filter(of_family) {
            let (code, name) = (minor.code(), minor.name());
            let (said, cause) = (cell(minor.text()), cell(minor.cause()));
            writeln!(text, "| `{code:08x}` | `{name}` | {said} | {cause} |").unwrap();
        }
    }
    text
}

/// The text in a cell of a table.
fn cell(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace('|', "\\|")
}
