//! Replies that are cut or damaged.

use super::*;

/// Whether the step succeeds with a reply, and a reply with which it does.
type Step<'a> = (&'a dyn Fn(&[u8]) -> bool, Vec<u8>);

/// No byte of a reply can cause a panic, and no cut reply is a whole one.
#[test]
fn every_prefix_and_every_damage_is_survived() {
    let steps: [Step<'_>; 4] = [
        (
            &|frame| matches!(negotiating().answered(frame), Ok(Some(_))),
            negotiated(0x0302, 1).frame(),
        ),
        (
            &|frame| matches!(challenging().answered(frame), Ok(Some(_))),
            challenge().frame(),
        ),
        (
            &|frame| {
                let answer = authenticating().answered(frame);
                matches!(answer, Ok(Some(SetupOutcome::LoggedIn(_))))
            },
            set_up(2, 0, b"").frame(),
        ),
        (
            &|frame| {
                let answer = connecting().answered(frame);
                answer == Ok(Some(TreeOutcome::Connected))
            },
            connected().frame(),
        ),
    ];
    for (succeeds, right) in steps {
        assert!(succeeds(&right));
        for length in 4..right.len() {
            assert!(!succeeds(&framed(&right[4..length])), "{length}");
            assert!(!succeeds(&right[..length]), "{length}");
        }
        for at in 0..right.len() {
            for value in [0, 1, 0x7F, 0x80, 0xFF] {
                let mut damaged = right.clone();
                damaged[at] = value;
                let _any = succeeds(&damaged);
            }
        }
    }
}
