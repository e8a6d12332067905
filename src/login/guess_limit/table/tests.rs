use super::super::record::{Answer, Moment, Permission};
use super::super::tests::{Model, Random};
use super::*;

const LIMIT: u16 = 3;
const WINDOW: u64 = 1000;

/// Pages in memory with a bounded number of writes: the state that a killed process or a full disk
/// leaves.
struct Failing<'a> {
    pages: &'a mut Vec<Page>,
    writes: u64,
}

impl Failing<'_> {
    fn spend(&mut self) -> io::Result<()> {
        let left = self.writes.checked_sub(1);
        self.writes = left.ok_or(ErrorKind::StorageFull)?;
        Ok(())
    }
}

impl Pages for Failing<'_> {
    fn read(&self, number: u32) -> io::Result<Page> {
        let page = self.pages.get(number as usize);
        page.copied().ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }

    fn write(&mut self, number: u32, page: &Page) -> io::Result<()> {
        self.spend()?;
        (&mut *self.pages).write(number, page)
    }

    fn cut(&mut self, count: u32) -> io::Result<()> {
        self.spend()?;
        (&mut *self.pages).cut(count)
    }
}

fn at(now: u64) -> Moment {
    Moment {
        now,
        window: WINDOW,
    }
}

fn begin(pages: &mut Vec<Page>, most: u32, name: u64, now: u64) -> (Permission, Size) {
    let mut table = Table::open(pages, most).unwrap();
    let work = |bucket: &mut Bucket, id| bucket.begin(id, LIMIT, at(now));
    let (permission, size) = table.with(&name.to_string(), now, work).unwrap();
    (permission, size.unwrap())
}

fn end(pages: &mut Vec<Page>, most: u32, name: u64, answer: Answer, now: u64) {
    let mut table = Table::open(pages, most).unwrap();
    let work = |bucket: &mut Bucket, id| bucket.end(id, answer, LIMIT, at(now));
    table.with(&name.to_string(), now, work).unwrap().1.unwrap();
}

fn wrong(pages: &mut Vec<Page>, most: u32, name: u64, now: u64) {
    assert_eq!(begin(pages, most, name, now).0, Permission::Given);
    end(pages, most, name, Answer::Wrong, now);
}

#[test]
fn a_split_moves_names_from_the_buddy_bucket_only() {
    for buckets in LEAST..300 {
        let new = buckets;
        for id in (0..20_000).map(|n: u64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15)) {
            let (before, after) = (bucket_of(id, buckets), bucket_of(id, buckets + 1));
            assert!(before < buckets);
            assert!(after == before || (after == new && before == buddy_of(new)));
        }
    }
}

#[test]
fn a_table_grows_with_its_names_and_shrinks_after_their_windows() {
    const MOST: u32 = 4096;
    let mut pages = empty().unwrap();
    for name in 0..10_000 {
        wrong(&mut pages, MOST, name, 10_000);
    }
    let grown = pages.len();
    assert!((100..300).contains(&grown), "{grown} pages");
    for name in 0..10_000 {
        wrong(&mut pages, MOST, name, 10_500);
    }
    assert!(pages.len() == grown, "the same names need no more room");
    // Later names take the place of names whose windows are over.
    for name in 20_000..30_000 {
        wrong(&mut pages, MOST, name, 11_500);
    }
    assert!(pages.len() <= 2 * grown, "{} pages", pages.len());
    for name in 0..200 {
        begin(&mut pages, MOST, 40_000 + name, 20_000);
    }
    assert_eq!(pages.len(), 1 + LEAST as usize);
}

#[test]
fn at_its_bound_a_table_neither_forgets_a_count_nor_refuses_a_new_name() {
    const NAMES: u64 = 4000;
    let mut pages = empty().unwrap();
    let mut at_bound = false;
    for name in 0..NAMES {
        let (permission, size) = begin(&mut pages, LEAST, name, 10_000);
        assert_eq!(permission, Permission::Given);
        at_bound |= size == Size::AtBound;
        end(&mut pages, LEAST, name, Answer::Wrong, 10_000);
    }
    assert!(at_bound);
    assert_eq!(pages.len(), 1 + LEAST as usize, "2320 records");
    for innocent in NAMES..3 * NAMES {
        let (permission, _) = begin(&mut pages, LEAST, innocent, 10_500);
        assert_eq!(permission, Permission::Given);
        end(&mut pages, LEAST, innocent, Answer::Right, 10_500);
    }
    for name in 0..NAMES {
        let mut asked = 1;
        while begin(&mut pages, LEAST, name, 10_500).0 == Permission::Given {
            end(&mut pages, LEAST, name, Answer::Wrong, 10_500);
            asked += 1;
        }
        assert!(asked <= LIMIT, "{name}: {asked} times");
    }
}

