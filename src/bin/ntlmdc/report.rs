//! What a subcommand found, as text for a person or as JSON for a program.

use std::fmt::{self, Write as _};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use serde_json::{Map, Value, json};

/// The column that values begin in; a section with longer names has a later one.
const VALUES: usize = 30;
const LAST_VALUES: usize = 40;
/// The columns of a line, unless one word of a value needs more.
const LINE: usize = 80;

/// Sections, in the order of their finding.
#[derive(Debug, Default)]
pub struct Report {
    pub sections: Vec<Section>,
}

/// One subject: a message, a code, a check.
#[derive(Debug)]
pub struct Section {
    pub title: String,
    pub fields: Vec<Field>,
}

/// A name, its value, and what the value means.
#[derive(Debug)]
pub struct Field {
    pub name: String,
    pub value: FieldValue,
    pub note: Option<String>,
    pub verdict: Verdict,
}

/// One text, or a list of any length.
#[derive(Debug)]
pub enum FieldValue {
    Text(String),
    List(Vec<String>),
}

/// What a field says of the subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// It is neither right nor wrong.
    #[default]
    None,
    Right,
    Wrong,
}

impl Section {
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            fields: Vec::new(),
        }
    }

    /// Appends a field.
    pub fn push(&mut self, field: Field) {
        self.fields.push(field);
    }

    fn is_wrong(&self) -> bool {
        self.fields
            .iter()
            .any(|field| field.verdict == Verdict::Wrong)
    }
}

impl Field {
    pub fn new(name: impl Into<String>, value: impl fmt::Display) -> Self {
        Self {
            name: name.into(),
            value: FieldValue::Text(value.to_string()),
            note: None,
            verdict: Verdict::None,
        }
    }

    /// A field with any number of values.
    pub fn list(name: impl Into<String>, values: Vec<String>) -> Self {
        Self {
            value: FieldValue::List(values),
            ..Self::new(name, "")
        }
    }

    /// Adds what the value means.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Marks the field as wrong.
    pub fn wrong(self) -> Self {
        self.right(false)
    }

    /// Marks the field as right or wrong.
    pub fn right(mut self, is_right: bool) -> Self {
        self.verdict = match is_right {
            true => Verdict::Right,
            false => Verdict::Wrong,
        };
        self
    }
}

impl Report {
    /// Prints the report. The exit status is 1 if a field is wrong.
    pub fn print(&self, as_json: bool) -> ExitCode {
        match as_json {
            true => anstream::println!("{:#}", self.to_json()),
            false => anstream::print!("{}", self.to_text()),
        }
        ExitCode::from(u8::from(self.sections.iter().any(Section::is_wrong)))
    }

    /// The text, with colours, which go away where the output is no terminal.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (number, section) in self.sections.iter().enumerate() {
            if number > 0 {
                text.push('\n');
            }
            section.write(&mut text);
        }
        text
    }

    /// An array of sections; a value that is not plain text has its note beside it.
    pub fn to_json(&self) -> Value {
        self.sections.iter().map(Section::to_json).collect()
    }
}

impl Section {
    fn write(&self, text: &mut String) {
        let bold = Style::new().bold();
        // Writing into a string does not fail.
        let _ok = writeln!(text, "{bold}{}{bold:#}", printable(&self.title));
        let longest = self.fields.iter().map(|field| field.name.chars().count());
        let values = longest.max().unwrap_or_default() + 4;
        for field in &self.fields {
            field.write(text, values.clamp(VALUES, LAST_VALUES));
        }
    }

    fn to_json(&self) -> Value {
        let fields: Vec<Value> = self.fields.iter().map(Field::to_json).collect();
        json!({ "title": self.title, "fields": fields })
    }
}

impl Field {
    fn write(&self, text: &mut String, values: usize) {
        let style = match self.verdict {
            Verdict::None => Style::new(),
            Verdict::Right => AnsiColor::Green.on_default(),
            Verdict::Wrong => AnsiColor::Red.on_default().bold(),
        };
        let room = values.saturating_sub(self.name.chars().count() + 3).max(1);
        let note = self.note.iter().map(String::as_str);
        let lines = self.value.lines().into_iter().chain(note);
        let mut lines = lines.flat_map(|line| wrapped(line, LINE - values));
        let first = lines.next().unwrap_or_default();
        let gap = " ".repeat(if first.is_empty() { 0 } else { room });
        let _ok = writeln!(text, "  {}{gap} {style}{first}{style:#}", self.name);
        for line in lines {
            let _ok = writeln!(text, "{:values$}{line}", "");
        }
    }

    fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("name".into(), self.name.as_str().into());
        object.insert("value".into(), self.value.to_json());
        if let Some(note) = &self.note {
            object.insert("note".into(), note.as_str().into());
        }
        if self.verdict != Verdict::None {
            object.insert("right".into(), (self.verdict == Verdict::Right).into());
        }
        object.into()
    }
}

impl FieldValue {
    fn lines(&self) -> Vec<&str> {
        match self {
            Self::Text(text) => text.lines().collect(),
            Self::List(values) => values.iter().map(String::as_str).collect(),
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::List(values) => values.as_slice().into(),
        }
    }
}

/// The lines of a text, the long ones broken between words. A line that begins with a space is kept
/// as it is.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in printable(text).lines() {
        if paragraph.starts_with(' ') {
            lines.push(paragraph.to_owned());
            continue;
        }
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let length = line.chars().count() + 1 + word.chars().count();
            if !line.is_empty() && length > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

/// The text without control characters, but for the ends of lines. Parts of it may come from a
/// peer, which must not steer the terminal.
pub fn printable(text: &str) -> String {
    let is_harmless = |letter: char| letter == '\n' || !letter.is_control();
    text.chars()
        .map(|letter| if is_harmless(letter) { letter } else { '?' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_between_words() {
        let word = "word ".repeat(20);
        let lines = wrapped(&word, 50);
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.len() <= 50), "{lines:?}");
        assert_eq!(lines.join(" "), word.trim());
        let long = "x".repeat(100);
        assert_eq!(wrapped(&format!("a {long} b"), 50), ["a", &long, "b"]);
        assert_eq!(wrapped("a\nb", 50), ["a", "b"]);
        assert_eq!(wrapped("  kept  as it is", 4), ["  kept  as it is"]);
    }

    #[test]
    fn the_values_of_a_section_begin_in_one_column() {
        for (longest, column) in [(10, VALUES), (26, VALUES), (34, 38), (60, LAST_VALUES)] {
            let mut section = Section::new("title");
            section.push(Field::new("name", "value").note("note ".repeat(20)));
            section.push(Field::new("n".repeat(longest), "value"));
            let mut text = String::new();
            section.write(&mut text);
            let text = anstream::adapter::strip_str(&text).to_string();
            let lines: Vec<&str> = text.lines().collect();
            assert!(lines.iter().all(|line| line.len() <= LINE), "{text}");
            assert_eq!(lines[1].find("value"), Some(column), "{text}");
            assert_eq!(lines[2].find("note"), Some(column), "{text}");
            let of_longest = lines.last().unwrap().find("value").unwrap();
            assert_eq!(of_longest, column.max(longest + 4), "{text}");
        }
    }

    #[test]
    fn what_a_peer_sends_does_not_steer_the_terminal() {
        let hostile = "a\u{1b}]52;c;x\u{7}\u{9b}2J\tb";
        let mut section = Section::new(hostile);
        section.push(Field::new("name", hostile).note(hostile));
        section.push(Field::list("more", vec![hostile.to_owned()]));
        let mut text = Report {
            sections: vec![section],
        }
        .to_text();
        // Our own sequences: bold, and no style.
        for own in ["\u{1b}[1m", "\u{1b}[0m"] {
            text = text.replace(own, "");
        }
        assert!(
            !text.contains(|letter: char| letter.is_control() && letter != '\n'),
            "{text:?}"
        );
    }

    #[test]
    fn json_has_what_the_text_has() {
        let mut section = Section::new("title");
        section.push(Field::new("one", "1").note("first").right(false));
        section.push(Field::list("more", vec!["2".to_owned(), "3".to_owned()]));
        let report = Report {
            sections: vec![section],
        };
        let expected = json!([{ "title": "title", "fields": [
            { "name": "one", "value": "1", "note": "first", "right": false },
            { "name": "more", "value": ["2", "3"] },
        ]}]);
        assert_eq!(report.to_json(), expected);
        let text = report.to_text();
        for part in ["title", "one", "first", "more", "2", "3"] {
            assert!(text.contains(part), "{part}");
        }
    }
}
