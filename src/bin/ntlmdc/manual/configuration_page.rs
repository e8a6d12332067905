//! `ntlmdc.toml(5)`, from `docs/configuration.md`. tests/pages holds that page against the code.

use std::fs;

use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use super::keys::{HEAD, PAGE};

pub fn text() -> String {
    let page = fs::read_to_string(PAGE).unwrap();
    let mut roff = Roff::new();
    roff.control("SH", ["NAME"]);
    roff.text([roman(
        "ntlmdc.toml - configuration of ntlmdc, NTLM for GSSAPI servers",
    )]);
    roff.control("SH", ["DESCRIPTION"]);
    let (_title, body) = page.split_once('\n').unwrap();
    let mut parts = body.split("\n```");
    while let Some(prose) = parts.next() {
        for block in prose.split("\n\n") {
            add_block(&mut roff, block.trim_matches('\n'));
        }
        if let Some((_language, lines)) = parts.next().and_then(|part| part.split_once('\n')) {
            super::add_verbatim(&mut roff, lines);
        }
    }
    roff.control("SH", ["SEE ALSO"]);
    roff.text([roman("ntlmdc(1)")]).control("PP", []);
    roff.text([roman(
        "The documentation, with the pages named here, is in /usr/share/doc/ntlmdc.",
    )]);
    super::with_title("ntlmdc.toml", 5, &roff.render())
}

/// A heading, a paragraph, a list or a table.
fn add_block(roff: &mut Roff, block: &str) {
    match block.as_bytes().first() {
        None => {}
        Some(b'#') if block.starts_with("###") => {
            let heading = block.trim_start_matches('#').trim();
            roff.control("SS", [heading.replace('`', "").as_str()]);
        }
        Some(b'#') => {
            let heading = block.trim_start_matches('#').trim();
            let is_table = heading.starts_with('`');
            let plain = heading.replace('`', "");
            let shown = if is_table {
                plain
            } else {
                plain.to_uppercase()
            };
            roff.control("SH", [shown.as_str()]);
        }
        Some(b'|') => add_table(roff, block),
        Some(b'-') => {
            for item in format!("\n{block}").split("\n- ").skip(1) {
                roff.control("IP", [r"\(bu", "2"]).text(inlines(item));
            }
        }
        Some(_) => _ = roff.control("PP", []).text(inlines(block)),
    }
}

/// A table as a list of its rows. The first cell is what the row is about.
fn add_table(roff: &mut Roff, table: &str) {
    let has_defaults = table.starts_with(HEAD);
    for row in table.lines().skip(2) {
        let row = row.trim_start_matches("| ").trim_end_matches(" |");
        let mut cells = row.split(" | ").map(str::trim);
        let head = cells.next().unwrap();
        roff.control("TP", []).text(inlines(head));
        let rest: Vec<&str> = cells.collect();
        match rest.as_slice() {
            [value, default] if has_defaults && !default.is_empty() => {
                roff.text(inlines(value)).control("br", []);
                roff.text(inlines(&stated_default(default)));
            }
            _ => _ = roff.text(inlines(rest.join("; ").trim_end_matches("; "))),
        }
    }
}

pub fn stated_default(cell: &str) -> String {
    match cell.strip_prefix("required") {
        Some(when) => format!("Required{when}."),
        None => format!("Default: {cell}."),
    }
}

/// Text with `code` and `[links](page.md#anchor)`.
fn inlines(text: &str) -> Vec<Inline> {
    let text = super::one_line(text);
    let mut rest = text.as_str();
    let mut found = Vec::new();
    while let Some(start) = rest.find(['`', '[']) {
        let (before, special) = rest.split_at(start);
        found.push(roman(before));
        let (inline, after) = code(special).or_else(|| link(special)).unwrap_or_else(|| {
            let (bracket, after) = special.split_at(1);
            (roman(bracket), after)
        });
        found.push(inline);
        rest = after;
    }
    found.push(roman(rest));
    found
}

fn code(text: &str) -> Option<(Inline, &str)> {
    let (code, after) = text.strip_prefix('`')?.split_once('`')?;
    Some((bold(code), after))
}

/// A link is the name of its page; a text that is not the name has it in brackets.
fn link(text: &str) -> Option<(Inline, &str)> {
    let (shown, after) = text.strip_prefix('[')?.split_once("](")?;
    let (target, after) = after.split_once(')')?;
    let shown = shown.replace('`', "");
    let file = target.split('#').next()?.trim_start_matches("../");
    let is_name = file == shown || file.strip_suffix(".md") == Some(&shown);
    let inline = match is_name {
        true => italic(shown),
        false => italic(format!("{shown} ({file})")),
    };
    Some((inline, after))
}
