//! The NetBIOS name of our own domain, where the configuration does not give it.
//!
//! The first label of the DNS name is a guess, and often right. The name is in each challenge and
//! in each sealed bind, and a controller refuses both under a wrong name. When it does, the
//! domain's name is looked up: in the list of domains, which is proven, or in the answer to a CLDAP
//! search, which any host on the way may have forged. The process remembers the name and puts it
//! into the next challenge. Once the name is proven, the state directory has it for the other
//! processes:
//!
//! ```text
//!          sealed bind refused:        login accepted
//! guess ─────────────► CLDAP ─► learnt by this process ─► learnt by the host
//!   ▲                                       │                  ▲  │
//!   └── sealed bind refused, no CLDAP answer ┴─────────────────┼──┘
//! guess, or a wrong name ── the list of domains has another ───┘
//! ```
//!
//! A wrong name costs the login that detects it. It cannot be known before: a host sends its first
//! challenge before it has asked any controller.

use std::fs;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::base::config::{self, LogTarget, NetbiosName};
use crate::base::crypto::SecretBytes;
use crate::base::file::private::SharedFile;
use crate::base::log::{self, Quoted, Severity};
use crate::base::name_case::alike;
use crate::base::net::Deadline;
use crate::base::process::PerProcess;
use crate::dc::failover::Controllers;

/// How many controllers are asked, and how long that may take together.
const ASKED: usize = 2;
const PATIENCE: Duration = Duration::from_secs(2);
/// The length limit of the file.
const LIMIT: u64 = 64;

const NOT_KEPT: &str = "could not be kept in state_dir, so each process learns it";

/// The names that this process has learnt, one for each configured domain.
static LEARNT: PerProcess<Mutex<Vec<LearntName>>> = PerProcess::new();

struct LearntName {
    /// The DNS name.
    domain: String,
    name: NetbiosName,
    /// The list of domains has it, or a login was accepted under it.
    is_proven: bool,
}

fn learnt() -> MutexGuard<'static, Vec<LearntName>> {
    let learnt = LEARNT.of_this_process(Mutex::default);
    learnt.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The name that this process, or another of this host, has learnt; none if the configuration gives
/// it. May read a file.
pub fn remembered(config: &config::Netlogon) -> Option<NetbiosName> {
    if config.is_netbios_domain_given {
        return None;
    }
    let of_this_process = learnt()
        .iter()
        .find(|learnt| learnt.domain == config.domain)
        .map(|learnt| learnt.name.clone());
    of_this_process.or_else(|| recall(config).ok())
}

/// Compares the name in use with what controllers say.
pub struct OwnName {
    controllers: Arc<Controllers>,
    config: config::Netlogon,
    log: LogTarget,
    has_told: PerProcess<AtomicBool>,
    /// A child of this process may inherit it: the name in use is the same.
    is_outdated: AtomicBool,
}

impl OwnName {
    /// Asks no controller yet.
    pub fn new(controllers: Arc<Controllers>, config: &config::Netlogon, log: LogTarget) -> Self {
        Self {
            controllers,
            config: config.clone(),
            log,
            has_told: PerProcess::new(),
            is_outdated: AtomicBool::new(false),
        }
    }

    /// Whether another name than the one in use was learnt.
    pub fn is_outdated(&self) -> bool {
        self.is_outdated.load(Ordering::Relaxed)
    }

    /// Compares the name in use with the one in the list of domains. Returns what is wrong, and
    /// what to do; `None` if the two are alike.
    pub fn compare(&self, listed: &str) -> Option<String> {
        self.compare_with(listed, true)
    }

    /// A controller that knows our key has refused a sealed bind: controllers are asked by CLDAP,
    /// for some seconds and until this time. Returns what is wrong, and what to do; `None` if it is
    /// not the name, as far as is known. A learnt name that no controller confirms is dropped.
    pub fn look_up(&self, deadline: Deadline) -> Option<String> {
        match self.in_a_search(deadline.or_after(PATIENCE)) {
            Some(told) => self.compare_with(&told, false),
            None => self.drop_learnt(),
        }
    }

    /// A login was accepted under the name in use. Keeps the name for the other processes of the
    /// host if it was not proven before.
    pub fn confirm(&self) {
        let mut all = learnt();
        let used = |learnt: &&mut LearntName| self.is_used(&learnt.domain, &learnt.name);
        let Some(learnt) = all.iter_mut().find(used).filter(|name| !name.is_proven) else {
            return;
        };
        learnt.is_proven = true;
        let name = learnt.name.clone();
        drop(all);
        if keep(&self.config, &name).is_err() {
            let (name, domain) = (Quoted(name.as_str()), &self.config.domain);
            log::write(
                self.log,
                Severity::Warning,
                format_args!("the NetBIOS name {name} of {domain} {NOT_KEPT}"),
            );
        }
    }

