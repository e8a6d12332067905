//! The library's source, read as far as the rules need it: files, words, and the paths of imports.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::words::{Word, words};

/// A path of modules: `["dc", "pool"]`; that of the crate's root is empty.
pub type ModulePath = Vec<String>;

/// One file of the library.
pub struct Source {
    /// Where it is, from the package's root.
    pub file: String,
    /// The module that it is.
    pub module: ModulePath,
    /// All of it.
    pub text: String,
    /// Its words without comments and texts.
    pub words: Vec<Word>,
}

/// A path as it stands in a file.
#[derive(Debug)]
pub struct Named {
    pub line: usize,
    pub path: ModulePath,
    /// Whether it begins at this crate's root; else at another crate, or at a name of the file.
    pub is_ours: bool,
}

/// The files of a library; those that hold unit tests only are left out.
pub struct Tree(pub Vec<Source>);

impl Tree {
    /// The library of this package. The tool is another crate, which sees what is public.
    pub fn of_this_package() -> Self {
        let mut files = Vec::new();
        let mut folders = vec![PathBuf::from("src")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.ends_with("bin") {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = fs::read_to_string(&path).unwrap();
                    files.push((path.to_str().unwrap().to_owned(), text));
                }
            }
        }
        files.sort();
        let files: Vec<_> = files
            .iter()
            .map(|(f, t)| (f.as_str(), t.as_str()))
            .collect();
        Self::of(&files)
    }

    /// A library of these files.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let all: Vec<Source> = files
            .iter()
            .map(|(file, text)| Source {
                file: (*file).to_owned(),
                module: module_of(Path::new(file)),
                text: (*text).to_owned(),
                words: words(text),
            })
            .collect();
        let tests: Vec<ModulePath> = all.iter().flat_map(test_modules).collect();
        let is_test = |module: &ModulePath| tests.iter().any(|test| module.starts_with(test));
        Self(
            all.into_iter()
                .filter(|source| !is_test(&source.module))
                .collect(),
        )
    }

    /// Each import of one file by another: the importing file, the line, the imported file.
    pub fn imports(&self) -> Vec<(&Source, usize, &Source)> {
        let files: BTreeMap<&[String], &Source> = self
            .0
            .iter()
            .map(|source| (&source.module[..], source))
            .collect();
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        for source in &self.0 {
            for named in source.named().iter().filter(|named| named.is_ours) {
                let target = (1..=named.path.len())
                    .rev()
                    .find_map(|length| files.get(&named.path[..length]));
                if let Some(target) = target
                    && target.module != source.module
                    && seen.insert((&source.file, &target.file))
                {
                    found.push((source, named.line, *target));
                }
            }
        }
        found
    }
}

impl Source {
    /// Every path of two names and more, from the crate's root, unit tests left out. A path that
    /// begins with a crate's name is as it stands. What a file re-exports from its own folder is
    /// left out: it is the folder's interface, and no import.
    pub fn named(&self) -> Vec<Named> {
        let words = without_tests(&self.words);
        let mut reader = Reader {
            words: &words,
            at: 0,
            module: self.module.clone(),
            aliases: BTreeMap::new(),
            children: children(&words),
            reexports: false,
            found: Vec::new(),
        };
        reader.run();
        reader.found
    }
}

struct Reader<'a> {
    words: &'a [Word],
    at: usize,
    /// Where the reader is: the file's module, or one that stands inside it.
    module: ModulePath,
    /// What `use` calls by a name.
    aliases: BTreeMap<String, ModulePath>,
    /// The modules that the file declares.
    children: BTreeSet<String>,
    /// Whether the `use` that is being read is public.
    reexports: bool,
    found: Vec<Named>,
}

