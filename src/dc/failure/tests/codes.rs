//! Codes, and what the rest of `dc` asks about an error.

use super::*;

fn rpc(step: Step, error: rpc::Error) -> Error {
    let peer = peer();
    Error::Rpc { peer, step, error }
}

fn status(step: Step, status: u32) -> Error {
    rpc(step, rpc::Error::Status("call", NtStatus(status)))
}

fn fault(step: Step, fault: u32) -> Error {
    rpc(step, rpc::Error::Fault(FaultStatus(fault)))
}

fn away() -> Error {
    let error = net::Error::Connect(io::Error::other("x"));
    let (peer, step) = (peer(), Step::FindPort);
    Error::Net { peer, step, error }
}

#[test]
fn each_rpc_error_has_its_code() {
    for (error, minor) in [
        (
            status(Step::AgreeOnKey, 0xC000_0022),
            Minor::MachineSecretRefused,
        ),
        (
            status(Step::OpenChannel, 0xC000_0022),
            Minor::ChannelRefused,
        ),
        (
            status(Step::AgreeOnKey, 0xC000_0388),
            Minor::KerberosChannelRequired,
        ),
        (
            status(Step::OpenChannel, 0xC000_0388),
            Minor::ChannelDowngraded,
        ),
        (
            status(Step::AgreeOnKey, 0xC000_018B),
            Minor::MachineAccountUnknown,
        ),
        (
            status(Step::AgreeOnKey, 0xC000_0192),
            Minor::ControllerNotReady,
        ),
        (
            status(Step::OpenChannel, 0xC000_000D),
            Minor::RequestNotUnderstood,
        ),
        (status(Step::AgreeOnKey, 0xC000_FFFF), Minor::ChannelRefused),
        (fault(Step::FindPort, 5), Minor::MapperRefused),
        (fault(Step::AgreeOnKey, 5), Minor::UnauthenticatedRpcRefused),
        (fault(Step::AgreeOnKey, 0x6F7), Minor::ChannelRefused),
        (away(), Minor::ControllerUnreachable),
        (Error::SilentDomain("X".to_owned()), Minor::DomainSilent),
    ] {
        assert_eq!(error.minor(), minor, "{error}");
        assert_eq!(Fault::from(&error).minor(), minor, "{error}");
        assert_eq!(Fault::from(error).minor(), minor);
    }
    let refused = Fault::from(Minor::MachineSecretRefused);
    let outage = Error::Outage(refused.clone());
    assert_eq!(Fault::from(outage).to_string(), refused.to_string());
}

/// A fault that says what a status says: the controller does not take the name.
#[test]
fn a_refused_name_is_no_lost_key() {
    let after = |step| of(Err(&fault(step, 0xC000_0122)), Origin::Recalled);
    assert_eq!(after(Step::Logon), NextController);
    assert_eq!(after(Step::Domains), Reauthenticate);
}

#[test]
fn what_an_error_says_of_key_and_account() {
    let (agree, open) = (Step::AgreeOnKey, Step::OpenChannel);
    for (error, expected) in [
        (status(agree, 0xC000_0022), [false, false, true, true]),
        (status(agree, 0xC000_018B), [false, false, true, false]),
        (status(agree, 0xC000_0388), [false, false, true, false]),
        (status(open, 0xC000_0022), [true, true, false, false]),
        (
            rpc(open, rpc::Error::BindRefused(0)),
            [true, false, false, false],
        ),
        (
            rpc(Step::Logon, rpc::Error::Forged("x")),
            [true, false, false, false],
        ),
        (Error::TimeOver, [false; 4]),
    ] {
        let found = [
            error.is_doubt_about_key(),
            error.is_handshake_race(),
            error.is_account_refused(),
            error.is_secret_refused(),
        ];
        assert_eq!(found, expected, "{error}");
    }
}

#[test]
fn several_errors_say_what_one_of_them_says() {
    let (peer, step) = (peer(), Step::Logon);
    let error = net::Error::Timeout;
    let silent = || Error::Net {
        peer,
        step,
        error: net::Error::Timeout,
    };
    assert!(Error::Net { peer, step, error }.may_have_counted());
    let several = |errors: Vec<Error>| {
        let all = Error::AllFailed(errors);
        (all.minor(), all.may_have_counted(), all.holds_for_all())
    };
    let nowhere = (Minor::ControllerUnreachable, false, true);
    assert_eq!(several(vec![away(), away()]), nowhere);
    let lost = (Minor::ControllerTimeout, true, false);
    assert_eq!(several(vec![away(), silent()]), lost);
    let busy = (Minor::TooManyLogons, false, false);
    assert_eq!(several(vec![Error::Busy, away()]), busy);
    let answer_lost = Error::AnswerLost(Box::new(Error::Busy));
    assert!(answer_lost.may_have_counted() && !answer_lost.holds_for_all());
    assert_eq!(answer_lost.minor(), Minor::TooManyLogons);
}

#[test]
fn a_status_says_something_of_the_account_or_of_the_controller() {
    for (status, minor, about) in [
        (0xC000_0064, Minor::BadUserOrPassword, About::NoSuchAccount),
        (0xC000_00DF, Minor::BadUserOrPassword, About::NoSuchAccount),
        (0xC000_006A, Minor::BadUserOrPassword, About::Account),
        (0xC000_0234, Minor::AccountLockedOut, About::Account),
        (0xC000_0192, Minor::ControllerNotReady, About::Controller),
        (0xC000_FFFF, Minor::LogonDenied, About::Account),
        // RPC_NT_SERVER_UNAVAILABLE, between two controllers.
        (0xC002_0017, Minor::ControllerNotReady, About::Controller),
        // RPC_NT_CALL_FAILED_DNE and RPC_NT_NULL_REF_POINTER, which no table names.
        (0xC002_001C, Minor::ControllerNotReady, About::Controller),
        (0xC003_0009, Minor::ControllerNotReady, About::Controller),
    ] {
        let status = NtStatus(status);
        assert_eq!(meaning(status, true), (minor, about), "{status}");
        assert_eq!(minor_of_logon_status(status), minor, "{status}");
    }
    let starting = meaning(NtStatus(0xC000_0022), false);
    assert_eq!(starting, (Minor::ControllerNotReady, About::Controller));
}

/// A channel whose key was just agreed on is not refused by our own controller.
#[test]
fn a_refusal_may_come_from_the_other_domain() {
    let hang = Claim::Elsewhere("HANG".to_owned());
    for status in [0xC000_0022, 0xC000_0225] {
        let verdict = Verdict::Refused {
            status: NtStatus(status),
            authoritative: true,
        };
        let after = |origin, claim| super::super::of(Ok(&verdict), origin, claim);
        assert_eq!(after(Origin::Agreed, &hang), Answer, "{status:#x}");
        assert_eq!(after(Origin::Recalled, &hang), Reauthenticate);
        assert_eq!(after(Origin::Agreed, &Claim::Ours), Reauthenticate);
    }
}
