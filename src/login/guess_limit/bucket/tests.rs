use std::collections::HashSet;

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

/// A full bucket whose records have this many wrong guesses.
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
fn at_the_limit_guesses_are_refused_for_a_window() {
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
fn a_right_password_clears_the_count() {
    let mut bucket = Bucket::default();
    for _ in 0..10 {
        guess(&mut bucket, ALICE, Answer::Wrong, 10_000);
        guess(&mut bucket, ALICE, Answer::Wrong, 10_000);
        guess(&mut bucket, ALICE, Answer::Right, 10_000);
    }
    assert_eq!(bucket, Bucket::default(), "the record is removed");
}

#[test]
fn an_undecided_guess_does_not_count() {
    let mut bucket = Bucket::default();
    for _ in 0..10 {
        guess(&mut bucket, ALICE, Answer::Undecided, 10_000);
    }
    assert_eq!(bucket, Bucket::default());
}

#[test]
fn pending_guesses_count_like_wrong_ones() {
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
fn a_wrong_answer_to_an_unknown_guess_counts() {
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
fn a_right_answer_to_an_unknown_guess_clears_no_count() {
    let mut shared = full(LIMIT);
    for id in 1..=u64::from(LIMIT) {
        guess(&mut shared, id, Answer::Wrong, 10_500);
    }
    for mut bucket in [shared, full(1)] {
        let before = bucket.clone();
        for answer in [Answer::Right, Answer::Undecided] {
            end(&mut bucket, 9, answer, 10_500);
        }
        assert_eq!(bucket, before);
    }
}

#[test]
fn a_survey_counts_names_with_wrong_guesses() {
    let mut bucket = Bucket::default();
    for (id, wrong) in [(1, 1), (2, 2), (3, LIMIT), (4, LIMIT)] {
        for _ in 0..wrong {
            guess(&mut bucket, id, Answer::Wrong, 10_000);
        }
    }
    assert_eq!(begin(&mut bucket, 5, 10_000), Permission::Given);
    assert_eq!(bucket.survey(LIMIT, 10_999), (2, 4));
    assert_eq!(bucket.survey(LIMIT, 11_000), (0, 0));
}

#[test]
fn a_bucket_with_a_count_is_not_empty() {
    let mut one = Bucket::default();
    assert!(one.is_empty());
    guess(&mut one, ALICE, Answer::Wrong, 10_000);
    assert!(!one.is_empty());
    // All records are gone, and the shared count is left.
    let mut shared = full(LIMIT);
    guess(&mut shared, 1, Answer::Wrong, 10_500);
    shared.settle(11_000);
    assert_eq!((shared.len(), shared.is_empty()), (0, false));
    shared.settle(11_500);
    assert!(shared.is_empty());
}

#[test]
fn a_full_bucket_permits_a_guess_to_new_names() {
    for wrong in 1..LIMIT {
        let mut bucket = full(wrong);
        for innocent in 1..100 {
            guess(&mut bucket, innocent, Answer::Right, 10_500);
        }
        // An evicted count still counts, for every name without a record.
        let evicted = 1000;
        let left = LIMIT - wrong;
        for _ in 0..left {
            guess(&mut bucket, evicted, Answer::Wrong, 10_500);
        }
        let refused = begin(&mut bucket, evicted, 10_500);
        assert_eq!(refused, Permission::Refused, "{wrong}");
    }
}

#[test]
fn a_full_bucket_evicts_no_account_at_its_limit() {
    let mut bucket = full(LIMIT);
    // All other names share one count.
    guess(&mut bucket, 1, Answer::Right, 10_500);
    guess(&mut bucket, 2, Answer::Wrong, 10_500);
    guess(&mut bucket, 3, Answer::Right, 10_500);
    guess(&mut bucket, 4, Answer::Wrong, 10_500);
    guess(&mut bucket, 5, Answer::Wrong, 10_500);
    for id in (1..6).chain(1000..1000 + CAPACITY as u64) {
        assert_eq!(begin(&mut bucket, id, 10_999), Permission::Refused, "{id}");
    }
    // The shared count ends like any other.
    assert_eq!(begin(&mut bucket, 3, 11_499), Permission::Refused);
    assert_eq!(begin(&mut bucket, 3, 11_500), Permission::Given);
}

#[test]
fn a_full_bucket_evicts_no_pending_guess() {
    let mut bucket = Bucket::default();
    for id in 1000..1000 + CAPACITY as u64 {
        assert_eq!(begin(&mut bucket, id, 10_000), Permission::Given);
    }
    for id in 1..4 {
        assert_eq!(begin(&mut bucket, id, 10_000), Permission::Given, "shared");
    }
    assert_eq!(begin(&mut bucket, 4, 10_000), Permission::Later);
    // A name gets no record while the pending shared guess may be its own.
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
        "zeros are not a bucket"
    );
}

/// Random guesses at more names than there are records. The bucket permits nothing that exact
/// counts refuse, and refuses a name without wrong guesses only while no record can be evicted.
#[test]
fn a_bucket_permits_nothing_that_exact_counts_refuse() {
    for (seed, names) in [(1, 40), (2, 140), (3, 200), (4, 600)] {
        let mut random = Random::new(seed);
        let mut bucket = Bucket::default();
        let mut model = Model::new(LIMIT, 1000);
        let mut pending: Vec<Id> = Vec::new();
        let mut now = 10_000;
        let mut seen = HashSet::new();
        for _ in 0..6000 {
            now += random.below(2);
            let id = random.below(names);
            if random.below(2) == 0 || pending.is_empty() {
                let exact = model.permission(id, now);
                let permission = begin(&mut bucket, id, now);
                check(&bucket, permission, exact, model.is_innocent(id));
                if names < CAPACITY as u64 {
                    assert_eq!(permission, exact, "seed {seed}");
                }
                if permission == Permission::Given {
                    model.begin(id, now);
                    pending.push(id);
                }
                seen.insert(format!("{permission:?}"));
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

/// Compares the permission of a bucket with that of exact counts.
fn check(bucket: &Bucket, permission: Permission, exact: Permission, is_innocent: bool) {
    if permission == Permission::Given {
        assert_eq!(exact, Permission::Given);
    } else if exact == Permission::Given && is_innocent {
        let kept = bucket.records.iter().all(|r| r.rank(LIMIT).is_none());
        assert!(kept || bucket.others.is_pending() || bucket.others.is_at(LIMIT));
    }
}
