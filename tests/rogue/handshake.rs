//! Lies while a channel is opened: challenges, credentials, flags, capabilities, binds.

use gss_ntlmdc::base::fault::Minor::{
    self, ChannelDowngraded, ChannelRefused, ControllerForged, MachineAccountUnknown,
    MachineSecretRefused,
};

use crate::controller::{Controller, NT_HASH};
use crate::draft::Step::{Authenticate, Bind, Capabilities, Challenge, RequestedFlags, SealedBind};
use crate::draft::{BIND_NAK, Draft, HEADER_SIGN, RESPONSE, Step};
use crate::seal;
use crate::trial::{Kind, Trial, all_refused, at, verifier};

/// What the machine asks for.
const OFFERED: u32 = 0x613F_FFFF;

fn trial(
    what: impl ToString,
    minor: Minor,
    step: Step,
    lie: impl Fn(&mut Draft) + Send + Sync + 'static,
) -> Trial {
    Trial::new(what, minor, at(step, lie))
}

#[test]
fn a_controller_without_the_secret_is_refused() {
    let mut hash = NT_HASH;
    hash[0] ^= 1;
    let controller = Controller::with_secret(hash, Box::new(|_| {}));
    verifier(controller.address).refuses("alice", Kind::Unavailable, ControllerForged);
    assert_eq!(controller.turns(SealedBind), 0);

    all_refused(vec![
        trial("a credential", ControllerForged, Authenticate, |draft| {
            draft.body[7] ^= 1;
        }),
        trial("no credential", ControllerForged, Authenticate, |draft| {
            draft.put(0, &[0; 8]);
        }),
        // Values derived from ours only.
        reflected(),
    ]);
}

/// The machine's own challenge and its own credential come back.
fn reflected() -> Trial {
    let heard = std::sync::Mutex::new([0; 8]);
    Trial::new(
        "our credential",
        ControllerForged,
        Box::new(move |draft| match draft.step {
            Challenge => *heard.lock().unwrap() = draft.client_challenge,
            Authenticate => {
                let key = seal::session_key(&NT_HASH, &heard.lock().unwrap(), b"DCrandom");
                draft.put(0, &seal::credential(&key, *heard.lock().unwrap()));
            }
            _ => {}
        }),
    )
}

#[test]
fn challenges_must_be_random_and_the_controllers_own() {
    all_refused(vec![
        trial("zeros", ControllerForged, Challenge, |draft| {
            draft.put(0, &[0; 8]);
        }),
        trial("five alike", ControllerForged, Challenge, |draft| {
            draft.put(0, &[9, 9, 9, 9, 9, 1, 2, 3]);
        }),
        trial("ours", ControllerForged, Challenge, |draft| {
            let ours = draft.client_challenge;
            draft.put(0, &ours);
        }),
        // All but the last byte of the credential would be that of ours, and that one a sum.
        trial("nearly ours", ControllerForged, Challenge, |draft| {
            let mut nearly = draft.client_challenge;
            nearly[7] ^= 1;
            draft.put(0, &nearly);
        }),
        // Once in 256 times, the rest of the credential would be the start of ours.
        trial("ours, shifted", ControllerForged, Challenge, |draft| {
            let ours = draft.client_challenge;
            draft.put(0, &[0]);
            draft.put(1, &ours[..7]);
        }),
        trial("half ours", ControllerForged, Challenge, |draft| {
            let half = draft.client_challenge;
            draft.put(0, &half[..4]);
        }),
    ]);
}

#[test]
fn a_weaker_channel_is_none() {
    let mut trials = Vec::new();
    // Without AES, without authenticated RPC, without level 6, with nothing; and it stands by it.
    for flags in [
        OFFERED & !0x0100_0000,
        OFFERED & !0x4000_0000,
        OFFERED & !0x0008_0000,
        0,
    ] {
        let what = format!("agreed on {flags:#x}");
        trials.push(trial(what, ChannelDowngraded, Authenticate, move |draft| {
            draft.put(8, &flags.to_le_bytes());
        }));
    }
    // An attacker has changed one side's flags: the sealed capabilities show it.
    for flags in [OFFERED & !1, OFFERED & !0x8000, 0x0108_0000 | 0x4000_0000] {
        let heard = flags.to_le_bytes();
        for step in [Capabilities, RequestedFlags] {
            let what = format!("{step:?} {flags:#x}");
            trials.push(trial(what, ChannelDowngraded, step, move |draft| {
                draft.put(16, &heard);
            }));
        }
    }
    // The machine hears fewer flags than the controller believes in.
    trials.push(Trial::new(
        "fewer on the way",
        ChannelDowngraded,
        Box::new(|draft| match draft.step {
            Authenticate => draft.put(8, &(OFFERED & !0x8000).to_le_bytes()),
            Capabilities => draft.put(16, &OFFERED.to_le_bytes()),
            _ => {}
        }),
    ));
    all_refused(trials);
}

