//! What the state directory says.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use gss_ntlmdc::base::config::{AccountSecret, Config, DEFAULT_STATE_DIR, Netlogon};
use gss_ntlmdc::base::counters::{self, ProcessEntry, Snapshot, Unusable};
use gss_ntlmdc::dc::shared_state::SharedState;
use gss_ntlmdc::login::setup::Setup;

/// The state of a server at one moment. Times are in seconds since 1970.
pub struct Facts {
    pub now: u64,
    pub directory: PathBuf,
    pub counters: Snapshot,
    /// Whether there is no file yet.
    pub is_new: bool,
    /// The processes that run.
    pub processes: Vec<ProcessEntry>,
    /// Empty: the server asks no domain controller.
    pub domains: Vec<DomainFacts>,
    pub guesses: Option<Guesses>,
}

/// What concerns one domain.
pub struct DomainFacts {
    pub name: String,
    pub state: SharedState,
    pub secret: PathBuf,
    /// When the file of the secret was changed.
    pub secret_changed: Option<u64>,
}

/// The state of the guess limit.
pub struct Guesses {
    pub limit: u16,
    /// Accounts at the limit, and accounts with wrong passwords. `None`: each process counts for
    /// itself, or nothing was counted.
    pub accounts: Option<(u64, u64)>,
}

/// A controller that processes use.
pub struct InUse {
    pub address: IpAddr,
    pub processes: usize,
    /// Since when, and when it last answered.
    pub since: u64,
    pub last: u64,
}

impl Facts {
    /// Reads the state directory of the configuration in force.
    ///
    /// # Errors
    /// The text says what is wrong with it, and what helps.
    pub fn read(setup: &Setup) -> Result<Self, String> {
        let config = setup.config();
        let directory = directory_of(config);
        let (counters, is_new) = match counters::read(&directory) {
            Ok(counters) => (counters, false),
            Err(Unusable::NoFile) => (Snapshot::empty(), true),
            Err(problem) => return Err(told(&directory, &problem)),
        };
        let limit = setup.guess_limit().zip(config.policy.guess_limit);
        Ok(Self {
            now: now(),
            processes: running(&counters),
            counters,
            is_new,
            domains: config.netlogon.iter().map(domain).collect(),
            guesses: limit.map(|(guess_limit, rule)| Guesses {
                limit: rule.limit,
                accounts: guess_limit.survey().unwrap_or_default(),
            }),
            directory,
        })
    }

    /// Whether a process has no controller that answers.
    pub fn is_wrong(&self) -> bool {
        self.outage().is_some()
    }

    /// The minor code that logins are refused with since no controller answers, and in how many
    /// processes.
    pub fn outage(&self) -> Option<(u32, usize)> {
        let mut codes = self.processes.iter().filter_map(|entry| entry.outage);
        let first = codes.next()?;
        Some((first, 1 + codes.count()))
    }

    /// The controllers that processes use, the one of most processes first.
    pub fn in_use(&self) -> Vec<InUse> {
        let mut all: Vec<InUse> = Vec::new();
        for one in self.processes.iter().filter_map(|entry| entry.controller) {
            match all.iter_mut().find(|known| known.address == one.address) {
                Some(known) => {
                    known.processes += 1;
                    known.since = known.since.min(one.since);
                    known.last = known.last.max(one.last);
                }
                None => all.push(InUse {
                    address: one.address,
                    processes: 1,
                    since: one.since,
                    last: one.last,
                }),
            }
        }
        all.sort_by_key(|one| (usize::MAX - one.processes, one.address));
        all
    }

    /// The sum of a number of all processes.
    pub fn sum(&self, number: impl Fn(&ProcessEntry) -> u64) -> u64 {
        self.processes
            .iter()
            .fold(0, |sum, entry| sum.saturating_add(number(entry)))
    }
}

/// As the library chooses it.
fn directory_of(config: &Config) -> PathBuf {
    match config.netlogon.first() {
        Some(netlogon) => netlogon.state_dir.clone(),
        None => DEFAULT_STATE_DIR.into(),
    }
}

/// The processes that run, the busiest first.
fn running(counters: &Snapshot) -> Vec<ProcessEntry> {
    let mut all = counters.entries();
    all.retain(ProcessEntry::is_running);
    all.sort_by_key(|entry| (u64::MAX - entry.accepted, entry.process));
    all
}

fn domain(netlogon: &Netlogon) -> DomainFacts {
    let (AccountSecret::File(secret) | AccountSecret::Keytab(secret)) = &netlogon.secret;
    let changed = fs::metadata(secret).and_then(|metadata| metadata.modified());
    DomainFacts {
        name: netlogon.domain.clone(),
        state: SharedState::read(netlogon).unwrap_or_default(),
        secret: secret.clone(),
        secret_changed: changed.ok().map(seconds),
    }
}

/// What is wrong with the counters, and what helps.
fn told(directory: &Path, problem: &Unusable) -> String {
    let place = directory.display();
    let cure = match problem {
        Unusable::NoDirectory => {
            "without it nothing is counted: make it with mode 0700 for the user that the server \
             runs as, see docs/operations.md"
        }
        Unusable::OtherVersion(_) => {
            "restart the servers after an upgrade, and use the program of the same version"
        }
        Unusable::Damaged(_) => {
            "start this as root or as the server's user, see --as; if it is root that runs this, \
             remove the file, and the server makes a new one"
        }
        Unusable::NoFile => "the first login makes it",
    };
    match problem {
        Unusable::NoDirectory => format!("{place}: {problem}: {cure}"),
        _ => format!("{place}/{}: {problem}: {cure}", counters::FILE),
    }
}

fn now() -> u64 {
    seconds(SystemTime::now())
}

fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
