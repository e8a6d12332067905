//! The tables of keys in docs/configuration.md. `configuration` holds them against the code; the
//! unit tests of the tool make the man page and `examples/ntlmdc.toml` from them.

use std::fs;

pub const PAGE: &str = "docs/configuration.md";

/// The head of a table of keys.
pub const HEAD: &str = "| key | value | default |";

/// A row of a table of keys.
pub struct Row {
    /// The heading of the table, as it is in a configuration; empty for keys of no table.
    pub table: String,
    pub key: String,
    /// What the value means.
    pub value: String,
    /// The cell of the default.
    pub default: String,
}

impl Row {
    /// The default, as it is written in a configuration; `None` if there is none to write.
    pub fn literal(&self) -> Option<&str> {
        let (literal, _) = self.default.strip_prefix('`')?.split_once('`')?;
        Some(literal)
    }
}

pub fn rows() -> Vec<Row> {
    let text = fs::read_to_string(PAGE).unwrap();
    let mut table = String::new();
    let mut in_keys = false;
    let mut rows = Vec::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            let is_table = heading.starts_with("`[");
            table = match is_table {
                true => heading.replace('`', ""),
                false => String::new(),
            };
        }
        in_keys = line == HEAD || in_keys && line.starts_with('|');
        let cells: Vec<&str> = line.trim_matches(['|', ' ']).split(" | ").collect();
        if let (true, [key, value, rest @ ..]) = (in_keys, &cells[..])
            && key.starts_with('`')
        {
            rows.push(Row {
                table: table.clone(),
                key: key.replace('`', ""),
                value: value.trim().to_owned(),
                default: rest.first().unwrap_or(&"").trim().to_owned(),
            });
        }
    }
    rows
}
