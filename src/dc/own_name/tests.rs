use super::*;
use crate::base::config::fixture;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn config(domain: &str, state_dir: &Path, more: &str) -> config::Netlogon {
    fixture::netlogon(&format!(
        "domain = \"{domain}\"\ncontrollers = [\"127.0.0.1:1\"]\nstate_dir = {state_dir:?}\n{more}"
    ))
}

fn own_name(config: &config::Netlogon) -> OwnName {
    let controllers = Arc::new(Controllers::new(config.clone(), LogTarget::Off));
    OwnName::new(controllers, config, LogTarget::Off)
}

fn soon() -> Deadline {
    Deadline::after(PATIENCE)
}

/// Another process begins.
fn forget_process(domain: &str) {
    learnt().retain(|learnt| learnt.domain != domain);
}

#[test]
fn a_name_that_was_guessed_is_learnt_and_remembered() {
    let domain = "learnt.example.test";
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let config = config(domain, directory.path(), "");
    assert_eq!(config.netbios_domain.as_str(), "LEARNT");
    assert_eq!(remembered(&config), None);
    let own = own_name(&config);
    assert_eq!(own.compare("learnt"), None, "the right one");
    assert!(!own.is_outdated());

    let text = own.compare("Corp").unwrap();
    assert!(
        text.contains("is \"Corp\", and \"LEARNT\" was assumed"),
        "{text}"
    );
    assert!(text.contains("the next login has it"), "{text}");
    assert!(own.is_outdated());
    assert_eq!(remembered(&config).unwrap().as_str(), "CORP");
    // Another process.
    forget_process(domain);
    assert_eq!(remembered(&config).unwrap().as_str(), "CORP");

    // What others may have written does not count.
    let file = file(&config).path();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(remembered(&config), None);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    for damaged in ["", "A/B", "B\u{dc}RO", "LONGER-THAN-A-NAME"] {
        fs::write(&file, damaged).unwrap();
        assert_eq!(remembered(&config), None, "{damaged}");
    }
}

#[test]
fn a_name_that_is_configured_stays() {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let given = "netbios_domain = \"EXAMPLE\"";
    let config = config("given.example.test", directory.path(), given);
    let own = own_name(&config);
    let text = own.compare("CORP").unwrap();
    assert!(text.contains("check netbios_domain"), "{text}");
    assert!(!own.is_outdated());
    assert_eq!(remembered(&config), None);
}

#[test]
fn a_name_that_cannot_be_used_is_not_learnt() {
    let directory = tempfile::tempdir().unwrap();
    let config = config("odd.example.test", directory.path(), "");
    let own = own_name(&config);
    for odd in ["B\u{dc}RO", "A\\B", "LONGER-THAN-A-NAME", "A\nB"] {
        let text = own.compare(odd).unwrap();
        assert!(text.contains("check netbios_domain"), "{text}");
        assert!(!text.contains('\n'), "{text}");
        assert!(!own.is_outdated(), "{odd}");
    }
}

/// Without a state directory, each process learns the name for itself.
#[test]
fn a_name_that_cannot_be_kept_serves_this_process() {
    let domain = "unkept.example.test";
    let config = config(domain, Path::new("/nonexistent/state"), "");
    assert!(own_name(&config).compare("CORP").is_some());
    assert_eq!(remembered(&config).unwrap().as_str(), "CORP");
    forget_process(domain);
    assert_eq!(remembered(&config), None);
}

/// Any host on the way may have written what CLDAP says.
#[test]
fn a_name_from_a_search_is_kept_once_a_login_was_accepted_under_it() {
    let domain = "searched.example.test";
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let config = config(domain, directory.path(), "");
    let own = own_name(&config);
    own.compare_with("CORP", false).unwrap();
    assert!(own.is_outdated());
    assert_eq!(remembered(&config).unwrap().as_str(), "CORP");
    // Under the guess, which it is not.
    own.confirm();
    forget_process(domain);
    assert_eq!(remembered(&config), None);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);

    own_name(&config).compare_with("CORP", false).unwrap();
    let config = named(config, "CORP");
    own_name(&config).confirm();
    forget_process(domain);
    assert_eq!(remembered(&config).unwrap().as_str(), "CORP");
}

#[test]
fn a_learnt_name_that_is_refused_is_dropped_unless_a_controller_confirms_it() {
    let domain = "dropped.example.test";
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let guessing = config(domain, directory.path(), "");
    // No controller answers a search.
    assert_eq!(own_name(&guessing).look_up(soon()), None, "a guess");
    for is_listed in [true, false] {
        own_name(&guessing).compare_with("EVIL", is_listed).unwrap();
        let own = own_name(&named(guessing.clone(), "EVIL"));
        assert_eq!(own.compare_with("evil", false), None, "confirmed");
        assert_eq!(remembered(&guessing).unwrap().as_str(), "EVIL");
        let text = own.look_up(soon()).unwrap();
        assert!(text.contains("it is dropped"), "{text}");
        assert!(own.is_outdated());
        assert_eq!(remembered(&guessing), None);
    }
    // Another process has learnt the right one meanwhile.
    own_name(&guessing).compare("CORP").unwrap();
    own_name(&guessing).compare_with("EVIL", false).unwrap();
    assert!(
        own_name(&named(guessing.clone(), "EVIL"))
            .look_up(soon())
            .is_some()
    );
    assert_eq!(remembered(&guessing).unwrap().as_str(), "CORP");
}

fn named(config: config::Netlogon, name: &str) -> config::Netlogon {
    config::Netlogon {
        netbios_domain: name.parse().unwrap(),
        ..config
    }
}
