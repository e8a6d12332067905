//! The NetBIOS name of our own domain, where the configuration does not give it.
//!
//! The first label of the DNS name is a guess, and often right. The name is in each challenge and in
//! each sealed bind, and a controller refuses both under a wrong name. When it does, what the
//! controllers call the domain is looked up: in the list of domains, which is proven, or in the answer
//! to a CLDAP search, which the next bind proves. The process remembers the name, and so does the
//! state directory, for its other processes: the next challenge carries it.
//!
//! A wrong name costs the login that finds it out. It cannot be known before: the first challenge of
//! a host goes out before any controller was asked.

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
/// No name is longer.
const LIMIT: u64 = 64;

/// What this process has learnt, by the domain's DNS name: a handful at most.
static LEARNT: PerProcess<Mutex<Vec<(String, NetbiosName)>>> = PerProcess::new();

fn learnt() -> MutexGuard<'static, Vec<(String, NetbiosName)>> {
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
        .find(|(domain, _)| *domain == config.domain)
        .map(|(_, name)| name.clone());
    of_this_process.or_else(|| recall(config).ok())
}

/// Compares the name in use with what controllers say.
pub struct OwnName {
    controllers: Arc<Controllers>,
    config: config::Netlogon,
    log: LogTarget,
    has_told: PerProcess<AtomicBool>,
    is_outdated: PerProcess<AtomicBool>,
}

impl OwnName {
    /// Asks no controller yet.
    pub fn new(controllers: Arc<Controllers>, config: &config::Netlogon, log: LogTarget) -> Self {
        Self {
            controllers,
            config: config.clone(),
            log,
            has_told: PerProcess::new(),
            is_outdated: PerProcess::new(),
        }
    }

    /// Whether another name than the one in use was learnt.
    pub fn is_outdated(&self) -> bool {
        let is_outdated = self.is_outdated.of_this_process(AtomicBool::default);
        is_outdated.load(Ordering::Relaxed)
    }

    /// What to say of a name that controllers refuse, and what to do: none if it is the right one, or
    /// if no controller says another. `listed` is the name in the list of domains; without it,
    /// controllers are asked by CLDAP, for some seconds and until this time.
    pub fn look_up(&self, listed: Option<&str>, deadline: Deadline) -> Option<String> {
        let told = match listed {
            Some(name) => name.to_owned(),
            None => self.in_a_search(deadline.or_after(PATIENCE))?,
        };
        let used = self.config.netbios_domain.as_str();
        if alike(&told, used) {
            return None;
        }
        let (told, used) = (Quoted(&told), Quoted(used));
        Some(match told.0.parse::<NetbiosName>() {
            Ok(name) if !self.config.is_netbios_domain_given && name.as_str().is_ascii() => {
                // Once for each configuration in force: it is loaded anew then.
                if !self.is_outdated() {
                    self.learn(name);
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

    fn learn(&self, name: NetbiosName) {
        let is_kept = keep(&self.config, &name);
        let (told, domain) = (Quoted(name.as_str()), &self.config.domain);
        log::write(
            self.log,
            Severity::Warning,
            format_args!(
                "the NetBIOS name of {domain} is {told}, as its controllers say{}",
                match is_kept {
                    Ok(()) => "",
                    Err(_) => "; it could not be kept in state_dir, so each process learns it",
                }
            ),
        );
        let mut learnt = learnt();
        learnt.retain(|(domain, _)| *domain != self.config.domain);
        learnt.push((self.config.domain.clone(), name));
        drop(learnt);
        let is_outdated = self.is_outdated.of_this_process(AtomicBool::default);
        is_outdated.store(true, Ordering::Relaxed);
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

fn file(config: &config::Netlogon) -> SharedFile {
    let computer = config.account.computer().as_str();
    let name = format!("{}.{computer}.netbios", config.domain);
    SharedFile::new(&config.state_dir, name)
}

#[cfg(test)]
mod tests;
