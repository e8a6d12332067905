//! The machine account's password, and controllers that refuse to change it or do not say whether
//! they did.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use gss_ntlmdc::base::config::{Config, LogTarget};
use gss_ntlmdc::dc::rotation::{self, Rotated, RotationError, RotationHost};
use gss_ntlmdc::dc::secret_file::SecretFile;

use crate::controller::{Controller, Lie};
use crate::delivery::Delivery;
use crate::draft::{Draft, Step};
use crate::trial::{Ready, at, verifier, verifier_of};

const ACCESS_DENIED: u32 = 0xC000_0022;

/// The file of the secret.
struct Secret(PathBuf);

impl RotationHost for Secret {
    fn read(&mut self) -> Result<(SecretFile, u32), String> {
        SecretFile::read(&self.0)
    }

    fn write(&mut self, file: &SecretFile) -> Result<(), String> {
        fs::write(&self.0, file.content().expose()).map_err(|error| error.to_string())
    }

    fn tell(&mut self, _step: fmt::Arguments<'_>) {}
}

fn rotate(verifier: &Ready) -> Result<Rotated, RotationError> {
    let text = fs::read_to_string(verifier.config()).unwrap();
    let config = Config::parse(&text).unwrap().netlogon.pop().unwrap();
    let mut secret = Secret(verifier.secret());
    rotation::rotate(&config, LogTarget::Off, &mut secret, false)
}

fn lines(verifier: &Ready) -> Vec<String> {
    let text = fs::read_to_string(verifier.secret()).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// A login over a channel for which a key is agreed on now.
fn logs_in_afresh(verifier: &Ready) -> bool {
    let state = verifier.config().with_file_name("state");
    for entry in fs::read_dir(state).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "state") {
            fs::remove_file(path).unwrap();
        }
    }
    verifier.sibling().login("alice").is_ok()
}

fn refuses() -> Lie {
    at(Step::Password, |draft: &mut Draft| {
        draft.body = [&[0; 12][..], &ACCESS_DENIED.to_le_bytes()].concat();
    })
}

#[test]
fn an_honest_controller_takes_the_password() {
    let controller = Controller::that(Box::new(|_| {}));
    let verifier = verifier(controller.address);
    assert!(verifier.login("alice").is_ok());
    let old = lines(&verifier)[0].clone();
    rotate(&verifier).unwrap();
    let after = lines(&verifier);
    assert_eq!(after[0].len(), 120);
    assert_eq!(after[2], format!("previous {old}"));
    // Over the open channel, and over a new one.
    assert!(verifier.login("alice").is_ok());
    assert!(logs_in_afresh(&verifier));
    assert_eq!(controller.turns(Step::Password), 1);
    assert_eq!(controller.complaints(), [""; 0]);
}

#[test]
fn a_read_only_controller_refuses_and_another_one_is_asked() {
    let read_only = Controller::that(refuses());
    let alone = verifier(read_only.address);
    let before = lines(&alone);
    let refused = rotate(&alone);
    let Err(RotationError::Refused(problem)) = refused else {
        panic!("{refused:?}");
    };
    assert!(problem.contains("STATUS_ACCESS_DENIED"), "{problem}");
    assert!(
        problem.contains(&read_only.address.to_string()),
        "{problem}"
    );
    assert_eq!(lines(&alone)[0], before[0]);
    assert!(!lines(&alone).iter().any(|line| line.starts_with("next ")));
    assert!(logs_in_afresh(&alone));

    let writable = Controller::that(Box::new(|_| {}));
    let both = verifier_of(&[read_only.address, writable.address]);
    let rotated = rotate(&both).unwrap();
    assert_eq!(rotated.controller, writable.address.to_string());
    // The read-only one has not heard of it yet, and is asked first.
    assert!(logs_in_afresh(&both));
}

#[test]
fn an_answer_that_is_lost_is_made_up_for_by_a_new_channel() {
    let controller = Controller::that(at(Step::Password, |draft| {
        draft.delivery = Delivery::Reset;
    }));
    let verifier = verifier(controller.address);
    rotate(&verifier).unwrap();
    assert_eq!(controller.turns(Step::Password), 1);
    assert!(logs_in_afresh(&verifier));
}

#[test]
fn what_is_not_an_authentic_answer_decides_nothing() {
    let lies: [fn(&mut Draft); 3] = [
        // Not signed, so it may be an attacker's.
        |draft| draft.fault(0x1C01_0003),
        |draft| draft.fault(5),
        // The machine's own authenticator, and a status that refuses, in clear.
        |draft| {
            draft.body = [&[0; 12][..], &ACCESS_DENIED.to_le_bytes()].concat();
            draft.sealed = None;
        },
    ];
    for lie in lies {
        let controller = Controller::that(Box::new(move |draft| {
            if (draft.step, draft.turn) == (Step::Password, 1) {
                lie(draft);
            }
        }));
        let verifier = verifier(controller.address);
        let unknown = rotate(&verifier);
        assert!(
            matches!(unknown, Err(RotationError::Unknown(_))),
            "{unknown:?}"
        );
        let next = lines(&verifier).pop().unwrap();
        assert!(logs_in_afresh(&verifier));
        assert!(rotate(&verifier).unwrap().was_begun);
        assert_eq!(next, format!("next {}", lines(&verifier)[0]));
        assert!(logs_in_afresh(&verifier));
    }
}

#[test]
fn a_controller_that_does_not_prove_the_answer_is_asked_what_it_knows() {
    // It has set the password, and its authenticator is wrong.
    let controller = Controller::that(at(Step::Password, |draft| draft.body[0] ^= 1));
    let verifier = verifier(controller.address);
    rotate(&verifier).unwrap();
    assert!(logs_in_afresh(&verifier));
}
