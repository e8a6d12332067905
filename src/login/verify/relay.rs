//! Verification by a server that sees the client's own messages: a host without a machine account
//! passes them on to a domain controller, which makes the challenge.
//!
//! The controller says that the response is right, and not whose account it is. So the name is the
//! typed one, if its domain is a configured one: a controller may take the user of a domain that it
//! does not know for a user of its own (Samba does, `sam_ignoredomain`). A directory may add the
//! user's groups.

mod typed_account;

use crate::base::config::{self, LogTarget};
use crate::base::fault::{Fault, Minor};
use crate::base::log::{self, Quoted, Severity};
use crate::directory::domain_groups::DomainGroups;
use crate::login::verify::{Account, Attempt, Begun, GroupName, Logon, Passage, Refusal, Verifier};
use crate::protocol::ntlm::acceptor::PassedOn;
use crate::relay::{self, Verdict};

/// Passes logins on to the controllers of a domain.
pub struct Relayed {
    config: config::Relay,
    relay: relay::Relay,
    groups: Option<DomainGroups>,
    log: LogTarget,
}

impl Relayed {
    /// Does no I/O before the first login, and logs nothing.
    pub fn new(config: config::Relay, log: LogTarget) -> Self {
        Self {
            relay: relay::Relay::new(config.clone(), log),
            groups: config.groups.clone().map(DomainGroups::new),
            config,
            log,
        }
    }

    /// The account with its groups. It has none if it is of another domain, whose directory is
    /// another; if a user principal name was typed, which a controller and a directory may take for
    /// two accounts; or if they cannot be looked up, as a part could be taken for all.
    fn with_groups(&self, account: Account) -> Account {
        let domain = self.config.netbios_domain.as_str();
        let is_certain = account.domain == domain && !account.user.contains('@');
        let Some(groups) = self.groups.as_ref().filter(|_| is_certain) else {
            return account;
        };
        match groups.of(&account.user) {
            Ok(groups) => Account {
                group_sids: groups.iter().map(|group| group.sid.clone()).collect(),
                group_names: groups
                    .iter()
                    .filter_map(|group| GroupName::new(domain, group.name.as_deref()?))
                    .collect(),
                ..account
            },
            Err(problem) => {
                let user = Quoted(&account.user);
                let line = format_args!("groups of {user}: {problem}; the user is in no group");
                log::write(self.log, Severity::Error, line);
                account
            }
        }
    }
}

impl Verifier for Relayed {
    fn begin(&self, negotiate: PassedOn<'_>) -> Option<Begun> {
        let begun = self.relay.begin(negotiate.token());
        let begun = begun.map_err(|error| Fault::from(&error));
        let outcome = begun.and_then(|(handshake, reply)| {
            let challenged = negotiate.challenged(&reply);
            let challenged = challenged.map_err(|error| Minor::ControllerForged.because(error))?;
            Ok(Begun::Challenged {
                challenged,
                reply,
                passage: Passage::open(handshake),
            })
        });
        Some(outcome.unwrap_or_else(Begun::Failed))
    }

    fn verify(&self, attempt: &Attempt<'_>) -> Result<Logon, Refusal> {
        let account = typed_account::account(&self.config, attempt)?;
        let passing = attempt.passing.ok_or_else(other_configuration)?;
        let message = passing.claim.onward().ok_or_else(|| {
            let beside = "beside an NTLMv2 response, with a message integrity code";
            Refusal::Denied(Minor::LmOnlyRefused.because(beside))
        })?;
        let handshake = passing.passage.take().map_err(Refusal::Unavailable)?;
        if !handshake.is_of(&self.relay) {
            return Err(other_configuration());
        }
        match handshake.finish(&message) {
            Ok(Verdict::Accepted(accepted)) => {
                let logon_server = Some(accepted.server().to_owned());
                let account = Account {
                    logon_server,
                    ..account
                };
                Ok(Logon::passed_on("relay", self.with_groups(account)))
            }
            // The client must not learn whether the user exists.
            Ok(Verdict::Refused(refused)) => {
                Err(Refusal::Denied(refused.minor().confidentially(&refused)))
            }
            Err(error) if error.may_have_counted() => Err(Refusal::Unanswered(Fault::from(&error))),
            Err(error) => Err(Refusal::Unavailable(Fault::from(&error))),
        }
    }
}

/// The challenge is older than the configuration, whose names do not fit its controller.
fn other_configuration() -> Refusal {
    let changed = "the configuration changed while the client answered";
    Refusal::Unavailable(Minor::HandshakeClosed.because(changed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::config::fixture;
    use crate::login::verify::netlogon::tests::with_attempt_of;

    /// As after a change from another verifier between the two messages.
    #[test]
    fn a_challenge_of_this_server_is_not_passed_on() {
        let relayed = Relayed::new(fixture::relay(""), LogTarget::Off);
        let refusal = with_attempt_of("alice", "EXAMPLE", |attempt| relayed.verify(attempt));
        match refusal {
            Err(Refusal::Unavailable(fault)) => assert_eq!(fault.minor(), Minor::HandshakeClosed),
            other => panic!("{other:?}"),
        }
    }
}
