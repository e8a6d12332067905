//! One login on its way through the controllers: does what [`Course`] decides.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::base::counters::Total;
use crate::base::fault::Fault;
use crate::base::file::slots::Held;
use crate::base::net::Deadline;
use crate::base::typed_name::TypedName;
use crate::dc::channel::Channel;
use crate::dc::claim::Claim;
use crate::dc::connection::Terms;
use crate::dc::error::Error;
use crate::dc::failover::Controllers;
use crate::dc::failover::course::{Course, Next, Outcomes};
use crate::dc::failure::{self, Action, Origin};
use crate::dc::locate::{Candidate, Locator};
use crate::dc::opening::Opening;
use crate::dc::pool::{Open, Slot};
use crate::protocol::rpc::netlogon::sam_logon::{NetworkLogon, Verdict};
use crate::protocol::rpc::schannel::agreement::Capable;

impl Controllers {
    /// Asks about a login, within the budget of the configuration. A verdict about a password is
    /// final. `row_of` gives the name that a typed domain has in the list of domains.
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
        let mut login = Login::new(self, logon, &claim, deadline);
        let outcome = login.run(&mut slot);
        match &outcome {
            Err(error) if self.is_outage(error) => pool.no_controller_answers(Fault::from(error)),
            _ => pool.outage_is_over(),
        }
        // The last error may be about a channel that could not be opened.
        outcome.map_err(
            |error| match login.has_lost_answer() && !error.may_have_counted() {
                true => Error::AnswerLost(Box::new(error)),
                false => error,
            },
        )
    }

    /// Whether the next question would end in the same way. Two controllers that refuse our account
    /// are enough for that. If no controller answers, all must have been tried.
    fn is_outage(&self, error: &Error) -> bool {
        error.holds_for_all() && (error.is_account_refused() || !self.locator.has_untried())
    }

    /// Whether so little of the budget is left that silence says nothing about a controller. The
    /// login has waited for a channel, or for other controllers.
    fn is_hurried(&self, deadline: Deadline) -> bool {
        let left = deadline.remaining();
        left.is_none_or(|left| left < self.least_time())
    }

    fn least_time(&self) -> Duration {
        self.config.connect_timeout.min(self.config.budget / 10)
    }

    /// Remembers how the controller, or the user's domain behind it, has done.
    fn learn_from(
        &self,
        asked: &Asked,
        is_hurried: bool,
        controller: &Candidate,
        slot: &mut Slot<'_>,
    ) {
        let is_silent = asked.is_domain_silent();
        let is_elsewhere = slot.claim().other_domain().is_some();
        match &asked.outcome {
            Err(_) if is_silent && is_hurried => return,
            _ if is_silent => self.domain_is_silent(slot.claim()),
            Ok(_) => slot.answered(controller),
            Err(_) => {}
        }
        if !self.is_about_controller(asked, controller, is_elsewhere) {
            return;
        }
        match asked.action {
            Action::Answer => self.has_answered(controller, asked.sent),
            Action::GiveUp => {}
            // A controller that refuses our account does so for every login: it comes last.
            Action::AskElsewhere if asked.outcome.is_ok() => {}
            // Another domain's controller may have caused any status.
            _ if asked.outcome.is_ok() && is_elsewhere => {}
            Action::AskElsewhere => self.has_failed(controller, &asked.outcome),
            Action::NextController | Action::Reopen | Action::Reauthenticate | Action::Leave => {
                self.has_failed(controller, &asked.outcome);
                self.pool().forget(controller);
            }
        }
    }

    /// Remembers that the user's domain did not answer behind a controller, if it is not ours.
    fn domain_is_silent(&self, claim: &Claim) {
        if let Some(domain) = claim.other_domain() {
            self.pool().domain_is_silent(domain);
        }
    }

    /// Whether the outcome says something about the controller. The silence of another domain is
    /// not the controller's; nor is silence about one login while it answers others.
    fn is_about_controller(
        &self,
        asked: &Asked,
        controller: &Candidate,
        is_elsewhere: bool,
    ) -> bool {
        if asked.outcome.is_ok() || !asked.is_domain_silent() {
            return true;
        }
        !is_elsewhere && !self.pool().has_answered_since(controller, asked.sent)
    }

    /// Opens a channel, which ends an outage: other logins need not wait for the end of this one.
    fn open(&self, opening: Opening<'_>, distrusted: &mut Vec<Capable>) -> Result<Channel, Error> {
        let channel = Channel::open(opening, distrusted)?;
        self.counters.add(Total::ChannelsOpened, 1);
        self.pool().outage_is_over();
        Ok(channel)
    }

    /// Waits for a slot of the host, as long as there is time for an answer afterwards.
    fn host_slot(&self, claim: &Claim, terms: Terms<'_>) -> Result<Option<Held>, Error> {
        let left = terms.budget.remaining().unwrap_or_default();
        let patience = left.saturating_sub(self.least_time());
        let deadline = terms.budget.or_after(patience);
        self.host_limit
            .take(&self.shared_keys, claim.share(), deadline)
    }
}

