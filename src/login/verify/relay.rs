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

    /// The proof that this controller has accepted the user.
    fn logon(&self, account: Account, server: &str) -> Logon {
        let account = Account {
            logon_server: Some(server.to_owned()),
            ..account
        };
        Logon::passed_on("relay", self.with_groups(account))
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
            Ok(Verdict::Accepted(accepted)) => Ok(self.logon(account, accepted.server())),
            // The client must not learn whether the user exists.
            Ok(Verdict::Refused(refused)) => {
                Err(Refusal::Denied(refused.minor().confidentially(&refused)))
            }
            Err(error) => Err(no_verdict(&error)),
        }
    }
}

/// A wrong password may have counted only if the controller has got the proof of it.
fn no_verdict(error: &relay::Error) -> Refusal {
    match error.may_have_counted() {
        true => Refusal::Unanswered(Fault::from(error)),
        false => Refusal::Unavailable(Fault::from(error)),
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
    use crate::directory::domain_groups::tests::staff_of_alice;
    use crate::login::verify::netlogon::tests::with_attempt_of;
    use crate::protocol::ntlm::seal::Weakest;
    use crate::protocol::ntlm::tests::imitation::Initiator;

    fn relayed() -> Relayed {
        Relayed::new(fixture::relay(""), LogTarget::Off)
    }

    fn account(user: &str, domain: &str) -> Account {
        Account {
            user: user.to_owned(),
            domain: domain.to_owned(),
            ..Account::default()
        }
    }

    fn relayed_with(groups: DomainGroups) -> Relayed {
        Relayed {
            groups: Some(groups),
            ..relayed()
        }
    }

    #[test]
    fn an_accepted_user_has_the_groups_of_the_directory() {
        let (_server, groups) = staff_of_alice();
        let relayed = relayed_with(groups);
        let logon = relayed.logon(account("alice", "EXAMPLE"), "dc1.example.test");
        assert_eq!(logon.verifier(), "relay");
        assert!(logon.session_base_key().is_none());
        let account = logon.account();
        assert_eq!(account.user, "alice");
        assert_eq!(account.logon_server.as_deref(), Some("dc1.example.test"));
        assert_eq!(account.group_sids, ["S-1-5-21-1-2-3-9".parse().unwrap()]);
        let staff = GroupName::new("EXAMPLE", "Staff").unwrap();
        assert_eq!(account.group_names, [staff]);
    }

    #[test]
    fn the_directory_is_not_asked_about_a_name_that_may_mean_two_accounts() {
        let (server, groups) = staff_of_alice();
        let relayed = relayed_with(groups);
        // The groups are remembered.
        relayed.with_groups(account("alice", "EXAMPLE"));
        let asked = server.searches();
        for (user, domain) in [("alice", "OTHER"), ("alice@example.test", "EXAMPLE")] {
            let account = relayed.with_groups(account(user, domain));
            assert_eq!(
                (account.user.as_str(), account.domain.as_str()),
                (user, domain)
            );
            assert!(account.group_sids.is_empty() && account.group_names.is_empty());
        }
        assert_eq!(server.searches(), asked);
        let unknown = relayed.with_groups(account("bob", "EXAMPLE"));
        assert_eq!(unknown.user, "bob");
        assert!(unknown.group_sids.is_empty());
    }

    #[test]
    fn a_login_without_a_controller_fails_at_once() {
        let message = Initiator::default().negotiate();
        let negotiate = PassedOn::parse(&message, Weakest::default()).unwrap();
        match relayed().begin(negotiate) {
            Some(Begun::Failed(fault)) => assert_eq!(fault.minor(), Minor::ControllerUnreachable),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_password_that_a_controller_may_have_counted_is_unanswered() {
        let asked = relay::Error::NoVerdict {
            server: "dc1.example.test".to_owned(),
            cause: relay::Cause::Net(crate::base::net::Error::Timeout),
        };
        match no_verdict(&asked) {
            Refusal::Unanswered(fault) => assert_eq!(fault.minor(), Minor::ControllerTimeout),
            other => panic!("{other:?}"),
        }
        match no_verdict(&relay::Error::Evicted) {
            Refusal::Unavailable(fault) => assert_eq!(fault.minor(), Minor::HandshakeClosed),
            other => panic!("{other:?}"),
        }
    }

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
