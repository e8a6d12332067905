//! The direction of imports, as the crate's first page draws it; and where `unsafe` may stand.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// The floors that are folders of modules.
const FLOORS: &[&str] = &["login", "protocol", "base"];

/// Each module of the crate, and the modules that it may import. A module may always import itself.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    // Leaves.
    ("wire", &[]),
    ("crypto", &[]),
    ("fault", &[]),
    ("sid", &[]),
    ("name_case", &["fault"]),
    ("typed_name", &[]),
    ("process", &[]),
    ("config", &["name_case", "sid"]),
    ("file", &["crypto"]),
    ("log", &["config", "process", "fault"]),
    ("net", &[]),
    // Protocols: no sockets, no clock, no files.
    (
        "ntlm",
        &["wire", "crypto", "fault", "name_case", "typed_name"],
    ),
    ("rpc", &["wire", "crypto", "fault", "sid"]),
    ("dns", &[]),
    ("cldap", &["wire"]),
    // Who verifies.
    (
        "dc",
        &[
            "rpc",
            "dns",
            "cldap",
            "net",
            "wire",
            "config",
            "crypto",
            "fault",
            "file",
            "log",
            "process",
            "sid",
            "name_case",
            "typed_name",
        ],
    ),
    (
        "verify",
        &[
            "ntlm",
            "dc",
            "rpc",
            "net",
            "wire",
            "config",
            "crypto",
            "fault",
            "file",
            "name_case",
            "typed_name",
            "log",
            "sid",
        ],
    ),
    // What is decided.
    (
        "policy",
        &[
            "ntlm", "verify", "config", "crypto", "fault", "file", "log", "wire",
        ],
    ),
    (
        "identity",
        &["verify", "config", "fault", "name_case", "sid", "wire"],
    ),
    ("handover", &["crypto", "fault", "file", "process", "wire"]),
    (
        "guess_limit",
        &[
            "config",
            "crypto",
            "fault",
            "file",
            "log",
            "name_case",
            "process",
            "wire",
        ],
    ),
    (
        "name",
        &["identity", "setup", "ntlm", "fault", "name_case", "wire"],
    ),
    (
        "setup",
        &[
            "ntlm",
            "verify",
            "policy",
            "guess_limit",
            "config",
            "fault",
            "file",
            "log",
            "process",
        ],
    ),
    (
        "accept",
        &[
            "setup",
            "ntlm",
            "verify",
            "policy",
            "guess_limit",
            "identity",
            "handover",
            "config",
            "crypto",
            "fault",
            "log",
            "name_case",
            "wire",
        ],
    ),
    (
        "initiate",
        &[
            "name",
            "handover",
            "ntlm",
            "verify",
            "crypto",
            "fault",
            "name_case",
            "typed_name",
            "wire",
        ],
    ),
    (
        "context",
        &[
            "accept", "initiate", "name", "handover", "setup", "ntlm", "crypto", "fault",
        ],
    ),
    (
        "credential",
        &["initiate", "name", "setup", "fault", "wire"],
    ),
    // The C ABI: no protocol. Of `ntlm` only what protects messages and what a caller says of his
    // channel, and nothing of how.
    (
        "gss",
        &[
            "context",
            "credential",
            "initiate",
            "setup",
            "name",
            "identity",
            "handover",
            "ntlm",
            "name_case",
            "wire",
            "crypto",
            "fault",
            "log",
        ],
    ),
];