/// A login, and how far it has come.
struct Login<'a> {
    controllers: &'a Controllers,
    logon: &'a NetworkLogon<'a>,
    claim: &'a Claim,
    deadline: Deadline,
    course: Course,
    others: Others,
}

/// How one controller was asked, and with what result.
struct Asked {
    outcome: Result<Verdict, Error>,
    action: Action,
    next: Next,
    /// The origin of the channel.
    origin: Origin,
    /// When the login was last sent.
    sent: Instant,
    /// The channel's key, if it may be shared.
    key: Option<Capable>,
    /// The channel, if it can be used again.
    channel: Option<Channel>,
}

impl Asked {
    /// Whether the controller, or the user's domain behind it, did not answer.
    fn is_domain_silent(&self) -> bool {
        match &self.outcome {
            Ok(verdict) => failure::is_domain_unreachable(verdict, self.origin),
            Err(error) => error.is_logon_timeout(),
        }
    }
}

impl<'a> Login<'a> {
    /// No controller is asked yet.
    fn new(
        controllers: &'a Controllers,
        logon: &'a NetworkLogon<'a>,
        claim: &'a Claim,
        deadline: Deadline,
    ) -> Self {
        Self {
            controllers,
            logon,
            claim,
            deadline,
            course: Course::new(),
            others: Others::default(),
        }
    }

    /// Whether the login was sent, and no answer came that counts.
    fn has_lost_answer(&self) -> bool {
        self.course.has_lost_answer()
    }

    /// Asks one controller after the other.
    fn run(&mut self, slot: &mut Slot<'_>) -> Result<Verdict, Error> {
        let mut outcomes = Outcomes::default();
        loop {
            let is_hurried = self.controllers.is_hurried(self.deadline);
            let (controller, reused) = match self.next_controller(slot, is_hurried) {
                Ok(Some(next)) => next,
                Ok(None) => break,
                Err(error) => {
                    outcomes.add(Err(error));
                    break;
                }
            };
            let asked = self.ask(&controller, reused);
            self.count(&asked);
            self.controllers
                .learn_from(&asked, is_hurried, &controller, slot);
            if asked.next == Next::Finish {
                slot.open = asked.channel.map(|channel| Open {
                    controller,
                    channel,
                });
                return asked.outcome.or_else(|error| outcomes.answer_or(error));
            }
            outcomes.add(asked.outcome);
            self.others.tried.push(controller);
            if asked.next == Next::Stop || self.deadline.remaining().is_none() {
                break;
            }
        }
        outcomes.into_result()
    }

    /// Counts how the controller did, and whether it was the first one.
    fn count(&self, asked: &Asked) {
        let counters = &self.controllers.counters;
        match (&asked.outcome, &asked.channel) {
            (Ok(_), _) => counters.add(Total::QuestionsAnswered, 1),
            (Err(_), None) => counters.add(Total::QuestionsFailed, 1),
            // It was not sent.
            (Err(_), Some(_)) => {}
        }
        if !self.others.tried.is_empty() {
            counters.add(Total::Failovers, 1);
        }
    }

