//! Lies about a login, over a valid channel.

use gss_ntlmdc::base::fault::Minor::{
    self, AnonymousRefused, BadUserOrPassword, ChannelDowngraded, ChannelRefused, ControllerForged,
    ControllerNotReady, GuestRefused, LogonDenied, MachineAccountUnknown, NetbiosNamesRefused,
    RequestNotUnderstood, TrustBroken, UnknownDomain,
};

use crate::controller::Controller;
use crate::draft::{Draft, Step};
use crate::logon::at as offset;
use crate::logon::{self, SamInfo};
use crate::trial::Kind::{Denied, NotMine, Unavailable};
use crate::trial::{Trial, all_refused, at, verifier};

fn described(what: &str, info: SamInfo, minor: Minor) -> Trial {
    let lie = at(Step::Logon, move |draft| draft.body = info.validated());
    Trial {
        kind: Denied,
        ..Trial::new(what, minor, lie)
    }
}

#[test]
fn an_answer_without_a_name_is_refused() {
    let guest = |user_id, user_flags| SamInfo {
        user_id,
        user_flags,
        ..SamInfo::alice()
    };
    all_refused(vec![
        described("guest flag", guest(1102, 1), GuestRefused),
        described("guest among others", guest(1102, 0x121), GuestRefused),
        described("RID 501", guest(501, 0), GuestRefused),
        described(
            "S-1-5-7",
            SamInfo {
                user_id: 7,
                sub_authorities: Vec::new(),
                ..SamInfo::alice()
            },
            AnonymousRefused,
        ),
    ]);
}

#[test]
fn a_success_must_describe_one_account() {
    fn number(draft: &mut Draft, at: usize, value: u32) {
        draft.put(at, &value.to_le_bytes());
    }
    let forged =
        |what: &str, lie: fn(&mut Draft)| Trial::new(what, ControllerForged, at(Step::Logon, lie));
    all_refused(vec![
        forged("no account", |draft| draft.body = logon::refused(0, true)),
        forged("no pointer", |draft| number(draft, offset::POINTER, 0)),
        forged("level 3", |draft| draft.put(offset::LEVEL, &[3])),
        forged("level 0", |draft| draft.put(offset::LEVEL, &[0])),
        forged("groups without end", |draft| {
            number(draft, offset::GROUP_COUNT, u32::MAX);
        }),
        forged("groups without end, twice", |draft| {
            number(draft, offset::GROUP_COUNT, u32::MAX);
            number(draft, offset::GROUPS, u32::MAX);
        }),
        forged("groups nowhere", |draft| {
            number(draft, offset::GROUP_POINTER, 0);
            draft.body.drain(offset::GROUPS..offset::GROUPS + 4);
        }),
        forged("another count of groups", |draft| {
            number(draft, offset::GROUPS, 2);
        }),
        forged("SIDs without end", |draft| {
            number(draft, offset::SID_COUNT, u32::MAX);
            number(draft, offset::SID_COUNT + 4, u32::MAX);
        }),
        forged("a long name", |draft| {
            draft.put(offset::NAME_LENGTH, &[0xFE, 0xFF, 0xFE, 0xFF]);
            number(draft, offset::NAME_COUNTS, 0x7FFF);
            number(draft, offset::NAME_COUNTS + 8, 0x7FFF);
        }),
        forged("half a character", |draft| {
            draft.put(offset::NAME_LENGTH, &[11, 0, 12, 0]);
        }),
        forged("beyond the maximum", |draft| {
            draft.put(offset::NAME_MAXIMUM, &[8])
        }),
        forged("actual > max", |draft| {
            number(draft, offset::NAME_COUNTS, 4)
        }),
        forged("an offset", |draft| {
            number(draft, offset::NAME_COUNTS + 4, 1)
        }),
        forged("another length", |draft| {
            number(draft, offset::NAME_COUNTS + 8, 4)
        }),
        forged("a SID of more", |draft| number(draft, offset::SID, 5)),
        forged("a SID of 2^32 - 1", |draft| {
            number(draft, offset::SID, u32::MAX)
        }),
        forged("a SID's revision", |draft| draft.put(offset::SID + 4, &[2])),
    ]);
}

