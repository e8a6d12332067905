use super::*;
use std::fs;

const DAY: u64 = 24 * 60 * 60;

#[test]
fn ages_are_rounded_down() {
    for (seconds, expected) in [
        (0, "less than a minute"),
        (59, "less than a minute"),
        (61, "1m"),
        (7 * 3600 + 65, "7h 1m"),
        (DAY - 1, "23h 59m"),
        (DAY, "1 day"),
        (31 * DAY - 1, "30 days"),
    ] {
        assert_eq!(rounded(Duration::from_secs(seconds)), expected);
    }
}

/// The section about a file with this content that was just written.
fn age_of(content: &str) -> Section {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secret");
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let text = format!(
        "verify = [\"netlogon\"]\n[netlogon]\ndomain = \"example.test\"\naccount = \"WEB1-NTLM$\"\n\
         secret = {path:?}\n"
    );
    let mut config = gss_ntlmdc::base::config::Config::parse(&text).unwrap();
    let config = config.netlogon.pop().unwrap();
    age(&config, &config.secret, Duration::from_secs(30 * DAY)).unwrap()
}

fn is_wrong(section: &Section) -> bool {
    let mut fields = section.fields.iter();
    fields.any(|field| field.verdict == crate::report::Verdict::Wrong)
}

#[test]
fn the_age_is_that_of_the_last_change_or_of_the_file() {
    let ago = |days: u64| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        now.unwrap().as_secs() - days * DAY
    };
    assert!(!is_wrong(&age_of("secret\n")));
    assert!(!is_wrong(&age_of(&format!(
        "secret\nchanged {}\n",
        ago(29)
    ))));
    assert!(is_wrong(&age_of(&format!("secret\nchanged {}\n", ago(31)))));
    // A change that was interrupted.
    let begun = format!("secret\nchanged {}\nnext {}\n", ago(1), "a".repeat(120));
    assert!(is_wrong(&age_of(&begun)));
    let text = Report {
        sections: vec![age_of(&begun)],
    };
    assert!(!text.to_text().contains("aaaa"));
}
