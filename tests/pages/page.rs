//! The text of the pages, and what is in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Every page, by its path from the top of the checkout.
pub fn all() -> Vec<PathBuf> {
    let folders = ["", "ci", "docs", "docs/coming-from", "examples", "tests"];
    let mut pages: Vec<PathBuf> = folders.iter().flat_map(|folder| pages_in(folder)).collect();
    pages.sort();
    pages
}

/// The pages of one folder.
pub fn pages_in(folder: &str) -> Vec<PathBuf> {
    let directory = Path::new(".").join(folder);
    let files = fs::read_dir(directory).unwrap();
    let names = files.map(|file| Path::new(folder).join(file.unwrap().file_name()));
    let is_page = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "md");
    names.filter(is_page).collect()
}

pub fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The fenced blocks of a language, without the fences.
pub fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in text.lines() {
        let fence = line.trim_start().strip_prefix("```");
        match (&mut open, fence) {
            (None, Some(kind)) => open = Some((kind == language, String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take().filter(|block| block.0)),
            (Some((_, text)), None) => *text += &format!("{}\n", line.trim_start()),
            (None, None) => {}
        }
    }
    blocks.into_iter().map(|(_, text)| text).collect()
}

/// The text without its fenced blocks.
pub fn prose(text: &str) -> String {
    let parts = text.split("\n```");
    parts.step_by(2).collect::<Vec<_>>().join("\n")
}

/// The anchors of a page's headings, as forges make them.
pub fn anchors(text: &str) -> BTreeSet<String> {
    let prose = prose(text);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .collect()
}

fn anchor(heading: &str) -> String {
    let kept = |letter: &char| letter.is_alphanumeric() || "_- ".contains(*letter);
    let letters = heading.to_lowercase();
    letters
        .chars()
        .filter(kept)
        .map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}

/// The targets of a page's links within the checkout.
pub fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let targets = prose
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'));
    let own = targets
        .map(|(target, _)| target)
        .filter(|target| !target.contains("://"));
    own.map(str::to_owned).collect()
}
