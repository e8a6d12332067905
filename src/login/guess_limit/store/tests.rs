use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::super::record::{Answer, Moment, Permission};
use super::*;
use crate::base::crypto::Key;
use crate::login::guess_limit::tests::Random;

const NOW: Moment = Moment {
    now: 10_000,
    window: 1000,
};

/// The store of one process.
fn process(path: &Path) -> Store {
    Store::new(Some(path.to_owned()), LogTarget::Off)
}

fn begin(store: &Store) -> Permission {
    let work = |bucket: &mut Bucket, id| bucket.begin(id, 1, NOW);
    store.with("ALICE", NOW.now, work).unwrap()
}

fn wrong(store: &Store) {
    assert_eq!(begin(store), Permission::Given);
    let work = |bucket: &mut Bucket, id| bucket.end(id, Answer::Wrong, 3, NOW);
    store.with("ALICE", NOW.now, work).unwrap();
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    folder
}

#[test]
fn the_processes_of_a_host_share_their_counts() {
    let folder = folder();
    let path = folder.path().join("EXAMPLE.guesses");
    let (one, other) = (process(&path), process(&path));
    wrong(&one);
    assert_eq!(begin(&other), Permission::Refused);
    assert_eq!(begin(&process(&path)), Permission::Refused);
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert_eq!(metadata.len(), 17 * 4096, "while there are few names");
}

#[test]
fn no_name_is_in_the_file() {
    let folder = folder();
    let path = folder.path().join("EXAMPLE.guesses");
    wrong(&process(&path));
    let bytes = fs::read(&path).unwrap();
    let has = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
    assert!(has(b"ntlmdc"), "the file's own mark");
    assert!(!has(b"ALICE"));
}

#[test]
fn a_removed_file_is_made_again() {
    let folder = folder();
    let path = folder.path().join("EXAMPLE.guesses");
    let (one, other) = (process(&path), process(&path));
    wrong(&one);
    fs::remove_file(&path).unwrap();
    wrong(&one);
    assert_eq!(begin(&other), Permission::Refused);
}

/// Files of other versions of this library, of other programs, and damaged ones.
#[test]
fn an_invalid_file_is_replaced() {
    let folder = folder();
    let path = folder.path().join("EXAMPLE.guesses");
    wrong(&process(&path));
    let good = fs::read(&path).unwrap();
    let changed = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let cut = |length: usize| good.get(..length).unwrap().to_vec();
    let older = [b"ntlmdc\0\x02".as_slice(), &[1; 16], &[0; 8 + 512 * 256]].concat();
    for (bytes, message) in [
        (older, "another version"),
        (changed(7), "another version"),
        (changed(10), "wrong checksum"),
        (changed(25), "wrong checksum"),
        (vec![7; 200_000], "not a table"),
        (vec![0; 200_000], "not a table"),
        (cut(100), ""),
        (cut(4096), ""),
    ] {
        fs::write(&path, &bytes).unwrap();
        let error = {
            let file = open(&path).unwrap();
            let mut table = match Table::open(&file, MOST_IN_FILE) {
                Ok(table) => table,
                Err(error) => {
                    assert!(error.to_string().contains(message), "{error}");
                    assert!(table::is_damage(&error), "{error}");
                    continue_with(&path);
                    continue;
                }
            };
            table.with("ALICE", 0, |_, _| ()).err().unwrap()
        };
        assert!(table::is_damage(&error), "{error}");
        continue_with(&path);
    }
}

/// The replaced file is shared by processes.
fn continue_with(path: &Path) {
    wrong(&process(path));
    assert_eq!(begin(&process(path)), Permission::Refused);
    assert_eq!(fs::metadata(path).unwrap().len(), 17 * 4096);
    assert!(!path.with_extension("guesses.new").exists());
}

#[test]
fn a_running_process_detects_a_damaged_bucket() {
    let folder = folder();
    let path = folder.path().join("EXAMPLE.guesses");
    let (one, other) = (process(&path), process(&path));
    wrong(&one);
    wrong_at_all(&other);
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    for bucket in 1..=16 {
        file.write_all_at(&[0x55; 100], bucket * 4096 + 500)
            .unwrap();
    }
    wrong(&one);
    assert_eq!(begin(&other), Permission::Refused, "both have the new file");
}

