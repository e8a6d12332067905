//! One finding for one cause: what is said of several controllers alike is one finding.

use gss_ntlmdc::base::config::Netlogon;

use super::{channel, clock, reach};
use crate::check::cause::Cause;
use crate::check::finding::{Finding, Subject};
use crate::check::remote::seen::Seen;

/// What is wrong with one controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    pub cause: Cause,
    /// What was found, behind the controller's name and a colon.
    pub text: String,
    pub cure: String,
    pub weight: Weight,
}

/// What it means for logins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The controller verifies no login.
    Stops,
    /// Logins are verified.
    Hinders,
}

impl Complaint {
    /// The controller verifies no login.
    pub fn stops(cause: Cause, text: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::new(cause, text.into(), cure.into(), Weight::Stops)
    }

    /// Logins are verified.
    pub fn hinders(cause: Cause, text: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::new(cause, text.into(), cure.into(), Weight::Hinders)
    }

    fn new(cause: Cause, text: String, cure: String, weight: Weight) -> Self {
        Self {
            cause,
            text,
            cure,
            weight,
        }
    }
}

/// The findings about all controllers. What follows from a complaint is not looked at.
pub fn findings(config: &Netlogon, all: &[Seen]) -> Vec<Finding> {
    let mut complaints: Vec<(&Seen, Complaint)> = Vec::new();
    let mut good = Vec::new();
    for one in all {
        let judged = reach::judged(one).and_then(|reached| {
            complaints.extend(reach::shortcoming(one).map(|complaint| (one, complaint)));
            good.extend(reached);
            channel::judged(config, one)
        });
        match judged {
            Ok(opened) => good.extend(opened),
            Err(complaint) => complaints.push((one, complaint)),
        }
        if let Some(Ok(opened)) = &one.channel {
            complaints.extend(channel::shortcomings(opened).map(|complaint| (one, complaint)));
        }
    }
    let is_one_at_work = all.iter().any(Seen::works);
    let mut findings = good;
    findings.extend(clock::findings(all));
    findings.extend(channel::of_domain(config, all));
    findings.extend(read_only(config, all));
    findings.extend(grouped(complaints, is_one_at_work));
    findings
}

/// Read-only controllers that work. They come last if DNS names writable ones.
fn read_only(config: &Netlogon, all: &[Seen]) -> Option<Finding> {
    let at_work = || all.iter().filter(|one| one.works());
    let names: Vec<String> = at_work()
        .filter(|one| one.is_read_only())
        .map(Seen::to_string)
        .collect();
    if names.is_empty() {
        return None;
    }
    let what = format!("{}: read-only", names.join(", "));
    let is_listed = !config.controllers.is_empty();
    if !is_listed && at_work().any(|one| !one.is_read_only()) {
        let what = format!("{what}; asked after the writable ones");
        return Some(Finding::good(Subject::Controllers, what));
    }
    let cure = match is_listed {
        true => "Name writable controllers in `controllers`, or read-only ones after them.",
        false => "Let this host reach a writable controller.",
    };
    let cure = format!("{cure} docs/domain.md says what works.");
    Some(Cause::ControllerReadOnly.warning(what, cure))
}

/// One finding for each cause and text.
fn grouped(complaints: Vec<(&Seen, Complaint)>, is_one_at_work: bool) -> Vec<Finding> {
    let mut groups: Vec<(Vec<String>, Complaint)> = Vec::new();
    for (one, complaint) in complaints {
        match groups.iter_mut().find(|(_, known)| *known == complaint) {
            Some((names, _)) => names.push(one.to_string()),
            None => groups.push((vec![one.to_string()], complaint)),
        }
    }
    let finding = |(names, complaint): (Vec<String>, Complaint)| {
        let what = format!("{}: {}", names.join(", "), complaint.text);
        match (complaint.weight, is_one_at_work) {
            (Weight::Stops, false) => complaint.cause.failure(what, complaint.cure),
            (Weight::Stops, true) => complaint
                .cause
                .warning(what, complaint.cure)
                .because("Logins go to other controllers meanwhile."),
            (Weight::Hinders, _) => complaint.cause.warning(what, complaint.cure),
        }
    };
    groups.into_iter().map(finding).collect()
}
