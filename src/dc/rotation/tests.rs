//! Runs with imitated controllers and an imitated file. A killed run is one after which nothing has
//! an effect any more.

use super::*;
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;

use crate::base::crypto::{self, SecretBytes};
use crate::base::net;
use crate::dc::error::Step;
use crate::protocol::rpc::{self, NtStatus};

/// What a controller does when it is asked to set the password.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Sets,
    /// As a read-only controller does.
    Refuses,
    /// It sets the password, and the answer is lost.
    SetsInSilence,
    /// It does not set the password, and does not answer.
    Ignores,
    /// It does not listen at all.
    Away,
}

/// The host, and the controllers of its domain.
struct World {
    file: RefCell<Vec<u8>>,
    /// How often the file was written.
    writes: Cell<usize>,
    is_full: Cell<bool>,
    controllers: RefCell<Vec<(Manner, Key)>>,
    /// How many more steps have an effect.
    steps: Cell<usize>,
}

const ENDLESS: usize = usize::MAX;

impl World {
    fn new(manners: &[Manner]) -> Self {
        let present = crypto::nt_hash("old");
        let controllers = manners.iter().map(|manner| (*manner, present.clone()));
        Self {
            file: RefCell::new(b"old\n".to_vec()),
            writes: Cell::new(0),
            is_full: Cell::new(false),
            controllers: RefCell::new(controllers.collect()),
            steps: Cell::new(ENDLESS),
        }
    }

    /// Whether the run lives on to the next step.
    fn lives(&self) -> bool {
        let steps = self.steps.get();
        self.steps.set(steps.saturating_sub(1));
        steps > 0
    }

    fn run(&self, steps: usize, is_forced: bool) -> Result<Rotated, RotationError> {
        self.steps.set(steps);
        let mut host = self;
        let run = Rotation {
            service: self,
            host: &mut host,
        };
        run.run(is_forced)
    }

    fn text(&self) -> String {
        String::from_utf8(self.file.borrow().clone()).unwrap()
    }

    fn line(&self, keyword: &str) -> Option<String> {
        let text = self.text();
        let mut lines = text.lines().filter_map(|line| line.strip_prefix(keyword));
        lines.next().map(str::to_owned)
    }

    fn parsed(&self) -> SecretFile {
        SecretFile::parse(&SecretBytes::new(self.file.borrow().clone())).unwrap()
    }

    /// Whether the server's processes can open a channel to each controller, long after.
    fn logs_in(&self) -> bool {
        let later = seconds_since_1970() + 40 * 24 * 60 * 60;
        let hashes = self.parsed().nt_hashes(0, later);
        let controllers = self.controllers.borrow();
        let mut secrets = controllers.iter().map(|(_, secret)| secret);
        secrets.all(|secret| hashes.iter().any(|hash| hash == secret))
    }

    fn behaves(&self, at: usize, manner: Manner) {
        self.controllers.borrow_mut()[at].0 = manner;
    }

    fn secret_of(&self, at: usize) -> Key {
        self.controllers.borrow()[at].1.clone()
    }
}

fn peer() -> SocketAddr {
    "192.0.2.1:49152".parse().unwrap()
}

fn status(step: Step, call: &'static str, status: NtStatus) -> Error {
    Error::Rpc {
        peer: peer(),
        step,
        error: rpc::Error::Status(call, status),
    }
}

fn silence(step: Step) -> Error {
    Error::Net {
        peer: peer(),
        step,
        error: net::Error::Timeout,
    }
}

impl PasswordService for World {
    type At = usize;

    fn controllers(&self) -> Result<Vec<usize>, Error> {
        Ok((0..self.controllers.borrow().len()).collect())
    }

