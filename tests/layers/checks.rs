//! The checks. Each gives what is wrong, one line for each violation.

use std::collections::{BTreeMap, BTreeSet};

use crate::rules::Rules;
use crate::source::{ModulePath, Source, Tree};

/// No import points up; each is permitted; each permission is used; the rules name every module.
pub fn imports(tree: &Tree, rules: &Rules) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for (from, line, to) in tree.imports() {
        let place = format!("{}:{line}", from.file);
        let (Some(ours), Some(theirs)) = (rules.unit(&from.module), rules.unit(&to.module)) else {
            continue;
        };
        if ours == theirs {
            continue;
        }
        if rules.floor(&ours) < rules.floor(&theirs) {
            wrong.push(format!("{place}: {ours} imports {theirs} of a floor above"));
        } else if !rules.permits(&ours, &theirs) {
            wrong.push(format!(
                "{place}: {ours} imports {theirs}, which is not permitted"
            ));
        }
        used.insert((rules.granted_to(&ours, &theirs), theirs));
    }
    for (unit, permitted) in rules.all() {
        for other in *permitted {
            if rules.floor(unit) < rules.floor(other) {
                wrong.push(format!(
                    "the rules: {unit} may import {other} of a floor above"
                ));
            }
            if !used.contains(&((*unit).to_owned(), (*other).to_owned())) {
                wrong.push(format!(
                    "the rules: {unit} may import {other}, and does not"
                ));
            }
        }
    }
    let known: BTreeSet<String> = rules.all().map(|(unit, _)| (*unit).to_owned()).collect();
    let units: BTreeSet<String> = tree
        .0
        .iter()
        .filter_map(|source| rules.unit(&source.module))
        .collect();
    for unit in units.symmetric_difference(&known) {
        // A floor's own file is no module of it, unless it imports.
        if !rules.floors.contains(&unit.as_str()) || known.contains(unit) {
            wrong.push(format!("{unit} is only in the source or only in the rules"));
        }
    }
    wrong
}

/// No file imports itself through others, but for the circles that the rules know. What a file
/// re-exports from its own folder is its interface, and no import.
pub fn circles(tree: &Tree, rules: &Rules) -> Vec<String> {
    let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut left = rules.circles.to_vec();
    for (from, _, to) in tree.imports() {
        let is_known = |pair: &(&str, &str)| *pair == (from.file.as_str(), to.file.as_str());
        if rules.circles.iter().any(is_known) {
            left.retain(|pair| !is_known(pair));
            continue;
        }
        graph.entry(&from.file).or_default().insert(&to.file);
    }
    let circles = graph.iter().filter_map(|(file, targets)| {
        let back = targets
            .iter()
            .filter(|target| leads_to(&graph, target, file));
        let back: Vec<&str> = back.copied().collect();
        (!back.is_empty()).then(|| format!("a circle: {file} imports {}", back.join(", ")))
    });
    let gone = left
        .iter()
        .map(|(from, to)| format!("the rules: the circle of {from} and {to} is gone"));
    circles.chain(gone).collect()
}

/// Whether one file imports the other, through any number of others.
fn leads_to(graph: &BTreeMap<&str, BTreeSet<&str>>, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut next = vec![from];
    while let Some(file) = next.pop() {
        let targets = graph.get(file).into_iter().flatten();
        next.extend(targets.filter(|target| seen.insert(target)));
    }
    seen.contains(to)
}

/// The protocols see bytes and the time that they are given.
pub fn sans_io(tree: &Tree) -> Vec<String> {
    let forbidden = ["net", "fs", "env", "thread", "time", "io", "process"];
    in_files(tree, |source| {
        let is_protocol = source
            .module
            .first()
            .is_some_and(|floor| floor == "protocol");
        let named = source.named().into_iter().filter(|_| is_protocol);
        let found = named.filter(|named| {
            let path: Vec<&str> = named.path.iter().map(String::as_str).collect();
            // An address is data.
            path.first() == Some(&"std")
                && path.get(1).is_some_and(|part| forbidden.contains(part))
                && !matches!(path[..], ["std", "net", "IpAddr" | "Ipv4Addr"])
        });
        found
            .map(|named| (named.line, named.path.join("::")))
            .collect()
    })
}

/// Every floor but gss forbids unsafe code.
pub fn unsafe_code(tree: &Tree) -> Vec<String> {
    let Some(root) = tree.0.iter().find(|source| source.module.is_empty()) else {
        return vec!["there is no src/lib.rs".to_owned()];
    };
    let mut wrong = Vec::new();
    let mut attribute = "";
    for line in root.text.lines() {
        if let Some(module) = line.strip_prefix("pub mod ") {
            let expected = match module {
                "gss;" => "#[allow(unsafe_code)]",
                _ => "#[forbid(unsafe_code)]",
            };
            if attribute != expected {
                wrong.push(format!("{}: {line} without {expected}", root.file));
            }
        }
        attribute = line;
    }
    if !root.text.contains("#![deny(unsafe_code)]") {
        wrong.push(format!("{} does not deny unsafe code", root.file));
    }
    wrong
}

/// A key that another process has proven is trusted in two places.
pub fn proven_before(tree: &Tree) -> Vec<String> {
    let may = [
        "src/dc/shared_key/record.rs",
        "src/protocol/rpc/schannel/agreement.rs",
    ];
    let names_it = |source: &&Source| source.text.contains("proven_before");
    let found: Vec<&str> = tree
        .0
        .iter()
        .filter(names_it)
        .map(|source| &*source.file)
        .collect();
    match found == may {
        true => Vec::new(),
        false => vec![format!("proven_before stands in {found:?}, not in {may:?}")],
    }
}

