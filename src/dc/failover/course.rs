//! How far one question has come, and what comes next. No I/O: outcomes in, decisions out.
//!
//! The failover of a login. Group names go the same way, without the limit on sendings. The list
//! of domains has only the limit on channels: it asks one controller.
//!
//! ```text
//!        ┌──── another channel, same controller: Reopen, Reauthenticate ────┐
//!        ▼                                                                  │
//! controller ─► channel ─► login sent ─► outcome ─┬─ Answer, GiveUp ─► Finish
//!        ▲                                        ├─ Leave, second AskElsewhere, limits ─► Stop
//!        └──── the next controller: NextController, AskElsewhere ───────────┘
//! ```

use crate::dc::error::Error;
use crate::dc::failure::{Action, Origin};

/// How many controllers are asked, at most. Those that cannot be connected to do not count.
pub(in crate::dc) const MAX_CONTROLLERS: usize = 3;
/// How many channels to one controller are tried, at most: two whose keys it may have lost, and one
/// whose key was agreed on for the purpose.
const MAX_CHANNELS: usize = 3;
/// How often a login may be counted, at most, by all controllers together. An attacker who
/// suppresses the answer, or puts a fault in its place, does not undo what was counted.
const MAX_SENDS: usize = 3;

/// What has been tried.
#[derive(Debug)]
pub(in crate::dc) struct Course {
    talked_to: usize,
    sends_left: usize,
    /// Channels to the present controller.
    channels: usize,
    asked_elsewhere: bool,
    has_lost_answer: bool,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dc) enum Next {
    /// The outcome is final.
    Finish,
    /// Ask the same controller over another channel.
    SameController,
    /// Ask the next controller.
    AnotherController,
    /// Ask no further controller.
    Stop,
}

impl Course {
    /// Nothing has been tried yet.
    pub(in crate::dc) fn new() -> Self {
        Self {
            talked_to: 0,
            sends_left: MAX_SENDS,
            channels: 0,
            asked_elsewhere: false,
            has_lost_answer: false,
        }
    }

    /// How many controllers may follow the present one, if `known` are left.
    pub(super) fn followers(&self, known: usize) -> usize {
        known.min((MAX_CONTROLLERS - 1).saturating_sub(self.talked_to))
    }

    /// Counts a channel to the present controller.
    pub(in crate::dc) fn count_channel(&mut self) {
        self.channels += 1;
    }

    /// Counts a sending of the login.
    pub(super) fn count_send(&mut self) {
        self.sends_left = self.sends_left.saturating_sub(1);
    }

    /// Takes a sending back: the login was refused before the password was checked.
    pub(super) fn uncount_send(&mut self) {
        self.sends_left += 1;
    }

    /// Remembers that the login was sent and its answer was lost: a controller may have found the
    /// password wrong.
    pub(super) fn note_lost_answer(&mut self) {
        self.has_lost_answer = true;
    }

    /// Whether an answer was lost.
    pub(super) fn has_lost_answer(&self) -> bool {
        self.has_lost_answer
    }

    /// What follows `action` on a channel of this `origin`. `is_away`: the controller could not be
    /// connected to.
    pub(in crate::dc) fn after(&mut self, action: Action, origin: Origin, is_away: bool) -> Next {
        let may_stay = self.channels < MAX_CHANNELS && self.sends_left > 0;
        match action {
            Action::Answer | Action::GiveUp => return Next::Finish,
            Action::Reopen if may_stay => return Next::SameController,
            // A channel that could not be opened has been tried with a key of our own.
            Action::Reauthenticate if may_stay && origin != Origin::None => {
                return Next::SameController;
            }
            Action::Reopen
            | Action::Reauthenticate
            | Action::NextController
            | Action::AskElsewhere
            | Action::Leave => {}
        }
        self.channels = 0;
        self.talked_to += usize::from(!is_away);
        let is_last = match action {
            Action::Leave => true,
            Action::AskElsewhere => std::mem::replace(&mut self.asked_elsewhere, true),
            _ => false,
        };
        match is_last || self.talked_to >= MAX_CONTROLLERS || self.sends_left == 0 {
            true => Next::Stop,
            false => Next::AnotherController,
        }
    }
}

/// What came of asking several controllers.
#[derive(Debug)]
pub(in crate::dc) struct Outcomes<T> {
    /// The first answer, which another controller could have bettered.
    answer: Option<T>,
    errors: Vec<Error>,
}

impl<T> Default for Outcomes<T> {
    fn default() -> Self {
        Self {
            answer: None,
            errors: Vec::new(),
        }
    }
}

impl<T> Outcomes<T> {
    /// Adds what one controller gave.
    pub(in crate::dc) fn add(&mut self, outcome: Result<T, Error>) {
        match outcome {
            Ok(answer) => self.answer = self.answer.take().or(Some(answer)),
            Err(error) => self.errors.push(error),
        }
    }

