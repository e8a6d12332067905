//! Every link leads somewhere, and every page can be reached.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::page;

/// The file that a link of a page leads to, and the anchor in it.
fn target(page: &Path, link: &str) -> (PathBuf, String) {
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let folder = page.parent().unwrap();
    let path = if file.is_empty() {
        page.to_owned()
    } else {
        folder.join(file)
    };
    (path, anchor.to_owned())
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for path in page::all() {
        for link in page::links(&page::read(&path)) {
            let (file, anchor) = target(&path, &link);
            let is_there = match anchor.as_str() {
                "" => file.exists(),
                anchor => file.is_file() && page::anchors(&page::read(&file)).contains(anchor),
            };
            if !is_there {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

/// The files that a page links to.
fn linked(page: &str) -> BTreeSet<PathBuf> {
    let links = page::links(&page::read(page));
    let files = links.iter().map(|link| target(Path::new(page), link).0);
    files.map(|file| fs::canonicalize(file).unwrap()).collect()
}

#[track_caller]
fn assert_linked(index: &str, files: &[PathBuf]) {
    let linked = linked(index);
    let is_missing = |file: &&PathBuf| {
        file != &Path::new(index) && !linked.contains(&fs::canonicalize(file).unwrap())
    };
    let missing: Vec<_> = files.iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "{index} does not link {missing:?}");
}

#[test]
fn the_index_links_every_page() {
    assert_linked("docs/README.md", &page::pages_in("docs"));
}
