//! What is remembered, and for how long.

use super::Preference::{LastGood, Listed, Spread};
use super::*;

fn candidate(last: u8) -> Candidate {
    Candidate::new([192, 0, 2, last].into(), None)
}

fn knowing(preference: Preference, list: &[u8], now: Instant) -> Memory {
    let mut memory = Memory::new(preference, Lifetime::default());
    assert_eq!(memory.advice(now), Advice::Search);
    let found = Found {
        candidates: list.iter().copied().map(candidate).collect(),
        site: None,
        is_complete: true,
        hosts: Vec::new(),
        has_more: false,
    };
    memory.searched(Ok(found), now);
    memory
}

fn used(list: &[u8]) -> Advice {
    Advice::Use(list.iter().copied().map(candidate).collect())
}

#[test]
fn who_failed_comes_last_for_a_minute() {
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    for preference in [LastGood, Listed, Spread(0)] {
        let mut memory = knowing(preference, &[1, 2, 3], start);
        memory.failed(&candidate(1), at(10));
        assert_eq!(memory.advice(at(10)), used(&[2, 3, 1]));
        memory.failed(&candidate(2), at(20));
        assert_eq!(memory.advice(at(20)), used(&[3, 1, 2]));
        assert_eq!(memory.advice(at(69)), used(&[3, 1, 2]));
        assert_eq!(memory.advice(at(70)), used(&[1, 3, 2]));
        assert_eq!(memory.advice(at(80)), used(&[1, 2, 3]));
    }
}

#[test]
fn who_answered_comes_first_unless_the_order_is_given() {
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let mut memory = knowing(LastGood, &[1, 2, 3], start);
    memory.failed(&candidate(2), start);
    memory.succeeded(&candidate(2), at(1));
    assert_eq!(memory.advice(at(1)), used(&[2, 1, 3]));
    // For 15 minutes, whatever a later search finds.
    for (again, order) in [(299, [2, 3, 1]), (598, [2, 3, 1]), (897, [2, 3, 1])] {
        let found = Found {
            candidates: [3, 2, 1].map(candidate).to_vec(),
            site: None,
            is_complete: true,
            hosts: Vec::new(),
            has_more: false,
        };
        memory.searched(Ok(found), at(again));
        assert_eq!(memory.advice(at(again)), used(&order));
    }
    assert_eq!(memory.advice(at(901)), used(&[3, 2, 1]));
    memory.succeeded(&candidate(2), at(901));
    assert_eq!(memory.advice(at(901)), used(&[3, 2, 1]), "not prolonged");
    // Until it fails.
    memory.succeeded(&candidate(1), at(901));
    memory.failed(&candidate(1), at(902));
    assert_eq!(memory.advice(at(903)), used(&[3, 2, 1]));

    let mut memory = knowing(Listed, &[1, 2], start);
    memory.succeeded(&candidate(2), start);
    assert_eq!(memory.advice(start), used(&[1, 2]));
}

#[test]
fn a_list_that_is_spread_is_gone_through_in_turns() {
    let start = Instant::now();
    let mut memory = knowing(Spread(1), &[1, 2, 3], start);
    for order in [[2, 3, 1], [3, 1, 2], [1, 2, 3], [2, 3, 1]] {
        assert_eq!(memory.advice(start), used(&order));
        // Success changes nothing.
        memory.succeeded(&candidate(2), start);
        memory.next_turn();
    }
    memory.failed(&candidate(1), start);
    for order in [[3, 2, 1], [2, 3, 1], [3, 2, 1]] {
        assert_eq!(memory.advice(start), used(&order));
        memory.next_turn();
    }
    for candidate in [2, 3].map(candidate) {
        memory.failed(&candidate, start);
    }
    assert_eq!(memory.known(start).unwrap().len(), 3, "all are asked");
}

#[test]
fn what_failed_elsewhere_comes_last_here_too() {
    let start = Instant::now();
    let later = start + Duration::from_secs(20);
    let mut memory = knowing(Listed, &[1, 2, 3], start);
    memory.failed(&candidate(1), start);
    let heard = vec![(candidate(1), start), (candidate(2), start)];
    assert_eq!(memory.hear_failed(heard, later), [candidate(2)]);
    assert_eq!(memory.advice(later), used(&[3, 1, 2]));
    // Another process has used both again; what this one has seen counts for a minute.
    assert_eq!(memory.hear_failed(Vec::new(), later), []);
    assert_eq!(memory.advice(later), used(&[2, 3, 1]));
    memory.succeeded(&candidate(1), later);
    assert_eq!(memory.advice(later), used(&[1, 2, 3]));
    let old = vec![(candidate(1), start)];
    let later = start + AVOIDED;
    memory.hear_failed(old, later);
    assert_eq!(memory.advice(later), used(&[1, 2, 3]));
}

