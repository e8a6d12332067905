//! README.md stays short. tests/pages has what the other pages must do, tests/live/test_readme.py
//! carries out the set-up.
#![allow(clippy::unwrap_used)]

/// The text, and its paragraphs without code, tables and headings.
fn readme() -> (String, Vec<String>) {
    let text = std::fs::read_to_string("README.md").unwrap();
    let prose: Vec<&str> = text.split("\n```").step_by(2).collect();
    let prose = prose.join("\n\n").replace("\n- ", "\n\n- ");
    let is_paragraph = |part: &&str| !part.is_empty() && !part.starts_with(['#', '|', '`']);
    let paragraphs = prose.split("\n\n").map(str::trim).filter(is_paragraph);
    let paragraphs = paragraphs.map(str::to_owned).collect();
    (text, paragraphs)
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

#[test]
fn the_readme_is_read_in_five_minutes() {
    let (text, paragraphs) = readme();
    assert!(
        text.lines().count() <= 125,
        "{} lines",
        text.lines().count()
    );
    assert!(words(&text) <= 1000, "{} words", words(&text));
    let mut lengths: Vec<usize> = paragraphs.iter().map(|text| words(text)).collect();
    lengths.sort_unstable();
    let median = lengths.get(lengths.len() / 2);
    assert!(median.is_some_and(|median| *median < 20), "{lengths:?}");
}