impl Reader<'_> {
    fn run(&mut self) {
        let mut depth = 0;
        let mut inner = Vec::new();
        while let Some(word) = self.words.get(self.at) {
            match word.text.as_str() {
                "{" => depth += 1,
                "}" => {
                    depth -= 1;
                    if inner.last() == Some(&depth) {
                        inner.pop();
                        self.module.pop();
                    }
                }
                "mod" if self.text(2) == "{" => {
                    self.module.push(self.text(1).to_owned());
                    inner.push(depth);
                    depth += 1;
                    self.at += 2;
                }
                // `pub(in crate::dc)`
                "in" if self.at > 0 && self.words[self.at - 1].text == "(" => {
                    self.at += 1;
                    drop(self.path());
                    continue;
                }
                "use" => {
                    self.reexports = self.is_public();
                    self.at += 1;
                    self.tree(&mut Vec::new());
                    continue;
                }
                name if is_name(name) && self.text(1) == "::" => {
                    self.reexports = false;
                    let line = word.line;
                    let path = self.path();
                    self.note(line, &path);
                    continue;
                }
                _ => (),
            }
            self.at += 1;
        }
    }

    /// Whether `pub`, or `pub` with something in parentheses, stands before.
    fn is_public(&self) -> bool {
        let before = self
            .at
            .checked_sub(1)
            .map(|at| self.words[at].text.as_str());
        matches!(before, Some("pub" | ")"))
    }

    fn text(&self, ahead: usize) -> &str {
        self.words
            .get(self.at + ahead)
            .map_or("", |word| &word.text)
    }

    /// Takes names with `::` between them.
    fn path(&mut self) -> ModulePath {
        let mut path = vec![self.text(0).to_owned()];
        self.at += 1;
        while self.text(0) == "::" && is_name(self.text(1)) {
            path.push(self.text(1).to_owned());
            self.at += 2;
        }
        path
    }

    /// Takes what follows `use`, or stands between braces there.
    fn tree(&mut self, prefix: &mut ModulePath) {
        let length = prefix.len();
        let line = self.words.get(self.at).map_or(0, |word| word.line);
        if is_name(self.text(0)) {
            let path = self.path();
            prefix.extend(path);
        }
        let is_itself = prefix.len() > 1 && prefix.last().is_some_and(|last| last == "self");
        if is_itself {
            prefix.pop();
        }
        match (self.text(0), self.text(1)) {
            ("::", "{") => {
                self.at += 2;
                while !matches!(self.text(0), "}" | "") {
                    self.tree(prefix);
                    if self.text(0) == "," {
                        self.at += 1;
                    }
                }
                self.at += 1;
            }
            ("::", "*") => {
                self.note(line, prefix);
                self.at += 2;
            }
            _ => {
                let mut alias = prefix.last().cloned().unwrap_or_default();
                if self.text(0) == "as" {
                    alias = self.text(1).to_owned();
                    self.at += 2;
                }
                if let Some(path) = self.note(line, prefix) {
                    self.aliases.insert(alias, path);
                }
            }
        }
        prefix.truncate(length);
    }

    /// Writes a path down, and gives it from the crate's root.
    fn note(&mut self, line: usize, path: &[String]) -> Option<ModulePath> {
        let (first, rest) = path.split_first()?;
        let mut absolute = match first.as_str() {
            "crate" => Vec::new(),
            "self" => self.module.clone(),
            "super" => {
                let above = self.module.len().checked_sub(1)?;
                self.module[..above].to_vec()
            }
            name => match self.aliases.get(name) {
                Some(path) => path.clone(),
                None if self.children.contains(name) => {
                    [&self.module[..], &[name.to_owned()]].concat()
                }
                None => {
                    let path = path.to_vec();
                    self.found.push(Named {
                        line,
                        path,
                        is_ours: false,
                    });
                    return None;
                }
            },
        };
        for name in rest {
            match name.as_str() {
                "super" => drop(absolute.pop()),
                name => absolute.push(name.to_owned()),
            }
        }
        let is_own = absolute.len() > self.module.len() && absolute.starts_with(&self.module);
        if !(self.reexports && is_own) {
            self.found.push(Named {
                line,
                path: absolute.clone(),
                is_ours: true,
            });
        }
        Some(absolute)
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
}

fn module_of(file: &Path) -> ModulePath {
    let path = file.with_extension("");
    let mut module: ModulePath = path
        .iter()
        .skip(1)
        .map(|part| part.to_str().unwrap().to_owned())
        .collect();
    if module == ["lib"] {
        module.clear();
    }
    module
}

/// `#[cfg(test)]`
const TEST: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];

fn is_test_attribute(words: &[Word]) -> bool {
    words.len() >= TEST.len() && words.iter().zip(TEST).all(|(word, test)| word.text == test)
}

/// The words that are no unit tests.
fn without_tests(words: &[Word]) -> Vec<Word> {
    let mut left = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if is_test_attribute(&words[at..]) {
            at = after_item(words, at + TEST.len());
        } else {
            left.push(word.clone());
            at += 1;
        }
    }
    left
}

/// Where the item that begins here ends: behind its semicolon or its braces.
fn after_item(words: &[Word], mut at: usize) -> usize {
    let mut depth = 0;
    while let Some(word) = words.get(at) {
        at += 1;
        match word.text.as_str() {
            "{" => depth += 1,
            "}" if depth == 1 => return at,
            "}" => depth -= 1,
            ";" if depth == 0 => return at,
            _ => (),
        }
    }
    at
}

/// The modules that a file declares, of which each has a file.
fn children(words: &[Word]) -> BTreeSet<String> {
    let declared = words
        .windows(3)
        .filter(|three| three[0].text == "mod" && three[2].text == ";");
    declared.map(|three| three[1].text.clone()).collect()
}

/// The modules that a file declares for unit tests.
fn test_modules(source: &Source) -> Vec<ModulePath> {
    let all = children(&source.words);
    let real = children(&without_tests(&source.words));
    let of_file = |name: &String| [&source.module[..], std::slice::from_ref(name)].concat();
    all.difference(&real).map(of_file).collect()
}
