//! What follows when a controller has been asked: the one table from outcome to action and code.

use crate::base::fault::Minor;
use crate::base::net;
use crate::dc::claim::Claim;
use crate::dc::{Error, Step};
use crate::protocol::rpc::netlogon::sam_logon::Verdict;
use crate::protocol::rpc::{self, FaultStatus, NtStatus};

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
    /// The controller may have counted the login, or may be about to, whatever it says: the login is
    /// not sent again. The next login is for another controller.
    Leave,
    /// No other controller would do better: it is about us, or about the domain's rules.
    GiveUp,
}

/// Where the channel came from that a login was asked about over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// It had served before.
    Reused,
    /// It was opened for this login with a key from the state directory, which the controller may
    /// have lost since.
    Recalled,
    /// It was opened for this login with a key that was agreed on for the purpose.
    Agreed,
    /// It could not be opened.
    None,
}

/// What follows.
pub(super) fn of(outcome: Result<&Verdict, &Error>, origin: Origin, claim: &Claim) -> Action {
    match outcome {
        Ok(Verdict::Validated(_)) => Action::Answer,
        // A second controller would fill the same domain's channels once more.
        Ok(verdict) if claim.other_domain().is_some() && is_domain_unreachable(verdict, origin) => {
            Action::Answer
        }
        Ok(Verdict::Refused {
            status,
            authoritative,
        }) => row_of(*status, *authoritative).0,
        Err(error) => of_error(error, origin),
    }
}

/// Whether the controller had no answer from a controller of the user's domain, or no slot to ask it
/// in: it waits for either up to 45 s. So it is as well if it refuses a channel whose key was agreed on
/// a moment ago: the other domain's controller has refused it, or says so.
pub(super) fn is_domain_unreachable(verdict: &Verdict, origin: Origin) -> bool {
    let Verdict::Refused { status, .. } = verdict else {
        return false;
    };
    match *status {
        NtStatus::NO_LOGON_SERVERS
        | NtStatus::DOMAIN_CONTROLLER_NOT_FOUND
        | NtStatus::IO_TIMEOUT => true,
        NtStatus::ACCESS_DENIED | NtStatus::NOT_FOUND => origin == Origin::Agreed,
        _ => false,
    }
}

