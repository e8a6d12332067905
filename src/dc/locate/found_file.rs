//! The result of a search, in a file of the state directory, for the other processes of the host.
//! It saves a process the DNS questions and the pings of its first login. After the first lines,
//! each line has an address, a port and a DNS name, `-` for none. The content is trusted no more
//! than DNS: a controller proves itself when the channel is opened. A process whose controllers
//! have all failed does not read the file.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::base::clock::seconds_since_1970;
use crate::base::config::{Controller, Host};
use crate::base::crypto::SecretBytes;
use crate::base::file::private::SharedFile;
use crate::dc::locate::candidate::Candidate;
use crate::dc::locate::search::Found;
use crate::dc::locate::sought::Sought;

/// The first line: the version of the format.
const VERSION: &str = "ntlmdc controllers 2";
/// The last line. Without it, the file is not whole.
const END: &str = "end";
/// The length limit: more than any result of a search.
const LIMIT: u64 = 8 * 1024;

/// The file of one machine account.
pub(super) struct FoundFile {
    file: SharedFile,
    /// The question: domain, site, source, and the list or the WINS servers of the configuration.
    key: String,
    /// Whether the question was about DNS, which may name more hosts.
    is_of_dns: bool,
}

impl FoundFile {
    /// Reads and writes nothing yet. `None` for a list of addresses, which needs no search.
    pub(super) fn of(config: &Sought) -> Option<Self> {
        let site = config.site.as_ref().map_or("", |site| site.as_str());
        let source = config.source.map(|source| source.to_string());
        let mut listed = config.controllers.iter().map(written).collect::<Vec<_>>();
        listed.extend(config.wins().map(|client| client.cache_key()));
        let source = source.unwrap_or_default();
        let key = [&*config.domain, site, &source, &listed.join(" ")].join(" ");
        let is_name = |one: &Controller| matches!(one.host, Host::Name(_));
        let is_looked_up = config.controllers.is_empty() || config.controllers.iter().any(is_name);
        is_looked_up.then(|| Self {
            file: SharedFile::new(&config.state_dir, config.shared_file.clone()),
            key,
            is_of_dns: config.is_of_dns(),
        })
    }

    /// The result, and its age, if that is less than `lifetime`.
    pub(super) fn read(&self, lifetime: Duration) -> Option<(Found, Duration)> {
        let content = self.file.read(LIMIT).ok()?;
        let mut lines = str::from_utf8(content.expose()).ok()?.lines();
        let is_ours = lines.next() == Some(VERSION) && lines.next() == Some(&*self.key);
        let written = lines.next()?.parse().ok()?;
        let age = seconds_since_1970().checked_sub(written)?;
        let age = Duration::from_secs(age.into());
        let site = lines.next()?.parse().ok();
        let is_whole = lines.next_back() == Some(END);
        let candidates: Option<Vec<Candidate>> = lines.map(candidate).collect();
        let candidates = candidates?;
        let found = Found {
            candidates,
            site,
            is_complete: true,
            hosts: Vec::new(),
            // If all of them fail, DNS is asked immediately.
            has_more: self.is_of_dns,
        };
        (is_ours && is_whole && age < lifetime && !found.candidates.is_empty())
            .then_some((found, age))
    }

    /// Stores the result of a search. If that fails, each process searches by itself.
    pub(super) fn write(&self, found: &Found) {
        let mut lines = vec![
            VERSION.to_owned(),
            self.key.clone(),
            seconds_since_1970().to_string(),
            found
                .site
                .as_ref()
                .map_or("", |site| site.as_str())
                .to_owned(),
        ];
        lines.extend(found.candidates.iter().map(line));
        lines.push(END.to_owned());
        let content = SecretBytes::new(lines.join("\n").into_bytes());
        let _left_to_each_process = self.file.replace(&content);
    }
}

fn written(controller: &Controller) -> String {
    let host = match &controller.host {
        Host::Address(address) => address.to_string(),
        Host::Name(name) => name.clone(),
    };
    match controller.port {
        Some(port) => format!("{host}#{port}"),
        None => host,
    }
}

fn line(candidate: &Candidate) -> String {
    let port = candidate.port.map(|port| port.to_string());
    let port = port.as_deref().unwrap_or("-");
    let name = candidate.dns_name.as_deref().unwrap_or("-");
    format!("{} {port} {name}", candidate.address)
}

fn candidate(line: &str) -> Option<Candidate> {
    let mut words = line.split(' ');
    let address: IpAddr = words.next()?.parse().ok()?;
    let port = match words.next()? {
        "-" => None,
        port => Some(port.parse().ok()?),
    };
    let name = words.next().filter(|name| !name.is_empty())?;
    words.next().is_none().then(|| Candidate {
        dns_name: Some(name).filter(|name| *name != "-").map(Arc::from),
        ..Candidate::new(address, port)
    })
}

