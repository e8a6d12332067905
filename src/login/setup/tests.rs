use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::*;

/// A folder with a users file, and with a configuration that names it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let users = folder.path("users");
        fs::write(&users, "EXAMPLE:alice:pw\n").unwrap();
        fs::set_permissions(&users, Permissions::from_mode(0o640)).unwrap();
        folder.configure("");
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn configure(&self, more: &str) {
        let users = self.path("users");
        let text = format!("verify = [\"users\"]\n[users]\nfile = {users:?}\n{more}");
        fs::write(self.path("config"), text).unwrap();
    }

    fn source(&self) -> Source {
        Source {
            config: Some(self.path("config")),
            ..Source::default()
        }
    }
}

/// Loads the configuration at a time when it is looked at again.
fn load(source: &Source) -> Result<Arc<Setup>, Fault> {
    static CALLS: AtomicU32 = AtomicU32::new(1);
    let calls = CALLS.fetch_add(1, Ordering::Relaxed);
    load_at(Instant::now() + LOOK_AGAIN * calls, source)
}

#[test]
fn the_file_is_looked_at_once_a_second() {
    let folder = Folder::new();
    let first = super::load(&folder.source()).unwrap();
    folder.configure("netbios_domain = \"CORP\"\n");
    assert!(Arc::ptr_eq(&first, &super::load(&folder.source()).unwrap()));
    let second = load(&folder.source()).unwrap();
    assert_eq!(second.target().netbios_domain, "CORP");
}

#[test]
fn loaded_once_and_again_when_the_file_has_changed() {
    let folder = Folder::new();
    let first = load(&folder.source()).unwrap();
    assert!(Arc::ptr_eq(&first, &load(&folder.source()).unwrap()));

    folder.configure("# a remark\n");
    assert!(
        Arc::ptr_eq(&first, &load(&folder.source()).unwrap()),
        "the same words, the same setup: its connections stay open"
    );
    folder.configure("netbios_domain = \"CORP\"\n");
    let second = load(&folder.source()).unwrap();
    assert_eq!(second.target().netbios_domain, "CORP");
}

/// As Notepad writes it.
#[test]
fn a_configuration_with_a_byte_order_mark_is_read() {
    let folder = Folder::new();
    let text = fs::read_to_string(folder.path("config")).unwrap();
    let text = format!("{text}netbios_domain = \"CORP\"\n").replace('\n', "\r\n");
    fs::write(folder.path("config"), format!("\u{FEFF}{text}")).unwrap();
    let setup = load(&folder.source()).unwrap();
    assert_eq!(setup.target().netbios_domain, "CORP");
}

#[test]
fn a_configuration_that_is_not_utf_8_is_refused_with_the_cure() {
    let folder = Folder::new();
    let told = |bytes: &[u8]| {
        fs::write(folder.path("config"), bytes).unwrap();
        let Err(fault) = load(&folder.source()) else {
            panic!("a configuration of another encoding was read");
        };
        assert_eq!(fault.minor(), Minor::BadConfiguration);
        fault.for_the_log()
    };
    let text = fs::read_to_string(folder.path("config")).unwrap();
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let told_wide = told(&wide);
    assert!(told_wide.contains("iconv -f UTF-16LE"), "{told_wide}");
    let told_latin = told(&[text.as_bytes(), b"# gr\xFCn\n"].concat());
    assert!(told_latin.contains("line 4 is not UTF-8"), "{told_latin}");
}

#[test]
fn a_mistake_leaves_what_was_in_force() {
    let folder = Folder::new();
    let first = load(&folder.source()).unwrap();
    fs::write(folder.path("config"), "verify = [\"users\"\n").unwrap();
    assert!(Arc::ptr_eq(&first, &load(&folder.source()).unwrap()));
    assert!(Arc::ptr_eq(&first, &load(&folder.source()).unwrap()));
    folder.configure("netbios_domain = \"CORP\"\n");
    assert!(!Arc::ptr_eq(&first, &load(&folder.source()).unwrap()));
}

#[test]
fn a_mistake_can_be_mended_in_another_file() {
    let folder = Folder::new();
    let first = load(&folder.source()).unwrap();
    fs::set_permissions(folder.path("users"), Permissions::from_mode(0o644)).unwrap();
    folder.configure("netbios_domain = \"CORP\"\n");
    assert!(Arc::ptr_eq(&first, &load(&folder.source()).unwrap()));
    fs::set_permissions(folder.path("users"), Permissions::from_mode(0o640)).unwrap();
    let second = load(&folder.source()).unwrap();
    assert_eq!(second.target().netbios_domain, "CORP");
}

