use super::*;
use crate::base::config::fixture;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

const SECRET: [u8; 16] = [1; 16];

fn shared(directory: &Path) -> SharedKeys {
    shared_with(directory, Path::new("/nonexistent"))
}

fn shared_with(directory: &Path, secret: &Path) -> SharedKeys {
    let config = fixture::netlogon(&format!(
        "account = \"WEB1$\"\nsecret = {secret:?}\ncontrollers = [\"192.0.2.1\"]\n\
         state_dir = {directory:?}"
    ));
    SharedKeys::new(&config, LogTarget::Off)
}

fn controller() -> Candidate {
    Candidate::new([192, 0, 2, 1].into(), Some(49152))
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_millis(20))
}

fn secrets(byte: u8) -> NtHashes {
    NtHashes {
        newest: Key::new([byte; 16]),
        before: None,
    }
}

fn keep(shared: &SharedKeys) -> Capable {
    keep_of(shared, seconds_since_1970())
}

fn keep_of(shared: &SharedKeys, agreed: u32) -> Capable {
    let capable = Capable::pretended(0x612F_FFFF, agreed);
    let lock = shared.lock(&controller(), soon()).unwrap();
    shared.keep(&lock, &controller(), &Key::new(SECRET), &capable);
    capable
}

fn recall(shared: &SharedKeys) -> Option<Capable> {
    shared.recall(&controller(), &secrets(1))
}

fn state_file(directory: &Path) -> PathBuf {
    directory.join("EXAMPLE.WEB1.192.0.2.1.49152.state")
}

#[test]
fn what_one_keeps_another_recalls() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("ntlmdc");
    let (one, another) = (shared(&directory), shared(&directory));
    assert_eq!(recall(&another), None);
    let kept = keep(&one);
    assert_eq!(recall(&another), Some(kept));
    assert_eq!(another.recall(&controller(), &secrets(2)), None);
    let elsewhere = Candidate {
        port: None,
        ..controller()
    };
    assert_eq!(another.recall(&elsewhere, &secrets(1)), None);

    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(mode(&state_file(&directory)), 0o600);
}

#[test]
fn a_distrusted_key_is_removed_and_its_successor_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let shared = shared(&directory.path().join("state"));
    let discard = |distrusted: &[Capable]| {
        let lock = shared.lock(&controller(), soon()).unwrap();
        shared.discard(&lock, &controller(), &secrets(1), distrusted);
    };
    let now = seconds_since_1970();
    let old = keep_of(&shared, now - 60);
    let new = keep_of(&shared, now);
    discard(&[]);
    discard(std::slice::from_ref(&old));
    assert_eq!(recall(&shared), Some(new.clone()));
    discard(&[old, new]);
    assert_eq!(recall(&shared), None);
}

#[test]
fn what_is_old_is_not_recalled() {
    let parent = tempfile::tempdir().unwrap();
    let shared = shared(&parent.path().join("ntlmdc"));
    let now = seconds_since_1970();
    for (agreed, is_recalled) in [
        (now - 3500, true),
        (now - 3600, false),
        // By a clock that was set back since.
        (now + 60, false),
    ] {
        keep_of(&shared, agreed);
        assert_eq!(recall(&shared).is_some(), is_recalled);
    }
}

#[test]
fn one_at_a_time_holds_the_lock_and_every_wait_ends() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("ntlmdc");
    let (one, another) = (shared(&directory), shared(&directory));
    let held = one.lock(&controller(), soon()).unwrap();
    assert!(another.lock(&controller(), soon()).is_none());
    // What a fork leaves in the child keeps nothing locked.
    let inherited = held._lock.file().try_clone().unwrap();
    drop(held);
    assert!(another.lock(&controller(), soon()).is_some());
    drop(inherited);
}

