//! Gives the machine account a new password, so that a run that is killed at any step leaves a host
//! that still logs users in.
//!
//! ```text
//! step                                  the file of the secret      the controllers
//! 1  a controller proves the present    present                     present
//! 2  the file is replaced               present, next               present
//! 3  NetrServerPasswordSet2             present, next               present, or next
//! 4  the controller proves the next     present, next               next
//! 5  the file is replaced               next, previous for a day    next
//! ```
//!
//! The processes of the server try both secrets of the file. A run that finds a `next` goes on with
//! that very password: it may have come to a controller, or may be on its way. Only a password that
//! every controller has refused is taken back. The previous secret counts for a day more, because a
//! controller may not have heard of the change.

use std::fmt;

use crate::base::clock::seconds_since_1970;
use crate::base::config::{self, LogTarget};
use crate::base::crypto::{Key, NoRandomBytes};
use crate::base::fault::Minor;
use crate::base::net::Deadline;
use crate::dc::channel::Channel;
use crate::dc::error::Error;
use crate::dc::failover::{Controllers, MAX_CONTROLLERS, Outcomes};
use crate::dc::locate::Candidate;
use crate::dc::secret_file::SecretFile;
use crate::protocol::rpc::netlogon::password_set::MachinePassword;

/// The host on which the secret is.
pub trait RotationHost {
    /// Reads the file of the secret: its content, and when it was written, in seconds since 1970.
    ///
    /// # Errors
    /// The problem and the cure, with the path.
    fn read(&mut self) -> Result<(SecretFile, u32), String>;

    /// Replaces the file, whole or not at all, also when power fails.
    ///
    /// # Errors
    /// The problem and the cure, with the path. The file is as before.
    fn write(&mut self, file: &SecretFile) -> Result<(), String>;

    /// Is told of a step that may take some time.
    fn tell(&mut self, step: fmt::Arguments<'_>);
}

/// A change that was made.
#[derive(Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The controller that has the new password.
    pub controller: String,
    /// Whether an earlier run had begun the change.
    pub was_begun: bool,
}

/// Why the password was not changed, or why it is unknown whether it was.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The file cannot be read, or not be replaced before the change.
    #[error("{0}")]
    File(String),
    /// A controller may know the previous secret alone.
    #[error(
        "the password was changed less than a day ago, and a controller may not have heard of it"
    )]
    TooSoon,
    /// No controller is known, or none proves the present secret.
    #[error("{}: {problem}", meaning(*.minor))]
    NotProven {
        /// The controllers, and what each said.
        problem: String,
        /// The code of the problem.
        minor: Minor,
    },
    /// The controllers refuse to change the password.
    #[error("the password was not changed: {0}")]
    Refused(String),
    /// The controller has the next password or the present one.
    #[error("whether the password was changed is not known: {0}")]
    Unknown(String),
    /// The controller has the next password. The file has both.
    #[error("the password was changed, and the file still has both: {0}")]
    Unfinished(String),
    /// The kernel returned no random bytes.
    #[error(transparent)]
    NoRandomBytes(#[from] NoRandomBytes),
}

/// Changes the password of the account, or finishes a change that an earlier run began.
///
/// `is_forced`: also within a day of the last change.
///
/// # Errors
/// [`RotationError`]. Whatever it is, the file has the secret that the controllers have.
pub fn rotate(
    config: &config::Netlogon,
    log: LogTarget,
    host: &mut dyn RotationHost,
    is_forced: bool,
) -> Result<Rotated, RotationError> {
    let controllers = Controllers::new(config.clone(), log);
    let run = Rotation {
        service: &controllers,
        host,
    };
    run.run(is_forced)
}

/// What keeps the account's password.
trait PasswordService {
    type At: fmt::Display;

    /// Best first.
    fn controllers(&self) -> Result<Vec<Self::At>, Error>;

    /// Whether the controller and the secret prove each other.
    fn prove(&self, at: &Self::At, secret: &Key) -> Result<(), Error>;

    /// Sets the next password, over a channel that is keyed with the present one.
    fn set(&self, at: &Self::At, present: &Key, next: &MachinePassword) -> Result<(), Error>;
}

impl PasswordService for Controllers {
    type At = Candidate;

    fn controllers(&self) -> Result<Vec<Candidate>, Error> {
        self.locator.candidates(Deadline::after(self.config.budget))
    }

    fn prove(&self, at: &Candidate, secret: &Key) -> Result<(), Error> {
        let terms = self.terms(Deadline::after(self.config.budget), 0);
        Channel::prove(self.opening(terms, at), secret)
    }

    fn set(&self, at: &Candidate, present: &Key, next: &MachinePassword) -> Result<(), Error> {
        let terms = self.terms(Deadline::after(self.config.budget), 0);
        Channel::set_password(self.opening(terms, at), present, next)
    }
}

/// A run.
struct Rotation<'a, S> {
    service: &'a S,
    host: &'a mut dyn RotationHost,
}

