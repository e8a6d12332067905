use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process;

use super::layout::{ENTRY, entries};
use super::*;

/// As if the words were a file.
#[allow(clippy::unnecessary_wraps, reason = "a `MapFile`")]
fn in_memory(_file: &File, words: usize) -> io::Result<&'static [AtomicU64]> {
    Ok(Box::leak((0..words).map(|_| AtomicU64::new(0)).collect()))
}

fn words() -> &'static [AtomicU64] {
    in_memory(&File::open("/").unwrap(), layout::WORDS).unwrap()
}

fn private_directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(directory.path(), mode).unwrap();
    directory
}

/// Counters of this process that are attached to words in memory, and these words.
fn counters() -> (Counters, &'static [AtomicU64]) {
    let words = words();
    words[0].store(layout::magic(layout::VERSION), Ordering::Relaxed);
    words[1].store(layout::WORDS as u64, Ordering::Relaxed);
    let counters = Counters::new(Place::IfThere("/nonexistent".into()));
    let entry = attach::take_entry(words);
    *counters.0.attached.write().unwrap() = Some(Attached {
        words,
        entry,
        file: (0, 0),
    });
    counters.0.look_at.store(u64::MAX, Ordering::Relaxed);
    (counters, words)
}

fn bytes(words: &[AtomicU64]) -> Vec<u8> {
    let number = |word: &AtomicU64| word.load(Ordering::Relaxed).to_ne_bytes();
    words.iter().flat_map(number).collect()
}

fn snapshot(words: &[AtomicU64]) -> Snapshot {
    Snapshot::decode(&bytes(words)).unwrap()
}

#[test]
fn what_was_counted_is_read_back() {
    let (counters, words) = counters();
    counters.challenged();
    counters.challenged();
    counters.challenge_answered();
    counters.accepted("users");
    counters.accepted("netlogon");
    counters.accepted("directory");
    counters.refused(Minor::BadUserOrPassword);
    counters.refused(Minor::BadUserOrPassword);
    counters.refused(Minor::InternalError);
    counters.add(Total::Failovers, 3);
    let counted = snapshot(words);
    assert_eq!(counted.total(Total::Challenges), 2);
    assert_eq!(counted.total(Total::ChallengesAnswered), 1);
    assert_eq!(counted.total(Total::AcceptedByUsers), 1);
    assert_eq!(counted.total(Total::Failovers), 3);
    assert_eq!((counted.accepted(), counted.refused()), (3, 3));
    assert!(counted.total(Total::LastAccepted) > 1_700_000_000);
    let refusals: Vec<_> = counted.refusals().filter(|(_, count)| *count > 0).collect();
    let expected = [
        (Minor::BadUserOrPassword.code(), 2),
        (Minor::InternalError.code(), 1),
    ];
    assert_eq!(refusals, expected);
    let [entry] = counted.entries().try_into().unwrap();
    assert_eq!((entry.accepted, entry.refused), (3, 3));
    assert_eq!(entry.process, u64::from(process::id()));
    assert!(entry.is_running());
}

#[test]
fn percentiles_are_bounds_of_buckets() {
    let (counters, words) = counters();
    assert_eq!(snapshot(words).percentile(50), None);
    for milliseconds in [1, 1, 1, 1, 1, 1, 1, 1, 1, 40] {
        counters.verified(Duration::from_millis(milliseconds));
    }
    let counted = snapshot(words);
    assert_eq!(counted.percentile(50), Some(1_000));
    assert_eq!(counted.percentile(90), Some(1_000));
    assert_eq!(counted.percentile(91), Some(50_000));
    assert_eq!(counted.total(Total::VerificationTime), 49_000);
    counters.verified(Duration::MAX);
    assert_eq!(snapshot(words).percentile(100), None, "above every bound");
}

#[test]
fn gauges_of_several_pools_add_up() {
    let (counters, words) = counters();
    let shown = || {
        let [entry] = snapshot(words).entries().try_into().unwrap();
        (entry.connections, entry.waiting)
    };
    let (mut one, mut other) = (counters.gauge(), counters.gauge());
    one.set(3, 1);
    other.set(2, 2);
    assert_eq!(shown(), (5, 3));
    one.set(1, 0);
    assert_eq!(shown(), (3, 2));
    drop(one);
    assert_eq!(shown(), (2, 2));
    drop(other);
    assert_eq!(shown(), (0, 0));
}

#[test]
fn the_controller_in_use_and_its_outage() {
    let (counters, words) = counters();
    let entry = || snapshot(words).entries().remove(0);
    assert_eq!(entry().controller, None);
    for text in ["10.0.0.2", "2001:db8::1", "10.0.0.3"] {
        let address: IpAddr = text.parse().unwrap();
        counters.answered(address);
        let controller = entry().controller.unwrap();
        assert_eq!(controller.address, address);
        assert!(controller.since > 0 && controller.last >= controller.since);
    }
    counters.outage(Some(Minor::ControllerUnreachable));
    assert_eq!(entry().outage, Some(Minor::ControllerUnreachable.code()));
    counters.outage(None);
    assert_eq!(entry().outage, None);
}