#[test]
fn invalid_tables_are_damage() {
    let good = empty().unwrap();
    let bound = || Table::open(&mut good.clone(), LEAST).map(|table| table.buckets);
    assert_eq!(bound().unwrap(), LEAST);
    for at in 0..32 {
        let mut pages = good.clone();
        pages[0][at] ^= 1;
        let error = Table::open(&mut pages, LEAST).err().unwrap();
        assert!(is_damage(&error), "{at}: {error}");
    }
    let mut pages = good.clone();
    pages[0] = encode_header(&Key::new([1; 16]), LEAST + 1);
    assert!(Table::open(&mut pages, LEAST).is_err(), "beyond the bound");
    let error = Table::open(&mut Vec::new(), LEAST).err().unwrap();
    assert!(is_damage(&error));
    let mut pages = good;
    pages.truncate(1);
    let mut table = Table::open(&mut pages, LEAST).unwrap();
    let error = table.with("alice", 0, |_, _| ()).err().unwrap();
    assert!(is_damage(&error), "{error}");
}

/// A table under random guesses, with the exact counts of the same guesses.
struct Trial {
    random: Random,
    pages: Vec<Page>,
    model: Model,
    pending: Vec<u64>,
    now: u64,
    interrupted: u32,
}

impl Trial {
    const MOST: u32 = 256;

    fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            pages: empty().unwrap(),
            model: Model::new(LIMIT, WINDOW),
            pending: Vec::new(),
            now: 10_000,
            interrupted: 0,
        }
    }

    /// Works on the bucket of a name, in one of three cases with few writes left.
    fn with<T>(&mut self, name: u64, work: impl Fn(&mut Bucket, Id) -> T) -> io::Result<T> {
        let writes = match self.random.below(3) {
            0 => self.random.below(4),
            _ => 1000,
        };
        let pages = &mut self.pages;
        let mut table = Table::open(Failing { pages, writes }, Self::MOST).unwrap();
        let done = table.with(&name.to_string(), self.now, work);
        self.interrupted += u32::from(!matches!(done, Ok((_, Ok(_)))));
        done.map(|(result, _)| result)
    }

    fn begin(&mut self, name: u64) {
        let moment = at(self.now);
        let done = self.with(name, |bucket, id| bucket.begin(id, LIMIT, moment));
        let Ok(permission) = done else { return };
        assert_eq!(permission, self.model.permission(name, self.now));
        if permission == Permission::Given {
            self.model.begin(name, self.now);
            self.pending.push(name);
        }
    }

    fn end(&mut self) {
        let which = self.random.below(self.pending.len() as u64) as usize;
        let (name, answer) = (self.pending[which], self.random.answer());
        let moment = at(self.now);
        let done = self.with(name, |bucket, id| bucket.end(id, answer, LIMIT, moment));
        if done.is_ok() {
            self.model.end(name, answer, self.now);
            self.pending.swap_remove(which);
        }
    }
}

/// Random guesses at random times, in tables that grow, shrink, and are interrupted between any two
/// writes. Below its bound a table counts exactly.
#[test]
fn an_interrupted_table_counts_exactly() {
    for seed in 1..=4 {
        let mut trial = Trial::new(seed);
        let mut largest = 0;
        for step in 0..20_000 {
            // Phases of many names and of few names, with the end of a window between.
            let names = if step / 5000 % 2 == 0 { 4000 } else { 50 };
            trial.now += match step {
                step if step % 5000 == 0 => 5000,
                step => u64::from(step % 20 == 0),
            };
            let name = trial.random.below(names);
            if trial.random.below(2) == 0 || trial.pending.is_empty() {
                trial.begin(name);
            } else {
                trial.end();
            }
            largest = largest.max(trial.pages.len());
        }
        assert!(trial.interrupted > 500, "{}", trial.interrupted);
        assert!(largest > 30, "{largest} pages");
        let buckets = Table::open(&mut trial.pages, Trial::MOST).unwrap().buckets;
        assert_eq!(buckets, LEAST, "few names are left");
    }
}

/// A table of so many buckets. Each of these has records with a wrong guess.
fn pages_of(buckets: u32, filled: &[(u32, usize)]) -> Vec<Page> {
    let page = |number: u32| {
        let mut bucket = Bucket::default();
        let wanted = filled.iter().find(|(of, _)| *of == number);
        // Only the low half of a hash chooses the bucket.
        for high in 1..=wanted.map_or(0, |(_, records)| *records as u64) {
            bucket.end(
                high << 32 | u64::from(number),
                Answer::Wrong,
                LIMIT,
                at(10_000),
            );
        }
        bucket.encode(number)
    };
    let header = encode_header(&Key::new([7; 16]), buckets);
    std::iter::once(header)
        .chain((0..buckets).map(page))
        .collect()
}

/// A bucket without records, with a pending guess in the shared record.
fn pinned() -> Bucket {
    let mut bucket = Bucket::default();
    for id in 0..=bucket::CAPACITY as u64 {
        assert_eq!(bucket.begin(id, LIMIT, at(10_000)), Permission::Given);
    }
    for id in 0..bucket::CAPACITY as u64 {
        bucket.end(id, Answer::Undecided, LIMIT, at(10_000));
    }
    assert_eq!((bucket.len(), bucket.is_pinned()), (0, true));
    bucket
}

