//! Lies about a PDU: its seal, its header, its fragments.

use gss_ntlmdc::base::fault::Minor::{ControllerForged, ControllerTimeout};
use gss_ntlmdc::login::verify::Refusal;

use crate::controller::Controller;
use crate::delivery::Delivery;
use crate::draft::Step::{
    Authenticate, Bind, Capabilities, Challenge, Logon, RequestedFlags, SealedBind,
};
use crate::draft::{Draft, FIRST, LAST, STEPS, Step};
use crate::seal::Slip;
use crate::trial::{Kind, Trial, all_refused, at, verifier};

const SEALED: [Step; 3] = [Capabilities, RequestedFlags, Logon];

fn forged(
    step: Step,
    what: impl std::fmt::Display,
    lie: impl Fn(&mut Draft) + Send + Sync + 'static,
) -> Trial {
    Trial::new(format!("{step:?} {what}"), ControllerForged, at(step, lie))
}

fn slipped(step: Step, what: &str, slip: Slip) -> Trial {
    forged(step, what, move |draft| draft.sealed = Some(slip.clone()))
}

/// The deviations of a sealed answer, one each.
fn slips() -> Vec<(&'static str, Slip)> {
    let slip = |what, change: fn(&mut Slip)| {
        let mut slip = Slip::NONE;
        change(&mut slip);
        (what, slip)
    };
    vec![
        slip("another key", |slip| slip.wrong_key = true),
        slip("sent back", |slip| slip.as_client = true),
        slip("a number early", |slip| slip.numbers_off = 1),
        slip("a number late", |slip| slip.numbers_off = u32::MAX),
        slip("its own number again", |slip| slip.numbers_off = 2),
        slip("signed only", |slip| slip.kind = [0x44, 5]),
        slip("NTLM", |slip| slip.kind = [0x0A, 6]),
        slip("another context", |slip| slip.context_off = 1),
        slip("padding", |slip| slip.padding = Some(255)),
        slip("no encryption", |slip| {
            slip.algorithms[2..4].copy_from_slice(&[0xFF; 2])
        }),
        slip("RC4", |slip| {
            slip.algorithms[2..4].copy_from_slice(&[0x7A, 0])
        }),
        slip("MD5", |slip| {
            slip.algorithms[0..2].copy_from_slice(&[0x77, 0])
        }),
        slip("signature too short", |slip| slip.length = 32),
        slip("signature of none", |slip| slip.length = 1),
    ]
}

#[test]
fn an_answer_that_is_not_sealed_is_refused() {
    let mut trials = Vec::new();
    for step in SEALED {
        trials.push(forged(step, "in clear", |draft| draft.sealed = None));
        for (what, slip) in slips() {
            trials.push(slipped(step, what, slip));
        }
        // An answer is dropped, and a later one sent in its place.
        trials.push(forged(step, "one missing", |draft| draft.swallowed = 1));
    }
    all_refused(trials);
}

#[test]
fn every_byte_is_covered() {
    let mut trials = Vec::new();
    for step in SEALED {
        let mut changed = |what: &str, change: fn(&mut Vec<u8>)| {
            trials.push(forged(step, what, move |draft| draft.change = change));
        };
        changed("alloc_hint", |pdu| pdu[16] ^= 1);
        changed("cancel_count", |pdu| pdu[22] ^= 1);
        changed("reserved", |pdu| pdu[23] ^= 1);
        changed("first byte", |pdu| pdu[24] ^= 1);
        changed("middle byte", |pdu| pdu[40] ^= 0x80);
        changed("padding", |pdu| change_from_end(pdu, 65));
        changed("auth_type", |pdu| change_from_end(pdu, 64));
        changed("auth_pad_length", |pdu| change_from_end(pdu, 62));
        changed("auth_reserved", |pdu| change_from_end(pdu, 61));
        changed("algorithm", |pdu| change_from_end(pdu, 56));
        changed("flags", |pdu| change_from_end(pdu, 50));
        changed("number", |pdu| change_from_end(pdu, 48));
        changed("checksum", |pdu| change_from_end(pdu, 40));
        changed("end of checksum", |pdu| change_from_end(pdu, 33));
        changed("confounder", |pdu| change_from_end(pdu, 32));
        changed("auth_length", |pdu| pdu[10] -= 1);
        changed("auth_length too long", |pdu| pdu[11] = 0xFF);
        changed("no auth_length", |pdu| pdu[10] = 0);
    }
    all_refused(trials);
}

fn change_from_end(pdu: &mut [u8], from_end: usize) {
    let at = pdu.len() - from_end;
    pdu[at] ^= 1;
}

