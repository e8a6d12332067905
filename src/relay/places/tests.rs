use super::*;

use std::path::Path;
use std::sync::Weak;

/// A connection that tells whether it is open.
#[derive(Debug)]
struct Fake(#[allow(dead_code, reason = "kept while the connection is open")] Arc<()>);

fn connection() -> (Fake, Weak<()>) {
    let open = Arc::new(());
    let watch = Arc::downgrade(&open);
    (Fake(open), watch)
}

fn is_open(watch: &Weak<()>) -> bool {
    watch.strong_count() > 0
}

fn places(directory: &Path, most: usize, host_most: usize) -> Arc<Places<Fake>> {
    Arc::new(Places {
        most,
        host_most,
        patience: Duration::from_secs(60),
        state_dir: directory.join("state"),
        file_name: "example.test".to_owned(),
        log: LogTarget::Off,
        own: PerProcess::new(),
    })
}

/// A handshake that waits for its client.
fn parked(places: &Arc<Places<Fake>>, now: Instant) -> Result<(Seat<Fake>, Weak<()>), Error> {
    let seat = places.enter_at(now)?;
    let (connection, watch) = connection();
    seat.park(connection);
    Ok((seat, watch))
}

fn after(now: Instant, millis: u64) -> Instant {
    now + Duration::from_millis(millis)
}

#[test]
fn a_connection_is_kept_until_the_client_answers() {
    let directory = tempfile::tempdir().unwrap();
    let places = places(directory.path(), 2, 8);
    let (seat, watch) = parked(&places, Instant::now()).unwrap();
    assert!(is_open(&watch));
    let connection = seat.take().unwrap();
    assert!(is_open(&watch));
    drop(connection);
    assert!(!is_open(&watch));
}

#[test]
fn a_dropped_handshake_closes_its_connection_and_frees_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let places = places(directory.path(), 1, 1);
    for _ in 0..3 {
        let (seat, watch) = parked(&places, Instant::now()).unwrap();
        drop(seat);
        assert!(!is_open(&watch));
    }
}

#[test]
fn the_oldest_gives_way_after_a_second() {
    let directory = tempfile::tempdir().unwrap();
    let places = places(directory.path(), 2, 8);
    let now = Instant::now();
    let (oldest, oldest_watch) = parked(&places, now).unwrap();
    let (second, second_watch) = parked(&places, after(now, 10)).unwrap();
    let refused = parked(&places, after(now, 999));
    assert!(matches!(refused, Err(Error::Busy)));
    assert!(is_open(&oldest_watch));
    let (_third, third_watch) = parked(&places, after(now, 1000)).unwrap();
    assert!(!is_open(&oldest_watch));
    assert!(is_open(&second_watch) && is_open(&third_watch));
    let told = oldest.take_at(after(now, 1001));
    assert!(matches!(told, Err(Error::Evicted)), "{told:?}");
    assert!(second.take_at(after(now, 1001)).is_ok());
}

#[test]
fn a_controller_that_is_being_asked_is_no_reason_to_close() {
    let directory = tempfile::tempdir().unwrap();
    let places = places(directory.path(), 1, 8);
    let now = Instant::now();
    let asking = places.enter_at(now).unwrap();
    let late = after(now, 3_600_000);
    assert!(matches!(places.enter_at(late), Err(Error::Busy)));
    // Neither at the beginning nor at the end.
    let (connection, watch) = connection();
    asking.park(connection);
    let connection = asking.take_at(after(now, 1)).unwrap();
    assert!(matches!(places.enter_at(late), Err(Error::Busy)));
    assert!(is_open(&watch));
    drop((connection, asking));
    assert!(places.enter_at(late).is_ok());
}

#[test]
fn an_overdue_connection_is_closed_when_another_handshake_begins() {
    let directory = tempfile::tempdir().unwrap();
    let places = places(directory.path(), 8, 8);
    let now = Instant::now();
    let (overdue, overdue_watch) = parked(&places, now).unwrap();
    let (young, young_watch) = parked(&places, after(now, 1)).unwrap();
    let _next = places.enter_at(after(now, 60_000)).unwrap();
    assert!(!is_open(&overdue_watch) && is_open(&young_watch));
    let told = overdue.take_at(after(now, 60_000));
    assert!(matches!(told, Err(Error::TooLate)), "{told:?}");
    // Also if no other has begun meanwhile.
    let told = young.take_at(after(now, 60_001));
    assert!(matches!(told, Err(Error::TooLate)), "{told:?}");
    assert!(!is_open(&young_watch));
}

#[test]
fn the_processes_of_a_host_have_a_limit_together() {
    let directory = tempfile::tempdir().unwrap();
    // Each has its own open files, as processes have.
    let [one, other] = [(), ()].map(|()| places(directory.path(), 8, 3));
    let now = Instant::now();
    let first = parked(&one, now).unwrap();
    let _second = parked(&one, now).unwrap();
    let third = parked(&other, now).unwrap();
    assert!(matches!(parked(&one, now), Err(Error::HostBusy)));
    assert!(matches!(parked(&other, now), Err(Error::HostBusy)));
    // Each closes its own oldest, and no other's.
    let _fourth = parked(&other, after(now, 1000)).unwrap();
    assert!(!is_open(&third.1) && is_open(&first.1));
    drop(first);
    assert!(parked(&other, now).is_ok());
}

#[test]
fn without_a_state_directory_only_the_process_has_a_limit() {
    let places = places(Path::new("/nonexistent/ntlmdc"), 2, 1);
    let now = Instant::now();
    let _seats = [parked(&places, now).unwrap(), parked(&places, now).unwrap()];
    assert!(matches!(parked(&places, now), Err(Error::Busy)));
}

/// However many begin, and in whatever time.
#[test]
fn ten_thousand_handshakes_leave_few_connections() {
    let directory = tempfile::tempdir().unwrap();
    let places = places(directory.path(), 32, 128);
    let now = Instant::now();
    let mut seats = Vec::new();
    let mut watches = Vec::new();
    for number in 0..10_000 {
        if let Ok((seat, watch)) = parked(&places, after(now, number)) {
            seats.push(seat);
            watches.push(watch);
        }
        let open = watches.iter().filter(|watch| is_open(watch)).count();
        assert!(open <= 32, "{open} after {number}");
        watches.retain(is_open);
    }
    assert!(seats.len() > 200, "{}", seats.len());
    let (user, _) = parked(&places, after(now, 12_000)).unwrap();
    assert!(user.take_at(after(now, 12_001)).is_ok());
}

/// What a child has of its parent's handshakes.
#[test]
fn a_fork_uses_no_connection_and_closes_none() {
    let directory = tempfile::tempdir().unwrap();
    let places = places(directory.path(), 2, 8);
    let (mut seat, watch) = parked(&places, Instant::now()).unwrap();
    seat.process += 1;
    assert!(matches!(seat.take(), Err(Error::Forked)));
    drop(seat);
    assert!(is_open(&watch));
}
