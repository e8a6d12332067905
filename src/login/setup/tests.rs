use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::cache::load_at;
use super::*;
use crate::base::fault::{Fault, Minor};
use crate::base::file::LOOK_AGAIN;
use crate::login::fixture::{Site, netlogon_text};
use crate::protocol::ntlm::acceptor::TargetKind;

fn site() -> Site {
    Site::new("EXAMPLE:alice:pw\n", "")
}

/// Loads the configuration at a time when its file is checked again.
fn load(source: &Source) -> Result<Arc<Setup>, Fault> {
    static CALLS: AtomicU32 = AtomicU32::new(1);
    let calls = CALLS.fetch_add(1, Ordering::Relaxed);
    load_at(Instant::now() + LOOK_AGAIN * calls, source)
}

#[test]
fn the_file_is_checked_once_a_second() {
    let site = site();
    let first = super::load(&site.source()).unwrap();
    site.configure("netbios_domain = \"CORP\"\n");
    assert!(Arc::ptr_eq(&first, &super::load(&site.source()).unwrap()));
    let second = load(&site.source()).unwrap();
    assert_eq!(second.target().netbios_domain, "CORP");
}

#[test]
fn a_configuration_is_loaded_once_and_after_a_change() {
    let site = site();
    let first = load(&site.source()).unwrap();
    assert!(Arc::ptr_eq(&first, &load(&site.source()).unwrap()));

    site.configure("# a remark\n");
    assert!(
        Arc::ptr_eq(&first, &load(&site.source()).unwrap()),
        "an equal configuration keeps its setup and the connections in it"
    );
    site.configure("netbios_domain = \"CORP\"\n");
    let second = load(&site.source()).unwrap();
    assert_eq!(second.target().netbios_domain, "CORP");
}

/// Notepad writes one.
#[test]
fn a_configuration_with_a_byte_order_mark_is_read() {
    let site = site();
    let text = fs::read_to_string(site.path("config")).unwrap();
    let text = format!("{text}netbios_domain = \"CORP\"\n").replace('\n', "\r\n");
    fs::write(site.path("config"), format!("\u{FEFF}{text}")).unwrap();
    let setup = load(&site.source()).unwrap();
    assert_eq!(setup.target().netbios_domain, "CORP");
}

#[test]
fn a_configuration_that_is_not_utf_8_is_refused_with_the_remedy() {
    let site = site();
    let refusal = |bytes: &[u8]| {
        fs::write(site.path("config"), bytes).unwrap();
        let Err(fault) = load(&site.source()) else {
            panic!("a configuration of another encoding was read");
        };
        assert_eq!(fault.minor(), Minor::BadConfiguration);
        fault.for_the_log()
    };
    let text = fs::read_to_string(site.path("config")).unwrap();
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf_16 = refusal(&wide);
    assert!(utf_16.contains("iconv -f UTF-16LE"), "{utf_16}");
    let latin_1 = refusal(&[text.as_bytes(), b"# gr\xFCn\n"].concat());
    assert!(latin_1.contains("line 4 is not UTF-8"), "{latin_1}");
}

#[test]
fn an_invalid_configuration_leaves_the_one_in_force() {
    let site = site();
    let first = load(&site.source()).unwrap();
    fs::write(site.path("config"), "verify = [\"users\"\n").unwrap();
    assert!(Arc::ptr_eq(&first, &load(&site.source()).unwrap()));
    assert!(Arc::ptr_eq(&first, &load(&site.source()).unwrap()));
    site.configure("netbios_domain = \"CORP\"\n");
    assert!(!Arc::ptr_eq(&first, &load(&site.source()).unwrap()));
}

#[test]
fn the_cause_of_a_failed_load_may_be_in_another_file() {
    let site = site();
    let first = load(&site.source()).unwrap();
    fs::set_permissions(site.path("users"), Permissions::from_mode(0o644)).unwrap();
    site.configure("netbios_domain = \"CORP\"\n");
    assert!(Arc::ptr_eq(&first, &load(&site.source()).unwrap()));
    fs::set_permissions(site.path("users"), Permissions::from_mode(0o640)).unwrap();
    let second = load(&site.source()).unwrap();
    assert_eq!(second.target().netbios_domain, "CORP");
}

#[test]
fn a_removed_configuration_turns_ntlm_off() {
    let site = site();
    load(&site.source()).unwrap();
    fs::remove_file(site.path("config")).unwrap();
    for _ in 0..2 {
        let Err(fault) = load(&site.source()) else {
            panic!("still on");
        };
        assert_eq!(fault.minor(), Minor::NotConfigured);
    }
    site.configure("");
    assert!(load(&site.source()).is_ok());
}

