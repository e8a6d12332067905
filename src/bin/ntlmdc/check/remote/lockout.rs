//! The guess limit against the domain's lockout policy, which the directory has.

use std::time::Duration;

use gss_ntlmdc::base::config::{GuessLimit, Netlogon};
use gss_ntlmdc::base::net::Deadline;
use gss_ntlmdc::directory::{Entry, Search, Server};

use super::seen::Seen;
use crate::check::cause::Cause;
use crate::check::finding::{Finding, Subject};
use crate::domain_directory::connect_as_machine;

/// The longest time for the directory.
const PATIENCE: Duration = Duration::from_secs(6);
const THRESHOLD: &str = "lockoutThreshold";
const OBSERVED: &str = "lockOutObservationWindow";
const NAMING_CONTEXT: &str = "defaultNamingContext";

/// When the domain locks an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lockout {
    /// After so many wrong passwords; 0: never.
    pub threshold: u32,
    /// How long after the last of them they are forgotten.
    pub observed: Duration,
}

/// Asks a controller that works and answers pings: without port 389 there is a finding already.
pub fn findings(limit: Option<&GuessLimit>, config: &Netlogon, all: &[Seen]) -> Option<Finding> {
    let mut at_work = all.iter().filter(|one| matches!(one.channel, Some(Ok(_))));
    let one = at_work.find(|one| one.identity().is_some())?;
    Some(match ask(config, one) {
        Ok(lockout) => compare(limit, lockout),
        Err(problem) => Cause::LockoutUnseen.unknown(
            format!("{one}: the domain's lockout policy could not be read: {problem}"),
            "Let TCP port 389 pass; or compare by hand, as docs/guess-limit.md says.",
        ),
    })
}

fn ask(config: &Netlogon, one: &Seen) -> Result<Lockout, String> {
    let told = |error: gss_ntlmdc::directory::Error| error.to_string();
    let until = Deadline::after(PATIENCE);
    let server = Server {
        address: one.address,
        port: None,
        source: config.source,
        name: &one.name,
    };
    let mut client = connect_as_machine(server, config, until)?;
    let root = client.root(&[NAMING_CONTEXT], until).map_err(told)?;
    let domain = root.text(NAMING_CONTEXT).ok_or("no naming context")?;
    let search = Search::of_entry(domain, &[THRESHOLD, OBSERVED]);
    let entry = client.search(search, until).map_err(told)?.pop();
    entry
        .as_ref()
        .and_then(lockout_of)
        .ok_or_else(|| format!("{domain} has no {THRESHOLD}"))
}

/// Intervals are negative, in units of 100 ns (MS-ADTS 3.1.1.3.1.2.4 has the syntax).
fn lockout_of(entry: &Entry) -> Option<Lockout> {
    lockout(entry.text(THRESHOLD)?, entry.text(OBSERVED))
}

/// The lockout policy of these two attributes.
pub fn lockout(threshold: &str, observed: Option<&str>) -> Option<Lockout> {
    let interval: i64 = observed.map_or(Some(0), |text| text.parse().ok())?;
    Some(Lockout {
        threshold: threshold.parse().ok()?,
        observed: Duration::from_secs(interval.unsigned_abs() / 10_000_000),
    })
}

/// One finding: the first of what is wrong, or that it is well.
pub fn compare(limit: Option<&GuessLimit>, lockout: Lockout) -> Finding {
    let threshold = lockout.threshold;
    let minutes = |time: Duration| time.as_secs().div_ceil(60);
    let observed = minutes(lockout.observed);
    let locks = format!("the domain locks an account after {threshold} wrong passwords");
    let Some(limit) = limit.filter(|_| threshold > 0) else {
        return match threshold {
            0 => Finding::good(Subject::Domain, "the domain locks no account"),
            _ => Cause::GuessLimitOff.warning(
                format!("{locks}, and there is no guess_limit"),
                format!(
                    "Set both below [policy], if {threshold} allows it (docs/guess-limit.md):\n  \
                     guess_limit = {}\n  guess_window = \"{}m\"",
                    (threshold / 2).max(1),
                    observed.max(1)
                ),
            ),
        };
    };
    if u32::from(limit.limit) >= threshold {
        return Cause::GuessLimitTooHigh.warning(
            format!("{locks}, and guess_limit is {}", limit.limit),
            format!(
                "Set it below {threshold}, divided by the number of servers that have a limit."
            ),
        );
    }
    if limit.window < lockout.observed {
        return Cause::GuessWindowTooShort.warning(
            format!(
                "the domain counts wrong passwords for {observed} min, and guess_window is {} min",
                minutes(limit.window)
            ),
            format!("Set it to at least \"{observed}m\"."),
        );
    }
    let what = format!("{locks}; guess_limit = {} is below", limit.limit);
    Finding::good(Subject::Domain, what)
}
