//! Why a server's certificate is not accepted.

use std::fmt;

use rustls::CertificateError;
use rustls::pki_types::UnixTime;

/// Why a server's certificate is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Distrust {
    /// It is not the pinned one.
    NotPinned,
    /// No authority that is trusted issued it.
    Issuer,
    /// It has other names than the one that was connected to.
    OtherName(String),
    /// It has expired, or is not valid yet.
    Time(String),
    /// Something else.
    Other(String),
}

impl fmt::Display for Distrust {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotPinned => "it is not the pinned one",
            Self::Issuer => "its issuer is not among the trusted authorities",
            Self::OtherName(text) | Self::Time(text) | Self::Other(text) => text,
        })
    }
}

impl From<&CertificateError> for Distrust {
    fn from(error: &CertificateError) -> Self {
        match error {
            CertificateError::ApplicationVerificationFailure => Self::NotPinned,
            CertificateError::UnknownIssuer => Self::Issuer,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::OtherName(error.to_string())
            }
            CertificateError::ExpiredContext { not_after, .. } => {
                Self::Time(format!("it expired on {}", date(*not_after)))
            }
            CertificateError::NotValidYetContext { not_before, .. } => {
                Self::Time(format!("it is not valid before {}", date(*not_before)))
            }
            CertificateError::Expired => Self::Time("it has expired".to_owned()),
            CertificateError::NotValidYet => Self::Time("it is not valid yet".to_owned()),
            other => Self::Other(other.to_string()),
        }
    }
}

/// A time as `2026-12-31 23:59 UTC`.
fn date(time: UnixTime) -> String {
    let minutes = time.as_secs() / 60;
    let (year, month, day) = civil(minutes / (24 * 60));
    let (hour, minute) = (minutes / 60 % 24, minutes % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
}

/// The date so many days after 1 January 1970, in the Gregorian calendar. Years begin in March
/// here, so that the leap day is the last.
fn civil(days: u64) -> (u64, u64, u64) {
    // From 1 March of the year 0.
    let days = days.saturating_add(719_468);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // The months from March: 31, 30, 31, 30, 31 days, twice and again.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (after, month) = match month {
        0..=9 => (0, month + 3),
        _ => (1, month - 9),
    };
    (era * 400 + year + after, month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    }

    #[test]
    fn times_are_dates() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_399, "2000-02-28 23:59 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (951_868_800, "2000-03-01 00:00 UTC"),
            (1_798_761_540, "2026-12-31 23:59 UTC"),
            (1_798_761_600, "2027-01-01 00:00 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
        ] {
            assert_eq!(date(at(seconds)), text);
        }
        // A certificate may have any time.
        assert!(date(at(u64::MAX)).ends_with(" UTC"));
    }

    #[test]
    fn each_reason_has_words() {
        let expired = CertificateError::ExpiredContext {
            time: at(1),
            not_after: at(0),
        };
        let expected = Distrust::Time("it expired on 1970-01-01 00:00 UTC".to_owned());
        assert_eq!(Distrust::from(&expired), expected);
        let early = Distrust::from(&CertificateError::NotValidYetContext {
            time: at(0),
            not_before: at(86_400),
        });
        assert_eq!(
            early.to_string(),
            "it is not valid before 1970-01-02 00:00 UTC"
        );
        let other_name = Distrust::from(&CertificateError::NotValidForName);
        assert!(matches!(other_name, Distrust::OtherName(_)));
        assert_eq!(
            Distrust::from(&CertificateError::UnknownIssuer),
            Distrust::Issuer
        );
    }
}
