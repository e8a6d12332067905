//! What follows when a controller has been asked: the one table from outcome to action.

use crate::base::net;
use crate::dc::{Error, Step};
use crate::protocol::rpc::netlogon::sam_logon::Verdict;
use crate::protocol::rpc::{self, NtStatus};

/// What is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// It is the answer. A rejected password, above all, is never tried elsewhere: each try counts
    /// against the user.
    Answer,
    /// The connection died while nobody used it: the same controller, over another one.
    Reopen,
    /// The controller has forgotten the channel: the same controller, with another key.
    Reauthenticate,
    /// The controller cannot answer for anybody: it is left for the next.
    NextController,
    /// Another controller may know more about this login, or about our account: one is asked.
    AskElsewhere,
    /// The controller executed nothing, it says, and nobody proves that: each time that the question
    /// goes out, it may count against the user. The next login is for another controller.
    Leave,
    /// No other controller would do better: it is about us, or about the domain's rules.
    GiveUp,
}

/// Where the channel came from that a login was asked about over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// It had served before.
    Reused,
    /// It was opened for this login, or was to be.
    Opened,
    /// The same, with a key that was agreed on for the purpose.
    Agreed,
}

/// What follows.
pub(super) fn of(outcome: Result<&Verdict, &Error>, origin: Origin) -> Action {
    match outcome {
        Ok(Verdict::Validated(_)) => Action::Answer,
        Ok(Verdict::Refused {
            status,
            authoritative,
        }) => of_status(*status, *authoritative),
        Err(error) => of_error(error, origin),
    }
}

fn of_status(status: NtStatus, authoritative: bool) -> Action {
    match (status, authoritative) {
        // Without authority, it says so while it starts.
        (NtStatus::ACCESS_DENIED, false) => Action::NextController,
        (NtStatus::ACCESS_DENIED | NtStatus::NOT_FOUND, _) => Action::Reauthenticate,
        (NtStatus::NETLOGON_NOT_STARTED | NtStatus::INVALID_SERVER_STATE, _) => {
            Action::NextController
        }
        (
            NtStatus::NO_LOGON_SERVERS
            | NtStatus::DOMAIN_CONTROLLER_NOT_FOUND
            | NtStatus::NO_TRUST_LSA_SECRET
            | NtStatus::NO_TRUST_SAM_ACCOUNT
            | NtStatus::TRUSTED_DOMAIN_FAILURE
            | NtStatus::TRUSTED_RELATIONSHIP_FAILURE
            | NtStatus::TRUST_FAILURE
            | NtStatus::DOMAIN_TRUST_INCONSISTENT,
            _,
        ) => Action::AskElsewhere,
        (NtStatus::DOWNGRADE_DETECTED | NtStatus::INVALID_COMPUTER_NAME, _) => Action::GiveUp,
        _ => Action::Answer,
    }
}

