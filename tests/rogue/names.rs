//! The controller's answers to LsarLookupSids3 (MS-LSAT 3.1.4.9), and lies in them: no lie gives a
//! group a name or prevents a login.

use std::thread;

use gss_ntlmdc::base::wire::Writer;

use crate::controller::{Controller, Lie};
use crate::delivery::Delivery;
use crate::draft::{BIND_NAK, Draft, FIRST, Step};
use crate::seal::Slip;
use crate::trial::{Ready, at, until, verifier};
use crate::unsigned;

/// The one group that alice is in, S-1-5-21-1-2-3-513, and its domain.
const SIDS: &[u8] =
    b"\x05\0\0\0\x01\x05\0\0\0\0\0\x05\x15\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x01\x02\0\0\
    \x04\0\0\0\x01\x04\0\0\0\0\0\x05\x15\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0";

/// Where something stands in the stub of [`answered`].
mod place {
    pub const DOMAIN_COUNT: usize = 4;
    pub const DOMAIN_CHARACTERS: usize = 44;
    pub const DOMAIN_NUMBER: usize = 84;
    pub const NAME_COUNT: usize = 88;
    pub const KIND: usize = 100;
    pub const NAME_LENGTH: usize = 104;
    pub const DOMAIN: usize = 112;
    pub const SECOND_KIND: usize = 120;
    pub const CHARACTERS: usize = 152;
    pub const STATUS: usize = 208;
}