#[test]
fn imports_point_the_way_the_map_says() {
    let allowed: BTreeMap<_, _> = MAY_IMPORT.iter().copied().collect();
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for file in sources() {
        let Some(module) = module_of(&file) else {
            continue;
        };
        seen.insert(module.clone());
        let may = allowed
            .get(module.as_str())
            .unwrap_or_else(|| panic!("{module} is not in the map of tests/layers.rs"));
        for (number, imported) in imports(&without_tests(&read(&file))) {
            if imported != module && !may.contains(&imported.as_str()) {
                wrong.push(format!("{}:{number} imports {imported}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let known: BTreeSet<_> = allowed.keys().map(ToString::to_string).collect();
    assert_eq!(known, seen, "the map names every module, and no others");
}

#[test]
fn protocols_have_no_sockets_no_clock_and_no_files() {
    let forbidden = [
        "std::net",
        "std::fs",
        "std::env",
        "std::thread",
        "std::time",
        "std::io",
    ];
    for file in sources() {
        let module = module_of(&file).unwrap_or_default();
        if !["ntlm", "rpc", "dns", "cldap"].contains(&module.as_str()) {
            continue;
        }
        for (number, line) in without_tests(&read(&file)).lines().enumerate() {
            let found = forbidden.iter().find(|name| line.contains(*name));
            // An address is data.
            let found = found.filter(|_| line != "use std::net::IpAddr;");
            let place = format!("{}:{}", file.display(), number + 1);
            assert_eq!(found, None, "{place}: {line}");
        }
    }
}

#[test]
fn unsafe_stands_in_gss_only() {
    let root = read(Path::new("src/lib.rs"));
    let mut attribute = "";
    for line in root.lines() {
        if let Some(module) = line.strip_prefix("pub mod ") {
            let expected = match module {
                "gss;" => "#[allow(unsafe_code)]",
                _ => "#[forbid(unsafe_code)]",
            };
            assert_eq!(attribute, expected, "{line}");
        }
        attribute = line;
    }
    assert!(root.contains("#![deny(unsafe_code)]"));
}

#[test]
fn only_the_shared_state_speaks_of_what_was_proven_before() {
    for file in sources() {
        let may = [
            "src/dc/shared_key/record.rs",
            "src/protocol/rpc/schannel/agreement.rs",
        ];
        let named = read(&file).contains("proven_before");
        let expected = may.iter().any(|name| file.ends_with(name));
        assert_eq!(named, expected, "{}", file.display());
    }
}

#[test]
fn only_one_module_names_a_crypto_crate() {
    let crates = [
        "aes",
        "chacha20poly1305",
        "crc32fast",
        "des",
        "hmac",
        "md4",
        "md5",
        "sha2",
        "subtle",
        "zeroize",
    ];
    for file in sources() {
        for (number, line) in read(&file).lines().enumerate() {
            let names_one = crates.iter().any(|name| names_crate(line, name));
            assert!(
                !names_one || module_of(&file).as_deref() == Some("crypto"),
                "{}:{}: {line}",
                file.display(),
                number + 1
            );
        }
    }
}

/// Whether a line has a path that begins with the name of a crate.
fn names_crate(line: &str, name: &str) -> bool {
    let goes_on = |letter: char| letter.is_ascii_alphanumeric() || "_:".contains(letter);
    let path = format!("{name}::");
    line.match_indices(&path)
        .any(|(at, _)| !line[..at].ends_with(goes_on))
}

/// Every source file of the library, unit tests left out.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.ends_with("tests.rs")
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The module that a file belongs to: the one below its floor, or `gss` or `dc`; none for the root and
/// for a floor's own file.
fn module_of(file: &Path) -> Option<String> {
    let mut parts = file.strip_prefix("src").unwrap().components();
    let mut name = stem(parts.next()?.as_os_str())?;
    if FLOORS.contains(&name.as_str()) {
        name = stem(parts.next()?.as_os_str())?;
    }
    (name != "lib").then_some(name)
}

fn stem(name: &OsStr) -> Option<String> {
    Some(Path::new(name).file_stem()?.to_str()?.to_owned())
}

/// The text up to its unit tests.
fn without_tests(text: &str) -> String {
    text.split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Every `crate::module` that the text names, with its line.
fn imports(text: &str) -> Vec<(usize, String)> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .flat_map(|(number, line)| {
            line.split("crate::").skip(1).map(move |rest| {
                let mut path = rest.split("::").map(|part| {
                    let goes_on = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
                    part.split(|letter| !goes_on(letter))
                        .next()
                        .unwrap_or_default()
                });
                let first = path.next().unwrap_or_default();
                let name = if FLOORS.contains(&first) {
                    path.next().unwrap_or_default()
                } else {
                    first
                };
                (number + 1, name.to_owned())
            })
        })
        .collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
