//! The man pages in `man/` and the completions in `completions/` say what the command line and
//! `docs/configuration.md` say: they are made from them. Tests only.
#![allow(clippy::unwrap_used, clippy::panic)]

mod configuration_page;
mod example_configuration;
#[path = "../../../tests/pages/keys.rs"]
mod keys;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::arguments::Arguments;

const UPDATE: &str = "UPDATE_MANUAL=1 cargo test --features cli --bin ntlmdc manual";

/// The files of one folder, by name.
type Files = BTreeMap<String, String>;

#[test]
fn the_man_pages_are_up_to_date() {
    let mut pages = Files::new();
    add_pages(&command(), &mut pages);
    pages.insert("ntlmdc.toml.5".to_owned(), configuration_page::text());
    assert_committed("man", &pages);
}

#[test]
fn the_completions_are_up_to_date() {
    let shells = [
        (Shell::Bash, "ntlmdc.bash"),
        (Shell::Zsh, "_ntlmdc"),
        (Shell::Fish, "ntlmdc.fish"),
    ];
    let scripts = shells.map(|(shell, name)| (name.to_owned(), completion(shell)));
    assert_committed("completions", &Files::from(scripts));
}

#[track_caller]
fn assert_committed(folder: &str, files: &Files) {
    if std::env::var_os("UPDATE_MANUAL").is_some() {
        fs::remove_dir_all(folder).unwrap();
        fs::create_dir(folder).unwrap();
        for (name, text) in files {
            fs::write(format!("{folder}/{name}"), text).unwrap();
        }
    }
    let committed: Files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap())
        .map(|file| {
            let name = file.file_name().into_string().unwrap();
            (name, fs::read_to_string(file.path()).unwrap())
        })
        .collect();
    let is_wrong = |name: &&String| committed.get(*name) != files.get(*name);
    let names = committed.keys().chain(files.keys());
    let wrong: BTreeSet<&String> = names.filter(is_wrong).collect();
    assert!(
        wrong.is_empty(),
        "{folder}/ is out of date ({wrong:?}); this writes it anew: {UPDATE}"
    );
}

fn command() -> Command {
    let mut command = Arguments::command()
        .disable_help_subcommand(true)
        .subcommand_help_heading("COMMANDS")
        .subcommand_value_name("COMMAND");
    command.build();
    command
}

fn completion(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "ntlmdc", &mut script);
    String::from_utf8(script).unwrap()
}

/// Adds the page of a command, and those of its subcommands.
fn add_pages(command: &Command, pages: &mut Files) {
    let shown = |command: &&Command| !command.is_hide_set();
    for subcommand in command.get_subcommands().filter(shown) {
        add_pages(subcommand, pages);
    }
    let man = Man::new(command.clone());
    let mut page = Vec::new();
    man.render_name_section(&mut page).unwrap();
    man.render_synopsis_section(&mut page).unwrap();
    man.render_description_section(&mut page).unwrap();
    man.render_options_section(&mut page).unwrap();
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page).unwrap();
    }
    let mut roff = Roff::new();
    if let Some(text) = command.get_after_long_help().or(command.get_after_help()) {
        add_after_help(&mut roff, &text.to_string());
    }
    add_files(&mut roff, command);
    add_see_also(&mut roff, command);
    roff.to_writer(&mut page).unwrap();
    let name = command.get_display_name().unwrap_or(command.get_name());
    let body = String::from_utf8(page).unwrap();
    pages.insert(man.get_filename(), with_title(name, 1, &body));
}

/// The page, with what the roff crate writes before each part once, at its head.
fn with_title(name: &str, section: u8, body: &str) -> String {
    const APOSTROPHES: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";
    let body = body.replace(APOSTROPHES, "");
    let version = env!("CARGO_PKG_VERSION");
    // The date is left empty: the page changes with its text only.
    let title = format!(".TH \"{name}\" \"{section}\" \"\" \"ntlmdc {version}\" \"ntlmdc\"\n");
    format!("{APOSTROPHES}{title}{body}")
}

/// The help after the options: each paragraph `Heading: text` is a section.
fn add_after_help(roff: &mut Roff, text: &str) {
    for paragraph in text.split("\n\n").filter(|part| !part.trim().is_empty()) {
        let (heading, body) = match paragraph.split_once(':') {
            Some((heading, body)) if heading.split_whitespace().count() <= 3 => (heading, body),
            _ => ("Notes", paragraph),
        };
        roff.control("SH", [heading.to_uppercase().as_str()]);
        match body.strip_prefix('\n') {
            Some(lines) => add_verbatim(roff, lines),
            None => _ = roff.text([roman(one_line(body))]),
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lines that are shown as they are.
fn add_verbatim(roff: &mut Roff, lines: &str) {
    roff.control("PP", []).control("RS", ["4"]);
    roff.control("nf", []);
    for line in lines.trim_end().lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []).control("RE", []);
}

/// The files that every command knows, on the first page.
fn add_files(roff: &mut Roff, command: &Command) {
    if !command.has_subcommands() || command.get_name() != "ntlmdc" {
        return;
    }
    roff.control("SH", ["FILES"]);
    for (path, meaning) in [
        ("/etc/gss/ntlmdc.toml", "The configuration: ntlmdc.toml(5)."),
        (
            "/etc/gss/mech.d/ntlmssp-ntlmdc.conf",
            "Has GSSAPI servers load the mechanism.",
        ),
        (
            "/run/ntlmdc",
            "The state directory: the server's processes share the secure channel there.",
        ),
    ] {
        roff.control("TP", [])
            .text([bold(path)])
            .text([roman(meaning)]);
    }
}

fn add_see_also(roff: &mut Roff, command: &Command) {
    let own = command.get_display_name().unwrap_or(command.get_name());
    let mut pages = vec!["ntlmdc(1)", "ntlmdc.toml(5)"];
    pages.retain(|page| *page != format!("{own}(1)"));
    roff.control("SH", ["SEE ALSO"]);
    roff.text([roman(pages.join(", "))]);
    roff.control("PP", []);
    roff.text([roman("The documentation is in /usr/share/doc/ntlmdc.")]);
}
