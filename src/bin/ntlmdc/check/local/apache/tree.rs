//! Apache's configuration as a tree: files included, sections nested, conditions decided.
//!
//! What is read is bounded in files, bytes and depth, and so is the nesting of sections.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use gss_ntlmdc::base::file;

use super::lines::{self, LineKind};

/// The longest file.
const FILE_LIMIT: u64 = 4 << 20;
/// The most files.
const FILES: usize = 4096;
/// The most directories of one `Include`.
const FOLDERS: usize = 256;
/// The deepest nesting of files and of sections.
const DEPTH: usize = 64;
/// The modules that Debian's Apache has built in.
const BUILT_IN: [&str; 8] = [
    "core_module",
    "so_module",
    "watchdog_module",
    "http_module",
    "log_config_module",
    "logio_module",
    "version_module",
    "unixd_module",
];

/// A directive or a section.
#[derive(Clone, Debug)]
pub struct Directive {
    /// In small letters.
    pub name: String,
    pub words: Vec<String>,
    /// What follows the name, as it is written.
    pub raw: String,
    pub file: Rc<Path>,
    pub line: usize,
    /// The lines of a section.
    pub children: Option<Vec<Directive>>,
}

impl Directive {
    /// The file and line, for a text.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file.display(), self.line)
    }

    /// The first word, or an empty text.
    pub fn word(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// Whether the first word is `On`.
    pub fn is_on(&self) -> bool {
        self.word().eq_ignore_ascii_case("on")
    }
}

/// What was read.
#[derive(Debug, Default)]
pub struct ConfigTree {
    pub top: Vec<Directive>,
    /// Identifiers of loaded modules, and their files.
    pub modules: BTreeMap<String, PathBuf>,
    /// What could not be read, or is not understood.
    pub problems: Vec<String>,
    defines: BTreeMap<String, String>,
    root: PathBuf,
    macros: BTreeSet<String>,
    files: usize,
}

/// Reads a configuration by its main file. `variables` are those of its environment.
pub fn read(main: &Path, variables: BTreeMap<String, String>) -> ConfigTree {
    let mut tree = ConfigTree {
        defines: variables,
        root: main.parent().unwrap_or(Path::new("/")).to_owned(),
        ..ConfigTree::default()
    };
    tree.top = tree.file(main, 0);
    tree
}

/// A section whose end has not come.
struct OpenSection {
    section: Directive,
    /// Whether its lines are left out.
    is_left_out: bool,
}

impl ConfigTree {
    /// Whether a module is loaded, by its identifier.
    pub fn has_module(&self, id: &str) -> bool {
        self.modules.contains_key(id) || BUILT_IN.contains(&id)
    }

    /// The lines of a file.
    fn file(&mut self, path: &Path, depth: usize) -> Vec<Directive> {
        self.files += 1;
        if depth > DEPTH || self.files > FILES {
            self.problems
                .push(format!("{}: too many files", path.display()));
            return Vec::new();
        }
        match file::read_system(path, FILE_LIMIT) {
            Ok(text) => self.text(path, &String::from_utf8_lossy(&text), depth),
            Err(error) => {
                self.problems.push(format!("{}: {error}", path.display()));
                Vec::new()
            }
        }
    }

    fn text(&mut self, path: &Path, text: &str, depth: usize) -> Vec<Directive> {
        let file: Rc<Path> = path.into();
        let mut top = Vec::new();
        let mut open: Vec<OpenSection> = Vec::new();
        for line in lines::lines(text) {
            let is_left_out = open.last().is_some_and(|section| section.is_left_out);
            let raw = lines::with_values(&line.raw, &self.defines);
            let directive = Directive {
                words: lines::words(&raw),
                name: line.name,
                raw,
                file: Rc::clone(&file),
                line: line.number,
                children: None,
            };
            let done = match line.kind {
                LineKind::Begin => {
                    let section = self.opened(directive, depth + open.len(), is_left_out);
                    open.push(section);
                    continue;
                }
                LineKind::End => open.pop().map_or_else(Vec::new, closed),
                LineKind::Directive if is_left_out => continue,
                LineKind::Directive => self.directive(directive, depth),
            };
            match open.last_mut() {
                Some(above) => above.section.children.get_or_insert_default().extend(done),
                None => top.extend(done),
            }
        }
        // Apache refuses a file with a section that has no end.
        top.extend(open.into_iter().flat_map(closed));
        top
    }

    /// A section that begins. `is_left_out`: the one around it is left out.
    fn opened(&mut self, section: Directive, depth: usize, is_left_out: bool) -> OpenSection {
        let is_too_deep = depth >= DEPTH;
        if is_too_deep && !is_left_out {
            let place = section.place();
            self.problems
                .push(format!("{place}: sections are nested too deep"));
        }
        let is_left_out = is_left_out || is_too_deep || self.is_left_out(&section);
        OpenSection {
            section,
            is_left_out,
        }
    }

