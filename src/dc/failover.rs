//! Asks the controllers of a domain about logins, one after the other until one has answered.
//!
//! After a fork the child starts with no channel.

use std::collections::VecDeque;

use crate::base::config::{self, LogTarget};
use crate::base::fault::Fault;
use crate::base::net::Deadline;
use crate::base::process::PerProcess;
use crate::dc::Error;
use crate::dc::channel::{Channel, Opening};
use crate::dc::connection::Terms;
use crate::dc::failure::{self, Action, Origin};
use crate::dc::locate::{Candidate, Locator};
use crate::dc::pool::{Claim, Open, Pool, Slot};
use crate::dc::secret::Watch;
use crate::dc::shared_key::SharedKeys;
use crate::protocol::rpc::netlogon::sam_logon::{NetworkLogon, Verdict};

/// How many controllers are talked to for one login, at most. Those that cannot be connected to do
/// not count.
pub(super) const MAX_CONTROLLERS: usize = 3;
/// How many channels to one controller are tried for one login, at most: two that it may have
/// forgotten, and one whose key was agreed on for the purpose.
pub(super) const MAX_CHANNELS: usize = 3;
/// How often the question goes out for one login, at most, to whichever controllers. An answer that
/// somebody keeps back, or a fault that he puts in its place, does not undo what the controller has
/// counted against the user.
const MAX_SENDS: usize = 3;

/// Asks the controllers of a domain.
pub struct Controllers {
    pub(super) locator: Locator,
    pub(super) shared_keys: SharedKeys,
    secret: Watch,
    pub(super) config: config::Netlogon,
    pool: PerProcess<Pool>,
}

/// What is asked, and how often it may still go out.
struct Question<'a> {
    logon: &'a NetworkLogon<'a>,
    sends_left: usize,
}

/// How one controller was asked, and what came of it.
struct Asked {
    outcome: Result<Verdict, Error>,
    action: Action,
    /// The channel, if it can be used again.
    channel: Option<Channel>,
}

impl Controllers {
    /// No channel is opened, and no file read, before the first question.
    pub fn new(config: config::Netlogon, log: LogTarget) -> Self {
        Self {
            locator: Locator::new(&config),
            shared_keys: SharedKeys::new(&config, log),
            secret: Watch::new(),
            config,
            pool: PerProcess::new(),
        }
    }

    /// Asks about a login, within the budget of the configuration. A verdict about somebody's
    /// password is never asked for again.
    pub(crate) fn logon(&self, logon: &NetworkLogon<'_>) -> Result<Verdict, Error> {
        let deadline = Deadline::after(self.config.budget);
        let pool = self.pool();
        if self.secret.has_changed(&self.config.secret) {
            pool.begin_anew();
        }
        let mut slot = pool.take(deadline, self.claim_of(logon))?;
        match self.ask(&mut slot, deadline, logon) {
            Err(error) if self.is_outage(&error) => {
                pool.nobody_answers(Fault::from(&error));
                Err(error)
            }
            outcome => {
                pool.outage_is_over();
                outcome
            }
        }
    }

    /// Whether the next question would end the same way. Two controllers that refuse our account are
    /// enough for that; if it is only that nobody answers, all must have been tried.
    fn is_outage(&self, error: &Error) -> bool {
        error.holds_for_all() && (error.is_account_refused() || !self.locator.has_untried())
    }

    /// Whose user somebody says he is, by the names as they were typed.
    fn claim_of(&self, logon: &NetworkLogon<'_>) -> Claim {
        let [user, domain] = [logon.user, logon.domain].map(String::from_utf16_lossy);
        let suffix = user.rsplit_once('@').map(|(_, suffix)| suffix);
        let is_ours = (domain.is_empty() || self.config.is_called(&domain))
            && suffix.is_none_or(|suffix| self.config.is_suffix(suffix));
        match is_ours {
            true => Claim::Ours,
            false => Claim::Elsewhere,
        }
    }

