//! Asks the controllers of a domain about logins, one after the other until one has answered.
//!
//! After a fork the child starts with no channel.

mod course;
mod siblings;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::base::config::{self, LogTarget};
use crate::base::fault::Fault;
use crate::base::net::Deadline;
use crate::base::process::PerProcess;
use crate::base::typed_name::TypedName;
use crate::dc::channel::Channel;
use crate::dc::claim::Claim;
use crate::dc::connection::Terms;
use crate::dc::error::Error;
use crate::dc::failure::{self, Action, Origin};
use crate::dc::health::Health;
use crate::dc::host_limit::{Held, HostLimit};
use crate::dc::learnt::Learnt;
use crate::dc::locate::{Candidate, Locator};
use crate::dc::opening::Opening;
use crate::dc::pool::{Open, Pool, Slot};
use crate::dc::secret::Watch;
use crate::dc::shared_key::SharedKeys;
use crate::protocol::rpc::netlogon::sam_logon::{NetworkLogon, Verdict};
use crate::protocol::rpc::schannel::agreement::Capable;
use course::{Course, Next};
pub(super) use course::{MAX_CHANNELS, MAX_CONTROLLERS};

/// Asks the controllers of a domain.
pub struct Controllers {
    pub(super) locator: Locator,
    pub(super) shared_keys: SharedKeys,
    pub(super) learnt: Learnt,
    health: Health,
    secret: Watch,
    pub(super) config: config::Netlogon,
    pool: PerProcess<Pool>,
    host_limit: HostLimit,
}

/// The other controllers that a login may go to.
#[derive(Default)]
struct Others {
    /// Looked up when the first is needed.
    left: Option<VecDeque<Candidate>>,
    tried: Vec<Candidate>,
}

/// How one controller was asked, and what came of it.
struct Asked {
    outcome: Result<Verdict, Error>,
    action: Action,
    next: Next,
    /// Of the channel.
    origin: Origin,
    /// When the login was last sent.
    sent: Instant,
    /// The channel, if it can be used again.
    channel: Option<Channel>,
}

impl Asked {
    /// The channel is as good as before.
    fn not_sent(error: Error, channel: Channel) -> Self {
        Self {
            outcome: Err(error),
            action: Action::GiveUp,
            next: Next::Finish,
            origin: Origin::None,
            sent: Instant::now(),
            channel: Some(channel),
        }
    }
}

impl Controllers {
    /// No channel is opened, and no file read, before the first question.
    pub fn new(config: config::Netlogon, log: LogTarget) -> Self {
        Self {
            locator: Locator::new(&config),
            shared_keys: SharedKeys::new(&config, log),
            learnt: Learnt::default(),
            health: Health::new(&config, log),
            secret: Watch::new(),
            host_limit: HostLimit::new(config.host_logons),
            config,
            pool: PerProcess::new(),
        }
    }

    /// Asks about a login, within the budget of the configuration. A verdict about a password is never
    /// asked for again. `row_of` knows what another domain that was typed is called in the list of
    /// domains.
    pub(crate) fn logon(
        &self,
        logon: &NetworkLogon<'_>,
        row_of: impl FnOnce(&str) -> Option<String>,
    ) -> Result<Verdict, Error> {
        let deadline = Deadline::after(self.config.budget);
        let pool = self.pool();
        if self.secret.has_changed(&self.config.secret) {
            pool.begin_anew();
        }
        self.hear_siblings();
        let name = TypedName::of(logon.user, logon.domain);
        let claim = Claim::of(&self.config, &name).in_list(row_of);
        let mut slot = pool.take(deadline, &claim)?;
        let mut course = Course::new();
        let outcome = self.ask(&mut slot, deadline, logon, &mut course);
        match &outcome {
            Err(error) if self.is_outage(error) => pool.no_controller_answers(Fault::from(error)),
            _ => pool.outage_is_over(),
        }
        // The last error may be that of a channel that could not be opened.
        outcome.map_err(
            |error| match course.has_lost_answer() && !error.may_have_counted() {
                true => Error::AnswerLost(Box::new(error)),
                false => error,
            },
        )
    }

