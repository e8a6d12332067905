//! Asks a controller which domains there are, over a channel for logins.

use crate::base::net::Deadline;
use crate::dc::channel::Channel;
use crate::dc::claim::Claim;
use crate::dc::connection::Terms;
use crate::dc::error::Error;
use crate::dc::failover::{Controllers, MAX_CHANNELS};
use crate::dc::failure::Origin;
use crate::dc::opening::Opening;
use crate::dc::pool::Open;
use crate::protocol::rpc::netlogon::domain_trusts::DomainTrust;
use crate::protocol::rpc::schannel::agreement::Capable;

impl Controllers {
    /// The list of one controller, by this time. A channel that is open serves for it, so that the
    /// question costs one round trip after a login; a channel that fails is closed.
    pub(in crate::dc) fn domain_trusts(
        &self,
        deadline: Deadline,
    ) -> Result<Vec<DomainTrust>, Error> {
        let mut slot = self.pool().take(deadline, &Claim::Ours)?;
        let terms = self.terms(deadline, 0);
        let mut distrusted = Vec::new();
        let (controller, trusts, channel) = loop {
            let open = match slot.open.take() {
                Some(open) => open,
                None => self.open_best(terms, &mut distrusted)?,
            };
            let (origin, key) = (open.channel.origin(), open.channel.key().cloned());
            match open.channel.domain_trusts(terms) {
                Ok((trusts, channel)) => break (open.controller, trusts, channel),
                // A key from the state directory, which the controller may have lost.
                Err(error) if origin == Origin::Recalled && error.is_doubt_about_key() => {
                    if distrusted.len() + 1 >= MAX_CHANNELS {
                        return Err(error);
                    }
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
        let opening = Opening {
            terms,
            controller: &controller,
            shared_keys: &self.shared_keys,
            locator: &self.locator,
            learnt: &self.learnt,
        };
        let channel = Channel::open(opening, distrusted)?;
        Ok(Open {
            controller,
            channel,
        })
    }
}
