//! Asks the controllers what groups are called.
//!
//! Apart from logins: a controller that cannot say is not left for the next login, and no login waits
//! for a connection while it is being asked.

use std::collections::VecDeque;

use crate::base::net::Deadline;
use crate::base::sid::Sid;
use crate::dc::channel::Channel;
use crate::dc::claim::Claim;
use crate::dc::connection::Terms;
use crate::dc::error::Error;
use crate::dc::failover::{Controllers, MAX_CHANNELS, MAX_CONTROLLERS, told};
use crate::dc::group_names::lookup;
use crate::dc::locate::Candidate;
use crate::dc::opening::Opening;
use crate::dc::pool::Open;
use crate::protocol::rpc::lsa::Called;
use crate::protocol::rpc::schannel::agreement::Capable;

impl Controllers {
    /// A name for each that is a group's or a domain's, in their order, within the budget of a login
    /// and by this time.
    pub(in crate::dc) fn names(
        &self,
        sids: &[Sid],
        deadline: Deadline,
    ) -> Result<Vec<Option<Called>>, Error> {
        let deadline = deadline.or_after(self.config.budget);
        let mut candidates = VecDeque::from(self.locator.candidates(deadline)?);
        candidates.truncate(MAX_CONTROLLERS);
        let mut failures = Vec::new();
        while let Some(controller) = candidates.pop_front() {
            let terms = self.terms(deadline, candidates.len());
            match self.names_of_one(terms, &controller, sids) {
                Ok(names) => return Ok(names),
                error => failures.push(error),
            }
            if deadline.remaining().is_none() {
                break;
            }
        }
        told(failures)
    }

    fn names_of_one(
        &self,
        terms: Terms<'_>,
        controller: &Candidate,
        sids: &[Sid],
    ) -> Result<Vec<Option<Called>>, Error> {
        let opening = Opening {
            terms,
            controller,
            shared_keys: &self.shared_keys,
            locator: &self.locator,
            learnt: &self.learnt,
        };
        let mut distrusted = Vec::new();
        loop {
            let key = self.key(opening, &mut distrusted)?;
            let answer = lookup::look_up(opening, &key, sids);
            let is_lost = answer.as_ref().is_err_and(Error::is_doubt_about_key);
            if !is_lost || distrusted.len() + 1 >= MAX_CHANNELS {
                return answer;
            }
            distrusted.push(key);
        }
    }

    /// The key of a channel to this controller: of one that is open, or is opened for the purpose and
    /// left to the next login. An error if that key is for one connection only.
    fn key(&self, opening: Opening<'_>, distrusted: &mut Vec<Capable>) -> Result<Capable, Error> {
        let is_there = |open: &Open| open.controller == *opening.controller;
        // Held while it is opened only: no other domain is waited for.
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