#[test]
fn a_configuration_may_turn_ntlm_off() {
    let site = site();
    load(&site.source()).unwrap();
    site.configure("[policy]\nenabled = false\n");
    for _ in 0..2 {
        let Err(fault) = load(&site.source()) else {
            panic!("still on");
        };
        assert_eq!(fault.minor(), Minor::SwitchedOff);
    }
    site.configure("[policy]\nenabled = true\n");
    assert!(load(&site.source()).is_ok());
}

#[test]
fn the_error_names_what_is_missing() {
    let site = site();
    let fault = |source: &Source| match load(source) {
        Ok(_) => panic!("loaded"),
        Err(fault) => (fault.minor(), fault.to_string()),
    };

    let absent = Source {
        config: Some(site.path("absent")),
        ..Source::default()
    };
    let (minor, message) = fault(&absent);
    assert_eq!(minor, Minor::NotConfigured);
    assert!(message.contains("/absent: No such file"), "{message}");

    fs::write(site.path("config"), "verify = [\"users\"]\n[user]\n").unwrap();
    let (minor, message) = fault(&site.source());
    assert_eq!(minor, Minor::BadConfiguration);
    assert!(
        message.contains("/config: ") && message.contains("`user`"),
        "{message}"
    );

    site.configure("");
    fs::remove_file(site.path("users")).unwrap();
    let (minor, message) = fault(&site.source());
    assert_eq!(minor, Minor::UsersFileUnusable);
    assert!(message.contains("/users: No such file"), "{message}");
}

#[test]
fn a_users_file_alone_is_a_configuration() {
    let site = site();
    let mut source = Source {
        users_file: Some(site.path("users")),
        ..Source::default()
    };
    let target = load(&source).unwrap().target().clone();
    assert_eq!(target.kind, TargetKind::Server);
    assert_eq!(target.netbios_domain, target.netbios_computer);
    assert!(!target.netbios_computer.is_empty());

    source.netbios_computer = Some("web1".to_owned());
    source.netbios_domain = Some("example".to_owned());
    let target = load(&source).unwrap().target().clone();
    assert_eq!(target.kind, TargetKind::Domain);
    assert_eq!(target.netbios_computer, "WEB1");
    assert_eq!(target.netbios_domain, "EXAMPLE");

    source.netbios_domain = Some("far/too/odd".to_owned());
    let Err(fault) = load(&source) else {
        panic!("loaded");
    };
    assert!(fault.to_string().contains("far/too/odd"));
}

/// The kind and the domain of the challenge, with a users file of these lines.
fn challenge_domain(site: &Site, lines: &str, more: &str) -> (TargetKind, String) {
    fs::write(site.path("users"), lines).unwrap();
    site.configure(more);
    // The users file is checked once a second, too.
    std::thread::sleep(LOOK_AGAIN + Duration::from_millis(50));
    let setup = load(&site.source()).unwrap();
    let target = setup.challenge_target(None).into_owned();
    assert_eq!(target.netbios_computer, setup.target().netbios_computer);
    (target.kind, target.netbios_domain)
}

#[test]
fn the_challenge_names_the_only_domain_of_a_users_file() {
    let site = site();
    let domain = |name: &str| (TargetKind::Domain, name.to_owned());
    let setup = load(&site.source()).unwrap();
    let computer = (
        TargetKind::Server,
        setup.target().netbios_computer.to_owned(),
    );
    for (lines, expected) in [
        ("EXAMPLE:alice:pw\nOTHER:bob:pw\n", computer.clone()),
        ("Other:bob:pw\n", domain("OTHER")),
        (&*format!("{}:a:pw\n", "x".repeat(256)), computer),
    ] {
        // The configuration stays the same: only the users file changes.
        assert_eq!(challenge_domain(&site, lines, ""), expected, "{lines}");
    }
    let configured = "netbios_domain = \"CORP\"\n";
    assert_eq!(
        challenge_domain(&site, "EXAMPLE:alice:pw\n", configured),
        domain("CORP")
    );
}

#[test]
fn the_target_has_the_names_of_the_machine_account() {
    let site = site();
    fs::write(site.path("config"), netlogon_text("")).unwrap();
    let target = load(&site.source()).unwrap().target().clone();
    assert_eq!(target.kind, TargetKind::Domain);
    assert_eq!(target.netbios_computer, "WEB1-NTLM");
    assert_eq!(target.netbios_domain, "EXAMPLE");
    assert_eq!(target.dns_computer, "web1-ntlm.example.test");
    assert_eq!(target.dns_domain, "example.test");
}

#[test]
fn host_names_become_netbios_names() {
    let name = |host| host::netbios_name_of(host).map(|name| name.as_str().to_owned());
    assert_eq!(name("web1.example.test"), Some("WEB1".to_owned()));
    assert_eq!(
        name("a-very-long-host-name"),
        Some("A-VERY-LONG-HOS".to_owned())
    );
    assert_eq!(name(""), None);
}
