//! Asks the controllers for the names of groups.
//!
//! This is apart from logins: a controller that does not know a name is still asked about the next
//! login, and no login waits for a connection meanwhile.

use std::collections::VecDeque;

use crate::base::net::Deadline;
use crate::base::sid::Sid;
use crate::dc::channel::Channel;
use crate::dc::claim::Claim;
use crate::dc::error::Error;
use crate::dc::failover::{Controllers, Course, MAX_CONTROLLERS, Next, Outcomes};
use crate::dc::failure::{self, Action, Origin};
use crate::dc::group_names::lookup;
use crate::dc::opening::Opening;
use crate::dc::pool::Open;
use crate::protocol::rpc::lsa::Called;
use crate::protocol::rpc::schannel::agreement::Capable;

impl Controllers {
    /// The name of each group or domain, in the order of `sids`, within the budget of a login and
    /// by the deadline.
    pub(in crate::dc) fn names(
        &self,
        sids: &[Sid],
        deadline: Deadline,
    ) -> Result<Vec<Option<Called>>, Error> {
        let deadline = deadline.or_after(self.config.budget);
        let mut candidates = VecDeque::from(self.locator.candidates(deadline)?);
        candidates.truncate(MAX_CONTROLLERS);
        let mut course = Course::new();
        let mut outcomes = Outcomes::default();
        while let Some(controller) = candidates.pop_front() {
            let terms = self.terms(deadline, candidates.len());
            let opening = self.opening(terms, &controller);
            let (outcome, next) = self.names_of_one(opening, sids, &mut course);
            outcomes.add(outcome);
            if next != Next::AnotherController || deadline.remaining().is_none() {
                break;
            }
        }
        outcomes.into_result()
    }

    /// Asks one controller, under another key while it may have lost the last one.
    fn names_of_one(
        &self,
        opening: Opening<'_>,
        sids: &[Sid],
        course: &mut Course,
    ) -> (Result<Vec<Option<Called>>, Error>, Next) {
        let mut distrusted = Vec::new();
        loop {
            course.count_channel();
            let key = match self.key(opening, &mut distrusted) {
                Ok(key) => key,
                Err(error) => {
                    let action = failure::of_error(&error, Origin::None);
                    return (Err(error), course.after(action, Origin::None, false));
                }
            };
            let outcome = lookup::look_up(opening, &key, sids);
            let action = match &outcome {
                Ok(_) => Action::Answer,
                Err(error) => failure::of_error(error, Origin::Recalled),
            };
            match course.after(action, Origin::Recalled, false) {
                Next::SameController => distrusted.push(key),
                next => return (outcome, next),
            }
        }
    }

    /// The key of a channel to this controller: of an open one, or of one that is opened for the
    /// purpose and left to the next login. An error if the key is for one connection only.
    fn key(&self, opening: Opening<'_>, distrusted: &mut Vec<Capable>) -> Result<Capable, Error> {
        let is_there = |open: &Open| open.controller == *opening.controller;
        // Held only while the channel is opened: no other domain is waited for.
        let mut slot = self.pool().take(opening.terms.deadline, &Claim::Ours)?;
        if let Some(open) = slot.open.as_ref().filter(|open| is_there(open)) {
            let key = open.channel.key_for_names();
            if key.as_ref().map_or(true, |key| !distrusted.contains(key)) {
                return key;
            }
        }
        let channel = Channel::open(opening, distrusted)?;
        let key = channel.key_for_names();
        if slot.open.as_ref().is_none_or(is_there) {
            slot.open = Some(Open {
                controller: opening.controller.clone(),
                channel,
            });
        }
        key
    }
}
