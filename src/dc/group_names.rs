//! The names of groups: asked for when a caller needs them, and cached.
//!
//! Our controller asks the controllers of a trusted domain about that domain's groups. They could
//! give any name, and call their domain like ours. So the name of a group's domain is asked for by
//! the domain's own SID, which is that of the group without the last number: our controller knows
//! its domain, and those that it trusts, by itself. Each domain's groups are asked for apart, so a
//! domain that hangs does not hold up the names of another.

mod ask;
mod cache;
mod lookup;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::config::{self, LogTarget};
use crate::base::fault::{Fault, is_unprintable};
use crate::base::log::{self, Quoted, Severity};
use crate::base::net::Deadline;
use crate::base::process::PerProcess;
use crate::base::sid::Sid;
use crate::base::single_flight::{Entered, SingleFlight, Turn};
use crate::dc::error::Error;
use crate::dc::failover::Controllers;
use crate::dc::group_names::cache::Cache;
use crate::protocol::rpc::lsa::Called;
pub(in crate::dc) use lookup::look_up;

/// How long at most it is remembered that there is no name: an administrator may be repairing it.
const NEGATIVE: Duration = Duration::from_secs(60);
/// How many names are asked for at once, at most. No user that Windows lets in has more groups.
const MAX_ASKED: usize = cache::GENERATION;

/// The number of questions for them, at most. The last is about all domains that are left.
const MAX_QUESTIONS: usize = 4;

/// The name of a group, which cannot be read as another's, nor as several names.
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
    /// Windows allows no such name.
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

    /// The NetBIOS name of its domain. Empty for a group without one.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Its own name (`sAMAccountName`).
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Looks up and caches the names of groups.
pub struct Names {
    controllers: Arc<Controllers>,
    /// How long a name is kept.
    lifetime: Duration,
    /// How long a thread waits for what another thread has asked.
    patience: Duration,
    log: LogTarget,
    known: PerProcess<SingleFlight<NameState>>,
}

/// What this process knows.
#[derive(Default)]
struct NameState {
    cache: Cache,
    /// Domains whose groups no controller could name. None is asked about again so soon.
    failed: Cache,
}

impl Names {
    /// Asks no controller yet.
    pub fn new(controllers: Arc<Controllers>, config: &config::Netlogon, log: LogTarget) -> Self {
        Self {
            controllers,
            lifetime: config.group_cache,
            patience: config.budget,
            log,
            known: PerProcess::new(),
        }
    }

    /// The names, in the order of `sids`. `None` for a group without a name, or if it is not
    /// available now.
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
        let flight = self.known.of_this_process(SingleFlight::default);
        let deadline = Deadline::after(self.patience);
        // As of the question: a lifetime shorter than the answer takes is still one.
        let mut now = Instant::now();
        let mut wanted = Vec::new();
        let entered = flight.enter(deadline, |known: &mut NameState, _| {
            now = Instant::now();
            wanted = questions(known, sids, now);
            wanted.is_empty().then_some(())
        });
        if let Entered::Turn(turn) = entered {
            self.put(wanted, &turn, ask);
        }
        flight.with(|known| sids.iter().map(|sid| name(known, sid, now)).collect())
    }

    /// Asks one question after the other, each within its part of the time.
    fn put(
        &self,
        questions: Vec<Vec<Sid>>,
        turn: &Turn<'_, NameState>,
        mut ask: impl FnMut(&[Sid], Deadline) -> Result<Vec<Option<Called>>, Error>,
    ) {
        let deadline = Deadline::after(self.patience);
        for (left, sids) in (1..=questions.len()).rev().zip(questions) {
            let part =
                deadline.remaining().unwrap_or_default() / u32::try_from(left).unwrap_or(u32::MAX);
            let answer = ask(&sids, deadline.or_after(part));
            turn.tell(|known| self.learn(known, sids, answer, Instant::now()));
        }
    }

    fn learn(
        &self,
        known: &mut NameState,
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
                    known.cache.keep(sid, name, now + lasts);
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
                    known.failed.keep(domain, None, now + negative);
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

/// The questions to ask, each name once. There is one question for each domain; domains whose names
/// are known come first.
fn questions(known: &mut NameState, sids: &[Sid], now: Instant) -> Vec<Vec<Sid>> {
    let mut questions: Vec<(Sid, Vec<Sid>)> = Vec::new();
    let mut seen = HashSet::new();
    for sid in sids {
        let Some(domain) = domain_to_ask(sid) else {
            continue;
        };
        if known.failed.look_up(&domain, now).is_some() {
            continue;
        }
        for wanted in [sid, &domain] {
            let is_room = seen.len() < MAX_ASKED;
            if is_room && known.cache.look_up(wanted, now).is_none() && seen.insert(wanted.clone())
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
    questions.sort_by_key(|(domain, _)| known.cache.look_up(domain, now).is_none());
    questions
        .into_iter()
        .map(|(_, question)| question)
        .collect()
}

/// The domain of a group, if a controller must be asked. Well-known groups are known without
/// asking, and groups without a domain have no name.
fn domain_to_ask(sid: &Sid) -> Option<Sid> {
    match sid.well_known_name() {
        Some(_) => None,
        None => sid.domain(),
    }
}

fn name(known: &mut NameState, sid: &Sid, now: Instant) -> Option<GroupName> {
    if let Some((domain, name)) = sid.well_known_name() {
        return GroupName::new(domain, name);
    }
    let domain = known.cache.look_up(&sid.domain()?, now)?.clone()?;
    let name = known.cache.look_up(sid, now)?.as_ref()?;
    GroupName::new(&domain, name)
}

#[cfg(test)]
mod tests;