    /// An answer if there is one; else the error that ends the search.
    pub(super) fn answer_or(self, error: Error) -> Result<T, Error> {
        self.answer.ok_or(error)
    }

    /// An answer if there is one; else why no controller gave one.
    pub(in crate::dc) fn into_result(mut self) -> Result<T, Error> {
        match (self.answer, self.errors.pop()) {
            (Some(answer), _) => Ok(answer),
            (None, None) => Err(Error::TimeOver),
            (None, Some(only)) if self.errors.is_empty() => Err(only),
            (None, Some(last)) => {
                self.errors.push(last);
                Err(Error::AllFailed(self.errors))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_counts_before_every_error() {
        let result = |outcomes: Vec<Result<u8, Error>>| {
            let mut all = Outcomes::default();
            outcomes.into_iter().for_each(|outcome| all.add(outcome));
            all.into_result()
        };
        let (busy, over) = (|| Err(Error::Busy), || Err(Error::TimeOver));
        assert_eq!(result(vec![busy(), Ok(1), over(), Ok(2)]).unwrap(), 1);
        assert!(matches!(result(vec![]), Err(Error::TimeOver)));
        assert!(matches!(result(vec![busy()]), Err(Error::Busy)));
        let after = |outcome| {
            let mut all = Outcomes::default();
            all.add(outcome);
            all.answer_or(Error::HostBusy)
        };
        assert_eq!(after(Ok(1)).unwrap(), 1);
        assert!(matches!(after(busy()), Err(Error::HostBusy)));
        let Err(Error::AllFailed(errors)) = result(vec![busy(), over()]) else {
            panic!("not all errors");
        };
        assert!(matches!(errors[..], [Error::Busy, Error::TimeOver]));
    }

    /// The steps of a login, if every channel has this origin and ends in this action.
    fn steps(action: Action, origin: Origin, is_sent: bool, is_away: bool) -> (Vec<Next>, usize) {
        let mut course = Course::new();
        let (mut steps, mut sends) = (Vec::new(), 0);
        while steps.len() < 20 {
            course.count_channel();
            if is_sent {
                course.count_send();
                sends += 1;
            }
            steps.push(course.after(action, origin, is_away));
            if matches!(steps.last(), Some(Next::Finish | Next::Stop)) {
                break;
            }
        }
        (steps, sends)
    }

    #[test]
    fn a_login_is_sent_three_times_at_most() {
        for action in [
            Action::Answer,
            Action::Reopen,
            Action::Reauthenticate,
            Action::NextController,
            Action::AskElsewhere,
            Action::Leave,
            Action::GiveUp,
        ] {
            for origin in [Origin::Reused, Origin::Recalled, Origin::Agreed] {
                let (_, sends) = steps(action, origin, true, false);
                assert!((1..=MAX_SENDS).contains(&sends), "{action:?} {origin:?}");
            }
        }
    }

    #[test]
    fn a_login_that_was_not_counted_may_be_sent_again() {
        let mut course = Course::new();
        for _ in 0..MAX_SENDS {
            course.count_channel();
            course.count_send();
            course.uncount_send();
        }
        course.count_send();
        let next = course.after(Action::NextController, Origin::Agreed, false);
        assert_eq!(next, Next::AnotherController);
    }

    #[test]
    fn each_action_has_its_steps() {
        use Next::{AnotherController, Finish, SameController, Stop};
        for (action, origin, is_sent, expected) in [
            (Action::Answer, Origin::Reused, true, vec![Finish]),
            (Action::GiveUp, Origin::None, false, vec![Finish]),
            (Action::Leave, Origin::Agreed, true, vec![Stop]),
            (
                Action::AskElsewhere,
                Origin::Agreed,
                true,
                vec![AnotherController, Stop],
            ),
            (
                Action::NextController,
                Origin::None,
                false,
                vec![AnotherController, AnotherController, Stop],
            ),
            (
                Action::Reauthenticate,
                Origin::Recalled,
                true,
                vec![SameController, SameController, Stop],
            ),
            (
                Action::Reauthenticate,
                Origin::None,
                false,
                vec![AnotherController, AnotherController, Stop],
            ),
        ] {
            let (steps, _) = steps(action, origin, is_sent, false);
            assert_eq!(steps, expected, "{action:?} {origin:?}");
        }
    }

    #[test]
    fn controllers_that_are_away_do_not_count() {
        let (steps, _) = steps(Action::NextController, Origin::None, false, true);
        assert!(steps.iter().all(|next| *next == Next::AnotherController));
    }

    #[test]
    fn the_time_is_shared_with_as_many_as_may_follow() {
        let mut course = Course::new();
        assert_eq!(course.followers(9), 2);
        assert_eq!(course.followers(1), 1);
        course.count_channel();
        course.after(Action::NextController, Origin::None, false);
        assert_eq!(course.followers(9), 1);
    }
}
