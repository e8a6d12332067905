//! Asks a controller for the list of domains, over a channel for logins.

use crate::base::net::Deadline;
use crate::dc::channel::Channel;
use crate::dc::claim::Claim;
use crate::dc::connection::Terms;
use crate::dc::error::Error;
use crate::dc::failover::{Controllers, Course, Next};
use crate::dc::failure::{Action, Origin};
use crate::dc::pool::Open;
use crate::protocol::rpc::netlogon::domain_trusts::DomainTrust;
use crate::protocol::rpc::schannel::agreement::Capable;

impl Controllers {
    /// The list of one controller, by the deadline. Uses an open channel if there is one, so that
    /// the question costs one round trip after a login. A channel that fails is closed.
    pub(in crate::dc) fn domain_trusts(
        &self,
        deadline: Deadline,
    ) -> Result<Vec<DomainTrust>, Error> {
        let mut slot = self.pool().take(deadline, &Claim::Ours)?;
        let terms = self.terms(deadline, 0);
        let mut course = Course::new();
        let mut distrusted = Vec::new();
        let (controller, trusts, channel) = loop {
            course.count_channel();
            let open = match slot.open.take() {
                Some(open) => open,
                None => self.open_best(terms, &mut distrusted)?,
            };
            let (origin, key) = (open.channel.origin(), open.channel.key().cloned());
            match open.channel.domain_trusts(terms) {
                Ok((trusts, channel)) => break (open.controller, trusts, channel),
                // A key from the state directory, which the controller may have lost.
                Err(error)
                    if origin == Origin::Recalled
                        && error.is_doubt_about_key()
                        && course.after(Action::Reauthenticate, origin, false)
                            == Next::SameController =>
                {
                    distrusted.extend(key);
                }
                Err(error) => return Err(error),
            }
        };
        slot.open = Some(Open {
            controller,
            channel,
        });
        Ok(trusts)
    }

    /// Opens a channel to the best controller.
    fn open_best(&self, terms: Terms<'_>, distrusted: &mut Vec<Capable>) -> Result<Open, Error> {
        let best = self.locator.candidates(terms.deadline)?.into_iter().next();
        let controller = best.ok_or(Error::TimeOver)?;
        let opening = self.opening(terms, &controller);
        let channel = Channel::open(opening, distrusted)?;
        Ok(Open {
            controller,
            channel,
        })
    }
}