/// The change as the file has it.
struct Change {
    file: SecretFile,
    /// When the file was written before.
    modified: u32,
    /// Whether an earlier run has written the next password into the file.
    was_begun: bool,
}

/// Why a controller did not change the password.
enum Stopped {
    /// Another one may.
    Here(Error),
    /// No other is asked.
    Everywhere(RotationError),
}

impl<S: PasswordService> Rotation<'_, S> {
    fn run(mut self, is_forced: bool) -> Result<Rotated, RotationError> {
        let (file, modified) = self.host.read().map_err(RotationError::File)?;
        if file.is_just_changed(seconds_since_1970()) && !is_forced {
            return Err(RotationError::TooSoon);
        }
        let mut change = Change {
            was_begun: file.next().is_some(),
            file,
            modified,
        };
        self.host.tell(format_args!("looking for a controller"));
        let controllers = self.service.controllers();
        let controllers = controllers.map_err(|error| not_proven(&error))?;
        let (mut outcomes, mut talked_to) = (Vec::new(), 0);
        for at in &controllers {
            match self.change_at(at, &mut change) {
                Ok(()) => return self.finish(at, change),
                Err(Stopped::Everywhere(error)) => return Err(error),
                Err(Stopped::Here(error)) => {
                    talked_to += usize::from(!error.is_no_connection());
                    outcomes.push(error);
                }
            }
            if talked_to >= MAX_CONTROLLERS {
                break;
            }
        }
        self.give_up(change, outcomes)
    }

    /// Steps 1 to 4 at one controller.
    fn change_at(&mut self, at: &S::At, change: &mut Change) -> Result<(), Stopped> {
        self.host.tell(format_args!("{at}: opening a channel"));
        if let Some(next) = change.file.next().filter(|_| change.was_begun) {
            match self.service.prove(at, &next.nt_hash()) {
                Err(error) if error.is_secret_refused() => {}
                outcome => return outcome.map_err(Stopped::Here),
            }
        }
        let present = change.file.nt_hash();
        self.service.prove(at, &present).map_err(Stopped::Here)?;
        let next = self.begin(change).map_err(Stopped::Everywhere)?;

        self.host
            .tell(format_args!("{at}: setting the new password"));
        let unanswered = match self.service.set(at, &present, &next) {
            Ok(()) => None,
            Err(error) if error.may_have_set_password() => Some(error),
            Err(error) => return Err(Stopped::Here(error)),
        };
        self.host.tell(format_args!(
            "{at}: opening a channel with the new password"
        ));
        let proven = self.service.prove(at, &next.nt_hash());
        proven.map_err(|error| {
            Stopped::Everywhere(match unanswered {
                Some(unanswered) => RotationError::Unknown(format!("{unanswered}; then {error}")),
                None => RotationError::Unfinished(error.to_string()),
            })
        })
    }

    /// Step 2, unless it is done.
    fn begin(&mut self, change: &mut Change) -> Result<MachinePassword, RotationError> {
        if let Some(next) = change.file.next() {
            return Ok(next.clone());
        }
        let next = MachinePassword::random()?;
        let begun = change.file.clone().begun(next.clone(), change.modified);
        self.host.write(&begun).map_err(RotationError::File)?;
        change.file = begun;
        Ok(next)
    }

    /// Step 5.
    fn finish(self, at: &S::At, change: Change) -> Result<Rotated, RotationError> {
        let finished = change.file.finished(seconds_since_1970());
        self.host
            .write(&finished)
            .map_err(RotationError::Unfinished)?;
        Ok(Rotated {
            controller: at.to_string(),
            was_begun: change.was_begun,
        })
    }

    /// Takes the change back. One that an earlier run began stays: whether the request of that run
    /// was answered is not known.
    fn give_up(self, change: Change, errors: Vec<Error>) -> Result<Rotated, RotationError> {
        let is_refused = errors.iter().any(Error::is_password_refused);
        let mut outcomes = Outcomes::<()>::default();
        errors
            .into_iter()
            .for_each(|error| outcomes.add(Err(error)));
        let error = outcomes.into_result().err().unwrap_or(Error::TimeOver);
        if change.file.next().is_some() && !change.was_begun {
            let abandoned = change.file.abandoned();
            self.host
                .write(&abandoned)
                .map_err(|problem| RotationError::Refused(format!("{error}; {problem}")))?;
        }
        match is_refused {
            true => Err(RotationError::Refused(error.to_string())),
            false => Err(not_proven(&error)),
        }
    }
}

/// What it means that no controller has proven the secret.
fn meaning(minor: Minor) -> &'static str {
    match minor {
        Minor::MachineSecretRefused => "no controller takes the present secret",
        _ => "no controller could be asked",
    }
}

fn not_proven(error: &Error) -> RotationError {
    RotationError::NotProven {
        problem: error.to_string(),
        minor: error.minor(),
    }
}

#[cfg(test)]
mod tests;