    fn prove(&self, at: &usize, secret: &Key) -> Result<(), Error> {
        let (manner, known) = self.controllers.borrow()[*at].clone();
        match (self.lives(), manner) {
            (true, Manner::Away) => Err(Error::Net {
                peer: peer(),
                step: Step::AgreeOnKey,
                error: net::Error::Connect(std::io::ErrorKind::ConnectionRefused.into()),
            }),
            (true, _) if known == *secret => Ok(()),
            (true, _) => Err(status(
                Step::AgreeOnKey,
                "NetrServerAuthenticate3",
                NtStatus::ACCESS_DENIED,
            )),
            (false, _) => Err(silence(Step::AgreeOnKey)),
        }
    }

    fn set(&self, at: &usize, present: &Key, next: &MachinePassword) -> Result<(), Error> {
        self.prove(at, present)?;
        let (manner, _) = self.controllers.borrow()[*at].clone();
        let call = "NetrServerPasswordSet2";
        if manner == Manner::Refuses {
            return Err(status(Step::Password, call, NtStatus::ACCESS_DENIED));
        }
        let is_set = self.lives() && manner != Manner::Ignores;
        if is_set {
            self.controllers.borrow_mut()[*at].1 = next.nt_hash();
        }
        match self.lives() && manner == Manner::Sets {
            true => Ok(()),
            false => Err(silence(Step::Password)),
        }
    }
}

impl RotationHost for &World {
    fn read(&mut self) -> Result<(SecretFile, u32), String> {
        Ok((self.parsed(), 1_700_000_000))
    }

    fn write(&mut self, file: &SecretFile) -> Result<(), String> {
        if self.is_full.get() {
            return Err("no space left".to_owned());
        }
        if self.lives() {
            *self.file.borrow_mut() = file.content().expose().to_vec();
            self.writes.set(self.writes.get() + 1);
        }
        match self.lives() {
            true => Ok(()),
            false => Err("killed".to_owned()),
        }
    }

