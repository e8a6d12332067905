//! Calls for which a key is agreed on in any case: they prove a secret, or replace it.

use crate::base::clock::seconds_since_1970;
use crate::base::crypto::Key;
use crate::dc::channel::{Channel, at_its_port};
use crate::dc::connection::{Connection, Connections};
use crate::dc::error::{Error, Step};
use crate::dc::opening::Opening;
use crate::protocol::rpc::netlogon;
use crate::protocol::rpc::netlogon::password_set::MachinePassword;
use crate::protocol::rpc::schannel::CredentialChain;

/// How often a password is sent, at most, that the controller refuses with STATUS_ACCESS_DENIED: a
/// process that does not share the lock may have come between.
const MAX_RACES: usize = 3;

impl Channel {
    /// Whether the controller and this secret prove each other. The key that they agree on serves
    /// the other processes of the host.
    pub(in crate::dc) fn prove(opening: Opening<'_>, nt_hash: &Key) -> Result<(), Error> {
        agreed_anew(opening, nt_hash, |_, _, _| Ok(()))
    }

    /// Gives the account another password, over a channel that is keyed with this secret.
    pub(in crate::dc) fn set_password(
        opening: Opening<'_>,
        nt_hash: &Key,
        password: &MachinePassword,
    ) -> Result<(), Error> {
        let mut outcome = Err(Error::TimeOver);
        for _ in 0..MAX_RACES {
            outcome = agreed_anew(opening, nt_hash, |opening, channel, chain| {
                channel.send_password(opening, chain, password)
            });
            if !outcome.as_ref().is_err_and(Error::is_password_refused) {
                break;
            }
        }
        outcome
    }

    fn send_password(
        mut self,
        opening: Opening<'_>,
        chain: CredentialChain,
        password: &MachinePassword,
    ) -> Result<(), Error> {
        let terms = opening.terms;
        let (stub, sent) = chain
            .set_password(terms.parties(), password, seconds_since_1970())
            .map_err(|error| self.connection.failed(error))?;
        self.connection.step = Step::Password;
        let opnum = netlogon::SERVER_PASSWORD_SET2;
        let (outcome, _) = self
            .connection
            .call(terms, self.association, opnum, &stub)?;
        sent.answered(outcome)
            .map_err(|error| self.connection.failed(error))
    }
}

/// Opens a channel with this secret alone, and calls `then` with it while no other process of the
/// host can agree on a key: the chain of authenticators is the account's, not the channel's.
fn agreed_anew(
    opening: Opening<'_>,
    nt_hash: &Key,
    then: impl Fn(Opening<'_>, Channel, CredentialChain) -> Result<(), Error>,
) -> Result<(), Error> {
    at_its_port(opening, &mut |opening, peer| {
        let terms = opening.terms;
        let connection = Connection::connect(terms, peer, Step::AgreeOnKey)?;
        let lock = opening.shared_keys.lock(opening.controller, terms.deadline);
        let mut connections = Connections::begin(terms, connection);
        let (channel, chain) =
            Channel::agree_with(opening, &mut connections, nt_hash, lock.as_ref())?;
        then(opening, channel, chain)
    })
}
