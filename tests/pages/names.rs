//! What pages call by its name in the code: minor codes, recipes.

use std::collections::BTreeSet;
use std::fs;

use gss_ntlmdc::base::fault::Minor;

use super::page;

/// Words in the form of a code's name that are none: Apache's, GSSAPI's, Windows', the code's.
const OTHERS: &str = "
    DCTcpipPort DisableNTLMPreAuth HttpClient HttpURLConnection
    KeepAliveTimeout MaxKeepAliveRequests
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

#[test]
fn administrators_pages_name_codes_that_there_are() {
    let known: BTreeSet<&str> = Minor::ALL.iter().map(|minor| minor.name()).collect();
    let contributors = ["architecture.md", "decisions.md", "threat-model.md"];
    let mut named = 0;
    for path in page::pages_in("docs") {
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
    let page = page::read("examples/README.md");
    for file in fs::read_dir("examples").unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(
            name == "README.md" || page.contains(&format!("]({name})")),
            "{name}"
        );
    }
}