/// What each status of NetrLogonSamLogonEx leads to, and what the administrator reads. A code of the
/// family 05 says that nothing was found out about the user: it never counts as a guess.
const STATUSES: &[(Action, Minor, &[NtStatus])] = &[
    (
        Action::Answer,
        Minor::BadUserOrPassword,
        &[
            NtStatus::WRONG_PASSWORD,
            NtStatus::NO_SUCH_USER,
            NtStatus::NO_SUCH_DOMAIN,
        ],
    ),
    (
        Action::Answer,
        Minor::AccountDisabled,
        &[NtStatus::ACCOUNT_DISABLED],
    ),
    (
        Action::Answer,
        Minor::AccountLockedOut,
        &[NtStatus::ACCOUNT_LOCKED_OUT],
    ),
    (
        Action::Answer,
        Minor::AccountExpired,
        &[NtStatus::ACCOUNT_EXPIRED],
    ),
    (
        Action::Answer,
        Minor::PasswordExpired,
        &[NtStatus::PASSWORD_EXPIRED],
    ),
    (
        Action::Answer,
        Minor::PasswordMustChange,
        &[NtStatus::PASSWORD_MUST_CHANGE],
    ),
    (
        Action::Answer,
        Minor::InvalidLogonHours,
        &[NtStatus::INVALID_LOGON_HOURS],
    ),
    (
        Action::Answer,
        Minor::InvalidWorkstation,
        &[NtStatus::INVALID_WORKSTATION],
    ),
    (
        Action::Answer,
        Minor::AccountRestriction,
        &[NtStatus::ACCOUNT_RESTRICTION],
    ),
    (
        Action::Answer,
        Minor::LogonNotGranted,
        &[
            NtStatus::LOGON_TYPE_NOT_GRANTED,
            NtStatus::AUTHENTICATION_FIREWALL_FAILED,
        ],
    ),
    (
        Action::Answer,
        Minor::NtlmBlocked,
        &[NtStatus::NTLM_BLOCKED],
    ),
    (
        Action::Answer,
        Minor::SmartcardRequired,
        &[NtStatus::SMARTCARD_LOGON_REQUIRED],
    ),
    (
        Action::Answer,
        Minor::TrustAccount,
        &[
            NtStatus::NOLOGON_INTERDOMAIN_TRUST_ACCOUNT,
            NtStatus::NOLOGON_WORKSTATION_TRUST_ACCOUNT,
            NtStatus::NOLOGON_SERVER_TRUST_ACCOUNT,
        ],
    ),
    (
        Action::Answer,
        Minor::TimeDifference,
        &[NtStatus::TIME_DIFFERENCE_AT_DC],
    ),
    // What a controller says before it looks at the password, when the names in the response are not
    // those of the channel (MS-NRPC 3.5.4.5.1).
    (
        Action::Answer,
        Minor::NetbiosNamesRefused,
        &[NtStatus::LOGON_FAILURE],
    ),
    (
        Action::Reauthenticate,
        Minor::ChannelRefused,
        &[NtStatus::ACCESS_DENIED, NtStatus::NOT_FOUND],
    ),
    (
        Action::NextController,
        Minor::ControllerNotReady,
        &[
            NtStatus::NETLOGON_NOT_STARTED,
            NtStatus::INVALID_SERVER_STATE,
        ],
    ),
    // Infrastructure: of this controller, or of the one that it forwarded the logon to. A trusted
    // domain's controller can cause each of them, so the controller is not marked as failed.
    (
        Action::AskElsewhere,
        Minor::ControllerNotReady,
        &[
            NtStatus::NO_LOGON_SERVERS,
            NtStatus::DOMAIN_CONTROLLER_NOT_FOUND,
            NtStatus::UNSUCCESSFUL,
            NtStatus::NO_MEMORY,
            NtStatus::INSUFFICIENT_RESOURCES,
            NtStatus::PIPE_DISCONNECTED,
            NtStatus::IO_TIMEOUT,
            NtStatus::REMOTE_NOT_LISTENING,
            NtStatus::BAD_NETWORK_PATH,
            NtStatus::UNEXPECTED_NETWORK_ERROR,
            NtStatus::NETWORK_NAME_DELETED,
            NtStatus::BAD_NETWORK_NAME,
            NtStatus::CANT_ACCESS_DOMAIN_INFO,
            NtStatus::INVALID_DOMAIN_STATE,
            NtStatus::INVALID_DOMAIN_ROLE,
            NtStatus::INTERNAL_DB_CORRUPTION,
            NtStatus::INTERNAL_ERROR,
            NtStatus::PIPE_BROKEN,
            NtStatus::INTERNAL_DB_ERROR,
            NtStatus::INSUFF_SERVER_RESOURCES,
            NtStatus::CONNECTION_DISCONNECTED,
            NtStatus::CONNECTION_RESET,
            NtStatus::CONNECTION_REFUSED,
            NtStatus::NETWORK_UNREACHABLE,
            NtStatus::HOST_UNREACHABLE,
            NtStatus::CONNECTION_ABORTED,
            NtStatus::DS_BUSY,
            NtStatus::DS_UNAVAILABLE,
            // A read-only controller that cannot reach a writable one.
            NtStatus::NO_SECRETS,
            NtStatus::SERVER_UNAVAILABLE,
            NtStatus::CALL_FAILED,
            NtStatus::CALL_CANCELLED,
        ],
    ),
    (
        Action::AskElsewhere,
        Minor::TrustBroken,
        &[
            NtStatus::NO_TRUST_LSA_SECRET,
            NtStatus::TRUSTED_DOMAIN_FAILURE,
            NtStatus::TRUSTED_RELATIONSHIP_FAILURE,
            NtStatus::TRUST_FAILURE,
            NtStatus::DOMAIN_TRUST_INCONSISTENT,
        ],
    ),
    (
        Action::AskElsewhere,
        Minor::MachineAccountUnknown,
        &[NtStatus::NO_TRUST_SAM_ACCOUNT],
    ),
    // The names that `Channel::logon` has tried.
    (
        Action::NextController,
        Minor::LogonServerRefused,
        &[NtStatus::INVALID_COMPUTER_NAME],
    ),
    (
        Action::GiveUp,
        Minor::ChannelDowngraded,
        &[NtStatus::DOWNGRADE_DETECTED],
    ),
    (
        Action::GiveUp,
        Minor::RequestNotUnderstood,
        &[
            NtStatus::INVALID_INFO_CLASS,
            NtStatus::INVALID_PARAMETER,
            NtStatus::BUFFER_TOO_SMALL,
        ],
    ),
];

/// The row of a status of NetrLogonSamLogonEx.
fn row_of(status: NtStatus, authoritative: bool) -> (Action, Minor) {
    // Without authority, it says so while it starts.
    if (status, authoritative) == (NtStatus::ACCESS_DENIED, false) {
        return (Action::NextController, Minor::ControllerNotReady);
    }
    let mut rows = STATUSES.iter();
    match rows.find(|(.., statuses)| statuses.contains(&status)) {
        Some((action, minor, _)) => (*action, *minor),
        // The call between two controllers failed: no such status is about a user.
        None if status.is_rpc() => (Action::AskElsewhere, Minor::ControllerNotReady),
        None => (Action::Answer, Minor::LogonDenied),
    }
}

