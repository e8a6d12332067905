//! What pages call by its name: minor codes, and the files beside them.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use gss_ntlmdc::base::fault::Minor;

use super::page;

/// Words in the form of a code's name that are none: of Apache, GSSAPI, Windows, other modules.
const OTHERS: &str = "
    AuthName AuthServerAllowlist AuthType DCTcpipPort HttpClient HttpURLConnection
    KeepAliveTimeout LimitRequestFieldSize MaxKeepAliveRequests MixedAuthenticator
    NegotiateAuthHelper NetworkExplorer
    NtlmHttpFilter PlaintextAuthHelper PythonAuthenHandler SessionCookieName WaffleInfo
";

/// The codes that a page names: words in backquotes, alone.
fn codes_of(text: &str) -> BTreeSet<String> {
    let others: BTreeSet<&str> = OTHERS.split_whitespace().collect();
    let spans = text.split('`').skip(1).step_by(2);
    let is_code = |word: &&str| {
        let mut letters = word.chars();
        let is_camel = letters
            .next()
            .is_some_and(|first| first.is_ascii_uppercase())
            && letters
                .next()
                .is_some_and(|second| second.is_ascii_lowercase());
        let is_word = word.chars().all(char::is_alphanumeric);
        is_word && is_camel && letters.any(|letter| letter.is_ascii_uppercase())
    };
    let is_ours = |word: &&str| !others.contains(word) && !word.starts_with("Gssapi");
    spans
        .filter(is_code)
        .filter(is_ours)
        .map(str::to_owned)
        .collect()
}

/// The pages of docs/ and of the folders in it.
fn administrators() -> Vec<PathBuf> {
    let folders = ["docs", "docs/coming-from"];
    folders
        .iter()
        .flat_map(|folder| page::pages_in(folder))
        .collect()
}

#[test]
fn administrators_pages_name_codes_that_there_are() {
    let known: BTreeSet<&str> = Minor::ALL.iter().map(|minor| minor.name()).collect();
    let contributors = ["architecture.md", "decisions.md", "threat-model.md"];
    let mut named = 0;
    for path in administrators() {
        if contributors.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        for name in codes_of(&page::prose(&page::read(&path))) {
            assert!(known.contains(name.as_str()), "{}: {name}", path.display());
            named += 1;
        }
    }
    assert!(named >= 120, "{named}");
    assert!(codes_of(&page::prose(&page::read("docs/domain.md"))).len() >= 5);
}

#[test]
fn the_page_of_recipes_has_each_of_them() {
    let (page, names) = beside("examples");
    for name in names {
        assert!(page.contains(&format!("]({name})")), "{name}");
    }
}

/// The folder's page, and the names of what is beside it.
fn beside(folder: &str) -> (String, Vec<String>) {
    let files = fs::read_dir(folder).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let names = names.filter(|name| !name.starts_with('.') && name != "README.md");
    (page::read(format!("{folder}/README.md")), names.collect())
}

#[test]
fn the_maps_of_tests_and_ci_have_each_entry() {
    for folder in ["tests", "ci"] {
        let (page, names) = beside(folder);
        for name in names.iter().filter(|name| *name != "__pycache__") {
            let is_linked = [")", "/"]
                .iter()
                .any(|end| page.contains(&format!("]({name}{end}")));
            assert!(is_linked, "{folder}/README.md does not link {name}");
        }
    }
}

#[test]
fn the_map_of_tests_names_live_tests_that_there_are() {
    let page = page::read("tests/README.md");
    let named = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.starts_with("test_"));
    for name in named {
        assert!(fs::exists(format!("tests/live/{name}")).unwrap(), "{name}");
    }
}

/// Packages in `Cargo.toml`: keys of the tables of dependencies.
fn packages() -> BTreeSet<String> {
    let manifest = page::read("Cargo.toml");
    let tables = manifest
        .split("\n[")
        .filter(|table| table.contains("dependencies]\n"));
    let keys = tables
        .flat_map(str::lines)
        .filter_map(|line| line.split_once(" = "));
    // Not a comment, nor the end of a list over several lines.
    let is_name = |key: &&str| key.starts_with(|letter: char| letter.is_ascii_alphabetic());
    let keys = keys.map(|(key, _)| key.trim()).filter(is_name);
    keys.map(str::to_owned).collect()
}

#[test]
fn the_page_of_decisions_has_each_dependency() {
    let page = page::read("docs/decisions.md");
    let packages = packages();
    assert!(packages.len() >= 20, "{packages:?}");
    for name in packages {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn files_that_pages_name_are_there() {
    let folders = ["src/", "tests/", "ci/", "docs/", "examples/", "include/"];
    let mut seen = 0;
    for path in page::all() {
        let text = page::prose(&page::read(&path));
        let spans = text.split('`').skip(1).step_by(2);
        let is_file = |span: &&str| {
            let is_path = !span.contains(|letter: char| " *<$".contains(letter));
            is_path && folders.iter().any(|folder| span.starts_with(folder))
        };
        for name in spans.filter(is_file) {
            assert!(fs::exists(name).unwrap(), "{}: {name}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 40, "{seen}");
}