    /// The lines that one line stands for.
    fn directive(&mut self, directive: Directive, depth: usize) -> Vec<Directive> {
        let words = &directive.words;
        match (directive.name.as_str(), words.as_slice()) {
            ("include" | "includeoptional", [pattern, ..]) => {
                let is_needed = directive.name == "include";
                return self.include(pattern, is_needed, depth);
            }
            ("define", [name, value @ ..]) => {
                let value = value.first().cloned().unwrap_or_default();
                self.defines.insert(name.clone(), value);
            }
            ("undefine", [name, ..]) => drop(self.defines.remove(name)),
            ("serverroot", [root, ..]) => self.root = root.into(),
            ("loadmodule", [id, file, ..]) => {
                self.modules.insert(id.clone(), self.root.join(file));
            }
            ("use", [name, ..]) if self.macros.insert(name.clone()) => {
                let place = directive.place();
                self.problems
                    .push(format!("{place}: the macro {name} is not looked at"));
            }
            _ => {}
        }
        vec![directive]
    }

    fn include(&mut self, pattern: &str, is_needed: bool, depth: usize) -> Vec<Directive> {
        let mut paths = matching(&self.root.join(pattern));
        if paths.is_empty() && is_needed && !pattern.contains(['*', '?', '[']) {
            self.problems
                .push(format!("{pattern}: there is no such file to include"));
        }
        let mut found = Vec::new();
        paths.truncate(FILES);
        for path in paths {
            found.extend(self.file(&path, depth + 1));
        }
        found
    }

    /// Whether a condition that is decided at the start does not hold.
    fn is_left_out(&self, section: &Directive) -> bool {
        let word = section.word();
        let (is_negated, name) = match word.strip_prefix('!') {
            Some(name) => (true, name),
            None => (false, word),
        };
        let holds = match section.name.as_str() {
            "ifmodule" => self.is_loaded(name),
            "ifdefine" => self.defines.contains_key(name),
            "iffile" => self.root.join(name).exists(),
            "ifversion" => return version_fails(&section.words),
            "macro" => return true,
            _ => return false,
        };
        holds == is_negated
    }

    /// By the identifier, or by the name of the source.
    fn is_loaded(&self, name: &str) -> bool {
        let id = match name.strip_suffix(".c") {
            Some(source) => match source.strip_prefix("mod_") {
                Some(module) => format!("{module}_module"),
                None => format!("mpm_{source}_module"),
            },
            None => name.to_owned(),
        };
        self.has_module(&id)
    }
}

/// The lines that a section stands for: itself, or only its lines where its condition is decided.
fn closed(open: OpenSection) -> Vec<Directive> {
    const DECIDED: [&str; 6] = [
        "ifmodule",
        "ifdefine",
        "iffile",
        "ifversion",
        "ifdirective",
        "ifsection",
    ];
    let mut section = open.section;
    let children = section.children.take().unwrap_or_default();
    match (open.is_left_out, DECIDED.contains(&section.name.as_str())) {
        (true, _) => Vec::new(),
        (false, true) => children,
        (false, false) => {
            section.children = Some(children);
            vec![section]
        }
    }
}

/// Whether the version of Apache, some 2.4, is outside of what an `IfVersion` names.
fn version_fails(words: &[String]) -> bool {
    let (operator, version) = match words {
        [operator, version, ..] => (operator.as_str(), version.as_str()),
        _ => return false,
    };
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0u32));
    let asked = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    match operator {
        ">" | ">=" => asked > (2, 4),
        "<" => asked <= (2, 4),
        "<=" => asked < (2, 4),
        _ => false,
    }
}

/// The files that a path with wildcards stands for, in the order of their names; those of a
/// directory, and of the directories in it.
fn matching(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("/")];
    for part in pattern.components().skip(1) {
        let part = part.as_os_str().to_string_lossy();
        found = match part.contains(['*', '?', '[']) {
            false => found.into_iter().map(|path| path.join(&*part)).collect(),
            true => found
                .iter()
                .flat_map(|path| children(path, &part))
                .collect(),
        };
        found.truncate(FILES);
    }
    let mut files = Vec::new();
    let mut folders = 0;
    for path in found {
        add_files(&path, &mut files, &mut folders);
    }
    files
}

/// Adds a file, or those of a directory. Links may lead back to a directory, so their number is
/// bounded, and with it the depth.
fn add_files(path: &Path, files: &mut Vec<PathBuf>, folders: &mut usize) {
    match path.is_dir() {
        true if *folders < FOLDERS => {
            *folders += 1;
            for child in children(path, "*") {
                add_files(&child, files, folders);
            }
        }
        false if files.len() < FILES && path.exists() => files.push(path.to_owned()),
        _ => {}
    }
}

fn children(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is_match(pattern.as_bytes(), name.as_bytes()))
        .collect();
    names.sort();
    names.into_iter().map(|name| folder.join(name)).collect()
}

/// Whether a name fits a pattern with `*` and `?` (a class in brackets counts as `?`).
fn is_match(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), None) => is_match(rest, name),
        (Some((b'*', rest)), Some((_, shorter))) => {
            is_match(rest, name) || is_match(pattern, shorter)
        }
        (Some((b'[', rest)), Some((_, shorter))) => {
            let end = rest.iter().position(|byte| *byte == b']');
            end.and_then(|end| rest.get(end + 1..))
                .is_some_and(|rest| is_match(rest, shorter))
        }
        (Some((b'?', rest)), Some((_, shorter))) => is_match(rest, shorter),
        (Some((letter, rest)), Some((first, shorter))) => {
            letter == first && is_match(rest, shorter)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
