//! The text exposition format of Prometheus, version 0.0.4.

use std::fmt::Write as _;

use gss_ntlmdc::base::counters::Total;
use gss_ntlmdc::base::fault::{Family, Minor};

use super::facts::{DomainFacts, Facts};

/// All metrics.
pub fn text(facts: &Facts) -> String {
    let mut text = Exposition::default();
    logins(&mut text, facts);
    verifications(&mut text, facts);
    controllers(&mut text, facts);
    processes(&mut text, facts);
    of_domains(&mut text, &facts.domains);
    if let Some((at_limit, wrong)) = facts.guesses.as_ref().and_then(|all| all.accounts) {
        text.gauge(
            "ntlmdc_guess_limited_accounts",
            "Accounts that no verifier is asked about since too many passwords were wrong.",
        );
        text.sample("", &[], at_limit);
        text.gauge(
            "ntlmdc_guessed_accounts",
            "Accounts with wrong passwords within the window of the guess limit.",
        );
        text.sample("", &[], wrong);
    }
    text.written
}

#[derive(Default)]
struct Exposition {
    written: String,
    /// The metric whose samples follow.
    name: &'static str,
}

impl Exposition {
    fn counter(&mut self, name: &'static str, help: &str) {
        self.begin(name, "counter", help);
    }

    fn gauge(&mut self, name: &'static str, help: &str) {
        self.begin(name, "gauge", help);
    }

    fn begin(&mut self, name: &'static str, kind: &str, help: &str) {
        self.name = name;
        // Writing into a string does not fail.
        let _ok = writeln!(self.written, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl ToString) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        let labels = match labels.is_empty() {
            true => String::new(),
            false => format!("{{{}}}", labels.join(",")),
        };
        let (name, value) = (self.name, value.to_string());
        let _ok = writeln!(self.written, "{name}{suffix}{labels} {value}");
    }
}

fn escaped(value: &str) -> String {
    let value = value.replace('\\', "\\\\");
    value.replace('"', "\\\"").replace('\n', "\\n")
}

fn logins(text: &mut Exposition, facts: &Facts) {
    let counters = &facts.counters;
    text.counter("ntlmdc_logins_total", "Logins, by their result.");
    text.sample("", &[("result", "accepted")], counters.accepted());
    text.sample("", &[("result", "refused")], counters.refused());
    text.counter("ntlmdc_accepted_total", "Accepted logins, by verifier.");
    for (verifier, total) in [
        ("users", Total::AcceptedByUsers),
        ("netlogon", Total::AcceptedByNetlogon),
        ("directory", Total::AcceptedByDirectory),
    ] {
        text.sample("", &[("verifier", verifier)], counters.total(total));
    }
    refusals(text, facts);
    text.counter("ntlmdc_challenges_total", "Challenges sent to clients.");
    text.sample("", &[], counters.total(Total::Challenges));
    text.counter(
        "ntlmdc_challenges_answered_total",
        "Challenges that a client answered on the same connection.",
    );
    text.sample("", &[], counters.total(Total::ChallengesAnswered));
    text.gauge(
        "ntlmdc_last_accepted_timestamp_seconds",
        "When a login was last accepted; 0 if never.",
    );
    text.sample("", &[], counters.total(Total::LastAccepted));
}

/// The codes that a login may be refused with, also those that did not occur: a rate needs a 0
/// before it.
fn refusals(text: &mut Exposition, facts: &Facts) {
    text.counter(
        "ntlmdc_refusals_total",
        "Refused messages, by minor code; docs/errors.md has each.",
    );
    for (code, count) in facts.counters.refusals() {
        let minor = Minor::from_code(code);
        if count == 0 && !minor.is_some_and(is_of_login) {
            continue;
        }
        let family = minor.map_or("other", |minor| family(minor.family()));
        let name = minor.map_or("", Minor::name);
        let labels = [
            ("code", &*format!("{code:08x}")),
            ("name", name),
            ("family", family),
        ];
        text.sample("", &labels, count);
    }
}