#[test]
fn an_error_that_is_no_damage_replaces_no_file() {
    let folder = folder();
    let path = folder.path().join("EXAMPLE.guesses");
    wrong(&process(&path));
    let mut tables = Tables::default();
    let full = |_: &mut Table<&File>| Err::<(), _>(ErrorKind::StorageFull.into());
    let error = tables.in_file(&path, full).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert_eq!(begin(&process(&path)), Permission::Refused);
}

/// Opens the file without counting for ALICE.
fn wrong_at_all(store: &Store) {
    store.with("BOB", NOW.now, |_, _| ()).unwrap();
}

#[test]
fn without_a_usable_file_each_process_counts_alone() {
    let folder = folder();
    let open = folder.path().join("open");
    fs::write(&open, "").unwrap();
    fs::set_permissions(&open, Permissions::from_mode(0o666)).unwrap();
    let shut = folder.path().join("shut");
    fs::create_dir(&shut).unwrap();
    fs::set_permissions(&shut, Permissions::from_mode(0o755)).unwrap();
    let folders_place = folder.path().join("folder");
    fs::create_dir(&folders_place).unwrap();
    for path in [
        open,
        folders_place,
        shut.join("EXAMPLE.guesses"),
        folder.path().join("no/such/directory"),
    ] {
        let (one, other) = (process(&path), process(&path));
        wrong(&one);
        assert_eq!(begin(&one), Permission::Refused);
        assert_eq!(begin(&other), Permission::Given, "{}", path.display());
    }
    let alone = Store::new(None, LogTarget::Off);
    wrong(&alone);
    assert_eq!(begin(&alone), Permission::Refused);
}

#[test]
fn each_warning_is_given_once() {
    let folder = folder();
    let (absent, damaged) = (folder.path().join("no/such/a"), folder.path().join("a"));
    fs::write(&damaged, [7; 100]).unwrap();
    fs::set_permissions(&damaged, Permissions::from_mode(0o600)).unwrap();
    let mut tables = Tables::default();
    let mut warnings = |path: &Path| {
        tables.unused_until = None;
        tables.file = None;
        tables
            .with(Some(path), "ALICE", NOW.now, |_, _| ())
            .unwrap();
        mem::take(&mut tables.warnings)
    };
    let alone = warnings(&absent).concat();
    assert!(
        alone.contains("counts wrong passwords for itself"),
        "{alone}"
    );
    assert_eq!(warnings(&absent), Vec::<String>::new());
    let replaced = warnings(&damaged).concat();
    assert!(replaced.contains("replaced by an empty file"), "{replaced}");
    assert_eq!(warnings(&damaged), Vec::<String>::new());
    let new = folder.path().join("new");
    assert_eq!(warnings(&new), Vec::<String>::new(), "a new file is usual");
}

#[test]
fn a_table_that_cannot_grow_is_told_once() {
    let told = |sizes: [io::Result<Size>; 3]| {
        let mut tables = Tables::default();
        for size in sizes {
            tables.warn_of_size(Path::new("/a"), size);
        }
        tables.warnings
    };
    assert!(told([Ok(Size::Fits), Ok(Size::Fits), Ok(Size::Fits)]).is_empty());
    let full = || Err(ErrorKind::StorageFull.into());
    for (sizes, why) in [
        (
            [Ok(Size::AtBound), Ok(Size::AtBound), full()],
            "greatest size",
        ),
        ([Ok(Size::Fits), full(), full()], "no storage space"),
    ] {
        let told = told(sizes);
        assert!(told.len() == 1 && told[0].contains(why), "{told:?}");
    }
}

#[test]
fn a_survey_reads_the_file_that_processes_share() {
    let folder = folder();
    let path = folder.path().join("EXAMPLE.guesses");
    let survey = |path: &Path| process(path).survey(2, NOW.now);
    assert_eq!(survey(&path).unwrap(), None, "there is no file yet");
    let store = process(&path);
    for name in ["A", "B", "C", "D", "E", "E", "F", "F"] {
        let work = |bucket: &mut Bucket, id| bucket.end(id, Answer::Wrong, 2, NOW);
        store.with(name, NOW.now, work).unwrap();
    }
    assert_eq!(survey(&path).unwrap(), Some((2, 6)));
    assert_eq!(
        Store::new(None, LogTarget::Off).survey(2, NOW.now).unwrap(),
        None
    );
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(survey(&link).is_err());
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    assert!(survey(&path).is_err());
}

