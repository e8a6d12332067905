use super::*;
use crate::check::cause::Cause;

fn sample() -> Vec<Finding> {
    vec![
        Finding::good(Subject::Configuration, "/etc/gss/ntlmdc.toml: a domain"),
        Cause::SecretInvalid.failure(
            "the secret cannot be read",
            format!("let it be read:\n  chgrp www-data {}", "x".repeat(100)),
        ),
        Cause::UsersFileEmpty.warning("word ".repeat(40), "none"),
    ]
}

#[test]
fn the_text_fits_a_terminal() {
    let text = anstream::adapter::strip_str(&text(&sample())).to_string();
    let (long, short): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.len() > 80);
    assert_eq!(long.len(), 1, "{text}");
    assert!(long.iter().all(|line| line.contains("chgrp www-data x")));
    assert!(short.contains(&"Files") && short.contains(&"Configuration"));
    assert!(
        text.contains("  good     /etc/gss/ntlmdc.toml: a domain\nFiles\n  failure  the secret")
    );
    assert!(text.ends_with("\nLogins will not work: 1 good, 1 warning, 1 failure.\n"));
}

#[test]
fn the_exit_status_is_that_of_the_worst() {
    let all = sample();
    let unknown = [Cause::SecretInvalid.unknown("not seen", "look")];
    assert_eq!(exit_status(&all), 2);
    assert_eq!(exit_status(all.get(..1).unwrap()), 0);
    assert_eq!(exit_status(all.get(2..).unwrap()), 1);
    assert_eq!(exit_status(&unknown), 1);
    assert!(summary(&unknown).starts_with("Nothing is wrong with what could be looked at"));
}

#[test]
fn what_is_ignored_is_shown_and_does_not_count() {
    let mut all = sample();
    for finding in &mut all {
        finding.ignore(&[Cause::UsersFileEmpty, Cause::SecretInvalid]);
    }
    // A failure is not ignored.
    assert_eq!(exit_status(&all), 2);
    assert_eq!(json(&all)["findings"][1]["ignored"], false);
    assert_eq!(json(&all)["findings"][2]["ignored"], true);
    all.remove(1);
    assert_eq!(exit_status(&all), 0);
    assert_eq!(summary(&all), "All is well: 1 good, 1 ignored.");
    let text = anstream::adapter::strip_str(&text(&all)).to_string();
    assert!(text.contains("\n  ignored  word word"), "{text}");
    assert!(text.contains("[users-file-empty]\n\n"), "{text}");
}

#[test]
fn identifiers_are_found() {
    for cause in Cause::ALL {
        assert_eq!(Cause::of_id(cause.id()), Ok(*cause));
    }
    assert!(Cause::of_id("no-such").is_err());
}

#[test]
fn the_place_of_pages_is_told_once() {
    let told = |cures: &[&str]| {
        let all = cures
            .iter()
            .map(|cure| Cause::SecretOld.warning("what", *cure));
        text(&all.collect::<Vec<_>>()).matches(PAGES).count()
    };
    assert_eq!(told(&["see docs/domain.md", "see examples/apache.conf"]), 1);
    assert_eq!(told(&["write it"]), 0);
}

#[test]
fn json_has_what_the_text_has() {
    let all = json(&sample());
    assert_eq!(all["exit_status"], 2);
    assert_eq!(all["findings"][0].get("id"), None);
    assert_eq!(all["findings"][1]["id"], "secret-invalid");
    assert_eq!(all["findings"][1]["level"], "failure");
    assert_eq!(all["findings"][1]["why"], Cause::SecretInvalid.why());
}

/// docs/check.md has one row for each cause, in the order of the table, and no other.
#[test]
fn the_page_has_a_row_for_each_cause() {
    let page = include_str!("../../../../../docs/check.md");
    let (_, page) = page.split_once("\n## Findings\n").unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let on_page: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
    let ids: Vec<&str> = Cause::ALL.iter().map(|cause| cause.id()).collect();
    assert_eq!(on_page, ids);
}
