//! The call about a login.

use crate::dc::channel::Channel;
use crate::dc::connection::Terms;
use crate::dc::error::{Error, Step};
use crate::dc::failure::Origin;
use crate::dc::opening::Opening;
use crate::protocol::rpc;
use crate::protocol::rpc::netlogon::Parties;
use crate::protocol::rpc::netlogon::sam_logon::{self, NetworkLogon, Verdict};

impl Channel {
    /// Asks about a login. Returns the channel if it can be used again.
    ///
    /// If the controller refuses the name that it is addressed by, it is asked again with another
    /// name. It cannot have executed two of these calls: if it executed one, and an attacker
    /// replaced the answer, the next call does not have the sequence number that the controller
    /// expects.
    pub(in crate::dc) fn logon(
        self,
        opening: Opening<'_>,
        logon: &NetworkLogon<'_>,
    ) -> Result<(Verdict, Self), Error> {
        let Opening {
            terms,
            controller,
            locator,
            learnt,
            ..
        } = opening;
        let last = learnt.logon_server(controller);
        // As long as a connection may take.
        let to_identify = terms.deadline.or_after(terms.connect_timeout);
        let names = last.and_others().filter_map(|logon_server| {
            let name = logon_server.value(controller, locator, to_identify)?;
            Some((logon_server, name))
        });
        let mut channel = self;
        channel.connection.step = Step::Logon;
        let mut outcome = Err(Error::TimeOver);
        for (logon_server, name) in names {
            let answer;
            (answer, channel) = channel.logon_as(terms, name.as_deref(), logon)?;
            let is_name_refused = sam_logon::is_name_refused(&answer);
            if answer.is_ok() && !is_name_refused && logon_server != last {
                learnt.keep_logon_server(controller, logon_server);
            }
            outcome = answer.map_err(|error| channel.connection.failed(error));
            if !is_name_refused {
                break;
            }
        }
        Ok((outcome?, channel))
    }

    /// Asks about a login, addressing the controller by this name.
    fn logon_as(
        self,
        terms: Terms<'_>,
        server: Option<&str>,
        logon: &NetworkLogon<'_>,
    ) -> Result<(Result<Verdict, rpc::Error>, Self), Error> {
        let Self {
            mut connection,
            association,
            checked,
            ..
        } = self;
        let parties = Parties {
            server,
            ..terms.parties()
        };
        let stub = sam_logon::request(checked.proof(), parties, logon)
            .map_err(|error| connection.failed(error))?;
        let (outcome, association) = connection.call_logon(terms, association, &stub)?;
        let answer = outcome.response();
        let answer = answer.and_then(|stub| sam_logon::reply(stub.expose()));
        let channel = Self {
            connection,
            association,
            checked,
            origin: Origin::Reused,
        };
        Ok((answer, channel))
    }
}
