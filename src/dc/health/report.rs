//! A report about one controller, and the lines of the file.
//!
//! ```text
//! ntlmdc health 1
//! ADDRESS PORT NETLOGON LSA SERVED FAILED
//! end
//! ```
//!
//! `PORT` is the one in `controllers`; `NETLOGON` and `LSA` are the ports of the interfaces. The
//! last two are times in milliseconds since 1970. `-` stands for none.

use std::fmt::{Display, Write as _};
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::dc::locate::Candidate;

const VERSION: &str = "ntlmdc health 1";
/// The last line. Without it, the file is not whole.
const END: &str = "end";
/// The length limit of the file: more than is ever written.
pub(super) const LIMIT: u64 = 16 * 1024;
/// More controllers than a site has. Beyond that, the oldest reports are dropped.
const MAX_CONTROLLERS: usize = 64;
/// How long ports are used after the last answer.
const PORT_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// How old a recorded answer is when the next one is recorded.
const RENEWAL: Duration = Duration::from_secs(5 * 60);

/// The ports on which a controller serves the interfaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::dc) struct Ports {
    pub(in crate::dc) netlogon: Option<u16>,
    pub(in crate::dc) lsa: Option<u16>,
}

/// What is known of one controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::dc) struct Report {
    pub(in crate::dc) controller: Candidate,
    pub(in crate::dc) ports: Ports,
    /// When a login was last answered, in milliseconds since 1970.
    pub(super) served: u64,
    /// When it failed, unless it has answered since.
    pub(super) failed: Option<u64>,
}

impl Report {
    pub(super) fn new(controller: &Candidate) -> Self {
        Self {
            controller: Candidate::new(controller.address, controller.port),
            ports: Ports::default(),
            served: 0,
            failed: None,
        }
    }

    /// How long ago it failed.
    pub(in crate::dc) fn failed(&self) -> Option<Duration> {
        let age = |failed| Duration::from_millis(now().saturating_sub(failed));
        self.failed.map(age)
    }

    /// Whether an answer now need not be recorded.
    pub(super) fn is_recent(&self, now: u64) -> bool {
        now.saturating_sub(self.served) < millis(RENEWAL)
    }

    fn newest(&self) -> u64 {
        self.failed.unwrap_or_default().max(self.served)
    }

    /// `None` also for times in the future: the clock was set back.
    fn parse(line: &str, now: u64) -> Option<Self> {
        let mut words = line.split(' ');
        let address = words.next()?.parse().ok()?;
        let controller = Candidate::new(address, field(words.next()?)?);
        let (netlogon, lsa) = (field(words.next()?)?, field(words.next()?)?);
        let served = words.next()?.parse().ok().filter(|time| *time <= now)?;
        let failed: Option<u64> = field(words.next()?)?;
        let is_whole = words.next().is_none() && failed.is_none_or(|time| time <= now);
        let is_current = now - served < millis(PORT_LIFETIME);
        let ports = is_current.then_some(Ports { netlogon, lsa });
        is_whole.then_some(Self {
            controller,
            ports: ports.unwrap_or_default(),
            served,
            failed,
        })
    }

    fn line(&self) -> String {
        let Self {
            controller, ports, ..
        } = self;
        let mut line = controller.address.to_string();
        for port in [controller.port, ports.netlogon, ports.lsa] {
            push(&mut line, port);
        }
        push(&mut line, Some(self.served));
        push(&mut line, self.failed);
        line
    }
}

/// A field, `None` in the inner option for `-`. `None` for an invalid one; a port is never 0.
fn field<T: FromStr + Default + PartialEq>(word: &str) -> Option<Option<T>> {
    match word {
        "-" => Some(None),
        word => {
            let value = word.parse().ok()?;
            (value != T::default()).then_some(Some(value))
        }
    }
}

fn push(line: &mut String, value: Option<impl Display>) {
    let _never_fails = match value {
        Some(value) => write!(line, " {value}"),
        None => write!(line, " -"),
    };
}

/// The reports in the file, unless it is damaged or of another version.
pub(super) fn parse(text: &str, now: u64) -> Option<Vec<Report>> {
    let mut lines = text.lines();
    if lines.next()? != VERSION || lines.next_back()? != END {
        return None;
    }
    let reports: Option<Vec<Report>> = lines.map(|line| Report::parse(line, now)).collect();
    reports.filter(|reports| reports.len() <= MAX_CONTROLLERS)
}

pub(super) fn text(reports: &[Report]) -> String {
    let lines = reports.iter().map(Report::line);
    let mut all = vec![VERSION.to_owned()];
    all.extend(lines);
    all.push(END.to_owned());
    all.join("\n")
}

/// The text of a file, written again. For tests/fuzz.
#[cfg(feature = "fuzzing")]
pub fn reencoded_health(file: &str, now: u64) -> Option<String> {
    parse(file, now).map(|reports| text(&reports))
}

/// Drops the oldest reports beyond the limit of the file.
pub(super) fn forget_oldest(reports: &mut Vec<Report>) {
    if reports.len() > MAX_CONTROLLERS {
        reports.sort_by_key(Report::newest);
        reports.drain(..reports.len() - MAX_CONTROLLERS);
    }
}

/// In milliseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    millis(since.unwrap_or_default())
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000_000;

    fn report(number: u32, served: u64, failed: Option<u64>) -> Report {
        let ports = Ports {
            netlogon: Some(49676),
            lsa: None,
        };
        let address = std::net::Ipv4Addr::from(number).into();
        Report {
            ports,
            served,
            failed,
            ..Report::new(&Candidate::new(address, Some(49152)))
        }
    }

    #[test]
    fn reports_are_read_back_and_ports_expire() {
        let six = Candidate::new("2001:db8::1".parse().unwrap(), None);
        let reports = [report(1, NOW, Some(NOW - 1)), Report::new(&six)];
        let text = text(&reports);
        assert_eq!(parse(&text, NOW).unwrap(), reports);
        let old = parse(&text, NOW + millis(PORT_LIFETIME)).unwrap();
        assert_eq!(old[0].ports, Ports::default());
        assert_eq!(old[0].failed, Some(NOW - 1));
        assert_eq!(parse(&text, NOW - 1), None, "of the future");
    }

    #[test]
    fn what_is_damaged_is_not_used() {
        let whole = text(&[report(1, NOW, None), report(2, NOW, Some(NOW))]);
        for length in 0..whole.len() {
            assert_eq!(parse(&whole[..length], NOW), None, "{length}");
        }
        for (from, to) in [
            ("49676", "0"),
            ("49676", "65536"),
            (" - ", " "),
            ("end", "x\nend"),
        ] {
            assert_eq!(parse(&whole.replace(from, to), NOW), None, "{from}");
        }
    }

    #[test]
    fn the_file_does_not_grow_without_end() {
        let mut reports = Vec::new();
        for number in 0..1000 {
            reports.push(report(
                u32::MAX - number,
                NOW + u64::from(number),
                Some(NOW),
            ));
            forget_oldest(&mut reports);
        }
        assert_eq!(reports.len(), MAX_CONTROLLERS);
        assert!(reports.contains(&report(u32::MAX - 999, NOW + 999, Some(NOW))));
        assert!(u64::try_from(text(&reports).len()).unwrap() < LIMIT);
    }
}
