//! What each error at each step leads to.

use crate::base::fault::Minor;
use crate::base::net;
use crate::dc::error::{Error, Step};
use crate::dc::failure::action::{Action, Origin};
use crate::dc::failure::statuses::meaning;
use crate::protocol::rpc::{self, FaultStatus, NtStatus};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    NoConnection,
    Silence,
    /// The controller took the login, fell silent, and takes no new connection either.
    Unresponsive,
    /// The connection was closed, or broke.
    Closed,
    /// Bytes that are no PDU, or a PDU that is malformed or not authentic.
    Forged,
    Downgraded,
    HeadersUnsigned,
    NotRegistered,
    NotServed,
    BindRefused,
    /// Fault `nca_s_fault_access_denied`, which has the value of `ERROR_ACCESS_DENIED`.
    AccessFault,
    /// Fault `SEC_PKG_ERROR`: the security package does not know the key.
    KeyFault,
    /// Fault `STATUS_INVALID_COMPUTER_NAME`: the controller takes no name that it was called by.
    NameFault,
    OtherFault,
    /// `STATUS_ACCESS_DENIED` under a seal: the key is refused.
    KeyRefused,
    /// STATUS_ACCESS_DENIED (0xC0000022) of NetrServerReqChallenge or NetrServerAuthenticate3.
    SecretRefused,
    KerberosRequired,
    AccountUnknown,
    StatusNotReady,
    StatusDowngraded,
    NotUnderstood,
    OtherStatus,
    /// The request does not fit, so it was not sent.
    TooLong,
    NoRandomness,
    NoController,
    TimeOver,
    /// All channels, or all logons of this host, are in use.
    Busy,
    SilentDomain,
}

/// A set of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Steps {
    Never,
    /// Any step, and before the first.
    Any,
    /// Those before there is a session key.
    Plain,
    /// Those on a connection that is sealed with the key.
    Sealed,
    Mapper,
    Agree,
    Opening,
    Logon,
    NotLogon,
}

impl Steps {
    fn contain(self, step: Option<Step>) -> bool {
        match self {
            Self::Never => false,
            Self::Any => true,
            Self::Plain => step.is_some_and(|step| !step.is_sealed()),
            Self::Sealed => step.is_some_and(Step::is_sealed),
            Self::Mapper => step == Some(Step::FindPort),
            Self::Agree => step == Some(Step::AgreeOnKey),
            Self::Opening => step == Some(Step::OpenChannel),
            Self::Logon => step == Some(Step::Logon),
            Self::NotLogon => step != Some(Step::Logon),
        }
    }
}

/// What happened at which steps, and what it leads to.
struct Row {
    event: Event,
    at: Steps,
    /// In the order of [`Origin`].
    then: [Action; 4],
    minor: Minor,
    /// At which steps the controller may have counted the login.
    counts: Steps,
    /// At which steps every other login would fail in the same way.
    holds_for_all: Steps,
}

