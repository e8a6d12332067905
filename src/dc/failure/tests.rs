mod codes;

use super::*;
use crate::base::net;
use crate::base::wire::DecodeError;
use crate::protocol::rpc::{self, FaultStatus, NtStatus};
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
fn each_status_has_its_action() {
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
        // An unknown status is a refusal.
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
    let all = || {
        statuses::STATUSES
            .iter()
            .flat_map(|(.., statuses)| *statuses)
    };
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
fn each_network_error_has_its_action() {
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
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(of_net(net::Error::Connect(refused), origin), NextController);
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

/// What was never sent counts nowhere.
#[test]
fn a_request_that_is_not_sent_is_no_guess() {
    let error = |step, error| Error::Rpc {
        peer: peer(),
        step,
        error,
    };
    for unsent in [
        rpc::Error::TooLong("x"),
        rpc::Error::HeadersUnsigned("the request is longer than one PDU"),
    ] {
        assert!(!error(Step::Logon, unsent).may_have_counted());
    }
    let fault = || rpc::Error::Fault(FaultStatus(5));
    assert!(error(Step::Logon, fault()).may_have_counted());
    assert!(!error(Step::OpenChannel, fault()).may_have_counted());
}

#[test]
fn a_sealed_bind_is_refused_by_a_controller_that_knows_the_key() {
    let refused = |step| Error::Rpc {
        peer: peer(),
        step,
        error: rpc::Error::BindRefused(0),
    };
    assert!(refused(Step::OpenChannel).is_sealed_bind_refused());
    for step in [Step::FindPort, Step::AgreeOnKey, Step::Logon] {
        assert!(!refused(step).is_sealed_bind_refused(), "{step}");
    }
    let all = |steps: [Step; 2]| Error::AllFailed(steps.map(refused).into());
    assert!(all([Step::AgreeOnKey, Step::OpenChannel]).is_sealed_bind_refused());
    assert!(!all([Step::AgreeOnKey, Step::FindPort]).is_sealed_bind_refused());
}

/// No specification says what a controller does that has lost the key.
#[test]
fn what_a_lost_key_may_cause_leads_to_another_key() {
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
fn each_rpc_error_has_its_action() {
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

#[test]
fn every_error_at_every_step_has_a_row() {
    let decode = DecodeError {
        field: "x",
        problem: "y",
    };
    for step in [
        Step::FindPort,
        Step::AgreeOnKey,
        Step::OpenChannel,
        Step::Logon,
        Step::Names,
        Step::Domains,
    ] {
        let peer = peer();
        let network = [
            net::Error::Connect(io::Error::other("x")),
            net::Error::Timeout,
            net::Error::Closed,
            net::Error::Broken(io::Error::other("x")),
            net::Error::Unframed("x".to_owned()),
        ];
        let rpc = [
            rpc::Error::Malformed(decode),
            rpc::Error::Forged("x"),
            rpc::Error::Sequence("x"),
            rpc::Error::Downgraded("x"),
            rpc::Error::HeadersUnsigned("x"),
            rpc::Error::NotRegistered(1),
            rpc::Error::InterfaceNotServed,
            rpc::Error::BindRefused(0),
            rpc::Error::NoRandomBytes(crate::base::crypto::NoRandomBytes),
        ];
        let faults = [5, 0x721, 0xC000_0122, 0x6F7].map(FaultStatus);
        let statuses = [
            0xC000_0022,
            0xC000_0388,
            0xC000_018B,
            0xC000_0192,
            0xC000_000D,
            1,
        ];
        let network = network.map(|error| Error::Net { peer, step, error });
        let rpc = rpc
            .into_iter()
            .chain(faults.map(rpc::Error::Fault))
            .chain(statuses.map(|status| rpc::Error::Status("x", NtStatus(status))))
            .map(|error| Error::Rpc { peer, step, error });
        for error in network.into_iter().chain(rpc) {
            assert_ne!(error.minor(), Minor::InternalError, "{error}");
        }
    }
}
