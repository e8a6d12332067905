//! The state for programs. Times are in seconds since 1970, durations in microseconds.

use gss_ntlmdc::base::counters::{ProcessEntry, Total};
use gss_ntlmdc::base::fault::Minor;
use serde_json::{Map, Value, json};

use super::facts::{DomainFacts, Facts, Guesses};

/// All of it.
pub fn of(facts: &Facts) -> Value {
    let counters = &facts.counters;
    let total = |total| counters.total(total);
    json!({
        "time": facts.now,
        "state_dir": facts.directory.display().to_string(),
        "counted_since": known(counters.made()),
        "accepted": counters.accepted(),
        "last_accepted": known(total(Total::LastAccepted)),
        "refused": counters.refused(),
        "refusals": refusals(facts),
        "challenges": total(Total::Challenges),
        "challenges_answered": total(Total::ChallengesAnswered),
        "verification": verification(facts),
        "questions": {
            "answered": total(Total::QuestionsAnswered),
            "failed": total(Total::QuestionsFailed),
            "failovers": total(Total::Failovers),
            "channels_opened": total(Total::ChannelsOpened),
        },
        "connections": facts.sum(|entry| entry.connections),
        "waiting": facts.sum(|entry| entry.waiting),
        "processes": facts.processes.iter().map(process).collect::<Vec<_>>(),
        "domain": facts.domains.first().map(domain),
        "other_domains": facts.domains.iter().skip(1).map(domain).collect::<Vec<_>>(),
        "guess_limit": facts.guesses.as_ref().map(guesses),
    })
}

/// 0 stands for a time that is not known.
fn known(time: u64) -> Option<u64> {
    (time != 0).then_some(time)
}

fn refusals(facts: &Facts) -> Vec<Value> {
    let counted = facts.counters.refusals().filter(|(_, count)| *count > 0);
    let one = |(code, count)| {
        let minor = Minor::from_code(code);
        json!({
            "code": format!("{code:08x}"),
            "name": minor.map(Minor::name),
            "text": minor.map(Minor::text),
            "count": count,
        })
    };
    counted.map(one).collect()
}

fn verification(facts: &Facts) -> Value {
    let counters = &facts.counters;
    let buckets = counters.verifications();
    let buckets: Vec<Value> = buckets
        .map(|(bound, count)| json!({ "at_most": bound, "count": count }))
        .collect();
    json!({
        "p50": counters.percentile(50),
        "p95": counters.percentile(95),
        "p99": counters.percentile(99),
        "sum": counters.total(Total::VerificationTime),
        "buckets": buckets,
    })
}

fn process(entry: &ProcessEntry) -> Value {
    json!({
        "process": entry.process,
        "since": entry.since,
        "accepted": entry.accepted,
        "refused": entry.refused,
        "connections": entry.connections,
        "waiting": entry.waiting,
        "controller": entry.controller.map(|controller| json!({
            "address": controller.address.to_string(),
            "since": controller.since,
            "last_answer": controller.last,
        })),
        "outage": entry.outage.map(|code| format!("{code:08x}")),
    })
}

fn domain(domain: &DomainFacts) -> Value {
    let keys = domain.state.keys.iter();
    let keys: Map<String, Value> = keys
        .map(|(controller, agreed)| (controller.clone(), (*agreed).into()))
        .collect();
    let failures = domain.state.failures.iter();
    let failures: Map<String, Value> = failures
        .map(|(controller, ago)| (controller.clone(), ago.as_secs().into()))
        .collect();
    json!({
        "name": domain.name,
        "keys_agreed": keys,
        "failed_seconds_ago": failures,
        "secret": domain.secret.display().to_string(),
        "secret_changed": domain.secret_changed,
    })
}

fn guesses(guesses: &Guesses) -> Value {
    let accounts = guesses.accounts;
    json!({
        "limit": guesses.limit,
        "accounts_at_limit": accounts.map(|(at_limit, _)| at_limit),
        "accounts_with_wrong_passwords": accounts.map(|(_, wrong)| wrong),
    })
}
