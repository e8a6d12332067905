//! The pages that say which test shows what: each test that they name exists.
//!
//! Such a page names a test by a link: the test's name in backquotes, and the file that has it.

use std::path::{Path, PathBuf};

use super::page;

const PAGES: [&str; 4] = [
    "SECURITY.md",
    "docs/evidence.md",
    "docs/predecessors.md",
    "docs/threat-model.md",
];

/// A link whose text is a name in backquotes.
struct Named {
    name: String,
    file: PathBuf,
}

fn is_name(text: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_lowercase() || "_0123456789".contains(letter);
    text.chars().all(is_part)
}

/// The tests that a page names.
fn named(path: &Path) -> Vec<Named> {
    let text = page::prose(&page::read(path));
    let links = text
        .split("[`")
        .skip(1)
        .filter_map(|rest| rest.split_once("`]("));
    let named = links.filter(|(name, _)| is_name(name)).map(|(name, rest)| {
        let target = rest.split(')').next().unwrap();
        let file = path.parent().unwrap().join(target);
        let name = name.to_owned();
        Named { name, file }
    });
    named.collect()
}

/// Names with the shape of a test's that are no links.
fn unlinked(text: &str) -> Vec<&str> {
    let spans: Vec<&str> = text.split('`').collect();
    let is_alone = |span: &&[&str]| {
        let [before, name, after] = span else {
            return false;
        };
        let is_long = name.matches('_').count() >= 3 && !name.starts_with("gss_");
        let has_shape = name.starts_with("test_") || is_long;
        let is_link = before.ends_with('[') && after.starts_with("](");
        is_name(name) && has_shape && !is_link
    };
    spans
        .windows(3)
        .step_by(2)
        .filter(is_alone)
        .filter_map(|span| span.get(1).copied())
        .collect()
}

/// Whether the text of a file has this test. `stem` is the file's name without its ending.
fn has_test(text: &str, ending: &str, stem: &str, name: &str) -> bool {
    if ending == "py" {
        return text.contains(&format!("\ndef {name}("));
    }
    let Some((before, _)) = text.split_once(&format!("fn {name}() {{")) else {
        // A fuzz target is a program.
        return stem == name && text.contains("fuzz_target!(");
    };
    let above = before.rsplit_once('\n').map_or("", |(above, _)| above);
    let is_marked = above
        .lines()
        .rev()
        .map(str::trim)
        .take_while(|line| line.starts_with("#["))
        .any(|line| line == "#[test]");
    // A program that calls its tests itself has a list of their names.
    let is_listed = text.contains("fn main() {") && text.contains(&format!("\"{name}\","));
    is_marked || is_listed
}

#[test]
fn every_test_that_a_page_names_exists() {
    let mut seen = 0;
    for path in PAGES.map(Path::new) {
        for Named { name, file } in named(path) {
            let ending = file.extension().unwrap().to_str().unwrap();
            let stem = file.file_stem().unwrap().to_str().unwrap();
            let has_it = has_test(&page::read(&file), ending, stem, &name);
            assert!(has_it, "{}: no test {name} in {file:?}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 150, "{seen}");
}

#[test]
fn every_test_that_a_page_names_is_a_link() {
    for path in PAGES {
        let text = page::prose(&page::read(path));
        assert_eq!(unlinked(&text), [""; 0], "{path}");
    }
}

#[test]
fn what_is_no_test_is_not_found() {
    let rust =
        "#[test]\nfn one_is_one() {\n}\nfn two_is_two() {\n}\n    #[test]\n    fn three() {\n";
    assert!(has_test(rust, "rs", "tests", "one_is_one"));
    assert!(has_test(rust, "rs", "tests", "three"));
    assert!(!has_test(rust, "rs", "tests", "two_is_two"));
    assert!(!has_test(rust, "rs", "tests", "one_is"));
    let program = "fn main() {\n    [(\"one_is_one\", one_is_one)];\n}\nfn one_is_one() {\n}\n\
                   fn two_is_two() {\n}\n";
    assert!(has_test(program, "rs", "numbers", "one_is_one"));
    assert!(!has_test(program, "rs", "numbers", "two_is_two"));
    assert!(has_test("\nfuzz_target!(|x| {});", "rs", "cldap", "cldap"));
    assert!(!has_test("\nfuzz_target!(|x| {});", "rs", "cldap", "dns"));
    assert!(has_test("\ndef test_a(x):\n", "py", "test_x", "test_a"));
    assert!(!has_test("\ndef test_ab(x):\n", "py", "test_x", "test_a"));
    let text = "`test_a`, [`test_b`](c.py), `a_b_c_d`, `a_b_c`, `gss_a_b_c`";
    assert_eq!(unlinked(text), ["test_a", "a_b_c_d"]);
}