/// The number of buckets after one merge.
fn merged(pages: &mut Vec<Page>) -> u32 {
    let mut table = Table::open(pages, 1000).unwrap();
    table.merge_some(10_000).unwrap();
    table.buckets
}

/// An interrupted change of the size leaves copies.
#[test]
fn records_of_another_bucket_are_dropped() {
    let mut pages = pages_of(LEAST, &[]);
    let mut bucket = Bucket::default();
    for low in [0, 1] {
        bucket.end(1 << 32 | low, Answer::Wrong, LIMIT, at(10_000));
    }
    pages[1] = bucket.encode(0);
    let table = Table::open(&mut pages, LEAST).unwrap();
    assert_eq!(table.survey(LIMIT, 10_000).unwrap(), (0, 1));
}

#[test]
fn eight_buckets_are_merged_at_once() {
    let mut pages = pages_of(LEAST + 20, &[]);
    for expected in [LEAST + 12, LEAST + 4, LEAST, LEAST] {
        assert_eq!(merged(&mut pages), expected);
        assert_eq!(pages.len(), 1 + expected as usize);
    }
}

#[test]
fn buckets_are_merged_if_the_result_has_at_most_40_records() {
    // Bucket 16 is split from bucket 0.
    for (into, from, expected) in [
        (30, 10, LEAST),
        (30, 11, LEAST + 1),
        (41, 1, LEAST + 1),
        // There is nothing to move.
        (60, 0, LEAST),
    ] {
        let mut pages = pages_of(LEAST + 1, &[(0, into), (LEAST, from)]);
        assert_eq!(merged(&mut pages), expected, "{into} {from}");
        let table = Table::open(&mut pages, 1000).unwrap();
        let names = (into + from) as u64;
        assert_eq!(table.survey(LIMIT, 10_000).unwrap(), (0, names));
    }
}

#[test]
fn only_a_guess_that_finds_few_records_merges_buckets() {
    let key = Key::new([7; 16]);
    let number = bucket_of(hash(&key, "ALICE"), LEAST + 1);
    assert!(number < LEAST);
    for (records, expected) in [(10, LEAST), (11, LEAST + 1)] {
        let mut pages = pages_of(LEAST + 1, &[(number, records)]);
        let mut table = Table::open(&mut pages, 1000).unwrap();
        let (_, size) = table.with("ALICE", 10_000, |_, _| ()).unwrap();
        assert_eq!((size.unwrap(), table.buckets), (Size::Fits, expected));
    }
}

#[test]
fn only_a_guess_that_adds_a_record_splits_a_bucket() {
    let key = Key::new([7; 16]);
    let number = bucket_of(hash(&key, "ALICE"), LEAST);
    let mut pages = pages_of(LEAST, &[(number, SPLIT_AT)]);
    let mut table = Table::open(&mut pages, 1000).unwrap();
    table.with("ALICE", 10_000, |_, _| ()).unwrap().1.unwrap();
    assert_eq!(table.buckets, LEAST);
    let add = |bucket: &mut Bucket, id| bucket.end(id, Answer::Wrong, LIMIT, at(10_000));
    table.with("ALICE", 10_000, add).unwrap().1.unwrap();
    assert_eq!(table.buckets, LEAST + 1);
}

#[test]
fn a_guess_that_changes_no_size_writes_one_page() {
    let mut pages = pages_of(LEAST, &[]);
    let once = Failing {
        pages: &mut pages,
        writes: 1,
    };
    let mut table = Table::open(once, LEAST).unwrap();
    let work = |bucket: &mut Bucket, id| bucket.begin(id, LIMIT, at(10_000));
    let (permission, size) = table.with("ALICE", 10_000, work).unwrap();
    assert_eq!((permission, size.unwrap()), (Permission::Given, Size::Fits));
}

#[test]
fn a_table_grows_to_its_bound() {
    let mut pages = pages_of(LEAST, &[]);
    let mut table = Table::open(&mut pages, LEAST + 1).unwrap();
    for (size, buckets) in [(Size::Fits, LEAST + 1), (Size::AtBound, LEAST + 1)] {
        assert_eq!(table.split_one(10_000).unwrap(), size);
        assert_eq!(table.buckets, buckets);
    }
}

/// The name of a pending shared guess is not known, so it cannot be moved.
#[test]
fn a_bucket_with_a_pending_shared_guess_is_neither_split_nor_merged() {
    let mut pages = pages_of(LEAST, &[]);
    // The next split is of bucket 0.
    pages[1] = pinned().encode(0);
    let mut table = Table::open(&mut pages, 1000).unwrap();
    assert_eq!(table.split_one(10_000).unwrap(), Size::Fits);
    assert_eq!(table.buckets, LEAST);

    let mut pages = pages_of(LEAST + 1, &[]);
    pages[1 + LEAST as usize] = pinned().encode(LEAST);
    assert_eq!(merged(&mut pages), LEAST + 1);
}