/// Whether a login may be refused with this code.
fn is_of_login(minor: Minor) -> bool {
    minor == Minor::InternalError
        || matches!(
            minor.family(),
            Family::Token | Family::Proof | Family::Policy | Family::Account | Family::Verifier
        )
}

fn family(family: Family) -> &'static str {
    match family {
        Family::Token => "token",
        Family::Proof => "proof",
        Family::Policy => "policy",
        Family::Account => "account",
        Family::Verifier => "verifier",
        _ => "other",
    }
}

fn verifications(text: &mut Exposition, facts: &Facts) {
    text.begin(
        "ntlmdc_verification_seconds",
        "histogram",
        "The time from an AUTHENTICATE message to the answer of the verifiers.",
    );
    let mut sum = 0_u64;
    for (bound, count) in facts.counters.verifications() {
        sum = sum.saturating_add(count);
        let bound = bound.map_or("+Inf".to_owned(), seconds);
        text.sample("_bucket", &[("le", &bound)], sum);
    }
    let time = facts.counters.total(Total::VerificationTime);
    text.sample("_sum", &[], seconds(time));
    text.sample("_count", &[], sum);
}

/// Microseconds as seconds, without zeros at the end.
fn seconds(microseconds: u64) -> String {
    let (whole, rest) = (microseconds / 1_000_000, microseconds % 1_000_000);
    let text = format!("{whole}.{rest:06}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn controllers(text: &mut Exposition, facts: &Facts) {
    let total = |total| facts.counters.total(total);
    text.counter(
        "ntlmdc_controller_questions_total",
        "Logins that a domain controller was asked about, by whether it answered.",
    );
    text.sample(
        "",
        &[("result", "answered")],
        total(Total::QuestionsAnswered),
    );
    text.sample("", &[("result", "failed")], total(Total::QuestionsFailed));
    text.counter(
        "ntlmdc_controller_failovers_total",
        "Changes to another domain controller within a login.",
    );
    text.sample("", &[], total(Total::Failovers));
    text.counter("ntlmdc_channels_opened_total", "Secure channels opened.");
    text.sample("", &[], total(Total::ChannelsOpened));
    text.gauge(
        "ntlmdc_controller_processes",
        "Processes that use a domain controller.",
    );
    for one in facts.in_use() {
        let address = one.address.to_string();
        text.sample("", &[("controller", &address)], one.processes);
    }
    text.gauge(
        "ntlmdc_outage_processes",
        "Processes that refuse logins since no domain controller answers.",
    );
    text.sample(
        "",
        &[],
        facts.outage().map_or(0, |(_, processes)| processes),
    );
}

fn processes(text: &mut Exposition, facts: &Facts) {
    text.gauge("ntlmdc_processes", "Processes that have handled a login.");
    text.sample("", &[], facts.processes.len());
    text.gauge("ntlmdc_connections", "Connections to domain controllers.");
    text.sample("", &[], facts.sum(|entry| entry.connections));
    text.gauge(
        "ntlmdc_waiting_logins",
        "Logins that wait for a connection.",
    );
    text.sample("", &[], facts.sum(|entry| entry.waiting));
    text.gauge(
        "ntlmdc_counted_since_timestamp_seconds",
        "When the counters began at 0; 0 if nothing was counted.",
    );
    text.sample("", &[], facts.counters.made());
}

fn of_domains(text: &mut Exposition, domains: &[DomainFacts]) {
    if domains.is_empty() {
        return;
    }
    text.gauge(
        "ntlmdc_channel_key_timestamp_seconds",
        "When the key of the secure channel was agreed on, by domain controller.",
    );
    for (controller, agreed) in domains.iter().flat_map(|domain| &domain.state.keys) {
        text.sample("", &[("controller", controller)], agreed);
    }
    let changed = |domain: &DomainFacts| Some((domain.name.clone(), domain.secret_changed?));
    let secrets: Vec<_> = domains.iter().filter_map(changed).collect();
    if secrets.is_empty() {
        return;
    }
    text.gauge(
        "ntlmdc_secret_timestamp_seconds",
        "When the file of the machine account's secret was changed, by domain.",
    );
    for (domain, changed) in &secrets {
        text.sample("", &[("domain", domain)], changed);
    }
}
