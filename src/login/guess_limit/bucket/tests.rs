use std::collections::HashMap;

use super::*;
use crate::login::guess_limit::tests::{Model, Random};

const ALICE: Id = 1;
const LIMIT: u16 = 3;

fn at(now: u64) -> Moment {
    Moment { now, window: 1000 }
}

fn begin(bucket: &mut Bucket, id: Id, now: u64) -> Permission {
    bucket.begin(id, LIMIT, at(now))
}

fn end(bucket: &mut Bucket, id: Id, answer: Answer, now: u64) {
    bucket.end(id, answer, LIMIT, at(now));
}

fn guess(bucket: &mut Bucket, id: Id, answer: Answer, now: u64) {
    assert_eq!(begin(bucket, id, now), Permission::Given, "{id}");
    end(bucket, id, answer, now);
}

/// A bucket in which every record has so many wrong guesses.
fn full(wrong: u16) -> Bucket {
    let mut bucket = Bucket::default();
    for id in 1000..1000 + CAPACITY as u64 {
        for _ in 0..wrong {
            guess(&mut bucket, id, Answer::Wrong, 10_000);
        }
    }
    bucket
}

#[test]
fn after_so_many_wrong_ones_no_verifier_is_asked_for_a_window() {
    let mut bucket = Bucket::default();
    for now in [10_000, 10_900, 11_800] {
        guess(&mut bucket, ALICE, Answer::Wrong, now);
    }
    assert_eq!(begin(&mut bucket, ALICE, 11_801), Permission::Refused);
    assert_eq!(begin(&mut bucket, ALICE, 12_799), Permission::Refused);
    assert_eq!(begin(&mut bucket, 2, 12_799), Permission::Given);
    assert_eq!(begin(&mut bucket, ALICE, 12_800), Permission::Given);
}

#[test]
fn a_right_one_clears_what_was_wrong() {
    let mut bucket = Bucket::default();
    for _ in 0..10 {
        guess(&mut bucket, ALICE, Answer::Wrong, 10_000);
        guess(&mut bucket, ALICE, Answer::Wrong, 10_000);
        guess(&mut bucket, ALICE, Answer::Right, 10_000);
    }
    assert_eq!(bucket, Bucket::default(), "nothing is left of it");
}

#[test]
fn an_undecided_one_counts_for_nothing() {
    let mut bucket = Bucket::default();
    for _ in 0..10 {
        guess(&mut bucket, ALICE, Answer::Undecided, 10_000);
    }
    assert_eq!(bucket, Bucket::default());
}

#[test]
fn pending_guesses_are_not_more_than_one_after_another() {
    let mut bucket = Bucket::default();
    for _ in 0..3 {
        assert_eq!(begin(&mut bucket, ALICE, 10_000), Permission::Given);
    }
    assert_eq!(begin(&mut bucket, ALICE, 10_000), Permission::Later);
    end(&mut bucket, ALICE, Answer::Wrong, 10_000);
    assert_eq!(begin(&mut bucket, ALICE, 10_000), Permission::Later);
    end(&mut bucket, ALICE, Answer::Right, 10_000);
    assert_eq!(begin(&mut bucket, ALICE, 10_000), Permission::Given);
    end(&mut bucket, ALICE, Answer::Wrong, 10_000);
    end(&mut bucket, ALICE, Answer::Wrong, 10_000);
    assert_eq!(begin(&mut bucket, ALICE, 10_000), Permission::Given);
    end(&mut bucket, ALICE, Answer::Wrong, 10_000);
    assert_eq!(begin(&mut bucket, ALICE, 10_000), Permission::Refused);
}

#[test]
fn a_wrong_answer_counts_though_the_guess_is_not_known() {
    let mut bucket = Bucket::default();
    for answer in [Answer::Right, Answer::Undecided] {
        end(&mut bucket, ALICE, answer, 10_000);
        assert_eq!(bucket, Bucket::default());
    }
    for _ in 0..3 {
        end(&mut bucket, ALICE, Answer::Wrong, 10_000);
    }
    assert_eq!(begin(&mut bucket, ALICE, 10_000), Permission::Refused);
}

#[test]
fn a_full_bucket_gives_a_guess_to_names_that_were_never_guessed_at() {
    for wrong in 1..LIMIT {
        let mut bucket = full(wrong);
        for innocent in 1..100 {
            guess(&mut bucket, innocent, Answer::Right, 10_500);
        }
        // What was given up still counts: conservatively, for every name without a record.
        let given_up = 1000;
        let left = LIMIT - wrong;
        for _ in 0..left {
            guess(&mut bucket, given_up, Answer::Wrong, 10_500);
        }
        let refused = begin(&mut bucket, given_up, 10_500);
        assert_eq!(refused, Permission::Refused, "{wrong}");
    }
}