fn of_error(error: &Error, origin: Origin) -> Action {
    match error {
        // Who has just agreed on the key has not forgotten it.
        Error::Rpc {
            error: rpc::Error::Fault(_),
            ..
        } if origin == Origin::Agreed => Action::Leave,
        _ if error.is_channel_loss() => Action::Reauthenticate,
        Error::Net {
            error: net::Error::Closed | net::Error::Broken(_),
            ..
        } if origin == Origin::Reused => Action::Reopen,
        Error::Rpc { step, error, .. } => match error {
            // A password that was just changed, or an account that was just made, may not have come
            // to every controller yet.
            rpc::Error::Status(_, NtStatus::ACCESS_DENIED | NtStatus::NO_TRUST_SAM_ACCOUNT)
                if *step == Step::AgreeOnKey =>
            {
                Action::AskElsewhere
            }
            rpc::Error::Status(_, status) => match of_status(*status, true) {
                Action::Answer | Action::Reauthenticate => Action::NextController,
                action => action,
            },
            rpc::Error::TooLong(_)
            | rpc::Error::NoRandomBytes(_)
            | rpc::Error::HeadersUnsigned(_) => Action::GiveUp,
            // Not there, not ready, or not to be trusted.
            rpc::Error::NotRegistered(_)
            | rpc::Error::BindRefused(_)
            | rpc::Error::Fault(_)
            | rpc::Error::Malformed(_)
            | rpc::Error::Forged(_)
            | rpc::Error::Sequence(_)
            | rpc::Error::Downgraded(_) => Action::NextController,
        },
        Error::Net { .. } | Error::TimeOver => Action::NextController,
        Error::Secret(_)
        | Error::NotFound(_)
        | Error::Busy
        | Error::Outage(_)
        | Error::AllFailed(_) => Action::GiveUp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::rpc::FaultStatus;
    use std::io;
    use std::net::SocketAddr;

    use Action::*;

    fn peer() -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], 135))
    }

    fn of_net(error: net::Error, origin: Origin) -> Action {
        let (peer, step) = (peer(), Step::Logon);
        of(Err(&Error::Net { peer, step, error }), origin)
    }

    fn of_rpc(step: Step, error: rpc::Error) -> Action {
        let peer = peer();
        of(Err(&Error::Rpc { peer, step, error }), Origin::Opened)
    }

    #[test]
    fn verdicts() {
        for (status, authoritative, action) in [
            // About the user: definitive.
            (0xC000_006A, true, Answer),
            (0xC000_006A, false, Answer),
            (0xC000_0064, true, Answer),
            (0xC000_0064, false, Answer),
            (0xC000_00DF, false, Answer),
            (0xC000_006D, true, Answer),
            (0xC000_0234, true, Answer),
            (0xC000_0072, true, Answer),
            (0xC000_0193, true, Answer),
            (0xC000_0071, true, Answer),
            (0xC000_0224, true, Answer),
            (0xC000_006F, true, Answer),
            (0xC000_0070, true, Answer),
            (0xC000_006E, true, Answer),
            (0xC000_015B, true, Answer),
            (0xC000_0413, true, Answer),
            (0xC000_0418, true, Answer),
            (0xC000_02FA, true, Answer),
            (0xC000_0198, true, Answer),
            (0xC000_0199, true, Answer),
            (0xC000_019A, true, Answer),
            (0xC000_0133, true, Answer),
            // What nobody knows is a refusal.
            (0xC000_FFFF, true, Answer),
            // About the controller.
            (0xC000_0022, false, NextController),
            (0xC000_0192, true, NextController),
            (0xC000_00DC, true, NextController),
            // About the channel.
            (0xC000_0022, true, Reauthenticate),
            (0xC000_0225, true, Reauthenticate),
            // About the way to the user's domain, or our account.
            (0xC000_005E, true, AskElsewhere),
            (0xC000_0233, true, AskElsewhere),
            (0xC000_018A, true, AskElsewhere),
            (0xC000_018B, true, AskElsewhere),
            (0xC000_018C, true, AskElsewhere),
            (0xC000_018D, true, AskElsewhere),
            (0xC000_0190, true, AskElsewhere),
            (0xC000_019B, true, AskElsewhere),
            // About our configuration, or the domain's rules.
            (0xC000_0388, true, GiveUp),
            (0xC000_0122, true, GiveUp),
        ] {
            let verdict = Verdict::Refused {
                status: NtStatus(status),
                authoritative,
            };
            assert_eq!(of(Ok(&verdict), Origin::Reused), action, "{status:#x}");
        }
    }

    #[test]
    fn the_network() {
        for origin in [Origin::Reused, Origin::Opened, Origin::Agreed] {
            assert_eq!(of_net(net::Error::Timeout, origin), NextController);
            let nobody = io::Error::from(io::ErrorKind::ConnectionRefused);
            assert_eq!(of_net(net::Error::Connect(nobody), origin), NextController);
            let noise = net::Error::Unframed(String::new());
            assert_eq!(of_net(noise, origin), NextController);
        }
        let reset = || net::Error::Broken(io::Error::other("reset"));
        assert_eq!(of_net(net::Error::Closed, Origin::Reused), Reopen);
        assert_eq!(of_net(reset(), Origin::Reused), Reopen);
        assert_eq!(of_net(net::Error::Closed, Origin::Agreed), NextController);
        assert_eq!(of_net(reset(), Origin::Opened), NextController);
    }

    #[test]
    fn the_conversation() {
        let status = |status| rpc::Error::Status("call", NtStatus(status));
        let fault = |fault| rpc::Error::Fault(FaultStatus(fault));
        for (step, error, action) in [
            (Step::Logon, fault(5), Reauthenticate),
            (Step::Logon, fault(0x721), Reauthenticate),
            (Step::OpenChannel, fault(0x721), Reauthenticate),
            (Step::OpenChannel, status(0xC000_0022), Reauthenticate),
            (
                Step::OpenChannel,
                rpc::Error::BindRefused(0),
                Reauthenticate,
            ),
            (Step::AgreeOnKey, rpc::Error::BindRefused(0), NextController),
            (Step::FindPort, rpc::Error::NotRegistered(1), NextController),
            (Step::AgreeOnKey, fault(5), NextController),
            (Step::Logon, fault(0x6F7), NextController),
            (Step::AgreeOnKey, status(0xC000_0022), AskElsewhere),
            (Step::AgreeOnKey, status(0xC000_018B), AskElsewhere),
            (Step::AgreeOnKey, status(0xC000_0192), NextController),
            (Step::AgreeOnKey, status(0xC000_00DC), NextController),
            (Step::AgreeOnKey, status(0xC000_FFFF), NextController),
            (Step::AgreeOnKey, status(0xC000_0388), GiveUp),
            (Step::AgreeOnKey, status(0xC000_0122), GiveUp),
            (Step::Logon, rpc::Error::Forged("x"), NextController),
            (Step::Logon, rpc::Error::Sequence("x"), NextController),
            (
                Step::OpenChannel,
                rpc::Error::Downgraded("x"),
                NextController,
            ),
            (Step::Logon, rpc::Error::TooLong("x"), GiveUp),
            (Step::Logon, rpc::Error::HeadersUnsigned("x"), GiveUp),
        ] {
            assert_eq!(of_rpc(step, error), action, "{step} {error}");
        }
        for (error, action) in [(fault(5), Leave), (fault(0x6F7), Leave)] {
            let (peer, step) = (peer(), Step::Logon);
            let told = of(Err(&Error::Rpc { peer, step, error }), Origin::Agreed);
            assert_eq!(told, action);
        }
        assert_eq!(of(Err(&Error::TimeOver), Origin::Opened), NextController);
        assert_eq!(of(Err(&Error::Busy), Origin::Opened), GiveUp);
    }
}