/// The first row that fits holds.
///
/// No specification says what a controller does that has lost the key of a channel. Samba refuses
/// the bind or faults; a closed connection or an answer that does not verify are as likely. So
/// after a failure over a channel with a recalled key, another key is tried ([`doubt`]). The
/// controller cannot have read a login under a key that it has lost. An attacker who makes it look
/// so gains one more sending, as by closing the connection. After silence no other key is tried:
/// the call may still be under way.
#[rustfmt::skip]
const FAILURES: &[Row] = {
    use Action::{AskElsewhere as Ask, GiveUp, Leave, NextController as Next};
    use Event::*;
    use Minor::*;
    use Steps::{Agree, Any, Logon, Mapper, Never, NotLogon, Opening, Plain, Sealed};
    &[
        //  what happened     at step   what to do     code                       counts for all
        row(NoConnection,     Any,      all(Next),     ControllerUnreachable,     Logon, Any),
        // The controller took the login, and may be asking another one about it.
        row(Silence,          Logon,    all(Leave),    ControllerTimeout,         Logon, Never),
        row(Silence,          NotLogon, all(Next),     ControllerTimeout,         Never, Any),
        row(Unresponsive,     Any,      all(Next),     ControllerTimeout,         Any,   Any),
        row(Closed,           Sealed,   CLOSED,        ControllerUnreachable,     Logon, Any),
        row(Closed,           Plain,    all(Next),     ControllerUnreachable,     Never, Any),
        row(Forged,           Sealed,   doubt(Next),   ControllerForged,          Logon, Never),
        row(Forged,           Plain,    all(Next),     ControllerForged,          Never, Never),
        row(Downgraded,       Sealed,   doubt(Next),   ChannelDowngraded,         Logon, Never),
        row(Downgraded,       Plain,    all(Next),     ChannelDowngraded,         Never, Never),
        // In a bind, the controller or an attacker is the cause. In a call, this library is.
        row(HeadersUnsigned,  Opening,  doubt(GiveUp), ChannelDowngraded,         Never, Never),
        row(HeadersUnsigned,  Any,      all(GiveUp),   ChannelDowngraded,         Never, Never),
        row(NotRegistered,    Sealed,   doubt(Next),   ControllerNotReady,        Logon, Any),
        row(NotRegistered,    Plain,    all(Next),     ControllerNotReady,        Never, Any),
        row(NotServed,        Sealed,   doubt(Next),   ControllerNotReady,        Logon, Never),
        row(NotServed,        Plain,    all(Next),     ControllerNotReady,        Never, Never),
        row(BindRefused,      Sealed,   LOST,          ChannelRefused,            Logon, Never),
        row(BindRefused,      Plain,    all(Next),     ChannelRefused,            Never, Never),
        row(AccessFault,      Sealed,   LOST_FAULT,    ChannelRefused,            Logon, Never),
        row(AccessFault,      Mapper,   all(Next),     MapperRefused,             Never, Never),
        row(AccessFault,      Agree,    all(Next),     UnauthenticatedRpcRefused, Never, Never),
        row(KeyFault,         Sealed,   LOST_FAULT,    ChannelRefused,            Logon, Never),
        row(KeyFault,         Plain,    all(Next),     ChannelRefused,            Never, Never),
        row(NameFault,        Logon,    all(Next),     ChannelRefused,            Logon, Never),
        row(OtherFault,       Sealed,   FAULT,         ChannelRefused,            Logon, Never),
        row(OtherFault,       Plain,    all(Next),     ChannelRefused,            Never, Never),
        row(KeyRefused,       Sealed,   LOST,          ChannelRefused,            Logon, Never),
        // A password that was just changed, or an account that was just made, may not have come to
        // every controller yet; nor need all have the same policy.
        row(SecretRefused,    Agree,    all(Ask),      MachineSecretRefused,      Never, Any),
        row(KerberosRequired, Agree,    all(Ask),      KerberosChannelRequired,   Never, Any),
        row(AccountUnknown,   Any,      all(Ask),      MachineAccountUnknown,     Logon, Agree),
        row(StatusNotReady,   Any,      all(Next),     ControllerNotReady,        Logon, Agree),
        row(StatusDowngraded, Any,      all(Next),     ChannelDowngraded,         Logon, Agree),
        row(NotUnderstood,    Any,      all(Next),     RequestNotUnderstood,      Logon, Agree),
        row(OtherStatus,      Any,      all(Next),     ChannelRefused,            Logon, Agree),
        // Fields of NTLM messages are bounded, so a request always fits.
        row(TooLong,          Any,      all(GiveUp),   InternalError,             Never, Never),
        row(NoRandomness,     Any,      all(GiveUp),   NoRandomBytes,             Never, Never),
        row(NoController,     Any,      all(GiveUp),   ControllerUnreachable,     Never, Any),
        row(TimeOver,         Any,      all(Next),     ControllerTimeout,         Never, Never),
        row(Busy,             Any,      all(GiveUp),   TooManyLogons,             Never, Never),
        row(SilentDomain,     Any,      all(GiveUp),   DomainSilent,              Never, Never),
    ]
};

/// The connection died. While it was idle, that says nothing about the controller.
const CLOSED: [Action; 4] = [
    Action::Reopen,
    Action::Reauthenticate,
    Action::NextController,
    Action::NextController,
];
/// The controller does not know the key, or no longer: it executed nothing.
const LOST: [Action; 4] = all(Action::Reauthenticate);
/// The same by a fault. Faults are not signed, and a controller that has just agreed on a key has
/// not forgotten it.
const LOST_FAULT: [Action; 4] = [
    Action::Reauthenticate,
    Action::Reauthenticate,
    Action::Leave,
    Action::Reauthenticate,
];
/// Any other fault.
const FAULT: [Action; 4] = [
    Action::NextController,
    Action::Reauthenticate,
    Action::Leave,
    Action::NextController,
];

/// The same, wherever the channel came from.
const fn all(action: Action) -> [Action; 4] {
    [action; 4]
}

/// Another key, if this one was recalled: the controller may have lost it.
const fn doubt(action: Action) -> [Action; 4] {
    [action, Action::Reauthenticate, action, action]
}

const fn row(
    event: Event,
    at: Steps,
    then: [Action; 4],
    minor: Minor,
    counts: Steps,
    holds_for_all: Steps,
) -> Row {
    Row {
        event,
        at,
        then,
        minor,
        counts,
        holds_for_all,
    }
}

/// What an error leads to.
pub(super) struct Consequence {
    /// In the order of [`Origin`].
    then: [Action; 4],
    pub(super) minor: Minor,
    pub(super) may_have_counted: bool,
    pub(super) holds_for_all: bool,
}

