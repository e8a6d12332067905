//! Asks a controller which domains there are, over a channel for logins.

use crate::base::net::Deadline;
use crate::dc::Error;
use crate::dc::channel::{Channel, Opening};
use crate::dc::claim::Claim;
use crate::dc::failover::Controllers;
use crate::dc::pool::Open;
use crate::protocol::rpc::netlogon::domain_trusts::DomainTrust;

impl Controllers {
    /// The list of one controller, by this time. A channel that is open serves for it, so that the
    /// question costs one round trip after a login; a channel that fails is closed.
    pub(in crate::dc) fn domain_trusts(
        &self,
        deadline: Deadline,
    ) -> Result<Vec<DomainTrust>, Error> {
        let mut slot = self.pool().take(deadline, &Claim::Ours)?;
        let terms = self.terms(deadline, 0);
        let Open {
            controller,
            channel,
        } = match slot.open.take() {
            Some(open) => open,
            None => {
                let best = self.locator.candidates(deadline)?.into_iter().next();
                let controller = best.ok_or(Error::TimeOver)?;
                let opening = Opening {
                    terms,
                    controller: &controller,
                    shared_keys: &self.shared_keys,
                    locator: &self.locator,
                    learnt: &self.learnt,
                };
                let channel = Channel::open(opening, &mut Vec::new())?;
                Open {
                    controller,
                    channel,
                }
            }
        };
        let (trusts, channel) = channel.domain_trusts(terms)?;
        slot.open = Some(Open {
            controller,
            channel,
        });
        Ok(trusts)
    }
}
