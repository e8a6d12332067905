//! The hours of the week in which an account may log in: 168 bits from Sunday, midnight UTC, the
//! lowest bit of a byte first (MS-SAMR 2.2.6.5).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const HOURS: u64 = 7 * 24;
const HOUR: u64 = 60 * 60;

/// The hours of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LogonHours([u8; 21]);

impl LogonHours {
    /// Reads 42 hexadecimal digits.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut bits = [0; 21];
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
            return None;
        };
        if pairs.len() != bits.len() {
            return None;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        for (byte, [high, low]) in bits.iter_mut().zip(pairs) {
            *byte = u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()?;
        }
        Some(Self(bits))
    }

    /// Whether a login is permitted at that time.
    pub(super) fn permit(self, now: SystemTime) -> bool {
        self.is_set(hours_since_1970(now))
    }

    /// When they end. `None`: never.
    pub(super) fn end(self, now: SystemTime) -> Option<SystemTime> {
        let this = hours_since_1970(now);
        let end = (this..this.saturating_add(HOURS)).find(|hour| !self.is_set(*hour))?;
        UNIX_EPOCH.checked_add(Duration::from_secs(end.saturating_mul(HOUR)))
    }

    fn is_set(self, hour_since_1970: u64) -> bool {
        // 1 January 1970 was a Thursday.
        let hour = (hour_since_1970 + 4 * 24) % HOURS;
        let byte = usize::try_from(hour / 8).ok().and_then(|at| self.0.get(at));
        byte.is_some_and(|byte| byte >> (hour % 8) & 1 == 1)
    }
}

fn hours_since_1970(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() / HOUR
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sunday, 4 January 1970, at this hour of the week and this second.
    fn at(hour: u64, second: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs((3 * 24 + hour) * HOUR + second)
    }

    #[test]
    fn the_hours_of_the_week_are_counted_from_sunday() {
        // Monday, 8 to 10 o'clock.
        let mut text = "00".repeat(21);
        text.replace_range(8..10, "03");
        let hours = LogonHours::read(&text).unwrap();
        for (hour, second, expected) in [
            (31, 3599, false),
            (32, 0, true),
            (33, 3599, true),
            (34, 0, false),
            (32 + HOURS, 0, true),
        ] {
            assert_eq!(hours.permit(at(hour, second)), expected, "{hour} {second}");
        }
        assert_eq!(hours.end(at(32, 5)), Some(at(34, 0)));
    }

    #[test]
    fn all_hours_do_not_end() {
        let all = LogonHours::read(&"F".repeat(42)).unwrap();
        assert!(all.permit(at(17, 0)));
        assert_eq!(all.end(at(17, 0)), None);
        let none = LogonHours::read(&"0".repeat(42)).unwrap();
        assert!(!none.permit(at(17, 0)));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "FF", &"F".repeat(41), &"F".repeat(44), &"G".repeat(42)] {
            assert_eq!(LogonHours::read(text), None, "{text}");
        }
    }
}