#[test]
fn capabilities_must_be_told_and_proven() {
    let unknown_level = 0x1C00_0006;
    all_refused(vec![
        trial("out of range", ChannelDowngraded, Capabilities, |draft| {
            draft.fault(0x1C01_0002);
        }),
        trial(
            "not implemented",
            ChannelDowngraded,
            Capabilities,
            |draft| {
                draft.put(20, &0xC000_0002_u32.to_le_bytes());
            },
        ),
        trial(
            "level unknown",
            ChannelRefused,
            Capabilities,
            move |draft| {
                draft.fault(unknown_level);
            },
        ),
        trial("another level", ControllerForged, Capabilities, |draft| {
            draft.put(12, &[2]);
        }),
        trial("authenticator", ControllerForged, Capabilities, |draft| {
            draft.body[0] ^= 1;
        }),
        trial(
            "authenticator 2",
            ControllerForged,
            RequestedFlags,
            |draft| {
                draft.body[0] ^= 1;
            },
        ),
        trial("out of range 2", ChannelRefused, RequestedFlags, |draft| {
            draft.fault(0x1C01_0002);
        }),
        // The controller answered; an attacker replaced the answer by a fault. The controller
        // detects it: the next question has a sequence number that it has used.
        trial("swallowed", ChannelRefused, RequestedFlags, move |draft| {
            draft.fault(unknown_level);
            draft.sealed = None;
            draft.swallowed = 1;
        }),
        // The controller is old, and an attacker changes its answer to the second question.
        Trial::new(
            "level 1 again",
            ChannelDowngraded,
            Box::new(move |draft| match (draft.step, draft.turn) {
                (RequestedFlags, _) => draft.fault(unknown_level),
                (Capabilities, 2) => draft.put(16, &[0]),
                _ => {}
            }),
        ),
    ]);
}

#[test]
fn a_status_is_told_as_what_it_is() {
    let mut trials = Vec::new();
    for (step, at, status, minor) in [
        (Challenge, 8, 0xC000_0022_u32, MachineSecretRefused),
        (Challenge, 8, 0xC000_018B, MachineAccountUnknown),
        (Challenge, 8, 0xC000_0192, Minor::ControllerNotReady),
        (Challenge, 8, 0x0000_0103, ChannelRefused),
        (Authenticate, 16, 0xC000_0022, MachineSecretRefused),
        (Authenticate, 16, 0xC000_018B, MachineAccountUnknown),
        (
            Authenticate,
            16,
            0xC000_0388,
            Minor::KerberosChannelRequired,
        ),
        (Authenticate, 16, 0xC000_00DC, Minor::ControllerNotReady),
        (Authenticate, 16, 0xC000_0371, Minor::ControllerNotReady),
        (Authenticate, 16, 0xC000_0122, ChannelRefused),
        (Authenticate, 16, 0x8000_0005, ChannelRefused),
        (Capabilities, 20, 0xC000_0022, ChannelRefused),
        (RequestedFlags, 20, 0xC000_000D, Minor::RequestNotUnderstood),
    ] {
        let what = format!("{step:?} {status:#x}");
        trials.push(trial(what, minor, step, move |draft| {
            draft.put(at, &status.to_le_bytes());
        }));
    }
    all_refused(trials);
}

#[test]
fn stubs_have_their_length() {
    let mut trials = Vec::new();
    for step in [
        Challenge,
        Authenticate,
        Capabilities,
        RequestedFlags,
        Step::Logon,
    ] {
        for length in [0, 1, 4, 11] {
            let what = format!("{step:?} of {length}");
            trials.push(trial(what, ControllerForged, step, move |draft| {
                draft.body.truncate(length);
            }));
        }
        let what = format!("{step:?} and more");
        trials.push(trial(what, ControllerForged, step, |draft| {
            draft.body.extend([0; 4]);
        }));
    }
    all_refused(trials);
}

#[test]
fn a_bind_is_accepted_as_it_was_asked_for() {
    let mut trials = Vec::new();
    for step in [Bind, SealedBind] {
        let mut add = |what: &str, minor, lie: fn(&mut Draft)| {
            trials.push(trial(format!("{step:?} {what}"), minor, step, lie));
        };
        add("refused", ChannelRefused, |draft| {
            draft.ptype = BIND_NAK;
            draft.body = vec![8, 0, 0];
            draft.bind_auth.clear();
        });
        add("context refused", ChannelRefused, |draft| {
            draft.put(20, &[2])
        });
        add("two contexts", ControllerForged, |draft| {
            draft.put(16, &[2])
        });
        add("no context", ControllerForged, |draft| draft.put(16, &[0]));
        add("another encoding", ControllerForged, |draft| {
            draft.put(24, &[0x33])
        });
        add("tiny PDUs", ControllerForged, |draft| {
            draft.put(2, &[0xFF, 0])
        });
        add("a long address", ControllerForged, |draft| {
            draft.put(8, &[0xFF, 0xFF])
        });
        add("a response", ControllerForged, |draft| {
            draft.ptype = RESPONSE
        });
        add("a request", ControllerForged, |draft| draft.ptype = 0);
    }
    let forged = |what: &str, lie: fn(&mut Draft)| trial(what, ControllerForged, SealedBind, lie);
    trials.extend([
        trial("not sealed", ChannelDowngraded, SealedBind, |draft| {
            draft.bind_auth.clear();
        }),
        forged("a negotiation", |draft| draft.bind_auth[8] = 0),
        forged("half of it", |draft| draft.bind_auth.truncate(16)),
        // An attacker removes the flag, and the controller signs headers: it refuses our PDUs.
        trial(
            "headers unsigned on the way",
            ChannelRefused,
            SealedBind,
            |draft| {
                draft.change = |pdu| pdu[3] &= !HEADER_SIGN;
            },
        ),
        trial("sealed, unasked", ControllerForged, Bind, |draft| {
            draft.bind_auth = vec![
                0x44, 6, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            ];
        }),
    ]);
    all_refused(trials);
}