    fn tell(&mut self, _step: fmt::Arguments<'_>) {}
}

#[test]
fn the_password_is_changed_and_the_previous_one_stays_for_a_day() {
    let world = World::new(&[Manner::Sets]);
    let rotated = world.run(ENDLESS, false).unwrap();
    assert_eq!((&*rotated.controller, rotated.was_begun), ("0", false));
    assert_eq!(world.secret_of(0), world.parsed().nt_hash());
    assert_eq!(world.line("previous ").unwrap(), "old");
    let changed = world.parsed().changed().unwrap();
    assert!(seconds_since_1970().abs_diff(changed) < 60);
    assert!(world.logs_in());

    // Within a day, only with force: the other controllers may know the previous one alone.
    let first = world.text();
    let again = world.run(ENDLESS, false);
    assert!(matches!(again, Err(RotationError::TooSoon)), "{again:?}");
    assert_eq!(world.text(), first);
    world.run(ENDLESS, true).unwrap();
    assert_eq!(
        world.line("previous "),
        first.lines().next().map(str::to_owned)
    );
    assert!(!world.text().contains("old"));
}

#[test]
fn a_run_that_is_killed_at_any_step_leaves_a_host_that_logs_in() {
    let mut ends = 0;
    for first in 0..20 {
        for second in 0..20 {
            let world = World::new(&[Manner::Sets]);
            for steps in [first, second] {
                let ended = world.run(steps, true);
                assert!(world.logs_in(), "{first} {second}: {}", world.text());
                ends += usize::from(ended.is_ok());
            }
            // The next month's run finishes.
            assert!(world.run(ENDLESS, true).is_ok(), "{first} {second}");
            assert!(world.logs_in());
            assert_eq!(world.line("next "), None);
            assert_eq!(world.secret_of(0), world.parsed().nt_hash());
        }
    }
    assert!(ends > 100, "some runs had enough steps: {ends}");
}

#[test]
fn a_change_that_was_begun_is_finished_with_the_same_password() {
    // Killed behind the first write, and behind the change.
    for (steps, is_set) in [(3, false), (6, true)] {
        let world = World::new(&[Manner::Sets]);
        assert!(world.run(steps, false).is_err());
        let next = world.line("next ").unwrap();
        assert_eq!(world.secret_of(0) == crypto::nt_hash(&next), is_set);
        let rotated = world.run(ENDLESS, false).unwrap();
        assert!(rotated.was_begun);
        assert_eq!(world.text().lines().next().unwrap(), next);
        assert_eq!(world.secret_of(0), crypto::nt_hash(&next));
    }
}

#[test]
fn the_other_controller_is_asked_if_one_refuses_or_is_away() {
    for manner in [Manner::Refuses, Manner::Away] {
        let world = World::new(&[manner, Manner::Sets]);
        let rotated = world.run(ENDLESS, false).unwrap();
        assert_eq!(rotated.controller, "1");
        // The first one still knows the secret before: `previous` is for it.
        let now = seconds_since_1970();
        let hashes = world.parsed().nt_hashes(0, now);
        assert!(hashes.iter().any(|hash| *hash == world.secret_of(0)));
        assert_eq!(hashes.newest, world.secret_of(1));
    }
}

#[test]
fn a_change_that_every_controller_refuses_is_taken_back() {
    let world = World::new(&[Manner::Refuses, Manner::Refuses]);
    let refused = world.run(ENDLESS, false);
    let Err(RotationError::Refused(problem)) = refused else {
        panic!("{refused:?}");
    };
    assert!(problem.contains("STATUS_ACCESS_DENIED"), "{problem}");
    // Only the time of its writing was added.
    assert_eq!(world.text(), "old\nchanged 1700000000\n");
    assert!(world.logs_in());
}

#[test]
fn without_an_answer_the_controller_is_asked_what_it_knows() {
    let world = World::new(&[Manner::SetsInSilence]);
    assert!(world.run(ENDLESS, false).is_ok());
    assert_eq!(world.secret_of(0), world.parsed().nt_hash());

    // The request may be on its way: both are kept, and the next run sends the same.
    let world = World::new(&[Manner::Ignores, Manner::Sets]);
    let unknown = world.run(ENDLESS, false);
    assert!(
        matches!(unknown, Err(RotationError::Unknown(_))),
        "{unknown:?}"
    );
    let next = world.line("next ").unwrap();
    assert!(world.logs_in());
    world.behaves(0, Manner::Refuses);
    world.behaves(1, Manner::Away);
    let refused = world.run(ENDLESS, false);
    assert!(
        matches!(refused, Err(RotationError::Refused(_))),
        "{refused:?}"
    );
    assert_eq!(world.line("next "), Some(next.clone()), "kept");
    world.behaves(0, Manner::Sets);
    assert!(world.run(ENDLESS, false).unwrap().was_begun);
    assert_eq!(world.secret_of(0), crypto::nt_hash(&next));
}

#[test]
fn nothing_is_written_unless_a_controller_proves_the_present_secret() {
    let world = World::new(&[Manner::Sets, Manner::Sets]);
    *world.file.borrow_mut() = b"wrong\n".to_vec();
    let Err(RotationError::NotProven { minor, .. }) = world.run(ENDLESS, false) else {
        panic!("proven");
    };
    assert_eq!(minor, Minor::MachineSecretRefused);

    let away = World::new(&[Manner::Away; 5]);
    let Err(RotationError::NotProven { minor, .. }) = away.run(ENDLESS, false) else {
        panic!("proven");
    };
    assert_eq!(minor, Minor::ControllerUnreachable);
    assert_eq!((world.writes.get(), away.writes.get()), (0, 0));
}

#[test]
fn nothing_is_sent_if_the_file_cannot_be_written() {
    let world = World::new(&[Manner::Sets]);
    world.is_full.set(true);
    let failed = world.run(ENDLESS, false);
    assert!(matches!(failed, Err(RotationError::File(_))), "{failed:?}");
    assert_eq!(world.text(), "old\n");
    assert_eq!(world.secret_of(0), crypto::nt_hash("old"));
}
