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
    match u64::try_from(seconds) {
        Ok(after) => UNIX_EPOCH.checked_add(Duration::from_secs(after)),
        Err(_) => UNIX_EPOCH.checked_sub(Duration::from_secs(seconds.unsigned_abs())),
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
            ("19700101235959Z", 86_399),
            // A leap second.
            ("19700101235960Z", 86_400),
            ("19700131000000Z", 30 * 86_400),
        ] {
            assert_eq!(of_generalized(text).map(seconds), Some(expected), "{text}");
        }
        for text in [
            "",
            "Z",
            "20261128030350",
            "20261328030350Z",
            "20260028030350Z",
            "20261100030350Z",
            "20261132030350Z",
            "20261128240350Z",
            "20261128036050Z",
            "20261128030361Z",
            "2026112803035Z",
            "+0261128030350Z",
            "20261128030350+0100",
            "é0261128030350Z",
        ] {
            assert_eq!(of_generalized(text), None, "{text}");
        }
    }

    #[test]
    fn each_day_follows_the_one_before() {
        // 1 January 1896.
        let mut expected = -27_028;
        for year in 1896..=2104 {
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let february = if is_leap { 29 } else { 28 };
            let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            for (month, days) in (1..).zip(months) {
                for day in 1..=days {
                    let found = days_since_1970(year, month, day);
                    assert_eq!(found, expected, "{year}-{month}-{day}");
                    expected += 1;
                }
            }
        }
    }

    #[test]
    fn a_time_before_1970_is_read() {
        let expected = UNIX_EPOCH.checked_sub(Duration::from_secs(1));
        assert_eq!(of_generalized("19691231235959Z"), expected);
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
        let before = UNIX_EPOCH.checked_sub(Duration::from_secs(2));
        assert_eq!(of_seconds("-2"), Some(before));
        for text in ["", "x", "9223372036854775808", "1.5"] {
            assert_eq!(of_seconds(text), None, "{text}");
        }
    }
}