impl Consequence {
    /// What the error leads to.
    pub(super) fn of(error: &Error) -> Self {
        match error {
            Error::Net { step, error, .. } => Self::of_event(of_network(error), Some(*step)),
            Error::Rpc { step, error, .. } => Self::of_event(of_rpc(error, *step), Some(*step)),
            Error::Unresponsive { .. } => Self::of_event(Event::Unresponsive, Some(Step::Logon)),
            Error::NotFound(_) => Self::of_event(Event::NoController, None),
            Error::TimeOver => Self::of_event(Event::TimeOver, None),
            Error::Busy | Error::HostBusy | Error::Crowded => Self::of_event(Event::Busy, None),
            Error::SilentDomain(_) => Self::of_event(Event::SilentDomain, None),
            Error::Secret(fault) | Error::Outage(fault) => Self::giving_up(fault.minor()),
            Error::AnswerLost(last) => Self {
                may_have_counted: true,
                ..Self::giving_up(last.minor())
            },
            Error::AllFailed(errors) => Self::of_several(errors),
        }
    }

    fn of_event(event: Event, step: Option<Step>) -> Self {
        let mut rows = FAILURES.iter();
        match rows.find(|row| row.event == event && row.at.contain(step)) {
            Some(row) => Self {
                then: row.then,
                minor: row.minor,
                may_have_counted: row.counts.contain(step),
                holds_for_all: row.holds_for_all.contain(step),
            },
            None => Self::giving_up(Minor::InternalError),
        }
    }

    fn giving_up(minor: Minor) -> Self {
        Self {
            then: all(Action::GiveUp),
            minor,
            may_have_counted: false,
            holds_for_all: false,
        }
    }

    /// What is left when several controllers failed: a code that one of them gave tells more than
    /// that others are away.
    fn of_several(errors: &[Error]) -> Self {
        let all = || errors.iter().map(Self::of);
        let mut minors = all().map(|one| one.minor);
        let telling = minors.find(|minor| *minor != Minor::ControllerUnreachable);
        Self {
            may_have_counted: all().any(|one| one.may_have_counted),
            holds_for_all: all().all(|one| one.holds_for_all),
            ..Self::giving_up(telling.unwrap_or(Minor::ControllerUnreachable))
        }
    }

    pub(super) fn action(&self, origin: Origin) -> Action {
        let [reused, recalled, agreed, none] = self.then;
        match origin {
            Origin::Reused => reused,
            Origin::Recalled => recalled,
            Origin::Agreed => agreed,
            Origin::None => none,
        }
    }
}

fn of_network(error: &net::Error) -> Event {
    match error {
        net::Error::Connect(_) => Event::NoConnection,
        net::Error::Timeout => Event::Silence,
        net::Error::Closed | net::Error::Broken(_) => Event::Closed,
        net::Error::Unframed(_) => Event::Forged,
    }
}

fn of_rpc(error: &rpc::Error, step: Step) -> Event {
    match error {
        rpc::Error::Malformed(_) | rpc::Error::Forged(_) | rpc::Error::Sequence(_) => Event::Forged,
        rpc::Error::Downgraded(_) => Event::Downgraded,
        rpc::Error::HeadersUnsigned(_) => Event::HeadersUnsigned,
        rpc::Error::NotRegistered(_) => Event::NotRegistered,
        rpc::Error::InterfaceNotServed => Event::NotServed,
        rpc::Error::BindRefused(_) => Event::BindRefused,
        rpc::Error::Fault(fault) => of_fault(*fault, step),
        rpc::Error::Status(_, status) => of_status(*status, step),
        rpc::Error::TooLong(_) => Event::TooLong,
        rpc::Error::NoRandomBytes(_) => Event::NoRandomness,
    }
}

fn of_fault(fault: FaultStatus, step: Step) -> Event {
    const NAME: FaultStatus = FaultStatus(NtStatus::INVALID_COMPUTER_NAME.0);
    match fault {
        FaultStatus::ACCESS_DENIED => Event::AccessFault,
        FaultStatus::SEC_PKG_ERROR => Event::KeyFault,
        NAME if step == Step::Logon => Event::NameFault,
        _ => Event::OtherFault,
    }
}

/// A status that a call returned; that of NetrLogonSamLogonEx is a verdict, and comes here only if
/// the answer holds nothing else.
fn of_status(status: NtStatus, step: Step) -> Event {
    match (status, step) {
        (NtStatus::ACCESS_DENIED, Step::AgreeOnKey) => Event::SecretRefused,
        (NtStatus::ACCESS_DENIED, Step::OpenChannel | Step::Logon | Step::Domains) => {
            Event::KeyRefused
        }
        (NtStatus::DOWNGRADE_DETECTED, Step::AgreeOnKey) => Event::KerberosRequired,
        _ => match meaning(status, true).0 {
            Minor::MachineAccountUnknown => Event::AccountUnknown,
            Minor::ControllerNotReady => Event::StatusNotReady,
            Minor::ChannelDowngraded => Event::StatusDowngraded,
            Minor::RequestNotUnderstood => Event::NotUnderstood,
            _ => Event::OtherStatus,
        },
    }
}