    /// Whether the next question would end the same way. Two controllers that refuse our account are
    /// enough for that; if no controller answers, all must have been tried.
    fn is_outage(&self, error: &Error) -> bool {
        error.holds_for_all() && (error.is_account_refused() || !self.locator.has_untried())
    }

    /// Whether so little of the budget is left that silence says nothing about a controller: the login
    /// has waited for a channel, or for other controllers.
    fn is_hurried(&self, deadline: Deadline) -> bool {
        let left = deadline.remaining();
        left.is_none_or(|left| left < self.least_time())
    }

    fn least_time(&self) -> Duration {
        self.config.connect_timeout.min(self.config.budget / 10)
    }

    /// Asks one controller after the other.
    fn ask(
        &self,
        slot: &mut Slot<'_>,
        deadline: Deadline,
        logon: &NetworkLogon<'_>,
        course: &mut Course,
    ) -> Result<Verdict, Error> {
        let mut others = Others::default();
        let mut failures = Vec::new();
        loop {
            let is_hurried = self.is_hurried(deadline);
            let (controller, reused) = match slot.open.take() {
                Some(open) => (open.controller, Some(open.channel)),
                // Nothing could be said of a controller that does not answer in so short a time.
                None if is_hurried => {
                    failures.push(Err(Error::TimeOver));
                    break;
                }
                None => match self.untried(&mut others, deadline) {
                    Ok(Some(controller)) => {
                        self.health.begins_trial(&controller);
                        (controller, None)
                    }
                    Ok(None) => break,
                    Err(error) => {
                        failures.push(Err(error));
                        break;
                    }
                },
            };
            let known = others.left.as_ref().map_or(usize::MAX, VecDeque::len);
            let terms = self.terms(deadline, course.followers(known));
            let mut asked = self.ask_one(terms, &controller, reused, slot.claim(), logon, course);
            self.learn_from(&asked, is_hurried, &controller, slot);
            if asked.next == Next::Finish {
                slot.open = asked.channel.take().map(|channel| Open {
                    controller,
                    channel,
                });
                return asked.outcome;
            }
            failures.push(asked.outcome);
            others.tried.push(controller);
            if asked.next == Next::Stop || deadline.remaining().is_none() {
                break;
            }
        }
        told(failures)
    }

    /// Keeps in mind how the controller, or the user's domain behind it, has done.
    fn learn_from(
        &self,
        asked: &Asked,
        is_hurried: bool,
        controller: &Candidate,
        slot: &mut Slot<'_>,
    ) {
        let domain = slot.claim().other_domain();
        match &asked.outcome {
            Ok(verdict) if !failure::is_domain_unreachable(verdict, asked.origin) => {
                slot.answered(controller);
            }
            Ok(_) => domain
                .into_iter()
                .for_each(|d| self.pool().domain_is_silent(d)),
            Err(error) if error.is_logon_timeout() && is_hurried => return,
            Err(error) if error.is_logon_timeout() => {
                domain
                    .into_iter()
                    .for_each(|d| self.pool().domain_is_silent(d));
                // Another domain's silence is not the controller's; nor is that about one login while
                // it answers others.
                let is_to_blame =
                    domain.is_none() && !self.pool().has_answered_since(controller, asked.sent);
                if !is_to_blame {
                    return;
                }
            }
            Err(_) => {}
        }
        match asked.action {
            Action::Answer => self.has_answered(controller, asked.sent),
            Action::GiveUp => {}
            // One that refuses our account does so for every login: it comes last.
            Action::AskElsewhere if asked.outcome.is_ok() => {}
            // Another domain's controller may have caused any status.
            _ if asked.outcome.is_ok() && domain.is_some() => {}
            Action::AskElsewhere => self.has_failed(controller, &asked.outcome),
            Action::NextController | Action::Reopen | Action::Reauthenticate | Action::Leave => {
                self.has_failed(controller, &asked.outcome);
                self.pool().forget(controller);
            }
        }
    }