/// They are called `Domain Users` and `EXAMPLE`.
pub fn answered(stub: &[u8]) -> Vec<u8> {
    assert_eq!(stub[..4], [2, 0, 0, 0], "the count");
    assert_eq!(&stub[20..20 + SIDS.len()], SIDS);
    let mut answer = Writer::new();
    answer.u32(1).u32(1).u32(2).u32(32); // ReferencedDomains
    answer.u32(1).u16(14).u16(16).u32(3).u32(4);
    answer
        .u32(8)
        .u32(0)
        .u32(7)
        .bytes(&utf16("EXAMPLE"))
        .align(4);
    answer.bytes(&SIDS[32..]);
    answer.u32(2).u32(5).u32(2); // TranslatedNames
    for (kind, length) in [(2, 24), (3, 14)] {
        answer.u16(kind).u16(0).u16(length).u16(length);
        answer.u32(6).u32(0).u32(0);
    }
    answer.u32(12).u32(0).u32(12).bytes(&utf16("Domain Users"));
    answer
        .u32(7)
        .u32(0)
        .u32(7)
        .bytes(&utf16("EXAMPLE"))
        .align(4);
    answer.u32(2).u32(0);
    answer.into_bytes()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_login_asks_for_no_names_and_who_wants_them_asks_once() {
    let controller = Controller::that(Box::new(|_| {}));
    let verifier = verifier(controller.address);
    assert!(verifier.login("alice").is_ok());
    assert_eq!(controller.turns(Step::NamesBind), 0);
    for _ in 0..3 {
        let group = verifier.group_name().unwrap();
        assert_eq!((group.domain(), group.name()), ("EXAMPLE", "Domain Users"));
    }
    assert_eq!(controller.turns(Step::NamesBind), 1);
    assert_eq!(controller.turns(Step::Names), 1);
    // With the key of the channel that was there.
    assert_eq!(controller.turns(Step::Authenticate), 1);
    assert_eq!(controller.complaints(), [""; 0]);
}

/// A lie about the names, whatever is lied about.
struct Trial(String, Lie);

impl Trial {
    fn new(what: impl ToString, lie: Lie) -> Self {
        Self(what.to_string(), lie)
    }

    fn put(what: &str, place: usize, bytes: &'static [u8]) -> Self {
        let lie = at(Step::Names, move |draft| draft.put(place, bytes));
        Self::new(what, lie)
    }

    fn answered(step: Step, what: &str, lie: fn(&mut Draft)) -> Self {
        Self::new(what, at(step, lie))
    }

    fn run(self, made: fn(Ready) -> Ready) {
        let Self(what, lie) = self;
        let controller = Controller::that(lie);
        let verifier = made(verifier(controller.address));
        assert_eq!(verifier.group_name(), None, "{what}");
        assert!(
            controller.turns(Step::NamesBind) > 0,
            "{what}: no lie was told"
        );
        // For a while the controller is not asked again, and logins work as before.
        let turns = controller.turns(Step::NamesBind);
        assert_eq!(verifier.group_name(), None, "{what}");
        assert_eq!(controller.turns(Step::NamesBind), turns, "{what}");
        assert_eq!(controller.complaints(), [""; 0], "{what}");
    }
}

fn all_nameless(trials: Vec<Trial>, made: fn(Ready) -> Ready) {
    thread::scope(|scope| {
        for trial in trials {
            scope.spawn(move || trial.run(made));
        }
    });
}

#[test]
fn no_lie_gives_a_group_a_name() {
    let mut trials = vec![
        Trial::put("domains without end", place::DOMAIN_COUNT, &[0xFF; 4]),
        Trial::put("names without end", place::NAME_COUNT, &[0xFF; 4]),
        Trial::put(
            "a name without an identifier",
            place::NAME_COUNT,
            &[0, 0, 0, 0],
        ),
        Trial::put("a user", place::KIND, &[1, 0]),
        Trial::put("half a character", place::NAME_LENGTH, &[23, 0]),
        Trial::put("a domain that is not there", place::DOMAIN, &[1, 0, 0, 0]),
        Trial::put("no domain", place::DOMAIN, &[0xFF; 4]),
        Trial::put("a name of another domain", place::CHARACTERS, b"\\\0"),
        Trial::put("in another domain", place::DOMAIN_NUMBER, &[4]),
        Trial::put("a domain that is a group", place::SECOND_KIND, &[2]),
        Trial::put("a domain with a separator", place::DOMAIN_CHARACTERS, b"|"),
        Trial::put("a line feed", place::CHARACTERS, b"\n\0"),
        Trial::put("no character", place::CHARACTERS, b"\0\xD8"),
        Trial::put("a refusal", place::STATUS, &[0x22, 0, 0, 0xC0]),
        Trial::put("an unknown status", place::STATUS, &[1, 0, 0, 0]),
    ];
    let named = |what, lie| Trial::answered(Step::Names, what, lie);
    trials.extend([
        named("more than the answer", |draft| draft.body.push(0)),
        named("less than the answer", |draft| {
            draft.body.truncate(place::STATUS);
        }),
        named("nothing", |draft| draft.body.clear()),
        named("another's key", |draft| {
            draft.sealed = Some(Slip {
                wrong_key: true,
                ..Slip::NONE
            });
        }),
        named("in clear", |draft| draft.sealed = None),
        named("not for this call", |draft| draft.call_id += 1),
        named("an unknown fault", |draft| draft.fault(u32::MAX)),
    ]);
    let bound = |what, lie| Trial::answered(Step::NamesBind, what, lie);
    trials.extend([
        bound("a bind_nak", |draft| {
            draft.ptype = BIND_NAK;
            draft.body = vec![0; 4];
            draft.bind_auth.clear();
        }),
        bound("a bind without protection", |draft| draft.bind_auth.clear()),
        bound("a fault for a bind", |draft| draft.fault(5)),
        // The key is that of the channel.
        bound("headers unsigned", unsigned::headers),
    ]);
    all_nameless(trials, |verifier| verifier);
}

#[test]
fn silence_meets_the_deadline() {
    let mut trials = Vec::new();
    for step in [Step::NamesBind, Step::Names] {
        for delivery in [
            Delivery::CutThenSilence(0),
            Delivery::CutThenSilence(40),
            Delivery::CutThenClose(0),
            Delivery::CutThenClose(40),
            Delivery::Drip,
        ] {
            let what = format!("{step:?} {delivery:?}");
            let lie = at(step, move |draft| draft.delivery = delivery.clone());
            trials.push(Trial::new(what, lie));
        }
    }
    let endless = at(Step::Names, |draft| {
        draft.flags = FIRST;
        draft.delivery = Delivery::Endless(4096, 1);
    });
    trials.push(Trial::new("without end", endless));
    all_nameless(trials, Ready::hasty);
}

/// Faults are not signed: one that says that the key is lost costs a new one, and then no more.
#[test]
fn a_channel_that_is_lost_is_opened_anew_and_not_for_ever() {
    for fault in [5, 0x721] {
        let controller = Controller::that(at(Step::Names, move |draft| {
            if draft.turn == 1 {
                draft.fault(fault);
            }
        }));
        assert!(verifier(controller.address).group_name().is_some());
        assert_eq!(controller.turns(Step::Authenticate), 2);

        let controller = Controller::that(at(Step::Names, move |draft| draft.fault(fault)));
        let verifier = verifier(controller.address);
        assert_eq!(verifier.group_name(), None);
        assert_eq!(controller.turns(Step::Names), 3);
        assert!(controller.turns(Step::Authenticate) <= 3);
        assert!(verifier.login("alice").is_ok());
    }
}

#[test]
fn logins_do_not_wait_for_a_controller_that_hangs_over_names() {
    let controller = Controller::that(at(Step::Names, |draft| {
        draft.delivery = Delivery::CutThenSilence(0);
    }));
    let verifier = verifier(controller.address);
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(verifier.group_name(), None));
        until(|| controller.hanging() == 1);
        assert!(verifier.login("alice").is_ok());
        assert_eq!(controller.hanging(), 1, "the login did not wait");
        controller.switch_off();
    });
}
