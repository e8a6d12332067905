use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use super::*;

const BODY: &[u8] = b"the state of a context";

fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o700)).unwrap();
    directory
}

fn through(path: &Path) -> Handover {
    Handover::through(path.to_owned())
}

fn soon() -> SystemTime {
    SystemTime::now() + Duration::from_secs(60)
}

fn seal(handover: &Handover) -> Vec<u8> {
    seal_until(handover, soon()).unwrap()
}

fn seal_until(handover: &Handover, until: SystemTime) -> Result<Vec<u8>, Fault> {
    handover.seal(Kind::Acceptor, until, &SecretBytes::new(BODY.to_vec()))
}

fn open(handover: &Handover, token: &[u8]) -> Result<Vec<u8>, Minor> {
    let opened = handover.open(token).map_err(|fault| fault.minor())?;
    assert_eq!(opened.kind(), Kind::Acceptor);
    Ok(opened.body().to_vec())
}

fn tickets(path: &Path) -> usize {
    let names = fs::read_dir(path).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("ticket.")).count()
}

#[test]
fn another_process_opens_a_token_once() {
    let directory = directory();
    let (one, another) = (through(directory.path()), through(directory.path()));
    let (first, second) = (seal(&one), seal(&one));
    assert_eq!(tickets(directory.path()), 2);
    assert!(!first.windows(BODY.len()).any(|window| window == BODY));
    assert_eq!(open(&another, &second).as_deref(), Ok(BODY));
    assert_eq!(open(&another, &second), Err(Minor::ContextTokenUsed));
    assert_eq!(open(&one, &second), Err(Minor::ContextTokenUsed));
    assert_eq!(open(&one, &first).as_deref(), Ok(BODY));
    assert_eq!(tickets(directory.path()), 0);
    let mode = |name| {
        let metadata = fs::metadata(directory.path().join(name)).unwrap();
        metadata.permissions().mode() & 0o7777
    };
    assert_eq!(mode("export.key"), 0o600);
}

#[test]
fn a_token_tells_which_side_of_a_login_it_holds() {
    let directory = directory();
    let handover = through(directory.path());
    for kind in [Kind::Acceptor, Kind::Initiator] {
        let body = SecretBytes::new(BODY.to_vec());
        let token = handover.seal(kind, soon(), &body).unwrap();
        assert_eq!(handover.open(&token).unwrap().kind(), kind);
    }
}

#[test]
fn every_changed_token_is_refused_and_leaves_the_original_valid() {
    let directory = directory();
    let handover = through(directory.path());
    let token = seal(&handover);
    for at in 0..token.len() {
        for bit in 0..8 {
            let mut changed = token.clone();
            changed[at] ^= 1 << bit;
            let outcome = open(&handover, &changed);
            assert_eq!(outcome, Err(Minor::BadContextToken), "{at} {bit}");
        }
        assert_eq!(open(&handover, &token[..at]), Err(Minor::BadContextToken));
    }
    let longer = [&token[..], &[0]].concat();
    assert_eq!(open(&handover, &longer), Err(Minor::BadContextToken));
    for foreign in [&b"NTLMSSP\0\x01\0\0\0"[..], &[0; 200], &[0; MAX_TOKEN + 1]] {
        assert_eq!(open(&handover, foreign), Err(Minor::BadContextToken));
    }
    assert_eq!(open(&handover, &token).as_deref(), Ok(BODY));
}

#[test]
fn another_key_opens_no_token() {
    let (here, elsewhere) = (directory(), directory());
    let (one, another) = (through(here.path()), through(elsewhere.path()));
    let token = seal(&one);
    assert_eq!(open(&another, &token), Err(Minor::BadContextToken));
    seal(&another);
    assert_eq!(open(&another, &token), Err(Minor::BadContextToken));
    fs::copy(
        elsewhere.path().join("export.key"),
        here.path().join("export.key"),
    )
    .unwrap();
    assert_eq!(open(&one, &token), Err(Minor::BadContextToken));
}

#[test]
fn an_expired_token_is_refused_and_its_ticket_is_removed() {
    let directory = directory();
    let handover = through(directory.path());
    let good = seal(&handover);
    let expired = seal_until(&handover, SystemTime::now()).unwrap();
    assert_eq!(open(&handover, &expired), Err(Minor::ContextTokenExpired));
    assert_eq!(tickets(directory.path()), 2);
    fs::write(directory.path().join("ticket.of-another-kind"), b"").unwrap();
    ticket::sweep(directory.path(), SystemTime::now().into()).unwrap();
    assert_eq!(tickets(directory.path()), 2);
    assert_eq!(open(&handover, &good).as_deref(), Ok(BODY));
}

