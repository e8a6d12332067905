//! Findings as text for a terminal, and as JSON.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use super::finding::{Finding, Level, Subject};
use crate::report::wrapped;

/// The column in which the words of a finding begin.
const INDENT: usize = 11;
/// How many columns of a terminal are left for them.
const WIDTH: usize = 80 - INDENT;
/// The word in place of the level of an ignored finding.
const IGNORED: &str = "ignored";
/// Where the files are that cures name.
const PAGES: &str = "docs/ and examples/ are in /usr/share/doc/ntlmdc, and in the source.";

impl Subject {
    fn title(self) -> &'static str {
        match self {
            Self::Configuration => "Configuration",
            Self::Files => "Files",
            Self::Mechanism => "Mechanism",
            Self::Apache => "Apache",
            Self::Dns => "DNS",
            Self::Wins => "WINS",
            Self::Controllers => "Controllers",
            Self::Domain => "Domain",
            Self::Directory => "Directory",
        }
    }
}

impl Level {
    /// The word in the text, and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Failure => "failure",
            Self::Unknown => "unknown",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Good => AnsiColor::Green.on_default(),
            Self::Warning => AnsiColor::Yellow.on_default().bold(),
            Self::Failure => AnsiColor::Red.on_default().bold(),
            Self::Unknown => AnsiColor::Cyan.on_default(),
        }
    }
}

/// The text, with colours, which go away where the output is no terminal.
pub fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    let mut subject = None;
    for finding in findings {
        if subject != Some(finding.subject) {
            subject = Some(finding.subject);
            let bold = Style::new().bold();
            // Writing into a string does not fail.
            let _ok = writeln!(text, "{bold}{}{bold:#}", finding.subject.title());
        }
        write_finding(&mut text, finding);
    }
    let names_pages = |finding: &Finding| {
        !finding.is_ignored
            && ["docs/", "examples/"]
                .iter()
                .any(|one| finding.cure.contains(one))
    };
    let _ok = writeln!(text, "\n{}", summary(findings));
    if findings.iter().any(names_pages) {
        let _ok = writeln!(text, "{PAGES}");
    }
    text
}

fn write_finding(text: &mut String, finding: &Finding) {
    let (word, style) = match finding.is_ignored {
        true => (IGNORED, Style::new()),
        false => (finding.level.word(), finding.level.style()),
    };
    let mut lines = match finding.cause {
        None => wrapped(&finding.what, WIDTH),
        Some(cause) => wrapped(&format!("{} [{}]", finding.what, cause.id()), WIDTH),
    };
    if !finding.is_ignored {
        lines.extend(wrapped(&finding.why, WIDTH));
        if !finding.cure.is_empty() {
            lines.extend(wrapped(&format!("Cure: {}", finding.cure), WIDTH));
        }
    }
    let mut lines = lines.into_iter();
    let first = lines.next().unwrap_or_default();
    let _ok = writeln!(text, "  {style}{word:7}{style:#}  {first}");
    for line in lines {
        let _ok = writeln!(text, "{:INDENT$}{line}", "");
    }
}

/// How many findings there are of each level, and what that means.
pub fn summary(findings: &[Finding]) -> String {
    let counted = || findings.iter().filter(|one| !one.is_ignored);
    let count = |level| counted().filter(|one| one.level == level).count();
    let failures = count(Level::Failure);
    let warnings = count(Level::Warning);
    let unknown = count(Level::Unknown);
    let verdict = match (failures, warnings, unknown) {
        (0, 0, 0) => "All is well",
        (0, 0, _) => "Nothing is wrong with what could be looked at",
        (0, _, _) => "Logins should work",
        _ => "Logins will not work",
    };
    let good = count(Level::Good);
    let mut counts = vec![format!("{good} good")];
    let mut add = |count, one: &str, more: &str| match count {
        0 => {}
        1 => counts.push(format!("1 {one}")),
        _ => counts.push(format!("{count} {more}")),
    };
    add(warnings, "warning", "warnings");
    add(failures, "failure", "failures");
    add(unknown, "not looked at", "not looked at");
    let ignored = findings.len() - counted().count();
    add(ignored, IGNORED, IGNORED);
    format!("{verdict}: {}.", counts.join(", "))
}

/// The exit status: 2 if logins will not work, 1 if there are warnings or something could not be
/// looked at, else 0. What is ignored does not count.
pub fn exit_status(findings: &[Finding]) -> u8 {
    let status = |finding: &Finding| match finding.level {
        _ if finding.is_ignored => 0,
        Level::Good => 0,
        Level::Warning | Level::Unknown => 1,
        Level::Failure => 2,
    };
    findings.iter().map(status).max().unwrap_or_default()
}

/// An object with all findings, the summary and the exit status.
pub fn json(findings: &[Finding]) -> Value {
    let all: Vec<Value> = findings.iter().map(object).collect();
    json!({
        "findings": all,
        "summary": summary(findings),
        "exit_status": exit_status(findings),
    })
}

fn object(finding: &Finding) -> Value {
    let subject = finding.subject.title().to_lowercase();
    let (level, what) = (finding.level.word(), &finding.what);
    match finding.cause {
        None => json!({ "subject": subject, "level": level, "what": what }),
        Some(cause) => json!({
            "subject": subject, "level": level, "id": cause.id(), "what": what,
            "why": finding.why, "cure": finding.cure, "ignored": finding.is_ignored,
        }),
    }
}

#[cfg(test)]
mod tests;
