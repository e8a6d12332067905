use super::*;
use crate::base::fault::Minor;
use crate::protocol::rpc::schannel::agreement::Capable;
use std::net::{TcpListener, TcpStream};
use std::thread;

fn long() -> Deadline {
    Deadline::after(Duration::from_secs(10))
}

#[test]
fn nobody_waits_longer_than_the_budget() {
    let pool = Pool::new(2);
    let _taken = [
        pool.take(long(), Claim::Ours),
        pool.take(long(), Claim::Ours),
    ]
    .map(Result::unwrap);
    let waited = Instant::now();
    let soon = Deadline::after(Duration::from_millis(30));
    assert!(matches!(pool.take(soon, Claim::Ours), Err(Error::Busy)));
    assert!(waited.elapsed() >= Duration::from_millis(30));
    assert!(pool.lock().queue.is_empty());
}

#[test]
fn first_come_first_served() {
    let pool = Pool::new(1);
    let served = Mutex::new(Vec::new());
    let taken = pool.take(long(), Claim::Ours).unwrap();
    thread::scope(|scope| {
        for number in 0..8 {
            let (pool, served) = (&pool, &served);
            scope.spawn(move || {
                let _slot = pool.take(long(), Claim::Ours).unwrap();
                served.lock().unwrap().push(number);
            });
            while pool.lock().queue.len() <= number {
                thread::yield_now();
            }
        }
        drop(taken);
    });
    assert_eq!(*served.lock().unwrap(), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(pool.lock().taken, 0);
}

#[test]
fn in_an_outage_one_tries_for_all() {
    let pool = Pool::new(2);
    let fault = Fault::from(Minor::ControllerUnreachable);
    let is_barred = || matches!(pool.take(long(), Claim::Ours), Err(Error::Outage(_)));
    thread::scope(|scope| {
        let taken = [
            pool.take(long(), Claim::Ours),
            pool.take(long(), Claim::Ours),
        ]
        .map(Result::unwrap);
        let waiting = scope.spawn(is_barred);
        while pool.lock().queue.is_empty() {
            thread::yield_now();
        }
        // Who waits is told at once, too.
        pool.nobody_answers(fault.clone());
        assert!(waiting.join().unwrap());
        drop(taken);
    });
    assert!(is_barred());

    let later = |pool: &Pool| {
        pool.lock().outage.as_mut().unwrap().until = Instant::now();
    };
    later(&pool);
    let trying = pool.take(long(), Claim::Ours).unwrap();
    assert!(is_barred(), "one is trying");
    drop(trying);
    let trying = pool.take(long(), Claim::Ours).unwrap();
    pool.nobody_answers(fault);
    drop(trying);
    assert!(is_barred(), "it did not work");

    later(&pool);
    let trying = pool.take(long(), Claim::Ours).unwrap();
    pool.outage_is_over();
    assert!(pool.take(long(), Claim::Ours).is_ok(), "it did");
    drop(trying);
}

#[test]
fn an_account_that_is_refused_is_tried_less_and_less_often() {
    let pool = Pool::new(2);
    let fail = |minor: Minor| {
        if let Some(outage) = pool.lock().outage.as_mut() {
            outage.until = Instant::now();
        }
        let both = [
            pool.take(long(), Claim::Ours),
            pool.take(long(), Claim::Ours),
        ];
        let asked = both.iter().filter(|slot| slot.is_ok()).count();
        for _ in 0..asked {
            pool.nobody_answers(minor.into());
        }
        pool.lock().outage.as_ref().unwrap().pause.as_secs()
    };
    // Two begin at once, and find it out at once; later it is one, for both.
    let refused = Minor::MachineSecretRefused;
    let pauses = [(); 7].map(|()| fail(refused));
    assert_eq!(pauses, [2, 4, 8, 16, 32, 45, 45]);
    assert_eq!(fail(Minor::ControllerUnreachable), 2, "may be back at once");
    assert_eq!(fail(Minor::MachineAccountUnknown), 4);
    pool.outage_is_over();
    assert_eq!(fail(refused), 2);
}

/// Two of ours may always run beside those that name a domain that hangs.
#[test]
fn other_domains_have_half_of_the_channels() {
    let soon = || Deadline::after(Duration::from_millis(20));
    for (most, theirs) in [(1, 1), (2, 1), (3, 2), (4, 2), (16, 8)] {
        let pool = Pool::new(most);
        let take = |claim| pool.take(soon(), claim).ok();
        let elsewhere: Vec<_> = (0..theirs).map(|_| take(Claim::Elsewhere)).collect();
        assert!(elsewhere.iter().all(Option::is_some), "{most}");
        assert!(take(Claim::Elsewhere).is_none(), "{most}");
        let ours: Vec<_> = (theirs..most).map(|_| take(Claim::Ours)).collect();
        assert!(ours.iter().all(Option::is_some), "{most}");
        assert!(take(Claim::Ours).is_none(), "{most}");
        drop(elsewhere);
        assert!(take(Claim::Elsewhere).is_some(), "{most}");
    }
    // All may be ours.
    let pool = Pool::new(2);
    let _both = [(); 2].map(|()| pool.take(soon(), Claim::Ours).unwrap());
}

#[test]
fn who_waits_for_room_holds_up_nobody_who_has_it() {
    let pool = Pool::new(2);
    let first = pool.take(long(), Claim::Elsewhere).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| pool.take(long(), Claim::Elsewhere).is_ok());
        while pool.lock().queue.is_empty() {
            thread::yield_now();
        }
        let soon = Deadline::after(Duration::from_millis(500));
        assert!(pool.take(soon, Claim::Ours).is_ok());
        drop(first);
        assert!(waiting.join().unwrap());
    });
}

/// An idle channel whose key was agreed on at that time; and its other end.
fn channel(agreed: u32) -> (Open, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = listener.local_addr().unwrap();
    let channel = Channel::pretended(peer, Capable::pretended(0x612F_FFFF, agreed));
    let controller = Candidate::new(peer.ip(), Some(peer.port()));
    let open = Open {
        controller,
        channel,
    };
    (open, listener.accept().unwrap().0)
}

#[test]
fn a_channel_is_as_old_as_its_key() {
    let now = seconds_since_1970();
    for (agreed, is_kept) in [(now - 3500, true), (now - 3600, false)] {
        let pool = Pool::new(1);
        let (open, _other_end) = channel(agreed);
        pool.take(long(), Claim::Ours).unwrap().open = Some(open);
        let slot = pool.take(long(), Claim::Ours).unwrap();
        assert_eq!(slot.open.is_some(), is_kept);
    }
}

#[test]
fn another_secret_ends_what_the_old_one_opened_and_every_outage() {
    let pool = Pool::new(2);
    let now = seconds_since_1970();
    let (idle, _other_end) = channel(now);
    let (out, _its_other_end) = channel(now);
    pool.take(long(), Claim::Ours).unwrap().open = Some(idle);
    let taken = pool.take(long(), Claim::Ours).unwrap();
    assert!(taken.open.is_some());
    pool.take(long(), Claim::Ours).unwrap().open = Some(out);
    pool.nobody_answers(Minor::MachineSecretRefused.into());
    assert_eq!(pool.lock().idle.len(), 1);

    pool.begin_anew();
    assert_eq!(pool.lock().idle.len(), 0);
    drop(taken);
    assert_eq!(pool.lock().idle.len(), 0, "it was opened before");
    assert!(pool.take(long(), Claim::Ours).is_ok(), "no outage");
}