#[test]
fn of_many_processes_one_opens_a_token_and_all_have_one_key() {
    const MANY: usize = 8;
    let directory = directory();
    let together = Barrier::new(MANY);
    let tokens: Vec<_> = thread::scope(|scope| {
        let seal = || {
            together.wait();
            seal(&through(directory.path()))
        };
        let threads: Vec<_> = (0..MANY).map(|_| scope.spawn(seal)).collect();
        threads.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for token in &tokens {
        let outcomes: Vec<_> = thread::scope(|scope| {
            let open = || {
                together.wait();
                open(&through(directory.path()), token)
            };
            let threads: Vec<_> = (0..MANY).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let opened = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(opened, 1, "{outcomes:?}");
    }
}

#[test]
fn a_directory_or_key_that_others_can_access_is_not_used() {
    let directory = directory();
    let path = directory.path().join("state");
    let handover = through(&path);
    let refused = |handover: &Handover, token: &[u8]| {
        assert!(!handover.is_possible());
        let fault = seal_until(handover, soon()).unwrap_err();
        assert_eq!(fault.minor(), Minor::NoTransfer);
        assert!(fault.to_string().contains("with mode 0700"), "{fault}");
        assert_eq!(open(handover, token), Err(Minor::NoTransfer));
    };
    refused(&handover, b"");
    assert!(
        !path.exists(),
        "the owner of a missing directory is unknown"
    );
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    assert!(handover.is_possible());
    let token = seal(&handover);
    fs::set_permissions(&path, Permissions::from_mode(0o750)).unwrap();
    refused(&handover, &token);
    fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    let link = directory.path().join("link");
    symlink(&path, &link).unwrap();
    refused(&through(&link), &token);

    let key = path.join("export.key");
    fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
    refused(&handover, &token);
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    fs::rename(&key, path.join("elsewhere")).unwrap();
    symlink(path.join("elsewhere"), &key).unwrap();
    refused(&handover, &token);
    fs::rename(path.join("elsewhere"), &key).unwrap();
    assert_eq!(open(&handover, &token).as_deref(), Ok(BODY));
}

#[test]
fn a_damaged_key_is_replaced() {
    let directory = directory();
    let handover = through(directory.path());
    let old = seal(&handover);
    for damaged in [&b""[..], &[1; 31], &[1; 33], &[1; 4096]] {
        fs::write(directory.path().join("export.key"), damaged).unwrap();
        // The remains of a process that was killed while it wrote.
        fs::write(directory.path().join("export.new"), b"half").unwrap();
        assert_eq!(open(&handover, &old), Err(Minor::BadContextToken));
        let token = seal(&handover);
        assert_eq!(open(&handover, &token).as_deref(), Ok(BODY));
    }
}

#[test]
fn a_key_with_a_byte_too_many_is_not_cut_to_its_length() {
    let directory = directory();
    let handover = through(directory.path());
    let token = seal(&handover);
    let path = directory.path().join("export.key");
    let longer = [fs::read(&path).unwrap(), vec![0]].concat();
    fs::write(&path, longer).unwrap();
    assert_eq!(open(&handover, &token), Err(Minor::BadContextToken));
}

/// A token of the greatest length is opened; one byte more is not sealed.
#[test]
fn a_token_is_not_longer_than_may_be_opened() {
    let directory = directory();
    let handover = through(directory.path());
    let overhead = seal(&handover).len() - BODY.len();
    let sealed = |length| {
        let body = SecretBytes::new(vec![7; length]);
        handover.seal(Kind::Acceptor, soon(), &body)
    };
    let longest = sealed(MAX_TOKEN - overhead).unwrap();
    assert_eq!(longest.len(), MAX_TOKEN);
    assert_eq!(
        open(&handover, &longest).unwrap().len(),
        MAX_TOKEN - overhead
    );
    let before = tickets(directory.path());
    let fault = sealed(MAX_TOKEN - overhead + 1).unwrap_err();
    assert_eq!(fault.minor(), Minor::NoTransfer);
    assert!(fault.to_string().contains("1 MiB"), "{fault}");
    assert_eq!(tickets(directory.path()), before);
}

#[test]
fn a_ticket_that_cannot_be_removed_is_told() {
    let directory = directory();
    let handover = through(directory.path());
    let token = seal(&handover);
    let mut names = fs::read_dir(directory.path()).unwrap();
    let is_ticket = |path: &std::path::PathBuf| path.to_str().unwrap().contains("/ticket.");
    let ticket = names.find_map(|entry| Some(entry.unwrap().path()).filter(is_ticket));
    let ticket = ticket.unwrap();
    fs::remove_file(&ticket).unwrap();
    fs::create_dir(&ticket).unwrap();
    assert_eq!(open(&handover, &token), Err(Minor::NoTransfer));
}

#[test]
fn the_directory_is_looked_at_once_a_second() {
    let directory = directory();
    let known = Mutex::default();
    let began = Instant::now();
    let looks = std::cell::Cell::new(0);
    let look = |milliseconds| {
        let now = began + Duration::from_millis(milliseconds);
        look_up(&known, now, || {
            looks.set(looks.get() + 1);
            Ok(through(directory.path()))
        })
    };
    assert!(look(0));
    fs::set_permissions(directory.path(), Permissions::from_mode(0o750)).unwrap();
    assert!(look(999));
    assert_eq!(looks.get(), 1);
    assert!(!look(1000));
    assert!(!look(1001));
    assert_eq!(looks.get(), 2);
    assert!(!look_up(&Mutex::default(), began, || Err(
        Minor::NoTransfer.into()
    )));
}

#[test]
fn tickets_are_swept_once_a_minute() {
    let mut swept = None;
    assert!(ticket::is_due(&mut swept));
    assert!(!ticket::is_due(&mut swept));
    swept = Instant::now().checked_sub(Duration::from_secs(60));
    assert!(ticket::is_due(&mut swept));
    assert!(!ticket::is_due(&mut swept));
}
