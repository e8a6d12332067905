//! What makes the state directory at each start of the host: systemd-tmpfiles, or a unit. A
//! directory below /run is gone after a start.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// Where systemd-tmpfiles looks (tmpfiles.d(5)): a file hides those of its name in later folders.
const TMPFILES: [&str; 4] = [
    "/etc/tmpfiles.d",
    "/run/tmpfiles.d",
    "/usr/local/lib/tmpfiles.d",
    "/usr/lib/tmpfiles.d",
];
/// Where units are, and additions to them (systemd.unit(5)).
const UNITS: [&str; 4] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
];

/// What makes the directory.
#[derive(Debug, PartialEq, Eq)]
pub struct Maker {
    /// The file that says it.
    pub file: PathBuf,
    /// The user that it is made for, if the file names one.
    pub user: Option<String>,
}

/// What makes this directory at each start.
pub fn maker(path: &Path) -> Option<Maker> {
    of_tmpfiles(&TMPFILES, path).or_else(|| of_units(&UNITS, path))
}

fn of_tmpfiles(folders: &[&str], path: &Path) -> Option<Maker> {
    let mut seen: Vec<OsString> = Vec::new();
    for file in folders.iter().flat_map(|folder| entries(folder.as_ref())) {
        let name = file.file_name().unwrap_or_default().to_owned();
        if !has_ending(&file, "conf") || seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let text = fs::read_to_string(&file).unwrap_or_default();
        if let Some(user) = text.lines().find_map(|line| user_of_line(line, path)) {
            return Some(Maker { file, user });
        }
    }
    None
}

/// The user of a line that makes the directory; `Some(None)` if the line names none.
fn user_of_line(line: &str, path: &Path) -> Option<Option<String>> {
    let mut words = line.split_whitespace();
    let kind = words.next()?;
    let makes = kind.starts_with(['d', 'D', 'v', 'q', 'Q']);
    if !makes || words.next().map(Path::new) != Some(path) {
        return None;
    }
    let user = words.nth(1).map(|user| user.trim_start_matches(':'));
    Some(user.filter(|user| *user != "-").map(str::to_owned))
}

/// A unit, or an addition to one, with the directory as `RuntimeDirectory=`.
fn of_units(folders: &[&str], path: &Path) -> Option<Maker> {
    let name = path.strip_prefix("/run").ok()?.to_str()?;
    let files = folders.iter().flat_map(|folder| entries(folder.as_ref()));
    let mut files = files.flat_map(|entry| match entry.is_dir() {
        true => entries(&entry),
        false => vec![entry],
    });
    files.find_map(|file| {
        if !has_ending(&file, "conf") && !has_ending(&file, "service") {
            return None;
        }
        let text = fs::read_to_string(&file).unwrap_or_default();
        let value = |key: &str| {
            let of_line = |line: &'_ str| line.trim().strip_prefix(key).map(str::to_owned);
            text.lines().filter_map(of_line).next_back()
        };
        let names = value("RuntimeDirectory=")?;
        names.split_whitespace().find(|one| *one == name)?;
        let user = value("User=");
        Some(Maker { file, user })
    })
}

fn has_ending(file: &Path, ending: &str) -> bool {
    file.extension().is_some_and(|end| end == ending)
}

/// The entries of a folder, by name; none if there is no such folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut entries: Vec<_> = entries.map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: &str = "/run/ntlmdc";

    #[test]
    fn a_line_of_tmpfiles_names_the_user() {
        let user = |line| user_of_line(line, STATE.as_ref());
        assert_eq!(
            user("d /run/ntlmdc 0700 www-data www-data -"),
            Some(Some("www-data".to_owned()))
        );
        assert_eq!(user("D!\t/run/ntlmdc"), Some(None));
        assert_eq!(user("d+ /run/ntlmdc 0700 - - -"), Some(None));
        for other in [
            "",
            "#d /run/ntlmdc 0700 www-data www-data -",
            "d /run/ntlmdc2 0700 www-data www-data -",
            "e /run/ntlmdc 0700 www-data www-data -",
        ] {
            assert_eq!(user(other), None, "{other}");
        }
    }

    #[test]
    fn an_entry_or_a_unit_makes_it() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        let [first, second, units] = ["first", "second", "units"].map(path);
        for folder in [&first, &second, &units.join("apache2.service.d")] {
            fs::create_dir_all(folder).unwrap();
        }
        let shown = [&first, &second].map(|folder| folder.to_str().unwrap());
        let found = || of_tmpfiles(&shown, STATE.as_ref());
        assert_eq!(found(), None);
        fs::write(second.join("a.conf"), "d /run/ntlmdc 0700 web web -\n").unwrap();
        assert_eq!(found().unwrap().user.as_deref(), Some("web"));
        // An empty file of the same name takes it back.
        fs::write(first.join("a.conf"), "").unwrap();
        assert_eq!(found(), None);

        let of_units = || of_units(&[units.to_str().unwrap()], STATE.as_ref());
        let file = units.join("apache2.service.d/state.conf");
        fs::write(&file, "[Service]\nRuntimeDirectory=other ntlmdc2\n").unwrap();
        assert_eq!(of_units(), None);
        fs::write(
            &file,
            "[Service]\nUser=web\nRuntimeDirectory=other ntlmdc\n",
        )
        .unwrap();
        let user = Some("web".to_owned());
        assert_eq!(of_units(), Some(Maker { file, user }));
    }
}
