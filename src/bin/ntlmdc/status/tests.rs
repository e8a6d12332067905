mod exposition;

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use gss_ntlmdc::base::counters::{self, Counters, Place, Snapshot, Total};
use gss_ntlmdc::base::fault::Minor;
use gss_ntlmdc::dc::shared_state::SharedState;
use gss_ntlmdc::gss::mapping::map_words;

use super::facts::{DomainFacts, Facts, Guesses};
use super::{json, prometheus, screen};

/// The state of a server whose one process counted something of everything, and has an outage.
fn busy() -> Facts {
    counters::set_mapper(map_words);
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o700)).unwrap();
    let counters = Counters::of(Place::IfThere(directory.path().to_owned()));
    for _ in 0..3 {
        counters.challenged();
        counters.challenge_answered();
        counters.accepted("netlogon");
        counters.verified(Duration::from_micros(1500));
    }
    for minor in Minor::ALL {
        counters.refused(*minor);
    }
    counters.verified(Duration::from_millis(70));
    counters.add(Total::QuestionsFailed, 2);
    counters.answered("2001:db8:1111:2222:3333:4444:5555:6666".parse().unwrap());
    counters.outage(Some(Minor::ControllerUnreachable));
    let mut gauge = counters.gauge();
    gauge.set(2, 1);
    let counted = counters::read(directory.path()).unwrap();
    facts(counted)
}

fn facts(counted: Snapshot) -> Facts {
    let now = 1_795_824_000;
    let controller = "2001:db8:1111:2222:3333:4444:5555:6666".to_owned();
    let mut processes = counted.entries();
    processes.retain(counters::ProcessEntry::is_running);
    Facts {
        now,
        directory: "/run/a/very/long/path/of/a/directory/that/does/not/fit/into/the/line".into(),
        is_new: counted.made() == 0,
        counters: counted,
        processes,
        domains: vec![DomainFacts {
            name: "example.test".to_owned(),
            state: SharedState {
                keys: vec![(controller.clone(), 1_795_820_000)],
                failures: vec![(controller, Duration::from_secs(12))],
            },
            secret: "/etc/gss/ntlmdc.secret".into(),
            secret_changed: Some(1_790_000_000),
        }],
        guesses: Some(Guesses {
            limit: 4,
            accounts: Some((1, 7)),
        }),
    }
}

/// The page as a plain text.
fn page(facts: &Facts) -> String {
    anstream::adapter::strip_str(&screen::text(facts)).to_string()
}

#[test]
fn the_page_has_80_columns_and_what_matters() {
    let page = page(&busy());
    for line in page.lines() {
        assert!(line.chars().count() <= screen::WIDTH, "{line}");
    }
    assert!(page.lines().count() <= 50, "{page}");
    for part in [
        "3 accepted",
        "3 sent, 3 answered",
        "50 % within 2 ms",
        "99 % within 100 ms",
        "4e440101",
        "codes: see --json",
        "refused in 1 process since no domain controller can be reached",
        "failed 12 s ago, comes last",
        "1 login waiting for 2 connections",
        "66 min old",
        "changed 67 d ago",
        "1 account at the limit of 4, 7 with wrong passwords",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
}

#[test]
fn before_the_first_login_there_are_words_for_it() {
    let facts = facts(Snapshot::empty());
    assert!(page(&facts).contains("none was counted yet"));
    assert!(page(&facts).contains("none that runs has handled a login"));
    assert!(!facts.is_wrong());
    assert_eq!(json::of(&facts)["counted_since"], serde_json::Value::Null);
    assert!(prometheus::text(&facts).contains("ntlmdc_logins_total{result=\"accepted\"} 0\n"));
}

#[test]
fn json_has_the_numbers() {
    let facts = busy();
    assert!(facts.is_wrong(), "an outage");
    let json = json::of(&facts);
    assert_eq!(json["accepted"], 3);
    assert_eq!(json["refused"], Minor::ALL.len());
    assert_eq!(json["refusals"].as_array().unwrap().len(), Minor::ALL.len());
    assert_eq!(json["refusals"][0]["name"], "NotNtlm");
    assert_eq!(json["verification"]["p50"], 2000);
    assert_eq!(json["verification"]["sum"], 3 * 1500 + 70_000);
    assert_eq!(json["processes"][0]["connections"], 2);
    assert_eq!(json["waiting"], 1);
    assert_eq!(json["guess_limit"]["accounts_at_limit"], 1);
}

/// The metrics that a text names.
fn named(text: &str) -> BTreeSet<String> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words = text.split(|letter| !is_part(letter));
    let metrics = words.filter(|word| word.starts_with("ntlmdc_"));
    let base = |word: &str| {
        let endings = ["_bucket", "_sum", "_count"];
        let base = endings.iter().find_map(|ending| word.strip_suffix(ending));
        base.unwrap_or(word).to_owned()
    };
    metrics.map(base).collect()
}

#[test]
fn the_metrics_can_be_read() {
    let text = prometheus::text(&busy());
    assert!(exposition::read(&text).unwrap().len() > 50);
    let bucket = "ntlmdc_verification_seconds_bucket";
    for line in [
        "ntlmdc_logins_total{result=\"accepted\"} 3",
        &format!("{bucket}{{le=\"0.001\"}} 0"),
        &format!("{bucket}{{le=\"0.002\"}} 3"),
        &format!("{bucket}{{le=\"0.05\"}} 3"),
        &format!("{bucket}{{le=\"0.1\"}} 4"),
        &format!("{bucket}{{le=\"50\"}} 4"),
        &format!("{bucket}{{le=\"+Inf\"}} 4"),
        "ntlmdc_verification_seconds_sum 0.0745",
        "ntlmdc_verification_seconds_count 4",
        "ntlmdc_outage_processes 1",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}\n{text}");
    }
}

#[test]
fn a_label_may_have_any_letters() {
    let name = "a\"b\\c\nd, \\n}";
    let mut facts = facts(Snapshot::empty());
    facts.domains[0].state.keys[0].0 = name.to_owned();
    let samples = exposition::read(&prometheus::text(&facts)).unwrap();
    let of_keys = |sample: &&exposition::Sample| sample.name.ends_with("key_timestamp_seconds");
    let key = samples.iter().find(of_keys).unwrap();
    assert_eq!(key.labels["controller"], name);
}

#[test]
fn the_examples_name_metrics_that_exist() {
    let printed = named(&prometheus::text(&busy()));
    for example in ["grafana-dashboard.json", "prometheus-alerts.yml"] {
        let text = fs::read_to_string(format!("examples/{example}")).unwrap();
        let unknown: Vec<_> = named(&text).difference(&printed).cloned().collect();
        assert!(unknown.is_empty(), "{example}: {unknown:?}");
        assert!(named(&text).len() >= 5, "{example}");
    }
}

#[test]
fn the_dashboard_asks_in_each_panel() {
    let text = fs::read_to_string("examples/grafana-dashboard.json").unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
    for panel in dashboard["panels"].as_array().unwrap() {
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{}", panel["title"]);
        for target in targets {
            assert!(
                !named(target["expr"].as_str().unwrap()).is_empty(),
                "{target}"
            );
        }
    }
}