#[test]
fn a_success_must_have_a_valid_name_and_sid() {
    let sub_authorities = |count| {
        at(Step::Logon, move |draft| {
            let info = SamInfo {
                sub_authorities: vec![21; count],
                ..SamInfo::alice()
            };
            draft.body = info.validated();
        })
    };
    let named = |what: &str, user: &'static str| {
        let lie = at(Step::Logon, move |draft| {
            let info = SamInfo {
                user,
                ..SamInfo::alice()
            };
            draft.body = info.validated();
        });
        Trial::new(what, ControllerForged, lie)
    };
    all_refused(vec![
        Trial::new("16 sub-authorities", ControllerForged, sub_authorities(16)),
        Trial::new(
            "255 sub-authorities",
            ControllerForged,
            sub_authorities(255),
        ),
        named("no name", ""),
        named("a name with an end in it", "alice\0"),
        named("a name of two lines", "al\nice"),
        named("a name that turns the line", "al\u{202e}ice"),
        named("contains a backslash", "OTHER\\alice"),
    ]);
}

/// Each prefix of the answer, sealed correctly.
#[test]
fn a_truncated_answer_is_malformed() {
    let whole = SamInfo::alice().validated().len();
    let trials = (0..whole).step_by(7).map(|length| {
        let lie = at(Step::Logon, move |draft| draft.body.truncate(length));
        Trial::new(format!("{length} bytes"), ControllerForged, lie)
    });
    all_refused(trials.collect());
}

