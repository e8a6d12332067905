//! The addresses that hosts(5) gives to names.

use std::net::IpAddr;
use std::path::Path;

use crate::base::file;

/// The length limit: more than lists of a hundred thousand blocked names.
const LIMIT: u64 = 8 * 1024 * 1024;

/// The content of /etc/hosts.
#[derive(Clone, Debug, Default)]
pub(super) struct Hosts {
    content: Vec<u8>,
    /// Why it cannot be read, for the error of a name that DNS does not know either.
    pub(super) problem: Option<String>,
}

impl Hosts {
    /// Reads /etc/hosts. A missing file counts as an empty one.
    pub(super) fn of_the_system() -> Self {
        Self::of_file(Path::new("/etc/hosts"))
    }

    pub(super) fn of_file(path: &Path) -> Self {
        match file::read_system(path, LIMIT) {
            Ok(content) => Self {
                content,
                problem: None,
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::default(),
            Err(error) => Self {
                content: Vec::new(),
                problem: Some(format!("{}: {error}", path.display())),
            },
        }
    }

    /// The addresses of a name, in the order of their lines. Skips lines that are not UTF-8 or have
    /// no address, as the C library does.
    pub(super) fn addresses(&self, name: &str) -> Vec<IpAddr> {
        let lines = self.content.split(|byte| *byte == b'\n');
        let mut addresses = Vec::new();
        for line in lines.filter_map(|line| str::from_utf8(line).ok()) {
            let address = address_of(line, name);
            addresses.extend(address.filter(|address| !addresses.contains(address)));
        }
        addresses
    }
}

/// The line's address, if the name is one of the line's.
fn address_of(line: &str, name: &str) -> Option<IpAddr> {
    let (line, _comment) = line.split_once('#').unwrap_or((line, ""));
    let mut words = line.split_ascii_whitespace();
    let address = words.next()?;
    let is_called = words.any(|word| {
        let word = word.strip_suffix('.').unwrap_or(word);
        word.eq_ignore_ascii_case(name)
    });
    is_called.then(|| address.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(content: &str, name: &str) -> Vec<String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        let addresses = Hosts::of_file(file.path()).addresses(name);
        addresses.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_name_has_the_addresses_of_its_lines() {
        let content = "127.0.0.1 localhost\n\
             192.0.2.1\tdc1.example.test dc1 # dc9.example.test\r\n\
             # 192.0.2.9 dc1.example.test\n\
             2001:db8::1 DC1.Example.Test.\n\
             192.0.2.1 dc1.example.test\n\
             fe80::1%eth0 dc1.example.test\n\
             dc1.example.test\n\
             192.0.2.2 dc2.example.test";
        assert_eq!(
            of(content, "dc1.example.test"),
            ["192.0.2.1", "2001:db8::1"]
        );
        assert_eq!(of(content, "dc2.example.test"), ["192.0.2.2"]);
        for unknown in ["dc9.example.test", "example.test", "192.0.2.1", "", "#"] {
            assert!(of(content, unknown).is_empty(), "{unknown}");
        }
    }

    #[test]
    fn a_missing_file_is_empty_and_an_unusable_one_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let missing = Hosts::of_file(&directory.path().join("hosts"));
        assert_eq!(missing.problem, None);
        let unusable = Hosts::of_file(directory.path());
        assert!(unusable.problem.unwrap().contains("not a regular file"));
    }
}