/// The line of a controller, written again. For tests/fuzz.
#[cfg(feature = "fuzzing")]
pub fn reencoded_controller(text: &str) -> Option<String> {
    candidate(text).map(|candidate| line(&candidate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dc::locate::sought::fixture::netlogon;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    const LIFETIME: Duration = Duration::from_secs(300);

    fn file(directory: &tempfile::TempDir, more: &str) -> Option<FoundFile> {
        let lines = format!("state_dir = {:?}\n{more}", directory.path());
        FoundFile::of(&netlogon(&lines))
    }

    fn directory() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), Permissions::from_mode(0o700)).unwrap();
        directory
    }

    fn found() -> Found {
        Found {
            candidates: ["192.0.2.2", "2001:db8::1"]
                .map(|address| Candidate::new(address.parse().unwrap(), None))
                .to_vec(),
            site: Some("Near".parse().unwrap()),
            is_complete: true,
            hosts: Vec::new(),
            has_more: true,
        }
    }

    #[test]
    fn what_one_process_found_another_reads() {
        let directory = directory();
        let file = |more| file(&directory, more).unwrap();
        assert!(file("").read(LIFETIME).is_none());
        file("").write(&found());
        let (read, age) = file("").read(LIFETIME).unwrap();
        assert_eq!(read, found());
        assert!(age < Duration::from_secs(60));
        assert!(file("").read(Duration::ZERO).is_none(), "too old");
        // Of another question.
        assert!(file("site = \"Far\"").read(LIFETIME).is_none());
        assert!(file("source = \"192.0.2.9\"").read(LIFETIME).is_none());
        let without_site = Found {
            site: None,
            ..found()
        };
        file("").write(&without_site);
        assert_eq!(file("").read(LIFETIME).unwrap().0, without_site);
    }

    #[test]
    fn a_list_is_kept_if_it_has_names() {
        let directory = directory();
        assert!(file(&directory, "controllers = [\"192.0.2.1\"]").is_none());
        let of = |list: &str| file(&directory, &format!("controllers = {list}")).unwrap();
        let list = r#"["dc1.example.test:49200", "192.0.2.1"]"#;
        let named = Candidate {
            dns_name: Some("dc1.example.test".into()),
            ..Candidate::new([192, 0, 2, 2].into(), Some(49200))
        };
        let candidates = vec![named, Candidate::new([192, 0, 2, 1].into(), None)];
        of(list).write(&Found {
            candidates: candidates.clone(),
            ..found()
        });
        let (read, _) = of(list).read(LIFETIME).unwrap();
        assert_eq!(read.candidates, candidates);
        assert_eq!(read.candidates[0].dns_name, candidates[0].dns_name);
        assert!(!read.has_more, "a list has no more than it names");
        let other = r#"["dc1.example.test:49201", "192.0.2.1"]"#;
        assert!(of(other).read(LIFETIME).is_none(), "another list");
    }

    #[test]
    fn an_answer_of_wins_is_kept_for_the_same_servers() {
        let directory = directory();
        let of = |servers: &str| {
            let table = format!("[netlogon.wins]\nservers = [{servers}]");
            file(&directory, &table).unwrap()
        };
        of("\"10.0.0.5\"").write(&found());
        let (read, _) = of("\"10.0.0.5\"").read(LIFETIME).unwrap();
        assert_eq!(read.candidates, found().candidates);
        assert!(!read.has_more, "one answer names all of them");
        assert!(of("\"10.0.0.6\"").read(LIFETIME).is_none());
        assert!(file(&directory, "").unwrap().read(LIFETIME).is_none());
    }

    #[test]
    fn what_is_damaged_or_not_ours_is_not_read() {
        let directory = directory();
        let file = file(&directory, "").unwrap();
        file.write(&found());
        let path = file.file.path();
        let right = fs::read_to_string(&path).unwrap();
        let now = seconds_since_1970();
        let future = right.replace(&now.to_string(), &(now + 1000).to_string());
        for wrong in ["", &right[1..], &right[..right.len() - 16], &future] {
            fs::write(&path, wrong).unwrap();
            assert!(file.read(LIFETIME).is_none(), "{wrong}");
        }
        fs::write(&path, format!("{right}\nx")).unwrap();
        assert!(file.read(LIFETIME).is_none());
        fs::write(&path, &right).unwrap();
        assert!(file.read(LIFETIME).is_some());
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(file.read(LIFETIME).is_none());
        file.write(&found());
        assert!(file.read(LIFETIME).is_some());
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        assert!(file.read(LIFETIME).is_none());
    }
}