    fn is_used(&self, domain: &str, name: &NetbiosName) -> bool {
        domain == self.config.domain && *name == self.config.netbios_domain
    }

    /// Drops the name in use if it was learnt: the next configuration has the guess.
    fn drop_learnt(&self) -> Option<String> {
        if self.config.is_netbios_domain_given {
            return None;
        }
        let mut all = learnt();
        let count = all.len();
        all.retain(|learnt| !self.is_used(&learnt.domain, &learnt.name));
        let was_of_process = all.len() < count;
        drop(all);
        let used = &self.config.netbios_domain;
        let is_of_host = recall(&self.config).is_ok_and(|name| name == *used);
        let was_of_host = is_of_host && forget(&self.config).is_ok();
        if !was_of_process && !was_of_host {
            return None;
        }
        self.mark_outdated();
        let used = Quoted(used.as_str());
        let text = format!(
            "the NetBIOS name {used} was learnt, is refused now, and no controller confirms it: it \
             is dropped; write netbios_domain into [netlogon]"
        );
        log::write(self.log, Severity::Warning, format_args!("{text}"));
        Some(text)
    }

    fn compare_with(&self, told: &str, is_listed: bool) -> Option<String> {
        let used = self.config.netbios_domain.as_str();
        if alike(told, used) {
            return None;
        }
        let (told, used) = (Quoted(told), Quoted(used));
        Some(match told.0.parse::<NetbiosName>() {
            Ok(name) if !self.config.is_netbios_domain_given && name.as_str().is_ascii() => {
                // Once for each configuration in force: it is loaded anew then.
                if !self.is_outdated() {
                    self.learn(name, is_listed);
                }
                format!(
                    "the NetBIOS name of the domain is {told}, and {used} was assumed: the next \
                     login has it; netbios_domain = {told} in [netlogon] spares this"
                )
            }
            _ => {
                let text = format!(
                    "the NetBIOS name of the domain is {told} by its controller, and {used} here: \
                     check netbios_domain"
                );
                self.tell_once(&text);
                text
            }
        })
    }

    fn in_a_search(&self, deadline: Deadline) -> Option<String> {
        let locator = &self.controllers.locator;
        let candidates = locator.candidates(deadline).ok()?;
        let mut identities = candidates
            .iter()
            .take(ASKED)
            .filter_map(|candidate| locator.identify(candidate, deadline));
        // Another domain's controller says nothing about ours.
        let ours = identities.find(|identity| alike(&identity.dns_domain, &self.config.domain));
        ours.map(|identity| identity.netbios_domain.clone())
            .filter(|name| !name.is_empty())
    }

    fn learn(&self, name: NetbiosName, is_listed: bool) {
        let kept = match is_listed {
            true => keep(&self.config, &name),
            false => Ok(()),
        };
        let (told, domain) = (Quoted(name.as_str()), &self.config.domain);
        let [separator, not_kept] = match kept {
            Ok(()) => ["", ""],
            Err(_) => ["; it ", NOT_KEPT],
        };
        log::write(
            self.log,
            Severity::Warning,
            format_args!(
                "the NetBIOS name of {domain} is {told}, as its controllers say\
                 {separator}{not_kept}"
            ),
        );
        let mut learnt = learnt();
        learnt.retain(|learnt| learnt.domain != self.config.domain);
        learnt.push(LearntName {
            domain: self.config.domain.clone(),
            name,
            is_proven: is_listed,
        });
        drop(learnt);
        self.mark_outdated();
    }

    fn mark_outdated(&self) {
        self.is_outdated.store(true, Ordering::Relaxed);
    }

    fn tell_once(&self, text: &str) {
        let has_told = self.has_told.of_this_process(AtomicBool::default);
        if !has_told.swap(true, Ordering::Relaxed) {
            log::write(self.log, Severity::Warning, format_args!("{text}"));
        }
    }
}

fn recall(config: &config::Netlogon) -> io::Result<NetbiosName> {
    let bytes = file(config).read(LIMIT)?;
    let name = std::str::from_utf8(bytes.expose()).map_err(io::Error::other)?;
    let name: NetbiosName = name.parse().map_err(io::Error::other)?;
    match name.as_str().is_ascii() {
        true => Ok(name),
        false => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn keep(config: &config::Netlogon, name: &NetbiosName) -> io::Result<()> {
    file(config).replace(&SecretBytes::new(name.as_str().as_bytes().to_vec()))
}

fn forget(config: &config::Netlogon) -> io::Result<()> {
    fs::remove_file(file(config).path())
}

fn file(config: &config::Netlogon) -> SharedFile {
    let computer = config.account.computer().as_str();
    let name = format!("{}.{computer}.netbios", config.domain);
    SharedFile::new(&config.state_dir, name)
}

#[cfg(test)]
mod tests;