    /// The best controller that was not asked yet.
    fn untried(&self, others: &mut Others, deadline: Deadline) -> Result<Option<Candidate>, Error> {
        let mut left = match others.left.take() {
            Some(left) => left,
            None => self.locator.candidates(deadline)?.into(),
        };
        let is_untried = |candidate: &Candidate| !others.tried.contains(candidate);
        left.retain(is_untried);
        if left.is_empty() && !others.tried.is_empty() {
            // DNS may name further hosts, which were not looked up.
            left = self.locator.candidates(deadline).unwrap_or_default().into();
            left.retain(is_untried);
        }
        let next = left.pop_front();
        others.left = Some(left);
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
            connect_timeout: self.config.connect_timeout,
        }
    }

    /// Asks one controller, over the channel that is open or over a fresh one.
    fn ask_one(
        &self,
        terms: Terms<'_>,
        controller: &Candidate,
        mut reused: Option<Channel>,
        claim: &Claim,
        logon: &NetworkLogon<'_>,
        course: &mut Course,
    ) -> Asked {
        let opening = Opening {
            terms,
            controller,
            shared_keys: &self.shared_keys,
            locator: &self.locator,
            learnt: &self.learnt,
        };
        let mut distrusted = Vec::new();
        let mut sent = Instant::now();
        loop {
            course.tries_channel();
            let (opened, origin) = match reused.take() {
                Some(channel) => {
                    let origin = channel.origin_when_idle();
                    (Ok(channel), origin)
                }
                None => self.open(opening, &mut distrusted),
            };
            let key = opened.as_ref().ok().and_then(Channel::key).cloned();
            let held = match &opened {
                Ok(_) => self.host_slot(claim, terms),
                Err(_) => Ok(None),
            };
            let answer = match (opened, held) {
                (Ok(channel), Ok(_held)) => {
                    sent = Instant::now();
                    course.sends();
                    channel.logon(opening, logon)
                }
                (Ok(channel), Err(error)) => return Asked::not_sent(error, channel),
                (Err(error), _) => Err(error),
            };
            let (outcome, channel) = match answer {
                Ok((verdict, channel)) => (Ok(verdict), Some(channel)),
                Err(error) => (Err(error), None),
            };
            if outcome.as_ref().is_ok_and(Verdict::is_name_refused) {
                course.did_not_count();
            }
            if outcome.as_ref().is_err_and(Error::may_have_counted) {
                course.loses_answer();
            }
            let action = failure::of(outcome.as_ref(), origin, claim);
            let is_away = outcome.as_ref().is_err_and(Error::is_no_connection);
            match course.after(action, origin, is_away) {
                Next::SameController if action == Action::Reauthenticate => distrusted.extend(key),
                Next::SameController => {}
                next => {
                    return Asked {
                        outcome,
                        action,
                        next,
                        origin,
                        sent,
                        channel,
                    };
                }
            }
        }
    }

    /// Opens a channel, which ends an outage: the other logins need not wait for how this one ends.
    fn open(
        &self,
        opening: Opening<'_>,
        distrusted: &mut Vec<Capable>,
    ) -> (Result<Channel, Error>, Origin) {
        match Channel::open(opening, distrusted) {
            Ok(channel) => {
                self.pool().outage_is_over();
                let origin = channel.origin();
                (Ok(channel), origin)
            }
            error => (error, Origin::None),
        }
    }

    /// Waits for the right to have a logon under way, while there is time for its answer.
    fn host_slot(&self, claim: &Claim, terms: Terms<'_>) -> Result<Option<Held<'_>>, Error> {
        let left = terms.budget.remaining().unwrap_or_default();
        let patience = left.saturating_sub(self.least_time());
        let deadline = terms.budget.or_after(patience);
        self.host_limit
            .take(&self.shared_keys, claim.share(), deadline)
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