/// What a status of NetrLogonSamLogonEx means.
pub(crate) fn minor_of_verdict(status: NtStatus, authoritative: bool) -> Minor {
    row_of(status, authoritative).1
}

/// What a status of any other call means.
pub(super) fn minor_of_status(step: Step, status: NtStatus) -> Minor {
    match (step, status) {
        (Step::AgreeOnKey, NtStatus::ACCESS_DENIED) => Minor::MachineSecretRefused,
        (Step::AgreeOnKey, NtStatus::DOWNGRADE_DETECTED) => Minor::KerberosChannelRequired,
        _ => match minor_of_verdict(status, true) {
            minor @ (Minor::MachineAccountUnknown
            | Minor::ControllerNotReady
            | Minor::ChannelDowngraded
            | Minor::RequestNotUnderstood) => minor,
            _ => Minor::ChannelRefused,
        },
    }
}

/// Whether the controller rejected the machine account itself: only an administrator can mend that.
pub(super) fn is_account_refused(minor: Minor) -> bool {
    matches!(
        minor,
        Minor::MachineSecretRefused | Minor::MachineAccountUnknown | Minor::KerberosChannelRequired
    )
}

const INVALID_COMPUTER_NAME: u32 = NtStatus::INVALID_COMPUTER_NAME.0;