#[test]
fn unused_memory_is_given_back_but_for_room_to_grow() {
    let mut pages: Vec<Page> = vec![[0; PAGE]; 100];
    Pages::cut(&mut &mut pages, 10).unwrap();
    assert_eq!(pages.len(), 10);
    assert!(
        (20..100).contains(&pages.capacity()),
        "{}",
        pages.capacity()
    );
}

#[test]
fn a_file_is_cut_to_its_first_pages() {
    let file = tempfile::tempfile().unwrap();
    let mut pages = &file;
    for number in 0..3 {
        pages.write(number, &[number as u8; PAGE]).unwrap();
    }
    pages.cut(2).unwrap();
    assert_eq!(file.metadata().unwrap().len(), 2 * PAGE as u64);
    assert_eq!(pages.read(1).unwrap(), [1; PAGE]);
}

#[test]
fn a_lock_that_is_never_released_stops_no_login() {
    let folder = folder();
    let path = folder.path().join("EXAMPLE.guesses");
    let store = process(&path);
    wrong(&store);
    let stuck = File::open(&path).unwrap();
    stuck.lock().unwrap();
    assert_eq!(begin(&store), Permission::Given, "counted in memory");
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..80 {
            scope.spawn(|| begin(&store));
        }
    });
    // Each would wait 250 ms.
    assert!(
        began.elapsed() < 10 * PAUSE,
        "one of them waits for the lock, not each"
    );
    drop(stuck);
    std::thread::sleep(PAUSE);
    assert_eq!(
        begin(&store),
        Permission::Refused,
        "by the count in the file"
    );
}

/// Writes a table with counts of this many names.
fn fill(path: &Path, names: u64) {
    let mut random = Random::new(7);
    let buckets = u32::try_from(names / 60)
        .unwrap()
        .clamp(table::LEAST, MOST_IN_FILE);
    let mut counts = vec![Bucket::default(); buckets as usize];
    for _ in 0..names {
        let id = random.next();
        let number = table::bucket_of(id, buckets) as usize;
        let mut one = Bucket::default();
        one.end(id, Answer::Wrong, 3, NOW);
        counts[number].merge(one);
    }
    let mut pages = vec![table::encode_header(&Key::new([7; 16]), buckets)];
    let numbered = (0..).zip(&counts);
    pages.extend(numbered.map(|(number, bucket)| bucket.encode(number)));
    fs::write(path, pages.concat()).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

/// Prints the figures of docs/guess-limit.md:
/// `cargo test --release --lib the_cost_of_a_login -- --nocapture`, with `TMPDIR=/dev/shm`.
#[test]
fn the_cost_of_a_login_is_independent_of_the_size_of_the_table() {
    let logins = if cfg!(debug_assertions) { 500 } else { 50_000 };
    let folder = folder();
    for names in [1, 10_000, 1_000_000] {
        let path = folder.path().join(format!("{names}.guesses"));
        fill(&path, names);
        let store = process(&path);
        for answer in [Answer::Right, Answer::Wrong] {
            let began = Instant::now();
            for login in 0..logins {
                let name = format!("{answer:?}{login}");
                let given = store.with(&name, NOW.now, |bucket, id| bucket.begin(id, 3, NOW));
                assert_eq!(given.unwrap(), Permission::Given);
                let count = |bucket: &mut Bucket, id| bucket.end(id, answer, 3, NOW);
                store.with(&name, NOW.now, count).unwrap();
            }
            let each = began.elapsed() / logins;
            let size = fs::metadata(&path).unwrap().len() >> 10;
            println!("{names} names, {size} KiB: {each:?} a login that is {answer:?}");
        }
        let file = open(&path).unwrap();
        assert!(
            Table::open(&file, MOST_IN_FILE).is_ok(),
            "still the file that was filled"
        );
        assert!(fs::metadata(&path).unwrap().len() >= names * 30);
    }
}
