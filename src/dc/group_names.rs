//! What groups are called: asked for when somebody wants to know, and kept for a while.
//!
//! Our controller asks those of a trusted domain about that domain's groups, who could call them as
//! they like, and their domain as ours. So a group's domain is asked for by its own identifier, which
//! is that of the group but for the last number: our controller knows its domain and those that it
//! trusts by itself. And each domain's groups are asked for apart: one that hangs takes no other's names
//! along.

mod ask;
mod cache;
mod lookup;

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::base::config::{self, LogTarget};
use crate::base::fault::{Fault, is_unprintable};
use crate::base::log::{self, Quoted, Severity};
use crate::base::net::Deadline;
use crate::base::process::PerProcess;
use crate::base::sid::Sid;
use crate::dc::error::Error;
use crate::dc::failover::Controllers;
use crate::dc::group_names::cache::Cache;
use crate::protocol::rpc::lsa::Called;

/// For how long at most it is remembered that a name cannot be had: somebody may be mending it.
const NEGATIVE: Duration = Duration::from_secs(60);
/// How many are asked for at once, at most. Nobody whom Windows lets in is in more groups.
const MAX_ASKED: usize = cache::GENERATION;

/// How many questions are made of them, at most: the last is about all domains that are left.
const MAX_QUESTIONS: usize = 4;

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
    controllers: Arc<Controllers>,
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
    /// Domains of whose groups no controller could say anything; none is asked again so soon.
    failed: Cache,
}

impl Names {
    /// Asks nobody yet.
    pub fn new(controllers: Arc<Controllers>, config: &config::Netlogon, log: LogTarget) -> Self {
        Self {
            controllers,
            lifetime: config.group_cache,
            patience: config.budget,
            log,
            known: PerProcess::new(),
        }
    }

    /// A name for each that has one, in their order; none for those whose name cannot be had now.
    pub fn of(&self, sids: &[Sid]) -> Vec<Option<GroupName>> {
        self.of_with(sids, |missing, deadline| {
            self.controllers.names(missing, deadline)
        })
    }

    fn of_with(
        &self,
        sids: &[Sid],
        ask: impl FnMut(&[Sid], Deadline) -> Result<Vec<Option<Called>>, Error>,
    ) -> Vec<Option<GroupName>> {
        let known = self.known.of_this_process(Known::default);
        let deadline = Deadline::after(self.patience);
        let mut state = known.lock();
        let (questions, now) = loop {
            let now = Instant::now();
            let questions = questions(&mut state, sids, now);
            if questions.is_empty() || !state.asking {
                break (questions, now);
            }
            let Some(left) = deadline.remaining() else {
                break (Vec::new(), now);
            };
            let woken = known.answered.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        };
        if !questions.is_empty() {
            state.asking = true;
            drop(state);
            self.put(questions, Turn(known), ask);
            state = known.lock();
        }
        // As of the question: a lifetime shorter than the answer takes is still one.
        sids.iter().map(|sid| name(&mut state, sid, now)).collect()
    }

    /// Asks one question after the other: none takes another's part of the time.
    fn put(
        &self,
        questions: Vec<Vec<Sid>>,
        turn: Turn<'_>,
        mut ask: impl FnMut(&[Sid], Deadline) -> Result<Vec<Option<Called>>, Error>,
    ) {
        let known = turn.0;
        let deadline = Deadline::after(self.patience);
        for (left, sids) in (1..=questions.len()).rev().zip(questions) {
            let part =
                deadline.remaining().unwrap_or_default() / u32::try_from(left).unwrap_or(u32::MAX);
            let answer = ask(&sids, deadline.or_after(part));
            self.learn(&mut known.lock(), sids, answer, Instant::now());
            known.answered.notify_all();
        }
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
                let why = Fault::from(error).for_the_log();
                if let Some(one) = asked.first() {
                    self.warn(format_args!(
                        "groups like {one} have no names for the next {}s, only SIDs: {why}",
                        negative.as_secs_f32()
                    ));
                }
                for sid in asked {
                    let domain = sid.domain().unwrap_or(sid);
                    state.failed.keep(domain, None, now + negative);
                }
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

/// What controllers must be asked, each once: a question for each domain that somebody can say
/// something of, those whose name is known before others.
fn questions(state: &mut State, sids: &[Sid], now: Instant) -> Vec<Vec<Sid>> {
    let mut questions: Vec<(Sid, Vec<Sid>)> = Vec::new();
    let mut seen = HashSet::new();
    for sid in sids {
        let Some(domain) = domain_to_ask(sid) else {
            continue;
        };
        if state.failed.look_up(&domain, now).is_some() {
            continue;
        }
        for wanted in [sid, &domain] {
            let is_room = seen.len() < MAX_ASKED;
            if is_room && state.cache.look_up(wanted, now).is_none() && seen.insert(wanted.clone())
            {
                let its = questions.iter().position(|(of, _)| *of == domain);
                if its.is_none() && questions.len() < MAX_QUESTIONS {
                    questions.push((domain.clone(), Vec::new()));
                }
                let at = its.unwrap_or(questions.len() - 1);
                if let Some((_, question)) = questions.get_mut(at) {
                    question.push(wanted.clone());
                }
            }
        }
    }
    questions.sort_by_key(|(domain, _)| state.cache.look_up(domain, now).is_none());
    questions
        .into_iter()
        .map(|(_, question)| question)
        .collect()
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
