use super::*;

const ALICE: Id = [1; 16];

fn at(now: u64) -> Moment {
    Moment { now, window: 1000 }
}

fn begin(records: &mut Records, now: u64) -> Permission {
    records.begin(ALICE, 3, at(now))
}

fn end(records: &mut Records, id: Id, answer: Answer, now: u64) {
    records.end(id, answer, 3, at(now));
}

fn guess(records: &mut Records, id: Id, answer: Answer, now: u64) {
    assert_eq!(records.begin(id, 3, at(now)), Permission::Given);
    end(records, id, answer, now);
}

#[test]
fn after_so_many_wrong_ones_nobody_is_asked_for_a_while() {
    let mut records = Records::default();
    for now in [10_000, 10_900, 11_800] {
        guess(&mut records, ALICE, Answer::Wrong, now);
    }
    assert_eq!(begin(&mut records, 11_801), Permission::Refused);
    assert_eq!(begin(&mut records, 12_799), Permission::Refused);
    assert_eq!(
        records.begin([2; 16], 3, at(12_799)),
        Permission::Given,
        "another account"
    );
    assert_eq!(begin(&mut records, 12_800), Permission::Given);
}

#[test]
fn a_right_one_makes_good_what_was_wrong() {
    let mut records = Records::default();
    for _ in 0..10 {
        guess(&mut records, ALICE, Answer::Wrong, 10_000);
        guess(&mut records, ALICE, Answer::Wrong, 10_000);
        guess(&mut records, ALICE, Answer::Right, 10_000);
    }
    assert_eq!(records, Records::default(), "nothing is left of it");
}

#[test]
fn what_is_undecided_counts_for_nothing() {
    let mut records = Records::default();
    for _ in 0..10 {
        guess(&mut records, ALICE, Answer::Undecided, 10_000);
    }
    assert_eq!(records, Records::default());
}

#[test]
fn guesses_at_once_are_not_more_than_one_after_another() {
    let mut records = Records::default();
    for _ in 0..3 {
        assert_eq!(begin(&mut records, 10_000), Permission::Given);
    }
    assert_eq!(begin(&mut records, 10_000), Permission::Later);
    end(&mut records, ALICE, Answer::Wrong, 10_000);
    assert_eq!(begin(&mut records, 10_000), Permission::Later);
    end(&mut records, ALICE, Answer::Right, 10_000);
    assert_eq!(begin(&mut records, 10_000), Permission::Given);
    end(&mut records, ALICE, Answer::Wrong, 10_000);
    end(&mut records, ALICE, Answer::Wrong, 10_000);
    assert_eq!(begin(&mut records, 10_000), Permission::Given);
    end(&mut records, ALICE, Answer::Wrong, 10_000);
    assert_eq!(begin(&mut records, 10_000), Permission::Refused);
}

#[test]
fn what_a_process_left_that_died_is_over_in_time() {
    let mut records = Records::default();
    for _ in 0..3 {
        assert_eq!(begin(&mut records, 10_000), Permission::Given);
    }
    assert_eq!(begin(&mut records, 10_999), Permission::Later);
    assert_eq!(begin(&mut records, 11_000), Permission::Given);
}

#[test]
fn a_clock_that_was_wrong_does_no_lasting_harm() {
    let mut records = Records::default();
    for _ in 0..3 {
        guess(&mut records, ALICE, Answer::Wrong, 900_000);
    }
    assert_eq!(begin(&mut records, 899_500), Permission::Refused);
    assert_eq!(begin(&mut records, 10_000), Permission::Given);
}

#[test]
fn many_names_do_not_make_it_forget() {
    let mut records = Records::default();
    for _ in 0..3 {
        guess(&mut records, ALICE, Answer::Wrong, 10_000);
    }
    for name in 100..200 {
        guess(&mut records, [name; 16], Answer::Wrong, 10_100);
        guess(&mut records, [name; 16], Answer::Wrong, 10_100);
    }
    assert_eq!(begin(&mut records, 10_200), Permission::Refused);
    // Names of nobody are forgotten before accounts, whatever their counts.
    let mut records = Records::default();
    guess(&mut records, ALICE, Answer::Wrong, 10_000);
    for name in 100..200 {
        for _ in 0..3 {
            guess(&mut records, [name; 16], Answer::Unknown, 10_100);
        }
        let refused = records.begin([name; 16], 3, at(10_100));
        assert_eq!(refused, Permission::Refused, "looks like an account");
    }
    guess(&mut records, ALICE, Answer::Wrong, 10_200);
    guess(&mut records, ALICE, Answer::Wrong, 10_200);
    assert_eq!(begin(&mut records, 10_200), Permission::Refused);
    // While all are being asked about, a newcomer waits.
    let mut records = Records::default();
    for name in 1..=8 {
        assert_eq!(records.begin([name; 16], 3, at(10_000)), Permission::Given);
    }
    assert_eq!(records.begin([9; 16], 3, at(10_000)), Permission::Later);
    end(&mut records, [9; 16], Answer::Right, 10_000);
    end(&mut records, [4; 16], Answer::Wrong, 10_000);
    assert_eq!(records.begin([9; 16], 3, at(10_000)), Permission::Given);
}

#[test]
fn what_is_kept_comes_back() {
    let mut records = Records::default();
    guess(&mut records, ALICE, Answer::Wrong, 10_000);
    begin(&mut records, 10_000);
    let bytes = records.encode();
    assert_eq!(bytes.len(), SIZE);
    assert_eq!(Records::decode(&bytes.try_into().unwrap()), records);
    assert_eq!(Records::decode(&[0; SIZE]), Records::default());
    // Damaged bytes are counts, whatever they are.
    let mut odd = Records::decode(&[0xFF; SIZE]);
    assert_eq!(begin(&mut odd, 10_000), Permission::Given);
    end(&mut odd, ALICE, Answer::Wrong, 10_000);
}

#[test]
fn an_account_at_its_limit_is_never_forgotten() {
    let mut records = Records::default();
    for name in 1..=8 {
        for _ in 0..3 {
            guess(&mut records, [name; 16], Answer::Wrong, 10_000);
        }
    }
    let another = records.begin([9; 16], 3, at(10_999));
    assert_eq!(another, Permission::Refused);
    for name in 1..=8 {
        let refused = records.begin([name; 16], 3, at(10_999));
        assert_eq!(refused, Permission::Refused);
    }
    assert_eq!(records.begin([9; 16], 3, at(11_000)), Permission::Given);
}

#[test]
fn what_was_wrong_is_over_in_time_though_a_namesake_comes_in_meanwhile() {
    let mut records = Records::default();
    guess(&mut records, ALICE, Answer::Wrong, 10_000);
    guess(&mut records, ALICE, Answer::Wrong, 10_000);
    for now in [10_400, 10_800, 10_999] {
        guess(&mut records, ALICE, Answer::Undecided, now);
    }
    let copy = Records::decode(&records.encode().try_into().unwrap());
    assert_eq!(copy, records);
    guess(&mut records, ALICE, Answer::Wrong, 11_000);
    guess(&mut records, ALICE, Answer::Wrong, 11_000);
    assert_eq!(begin(&mut records, 11_000), Permission::Given);
    // And not before.
    let mut records = copy;
    guess(&mut records, ALICE, Answer::Wrong, 10_999);
    assert_eq!(begin(&mut records, 10_999), Permission::Refused);
}
