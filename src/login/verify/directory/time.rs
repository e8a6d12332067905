//! Times in attributes of a directory.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A time of the schema of Samba: seconds since 1970. `None` inside: never. The greatest numbers of
/// 32 and of 64 bits, and what stands for no number (0, -1), mean that.
pub(super) fn of_seconds(text: &str) -> Option<Option<SystemTime>> {
    const MAX_32: i64 = 0x7FFF_FFFF;
    match text.trim().parse::<i64>().ok()? {
        0 | -1 | MAX_32 | i64::MAX => Some(None),
        seconds => Some(Some(at(seconds)?)),
    }
}

/// A generalized time (RFC 4517 3.3.13) in UTC: `20261231235959Z`. A fraction is left out.
pub(super) fn of_generalized(text: &str) -> Option<SystemTime> {
    let text = text.strip_suffix('Z')?;
    let whole = text.split_once(['.', ',']).map_or(text, |(whole, _)| whole);
    if whole.len() != 14 || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |from: usize, to: usize| whole.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(8, 10)?, number(10, 12)?, number(12, 14)?);
    let is_time = hour < 24 && minute < 60 && second <= 60;
    if !is_time || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let days = days_since_1970(year, month, day);
    at(days * 86400 + hour * 3600 + minute * 60 + second)
}

/// Days from 1 January 1970 in the Gregorian calendar. Years begin in March here, so that the leap
/// day is the last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // The months from March: 31, 30, 31, 30, 31 days, twice and again.
    let before_month = (153 * month + 2) / 5;
    365 * year + leap_days + before_month + day - 1 - 719_468
}

fn at(seconds: i64) -> Option<SystemTime> {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    match seconds < 0 {
        true => UNIX_EPOCH.checked_sub(distance),
        false => UNIX_EPOCH.checked_add(distance),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(time: SystemTime) -> u64 {
        time.duration_since(UNIX_EPOCH).unwrap().as_secs()
    }

    #[test]
    fn generalized_times_are_read() {
        for (text, expected) in [
            ("19700101000000Z", 0),
            ("20000229120000Z", 951_825_600),
            ("20261128030350Z", 1_795_835_030),
            ("20261128030350.5Z", 1_795_835_030),
            ("21000301000000Z", 4_107_542_400),
        ] {
            assert_eq!(of_generalized(text).map(seconds), Some(expected), "{text}");
        }
        for text in [
            "",
            "Z",
            "20261128030350",
            "20261328030350Z",
            "20261128240350Z",
            "2026112803035Z",
            "+0261128030350Z",
            "20261128030350+0100",
            "é0261128030350Z",
        ] {
            assert_eq!(of_generalized(text), None, "{text}");
        }
    }

    #[test]
    fn seconds_are_read() {
        assert_eq!(
            of_seconds("4000000000").unwrap().map(seconds),
            Some(4_000_000_000)
        );
        for never in ["0", "-1", "2147483647", "9223372036854775807"] {
            assert_eq!(of_seconds(never), Some(None), "{never}");
        }
        assert_eq!(of_seconds("17").unwrap().map(seconds), Some(17));
        assert!(of_seconds("-2").unwrap().unwrap() < UNIX_EPOCH);
        for text in ["", "x", "9223372036854775808", "1.5"] {
            assert_eq!(of_seconds(text), None, "{text}");
        }
    }
}