#[test]
fn it_is_searched_again_when_old_or_when_all_have_failed() {
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let mut memory = knowing(LastGood, &[1, 2], start);
    assert_eq!(memory.advice(at(299)), used(&[1, 2]));
    assert_eq!(memory.advice(at(300)), Advice::Search);

    memory.failed(&candidate(1), at(5));
    assert!(memory.has_untried(at(6)));
    assert!(memory.may_share(at(6)));
    memory.failed(&candidate(2), at(6));
    assert!(!memory.has_untried(at(6)));
    assert!(!memory.may_share(at(6)), "what others know is no better");
    assert_eq!(memory.advice(at(9)), used(&[1, 2]), "just searched");
    assert_eq!(memory.advice(at(10)), Advice::Search);
    // In vain: what is known is still tried.
    memory.searched(Err("no DNS".to_owned()), at(10));
    assert_eq!(memory.advice(at(11)), used(&[1, 2]));
}

#[test]
fn while_a_controller_is_known_a_search_is_short() {
    let start = Instant::now();
    let memory = Memory::new(LastGood, Lifetime::default());
    assert_eq!(memory.patience(start), SEARCH);
    assert_eq!(memory.lifetime_of_shared(), REMEMBERED);
    let mut memory = knowing(LastGood, &[1], start);
    assert_eq!(memory.patience(start + FRESH), RENEWAL);
    assert_eq!(memory.lifetime_of_shared(), FRESH);
    memory.failed(&candidate(1), start);
    assert_eq!(memory.patience(start), SEARCH);
}

#[test]
fn a_configured_lifetime_counts() {
    let start = Instant::now();
    let period = Duration::from_secs(90);
    let lifetime = Lifetime {
        fresh: period,
        remembered: period,
    };
    let mut memory = Memory::new(LastGood, lifetime);
    assert_eq!(memory.lifetime_of_shared(), period);
    let found = Found {
        candidates: vec![candidate(1)],
        site: None,
        is_complete: true,
        hosts: Vec::new(),
        has_more: false,
    };
    memory.searched(Ok(found), start);
    assert_eq!(memory.lifetime_of_shared(), period);
    let last = start + period - Duration::from_secs(1);
    assert_eq!(memory.advice(last), used(&[1]));
    assert_eq!(memory.advice(start + period), Advice::Search);
}

#[test]
fn nothing_found_is_told_at_once_for_a_while() {
    let start = Instant::now();
    let mut memory = Memory::new(LastGood, Lifetime::default());
    memory.searched(Err("no DNS".to_owned()), start);
    let told = Advice::NotFound("no DNS".to_owned());
    assert_eq!(memory.advice(start + Duration::from_secs(4)), told);
    let later = start + FRESH_NOTHING;
    assert_eq!(memory.advice(later), Advice::Search);
}

#[test]
fn further_hosts_are_looked_up_at_once_when_all_have_failed() {
    let now = Instant::now();
    let mut memory = Memory::new(LastGood, Lifetime::default());
    let found = |last: u8| Found {
        candidates: vec![candidate(last)],
        site: None,
        is_complete: true,
        hosts: vec![format!("dc{last}.test")],
        has_more: true,
    };
    assert_eq!(memory.begin_search(now), Earlier::default());
    memory.searched(Ok(found(0)), now);
    let mut hosts = Vec::new();
    for last in 1..=3 {
        assert_eq!(memory.advice(now), used(&[last - 1]));
        memory.failed(&candidate(last - 1), now);
        assert!(memory.has_untried(now));
        assert_eq!(memory.advice(now), Advice::Search);
        hosts.push(format!("dc{}.test", last - 1));
        assert_eq!(memory.begin_search(now).hosts, hosts);
        memory.searched(Ok(found(last)), now);
    }
    // Not for ever.
    memory.failed(&candidate(3), now);
    assert!(!memory.has_untried(now));
    assert_eq!(memory.advice(now), used(&[3]));
    let later = now + FRESH_FAILED;
    assert_eq!(memory.advice(later), Advice::Search);
    assert_eq!(memory.begin_search(later), Earlier::default());
}

#[test]
fn an_identity_is_kept_for_minutes_and_silence_for_one() {
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let mut memory = Memory::new(LastGood, Lifetime::default());
    assert_eq!(memory.identity(&candidate(1), start), None);
    memory.identified(&candidate(1), None, start);
    assert_eq!(memory.identity(&candidate(1), at(59)), Some(None));
    assert_eq!(memory.identity(&candidate(1), at(60)), None);
    assert_eq!(memory.identity(&candidate(2), at(59)), None);
    for second in 0..1000 {
        let which = candidate(u8::try_from(second % 250).unwrap());
        memory.identified(&which, None, at(second));
        assert!(memory.identities.len() <= 60);
    }
}

#[test]
fn what_failed_is_forgotten() {
    let start = Instant::now();
    let mut memory = knowing(LastGood, &[1], start);
    for second in 0..1000 {
        let which = candidate(u8::try_from(second % 250).unwrap());
        memory.failed(&which, start + Duration::from_secs(second));
        assert!(memory.failed.len() <= 60);
    }
}
