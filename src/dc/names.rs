//! What groups are called: asked for when somebody wants to know, and kept for a while.
//!
//! Our controller asks those of a trusted domain about that domain's groups, who could call them as
//! they like, and their domain as ours. So a group's domain is asked for by its own identifier, which
//! is that of the group but for the last number: our controller knows its domain and those that it
//! trusts by itself.

mod cache;

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::config::{self, LogTarget};
use crate::dc::Error;
use crate::dc::names::cache::Cache;
use crate::dc::pool::Pool;
use crate::fault::{Fault, is_unprintable};
use crate::log::{self, Quoted, Severity};
use crate::net::Deadline;
use crate::process::PerProcess;
use crate::rpc::lsa::Called;
use crate::sid::Sid;

/// For how long at most it is remembered that a name cannot be had: somebody may be mending it.
const NEGATIVE: Duration = Duration::from_secs(60);
/// How many are asked for at once, at most. Nobody whom Windows lets in is in more groups.
const MAX_ASKED: usize = cache::GENERATION;

/// What a group is called: a name that cannot be read as another's, nor as several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupName {
    domain: String,
    name: String,
}

impl GroupName {
    /// What separates a domain from a name.
    pub const DOMAIN_SEPARATOR: char = '\\';
    /// What separates names in a list.
    pub const LIST_SEPARATOR: char = '|';

    /// None for an empty name, and if one of the separators, or what cannot be printed, is in it:
    /// Windows lets nobody call a group so.
    pub fn new(domain: &str, name: &str) -> Option<Self> {
        let is_usable = Self::is_plain(domain) && Self::is_plain(name) && !name.is_empty();
        is_usable.then(|| Self {
            domain: domain.to_owned(),
            name: name.to_owned(),
        })
    }

    fn is_plain(text: &str) -> bool {
        let separators = [Self::DOMAIN_SEPARATOR, Self::LIST_SEPARATOR];
        !text.contains(|letter| separators.contains(&letter) || is_unprintable(letter))
    }

    /// The NetBIOS name of its domain; empty for one that has none.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Its own name (`sAMAccountName`).
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Knows what groups are called.
pub struct Names {
    pool: Arc<Pool>,
    /// How long a name is kept.
    lifetime: Duration,
    /// How long anybody waits for what another thread has asked.
    patience: Duration,
    log: LogTarget,
    known: PerProcess<Known>,
}

/// What this process knows.
#[derive(Default)]
struct Known {
    state: Mutex<State>,
    /// An answer has come, or none will.
    answered: Condvar,
}

#[derive(Default)]
struct State {
    cache: Cache,
    /// One thread asks; the others wait for what it learns.
    asking: bool,
    /// No controller could say; until then none is asked again.
    failed_until: Option<Instant>,
}

impl Names {
    /// Asks nobody yet.
    pub fn new(pool: Arc<Pool>, config: &config::Netlogon, log: LogTarget) -> Self {
        Self {
            pool,
            lifetime: config.group_cache,
            patience: config.budget,
            log,
            known: PerProcess::new(),
        }
    }

    /// A name for each that has one, in their order; none for those whose name cannot be had now.
    pub fn of(&self, sids: &[Sid]) -> Vec<Option<GroupName>> {
        self.of_with(sids, |missing| self.pool.names(missing))
    }

    fn of_with(
        &self,
        sids: &[Sid],
        ask: impl FnOnce(&[Sid]) -> Result<Vec<Option<Called>>, Error>,
    ) -> Vec<Option<GroupName>> {
        let known = self.known.of_this_process(Known::default);
        let deadline = Deadline::after(self.patience);
        let mut state = known.lock();
        let (missing, now) = loop {
            let now = Instant::now();
            let missing = missing(&mut state, sids, now);
            if missing.is_empty() || !state.asking {
                break (missing, now);
            }
            let Some(left) = deadline.remaining() else {
                break (Vec::new(), now);
            };
            let woken = known.answered.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        };
        if !missing.is_empty() {
            state.asking = true;
            drop(state);
            let turn = Turn(known);
            let answer = ask(&missing);
            self.learn(&mut known.lock(), missing, answer, Instant::now());
            drop(turn);
            state = known.lock();
        }
        // As of the question: a lifetime shorter than the answer takes is still one.
        sids.iter().map(|sid| name(&mut state, sid, now)).collect()
    }

    fn learn(
        &self,
        state: &mut State,
        asked: Vec<Sid>,
        answer: Result<Vec<Option<Called>>, Error>,
        now: Instant,
    ) {
        let negative = self.lifetime.min(NEGATIVE);
        match answer {
            Ok(names) => {
                for (sid, called) in asked.into_iter().zip(names) {
                    let name = called.and_then(|called| self.usable(&sid, called));
                    let lasts = name.as_ref().map_or(negative, |_| self.lifetime);
                    state.cache.keep(sid, name, now + lasts);
                }
            }
            Err(error) => {
                state.failed_until = Some(now + negative);
                let why = Fault::from(error).for_the_log();
                self.warn(format_args!(
                    "groups have no names for the next {}s, only SIDs: {why}",
                    negative.as_secs_f32()
                ));
            }
        }
    }

    fn usable(&self, sid: &Sid, called: Called) -> Option<String> {
        let name = match (called, sid.domain()) {
            // By an identifier of a domain that it has left (`sIDHistory`), it is none of that one.
            (Called::Group { name, domain }, Some(of)) => Some(name).filter(|_| domain == of),
            (Called::Domain { name }, None) => Some(name),
            _ => None,
        };
        let name = name.filter(|name| !name.is_empty())?;
        if !GroupName::is_plain(&name) {
            let name = Quoted(&name);
            self.warn(format_args!(
                "{sid} has no name here, only its SID: {name} holds a \\, a | or worse"
            ));
            return None;
        }
        Some(name)
    }

    fn warn(&self, what: fmt::Arguments<'_>) {
        log::write(self.log, Severity::Warning, what);
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Names").finish_non_exhaustive()
    }
}

impl Known {
    /// Nothing is left half done under this lock: a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn of the thread that asks; over when dropped, however it ends.
struct Turn<'a>(&'a Known);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().asking = false;
        self.0.answered.notify_all();
    }
}

/// Those for which a controller must be asked, each once; none while none can say.
fn missing(state: &mut State, sids: &[Sid], now: Instant) -> Vec<Sid> {
    if state.failed_until.is_some_and(|until| now < until) {
        return Vec::new();
    }
    let mut missing = Vec::new();
    let mut seen = HashSet::new();
    for sid in sids {
        let Some(domain) = domain_to_ask(sid) else {
            continue;
        };
        for sid in [sid.clone(), domain] {
            let is_room = missing.len() < MAX_ASKED;
            if is_room && state.cache.look_up(&sid, now).is_none() && seen.insert(sid.clone()) {
                missing.push(sid);
            }
        }
    }
    missing
}

/// The domain of a group that a controller must be asked for. Others are known everywhere, or nowhere.
fn domain_to_ask(sid: &Sid) -> Option<Sid> {
    match sid.well_known_name() {
        Some(_) => None,
        None => sid.domain(),
    }
}

fn name(state: &mut State, sid: &Sid, now: Instant) -> Option<GroupName> {
    if let Some((domain, name)) = sid.well_known_name() {
        return GroupName::new(domain, name);
    }
    let domain = state.cache.look_up(&sid.domain()?, now)?.clone()?;
    let name = state.cache.look_up(sid, now)?.as_ref()?;
    GroupName::new(&domain, name)
}

#[cfg(test)]
mod tests;