/// The crates that [`crypto_crates`] looks for.
const CRYPTO_CRATES: &[&str] = &[
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

/// Only `base::crypto` names a crypto crate, unit tests included.
pub fn crypto_crates(tree: &Tree) -> Vec<String> {
    in_files(tree, |source| {
        if source
            .module
            .starts_with(&["base".to_owned(), "crypto".to_owned()])
        {
            return Vec::new();
        }
        let mut before = "";
        let mut found = Vec::new();
        for two in source.words.windows(2) {
            let begins = before != "::" && two[1].text == "::";
            if begins && CRYPTO_CRATES.contains(&two[0].text.as_str()) {
                found.push((two[0].line, two[0].text.clone()));
            }
            before = &two[0].text;
        }
        found
    })
}

/// The map on the crate's first page has the floors in their order, each module on its floor, and
/// no others. For gss and dc, whose modules it leaves to their own pages, those pages have them.
pub fn crate_map(tree: &Tree, rules: &Rules) -> Vec<String> {
    let page = |module: &[&str]| {
        let is_it = |source: &&Source| source.module == *module;
        let text = tree.0.iter().find(is_it).map_or("", |source| &source.text);
        let lines = text.lines().filter_map(|line| line.strip_prefix("//!"));
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    let map = page(&[]);
    let map = map.split("```").nth(1).unwrap_or_default();
    let mut wrong = Vec::new();
    let mut floors: Vec<(&str, String)> = Vec::new();
    for line in map.lines() {
        let line = line.trim_start();
        let line = line
            .trim_start_matches("host ─►")
            .trim_start_matches([' ', '│']);
        let first = line.split_whitespace().next().unwrap_or_default();
        match rules.floors.contains(&first) {
            true => floors.push((first, line[first.len()..].to_owned())),
            false => floors.iter_mut().last().into_iter().for_each(|(_, text)| {
                text.push('\n');
                text.push_str(line);
            }),
        }
    }
    let order: Vec<&str> = floors.iter().map(|(floor, _)| *floor).collect();
    if order != rules.floors {
        wrong.push(format!(
            "the map has the floors {order:?}, not {:?}",
            rules.floors
        ));
    }
    for (floor, text) in floors {
        let text = text + &page(&[floor]);
        let words: BTreeSet<&str> = text
            .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .collect();
        let on_floor = |source: &&Source| source.module.len() == 2 && source.module[0] == *floor;
        for module in tree.0.iter().filter(on_floor) {
            let name = module.module[1].as_str();
            if !words.contains(name) {
                wrong.push(format!("the map does not name {floor}::{name}"));
            }
        }
    }
    wrong
}

/// docs/architecture.md has a part for each floor, in their order: `### `gss`: ...`. Each part has
/// a link to each module of its floor, and to no other of this length.
pub fn architecture_page(tree: &Tree, rules: &Rules, page: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let parts = page.split("\n### `").skip(1);
    let parts: Vec<_> = parts.filter_map(|part| part.split_once("`:")).collect();
    let order: Vec<&str> = parts.iter().map(|(floor, _)| *floor).collect();
    if order != rules.floors {
        wrong.push(format!("the page has {order:?}, not {:?}", rules.floors));
    }
    for (floor, text) in parts {
        let text = text.split("\n#").next().unwrap_or_default();
        let on_floor = |source: &&Source| source.module.len() == 2 && source.module[0] == floor;
        let modules = tree.0.iter().filter(on_floor);
        let known: BTreeSet<&str> = modules.map(|source| source.module[1].as_str()).collect();
        let links = text
            .split("[`")
            .skip(1)
            .filter_map(|link| link.split_once("`]("));
        let is_of_floor =
            |(name, rest): &(&str, &str)| rest.starts_with(&format!("../src/{floor}/{name}.rs)"));
        let named: BTreeSet<&str> = links.filter(is_of_floor).map(|(name, _)| name).collect();
        for name in known.symmetric_difference(&named) {
            wrong.push(format!(
                "docs/architecture.md and src differ in {floor}::{name}"
            ));
        }
    }
    wrong
}

/// What is found in each file, with its place.
fn in_files(tree: &Tree, find: impl Fn(&Source) -> Vec<(usize, String)>) -> Vec<String> {
    let mut all = Vec::new();
    for source in &tree.0 {
        for (line, found) in find(source) {
            all.push(format!("{}:{line}: {found}", source.file));
        }
    }
    all
}

impl Rules {
    /// What the rules speak of: gss as a whole, else the module on its floor.
    fn unit(&self, module: &ModulePath) -> Option<String> {
        match module.as_slice() {
            [] => None,
            [floor, ..] if self.whole.contains(&floor.as_str()) => Some(floor.clone()),
            [floor] => Some(floor.clone()),
            [floor, module, ..] => Some(format!("{floor}::{module}")),
        }
    }

    /// The number of its floor, counted from the ground; none for what stands on no floor.
    fn floor(&self, unit: &str) -> Option<usize> {
        let floor = unit.split("::").next();
        self.floors
            .iter()
            .rev()
            .position(|name| Some(*name) == floor)
    }

    fn permits(&self, unit: &str, other: &str) -> bool {
        let granted_to = self.granted_to(unit, other);
        self.all()
            .any(|(name, permitted)| *name == granted_to && permitted.contains(&other))
    }

    /// Whose permission it is: the module's own, or that of its whole floor.
    fn granted_to(&self, unit: &str, other: &str) -> String {
        let mut permissions = self.all();
        let is_own =
            permissions.any(|(name, permitted)| *name == unit && permitted.contains(&other));
        match (is_own, unit.split_once("::")) {
            (false, Some((floor, _))) => floor.to_owned(),
            _ => unit.to_owned(),
        }
    }
}