fn of_error(error: &Error, origin: Origin) -> Action {
    match error {
        // No name of the controller's was right. Faults are not signed: it was a sending all the same.
        Error::Rpc {
            step: Step::Logon,
            error: rpc::Error::Fault(FaultStatus(INVALID_COMPUTER_NAME)),
            ..
        } => Action::NextController,
        // Under a key that the controller has lost it cannot have read the login. An attacker who
        // makes it look so gains a second sending, as by closing the connection.
        _ if origin == Origin::Recalled && error.is_doubt_about_key() => Action::Reauthenticate,
        // Who has just agreed on the key has not forgotten it.
        Error::Rpc {
            error: rpc::Error::Fault(_),
            ..
        } if origin == Origin::Agreed => Action::Leave,
        // It took the login, and may be asking another controller about it.
        _ if error.is_logon_timeout() => Action::Leave,
        _ if error.is_channel_loss() => Action::Reauthenticate,
        Error::Net {
            error: net::Error::Closed | net::Error::Broken(_),
            ..
        } if origin == Origin::Reused => Action::Reopen,
        Error::Rpc { step, error, .. } => match error {
            // A password that was just changed, or an account that was just made, may not have come
            // to every controller yet; nor need all have the same policy.
            rpc::Error::Status(_, status)
                if is_account_refused(minor_of_status(*step, *status)) =>
            {
                Action::AskElsewhere
            }
            rpc::Error::Status(..) => Action::NextController,
            rpc::Error::TooLong(_)
            | rpc::Error::NoRandomBytes(_)
            | rpc::Error::HeadersUnsigned(_) => Action::GiveUp,
            // Not there, not ready, or not to be trusted.
            rpc::Error::NotRegistered(_)
            | rpc::Error::InterfaceNotServed
            | rpc::Error::BindRefused(_)
            | rpc::Error::Fault(_)
            | rpc::Error::Malformed(_)
            | rpc::Error::Forged(_)
            | rpc::Error::Sequence(_)
            | rpc::Error::Downgraded(_) => Action::NextController,
        },
        Error::Net { .. } | Error::Unresponsive { .. } | Error::TimeOver => Action::NextController,
        Error::Secret(_)
        | Error::NotFound(_)
        | Error::Busy
        | Error::HostBusy
        | Error::Crowded
        | Error::SilentDomain(_)
        | Error::Outage(_)
        | Error::AllFailed(_) => Action::GiveUp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::wire::DecodeError;
    use std::io;
    use std::net::SocketAddr;

    use Action::*;

    fn of(outcome: Result<&Verdict, &Error>, origin: Origin) -> Action {
        super::of(outcome, origin, &Claim::Ours)
    }

    fn peer() -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], 135))
    }

    fn of_net(error: net::Error, origin: Origin) -> Action {
        let (peer, step) = (peer(), Step::Logon);
        of(Err(&Error::Net { peer, step, error }), origin)
    }

    fn of_rpc(step: Step, error: rpc::Error) -> Action {
        let peer = peer();
        of(Err(&Error::Rpc { peer, step, error }), Origin::None)
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
            (0xC000_000D, true, GiveUp),
            // Another controller may take another name.
            (0xC000_0122, true, NextController),
        ] {
            let verdict = Verdict::Refused {
                status: NtStatus(status),
                authoritative,
            };
            assert_eq!(of(Ok(&verdict), Origin::Reused), action, "{status:#x}");
        }
    }

    #[test]
    fn each_status_has_one_row() {
        let all = || STATUSES.iter().flat_map(|(.., statuses)| *statuses);
        for status in all() {
            assert_eq!(
                all().filter(|other| *other == status).count(),
                1,
                "{status}"
            );
        }
    }

    #[test]
    fn a_domain_that_does_not_answer_is_asked_through_one_controller() {
        let hang = Claim::Elsewhere("HANG".to_owned());
        for status in [0xC000_005E, 0xC000_0233, 0xC000_00B5] {
            let verdict = Verdict::Refused {
                status: NtStatus(status),
                authoritative: true,
            };
            let after = |claim| super::of(Ok(&verdict), Origin::Reused, claim);
            assert_eq!(after(&hang), Answer, "{status:#x}");
            assert_eq!(after(&Claim::Ours), AskElsewhere, "{status:#x}");
            assert_eq!(after(&Claim::Unnamed), AskElsewhere, "{status:#x}");
        }
    }

    #[test]
    fn the_network() {
        for origin in [
            Origin::Reused,
            Origin::Recalled,
            Origin::Agreed,
            Origin::None,
        ] {
            // The controller may be asking another one, and is not dead.
            assert_eq!(of_net(net::Error::Timeout, origin), Leave);
            let earlier = Error::Net {
                peer: peer(),
                step: Step::OpenChannel,
                error: net::Error::Timeout,
            };
            assert_eq!(of(Err(&earlier), origin), NextController);
            let dead = Error::Unresponsive { peer: peer() };
            assert_eq!(of(Err(&dead), origin), NextController);
            let nobody = io::Error::from(io::ErrorKind::ConnectionRefused);
            assert_eq!(of_net(net::Error::Connect(nobody), origin), NextController);
            let noise = net::Error::Unframed(String::new());
            let after_noise = match origin {
                Origin::Recalled => Reauthenticate,
                _ => NextController,
            };
            assert_eq!(of_net(noise, origin), after_noise);
        }
        let reset = || net::Error::Broken(io::Error::other("reset"));
        assert_eq!(of_net(net::Error::Closed, Origin::Reused), Reopen);
        assert_eq!(of_net(reset(), Origin::Reused), Reopen);
        assert_eq!(of_net(net::Error::Closed, Origin::Agreed), NextController);
        assert_eq!(of_net(reset(), Origin::None), NextController);
    }

    /// No specification says what a controller does that has lost the key.
    #[test]
    fn every_failure_under_a_recalled_key_but_silence_leads_to_another_key() {
        let after = |error| of(Err(&error), Origin::Recalled);
        let of_rpc = |step, error| {
            after(Error::Rpc {
                peer: peer(),
                step,
                error,
            })
        };
        for error in [
            net::Error::Closed,
            net::Error::Broken(io::Error::other("reset")),
        ] {
            assert_eq!(of_net(error, Origin::Recalled), Reauthenticate);
        }
        for error in [
            rpc::Error::Fault(FaultStatus(0)),
            rpc::Error::Fault(FaultStatus(0x6F7)),
            rpc::Error::Fault(FaultStatus(0x1C00_0003)),
            rpc::Error::Fault(FaultStatus(5)),
            rpc::Error::BindRefused(0),
            rpc::Error::Malformed(DecodeError {
                field: "x",
                problem: "truncated",
            }),
            rpc::Error::Forged("x"),
            rpc::Error::Sequence("x"),
            rpc::Error::Downgraded("x"),
        ] {
            let text = error.to_string();
            assert_eq!(of_rpc(Step::Logon, error), Reauthenticate, "{text}");
        }
        for error in [
            rpc::Error::TooLong("x"),
            rpc::Error::HeadersUnsigned("the request is too long"),
        ] {
            let text = error.to_string();
            assert_eq!(of_rpc(Step::Logon, error), GiveUp, "{text}");
        }
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
            (Step::AgreeOnKey, status(0xC000_0388), AskElsewhere),
            (Step::AgreeOnKey, status(0xC000_0122), NextController),
            (Step::AgreeOnKey, status(0xC000_000D), NextController),
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
        assert_eq!(of(Err(&Error::TimeOver), Origin::None), NextController);
        assert_eq!(of(Err(&Error::Busy), Origin::None), GiveUp);
    }
}