#[test]
fn a_full_bucket_gives_up_no_account_at_its_limit() {
    let mut bucket = full(LIMIT);
    // All others share one count.
    guess(&mut bucket, 1, Answer::Right, 10_500);
    guess(&mut bucket, 2, Answer::Wrong, 10_500);
    guess(&mut bucket, 3, Answer::Right, 10_500);
    guess(&mut bucket, 4, Answer::Wrong, 10_500);
    guess(&mut bucket, 5, Answer::Wrong, 10_500);
    for id in (1..6).chain(1000..1000 + CAPACITY as u64) {
        assert_eq!(begin(&mut bucket, id, 10_999), Permission::Refused, "{id}");
    }
    // The shared count ends as any other does.
    assert_eq!(begin(&mut bucket, 3, 11_499), Permission::Refused);
    assert_eq!(begin(&mut bucket, 3, 11_500), Permission::Given);
}

#[test]
fn a_full_bucket_gives_up_no_pending_guess() {
    let mut bucket = Bucket::default();
    for id in 1000..1000 + CAPACITY as u64 {
        assert_eq!(begin(&mut bucket, id, 10_000), Permission::Given);
    }
    for id in 1..4 {
        assert_eq!(begin(&mut bucket, id, 10_000), Permission::Given, "shared");
    }
    assert_eq!(begin(&mut bucket, 4, 10_000), Permission::Later);
    // A name may not begin a count of its own while a shared guess may be its own.
    end(&mut bucket, 1000, Answer::Right, 10_000);
    assert_eq!(begin(&mut bucket, 1, 10_000), Permission::Later);
    for id in 1..4 {
        end(&mut bucket, id, Answer::Right, 10_000);
    }
    assert_eq!(begin(&mut bucket, 4, 10_000), Permission::Given);
    assert_eq!(bucket.len(), CAPACITY);
}

#[test]
fn an_encoded_bucket_decodes_to_itself() {
    for bucket in [Bucket::default(), full(2), full(LIMIT)] {
        let page = bucket.encode(7);
        assert_eq!(Bucket::decode(&page, 7), Ok(bucket));
        assert!(Bucket::decode(&page, 8).is_err());
        for at in (0..PAGE).step_by(13) {
            let mut damaged = page;
            damaged[at] ^= 1;
            assert!(Bucket::decode(&damaged, 7).is_err(), "{at}");
        }
    }
    assert!(
        Bucket::decode(&[0; PAGE], 0).is_err(),
        "zeros are no bucket"
    );
}

/// Random guesses at more names than there are records: the bucket is never more generous than exact
/// counts, and refuses a name without wrong guesses only while every record must be kept.
#[test]
fn a_bucket_is_never_more_generous_than_exact_counts() {
    for (seed, names) in [(1, 40), (2, 140), (3, 200), (4, 600)] {
        let mut random = Random::new(seed);
        let mut bucket = Bucket::default();
        let mut model = Model::new(LIMIT, 1000);
        let mut pending: Vec<Id> = Vec::new();
        let mut now = 10_000;
        let mut seen = HashMap::new();
        for _ in 0..6000 {
            now += random.below(2);
            let id = random.below(names);
            if random.below(2) == 0 || pending.is_empty() {
                let permission = begin(&mut bucket, id, now);
                let exact = model.permission(id, now);
                if names < CAPACITY as u64 {
                    assert_eq!(permission, exact, "seed {seed}");
                }
                match permission {
                    Permission::Given => {
                        assert_eq!(exact, Permission::Given, "seed {seed}");
                        model.begin(id, now);
                        pending.push(id);
                    }
                    _ if exact == Permission::Given && model.is_innocent(id) => {
                        let kept = bucket.records.iter().all(|r| r.rank(LIMIT).is_none());
                        assert!(kept || bucket.others.is_pending() || bucket.others.is_at(LIMIT));
                    }
                    Permission::Later | Permission::Refused => {}
                }
                *seen.entry(format!("{permission:?}")).or_insert(0) += 1;
            } else {
                let which = random.below(pending.len() as u64) as usize;
                let id = pending.swap_remove(which);
                let answer = random.answer();
                end(&mut bucket, id, answer, now);
                model.end(id, answer, now);
            }
        }
        assert!(seen.len() >= 2, "{seen:?}");
    }
}