#[test]
fn a_damaged_or_foreign_file_is_written_anew() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("ntlmdc");
    let shared = shared(&directory);
    let kept = keep(&shared);
    let path = state_file(&directory);
    let elsewhere = parent.path().join("elsewhere");
    fs::copy(&path, &elsewhere).unwrap();

    let spoil: [&dyn Fn(); 6] = [
        &|| fs::write(&path, b"noise").unwrap(),
        &|| fs::write(&path, vec![0; 1 << 20]).unwrap(),
        &|| fs::remove_file(&path).unwrap(),
        &|| fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap(),
        &|| {
            fs::remove_file(&path).unwrap();
            symlink(&elsewhere, &path).unwrap();
        },
        // What a process left that was killed while it wrote.
        &|| {
            fs::write(path.with_extension("new"), b"half").unwrap();
            fs::write(&path, b"").unwrap();
        },
    ];
    for (number, spoil) in spoil.iter().enumerate() {
        spoil();
        assert_eq!(recall(&shared), None, "{number}");
        keep_of(&shared, kept.proof().agreed());
        assert_eq!(recall(&shared).as_ref(), Some(&kept), "{number}");
    }
}

#[test]
fn a_directory_that_is_not_ours_alone_is_not_used() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("ntlmdc");
    keep(&shared(&directory));
    let unused = |path: &Path, what: &str| {
        let shared = shared(path);
        assert!(shared.lock(&controller(), soon()).is_none(), "{what}");
        assert_eq!(recall(&shared), None, "{what}");
    };
    fs::set_permissions(&directory, Permissions::from_mode(0o750)).unwrap();
    unused(&directory, "open to the group");
    fs::set_permissions(&directory, Permissions::from_mode(0o700)).unwrap();
    let link = parent.path().join("link");
    symlink(&directory, &link).unwrap();
    unused(&link, "a link");
    unused(&parent.path().join("none/ntlmdc"), "no parent");
    let file = parent.path().join("file");
    fs::write(&file, b"").unwrap();
    unused(&file, "a file");
    assert!(shared(&directory).lock(&controller(), soon()).is_some());
}

#[test]
fn without_a_directory_the_file_of_the_secret_is_locked_and_no_key_is_kept() {
    let parent = tempfile::tempdir().unwrap();
    let secret = parent.path().join("secret");
    fs::write(&secret, b"secret").unwrap();
    // As the server finds it, which cannot write it.
    fs::set_permissions(&secret, Permissions::from_mode(0o440)).unwrap();
    let missing = parent.path().join("none/ntlmdc");
    let (one, another) = (
        shared_with(&missing, &secret),
        shared_with(&missing, &secret),
    );
    let held = one.lock(&controller(), soon()).unwrap();
    assert!(another.lock(&controller(), soon()).is_none());
    let elsewhere = Candidate::new([192, 0, 2, 2].into(), None);
    assert!(another.lock(&elsewhere, soon()).is_none(), "one for all");
    let capable = Capable::pretended(0x612F_FFFF, seconds_since_1970());
    one.keep(&held, &controller(), &Key::new(SECRET), &capable);
    drop(held);
    assert!(another.lock(&controller(), soon()).is_some());
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
}

#[test]
fn addresses_without_end_leave_no_files_without_end() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("ntlmdc");
    let shared = shared(&directory);
    let controllers = (0..=255).map(|last| Candidate::new([192, 0, 2, last].into(), None));
    let mut others = 0;
    let held = shared.lock(&controller(), soon()).unwrap();
    for controller in controllers {
        let now = Deadline::after(Duration::from_millis(1));
        others += usize::from(shared.lock(&controller, now).is_some());
    }
    // A controller that hangs with the lock is in the way of one in sixteen.
    assert!((220..256).contains(&others), "{others}");
    drop(held);
    assert_eq!(
        fs::read_dir(&directory).unwrap().count(),
        usize::from(LOCKS)
    );
}

#[test]
fn unsigned_headers_are_told_of_once_a_controller() {
    let directory = tempfile::tempdir().unwrap();
    let shared = shared(directory.path());
    let other = Candidate {
        port: None,
        ..controller()
    };
    for candidate in [controller(), other, controller()] {
        shared.tell_of_unsigned_headers(&candidate);
    }
    let told = shared.told_unsigned.of_this_process(Mutex::default);
    assert_eq!(told.lock().unwrap().len(), 2);
}
