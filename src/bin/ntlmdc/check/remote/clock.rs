//! The clocks of the controllers against ours.

use super::seen::Seen;
use crate::check::cause::Cause;
use crate::check::finding::{Finding, Subject};

/// What Kerberos allows, in seconds.
const KERBEROS: u64 = 5 * 60;
/// What Windows allows for NTLMv2 (`MaxLifetime`, MS-NLMP 3.1.1.1), in seconds.
const NTLM: u64 = 36 * 60 * 60;

/// One finding for all clocks. If all differ, ours is wrong.
pub fn findings(all: &[Seen]) -> Vec<Finding> {
    let clocks: Vec<(&Seen, i64)> = all
        .iter()
        .filter_map(|one| Some((one, one.reach.as_ref()?.clock_ahead?)))
        .collect();
    let differing: Vec<_> = clocks
        .iter()
        .filter(|(_, ahead)| ahead.unsigned_abs() > KERBEROS)
        .collect();
    let Some(most) = clocks.iter().map(|(_, ahead)| ahead.unsigned_abs()).max() else {
        return Vec::new();
    };
    if differing.is_empty() {
        let what = format!("this host's clock is within {} s of theirs", most.max(1));
        return vec![Finding::good(Subject::Controllers, what)];
    }
    let told = |(one, ahead): &&(&Seen, i64)| format!("{one}: its clock is {}", words(*ahead));
    let what: Vec<String> = differing.iter().map(told).collect();
    let what = what.join("; ");
    let is_ours = differing.len() == clocks.len();
    let cure = match is_ours {
        true => "Set this host's clock:\n  timedatectl set-ntp true",
        false => "Set the clock of that controller: others agree with this host.",
    };
    vec![match is_ours && most > NTLM {
        true => Cause::ClockDiffers.failure(what, cure),
        false => Cause::ClockDiffers.warning(what, cure),
    }]
}

/// "1 h 0 min ahead of this host's".
fn words(ahead: i64) -> String {
    let minutes = ahead.unsigned_abs() / 60;
    let side = match ahead > 0 {
        true => "ahead of",
        false => "behind",
    };
    let amount = match (minutes / (24 * 60), minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    };
    format!("{amount} {side} this host's")
}