#[test]
fn headers_are_those_of_the_answer() {
    let mut trials = Vec::new();
    for step in STEPS {
        trials.push(forged(step, "another call", |draft| draft.call_id += 1));
        trials.push(forged(step, "call 0", |draft| draft.call_id = 0));
        trials.push(forged(step, "big endian", |draft| draft.drep[0] = 0));
        trials.push(forged(step, "EBCDIC", |draft| draft.drep[0] = 0x11));
        trials.push(forged(step, "a shutdown", |draft| draft.ptype = 0x11));
        for (what, change) in [
            ("frag_len 0", (|pdu| set_length(pdu, 0)) as fn(&mut Vec<u8>)),
            ("frag_len 15", |pdu| set_length(pdu, 15)),
            ("frag_len 16", |pdu| set_length(pdu, 16)),
            ("frag_len 23", |pdu| set_length(pdu, 23)),
            ("frag_len 5841", |pdu| set_length(pdu, 5841)),
            ("frag_len 65535", |pdu| set_length(pdu, 0xFFFF)),
            ("version 4", |pdu| pdu[0] = 4),
            ("version 5.1", |pdu| pdu[1] = 1),
            ("HTTP", |pdu| {
                *pdu = b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()
            }),
        ] {
            trials.push(forged(step, what, move |draft| draft.change = change));
        }
        if step != Bind && step != SealedBind {
            trials.push(forged(step, "another context", |draft| draft.context = 1));
            trials.push(forged(step, "not the first", |draft| draft.flags = LAST));
            trials.push(forged(step, "a bind_ack", |draft| draft.ptype = 0x0C));
        }
    }
    all_refused(trials);
}

fn set_length(pdu: &mut [u8], length: u16) {
    pdu[8..10].copy_from_slice(&length.to_le_bytes());
}

#[test]
fn earlier_words_are_no_answer() {
    let mut trials = Vec::new();
    for step in [Challenge, Authenticate, Capabilities, RequestedFlags, Logon] {
        for renumbered in [false, true] {
            let what = format!("replayed {renumbered}");
            trials.push(forged(step, what, move |draft| {
                let mut replayed = draft.earlier.last().unwrap().clone();
                if renumbered {
                    replayed[12..16].copy_from_slice(&draft.call_id.to_le_bytes());
                }
                draft.delivery = Delivery::Instead(replayed);
            }));
        }
    }
    all_refused(trials);
}

#[test]
fn an_answer_without_end_is_ended() {
    // 1 MiB of stub in the longest PDUs; and what a socket may hold beyond that.
    let controller = Controller::that(at(Challenge, |draft| {
        draft.delivery = Delivery::Endless(5816, 0);
    }));
    let verifier = verifier(controller.address);
    let fault = verifier.refuses("alice", Kind::Unavailable, ControllerForged);
    let text = fault.for_the_log();
    assert!(text.contains("1 MiB"), "{text}");
    assert!(controller.taken() >= 1 << 20, "{}", controller.taken());

    // Never more than so many PDUs, however short: plain, and sealed.
    let too_many = |step| {
        forged(step, "tiny", |draft| {
            draft.delivery = Delivery::Endless(1, 0)
        })
    };
    let empty = |step| {
        forged(step, "empty", |draft| {
            draft.delivery = Delivery::Endless(0, 0)
        })
    };
    // Each comes in time, the last never.
    let slow = |step: Step| {
        let lie = at(step, |draft| draft.delivery = Delivery::Endless(8, 100));
        Trial::new(format!("{step:?} slow"), ControllerTimeout, lie)
    };
    all_refused(vec![
        too_many(Challenge),
        too_many(Logon),
        empty(Authenticate),
        empty(Capabilities),
        slow(Challenge),
        slow(Logon),
        // It begins a second time.
        forged(Logon, "two beginnings", |draft| {
            draft.flags = FIRST;
            draft.delivery = Delivery::Twice;
        }),
    ]);
}

#[test]
fn a_failure_before_the_question_is_no_guess() {
    for (step, is_asked) in [(Challenge, false), (SealedBind, false), (Logon, true)] {
        let controller = Controller::that(at(step, |draft| {
            draft.delivery = Delivery::CutThenSilence(0);
        }));
        let verifier = verifier(controller.address).hasty();
        let refusal = verifier.login("alice").unwrap_err();
        let is_unanswered = matches!(refusal, Refusal::Unanswered(_));
        assert_eq!(is_unanswered, is_asked, "{step:?}: {refusal:?}");
    }
}