/// (status, authoritative, kind, minor code, number of questions)
const STATUSES: &[(u32, bool, Minor, crate::trial::Kind, usize)] = &[
    // The user is at fault: no other controller is asked.
    (0xC000_006A, true, BadUserOrPassword, Denied, 1),
    (0xC000_006A, false, BadUserOrPassword, Denied, 1),
    (0xC000_0064, true, BadUserOrPassword, NotMine, 1),
    (0xC000_0064, false, UnknownDomain, NotMine, 1),
    (0xC000_00DF, false, UnknownDomain, NotMine, 1),
    (0xC000_0072, true, Minor::AccountDisabled, Denied, 1),
    (0xC000_0234, true, Minor::AccountLockedOut, Denied, 1),
    (0xC000_0193, true, Minor::AccountExpired, Denied, 1),
    (0xC000_0071, true, Minor::PasswordExpired, Denied, 1),
    (0xC000_0224, true, Minor::PasswordMustChange, Denied, 1),
    (0xC000_006F, true, Minor::InvalidLogonHours, Denied, 1),
    (0xC000_0070, true, Minor::InvalidWorkstation, Denied, 1),
    (0xC000_006E, true, Minor::AccountRestriction, Denied, 1),
    (0xC000_015B, true, Minor::LogonNotGranted, Denied, 1),
    (0xC000_0413, true, Minor::LogonNotGranted, Denied, 1),
    (0xC000_0418, true, Minor::NtlmBlocked, Denied, 1),
    (0xC000_02FA, true, Minor::SmartcardRequired, Denied, 1),
    (0xC000_0199, true, Minor::TrustAccount, Denied, 1),
    (0xC000_0133, true, Minor::TimeDifference, Denied, 1),
    // No success, whatever the severity in the two highest bits: success, information, warning,
    // error.
    (0x0000_0001, true, LogonDenied, Denied, 1),
    (0x0000_0103, true, LogonDenied, Denied, 1),
    (0x4000_0000, true, LogonDenied, Denied, 1),
    (0x8000_0005, true, LogonDenied, Denied, 1),
    (0xFFFF_FFFF, true, LogonDenied, Denied, 1),
    // The controller is at fault, or its connection to another.
    (0xC000_006D, true, NetbiosNamesRefused, Unavailable, 1),
    (0xC000_005E, true, ControllerNotReady, Unavailable, 1),
    (0xC000_00DC, true, ControllerNotReady, Unavailable, 1),
    (0xC000_0192, true, ControllerNotReady, Unavailable, 1),
    (0xC000_0022, false, ControllerNotReady, Unavailable, 1),
    (0xC000_0001, true, ControllerNotReady, Unavailable, 1),
    (0xC000_0017, true, ControllerNotReady, Unavailable, 1),
    (0xC000_009A, true, ControllerNotReady, Unavailable, 1),
    (0xC000_00B0, true, ControllerNotReady, Unavailable, 1),
    (0xC000_00B5, true, ControllerNotReady, Unavailable, 1),
    (0xC000_00BC, true, ControllerNotReady, Unavailable, 1),
    (0xC000_00BE, true, ControllerNotReady, Unavailable, 1),
    (0xC000_00C4, true, ControllerNotReady, Unavailable, 1),
    (0xC000_00C9, true, ControllerNotReady, Unavailable, 1),
    (0xC000_00CC, true, ControllerNotReady, Unavailable, 1),
    (0xC000_00DA, true, ControllerNotReady, Unavailable, 1),
    (0xC000_00DD, true, ControllerNotReady, Unavailable, 1),
    (0xC000_00DE, true, ControllerNotReady, Unavailable, 1),
    (0xC000_00E4, true, ControllerNotReady, Unavailable, 1),
    (0xC000_00E5, true, ControllerNotReady, Unavailable, 1),
    (0xC000_014B, true, ControllerNotReady, Unavailable, 1),
    (0xC000_0158, true, ControllerNotReady, Unavailable, 1),
    (0xC000_0205, true, ControllerNotReady, Unavailable, 1),
    (0xC000_020C, true, ControllerNotReady, Unavailable, 1),
    (0xC000_020D, true, ControllerNotReady, Unavailable, 1),
    (0xC000_0233, true, ControllerNotReady, Unavailable, 1),
    (0xC000_0236, true, ControllerNotReady, Unavailable, 1),
    (0xC000_023C, true, ControllerNotReady, Unavailable, 1),
    (0xC000_023D, true, ControllerNotReady, Unavailable, 1),
    (0xC000_0241, true, ControllerNotReady, Unavailable, 1),
    (0xC000_02A5, true, ControllerNotReady, Unavailable, 1),
    (0xC000_02A6, true, ControllerNotReady, Unavailable, 1),
    (0xC000_0371, true, ControllerNotReady, Unavailable, 1),
    // Calls between controllers: the known ones, and any other of this kind.
    (0xC002_0017, true, ControllerNotReady, Unavailable, 1),
    (0xC002_001B, true, ControllerNotReady, Unavailable, 1),
    (0xC002_0050, true, ControllerNotReady, Unavailable, 1),
    (0xC002_001C, true, ControllerNotReady, Unavailable, 1),
    (0xC003_0001, true, ControllerNotReady, Unavailable, 1),
    // The request is at fault.
    (0xC000_0003, true, RequestNotUnderstood, Unavailable, 1),
    (0xC000_000D, true, RequestNotUnderstood, Unavailable, 1),
    (0xC000_0023, true, RequestNotUnderstood, Unavailable, 1),
    (0xC000_018A, true, TrustBroken, Unavailable, 1),
    (0xC000_0190, true, TrustBroken, Unavailable, 1),
    (0xC000_018B, true, MachineAccountUnknown, Unavailable, 1),
    (0xC000_0388, true, ChannelDowngraded, Unavailable, 1),
    // The channel is lost: the controller may have another key, and a new one is agreed on.
    (0xC000_0022, true, ChannelRefused, Unavailable, 3),
    (0xC000_0225, true, ChannelRefused, Unavailable, 3),
];

#[test]
fn each_status_has_its_minor_code() {
    let mut trials = Vec::new();
    for &(status, authoritative, minor, kind, _) in STATUSES {
        // Without an account, and with a description of alice.
        for described in [false, true] {
            let lie = at(Step::Logon, move |draft| {
                draft.body = match described {
                    false => logon::refused(status, authoritative),
                    true => SamInfo::alice().with_status(status),
                };
            });
            if described && !authoritative {
                continue;
            }
            let what = format!("{status:#x} {authoritative} {described}");
            trials.push(Trial {
                kind,
                ..Trial::new(what, minor, lie)
            });
        }
    }
    all_refused(trials);
}

#[test]
fn a_verdict_is_asked_for_once() {
    for &(status, authoritative, minor, kind, times) in STATUSES {
        let controller = Controller::that(at(Step::Logon, move |draft| {
            draft.body = logon::refused(status, authoritative);
        }));
        verifier(controller.address).refuses("alice", kind, minor);
        assert_eq!(controller.turns(Step::Logon), times, "{status:#x}");
    }
}
