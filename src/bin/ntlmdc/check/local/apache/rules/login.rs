//! The lines of mod_auth_gssapi: which section takes NTLM, and which should not.

use std::collections::BTreeSet;

use super::super::sites::{WebPlace, WebServer};
use crate::check::cause::Cause;
use crate::check::finding::Finding;

/// Lines that are missed where a section inside has others: mod_auth_gssapi merges nothing.
const MISSED: [(&str, &str); 5] = [
    ("gssapiallowedmech", "GssapiAllowedMech"),
    (
        "gssapirequirednameattributes",
        "GssapiRequiredNameAttributes",
    ),
    ("gssapinameattributes", "GssapiNameAttributes"),
    ("gssapicredstore", "GssapiCredStore"),
    ("gssapipublisherrors", "GssapiPublishErrors"),
];

/// Looks at each section that asks for a login by GSSAPI.
pub fn look(server: &WebServer, findings: &mut Vec<Finding>) {
    for place in server.places.iter().filter(|place| server.is_gssapi(place)) {
        let outer = server
            .covering(place)
            .filter(|outer| has_lines(outer))
            .last();
        if has_lines(place) {
            match outer.and_then(|outer| reset(place, outer)) {
                Some(finding) => findings.push(finding),
                None => findings.extend(unbound(place)),
            }
        } else if outer.is_none() && place.last("authtype").is_some() {
            findings.extend(unbound(place));
        }
        if place.is_bound() {
            findings.extend(opened(place).or_else(|| without_reason(server, place)));
        }
    }
}

fn has_lines(place: &WebPlace) -> bool {
    place.gssapi_lines().next().is_some()
}

/// Lines of an outer section that do not count here, since this one has lines of its own.
fn reset(place: &WebPlace, outer: &WebPlace) -> Option<Finding> {
    let first = place.gssapi_lines().next()?;
    let own: BTreeSet<&str> = place
        .gssapi_lines()
        .map(|line| line.name.as_str())
        .collect();
    let is_missed = |name: &str| outer.last(name).is_some() && !own.contains(name);
    let missed: Vec<&str> = MISSED
        .iter()
        .filter(|(name, _)| is_missed(name))
        .map(|(_, shown)| *shown)
        .collect();
    let is_unbound = outer.is_bound() && !own.contains("gssapiconnectionbound");
    let (title, outer) = (place.title(), outer.title());
    let at = first.place();
    let cure = format!("Write all Gssapi lines of {outer} into {title} too.");
    if is_unbound {
        let what = format!("{at}: {title} has Gssapi lines, and not GssapiConnectionBound On");
        let why = format!(
            "A section with Gssapi lines of its own has none of {outer}: NTLM does not work there."
        );
        return Some(Cause::ApacheLinesReset.failure(what, cure).because(why));
    }
    if missed.is_empty() {
        return None;
    }
    let what = format!(
        "{at}: {} of {outer} does not count in {title}",
        missed.join(", ")
    );
    Some(Cause::ApacheLinesReset.warning(what, cure))
}

/// NTLM is wanted, and cannot work.
fn unbound(place: &WebPlace) -> Option<Finding> {
    if place.is_bound() || place.has_basic() {
        return None;
    }
    let what = format!(
        "{}: {} has no GssapiConnectionBound On",
        place.place(),
        place.title()
    );
    let cure = "Write GssapiConnectionBound On there: examples/apache.conf.";
    match (place.names_ntlm(), place.mechanisms().is_empty()) {
        (true, _) => Some(Cause::ApacheNotBound.failure(what, cure)),
        (false, true) => Some(Cause::ApacheNotBound.warning(what, cure)),
        (false, false) => None,
    }
}

/// NTLM is not wanted, and is let in.
fn opened(place: &WebPlace) -> Option<Finding> {
    let mechanisms = place.mechanisms();
    if mechanisms.is_empty() || place.names_ntlm() {
        return None;
    }
    Some(Cause::ApacheOpensNtlm.warning(
        format!(
            "{}: {} takes NTLM, though GssapiAllowedMech names only {}",
            place.place(),
            place.title(),
            mechanisms.join(", ")
        ),
        "Take GssapiConnectionBound On out, or allow NTLM too: GssapiAllowedMech ntlmssp.",
    ))
}

/// What goes by the reason of a refusal has none.
fn without_reason(server: &WebServer, place: &WebPlace) -> Option<Finding> {
    let has_reasons = place
        .last("gssapipublisherrors")
        .is_some_and(|line| line.is_on());
    let goes_by_reasons = |line: &&_| uses_reasons(line);
    if has_reasons {
        return None;
    }
    let line = server.every_line().find(goes_by_reasons)?;
    Some(Cause::ApacheNoReasons.warning(
        format!(
            "{}: {} has no GssapiPublishErrors On, and {} goes by MAG_ERROR",
            place.place(),
            place.title(),
            line.place()
        ),
        "Write GssapiPublishErrors On there.",
    ))
}

fn uses_reasons(line: &super::super::tree::Directive) -> bool {
    line.raw.contains("MAG_ERROR") || line.raw.contains("GSS_ERROR")
}