/// Words in which each entry is that of this process, with open connections.
fn words_without_free_entry(process: u32, began: u64) -> &'static [AtomicU64] {
    let words = words();
    for entry in entries() {
        for (field, value) in [
            (Field::Process, process.into()),
            (Field::Began, began),
            (Field::Connections, 9),
        ] {
            words[entry + field as usize].store(value, Ordering::Relaxed);
        }
    }
    words
}

#[test]
fn entries_of_processes_that_are_gone_are_cleared_and_taken() {
    let mut gone = process::Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    let words = words_without_free_entry(gone.id(), 0);
    let first = attach::take_entry(words).unwrap();
    let connections = &words[first + Field::Connections as usize];
    assert_eq!(connections.load(Ordering::Relaxed), 0);
    // This process runs, so the next one is another entry.
    assert_eq!(attach::take_entry(words), Some(first + ENTRY));
}

#[test]
fn a_number_that_another_process_has_now_keeps_no_entry() {
    let began = liveness::began(process::id()).unwrap();
    let words = words_without_free_entry(process::id(), began + 1);
    assert!(attach::take_entry(words).is_some());
}

#[test]
fn without_a_free_entry_totals_are_counted() {
    let words = words_without_free_entry(process::id(), 0);
    assert_eq!(attach::take_entry(words), None);
    words[0].store(layout::magic(layout::VERSION), Ordering::Relaxed);
    words[1].store(layout::WORDS as u64, Ordering::Relaxed);
    assert_eq!(snapshot(words).total(Total::WithoutEntry), 1);
    let attached = Attached {
        words,
        entry: None,
        file: (0, 0),
    };
    attached.add_to_field(Field::Accepted, 1);
    attached.add(layout::total(Total::Challenges), 1);
    assert_eq!(snapshot(words).total(Total::Challenges), 1);
}

#[test]
fn what_is_no_file_of_counters_is_not_read() {
    let (_, words) = counters();
    let whole = bytes(words);
    for (how, bytes) in [
        ("not a file", Vec::new()),
        ("not a file", vec![0xFF; layout::SIZE]),
        ("not a file", whole[..7].to_vec()),
        ("bytes long", whole[..8].to_vec()),
        ("bytes long", whole[..whole.len() - 1].to_vec()),
        ("bytes long", [&whole[..], b"x"].concat()),
        ("bytes long", [&whole[..8], &[0; layout::SIZE - 8]].concat()),
    ] {
        let problem = Snapshot::decode(&bytes).unwrap_err().to_string();
        assert!(problem.contains(how), "{problem}");
    }
    let newer = [&layout::magic(9).to_ne_bytes()[..], &whole[8..]].concat();
    let problem = Snapshot::decode(&newer).unwrap_err();
    assert!(matches!(problem, Unusable::OtherVersion(9)), "{problem}");
    // Any number may stand in the words.
    let wild = [&whole[..16], &[0xFF; layout::SIZE - 16]].concat();
    let wild = Snapshot::decode(&wild).unwrap();
    assert_eq!(wild.refused(), u64::MAX);
    assert!(wild.percentile(99).is_some());
    assert!(wild.entries().iter().all(|entry| !entry.is_running()));
}

#[test]
fn a_file_that_is_gone_is_made_anew() {
    let directory = private_directory();
    let path = directory.path().join(FILE);
    let place = Place::IfThere(directory.path().to_owned());
    let first = attach::attach(&place, in_memory).unwrap();
    assert!(attach::is_current(&place, first.file));
    let again = attach::attach(&place, in_memory).unwrap();
    assert_eq!(again.file, first.file);
    // It stays open, so that its inode is not used again.
    let _open = File::open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(!attach::is_current(&place, first.file));
    let second = attach::attach(&place, in_memory).unwrap();
    assert_ne!(second.file, first.file);
    assert_eq!(read(directory.path()).unwrap().accepted(), 0);
}

#[test]
fn a_directory_or_file_of_others_is_not_used() {
    let directory = private_directory();
    let place = Place::IfThere(directory.path().to_owned());
    let refused = || attach::attach(&place, in_memory).unwrap_err().to_string();
    let file = |mode| {
        let path = directory.path().join(FILE);
        let mut options = std::fs::OpenOptions::new();
        options
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&path)
            .unwrap();
        path
    };
    let path = file(0o644);
    assert!(refused().contains("mode 0600"));
    assert!(matches!(read(directory.path()), Err(Unusable::Damaged(_))));
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
    refused();
    std::fs::remove_file(&path).unwrap();

    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(directory.path(), mode).unwrap();
    assert!(refused().contains("lets others in"));
    assert!(matches!(read(directory.path()), Err(Unusable::Damaged(_))));

    let absent = directory.path().join("absent");
    assert!(attach::attach(&Place::IfThere(absent.clone()), in_memory).is_err());
    assert!(matches!(read(&absent), Err(Unusable::NoDirectory)));
    attach::attach(&Place::Made(absent.clone()), in_memory).unwrap();
    assert!(read(&absent).is_ok());
}
