use super::*;
use crate::base::counters::Place;
use crate::base::fault::Minor;
use crate::protocol::rpc::schannel::agreement::Capable;
use std::net::{TcpListener, TcpStream};
use std::thread;

fn pool_of(most: usize) -> Pool {
    Pool::new(most, Counters::of(Place::IfThere("/nonexistent".into())))
}

fn long() -> Deadline {
    Deadline::after(Duration::from_secs(10))
}

#[test]
fn no_login_waits_longer_than_the_budget() {
    let pool = pool_of(2);
    let _taken = [
        pool.take(long(), &Claim::Ours),
        pool.take(long(), &Claim::Ours),
    ]
    .map(Result::unwrap);
    let waited = Instant::now();
    let soon = Deadline::after(Duration::from_millis(30));
    assert!(matches!(pool.take(soon, &Claim::Ours), Err(Error::Busy)));
    assert!(waited.elapsed() >= Duration::from_millis(30));
    assert!(pool.lock().queue.len() == 0);
}

#[test]
fn first_come_first_served() {
    let pool = pool_of(1);
    let served = Mutex::new(Vec::new());
    let taken = pool.take(long(), &Claim::Ours).unwrap();
    thread::scope(|scope| {
        for number in 0..8 {
            let (pool, served) = (&pool, &served);
            scope.spawn(move || {
                let _slot = pool.take(long(), &Claim::Ours).unwrap();
                served.lock().unwrap().push(number);
            });
            while pool.lock().queue.len() <= number {
                thread::yield_now();
            }
        }
        drop(taken);
    });
    assert_eq!(*served.lock().unwrap(), [0, 1, 2, 3, 4, 5, 6, 7]);
    let state = pool.lock();
    assert!(state.queue.is_turn_of_newcomer(Share::Ours, &state.taken));
}

#[test]
fn in_an_outage_one_tries_for_all() {
    let pool = pool_of(2);
    let fault = Fault::from(Minor::ControllerUnreachable);
    let is_barred = || matches!(pool.take(long(), &Claim::Ours), Err(Error::Outage(_)));
    thread::scope(|scope| {
        let taken = [
            pool.take(long(), &Claim::Ours),
            pool.take(long(), &Claim::Ours),
        ]
        .map(Result::unwrap);
        let waiting = scope.spawn(is_barred);
        while pool.lock().queue.len() == 0 {
            thread::yield_now();
        }
        // Who waits is told at once, too.
        pool.no_controller_answers(fault.clone());
        assert!(waiting.join().unwrap());
        drop(taken);
    });
    assert!(is_barred());

    let later = |pool: &Pool| {
        pool.lock().outage.as_mut().unwrap().until = Instant::now();
    };
    later(&pool);
    let trying = pool.take(long(), &Claim::Ours).unwrap();
    assert!(is_barred(), "one is trying");
    drop(trying);
    let trying = pool.take(long(), &Claim::Ours).unwrap();
    pool.no_controller_answers(fault);
    drop(trying);
    assert!(is_barred(), "it did not work");

    later(&pool);
    let trying = pool.take(long(), &Claim::Ours).unwrap();
    pool.outage_is_over();
    assert!(pool.take(long(), &Claim::Ours).is_ok(), "it did");
    drop(trying);
}

#[test]
fn an_account_that_is_refused_is_tried_less_and_less_often() {
    let pool = pool_of(2);
    let fail = |minor: Minor| {
        if let Some(outage) = pool.lock().outage.as_mut() {
            outage.until = Instant::now();
        }
        let both = [
            pool.take(long(), &Claim::Ours),
            pool.take(long(), &Claim::Ours),
        ];
        let asked = both.iter().filter(|slot| slot.is_ok()).count();
        for _ in 0..asked {
            pool.no_controller_answers(minor.into());
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

fn hang() -> Claim {
    Claim::Elsewhere("HANG".to_owned())
}

fn other() -> Claim {
    Claim::Elsewhere("OTHER".to_owned())
}

const CONTROLLER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

#[test]
fn a_share_that_is_used_up_holds_up_no_other() {
    let pool = pool_of(2);
    let hang = hang();
    let first = pool.take(long(), &hang).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| pool.take(long(), &hang).is_ok());
        while pool.lock().queue.len() == 0 {
            thread::yield_now();
        }
        assert!(pool.take(long(), &Claim::Ours).is_ok());
        assert!(pool.take(long(), &Claim::Unnamed).is_ok());
        drop(first);
        assert!(waiting.join().unwrap());
    });
}