    /// Asks one controller after the other.
    fn ask(
        &self,
        slot: &mut Slot<'_>,
        deadline: Deadline,
        logon: &NetworkLogon<'_>,
    ) -> Result<Verdict, Error> {
        let mut question = Question {
            logon,
            sends_left: MAX_SENDS,
        };
        let mut others = None;
        let mut tried = Vec::new();
        let mut talked_to = 0;
        let mut failures = Vec::new();
        let mut asked_elsewhere = false;
        while talked_to < MAX_CONTROLLERS && question.sends_left > 0 {
            let (controller, reused) = match slot.open.take() {
                Some(open) => (open.controller, Some(open.channel)),
                None => match self.untried(&mut others, &tried, deadline) {
                    Ok(Some(controller)) => (controller, None),
                    Ok(None) => break,
                    Err(error) => {
                        failures.push(Err(error));
                        break;
                    }
                },
            };
            let left = others.as_ref().map_or(MAX_CONTROLLERS, VecDeque::len);
            let terms = self.terms(deadline, left.min(MAX_CONTROLLERS - 1 - talked_to));
            let asked = self.ask_one(terms, &controller, reused, &mut question);
            let is_away = matches!(&asked.outcome, Err(error) if error.is_no_connection());
            talked_to += usize::from(!is_away);
            match asked.action {
                Action::Answer | Action::GiveUp => {
                    if asked.action == Action::Answer {
                        self.locator.succeeded(&controller);
                    }
                    slot.open = asked.channel.map(|channel| Open {
                        controller,
                        channel,
                    });
                    return asked.outcome;
                }
                Action::AskElsewhere => {
                    // One that refuses our account does so for every login: it comes last.
                    if asked.outcome.is_err() {
                        self.locator.failed(&controller);
                    }
                    failures.push(asked.outcome);
                    if std::mem::replace(&mut asked_elsewhere, true) {
                        break;
                    }
                }
                Action::NextController
                | Action::Reopen
                | Action::Reauthenticate
                | Action::Leave => {
                    self.locator.failed(&controller);
                    self.pool().forget(&controller);
                    failures.push(asked.outcome);
                    if asked.action == Action::Leave {
                        break;
                    }
                }
            }
            tried.push(controller);
            if deadline.remaining().is_none() {
                break;
            }
        }
        told(failures)
    }

    /// The best controller that was not asked yet; they are looked up when the first is needed.
    fn untried(
        &self,
        others: &mut Option<VecDeque<Candidate>>,
        tried: &[Candidate],
        deadline: Deadline,
    ) -> Result<Option<Candidate>, Error> {
        let mut left = match others.take() {
            Some(left) => left,
            None => self.locator.candidates(deadline)?.into(),
        };
        left.retain(|candidate| !tried.contains(candidate));
        if left.is_empty() && !tried.is_empty() {
            // DNS may name further hosts, which were not looked up.
            left = self.locator.candidates(deadline).unwrap_or_default().into();
            left.retain(|candidate| !tried.contains(candidate));
        }
        let next = left.pop_front();
        *others = Some(left);
        Ok(next)
    }

    /// The time for one controller: what is left, but a part for each of those that may follow, so
    /// that one that hangs does not take it all.
    pub(super) fn terms(&self, deadline: Deadline, followers: usize) -> Terms<'_> {
        let reserved = self.config.budget / 5 * u32::try_from(followers).unwrap_or_default();
        let left = deadline.remaining().unwrap_or_default();
        Terms {
            config: &self.config,
            deadline: deadline.or_after(left.saturating_sub(reserved)),
            budget: deadline,
        }
    }

    /// Asks one controller, over the channel that is open or over a fresh one.
    fn ask_one(
        &self,
        terms: Terms<'_>,
        controller: &Candidate,
        mut reused: Option<Channel>,
        question: &mut Question<'_>,
    ) -> Asked {
        let opening = Opening {
            terms,
            controller,
            shared_keys: &self.shared_keys,
        };
        let mut distrusted = Vec::new();
        let mut channels = 0;
        loop {
            channels += 1;
            let mut origin = match reused {
                Some(_) => Origin::Reused,
                None => Origin::None,
            };
            let opened = match reused.take() {
                Some(channel) => Ok(channel),
                None => Channel::open(opening, &mut distrusted),
            };
            let mut key = None;
            let answer = opened.and_then(|channel| {
                key = channel.key().cloned();
                if origin == Origin::None {
                    origin = match channel.is_key_new() {
                        true => Origin::Agreed,
                        false => Origin::Recalled,
                    };
                }
                question.sends_left = question.sends_left.saturating_sub(1);
                channel.logon(terms, question.logon)
            });
            let (outcome, channel) = match answer {
                Ok((verdict, channel)) => (Ok(verdict), Some(channel)),
                Err(error) => (Err(error), None),
            };
            let action = failure::of(outcome.as_ref(), origin);
            let may_go_on = channels < MAX_CHANNELS && question.sends_left > 0;
            match action {
                Action::Reopen if may_go_on => {}
                // One that could not even be opened was tried with a key of our own.
                Action::Reauthenticate if may_go_on && origin != Origin::None => {
                    distrusted.extend(key);
                }
                _ => {
                    return Asked {
                        outcome,
                        action,
                        channel,
                    };
                }
            }
        }
    }

    pub(super) fn pool(&self) -> &Pool {
        self.pool
            .of_this_process(|| Pool::new(self.config.connections))
    }
}

/// What the caller is told when no controller gave an answer: what one of them said, else why none
/// could be asked.
pub(super) fn told<T>(failures: Vec<Result<T, Error>>) -> Result<T, Error> {
    let mut errors = Vec::new();
    for failure in failures {
        match failure {
            Ok(answer) => return Ok(answer),
            Err(error) => errors.push(error),
        }
    }
    match errors.len() {
        0 => Err(Error::TimeOver),
        1 => errors.pop().map_or(Err(Error::TimeOver), Err),
        _ => Err(Error::AllFailed(errors)),
    }
}

#[cfg(test)]
mod tests;
