use super::*;

fn at(now: u64) -> Moment {
    Moment { now, window: 1000 }
}

/// A record with this many wrong guesses.
fn wrong(count: u16, now: u64) -> Record {
    let mut record = Record::default();
    for _ in 0..count {
        assert_eq!(record.begin(3, at(now)), Permission::Given);
        record.end(Answer::Wrong, at(now));
    }
    record
}

#[test]
fn an_encoded_record_decodes_to_itself() {
    let mut record = wrong(2, 1_800_000_000_000);
    record.id = 0x0123_4567_89AB_CDEF;
    record.begin(3, at(1_800_000_000_001));
    let mut writer = Writer::new();
    record.encode(&mut writer);
    let bytes = writer.into_bytes();
    assert_eq!(Record::decode(&bytes.try_into().unwrap()), Ok(record));
}

#[test]
fn a_count_ends_one_window_after_its_last_wrong_guess() {
    let mut record = wrong(3, 10_000);
    record.settle(10_999);
    assert_eq!(record.begin(3, at(10_999)), Permission::Refused);
    record.settle(11_000);
    assert!(record.is_free());
}

#[test]
fn undecided_guesses_do_not_prolong_a_count() {
    let mut record = wrong(2, 10_000);
    for now in [10_400, 10_800, 10_999] {
        record.settle(now);
        assert_eq!(record.begin(3, at(now)), Permission::Given);
        record.end(Answer::Undecided, at(now));
    }
    record.settle(11_000);
    assert!(record.is_free());
}

#[test]
fn a_count_does_not_end_while_a_guess_is_pending() {
    let mut record = wrong(2, 10_000);
    assert_eq!(record.begin(3, at(10_999)), Permission::Given);
    record.settle(11_500);
    record.end(Answer::Wrong, at(11_500));
    assert_eq!(record.begin(3, at(11_500)), Permission::Refused);
}

#[test]
fn a_pending_guess_is_lost_one_window_after_the_last_began() {
    let mut record = Record::default();
    for now in [10_000, 10_500, 10_900] {
        assert_eq!(record.begin(3, at(now)), Permission::Given);
    }
    record.settle(11_899);
    assert_eq!(record.begin(3, at(11_899)), Permission::Later);
    record.settle(11_900);
    assert!(record.is_free());
}

#[test]
fn a_clock_that_is_set_back_neither_ends_nor_prolongs_a_count() {
    let mut record = wrong(3, 900_000_000);
    record.settle(10_000);
    assert_eq!(record.begin(3, at(10_000)), Permission::Refused);
    record.settle(10_999);
    assert_eq!(record.begin(3, at(10_999)), Permission::Refused);
    record.settle(11_000);
    assert_eq!(record.begin(3, at(11_000)), Permission::Given);
}

#[test]
fn a_login_that_waited_for_the_lock_does_not_shorten_a_count() {
    let mut record = wrong(3, 10_250);
    record.settle(10_000);
    record.settle(11_249);
    assert_eq!(record.begin(3, at(11_249)), Permission::Refused);
    record.settle(11_250);
    assert!(record.is_free());
}

#[test]
fn the_longer_of_two_windows_counts() {
    let long = Moment {
        now: 10_000,
        window: 60_000,
    };
    let mut record = wrong(2, 10_000);
    assert_eq!(record.begin(3, long), Permission::Given);
    record.end(Answer::Wrong, long);
    record.settle(69_999);
    assert_eq!(record.begin(3, at(69_999)), Permission::Refused);
    record.settle(70_000);
    assert!(record.is_free());
}

#[test]
fn a_window_is_rounded_up_to_seconds() {
    for (window, expected) in [(1, 1), (1000, 1), (1001, 2), (u64::MAX, u32::MAX)] {
        assert_eq!(Moment { now: 0, window }.window_seconds(), expected);
    }
}

#[test]
fn a_time_more_than_two_seconds_ahead_is_of_a_clock_that_was_set_back() {
    for (wrong_at, ends) in [(12_000, 13_000), (12_001, 11_000)] {
        let mut record = wrong(3, wrong_at);
        record.settle(10_000);
        record.settle(ends - 1);
        assert!(record.is_at(3), "{wrong_at}");
        record.settle(ends);
        assert!(record.is_free(), "{wrong_at}");
    }
}

#[test]
fn an_inherited_count_has_no_pending_guess() {
    let mut record = wrong(2, 10_000);
    assert_eq!(record.begin(3, at(10_000)), Permission::Given);
    let mut inherited = record.inherited_by(7);
    assert_eq!(inherited.id, 7);
    assert!(inherited.is_at(2) && !inherited.is_pending());
    assert_eq!(inherited.begin(3, at(10_000)), Permission::Given);
}

#[test]
fn the_fewest_wrong_guesses_are_evicted_first_and_then_the_oldest() {
    let rank = |count, now| wrong(count, now).rank(3);
    let ranks = [
        rank(1, 10_000),
        rank(1, 10_001),
        rank(2, 9_000),
        rank(2, 9_001),
    ];
    assert!(ranks.iter().all(Option::is_some) && ranks.is_sorted_by(|a, b| a < b));
    assert_eq!(rank(3, 10_000), None, "at the limit");
    let mut pending = wrong(1, 10_000);
    assert_eq!(pending.begin(3, at(10_000)), Permission::Given);
    assert_eq!(pending.rank(3), None);
}