#[test]
fn not_all_logins_of_other_domains_may_wait() {
    let pool = pool_of(1);
    let (hang, other) = (hang(), other());
    let taken = pool.take(long(), &Claim::Ours).unwrap();
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..MAX_WAITING)
            .map(|_| scope.spawn(|| pool.take(long(), &hang).is_ok()))
            .collect();
        while pool.lock().queue.len() < MAX_WAITING {
            thread::yield_now();
        }
        for claim in [&hang, &other] {
            assert!(matches!(pool.take(long(), claim), Err(Error::Crowded)));
        }
        let ours = scope.spawn(|| pool.take(long(), &Claim::Ours).is_ok());
        while pool.lock().queue.len() == MAX_WAITING {
            thread::yield_now();
        }
        drop(taken);
        assert!(ours.join().unwrap());
        assert!(waiting.into_iter().all(|waiting| waiting.join().unwrap()));
    });
}

/// Those that wait are told at once.
#[test]
fn a_silent_domain_is_refused_and_one_login_tries_again() {
    let pool = pool_of(4);
    let (hang, other) = (hang(), other());
    let is_refused = || matches!(pool.take(long(), &hang), Err(Error::SilentDomain(_)));
    let taken = [pool.take(long(), &hang), pool.take(long(), &hang)].map(Result::unwrap);
    thread::scope(|scope| {
        let waiting = scope.spawn(is_refused);
        let waiting_too = scope.spawn(|| pool.take(long(), &other).is_ok());
        while pool.lock().queue.len() < 2 {
            thread::yield_now();
        }
        pool.domain_is_silent("hang");
        assert!(waiting.join().unwrap());
        assert_eq!(pool.lock().queue.len(), 1);
        drop(taken);
        assert!(waiting_too.join().unwrap());
    });
    assert!(is_refused());
    for claim in [Claim::Ours, Claim::Unnamed, other] {
        assert!(pool.take(long(), &claim).is_ok());
    }

    let ago = Instant::now().checked_sub(silent_domains::PAUSE).unwrap();
    pool.lock().silent_domains.fell_silent("HANG", ago);
    let mut trying = pool.take(long(), &hang).unwrap();
    assert!(is_refused(), "one is trying");
    trying.answered = Some(CONTROLLER);
    drop(trying);
    assert!(pool.take(long(), &hang).is_ok());
}

#[test]
fn a_login_that_may_depend_on_another_domain_waits_while_its_share_moves() {
    let pool = pool_of(1);
    let state = pool.lock();
    let ago = |seconds| {
        Instant::now()
            .checked_sub(Duration::from_secs(seconds))
            .unwrap()
    };
    let waits = |state: &State, since, share| state.patience(since, share, long()).is_some();
    for share in [Share::Unnamed, Share::Elsewhere] {
        assert!(waits(&state, ago(4), share));
        assert!(!waits(&state, ago(6), share));
    }
    assert!(waits(&state, ago(6), Share::Ours));
    drop(state);
    for claim in [Claim::Unnamed, hang()] {
        let mut slot = pool.take(long(), &claim).unwrap();
        slot.answered = Some(CONTROLLER);
        drop(slot);
        assert!(waits(&pool.lock(), ago(6), claim.share()));
    }
    let over = Deadline::after(Duration::ZERO);
    assert!(pool.lock().patience(ago(0), Share::Ours, over).is_none());
}

#[test]
fn whether_a_controller_answers_others_is_known() {
    let pool = pool_of(1);
    let controller = Candidate::new(CONTROLLER, Some(1));
    let then = Instant::now();
    assert!(!pool.has_answered_since(&controller, then));
    drop(pool.take(long(), &Claim::Ours).unwrap());
    assert!(
        !pool.has_answered_since(&controller, then),
        "it was not asked"
    );
    pool.take(long(), &Claim::Ours)
        .unwrap()
        .answered(&controller);
    assert!(pool.has_answered_since(&controller, then));
    assert!(!pool.has_answered_since(&controller, Instant::now()));
    let another = Candidate::new([192, 0, 2, 1].into(), Some(1));
    assert!(!pool.has_answered_since(&another, then));
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
        let pool = pool_of(1);
        let (open, _other_end) = channel(agreed);
        pool.take(long(), &Claim::Ours).unwrap().open = Some(open);
        let slot = pool.take(long(), &Claim::Ours).unwrap();
        assert_eq!(slot.open.is_some(), is_kept);
    }
}

#[test]
fn another_secret_ends_what_the_old_one_opened_and_every_outage() {
    let pool = pool_of(2);
    let now = seconds_since_1970();
    let (idle, _other_end) = channel(now);
    let (out, _its_other_end) = channel(now);
    pool.take(long(), &Claim::Ours).unwrap().open = Some(idle);
    let taken = pool.take(long(), &Claim::Ours).unwrap();
    assert!(taken.open.is_some());
    pool.take(long(), &Claim::Ours).unwrap().open = Some(out);
    pool.no_controller_answers(Minor::MachineSecretRefused.into());
    assert_eq!(pool.lock().idle.len(), 1);

    pool.begin_anew();
    assert_eq!(pool.lock().idle.len(), 0);
    drop(taken);
    assert_eq!(pool.lock().idle.len(), 0, "it was opened before");
    assert!(pool.take(long(), &Claim::Ours).is_ok(), "no outage");
}
