//! The decision about the claim of an AUTHENTICATE message.
//!
//! ```text
//! admit ──► guess limit ──► verify ──► message integrity ──► permit ──► Established
//!             counts ◄──────── the outcome, whatever it is
//! ```

use std::time::{Duration, Instant, SystemTime};

use crate::base::fault::{Fault, Minor};
use crate::login::accept::claimed_name::ClaimedName;
use crate::login::accept::decision_log::{Accepted, Refused};
use crate::login::accept::established::Established;
use crate::login::accept::terms::Terms;
use crate::login::guess_limit::{Answer, Guess};
use crate::login::policy::{self, Admitted, Arrival};
use crate::login::setup::Setup;
use crate::login::verify::{self, Attempt, Logon, Passage, Refusal};
use crate::protocol::ntlm::acceptor::Claim;

/// Decides about a claim. Counts the guess, and logs an accepted login.
pub(super) fn decide(
    terms: &Terms<'_>,
    arrival: &Arrival,
    claim: &Claim,
    passage: Option<&Passage>,
    start: Instant,
) -> Result<Box<Established>, Refused> {
    let setup = terms.setup;
    let refused = |fault| Refused::of(claim, fault);
    let (admitted, name) = admit(terms, arrival, claim).map_err(refused)?;
    let guess = begin_guess(setup, name).map_err(refused)?;
    let attempt = admitted.attempt(passage);
    let outcome = verify(setup, terms.lifetime(arrival), &admitted, &attempt);
    setup.counters().verified(start.elapsed());
    settle(guess, &outcome);
    let verified = outcome.map_err(|failure| refused(failure.fault))?;
    let accepted = Accepted {
        claim,
        admitted: &admitted,
        established: &verified.established,
        verifier: verified.verifier,
        start,
    };
    setup.counters().accepted(verified.verifier);
    accepted.log(setup.config().log.to);
    Ok(verified.established)
}

/// The checks that need no verifier: policy, channel, service and name.
fn admit<'a>(
    terms: &Terms<'_>,
    arrival: &Arrival,
    claim: &'a Claim,
) -> Result<(Admitted<'a>, ClaimedName<'a>), Fault> {
    let admitted = policy::admit(&terms.setup.config().policy, arrival, claim)?;
    terms.check_service(arrival, claim)?;
    Ok((admitted, ClaimedName::check(claim)?))
}

/// Takes one of the guesses that the account has left. `None`: there is no limit.
fn begin_guess<'a>(setup: &'a Setup, name: ClaimedName<'_>) -> Result<Option<Guess<'a>>, Fault> {
    let limit = setup.guess_limit();
    limit.map(|limit| limit.begin(name.user())).transpose()
}

/// Counts the outcome of a guess.
fn settle(guess: Option<Guess<'_>>, outcome: &Result<Verified, Failure>) {
    let Some(guess) = guess else { return };
    match outcome {
        Ok(verified) => guess.accepted(verified.established.identity().own_user()),
        Err(failure) => guess.refused(failure.answer),
    }
}

/// A login that passed every check.
struct Verified {
    established: Box<Established>,
    /// The name of the verifier.
    verifier: &'static str,
}

/// A login that a check refused.
struct Failure {
    fault: Fault,
    /// What the refusal says of the password.
    answer: Answer,
}

impl Failure {
    /// For a check that follows a right password. The counted guesses stay as they are: a client
    /// that knows the password learns no more.
    fn undecided(fault: Fault) -> Self {
        let answer = Answer::Undecided;
        Self { fault, answer }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let answer = answer(&refusal);
        Self {
            fault: refusal.into_fault(),
            answer,
        }
    }
}

/// Asks the verifiers, and makes the checks that need their answer.
fn verify(
    setup: &Setup,
    lifetime: Option<Duration>,
    admitted: &Admitted<'_>,
    attempt: &Attempt<'_>,
) -> Result<Verified, Failure> {
    let default_domains = &setup.config().identity.default_domain;
    let logon = verify::ask_by_default(setup.verifiers(), attempt, default_domains)?;
    let verifier = logon.verifier();
    let established = establish(setup, lifetime, admitted, logon).map_err(Failure::undecided)?;
    Ok(Verified {
        established,
        verifier,
    })
}

/// The login of a verified logon, if its messages, its account and its hours permit it.
fn establish(
    setup: &Setup,
    lifetime: Option<Duration>,
    admitted: &Admitted<'_>,
    logon: Logon,
) -> Result<Box<Established>, Fault> {
    let checked = admitted.check_mic(&logon)?;
    let own_domain = &setup.target().netbios_domain;
    let permitted = admitted.permit(&setup.config().policy, own_domain, &logon)?;
    let established = Established::new(setup, lifetime, admitted, logon, checked, permitted);
    match established.expires() <= SystemTime::now() {
        true => Err(Minor::InvalidLogonHours.into()),
        false => Ok(Box::new(established)),
    }
}

/// What a refusal says of the password. An unknown user counts like a wrong password, and so does a
/// question without an answer: the controller may have counted it.
pub(super) fn answer(refusal: &Refusal) -> Answer {
    match refusal {
        Refusal::NotMine(fault) if fault.minor() == Minor::BadUserOrPassword => Answer::Wrong,
        Refusal::Denied(fault)
            if matches!(fault.minor(), Minor::BadUserOrPassword | Minor::LogonDenied) =>
        {
            Answer::Wrong
        }
        Refusal::Unanswered(_) => Answer::Wrong,
        // The password was right, or no verifier has checked it.
        Refusal::NotMine(_) | Refusal::Denied(_) | Refusal::Unavailable(_) => Answer::Undecided,
    }
}
