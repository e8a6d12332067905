//! Fixed lists: no network.

use super::ranking::SEARCH;
use super::wins::double::Double;
use super::*;
use crate::base::config::fixture::netlogon;
use crate::protocol::nbns::fixture::positive;
use std::thread;

fn asked(locator: &Locator) -> Vec<String> {
    let deadline = Deadline::after(Duration::from_secs(10));
    let candidates = locator.candidates(deadline).unwrap();
    candidates.iter().map(ToString::to_string).collect()
}

#[test]
fn a_fixed_list_keeps_its_order_but_for_those_that_failed() {
    let config = netlogon(r#"controllers = ["192.0.2.1", "[2001:db8::1]:49152"]"#);
    let locator = Locator::new(&config);
    assert_eq!(asked(&locator), ["192.0.2.1", "[2001:db8::1]:49152"]);
    let [first, second]: [_; 2] = locator
        .candidates(Deadline::after(SEARCH))
        .unwrap()
        .try_into()
        .unwrap();
    locator.succeeded(&second);
    assert_eq!(asked(&locator), ["192.0.2.1", "[2001:db8::1]:49152"]);
    locator.failed(&first);
    assert_eq!(asked(&locator), ["[2001:db8::1]:49152", "192.0.2.1"]);
    locator.succeeded(&first);
    assert_eq!(asked(&locator), ["192.0.2.1", "[2001:db8::1]:49152"]);
}

#[test]
fn a_source_leaves_its_own_family() {
    let both = r#"controllers = ["192.0.2.1", "2001:db8::1"]"#;
    for (source, left) in [("192.0.2.9", "192.0.2.1"), ("2001:db8::9", "2001:db8::1")] {
        let config = netlogon(&format!("{both}\nsource = \"{source}\""));
        assert_eq!(asked(&Locator::new(&config)), [left]);
    }
    let config = netlogon("controllers = [\"192.0.2.1\"]\nsource = \"::1\"");
    let error = Locator::new(&config).candidates(Deadline::after(SEARCH));
    assert!(error.unwrap_err().to_string().contains("`source`"));
}

#[test]
fn an_answer_of_wins_lives_as_long_as_configured() {
    let lifetime = |lines: &str| Locator::new(&netlogon(lines)).lifetime();
    let seconds = Duration::from_secs(90);
    let of_wins = lifetime("[netlogon.wins]\nservers = [\"192.0.2.5\"]\ncache = \"90s\"");
    assert_eq!((of_wins.fresh, of_wins.remembered), (seconds, seconds));
    assert_eq!(lifetime(""), Lifetime::default());
}

/// One answer of WINS gives the list; further hosts are not looked up in a hurry.
#[test]
fn a_controller_of_wins_is_found() {
    let server = Double::new(|query| vec![positive(query, &[[192, 0, 2, 1]])]);
    let locator = Locator::new(&netlogon(&format!(
        "state_dir = \"/nonexistent\"\n[netlogon.wins]\nservers = [\"127.0.0.1:{}\"]",
        server.port
    )));
    for _ in 0..2 {
        assert_eq!(asked(&locator), ["192.0.2.1"]);
        assert_eq!(server.asked(), 1);
    }
}

#[test]
fn a_controller_that_keeps_silent_is_asked_once_who_it_is() {
    let locator = Locator::new(&netlogon(r#"controllers = ["127.0.0.9"]"#));
    let candidate = Candidate::new([127, 0, 0, 9].into(), None);
    let start = Instant::now();
    let deadline = Deadline::after(Duration::from_millis(50));
    assert_eq!(locator.identify(&candidate, deadline), None);
    // The answer is remembered: this does not wait for its deadline.
    let deadline = Deadline::after(Duration::from_secs(30));
    assert_eq!(locator.identify(&candidate, deadline), None);
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_thread_that_comes_during_a_search_waits_for_it() {
    let config = netlogon(r#"controllers = ["192.0.2.1"]"#);
    let locator = Locator::new(&config);
    let entered = locator
        .known()
        .enter(Deadline::after(Duration::ZERO), |_, _| None::<()>);
    let soon = Deadline::after(Duration::from_millis(30));
    assert!(matches!(locator.candidates(soon), Err(Error::TimeOver)));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| asked(&locator));
        thread::sleep(Duration::from_millis(20));
        drop(entered);
        assert_eq!(waiting.join().unwrap(), ["192.0.2.1"]);
    });
}
