//! Which library MIT krb5 loads for NTLM: the files of /etc/gss, read as its mechglue does
//! (g_initialize.c, loadConfigFiles).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use gss_ntlmdc::base::file;

/// NTLM's identifier.
pub const OID: &str = "1.3.6.1.4.1.311.2.2.10";
/// The longest file that is read.
const LIMIT: u64 = 1 << 20;

/// A line for NTLM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MechLine {
    /// The file that has it.
    pub file: PathBuf,
    /// The library as the line has it.
    pub library: PathBuf,
}

/// What the files say of NTLM.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct MechList {
    /// In the order of reading. The last counts: it takes the place of those before it.
    pub lines: Vec<MechLine>,
    /// Files and directories that are there and cannot be read.
    pub unreadable: Vec<(PathBuf, String)>,
    /// Files with a line for NTLM that are not read, since their names do not end in `.conf`.
    pub ignored: Vec<PathBuf>,
}

impl MechList {
    /// Reads `mech` in this directory, and then `mech.d/*.conf` in the order of their names.
    pub fn of_directory(directory: &Path) -> Self {
        let mut list = Self::default();
        // Where it cannot be entered, no file in it can be read.
        if !list.can_enter(directory) {
            return list;
        }
        list.read(&directory.join("mech"));
        let folder = directory.join("mech.d");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) if list.can_enter(&folder) => Some(entries),
            Ok(_) => None,
            Err(error) => {
                list.add_unreadable(&folder, &error);
                None
            }
        };
        let entries = entries.into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        files.sort();
        for path in files {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            match name.ends_with(".conf") && !name.starts_with('.') {
                true => list.read(&path),
                false if lines_of(&path).is_ok_and(|lines| !lines.is_empty()) => {
                    list.ignored.push(path);
                }
                false => {}
            }
        }
        list
    }

    /// Reads the one file of GSS_MECH_CONFIG. The directory is not read then.
    pub fn of_file(path: &Path) -> Self {
        let mut list = Self::default();
        list.read(path);
        list
    }

    fn read(&mut self, path: &Path) {
        match lines_of(path) {
            Ok(lines) => self.lines.extend(lines),
            Err(error) => self.add_unreadable(path, &error),
        }
    }

    fn can_enter(&mut self, folder: &Path) -> bool {
        match fs::metadata(folder.join(".")) {
            Ok(_) => true,
            Err(error) => {
                self.add_unreadable(folder, &error);
                false
            }
        }
    }

    fn add_unreadable(&mut self, path: &Path, error: &io::Error) {
        if error.kind() != io::ErrorKind::NotFound {
            self.unreadable.push((path.to_owned(), error.to_string()));
        }
    }
}

fn lines_of(path: &Path) -> io::Result<Vec<MechLine>> {
    let text = file::read_system(path, LIMIT)?;
    let text = String::from_utf8_lossy(&text);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let libraries = lines.filter_map(library);
    Ok(libraries
        .map(|library| MechLine {
            file: path.to_owned(),
            library,
        })
        .collect())
}

/// The third word of a line, if the second one is NTLM's identifier.
fn library(line: &str) -> Option<PathBuf> {
    let mut words = line.split_whitespace().skip(1);
    (words.next()? == OID).then_some(())?;
    words.next().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("mech.d")).unwrap();
        for (name, text) in files {
            fs::write(directory.path().join(name), text).unwrap();
        }
        directory
    }

    fn libraries(list: &MechList) -> Vec<&str> {
        let libraries = list.lines.iter().map(|line| line.library.to_str().unwrap());
        libraries.collect()
    }

    #[test]
    fn lines_come_in_the_order_in_which_the_last_one_counts() {
        let line = |library| format!("ntlmssp\t{OID} {library}\n");
        let files = directory(&[
            ("mech.d/ntlmssp-ntlmdc.conf", &line("ours.so")),
            ("mech.d/mech.ntlmssp.conf", &line("theirs.so")),
            ("mech.d/B.conf", &line("b.so")),
            ("mech", &line("first.so")),
        ]);
        let list = MechList::of_directory(files.path());
        assert_eq!(
            libraries(&list),
            ["first.so", "b.so", "theirs.so", "ours.so"]
        );
        let names = |line: &MechLine| line.file.ends_with("mech.d/ntlmssp-ntlmdc.conf");
        assert!(list.lines.last().is_some_and(names));
    }

    #[test]
    fn other_lines_do_not_count() {
        let text =
            format!("# ntlmssp {OID} a.so\nkrb5 1.2.3 b.so\nshort {OID}\nname {OID} c.so x\n");
        let files = directory(&[("mech.d/a.conf", &text)]);
        assert_eq!(libraries(&MechList::of_directory(files.path())), ["c.so"]);
        let one = files.path().join("mech.d/a.conf");
        assert_eq!(libraries(&MechList::of_file(&one)), ["c.so"]);
    }

    #[test]
    fn a_file_without_conf_is_not_read() {
        let line = format!("ntlmssp {OID} ours.so\n");
        let files = directory(&[("mech.d/ntlmdc", &line), ("mech.d/.a.conf", &line)]);
        let list = MechList::of_directory(files.path());
        assert_eq!(list.lines, []);
        assert_eq!(list.ignored.len(), 2);
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(MechList::of_directory(empty.path()), MechList::default());
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let files = directory(&[]);
        fs::create_dir(files.path().join("mech.d/a.conf")).unwrap();
        let list = MechList::of_directory(files.path());
        assert_eq!(list.unreadable.len(), 1, "{list:?}");
    }
}