    /// The controller to ask, and the open channel of the slot. `None` if all have been asked.
    fn next_controller(
        &mut self,
        slot: &mut Slot<'_>,
        is_hurried: bool,
    ) -> Result<Option<(Candidate, Option<Channel>)>, Error> {
        if let Some(open) = slot.open.take() {
            return Ok(Some((open.controller, Some(open.channel))));
        }
        // A controller that does not answer in so short a time need not be at fault.
        if is_hurried {
            return Err(Error::TimeOver);
        }
        let next = self.others.next(&self.controllers.locator, self.deadline)?;
        if let Some(controller) = &next {
            self.controllers.health.begins_trial(controller);
        }
        Ok(next.map(|controller| (controller, None)))
    }

    /// Asks one controller, over the channel that is open or over fresh ones.
    fn ask(&mut self, controller: &Candidate, mut reused: Option<Channel>) -> Asked {
        let followers = self.course.followers(self.others.count());
        let terms = self.controllers.terms(self.deadline, followers);
        let opening = self.controllers.opening(terms, controller);
        let mut distrusted = Vec::new();
        loop {
            let asked = self.ask_over(reused.take(), opening, &mut distrusted);
            match asked.next {
                Next::SameController if asked.action == Action::Reauthenticate => {
                    distrusted.extend(asked.key);
                }
                Next::SameController => {}
                Next::Finish | Next::AnotherController | Next::Stop => return asked,
            }
        }
    }

    /// Asks over one channel.
    fn ask_over(
        &mut self,
        reused: Option<Channel>,
        opening: Opening<'_>,
        distrusted: &mut Vec<Capable>,
    ) -> Asked {
        self.course.count_channel();
        let opened = match reused {
            Some(channel) => Ok((channel.origin_when_idle(), channel)),
            None => self
                .controllers
                .open(opening, distrusted)
                .map(|channel| (channel.origin(), channel)),
        };
        let (origin, channel) = match opened {
            Ok(opened) => opened,
            Err(error) => return self.ended(Err(error), Origin::None),
        };
        let held = match self.controllers.host_slot(self.claim, opening.terms) {
            Ok(held) => held,
            // The login was not sent: the channel is as good as before.
            Err(error) => {
                return Asked {
                    channel: Some(channel),
                    ..self.ended(Err(error), origin)
                };
            }
        };
        let key = channel.key().cloned();
        let sent = Instant::now();
        self.course.count_send();
        let answer = channel.logon(opening, self.logon);
        drop(held);
        Asked {
            key,
            sent,
            ..self.ended(answer, origin)
        }
    }

    /// What follows when a channel was tried.
    fn ended(&mut self, answer: Result<(Verdict, Channel), Error>, origin: Origin) -> Asked {
        let (outcome, channel) = match answer {
            Ok((verdict, channel)) => (Ok(verdict), Some(channel)),
            Err(error) => (Err(error), None),
        };
        if outcome.as_ref().is_ok_and(Verdict::is_name_refused) {
            self.course.uncount_send();
        }
        if outcome.as_ref().is_err_and(Error::may_have_counted) {
            self.course.note_lost_answer();
        }
        let action = failure::of(outcome.as_ref(), origin, self.claim);
        let is_away = outcome.as_ref().is_err_and(Error::is_no_connection);
        Asked {
            outcome,
            action,
            next: self.course.after(action, origin, is_away),
            origin,
            sent: Instant::now(),
            key: None,
            channel,
        }
    }
}

/// The other controllers that a login may go to.
#[derive(Default)]
struct Others {
    /// Looked up when the first is needed.
    left: Option<VecDeque<Candidate>>,
    tried: Vec<Candidate>,
}

impl Others {
    /// How many are left; as many as can be before they are looked up.
    fn count(&self) -> usize {
        self.left.as_ref().map_or(usize::MAX, VecDeque::len)
    }

    /// The best controller that was not asked yet.
    fn next(&mut self, locator: &Locator, deadline: Deadline) -> Result<Option<Candidate>, Error> {
        let mut left = match self.left.take() {
            Some(left) => left,
            None => locator.candidates(deadline)?.into(),
        };
        let is_untried = |candidate: &Candidate| !self.tried.contains(candidate);
        left.retain(is_untried);
        if left.is_empty() && !self.tried.is_empty() {
            // DNS may name further hosts, which were not looked up.
            left = locator.candidates(deadline).unwrap_or_default().into();
            left.retain(is_untried);
        }
        let next = left.pop_front();
        self.left = Some(left);
        Ok(next)
    }
}