#[test]
fn a_configuration_that_is_gone_turns_it_off() {
    let folder = Folder::new();
    load(&folder.source()).unwrap();
    fs::remove_file(folder.path("config")).unwrap();
    for _ in 0..2 {
        let Err(fault) = load(&folder.source()) else {
            panic!("still on");
        };
        assert_eq!(fault.minor(), Minor::NotConfigured);
    }
    folder.configure("");
    assert!(load(&folder.source()).is_ok());
}

#[test]
fn a_configuration_may_turn_it_off() {
    let folder = Folder::new();
    load(&folder.source()).unwrap();
    folder.configure("[policy]\nenabled = false\n");
    for _ in 0..2 {
        let Err(fault) = load(&folder.source()) else {
            panic!("still on");
        };
        assert_eq!(fault.minor(), Minor::SwitchedOff);
    }
    folder.configure("[policy]\nenabled = true\n");
    assert!(load(&folder.source()).is_ok());
}

#[test]
fn what_is_missing_is_named() {
    let folder = Folder::new();
    let fault = |source: &Source| match load(source) {
        Ok(_) => panic!("loaded"),
        Err(fault) => (fault.minor(), fault.to_string()),
    };

    let absent = Source {
        config: Some(folder.path("absent")),
        ..Source::default()
    };
    let (minor, told) = fault(&absent);
    assert_eq!(minor, Minor::NotConfigured);
    assert!(told.contains("/absent: No such file"), "{told}");

    fs::write(folder.path("config"), "verify = [\"users\"]\n[user]\n").unwrap();
    let (minor, told) = fault(&folder.source());
    assert_eq!(minor, Minor::BadConfiguration);
    assert!(
        told.contains("/config: ") && told.contains("`user`"),
        "{told}"
    );

    folder.configure("");
    fs::remove_file(folder.path("users")).unwrap();
    let (minor, told) = fault(&folder.source());
    assert_eq!(minor, Minor::UsersFileUnusable);
    assert!(told.contains("/users: No such file"), "{told}");
}

#[test]
fn a_users_file_alone_is_a_configuration() {
    let folder = Folder::new();
    let mut source = Source {
        users_file: Some(folder.path("users")),
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

/// The challenge's domain, with a users file of these lines.
fn told_domain(folder: &Folder, lines: &str, more: &str) -> (TargetKind, String) {
    fs::write(folder.path("users"), lines).unwrap();
    folder.configure(more);
    // Past the look at the users file, which has a second of its own.
    std::thread::sleep(LOOK_AGAIN + Duration::from_millis(50));
    let setup = load(&folder.source()).unwrap();
    let target = setup.challenge_target().into_owned();
    assert_eq!(target.netbios_computer, setup.target().netbios_computer);
    (target.kind, target.netbios_domain)
}

#[test]
fn the_only_domain_of_a_users_file_is_the_challenge_s() {
    let folder = Folder::new();
    let domain = |name: &str| (TargetKind::Domain, name.to_owned());
    let setup = load(&folder.source()).unwrap();
    let computer = (
        TargetKind::Server,
        setup.target().netbios_computer.to_owned(),
    );
    for (lines, expected) in [
        ("EXAMPLE:alice:pw\nOTHER:bob:pw\n", computer.clone()),
        ("Other:bob:pw\n", domain("OTHER")),
        (&*format!("{}:a:pw\n", "x".repeat(256)), computer),
    ] {
        // The same configuration all along: only the users file changes.
        assert_eq!(told_domain(&folder, lines, ""), expected, "{lines}");
    }
    let configured = "netbios_domain = \"CORP\"\n";
    assert_eq!(
        told_domain(&folder, "EXAMPLE:alice:pw\n", configured),
        domain("CORP")
    );
}

#[test]
fn clients_are_told_the_names_of_the_machine_account() {
    let text = r#"
        verify = ["netlogon"]
        [netlogon]
        domain = "example.test"
        account = "WEB1-NTLM$"
        secret = "/nowhere"
        controllers = ["192.0.2.1"]
    "#;
    let folder = Folder::new();
    fs::write(folder.path("config"), text).unwrap();
    let target = load(&folder.source()).unwrap().target().clone();
    assert_eq!(target.kind, TargetKind::Domain);
    assert_eq!(target.netbios_computer, "WEB1-NTLM");
    assert_eq!(target.netbios_domain, "EXAMPLE");
    assert_eq!(target.dns_computer, "web1-ntlm.example.test");
    assert_eq!(target.dns_domain, "example.test");
}

#[test]
fn names_of_hosts_become_netbios_names() {
    let name = |host| target::netbios_name_of(host).map(|name| name.as_str().to_owned());
    assert_eq!(name("web1.example.test"), Some("WEB1".to_owned()));
    assert_eq!(
        name("a-very-long-host-name"),
        Some("A-VERY-LONG-HOS".to_owned())
    );
    assert_eq!(name(""), None);
}
